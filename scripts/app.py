"""A page to play with: draw, play, speak, type in the browser, and see why a network answers as it does.

It works offline, on this machine alone, and keeps nothing.

python scripts/app.py
python scripts/app.py run=runs/image/20260101-120000-1a2b3c
python scripts/app.py run=[runs/go/20260101-120000-1a2b3c,runs/text/20260102-120000-4d5e6f] port=0 open=false
"""

from _start import script

main = script(__doc__, "app", "shared.serving:serve", check="shared.runs:check_page")

if __name__ == "__main__":
    main()
