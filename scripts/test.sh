#!/usr/bin/env bash
# Installs what the tests need and runs them all: on SQLite, and on a PostgreSQL started for them alone.
# usage: scripts/test.sh [arguments of cargo nextest run]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
need_toolchain
command -v cargo-nextest >/dev/null 2>&1 || {
    say "installing cargo-nextest"
    cargo install --locked --quiet cargo-nextest --version 0.9.143 --root "$CARGO_TARGET_DIR/tools"
}
export PATH="$CARGO_TARGET_DIR/tools/bin:$PATH"

# A PostgreSQL of our own: a free port, a temporary folder, gone afterwards.
start_postgres() {
    # Not local: the trap below runs when the function is long over.
    pg_bin=$1 as_postgres=
    pg=$(mktemp -d)
    # The server refuses to run as root.
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres "$pg"
        as_postgres="runuser -u postgres --"
    fi
    local port
    port=$(shuf -i 20000-60000 -n 1)
    $as_postgres "$pg_bin/initdb" -D "$pg/data" -U postgres -A trust --no-sync >/dev/null
    $as_postgres "$pg_bin/pg_ctl" -D "$pg/data" -l "$pg/log" -w -o "-p $port -k $pg -h 127.0.0.1 -c fsync=off" start >/dev/null
    stop_postgres() {
        $as_postgres "$pg_bin/pg_ctl" -D "$pg/data" -m immediate stop >/dev/null 2>&1 || true
        rm -rf "$pg"
    }
    trap stop_postgres EXIT
    export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
}

if [ -z "${TEST_POSTGRES_URL:-}" ]; then
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || need "no-such-program:postgresql"
    bin=$(dirname "$(compgen -G "/usr/lib/postgresql/*/bin/initdb" | tail -n 1)")
    start_postgres "$bin"
fi
say "tests (SQLite and $TEST_POSTGRES_URL)"
cargo nextest run --workspace --locked "$@"
