#!/usr/bin/env bash
# Counts the instructions of each step that documents and questions go through, with valgrind, and compares them with what
# is written down in benches/instructions.tsv: unlike times they are the same on a busy machine.
#
# usage: benches/instructions.sh [--write]
#   --write          write the counts down instead of comparing
#   TOLERANCE        per cent that a step may cost more, 3 unless told otherwise
#   STEP_BENCH_BIN   the program; built with cargo when absent
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/prepare.sh"
need valgrind:valgrind

program=${STEP_BENCH_BIN:-}
if [ -z "$program" ]; then
  need_toolchain
  cargo build -q --locked -p step-bench
  program=$CARGO_TARGET_DIR/debug/step-bench
fi
known=benches/instructions.tsv
few=2 many=6
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# count STEP TIMES: all instructions of a run
count() {
  valgrind --tool=callgrind --callgrind-out-file="$folder/out" "$program" "$1" "$2" 2>"$folder/log" || {
    cat "$folder/log" >&2
    exit 1
  }
  awk '/^(summary|totals):/ { print $2; exit }' "$folder/out"
}

worse=0
printf 'step\tinstructions\n' >"$folder/now"
for step in $("$program"); do
  first=$(count "$step" "$few")
  last=$(count "$step" "$many")
  each=$(((last - first) / (many - few)))
  printf '%s\t%s\n' "$step" "$each" >>"$folder/now"
  before=$(awk -v step="$step" '$1 == step { print $2 }' "$known" 2>/dev/null || true)
  if [ "${1:-}" = --write ] || [ -z "$before" ]; then
    printf '%-16s %14s\n' "$step" "$each"
    continue
  fi
  change=$(awk -v now="$each" -v before="$before" 'BEGIN { printf "%.1f", (now / before - 1) * 100 }')
  printf '%-16s %14s  %+6s %%\n' "$step" "$each" "$change"
  if awk -v change="$change" -v most="${TOLERANCE:-3}" 'BEGIN { exit !(change > most) }'; then worse=1; fi
done
if [ "${1:-}" = --write ]; then
  cp "$folder/now" "$known"
elif [ "$worse" = 1 ]; then
  echo "a step costs more than ${TOLERANCE:-3} % more instructions than before: mend it, or run benches/instructions.sh --write and say why" >&2
  exit 1
fi
