#!/usr/bin/env bash
# The whole way over HTTP: sign in, send a PDF and a spreadsheet, wait until they are indexed, ask, see that the sources
# name the page and the range, remove both, and ask again in vain.
#
# usage: scripts/smoke.sh [API_URL]
#   API_URL         a running api-server; without it both servers are started on free ports, in a folder of their own
#   ADMIN_USERNAME, ADMIN_PASSWORD   who signs in on a running one
#   API_SERVER_BIN, RAG_SERVER_BIN   programs to start; built with cargo when absent
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
for tool in curl jq; do
  command -v "$tool" >/dev/null || { echo "smoke.sh: $tool is missing" >&2; exit 2; }
done

folder=$(mktemp -d)
pids=()
clean_up() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap clean_up EXIT

fail() { printf 'smoke.sh: %s\n' "$*" >&2; exit 1; }

free_port() {
  local port
  while port=$((RANDOM % 20000 + 20000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# answers URL PID: waits until a server answers, or has ended
answers() {
  for _ in $(seq 600); do
    curl -fsS -o /dev/null "$1" 2>/dev/null && return 0
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  fail "$1 does not answer"
}

program() {
  local variable=$1 name=$2
  if [ -n "${!variable:-}" ]; then echo "${!variable}"; return; fi
  # All of it, as run.sh builds it: parts alone would be built anew, with other features.
  cargo build -q --locked --workspace --bins >&2
  echo "$CARGO_TARGET_DIR/debug/$name"
}

secret() { head -c 48 /dev/urandom | base64 | tr -d '\n'; }

api=${1:-}
if [ -z "$api" ]; then
  api_program=$(program API_SERVER_BIN api-server)
  rag_program=$(program RAG_SERVER_BIN rag-server)
  SERVICE_SECRET=$(secret)
  ADMIN_USERNAME="admin"
  ADMIN_PASSWORD=$(secret)
  JWT_SECRET_KEY=$(secret)
  export SERVICE_SECRET ADMIN_USERNAME ADMIN_PASSWORD JWT_SECRET_KEY LOG_LEVEL=warn ENV_FILE=/dev/null
  rag_port=$(free_port)
  rag=http://127.0.0.1:$rag_port
  DATA_DIR=$folder/rag PORT=$rag_port "$rag_program" serve &
  pids+=($!)
  answers "$rag/health" "${pids[-1]}"
  api_port=$(free_port)
  api=http://127.0.0.1:$api_port
  DATA_DIR=$folder/api API_PORT=$api_port RAG_SERVER_URL=$rag "$api_program" serve &
  pids+=($!)
  answers "$api/api/health" "${pids[-1]}"
fi
api=${api%/}

say "signing in at $api"
# From standard input, so that no password stands in a list of processes.
token=$(printf 'data-urlencode = "username=%s"\ndata-urlencode = "password=%s"\n' "${ADMIN_USERNAME:?}" "${ADMIN_PASSWORD:?}" |
  curl -fsS -K - "$api/api/auth/token" | jq -er .access_token)
bearer=$folder/bearer
printf 'header = "Authorization: Bearer %s"\n' "$token" >"$bearer"
call() { curl -sS --fail-with-body -K "$bearer" "$@"; }

# upload FILE: prints the id it got
upload() {
  call -F "file=@$1" -F 'folder=smoke' "$api/api/materials/upload" | jq -er .filename
}

# ready ID: follows a material until it has arrived
ready() {
  local last
  last=$(call -N --max-time 300 "$api/api/materials/$1/events" | sed -n 's/^data: //p' | tail -n 1)
  [ "$(jq -r .state <<<"$last")" = ready ] || fail "$1 is not ready: $last"
  say "  $1: $(jq -r '"\(.pages) pages, \(.passages) passages"' <<<"$last")"
}

# ask QUESTION: prints the sources of the answer
ask() {
  call -H 'Content-Type: application/json' --data "$(jq -n --arg content "$1" '{content: $content}')" "$api/api/chat" |
    jq -c .sources
}

say "sending a PDF and a spreadsheet"
pdf=$(upload assets/samples/fisiologia-aula-03-hipertrofia.pdf)
sheet=$(upload assets/samples/plano-de-treino.xlsx)
ready "$pdf"
ready "$sheet"

about_pdf="O que é hipertrofia muscular?"
about_sheet="Quantas séries e repetições de agachamento livre?"
say "asking"
found=$(ask "$about_pdf")
jq -e --arg id "$pdf" 'any(.[]; .source == $id and (.page // 0) >= 1)' <<<"$found" >/dev/null ||
  fail "no source names a page of $pdf: $found"
found=$(ask "$about_sheet")
jq -e --arg id "$sheet" 'any(.[]; .source == $id and .sheet != null and .range != null)' <<<"$found" >/dev/null ||
  fail "no source names a range of $sheet: $found"
say "  the sources name the page and the range"

say "removing both"
for id in "$pdf" "$sheet"; do
  call -X DELETE "$api/api/materials/$id" >/dev/null
done
for _ in $(seq 100); do
  [ "$(call "$api/api/status" | jq .changes_waiting)" = 0 ] && break
  sleep 0.1
done
for question in "$about_pdf" "$about_sheet"; do
  jq -e --arg pdf "$pdf" --arg sheet "$sheet" 'all(.[]; .source != $pdf and .source != $sheet)' <<<"$(ask "$question")" >/dev/null ||
    fail "what was removed is still found"
done
say "  nothing of them is found"
say "all is well"
