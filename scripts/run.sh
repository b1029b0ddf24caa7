#!/usr/bin/env bash
# Builds Acervo, starts it on embedded defaults, indexes the samples and asks a first question.
# usage: scripts/run.sh [--once]     --once: stop after the answers
# The data goes to DATA_DIR (default: data), the address is http://127.0.0.1:${PORT:-8001}.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

once=
case "${1:-}" in
    --once) once=1 ;;
    "") ;;
    *)
        sed -n '2,4p' "$0"
        exit 64
        ;;
esac

now_ms() { date +%s%3N; }
t0=$(now_ms)
need_toolchain
say "building (the first time takes about half an hour on two cores, later ones seconds)"
cargo build --locked -p rag-server
t1=$(now_ms)

rag="$CARGO_TARGET_DIR/debug/rag-server"
log=$(mktemp)
"$rag" serve >"$log" 2>&1 &
server=$!
stop() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -f "$log"
}
trap stop EXIT
trap 'exit 130' INT TERM
until "$rag" healthcheck >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || {
        cat "$log" >&2
        exit 1
    }
    sleep 0.05
done
t2=$(now_ms)

say "indexing assets/samples"
"$rag" ingest assets/samples
t3=$(now_ms)

ask() {
    say "$1"
    "$rag" ask "$1" --top-k 2
    echo
}
ask "O que é tensão mecânica na hipertrofia?"
ask "Quantas séries de supino reto há no Treino A?"
t4=$(now_ms)

say "time: build $(((t1 - t0) / 1000)) s, start $((t2 - t1)) ms, indexing $((t3 - t2)) ms, two questions $((t4 - t3)) ms"
[ -z "$once" ] || exit 0
say "http://127.0.0.1:${PORT:-8001}/docs shows what it can do; ask with: $rag ask \"…\"; stop with Ctrl-C"
wait "$server"
