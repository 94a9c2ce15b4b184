"""Test a trained run on its own data or on others: tables, plots and all predictions in a folder.

python scripts/evaluate.py run=runs/go/20260101-120000-1a2b3c
python scripts/evaluate.py run=runs/go/20260101-120000-1a2b3c data.path=more-games.zip
python scripts/evaluate.py run=runs/go/20260101-120000-1a2b3c data=go/sgf data.path=games checkpoint=last
"""

from _start import script

main = script(__doc__, "evaluate", "shared.commands:evaluate", adds="data")

if __name__ == "__main__":
    main()
