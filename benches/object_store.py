#!/usr/bin/env python3
"""A rag-server whose index lies on an object store: documents come in while it is killed again and again, questions are
asked, it starts anew on an empty machine's caches. Nothing may be lost, doubled or stale.

usage: object_store.py --rag-server PROGRAM --s3 ENDPOINT [--kills 5] [--documents 30]

An S3 server for it: pip install 'moto[server]'; moto_server -p 5000
"""

import argparse
import random
import secrets
import signal
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

from measured import call, call_json, rag_server

KEYS = {"AWS_ACCESS_KEY_ID": "chave", "AWS_SECRET_ACCESS_KEY": "segredo", "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true", "AWS_EC2_METADATA_DISABLED": "true"}
PASSAGES = 5


def make_bucket(endpoint):
    name = f"acervo-{secrets.token_hex(4)}"
    # Enough of a signature for a stand-in to tell that S3 is meant.
    signature = {"Authorization": "AWS4-HMAC-SHA256 Credential=chave/20260101/us-east-1/s3/aws4_request"}
    request = urllib.request.Request(f"{endpoint}/{name}", method="PUT", headers=signature)
    urllib.request.urlopen(request).close()
    return name


def found(server, word):
    asked = {"query": word, "limit": 50, "config": {"search": "text", "rerank": False}}
    return [hit["material_id"] for hit in call_json(server.port, "POST", "/search", asked)["hits"]]


def wait_until_ready(server, number):
    while True:
        documents = call_json(server.port, "GET", "/status")["documents"]
        assert not documents.get("failed"), documents
        if documents.get("ready", 0) == number:
            return
        time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rag-server", required=True)
    parser.add_argument("--s3", required=True)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--documents", type=int, default=30)
    args = parser.parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="object-store-") as folder:
        place = f"s3://{make_bucket(args.s3)}/index"
        server = rag_server(args.rag_server, Path(folder), KEYS | {"AWS_ENDPOINT": args.s3, "LANCE_URI": place})
        print(f"index at {place}: ready in {server.cold_start:.2f} s", flush=True)
        kill_at = set(random.sample(range(1, args.documents), args.kills))
        begun = time.monotonic()
        kept, gone = [], []
        for number in range(args.documents):
            word = f"palavra{number}z"
            text = "\n\n".join(f"## Parte {part}\n\nA parte {part} fala de {word} e de mais nada." for part in range(PASSAGES))
            status, _, body = call(server.port, "PUT", f"/materials/{word}.md", text.encode(), {"Content-Type": "application/octet-stream"})
            assert status == 202, body
            kept.append(word)
            if number % 4 == 3:
                gone.append(kept.pop(random.randrange(len(kept))))
                assert call(server.port, "DELETE", f"/materials/{gone[-1]}.md")[0] == 204
            if number in kill_at:
                server.stop(signal.SIGKILL)
                server.start()
        wait_until_ready(server, len(kept))
        print(f"{args.documents} documents, {len(gone)} removed, {args.kills} kills: {time.monotonic() - begun:.0f} s", flush=True)
        server.stop()
        server.start()
        print(f"ready again in {server.cold_start:.2f} s", flush=True)
        wrong = [word for word in kept if not found(server, word) or set(found(server, word)) != {f"{word}.md"}]
        wrong += [word for word in gone if found(server, word)]
        stats = call_json(server.port, "GET", "/stats")
        if stats["chunks"] != stats["vectors"]:
            wrong.append(stats)
        took = []
        for word in (kept * 50)[:50]:
            begun = time.monotonic()
            call_json(server.port, "POST", "/query", {"question": f"De que fala a parte 1 de {word}?"})
            took.append((time.monotonic() - begun) * 1000)
        print(f"a question: p50 {statistics.median(took):.0f} ms, most {max(took):.0f} ms")
        print(f"{len(kept)} kept, {len(gone)} removed, {stats['chunks']} passages: {len(wrong)} wrong {wrong[:3]}")
        server.stop()
        raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
