#!/usr/bin/env bash
# Line coverage of Python and of Rust, the Rust kernels as driven by both test suites. Fails below 90% in either.
#
# Needs the LLVM tools of the compiler's own major version: Debian's llvm-NN, or rustup's llvm-tools (see `tools` below).
set -euo pipefail
cd "$(dirname "$0")/.."

readonly MINIMUM_PERCENT=90
readonly BIN=.venv/bin
readonly WORK=target/coverage
major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')

tools() { # prints the path of an LLVM tool that reads this compiler's profiles
  local rustup_tool
  rustup_tool="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/$1"
  if [ -x "$rustup_tool" ]; then echo "$rustup_tool"; return; fi
  command -v "$1-$major" && return
  echo "coverage: no $1 for LLVM $major: install Debian's llvm-$major or rustup's llvm-tools" >&2
  return 2
}
profdata=$(tools llvm-profdata)
cov=$(tools llvm-cov)

rm -rf "$WORK/profiles" && mkdir -p "$WORK/profiles"
export RUSTFLAGS="-C instrument-coverage" CARGO_TARGET_DIR="$PWD/$WORK" LLVM_PROFILE_FILE="$PWD/$WORK/profiles/%p-%m.profraw"

cargo test --release --locked --workspace --exclude aimds-py --no-run --message-format=json 2>/dev/null \
  | "$BIN/python" -c 'import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row.get("executable"): print(row["executable"])' > "$WORK/objects"
cargo test --release --locked --workspace --exclude aimds-py --quiet

# The instrumented extension takes the place of the ordinary one for the Python run only.
extension=$(ls python/aimds/_core*.so)
cp "$extension" "$WORK/ordinary.so"
trap 'cp "$WORK/ordinary.so" "$extension"' EXIT
cargo build --release --locked --package aimds-py --quiet
cp "$WORK/release/lib_core.so" "$extension"
echo "$extension" >> "$WORK/objects"
"$BIN/python" -m pytest --quiet --cov --cov-report=term:skip-covered --cov-fail-under="$MINIMUM_PERCENT"

"$profdata" merge --sparse "$WORK"/profiles/*.profraw --output "$WORK/merged.profdata"
objects=$(sed 's/^/--object /' "$WORK/objects" | tr '\n' ' ')
# shellcheck disable=SC2086 # the list is meant to split
"$cov" report $objects --instr-profile "$WORK/merged.profdata" --show-region-summary=false --show-branch-summary=false \
  --ignore-filename-regex='(registry|rustc|/tests/|/benches/|aimds-py/)' | tee "$WORK/rust.txt"
percent=$(awk '/^TOTAL/ {print $NF}' "$WORK/rust.txt" | tr -d '%')
echo "Rust line coverage: $percent%"
awk -v have="$percent" -v need="$MINIMUM_PERCENT" 'BEGIN { exit !(have >= need) }' || { echo "coverage: below $MINIMUM_PERCENT%" >&2; exit 1; }
