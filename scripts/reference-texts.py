#!/usr/bin/env python3
"""Reads PDFs with the programs that Acervo's own reader is compared with (docs/reading.md).

usage: reference-texts.py DIR OUT [READER...]

Writes OUT/<reader>/<file>.json, {"seconds", "peak_kib", "pages", "text"} or {"error"}, one process per file with limits of
time and memory. Readers: mupdf (PyMuPDF, AGPL: for this comparison only, never part of Acervo), pdfium (pypdfium2),
poppler (pdftotext). Files whose result is there already are not read again.
"""

import json
import os
import resource
import subprocess
import sys
import time

SECONDS = 30
BYTES = 4 << 30


def mupdf(path):
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    start = time.monotonic()
    with pymupdf.open(path) as document:
        if document.needs_pass:
            raise PermissionError("password")
        pages = [page.get_text() for page in document]
    return time.monotonic() - start, len(pages), "\n".join(pages)


def pdfium(path):
    import pypdfium2

    start = time.monotonic()
    document = pypdfium2.PdfDocument(path)
    pages = []
    for index in range(len(document)):
        try:
            pages.append(document[index].get_textpage().get_text_range())
        except pypdfium2.PdfiumError:
            pages.append("")
    return time.monotonic() - start, len(pages), "\n".join(pages)


def poppler(path):
    start = time.monotonic()
    run = subprocess.run(["pdftotext", "-q", "-enc", "UTF-8", path, "-"], capture_output=True, timeout=SECONDS)
    seconds = time.monotonic() - start
    if run.returncode != 0:
        raise RuntimeError(f"exit {run.returncode}")
    text = run.stdout.decode("utf-8", "replace")
    return seconds, text.count("\f"), text


READERS = {"mupdf": mupdf, "pdfium": pdfium, "poppler": poppler}


def read(reader, path, out):
    """In a process of its own: whatever happens, the next file is read."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            seconds, pages, text = READERS[reader](path)
            who = resource.RUSAGE_CHILDREN if reader == "poppler" else resource.RUSAGE_SELF
            peak = resource.getrusage(who).ru_maxrss
            result = {"seconds": seconds, "peak_kib": peak, "pages": pages, "text": text}
        except BaseException as error:
            result = {"error": f"{type(error).__name__}: {error}"[:200]}
        with open(out, "w", encoding="utf-8", errors="replace") as file:
            json.dump(result, file)
        os._exit(0)
    deadline = time.monotonic() + SECONDS + 5
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            break
        time.sleep(0.002)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
    if not os.path.exists(out):
        with open(out, "w", encoding="utf-8") as file:
            json.dump({"error": "killed"}, file)


def main():
    folder, out, *readers = sys.argv[1:]
    import pymupdf  # noqa: F401  Imported once, before the children are made.
    import pypdfium2  # noqa: F401

    for reader in readers or READERS:
        os.makedirs(os.path.join(out, reader), exist_ok=True)
        for name in sorted(os.listdir(folder)):
            result = os.path.join(out, reader, name + ".json")
            if name.lower().endswith(".pdf") and not os.path.exists(result):
                read(reader, os.path.join(folder, name), result)


main()
