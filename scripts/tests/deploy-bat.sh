#!/usr/bin/env bash
# Tests scripts/deploy.bat under Wine, with a docker that only writes down what it is asked.
# usage: scripts/tests/deploy-bat.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WINEPREFIX="${WINEPREFIX:-$work/wine}" WINEDEBUG=-all DISPLAY=""
unset ACERVO_PROFILES

mkdir -p "$work/clone/scripts" "$work/bin"
cp "$here/scripts/deploy.bat" "$work/clone/scripts/"
cd "$work/clone"
windows() { printf 'Z:%s' "${1//\//\\}"; }
calls=$(windows "$work/calls")
crlf() { sed 's/$/\r/' >"$work/bin/$1.bat"; }
# Images whose tag is in ACERVO_BROKEN never become healthy.
crlf docker <<STANDIN
@echo off
echo %ACERVO_TAG% ; %*>>"$calls"
if "%4"=="ps" if "%5"=="-q" echo id
if not "%1"=="inspect" exit /b 0
if "%ACERVO_TAG%"=="%ACERVO_BROKEN%" goto broken
echo healthy
exit /b 0
:broken
echo unhealthy
exit /b 0
STANDIN
crlf git <<'STANDIN'
@echo off
if "%1"=="rev-parse" echo %ACERVO_COMMIT%
exit /b 0
STANDIN
crlf powershell <<'STANDIN'
@echo c2VjcmV0%RANDOM%
STANDIN
WINEPATH="$(windows "$work/bin")"
export WINEPATH

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
run() {
    local code=$1 got=0
    shift
    : >"$work/calls"
    wine cmd /c 'scripts\deploy.bat' "$@" >"$work/out" 2>&1 </dev/null || got=$?
    [ "$got" = "$code" ] || no "$*: exit code $got instead of $code"
}
says() { grep -qF -- "$1" "$work/out" || no "does not say: $1"; }
in_order() {
    local from=0 at pattern
    for pattern in "$@"; do
        at=$(awk -v from="$from" -v pattern="$pattern" 'NR > from && $0 ~ pattern { print NR; exit }' "$work/calls")
        [ -n "$at" ] || no "$pattern does not come after line $from"
        from=$at
    done
}

run 0 help
for command in deploy build start stop restart status logs update rollback backup cleanup; do says "$command"; done
run 64 reploy
ok "help names every command, another one is refused"

export ACERVO_COMMIT=first ACERVO_WAIT=1
run 0 deploy
for line in SERVICE_SECRET=c2VjcmV0 JWT_SECRET_KEY=c2VjcmV0 COMPOSE_PROFILES=prod; do
    grep -q "^$line" .env || no "$line… is written"
done
in_order "^first ; compose +--profile prod build" "^first ; compose +--profile prod up -d" "inspect"
ok "the first deploy makes secrets, builds, starts and waits"

cp .env "$work/env"
run 0 deploy
cmp -s .env "$work/env" || no "secrets that exist stay"
run 0 logs rag
in_order "logs -f --tail=100 rag-server"
run 0 restart worker
in_order "restart api-worker"
run 1 logs frontend
says "frontend is none of"
run 0 status
run 0 stop
run 1 rollback
says "nothing to go back to"
ok "logs, restart, status and stop name the right containers"

export ACERVO_COMMIT=second
run 0 update
in_order "^second ; .* build" "^first ; .* stop api-server api-worker api-scheduler rag-server" "^first ; .* tar rag-server" \
    "^first ; .* tar api-server" "^second ; .* up -d --no-deps rag-server" "inspect" "^second ; .* up -d --no-deps api-server"
run 0 rollback
in_order "^first ; .* up -d --no-deps api-server"
export ACERVO_COMMIT=third ACERVO_BROKEN=third
run 1 update
says "third does not start: going back to first"
in_order "^third ; .* up -d --no-deps rag-server" "^first ; .* up -d --no-deps api-server"
ok "an update switches one server after the other, a broken one goes back by itself"

run 0 backup kept
for name in rag_data api_data; do [ -e "kept/$name.tar.gz" ] || no "$name is packed"; done
run 1 cleanup --data
says "nothing was removed"
run 0 cleanup
in_order "down --remove-orphans"
! grep -q volumes "$work/calls" || no "cleanup keeps the data"
ok "a backup packs both volumes, data goes only when its removal is confirmed"
printf '%s passed, 0 failed\n' "$passed"
