"""Reads tables of sentire with DuckDB, pandas and polars, and asserts what they hold.

    python read_tables.py DIR      (DIR as tests/scoring.rs makes it; duckdb, pandas, polars, pyarrow)
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

root = Path(sys.argv[1])


def ask(question):
    return duckdb.sql(question.format(root=root)).fetchall()


# One file, by three readers.
scores = pd.read_parquet(root / "s.parquet")
assert len(scores) == 128
assert len(pl.read_parquet(root / "s.parquet")) == 128
types = {name: str(kind) for name, kind, *_ in ask("describe select * from '{root}/s.parquet'")}
assert types["file"] == types["label"] == "VARCHAR", types
assert types["scored_at"] == "TIMESTAMP WITH TIME ZONE", types
assert types["p_sad"] == "FLOAT" and types["start"] == "DOUBLE" and types["unsure"] == "BOOLEAN", types
assert types["sample_rate"] == "BIGINT", types
sums = scores[[name for name in scores if name.startswith("p_")]].sum(axis=1)
assert (sums - 1).abs().max() < 1e-6
assert ask("select count(*) from '{root}/s.parquet' where scored_at::TIMESTAMP > TIMESTAMP '2020-01-01'") == [(128,)]

# Missing is null, never NaN; floats are plain, words in a dictionary, all in zstd.
both = pq.ParquetFile(root / "both.parquet")
nulls, nans = ask(
    "select sum((c is null)::int), sum(isnan(c)::int) from "
    "(unpivot (select * exclude (file) replace (start as start) from '{root}/both.parquet') "
    "on columns('^(f0|jitter|shimmer|hnr)_.*') into name n value c)"
)[0]
assert nans in (0, None), nans
for at in range(both.metadata.num_columns):
    column = both.metadata.row_group(0).column(at)
    assert column.compression == "ZSTD"
    if column.physical_type in ("FLOAT", "DOUBLE"):
        assert set(column.encodings) == {"PLAIN", "RLE"}, column

# Folders as Hive names them.
by_folder = dict(ask("select speaker, count(*) from read_parquet('{root}/hive/*/*.parquet') group by speaker"))
assert by_folder == scores.groupby("speaker").size().to_dict(), by_folder
# The files keep the column, which pandas would take from the folders again, as another type.
assert pd.read_parquet(root / "hive", partitioning=None).shape[0] == 128
assert pl.scan_parquet(root / "hive").collect().height == 128

# Stacked, and joined.
long = pd.read_parquet(root / "long.parquet")
assert sorted(long["class"].unique()) == ["angry", "happy", "neutral", "sad"] and len(long) == 512
joined = pl.read_ipc(root / "both.arrow")
assert joined.height == 128 and {"label", "f0_hz_mean", "emotion"} <= set(joined.columns)
csv = pd.read_csv(root / "s.csv")
assert (csv["label"] == scores["label"]).all() and ((csv["p_sad"] - scores["p_sad"]).abs() < 1e-6).all()
assert ask("select count(*) from '{root}/s.csv' where label = emotion")[0][0] > 100
