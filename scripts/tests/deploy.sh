#!/usr/bin/env bash
# Tests scripts/deploy.sh and scripts/check-env.sh with a docker that only writes down what it is asked.
# usage: scripts/tests/deploy.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A clone with two commits, and nothing of this machine's own settings.
clone="$work/clone"
mkdir -p "$clone/scripts" "$work/bin"
cp "$here"/scripts/*.sh "$clone/scripts/"
cp "$here/env.example" "$here/docker-compose.yml" "$clone/"
cd "$clone"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
commit() { git -c user.name=test -c user.email=test@example.org commit -q --allow-empty -m "$1"; }
git init -q -b main .
printf '.env\n.deploy/\nbackups/\n' >.gitignore
git add -A
commit first
unset ACERVO_PROFILES SERVICE_SECRET JWT_SECRET_KEY RAG_SERVER_BIN API_SERVER_BIN
# Neither built servers nor other people's ports decide what is tested here.
export CARGO_TARGET_DIR="$work/target" ACERVO_WAIT=2 ENV_FILE=.env
port() { shuf -i 20000-60000 -n 1; }
ACERVO_RAG_PORT=$(port) ACERVO_API_PORT=$(port)
export ACERVO_RAG_PORT ACERVO_API_PORT

# The stand-in: every call is a line of $work/calls; images whose tag is in $work/broken never become healthy.
cat >"$work/bin/docker" <<'STANDIN'
#!/usr/bin/env bash
work=$(dirname "$(dirname "$0")")
printf '%s | %s\n' "${ACERVO_TAG:-}" "$*" >>"$work/calls"
case "$1" in
    info) [ ! -e "$work/engine-down" ] || exit 1 ;;
    compose)
        case " $* " in
            *" version "*) [ ! -e "$work/no-plugin" ] || exit 1 ;;
            *" ps -q "*) [ ! -e "$work/up" ] || echo id ;;
            *" up -d "*)
                touch "$work/up"
                printf '%s' "${ACERVO_TAG:-}" >"$work/runs"
                ;;
            *" down "*) rm -f "$work/up" ;;
            *" run "*) [ ! -e "$work/pack-fails" ] || exit 1 ;;
        esac
        ;;
    inspect) if grep -qsxF "$(cat "$work/runs")" "$work/broken"; then echo unhealthy; else echo healthy; fi ;;
esac
STANDIN
# shellcheck disable=SC2016  # for the stand-in to expand
sed 's/^printf .*/printf "v1 | %s\\n" "$*" >>"$work\/calls"; set -- compose "$@"/' "$work/bin/docker" >"$work/v1"
chmod +x "$work/bin/docker" "$work/v1"
export PATH="$work/bin:$PATH"

passed=0
ok() {
    passed=$((passed + 1))
    printf 'ok    %s\n' "$1"
}
no() {
    printf 'FAILED %s\n' "$1" >&2
    sed 's/^/    /' "$work/out" "$work/calls" >&2
    exit 1
}
# run CODE NAME COMMAND…: the command ends with the code.
run() {
    local code=$1 name=$2 got=0
    shift 2
    : >"$work/calls"
    "$@" >"$work/out" 2>&1 </dev/null || got=$?
    [ "$got" = "$code" ] || no "$name: exit code $got instead of $code"
}
called() { grep -qE -- "$1" "$work/calls" || no "$2: no call like $1"; }
not_called() { ! grep -qE -- "$1" "$work/calls" || no "$2: a call like $1"; }
says() { grep -qF -- "$1" "$work/out" || no "$2: does not say: $1"; }
# The calls stand in this order.
in_order() {
    local name=$1 from=0 at pattern
    shift
    for pattern in "$@"; do
        at=$(awk -v from="$from" -v pattern="$pattern" 'NR > from && $0 ~ pattern { print NR; exit }' "$work/calls")
        [ -n "$at" ] || no "$name: $pattern does not come after line $from"
        from=$at
    done
}

run 0 "help" scripts/deploy.sh help
for command in deploy build start stop restart status logs update rollback backup cleanup; do says "$command" "help"; done
ok "help names every command"
run 64 "an unknown command" scripts/deploy.sh reploy
not_called . "an unknown command"
ok "an unknown command shows the usage and does nothing"

