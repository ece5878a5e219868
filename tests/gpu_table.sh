#!/usr/bin/env bash
# On a machine with an NVIDIA GPU: compares the GPU with the CPU in tests, then measures training and forecasts.
#
#     tests/gpu_table.sh [STEPS] > table.jsonl     # 50 steps by default
#
# One JSON line per measurement; everything else goes to standard error. A failed comparison does not keep the table from
# being made, but the script then ends with an error.
set -u
cd "$(dirname "$0")/.." || exit 1
source tests/cuda_env.sh || exit 1
steps="${1:-50}"
cargo build --release --locked --features cuda >&2 || exit 1
failed=0
cargo test --release --locked --features cuda --lib -- --ignored --test-threads 1 cuda_tests:: on_a_cuda_device >&2 || failed=1
program="${CARGO_TARGET_DIR:-target}/release/glassbox"
measure() {
    "$program" --device cuda --json bench "$@" | grep '"bench":' || { echo "no figures from: bench $*" >&2; failed=1; }
}
for preset in debug baseline elite; do
    for precision in f32 bf16; do
        for dropout in 0.1 0; do
            measure train --preset "$preset" --precision "$precision" --dropout "$dropout" --steps "$steps"
        done
    done
    measure infer --preset "$preset"
done
exit "$failed"
