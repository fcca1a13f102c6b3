#!/usr/bin/env bash
# usage: fuzz/run.sh [SECONDS]   runs every fuzz target for so many seconds (default 600)
#
# Needs `cargo install cargo-fuzz`. Sanitizers need a nightly compiler; without one the stable compiler is told to accept
# the coverage flags and the sanitizers stay off: crashes, hangs and failed assertions are found all the same.
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-600}"
options=()
if ! cargo +nightly --version >/dev/null 2>&1; then
    export RUSTC_BOOTSTRAP=1
    toolchain=()
    options=(--sanitizer none)
else
    toolchain=(+nightly)
fi
for target in fuzz/fuzz_targets/*.rs; do
    name="$(basename "$target" .rs)"
    echo "== $name for $seconds s"
    # Inputs that once failed are kept under fuzz/seeds and come first.
    mkdir -p "fuzz/corpus/$name"
    if [ -d "fuzz/seeds/$name" ]; then cp "fuzz/seeds/$name"/* "fuzz/corpus/$name/"; fi
    # A unit that takes 5 s is a hang: the slowest honest text of this length takes milliseconds.
    cargo "${toolchain[@]}" fuzz run "${options[@]}" "$name" -- \
        -max_total_time="$seconds" -timeout=5 -max_len=65536 -print_final_stats=1
done

echo "== event_json for $seconds s"
"${PYTHON:-.venv/bin/python}" fuzz/event_json.py "$seconds"
