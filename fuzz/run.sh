#!/usr/bin/env bash
# usage: fuzz/run.sh [SECONDS [TARGET..]]   runs the fuzz targets (default: all) for so many seconds each (default 600)
#
# Needs `cargo install cargo-fuzz`. Sanitizers need a nightly compiler; without one the stable compiler is told to accept
# the coverage flags and the sanitizers stay off: crashes, hangs and failed assertions are found all the same.
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-600}"
shift || true
chosen=" $* "
is_chosen() { [ "$chosen" = "  " ] || [[ "$chosen" == *" $1 "* ]]; }
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
    is_chosen "$name" || continue
    echo "== $name for $seconds s"
    # Inputs that once failed are kept under fuzz/seeds and come first.
    mkdir -p "fuzz/corpus/$name"
    if [ -d "fuzz/seeds/$name" ]; then cp "fuzz/seeds/$name"/* "fuzz/corpus/$name/"; fi
    if [ "$name" = policy ]; then cp python/aimds/policy/shipped/*.policy "fuzz/corpus/$name/"; fi
    # A unit that takes 5 s is a hang: the slowest honest text of this length takes milliseconds.
    cargo "${toolchain[@]}" fuzz run "${options[@]}" "$name" -- \
        -max_total_time="$seconds" -timeout=5 -max_len=65536 -print_final_stats=1
done

is_chosen event_json || exit 0
echo "== event_json for $seconds s"
"${PYTHON:-.venv/bin/python}" fuzz/event_json.py "$seconds"
