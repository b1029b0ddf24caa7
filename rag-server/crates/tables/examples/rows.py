"""Counts the rows of each table with openpyxl and compares: `rows.py folder tables.jsonl`.

A row counts when a cell of it, in the columns of the table, holds more than white space. Rows between those of a table that
are the head of another, or that only another table or a paragraph of the same sheet has (forms are laid out so) are not counted as rows of this one.
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
    heads = defaultdict(set)
    for table in found:
        heads[table["sheet"]].update(range(range_boundaries(table["range"])[1], min(table["lines"])))
    for table in found:
        left, _, right, bottom = range_boundaries(table["range"])
        first = min(table["lines"])
        try:
            sheet = book[table["sheet"]]
            rows = sheet.iter_rows(first, bottom, left, right, values_only=True)
        except (KeyError, AttributeError) as error:
            unread.append((name, type(error).__name__))
            continue
        lines = {
            number
            for number, row in enumerate(rows, first)
            if (number in table["lines"] or number not in table["others"] and number not in heads[table["sheet"]])
            and any(str(cell).strip() for cell in row if cell is not None)
        }
        if len(lines) == table["rows"]:
            equal += 1
        else:
            own = set(table["lines"])
            differing = f"only here {sorted(own - lines)}, only in openpyxl's {sorted(lines - own)}"
            other.append((name, table["sheet"], table["range"], table["rows"], len(lines), differing))

print(f"{len(tables)} workbooks: {equal} tables with equal counts, {len(other)} with others")
for line in other:
    print(*line, sep="\t")
print(f"not read by openpyxl: {unread}")
