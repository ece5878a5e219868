#!/bin/sh
# Rebuilds sample_data/demo, the run embedded in the binary, from the shipped BTC 4h bars:
#     sh tests/make_demo.sh [FINISHED_RUN_FOLDER]
# Without a folder it makes the run first (about two minutes on two cores).
set -eu
cd "$(dirname "$0")/.."
run="${1:-}"
if [ -z "$run" ]; then
    workspace="$(mktemp -d)"
    trap 'rm -rf "$workspace"' EXIT
    cargo run -- run sample_data/demo.toml --workspace "$workspace"
    run="$(find "$workspace/runs" -mindepth 1 -maxdepth 1 -type d)"
fi
rm -rf sample_data/demo
mkdir -p sample_data/demo
for file in run.json metrics.jsonl timing.jsonl model.safetensors predictions.parquet analysis backtest; do
    cp -r "$run/$file" sample_data/demo/
done
# The embedded run finds its bars beside itself, wherever it is unpacked.
sed -i 's#"\(file\|data_file\)": "[^"]*/\([^"/]*\)"#"\1": "\2"#' sample_data/demo/run.json
# The pictures' table of absolute labels files would name this machine.
sed -i 's#"labels_file": "[^"]*"#"labels_file": "predictions.parquet"#' sample_data/demo/analysis/regimes.json
du -sk sample_data/demo