touch "$work/engine-down"
run 1 "no engine" scripts/deploy.sh status
says "engine does not answer" "no engine"
rm "$work/engine-down"
ok "an engine that is down is named"

run 0 "first deploy" scripts/deploy.sh deploy
[ "$(stat -c %a .env)" = 600 ] || no "secrets are for one's own eyes"
for name in SERVICE_SECRET JWT_SECRET_KEY; do
    [ "$(sed -n "s/^$name=//p" .env | base64 -d | wc -c)" = 48 ] || no "$name has 48 random bytes"
done
[ "$(sed -n 's/^SERVICE_SECRET=//p' .env)" != "$(sed -n 's/^JWT_SECRET_KEY=//p' .env)" ] || no "two secrets, not one"
grep -qF "$(sed -n 's/^SERVICE_SECRET=//p' .env)" "$work/out" "$work/calls" && no "a secret is shown"
first=$(git rev-parse --short=12 HEAD)
in_order "first deploy" "^$first . compose --profile prod build" "^$first . compose --profile prod up -d$" "inspect"
ok "the first deploy makes secrets, builds, starts and waits"

cp .env "$work/env"
run 0 "second deploy" scripts/deploy.sh deploy
cmp -s .env "$work/env" || no "secrets that exist stay"
ok "a second deploy keeps the secrets"

run 0 "logs" scripts/deploy.sh logs rag
called "logs -f --tail=100 rag-server$" "logs"
run 0 "restart" scripts/deploy.sh restart worker
called "restart api-worker$" "restart"
run 1 "logs of something else" scripts/deploy.sh logs frontend
says "frontend is none of" "logs of something else"
ACERVO_PROFILES=dev run 1 "worker in dev" scripts/deploy.sh restart worker
ACERVO_PROFILES=dev run 0 "logs in dev" scripts/deploy.sh logs api
called "--profile dev logs -f --tail=100 api-server-dev$" "logs in dev"
run 0 "status" scripts/deploy.sh status
says "api-server       healthy" "status"
ok "logs, restart and status name the right containers"

run 1 "rollback before an update" scripts/deploy.sh rollback
says "nothing to go back to" "rollback before an update"
ok "without an update there is nothing to go back to"

commit second
second=$(git rev-parse --short=12 HEAD)
run 0 "update" scripts/deploy.sh update
in_order "update" "^$second . compose .* build" "^$first .* stop api-server api-worker api-scheduler rag-server" \
    "^$first .* run .* tar rag-server" "^$first .* run .* tar api-server" "^$first .* up -d --no-deps rag-server" \
    "^$second .* up -d --no-deps rag-server" "inspect" "^$second .* up -d --no-deps api-server" "inspect" \
    "^$second .* up -d --no-deps api-worker api-scheduler"
says "updated to $second" "update"
[ -n "$(compgen -G 'backups/*/rag_data.tar.gz')" ] || no "an update packs a backup first"
ok "an update builds, packs with the old images, then switches one server after the other"

run 0 "rollback" scripts/deploy.sh rollback
called "^$first .* up -d --no-deps api-server" "rollback"
not_called " build" "rollback"
run 0 "rollback of the rollback" scripts/deploy.sh rollback
called "^$second .* up -d --no-deps api-server" "rollback of the rollback"
ok "a rollback goes back to the images before, and forth again"

commit third
third=$(git rev-parse --short=12 HEAD)
printf '%s\n' "$third" >"$work/broken"
run 1 "a broken update" scripts/deploy.sh update
says "$third does not start: going back to $second" "a broken update"
in_order "a broken update" "^$third .* up -d --no-deps rag-server" "^$second .* up -d --no-deps api-server"
[ "$(cat .deploy/current)" = "$second" ] || no "what runs is remembered"
ok "an update that does not become healthy goes back by itself"

touch "$work/pack-fails"
run 1 "a broken backup" scripts/deploy.sh backup "$work/kept"
says "is not whole" "a broken backup"
called "up -d --no-deps api-server" "a broken backup"
rm "$work/pack-fails"
ok "a backup that fails says so, and the servers start again"
run 0 "backup" scripts/deploy.sh backup "$work/kept"
(cd "$work/kept" && sha256sum --quiet -c SHA256SUMS) || no "the backup's sums"
[ ! -e "$work/kept/.env" ] || no "secrets are not in a backup"
ok "a backup has its sums and no secrets"

ACERVO_API_IMAGE=registry.example.org/acervo-api run 0 "update from a registry" scripts/deploy.sh update 1.2.3
in_order "update from a registry" "^1.2.3 .* pull rag-server api-server" "^1.2.3 .* up -d --no-deps rag-server"
not_called " build" "update from a registry"
ok "images of a registry are fetched, not built"

run 0 "cleanup" scripts/deploy.sh cleanup
not_called "volumes" "cleanup"
run 1 "cleanup of the data, unconfirmed" scripts/deploy.sh cleanup --data
not_called "down" "cleanup of the data, unconfirmed"
run 0 "cleanup of the data" bash -c 'echo delete | scripts/deploy.sh cleanup --data'
called "down --remove-orphans --volumes" "cleanup of the data"
ok "data goes only when its removal is confirmed"

touch "$work/no-plugin"
if ! command -v docker-compose >/dev/null; then
    run 1 "no compose" scripts/deploy.sh stop
    says "Docker Compose is missing" "no compose"
fi
mv "$work/v1" "$work/bin/docker-compose"
run 0 "the older compose" scripts/deploy.sh stop
called "v1 . --profile prod stop" "the older compose"
rm "$work/no-plugin"
ok "docker-compose serves where docker has no compose"

rm -f .env "$work/up"
python3 -c '
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
time.sleep(60)' "$ACERVO_API_PORT" >"$work/listening" &
listener=$!
until [ -s "$work/listening" ]; do kill -0 "$listener"; sleep 0.05; done
run 1 "a port in use" scripts/deploy.sh deploy
says "port $ACERVO_API_PORT is in use" "a port in use"
not_called "up -d" "a port in use"
kill "$listener"
wait "$listener" 2>/dev/null || true
ok "a port in use is named before anything starts"

wrong() {
    printf '%s\n' "$1" >.env
    chmod 600 .env
    run 78 "$2" scripts/check-env.sh --quiet
    says "$2" "check-env"
}
good=$(printf 'SERVICE_SECRET=%s\nJWT_SECRET_KEY=%s' "$(head -c 48 /dev/urandom | base64 -w 0)" "$(head -c 48 /dev/urandom | base64 -w 0)")
printf '%s\n' "$good" >.env
chmod 600 .env
run 0 "good settings" scripts/check-env.sh
says "nothing is wrong" "good settings"
grep -qF "$(sed -n 's/^SERVICE_SECRET=//p' .env)" "$work/out" && no "a secret is shown"
wrong "$good"$'\nRAG_SERVER_ULR=http://x' "did you mean RAG_SERVER_URL?"
wrong "$good"$'\nsomething' "line 3"
wrong "$good"$'\nPORT=1\nPORT=2' "stands twice"
wrong "${good%%$'\n'*}" "JWT_SECRET_KEY                 WRONG  is missing"
wrong $'SERVICE_SECRET=short\nJWT_SECRET_KEY=short' "shorter than 32"
wrong "$good"$'\nEMAIL_PASSWORD=a\nEMAIL_PASSWORD_FILE=/b' "keep one"
chmod 644 .env
run 78 "a file others may read" scripts/check-env.sh --quiet
says "chmod 600" "a file others may read"
printf '#!/bin/sh\necho "chunk.size: too small" >&2\nexit 78\n' >"$work/bin/strict"
chmod +x "$work/bin/strict"
printf '%s\n' "$good" >.env
chmod 600 .env
RAG_SERVER_BIN="$work/bin/strict" run 78 "a server's own judgement" scripts/check-env.sh --quiet
says "chunk.size: too small" "a server's own judgement"
run 1 "deploy with wrong settings" bash -c 'echo X_Y=1 >>.env; scripts/deploy.sh deploy'
not_called "build|up -d" "deploy with wrong settings"
ok "check-env finds what is missing, misspelt, weak, doubled or readable by others"

printf '%s passed, 0 failed\n' "$passed"
