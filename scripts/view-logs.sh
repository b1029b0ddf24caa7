#!/usr/bin/env bash
# Follows the containers' logs, from the last 100 lines of each.
# usage: scripts/view-logs.sh [--level error|warn|info|debug] [SERVICE…]     without services: all that run
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

levels=
case "${1:-}" in
    --level)
        case "${2:-}" in
            error) levels=ERROR ;;
            warn) levels='ERROR|WARN' ;;
            info) levels='ERROR|WARN|INFO' ;;
            debug) levels='ERROR|WARN|INFO|DEBUG' ;;
            *)
                sed -n '3p' "$0"
                exit 64
                ;;
        esac
        shift 2
        ;;
    -*)
        sed -n '3p' "$0"
        exit 64
        ;;
esac
compose=(docker compose)
docker compose version >/dev/null 2>&1 || compose=(docker-compose)
for profile in ${ACERVO_PROFILES:-prod}; do compose+=(--profile "$profile"); done
if [ -z "$levels" ]; then
    exec "${compose[@]}" logs -f --tail=100 "$@"
fi
# One record a line: {"timestamp":…,"level":"WARN",…} in production, "2026-… WARN …" for people.
"${compose[@]}" logs -f --tail=100 "$@" | grep --line-buffered -E "\"level\":\"($levels)\"| ($levels) "
