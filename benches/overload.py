#!/usr/bin/env python3
"""More than the rag-server can do: questions at many times its capacity, slow clients, a full ingest. Prints what was measured.

usage: overload.py --rag-server PROGRAM [--times 10] [--seconds 300] [--documents 60]

Needs wrk.
"""

import argparse
import random
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path

from measured import call, call_json, evaluation_texts, percentile, question_file, rag_server, wrk

# Questions asked at a time when the most is measured that gets answered: enough to keep both cores busy.
AT_PEAK = 16
PAGES_EACH = 10


def bring_in(server, number, wait=True, prefix="texto"):
    """Texts with some of the evaluation's paragraphs each."""
    paragraphs, _ = evaluation_texts()
    chance = random.Random(prefix)
    for document in range(number):
        text = "\n\n".join(f"# Seção {at}\n\n{part}" for at, part in enumerate(chance.sample(paragraphs, PAGES_EACH)))
        status, _, body = call(server.port, "PUT", f"/materials/{prefix}-{document}.md", text.encode(), {"Content-Type": "application/octet-stream"})
        assert status == 202, body
    while wait and call_json(server.port, "GET", "/status")["documents"].get("ready", 0) < number:
        time.sleep(0.2)


class Watch:
    """Looks at the server meanwhile: how fast `/livez` answers, and how much memory it holds."""

    def __init__(self, server, path="/livez"):
        self.server, self.path = server, path
        self.took, self.failed, self.memory = [], 0, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def look(self):
        while not self.stopping.wait(0.05):
            begun = time.monotonic()
            try:
                status = call(self.server.port, "GET", self.path, timeout=10)[0]
                self.failed += status >= 300
            except OSError:
                self.failed += 1
            self.took.append((time.monotonic() - begun) * 1000)
            self.memory.append(self.server.resident_mb())

    def __str__(self):
        p50, p99 = (percentile(self.took, part) for part in (0.5, 0.99))
        return f"{self.path} p50 {p50:.1f} ms, p99 {p99:.1f} ms, {len(self.took)} looks, {self.failed} failed; memory {self.memory[0]:.0f} MB first, {max(self.memory):.0f} MB at most, {self.memory[-1]:.0f} MB last"


def ask(server, question):
    begun = time.monotonic()
    try:
        status = call_json(server.port, "POST", "/query", {"question": question})["mode"] and 200
    except (AssertionError, OSError):
        status = 0
    return status, (time.monotonic() - begun) * 1000


def slow_clients(server, questions):
    """Connections that send a byte now and then, some of them an upload, while others ask."""
    lines = []
    heads = [
        b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
        b"PUT /materials/lento.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\nO",
        b"GET /livez HTTP/1.1\r\nHost: loc",
    ]
    sockets = []
    for number in range(600):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(heads[number % len(heads)])
        sockets.append(connection)
    with Watch(server) as watch:
        took = []
        for question in questions[:100]:
            status, millis = ask(server, question)
            assert status == 200
            took.append(millis)
            for connection in random.sample(sockets, 20):
                try:
                    connection.send(b" ")
                except OSError:
                    pass  # the server gave up on it
    lines.append(f"600 slow clients: questions p50 {statistics.median(took):.1f} ms, p99 {percentile(took, 0.99):.1f} ms; {watch}")
    for connection in sockets:
        connection.close()
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rag-server", required=True)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--documents", type=int, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overload-") as folder:
        server = rag_server(args.rag_server, Path(folder) / "data")
        questions = evaluation_texts()[1]
        environment = {"QUESTIONS": str(question_file(folder))}
        bring_in(server, args.documents)
        for question in questions[:50]:
            ask(server, question)
        alone = [ask(server, question)[1] for question in questions[50:150]]
        normal = statistics.median(alone)
        print(f"alone: p50 {normal:.1f} ms, p99 {percentile(alone, 0.99):.1f} ms", flush=True)
        peak = wrk(server.port, "ask.lua", min(30, args.seconds), AT_PEAK, environment)
        print(f"{AT_PEAK} at a time: {peak.well:.1f}/s answered, p50 {peak.p50:.0f} ms, p99 {peak.p99:.0f} ms", flush=True)

        # Each connection asks once a second on the average, whatever becomes of it.
        clients = int(args.times * peak.well)
        with Watch(server) as watch:
            over = wrk(server.port, "ask.lua", args.seconds, clients, environment | {"PAUSE": "1000"})
        begun = time.monotonic()
        print(
            f"{clients} clients, a question a second each, {args.seconds} s: {over.well:.1f}/s answered ({over.well / peak.well:.0%} of the most), "
            f"{over.busy:.1f}/s told to come again, {over.other:.1f}/s failed; p50 {over.p50:.0f} ms, p99 {over.p99:.0f} ms\n  {watch}",
            flush=True,
        )
        streak = 0
        for question in questions:
            status, millis = ask(server, question)
            streak = streak + 1 if status == 200 and millis < 2 * normal else 0
            if streak == 5:
                break
        print(f"as fast as before (twice the median, five times in a row) {time.monotonic() - begun:.1f} s after; {server.resident_mb():.0f} MB", flush=True)

        for line in slow_clients(server, questions):
            print(line, flush=True)

        with Watch(server) as watch:
            begun = time.monotonic()
            bring_in(server, args.documents, wait=False, prefix="outro")
            took = []
            while call_json(server.port, "GET", "/status")["documents"].get("ready", 0) < 2 * args.documents:
                took.append(ask(server, random.choice(questions))[1])
                time.sleep(0.2)
        print(f"full ingest of {args.documents * PAGES_EACH} passages, {time.monotonic() - begun:.0f} s: questions p50 {statistics.median(took):.0f} ms, p99 {percentile(took, 0.99):.0f} ms\n  {watch}", flush=True)
        server.stop()


if __name__ == "__main__":
    main()
