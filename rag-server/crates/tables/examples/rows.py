"""Counts the rows of each table with openpyxl and compares: `rows.py folder tables.jsonl`.

A row counts when a cell of it, in the columns of the table, holds more than white space. Rows between those of a table that
only another table or a paragraph of the same sheet has (forms are laid out so) are not counted as rows of this one.
"""

import json
import sys
import warnings
from collections import defaultdict
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries

warnings.simplefilter("ignore")
folder, listing = Path(sys.argv[1]), sys.argv[2]
tables = defaultdict(list)
for line in open(listing, encoding="utf-8"):
    table = json.loads(line)
    if table["first"] and table["file"].lower().endswith((".xlsx", ".xlsm")):
        tables[table["file"]].append(table)

equal, other, unread = 0, [], []
for name, found in tables.items():
    try:
        book = load_workbook(folder / name, data_only=True)
    except Exception as error:  # whatever openpyxl raises on broken files
        unread.append((name, type(error).__name__))
        continue
    for table in found:
        left, _, right, bottom = range_boundaries(table["range"])
        try:
            sheet = book[table["sheet"]]
            rows = sheet.iter_rows(table["first"], bottom, left, right, values_only=True)
        except (KeyError, AttributeError) as error:
            unread.append((name, type(error).__name__))
            continue
        count = sum(
            any(str(cell).strip() for cell in row if cell is not None)
            for number, row in enumerate(rows, table["first"])
            if number not in table["others"]
        )
        if count == table["rows"]:
            equal += 1
        else:
            other.append((name, table["sheet"], table["range"], table["rows"], count))

print(f"{len(tables)} workbooks: {equal} tables with equal counts, {len(other)} with others")
for line in other:
    print(*line, sep="\t")
print(f"not read by openpyxl: {unread}")
