"""Show what a network learned: figures, values.json, maps.npz and a report.html that needs no other file.

With the word check, measure how far the methods can be trusted on this run.

python scripts/explain.py run=runs/image/20260101-120000-1a2b3c input=seven.png
python scripts/explain.py run=runs/image/20260101-120000-1a2b3c input=seven.png target=2 methods=[occlusion]
python scripts/explain.py run=runs/image/20260101-120000-1a2b3c methods=[top_patches,actmax] layer=conv2 unit=7
python scripts/explain.py run=runs/image/20260101-120000-1a2b3c layer='?'
python scripts/explain.py run=runs/go/20260101-120000-1a2b3c input=game.sgf move=57
python scripts/explain.py run=runs/text/20260101-120000-1a2b3c text="not as dull as its title"
python scripts/explain.py check run=runs/image/20260101-120000-1a2b3c
"""

from _start import script

main = script(
    __doc__,
    "explain",
    "shared.explain:explain_run",
    words={"check": "check=true"},
    alone=[("input", "text", "item"), ("text", "item"), ("unit", "target")],
    adds="data",
    opens=True,
)

if __name__ == "__main__":
    main()
