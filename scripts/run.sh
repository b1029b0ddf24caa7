#!/usr/bin/env bash
# Builds Acervo, starts both servers on embedded defaults, indexes the samples and asks a first question.
# usage: scripts/run.sh [--once]     --once: stop after the answers
# The data goes to DATA_DIR (default: data); random secrets go to .env at the first start.
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
cargo build --locked --workspace --bins
t1=$(now_ms)
make_secrets

rag="$CARGO_TARGET_DIR/debug/rag-server"
api="$CARGO_TARGET_DIR/debug/api-server"
logs=$(mktemp -d)
servers=
stop() {
    for server in $servers; do kill "$server" 2>/dev/null || true; done
    for server in $servers; do wait "$server" 2>/dev/null || true; done
    rm -rf "$logs"
}
trap stop EXIT
trap 'exit 130' INT TERM
# Starts a server and waits until it answers.
start() {
    "$1" serve >"$logs/$(basename "$1")" 2>&1 &
    servers="$servers $!"
    until "$1" healthcheck >/dev/null 2>&1; do
        kill -0 "$!" 2>/dev/null || {
            cat "$logs/$(basename "$1")" >&2
            exit 1
        }
        sleep 0.05
    done
}
start "$rag"
start "$api"
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
say "http://127.0.0.1:${API_PORT:-8000}/docs/ shows what people's programs can do; ask with: $rag ask \"…\"; stop with Ctrl-C"
wait -n
