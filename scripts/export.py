"""Write a trained network as one file for other programs, with its preprocessing, and compare both.

python scripts/export.py run=runs/image/20260101-120000-1a2b3c
python scripts/export.py run=go/policy output=policy.onnx
python scripts/export.py run=go/policy output=policy.pt2 format=torch
python scripts/export.py run=runs/image/20260101-120000-1a2b3c output=small.onnx quantize=int8
"""

from _start import script

main = script(__doc__, "export", "shared.commands:export", check="shared.runs:check_export")

if __name__ == "__main__":
    main()
