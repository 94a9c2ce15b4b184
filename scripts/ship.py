"""Put a trained run into the project, in half precision: gtp, predict and evaluate load it by its name.

python scripts/ship.py run=runs/go/20260101-120000-1a2b3c name=policy
"""

from _start import script

main = script(__doc__, "ship", "shared.runs:ship")

if __name__ == "__main__":
    main()
