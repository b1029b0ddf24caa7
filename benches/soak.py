#!/usr/bin/env python3
"""Half an hour of adding, asking and removing, both servers running: memory, disk, pieces of the index and times must stay flat.

usage: soak.py --rag-server PROGRAM --api-server PROGRAM [--minutes 30] [--people 8]
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

from measured import call, call_json, disk_mb, evaluation_texts, percentile, school, service_bearer

# Materials held at a time: from then on each that comes makes another one go.
HELD = 60
PARAGRAPHS = 6
LOOKS = 10


def slope(values):
    """Change from the first to the last third, as a share of the first: the beginning fills, what follows must not grow."""
    third = max(1, len(values) // 3)
    middle, last = statistics.median(values[third : 2 * third] or values), statistics.median(values[-third:])
    return last / middle - 1 if middle else 0.0


class Soak:
    def __init__(self, rag, api, token):
        self.rag, self.api = rag, api
        self.bearer = {"Authorization": f"Bearer {token}"}
        self.paragraphs, self.questions = evaluation_texts()
        self.took, self.embedding, self.failed, self.added, self.removed = [], [], [], 0, 0
        self.held = []
        self.lock, self.stopping = threading.Lock(), threading.Event()

    def asking(self, number):
        chance = random.Random(number)
        while not self.stopping.wait(chance.uniform(0.2, 1.0)):
            begun = time.monotonic()
            try:
                answer = call_json(self.rag.port, "POST", "/query", {"question": chance.choice(self.questions)}, service_bearer(self.rag.secret))
                self.embedding.append(answer["timings"]["embed_ms"])
            except (AssertionError, OSError) as error:
                self.failed.append(repr(error))
            with self.lock:
                self.took.append((time.monotonic() - begun) * 1000)

    def changing(self):
        chance = random.Random("changes")
        number = 0
        while not self.stopping.wait(0.5):
            number += 1
            name = f"aula-{number}.md"
            text = "\n\n".join([f"# Aula {number}", *chance.sample(self.paragraphs, PARAGRAPHS)])
            boundary = "limite"
            body = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
                f"Content-Type: text/markdown\r\n\r\n{text}\r\n--{boundary}--\r\n"
            ).encode()
            headers = self.bearer | {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            try:
                status, _, answer = call(self.api.port, "POST", "/materials/upload", body, headers)
                assert status in (200, 201), answer
                self.held.append(name)
                self.added += 1
                if len(self.held) > HELD:
                    gone = self.held.pop(chance.randrange(len(self.held) // 2))
                    status, _, answer = call(self.api.port, "DELETE", f"/materials/{gone}", headers=self.bearer)
                    assert status in (200, 204), answer
                    self.removed += 1
            except (AssertionError, OSError) as error:
                self.failed.append(repr(error))

    def look(self):
        stats = call_json(self.rag.port, "GET", "/stats", headers=service_bearer(self.rag.secret))
        with self.lock:
            took, self.took = self.took, []
            embedding, self.embedding = self.embedding, []
        return {
            "rag MB": self.rag.resident_mb(),
            "api MB": self.api.resident_mb(),
            "disk MB": disk_mb(self.rag.folder) + disk_mb(self.api.folder),
            "pieces": stats["fragments"],
            "versions": stats["versions"],
            "passages": stats["chunks"],
            "p50 ms": statistics.median(took) if took else 0.0,
            "p99 ms": percentile(took, 0.99),
            # Of each the same work on no data: tells what became slower from a machine that did.
            "embed ms": statistics.median(embedding) if embedding else 0.0,
        }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rag-server", required=True)
    parser.add_argument("--api-server", required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--people", type=int, default=8)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        rag, api, token = school(args.rag_server, args.api_server, Path(folder))
        soak = Soak(rag, api, token)
        threads = [threading.Thread(target=soak.asking, args=(number,)) for number in range(args.people)]
        threads.append(threading.Thread(target=soak.changing))
        for thread in threads:
            thread.start()
        looks = []
        begun = time.monotonic()
        until = begun + args.minutes * 60
        while time.monotonic() < until:
            time.sleep(min(LOOKS, args.minutes * 2))
            looks.append(soak.look())
            if len(looks) % 6 == 1:
                print(f"{(time.monotonic() - begun) / 60:5.1f} min  " + "  ".join(f"{name} {value:.0f}" for name, value in looks[-1].items()), flush=True)
        soak.stopping.set()
        for thread in threads:
            thread.join()
        print(f"{soak.added} added, {soak.removed} removed, {len(soak.failed)} failures {soak.failed[:3]}")
        print(f"most memory: rag-server {rag.own_peak_mb():.0f} MB, api-server {api.own_peak_mb():.0f} MB")
        for name in looks[0]:
            values = [one[name] for one in looks]
            print(f"{name:9} median {statistics.median(values):8.1f}  most {max(values):8.1f}  last third against the one before {slope(values):+.1%}")
        api.stop()
        rag.stop()


if __name__ == "__main__":
    main()
