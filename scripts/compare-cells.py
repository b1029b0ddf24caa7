#!/usr/bin/env python3
"""Compares the cells of workbooks with what openpyxl reads (docs/reading.md).

usage: compare-cells.py DIR PROGRAM [ARGUMENT...]

PROGRAM prints what it reads from a file as JSON (`extract-bench --one --document`). Every filled cell that openpyxl finds is
looked up at its place: in the row of a table, in a header, or as a paragraph. Numbers are compared as numbers (to nine digits:
number formats round what people see), dates as days, texts with their white space made single.
"""

import datetime
import json
import re
import subprocess
import sys
import unicodedata
import warnings
from pathlib import Path

import openpyxl
from openpyxl.utils import range_boundaries

warnings.simplefilter("ignore")


def places(document):
    """Texts by sheet, row and column (1-based), and the names of columns by sheet and column."""
    cells, names = {}, {}
    tables = document["tables"]
    for table in tables:
        sheet = table["locator"]["name"]
        left, top, right, _ = range_boundaries(table["locator"]["range"])
        for offset, column in enumerate(table["header"]):
            names.setdefault((sheet, left + offset), []).append(column)
        for mark, row in zip(table.get("row_marks", []), table["rows"]):
            first, number, _, _ = range_boundaries(mark["range"])
            for offset, text in enumerate(row):
                cells[sheet, number, first + offset] = text
    for block in document["blocks"]:
        place = block["locator"]
        if block["role"] == "paragraph" and place["kind"] == "sheet":
            column, row, _, _ = range_boundaries(place["range"])
            cells[place["name"], row, column] = block["text"]
    return cells, names


def line(text):
    kept = [c for c in unicodedata.normalize("NFC", text) if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf")]
    return " ".join("".join(kept).split())


def numbers(shown):
    """What a shown number may mean."""
    text = shown.replace("R$", "").replace(" ", "")
    percent = text.endswith("%")
    for plain in (text.rstrip("%"), text.rstrip("%").replace(".", "").replace(",", ".")):
        try:
            yield float(plain) / (100 if percent else 1)
        except ValueError:
            pass


def same(value, shown, decimals):
    if isinstance(value, bool):
        return shown == ("VERDADEIRO" if value else "FALSO")
    if isinstance(value, (int, float)):
        return any(abs(value - number) <= max(1e-9 * abs(value), decimals) for number in numbers(shown))
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.strftime("%d/%m/%Y") in shown or re.fullmatch(r"\d\d:\d\d(:\d\d)?", shown)
    if isinstance(value, (datetime.time, datetime.timedelta)):
        return re.search(r"\d:\d\d", shown) is not None
    return line(str(value)) == shown


def main():
    folder, program = sys.argv[1], sys.argv[2:]
    cells = equal = workbooks = 0
    wrong = []
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() not in (".xlsx", ".xlsm"):
            continue
        try:
            workbook = openpyxl.load_workbook(path, data_only=True)
        except Exception:
            continue
        run = subprocess.run([*program, str(path)], capture_output=True)
        try:
            document = json.loads(run.stdout)
        except ValueError:
            document = {}
        if "blocks" not in document:
            wrong.append((path.name, document.get("error", f"exit {run.returncode}")))
            continue
        workbooks += 1
        shown, names = places(document)
        for sheet in workbook.worksheets:
            title = line(sheet.title)
            for row in sheet.iter_rows():
                for cell in row:
                    value = cell.value
                    if value is None or (isinstance(value, str) and not line(value)):
                        continue
                    cells += 1
                    text = shown.get((title, cell.row, cell.column), "")
                    places_ = re.search(r"0\.(0+)", cell.number_format or "")
                    decimals = 0.5 * 10 ** -len(places_.group(1)) if places_ else (0.5 if "#,##0" in (cell.number_format or "") else 0)
                    if "%" in (cell.number_format or ""):
                        decimals /= 100
                    header = names.get((title, cell.column), [])
                    if same(value, text, decimals) or any(
                        same(value, part, decimals) for name in header for part in [name, *name.split(" / ")]
                    ):
                        equal += 1
                    else:
                        wrong.append((path.name, sheet.title, cell.coordinate, repr(value)[:60], text[:60]))
    print(f"{workbooks} workbooks, {cells} cells, {equal} equal, {100 * equal / max(cells, 1):.3f} %")
    for one in wrong[:60]:
        print(*one, sep="\t")


main()
