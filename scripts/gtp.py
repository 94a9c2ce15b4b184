"""A policy network that plays Go, for Sabaki, GoGui and whatever else speaks the Go Text Protocol 2.

python scripts/gtp.py
python scripts/gtp.py run=runs/go/20260101-120000-1a2b3c symmetries=1 temperature=0.5
"""

from _start import script

main = script(__doc__, "gtp", "domains.go.engine:serve")

if __name__ == "__main__":
    main()
