#!/usr/bin/env bash
# Writes random secrets to an overlay's secrets.env, which is never committed; one that exists stays as it is.
# usage: deploy/k8s/make-secrets.sh dev|prod
set -euo pipefail
overlay="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/overlays/${1:-}"
if [ -z "${1:-}" ] || [ ! -e "$overlay/kustomization.yaml" ]; then
    sed -n '3s/^# //p' "$0"
    exit 64
fi
[ ! -e "$overlay/secrets.env" ] || exit 0
umask 077
for name in SERVICE_SECRET JWT_SECRET_KEY METRICS_TOKEN; do
    printf '%s=%s\n' "$name" "$(head -c 48 /dev/urandom | base64 -w 0)"
done >"$overlay/secrets.env"
if [ "$1" = prod ]; then
    echo "now add DATABASE_URL=postgres://…?schema=api to $overlay/secrets.env" >&2
fi
