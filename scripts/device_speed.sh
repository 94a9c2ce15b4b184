#!/usr/bin/env bash
# Time the training of experiment=go/ten_minutes on a machine that is there for minutes: at most 200 seconds.
#
#   bash scripts/device_speed.sh GAMES OUT [KEY=VALUE …]
#
# GAMES is a file that scripts/pack.py wrote, OUT a folder; further words go to bench.py. The table that is printed last is
# also in OUT/speed.json. `suite samples/s` says how long an epoch of that recipe may be.
set -euo pipefail
games=$(realpath "$1") out=$(realpath -m "$2")
shift 2
cd "$(dirname "$0")/.."
mkdir -p "$out"
timeout -s INT 200 python scripts/bench.py experiment=go/ten_minutes data.path="$games" data.val_size=2048 data.test_size=8192 \
    logger=none bench.pairs=1 bench.steps=60 bench.output="$out/speed.json" "$@" | tee "$out/speed.txt"
