"""How large tables of sentire are and how long other programs take to load them, as the Markdown of src/table/README.md.

    python reader_times.py DIR PYTHON[:PYTHON...] [RUNS]

DIR holds NAME.plain.parquet and NAME.split.parquet of each table; each PYTHON has pyarrow and some of the readers of
readers.py. Files are loaded in turn, RUNS times (6) after one that is not counted, and medians are given.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

SCRIPT = Path(__file__).with_name("readers.py")
NAMES = {
    "chdb": "chdb (ClickHouse)",
    "datafusion": "DataFusion",
    "duckdb": "DuckDB",
    "pyspark": "Spark",
    "tableauhyperapi": "Hyper (Tableau)",
}


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def head(*cells):
    row(*cells)
    print("|" + "---|" * len(cells))


folder, pythons = Path(sys.argv[1]), sys.argv[2].split(":")
runs = sys.argv[3] if len(sys.argv) > 3 else "6"
tables = sorted(path.name.removesuffix(".plain.parquet") for path in folder.glob("*.plain.parquet"))

head("table", "rows", "columns", "plain, MB", "split, MB", "split / plain")
paths = []
for table in tables:
    plain, split = (folder / f"{table}.{encoding}.parquet" for encoding in ("plain", "split"))
    paths += [str(plain), str(split)]
    metadata = pq.read_metadata(plain)
    sizes = [path.stat().st_size / 1e6 for path in (plain, split)]
    columns = len(pq.read_schema(plain).names)
    row(table, metadata.num_rows, columns, *(f"{size:.1f}" for size in sizes), f"{sizes[1] / sizes[0]:.2f}")

print()
head("seconds, plain / split (ratio)", "version", *tables)
seen = {"pyarrow"}
for python in pythons:
    # Tables one after the other, so that no run meets what another left in memory.
    of_reader = {}
    for at in range(0, len(paths), 2):
        run = subprocess.run([python, SCRIPT, "time", runs, *paths[at : at + 2]], stdout=subprocess.PIPE, check=True)
        for line in run.stdout.decode().splitlines():
            if line.startswith("["):
                name, version, seconds = json.loads(line)
                of_reader.setdefault((name, version), []).append(seconds)
    for (name, version), seconds in of_reader.items():
        # Every Python has pyarrow, and one with Spark has pandas; the first that has a reader is asked.
        if name in seen and (name, python) != ("pyarrow", pythons[0]) and name != "pyspark":
            continue
        seen.add(name)
        cells = []
        for plain, split in seconds:
            shown = [f"{statistics.median(times):.2f}" if times else "refused" for times in (plain, split)]
            ratio = ""
            if plain and split:
                # Of runs that stood side by side, so that other work on the machine weighs on both.
                ratio = f" ({statistics.median(b / a for a, b in zip(plain, split)):.2f})"
            cells.append(" / ".join(shown) + ratio)
        row(NAMES.get(name, name), version, *cells)
