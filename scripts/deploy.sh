#!/usr/bin/env bash
# Runs Acervo in containers on this machine.
# usage: scripts/deploy.sh COMMAND
#   deploy               check, make secrets where there are none, build, start, wait until all is healthy
#   build                build the images of what is checked out
#   start | stop | restart [rag|api|worker|scheduler|redis]
#   status               what runs, and how it is
#   logs [rag|api|worker|scheduler|redis]      follow the logs, from the last 100 lines
#   update [TAG]         back up, fetch or build what is newest (or TAG), switch; goes back by itself if it does not start
#   rollback             go back to the images before the last update
#   backup [FOLDER]      stop briefly, pack the volumes into FOLDER (default: backups/<time>), start again
#   cleanup [--data]     remove containers and old images; with --data what is stored too, after asking
#   help
# ACERVO_PROFILES chooses what runs: prod (default), dev, "prod postgres". ACERVO_WAIT: seconds to wait for health (300).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

usage() { sed -n '3,14p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

state=.deploy
profiles="${ACERVO_PROFILES:-prod}"
wait_seconds="${ACERVO_WAIT:-300}"
# Names of the containers, and where they keep what they keep.
rag=rag-server api=api-server worker=api-worker scheduler=api-scheduler data=/app/data stores=(redis)
case " $profiles " in *" dev "*) rag=rag-server-dev api=api-server-dev worker="" scheduler="" data=/work/data ;; esac
case " $profiles " in *" postgres "*) stores+=(postgres) ;; esac

# `docker compose` where there is one, else docker-compose.
find_compose() {
    command -v docker >/dev/null 2>&1 || fail "docker is missing: install Docker 24 or newer (https://docs.docker.com/engine/install)"
    docker info >/dev/null 2>&1 || fail "the Docker engine does not answer: start it, or let this user use it (group docker)"
    if docker compose version >/dev/null 2>&1; then
        compose=(docker compose)
    elif command -v docker-compose >/dev/null 2>&1; then
        compose=(docker-compose)
    else
        fail "Docker Compose is missing: install the compose plugin, version 2 or newer"
    fi
    local profile
    for profile in $profiles; do compose+=(--profile "$profile"); done
}

compose() { "${compose[@]}" "$@"; }

# The tag of what runs: of the last build or update.
use_tag() {
    ACERVO_TAG="${1:-$(cat "$state/current" 2>/dev/null || echo latest)}"
    ACERVO_REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)
    export ACERVO_TAG ACERVO_REVISION
}

remember_tag() {
    mkdir -p "$state"
    local current
    current=$(cat "$state/current" 2>/dev/null || true)
    [ "$current" = "$1" ] || {
        [ -z "$current" ] || printf '%s\n' "$current" >"$state/previous"
        printf '%s\n' "$1" >"$state/current"
    }
}

# What is checked out, by name: the commit, and whether it was changed since.
checked_out() {
    local tag
    tag=$(git rev-parse --short=12 HEAD 2>/dev/null) || tag=local
    git diff --quiet HEAD 2>/dev/null || tag="$tag-changed"
    printf '%s\n' "$tag"
}

service() {
    case "$1" in
        rag | rag-server) echo "$rag" ;;
        api | api-server) echo "$api" ;;
        worker | scheduler)
            [ -n "${!1}" ] || fail "$1 has no container of its own in $profiles"
            echo "${!1}"
            ;;
        redis | postgres) echo "$1" ;;
        *) fail "$1 is none of rag, api, worker, scheduler, redis, postgres" ;;
    esac
}

check_port() {
    local name=$1 port=$2
    [ -z "$(compose ps -q "$name" 2>/dev/null)" ] || return 0
    ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null ||
        fail "port $port is in use: stop what uses it, or set ACERVO_$3_PORT in .env"
}

check() {
    if [ ! -e .env ]; then
        make_secrets
        # For those who type `docker compose up -d` themselves.
        printf 'COMPOSE_PROFILES=%s\n' "${profiles// /,}" >>.env
    fi
    scripts/check-env.sh --quiet || fail "mend the settings named above in .env (scripts/check-env.sh shows all of them)"
    check_port "$rag" "$(setting ACERVO_RAG_PORT 8001)" RAG
    check_port "$api" "$(setting ACERVO_API_PORT 8000)" API
}

# A variable of the environment or of .env.
setting() {
    local value="${!1:-}"
    [ -n "$value" ] || value=$(sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1)
    printf '%s\n' "${value:-$2}"
}

# Whether a service is healthy; one without a health check counts when it runs.
health() {
    local id
    id=$(compose ps -q "$1" 2>/dev/null | head -n 1)
    [ -n "$id" ] || {
        echo absent
        return
    }
    docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$id" 2>/dev/null || echo absent
}

wait_healthy() {
    local name=$1 now until
    until=$((SECONDS + wait_seconds))
    say "waiting for $name"
    while :; do
        now=$(health "$name")
        case "$now" in healthy | running) return 0 ;; esac
        [ "$SECONDS" -lt "$until" ] || break
        sleep 1
    done
    say "$name is $now after $wait_seconds s; its last lines:"
    compose logs --tail=30 "$name" || true
    return 1
}

