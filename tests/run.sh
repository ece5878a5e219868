#!/usr/bin/env bash
# Passes the tests: installs what is missing, then plain cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/setup.sh
# A folder of its own keeps graphics drivers quiet when nobody is logged in.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$(mktemp -d)}"
exec cargo test --locked "$@"
