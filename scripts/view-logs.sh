#!/usr/bin/env bash
# Follows the containers' logs, or those of LOG_DIR, from the last 100 lines of each.
# usage: scripts/view-logs.sh [--level error|warn|info|debug] [--dir FOLDER] [SERVICE…]     without services: all there are
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

levels=
folder=
usage() {
    sed -n '3p' "$0"
    exit 64
}
while [ $# -gt 0 ]; do
    case "$1" in
        --level)
            case "${2:-}" in
                error) levels=ERROR ;;
                warn) levels='ERROR|WARN' ;;
                info) levels='ERROR|WARN|INFO' ;;
                debug) levels='ERROR|WARN|INFO|DEBUG' ;;
                *) usage ;;
            esac
            shift 2
            ;;
        --dir)
            [ -d "${2:-}" ] || usage
            folder=$2
            shift 2
            ;;
        -*) usage ;;
        *) break ;;
    esac
done

follow() {
    if [ -n "$folder" ]; then
        local files=()
        for service in "${@:-*}"; do
            # Without services the pattern is to be expanded.
            # shellcheck disable=SC2206
            files+=("$folder"/$service.log)
        done
        # By name: a full file is put aside and a new one takes its place.
        exec tail -n 100 -F "${files[@]}"
    fi
    local compose=(docker compose)
    docker compose version >/dev/null 2>&1 || compose=(docker-compose)
    for profile in ${ACERVO_PROFILES:-prod}; do compose+=(--profile "$profile"); done
    exec "${compose[@]}" logs -f --tail=100 "$@"
}
if [ -z "$levels" ]; then
    follow "$@"
fi
# One record a line: {"timestamp":…,"level":"WARN",…} in production, "2026-… WARN …" for people.
follow "$@" | grep --line-buffered -E "\"level\":\"($levels)\"| ($levels) "
