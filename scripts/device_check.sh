#!/usr/bin/env bash
# Train and test experiment=go/ten_minutes on a machine that is there for ten minutes only, and keep what has to be kept.
#
#   bash scripts/device_check.sh GAMES OUT [SECONDS] [KEY=VALUE …]
#
# GAMES is a file that scripts/pack.py wrote, OUT a folder, SECONDS what everything may take (560). Further words go to
# train.py. OUT has then metrics and pictures, and the whole run with its best weights (float32) in parts below 15 MB, which
# `cat OUT/run.tar.* | tar x` joins. The run itself is in OUT.runs.
set -eu
games=$(realpath "$1") out=$(realpath -m "$2") limit=${3:-560}
shift $(($# < 3 ? $# : 3))
cd "$(dirname "$0")/.."
mkdir -p "$out"

beside=${BESIDE:-105} # seconds for all but the steps: reading, compiling, timing a step, validation, test, copies
timeout -s INT "$limit" python scripts/train.py experiment=go/ten_minutes data.path="$games" runs="$out.runs" \
    training.seconds=$((limit - beside)) trainer.enable_progress_bar=false logger=none "$@" | tee "$out/output.txt" || true

run=$(dirname "$(ls -t "$out".runs/go/*/config.yaml | head -n 1)")
for name in config.yaml environment.json metrics.json metrics.csv curve.png calibration.png; do
    cp "$run/$name" "$out" 2>/dev/null || true
done
tar -C "$(dirname "$run")" --exclude last.ckpt -c "$(basename "$run")" | split -b 15000000 - "$out/run.tar."
python - "$out" "$limit" "$SECONDS" <<'TABLE'
import csv, json, pathlib, sys

out, limit, seconds = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:])
file = out / "metrics.json"
metrics = json.loads(file.read_text()) if file.is_file() else {}
for row in csv.DictReader((out / "metrics.csv").open()):
    print(f"epoch {row['epoch']}: {row['train_seconds']} s, val/loss {row['val/loss']}, val/acc {row['val/acc']}")
print(f"{'seconds in all':34} {seconds} of {limit}")
for name in ("train_seconds", "samples_per_second", "params", "steps", "val/acc", "test/acc", "test/top5"):
    print(f"{name:34} {metrics.get(name, 'none: it was cut off')}")
TABLE
