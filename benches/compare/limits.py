"""What this machine could do at most: the yardstick beside the ratios."""

import tempfile
import time

import numpy
from measured import Server

SIDE = 2048
WORDS = 1 << 26


def best(act, times=5):
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        took.append(time.perf_counter() - begun)
    return min(took)


def table(bare_route, load):
    left, right = (numpy.random.rand(SIDE, SIDE).astype(numpy.float32) for _ in range(2))
    gemm = 2 * SIDE**3 / best(lambda: left @ right) / 1e9
    values = numpy.ones(WORDS, numpy.float32)
    scan = values.nbytes / best(lambda: values.max()) / 1e9
    lines = ["| limit | |", "|---|---|"]
    lines.append(f"| matrix product of 32-bit floats, all cores (numpy) | {gemm:,.0f} GFLOP/s |")
    lines.append(f"| reading memory, one core (numpy's maximum) | {scan:.1f} GB/s |")
    if bare_route:
        with tempfile.TemporaryDirectory() as folder:
            server = Server([bare_route, "{port}"], {}, "/", folder)
            bare = load(server.port)
            server.stop()
        lines.append(f"| a bare actix route, 64 clients | {bare.well:,.0f}/s, p50 {bare.p50:.2f} ms, p99 {bare.p99:.2f} ms |")
    return "\n".join(lines)