# One after the other, so that there is always somebody who answers: first who reads, then who is asked.
switch() {
    compose up -d --no-deps "${stores[@]}" || return 1
    compose up -d --no-deps "$rag" && wait_healthy "$rag" || return 1
    compose up -d --no-deps "$api" && wait_healthy "$api" || return 1
    [ -z "$worker" ] || compose up -d --no-deps "$worker" "$scheduler"
}

build() {
    use_tag "$(checked_out)"
    say "building $ACERVO_TAG (the first time takes an hour, later ones minutes)"
    compose build
    remember_tag "$ACERVO_TAG"
}

start() {
    use_tag
    say "starting ($profiles, $ACERVO_TAG)"
    compose up -d
    wait_healthy "$rag"
    wait_healthy "$api"
    status
}

status() {
    use_tag
    compose ps
    local name
    for name in redis "$rag" "$api"; do printf '%-16s %s\n' "$name" "$(health "$name")"; done
    say "people's programs: http://127.0.0.1:$(setting ACERVO_API_PORT 8000)/docs/"
}

update() {
    if [ -n "${1:-}" ] || [[ "$(setting ACERVO_API_IMAGE acervo-api)" == */* ]]; then
        local tag="${1:-latest}"
        say "fetching $tag"
        use_tag "$tag"
        compose pull "$rag" "$api"
    else
        if git rev-parse --abbrev-ref '@{upstream}' >/dev/null 2>&1; then
            say "fetching the newest code"
            git pull --ff-only
        fi
        local tag
        tag=$(checked_out)
        use_tag "$tag"
        say "building $tag"
        compose build
    fi
    # With the images that run now: what is packed belongs to them.
    (
        use_tag
        backup "$(new_folder)"
    )
    use_tag "$tag"
    if switch; then
        remember_tag "$tag"
        say "updated to $tag; scripts/deploy.sh rollback goes back"
    else
        use_tag
        say "$tag does not start: going back to $ACERVO_TAG"
        switch || fail "the earlier images do not start either: see DEPLOY.md, Disaster recovery"
        exit 1
    fi
}

rollback() {
    [ -s "$state/previous" ] || fail "there is nothing to go back to: no update was made here"
    local previous
    previous=$(cat "$state/previous")
    use_tag "$previous"
    say "going back to $previous"
    switch || fail "$previous does not start"
    remember_tag "$previous"
}

# Packs a service's data folder through a container of it, so that nothing but Docker is needed.
pack() {
    say "packing $2"
    compose run --rm --no-deps -T --entrypoint tar "$1" -C "$data" -cf - . | gzip >"$folder/$2.tar.gz"
}

new_folder() { date -u +backups/%Y%m%dT%H%M%SZ; }

backup() {
    local folder=$1 running=0
    umask 077
    mkdir -p "$folder"
    use_tag
    [ "$(health "$api")" = absent ] || running=1
    # SQLite and the index are only whole when nobody writes.
    say "stopping the servers"
    # shellcheck disable=SC2086  # names that are empty in some profiles
    [ "$running" = 0 ] || compose stop $api $worker $scheduler $rag
    local whole=1
    pack "$rag" rag_data && pack "$api" api_data || whole=0
    case " ${stores[*]} " in
        *" postgres "*)
            say "packing postgres"
            compose exec -T postgres pg_dump --username acervo --format custom acervo >"$folder/postgres.dump" || whole=0
            ;;
    esac
    [ "$running" = 0 ] || switch || whole=0
    [ "$whole" = 1 ] || fail "the backup in $folder is not whole"
    (cd "$folder" && sha256sum -- *.tar.gz *.dump 2>/dev/null >SHA256SUMS) || true
    say "packed into $folder; .env is not in it: keep its secrets elsewhere"
}

cleanup() {
    use_tag
    if [ "${1:-}" = --data ]; then
        local answer
        read -r -p "This removes every account, material and index. Type 'delete' to go on: " answer
        [ "$answer" = delete ] || fail "nothing was removed"
        compose down --remove-orphans --volumes
        rm -rf "$state"
    else
        compose down --remove-orphans
    fi
    docker image prune --force >/dev/null
    say "removed"
}

command="${1:-help}"
[ "$#" -eq 0 ] || shift
case "$command" in
    help | -h | --help)
        usage
        exit 0
        ;;
    deploy | build | start | stop | restart | status | logs | update | rollback | backup | cleanup) find_compose ;;
    *)
        usage >&2
        exit 64
        ;;
esac
case "$command" in
    deploy)
        check
        build
        start
        ;;
    start)
        check
        start
        ;;
    stop)
        use_tag
        say "stopping: what is being done is finished first"
        compose stop
        ;;
    restart)
        use_tag
        if [ -n "${1:-}" ]; then
            name=$(service "$1")
            compose restart "$name"
            wait_healthy "$name"
        else
            compose restart
            wait_healthy "$rag"
            wait_healthy "$api"
        fi
        ;;
    logs)
        use_tag
        names=()
        [ -z "${1:-}" ] || names=("$(service "$1")")
        compose logs -f --tail=100 "${names[@]}"
        ;;
    backup) backup "${1:-$(new_folder)}" ;;
    *) "$command" "$@" ;;
esac
