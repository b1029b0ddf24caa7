#!/usr/bin/env python3
"""A school's load on both servers: so many passages, so many people who ask through the api-server's chat and of the rag-server.

usage: school.py --rag-server PROGRAM --api-server PROGRAM [--passages 10000] [--people 20] [--seconds 60]
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

from measured import call, call_json, evaluation_texts, percentile, school, service_bearer

# A passage each: a paragraph under a heading of its own, far below the 384 tokens of a passage.
SECTIONS_EACH = 50


def fill(rag, passages):
    paragraphs, _ = evaluation_texts()
    chance = random.Random(3)
    documents = -(-passages // SECTIONS_EACH)
    begun = time.monotonic()
    for number in range(documents):
        sections = []
        for at in range(SECTIONS_EACH):
            # Sentences of several paragraphs, so that no two passages are alike.
            sentences = [chance.choice(paragraphs).split(". ")[0].rstrip(".") + "." for _ in range(3)]
            sections.append(f"## Seção {number}.{at}\n\n{' '.join(sentences)}")
        text = f"# Apostila {number}\n\n" + "\n\n".join(sections)
        headers = service_bearer(rag.secret) | {"Content-Type": "application/octet-stream"}
        status, _, body = call(rag.port, "PUT", f"/materials/apostila-{number}.md", text.encode(), headers)
        assert status == 202, body
    while True:
        stats = call_json(rag.port, "GET", "/status", headers=service_bearer(rag.secret))["documents"]
        assert not stats.get("failed"), stats
        if stats.get("ready", 0) == documents:
            break
        time.sleep(1)
    held = call_json(rag.port, "GET", "/stats", headers=service_bearer(rag.secret))
    print(f"{held['chunks']} passages of {documents} documents with their vectors in {time.monotonic() - begun:.0f} s; {held['index_bytes'] / 2**20:.0f} MB of index", flush=True)


def load(people, seconds, pause, ask):
    """Milliseconds of each answer, and what was no answer."""
    took, failed, lock = [], [], threading.Lock()
    until = time.monotonic() + seconds

    def person(number):
        chance = random.Random(number)
        while time.monotonic() < until:
            begun = time.monotonic()
            try:
                ask(chance)
            except (AssertionError, OSError) as error:
                with lock:
                    failed.append(repr(error)[:300])
            with lock:
                took.append((time.monotonic() - begun) * 1000)
            time.sleep(chance.uniform(0, 2 * pause))

    threads = [threading.Thread(target=person, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rag-server", required=True)
    parser.add_argument("--api-server", required=True)
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    questions = evaluation_texts()[1]
    with tempfile.TemporaryDirectory(prefix="school-") as folder:
        rag, api, token = school(args.rag_server, args.api_server, Path(folder))
        time.sleep(3)
        print(f"empty: rag-server ready in {rag.cold_start * 1000:.0f} ms, {rag.resident_mb():.0f} MB idle; api-server ready in {api.cold_start * 1000:.0f} ms, {api.resident_mb():.0f} MB idle", flush=True)
        fill(rag, args.passages)
        ingest = rag.own_peak_mb()
        rag.stop()
        rag.start()
        time.sleep(3)
        print(f"filled: rag-server ready in {rag.cold_start * 1000:.0f} ms, {rag.resident_mb():.0f} MB idle; {ingest:.0f} MB at most in the ingest, readers apart", flush=True)
        bearer = {"Authorization": f"Bearer {token}"}

        def query(chance):
            call_json(rag.port, "POST", "/query", {"question": chance.choice(questions)}, service_bearer(rag.secret))

        def chat(chance):
            call_json(api.port, "POST", "/chat", {"content": chance.choice(questions)}, bearer)

        for _ in range(20):
            query(random.Random(0))
        for name, pause, ask in [("/query, a question a second each", 1.0, query), ("/query without a pause", 0.0, query), ("/chat, a question a second each", 1.0, chat)]:
            cpu = rag.cpu_seconds() + api.cpu_seconds()
            took, failed = load(args.people, args.seconds, pause, ask)
            cpu = rag.cpu_seconds() + api.cpu_seconds() - cpu
            print(
                f"{args.people} people, {name}: {len(took) / args.seconds:.1f}/s, p50 {statistics.median(took):.0f} ms, p95 {percentile(took, 0.95):.0f} ms, "
                f"p99 {percentile(took, 0.99):.0f} ms, {len(failed)} failures, {cpu / len(took) * 1000:.1f} ms of processor each {failed[:2]}",
                flush=True,
            )
        peaks = max(ingest, rag.own_peak_mb()), api.own_peak_mb()
        print(f"most memory: rag-server {peaks[0]:.0f} MB, api-server {peaks[1]:.0f} MB, together {sum(peaks):.0f} MB")
        api.stop()
        rag.stop()


if __name__ == "__main__":
    main()
