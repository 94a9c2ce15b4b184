"""Predict with a trained run for your own files: a table, predictions.jsonl, and figures.

python scripts/predict.py run=runs/go/20260101-120000-1a2b3c input=game.sgf
python scripts/predict.py run=runs/go/20260101-120000-1a2b3c input=game.sgf move=57 top=10
python scripts/predict.py run=runs/go/20260101-120000-1a2b3c input=games.zip output=answers
python scripts/predict.py run=runs/text/20260101-120000-1a2b3c input=reviews.csv column=review
echo "it's fine, but not funny" | python scripts/predict.py run=runs/text/20260101-120000-1a2b3c input=-
"""

from _start import script

main = script(
    __doc__,
    "predict",
    "shared.commands:predict",
    check="shared.runs:check_predict",
    alone=[("input", "text")],
    opens=True,
)

if __name__ == "__main__":
    main()
