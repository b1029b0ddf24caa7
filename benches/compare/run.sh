#!/usr/bin/env bash
# Acervo beside a plain Python stack, on the same files, questions, embedder and machine; prints the table of ratios.
#
# usage: benches/compare/run.sh [--rounds N] [--pdfs N] [--workbooks N] [--seconds N] [--json FILE]
#   RAG_SERVER_BIN, API_SERVER_BIN, BARE_ROUTE_BIN   programs to measure; built with cargo (release) when absent
#   COMPARE_VENV   folder of the Python environment, made when absent
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/prepare.sh"
need wrk:wrk python3:python3

venv=${COMPARE_VENV:-$CARGO_TARGET_DIR/compare-venv}
if [ ! -e "$venv/ready" ]; then
  say "making the Python environment in $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q -r benches/compare/requirements.txt
  touch "$venv/ready"
fi
if [ -z "${RAG_SERVER_BIN:-}" ] || [ -z "${API_SERVER_BIN:-}" ] || [ -z "${BARE_ROUTE_BIN:-}" ]; then
  need_toolchain
  cargo build --release --locked --workspace --bin rag-server --bin api-server --example bare-route
fi
release=$CARGO_TARGET_DIR/release
exec "$venv/bin/python" benches/compare/compare.py \
  --rag-server "${RAG_SERVER_BIN:-$release/rag-server}" \
  --api-server "${API_SERVER_BIN:-$release/api-server}" \
  --bare-route "${BARE_ROUTE_BIN:-$release/examples/bare-route}" "$@"
