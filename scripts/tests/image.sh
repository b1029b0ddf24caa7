#!/usr/bin/env bash
# Starts an image as an orchestrator would: no rights, a root file system that cannot be written to, a folder for data.
# usage: scripts/tests/image.sh docker|podman IMAGE rag|api [MOST-MEGABYTES]
set -euo pipefail
[ "$#" -ge 3 ] || {
    sed -n '3p' "$0"
    exit 64
}
engine=$1 image=$2 server=$3 most=${4:-0}
case "$server" in
    rag) port=8001 ;;
    api) port=8000 ;;
    *) exit 64 ;;
esac
name="acervo-image-test-$$"
trap '"$engine" rm --force "$name" >/dev/null 2>&1 || true; "$engine" volume rm --force "$name" >/dev/null 2>&1 || true' EXIT
secret() { head -c 48 /dev/urandom | base64 -w 0; }
fail() {
    printf 'FAILED %s\n' "$1" >&2
    "$engine" logs "$name" 2>&1 | tail -n 20 >&2 || true
    exit 1
}
inspect() { "$engine" image inspect --format "$1" "$image"; }

size=$(($(inspect '{{.Size}}') / 1000000))
printf 'size  %s MB\n' "$size"
[ "$most" -eq 0 ] || [ "$size" -le "$most" ] || fail "the image has $size MB, at most $most are wanted"
[ "$(inspect '{{.Config.User}}')" = 10001 ] || fail "the image does not run as user 10001"
[ "$(inspect '{{.Config.StopSignal}}')" = SIGTERM ] || fail "the image does not stop on SIGTERM"

# A missing secret is one clear list and code 78, never a half-started server.
code=0
"$engine" run --rm --env SERVICE_SECRET=short --env JWT_SECRET_KEY=short "$image" >/dev/null 2>&1 || code=$?
[ "$code" = 78 ] || fail "with short secrets it ends with $code instead of 78"

"$engine" run --detach --name "$name" --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
    --volume "$name:/app/data" --publish "127.0.0.1::$port" \
    --env SERVICE_SECRET="$(secret)" --env JWT_SECRET_KEY="$(secret)" --env METRICS_TOKEN=metrics-token-of-this-test-alone-0123456789 \
    "$image" >/dev/null
for _ in $(seq 60); do
    if "$engine" exec "$name" "$server-server" healthcheck >/dev/null 2>&1; then break; fi
    sleep 1
done
"$engine" exec "$name" "$server-server" healthcheck >/dev/null || fail "it does not become healthy"
! "$engine" exec "$name" sh -c 'touch /usr/x /app/x' 2>/dev/null || fail "its root file system can be written to"
[ "$("$engine" exec "$name" id -u)" = 10001 ] || fail "it does not run as user 10001"
if [ "$server" = rag ]; then
    "$engine" exec "$name" tesseract --list-langs | grep -qx por || fail "tesseract does not read Portuguese"
    "$engine" exec "$name" rag-server ingest assets/samples >/dev/null || fail "the samples are not indexed"
    "$engine" exec "$name" rag-server ask "O que é tensão mecânica na hipertrofia?" | grep -q fisiologia ||
        fail "the first question is not answered from its material"
fi
"$engine" stop --time 30 "$name" >/dev/null
code=$("$engine" inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" = 0 ] || fail "on SIGTERM it ends with $code instead of 0"
printf 'ok    %s: healthy, read-only, user 10001, stops on SIGTERM\n' "$image"
