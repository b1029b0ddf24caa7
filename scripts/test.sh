#!/usr/bin/env bash
# Installs what the tests need and runs them all: on SQLite, and on a PostgreSQL and a Redis started for them alone.
# usage: scripts/test.sh [arguments of cargo nextest run]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
need_toolchain
command -v cargo-nextest >/dev/null 2>&1 || {
    say "installing cargo-nextest"
    cargo install --locked --quiet cargo-nextest --version 0.9.143 --root "$CARGO_TARGET_DIR/tools"
}
export PATH="$CARGO_TARGET_DIR/tools/bin:$PATH"

# People's own settings are not the tests'.
export ENV_FILE=/dev/null

# What is left behind never changes how the tests ended.
stop_all() {
    stop_redis
    stop_postgres
}
stop_postgres() { :; }
stop_redis() { :; }
trap stop_all EXIT

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
        rm -rf "$pg" || say "could not remove $pg"
    }
    export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
}

# A Redis of our own, likewise.
start_redis() {
    redis=$(mktemp -d)
    local port
    port=$(shuf -i 20000-60000 -n 1)
    redis-server --port "$port" --bind 127.0.0.1 --dir "$redis" --save "" --appendonly no \
        --daemonize yes --pidfile "$redis/pid" --logfile "$redis/log" >/dev/null
    stop_redis() {
        # It writes its log until its end: only then can the folder go.
        if [ -s "$redis/pid" ]; then
            local pid
            pid=$(cat "$redis/pid")
            kill "$pid" 2>/dev/null || true
            for _ in $(seq 100); do
                kill -0 "$pid" 2>/dev/null || break
                sleep 0.1
            done
        fi
        rm -rf "$redis" || say "could not remove $redis"
    }
    export TEST_REDIS_URL="redis://127.0.0.1:$port/0"
    for _ in $(seq 100); do
        if redis-cli -p "$port" ping >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    say "redis-server does not start"
    exit 1
}

if [ -z "${TEST_POSTGRES_URL:-}" ]; then
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || need "no-such-program:postgresql"
    bin=$(dirname "$(compgen -G "/usr/lib/postgresql/*/bin/initdb" | tail -n 1)")
    start_postgres "$bin"
fi
if [ -z "${TEST_REDIS_URL:-}" ]; then
    need redis-server:redis-server
    start_redis
fi
# An object storage for the tests of backups, which do without them where Python has none.
if command -v python3 >/dev/null 2>&1 && ! python3 -c "import moto.server" >/dev/null 2>&1; then
    python="$CARGO_TARGET_DIR/tools/python"
    if python3 -m venv "$python" && "$python/bin/pip" install --quiet "moto[server]==5.2.5"; then
        export PATH="$python/bin:$PATH"
    else
        say "without moto: backups to object storage are not tested"
    fi
fi
need tesseract:tesseract-ocr tesseract:tesseract-ocr-por
say "tests (SQLite, $TEST_POSTGRES_URL and $TEST_REDIS_URL)"
cargo nextest run --workspace --locked "$@"
