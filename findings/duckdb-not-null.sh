#!/bin/sh
# DuckDB 2.0.1 makes a Parquet column REQUIRED where no row that it writes happens to be null.
#
# Two exports of one table, of one query even, then differ in their schema as their rows do: `x` is "float not null" in the
# first and "float" in the second. DuckDB reads them together. pyarrow 26.0.1 refuses to append the one to the
# other, with `concat_tables` and with `ParquetWriter`, unless it is told to be permissive.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1
cd "$work"

venv/bin/python - << 'END'
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

database = duckdb.connect()
database.sql("CREATE TABLE t (file VARCHAR, x FLOAT)")
database.sql("INSERT INTO t VALUES ('a.wav', 1), ('b.wav', 2)")
database.sql("COPY t TO 'whole.parquet'")
database.sql("INSERT INTO t VALUES ('c.wav', NULL)")
database.sql("COPY t TO 'gap.parquet'")

tables = [pq.read_table(f"{name}.parquet") for name in ("whole", "gap")]
for table in tables:
    print([f"{field.name}: {field.type}{'' if field.nullable else ' not null'}" for field in table.schema])
assert [table.schema.field("x").nullable for table in tables] == [False, True], "this has changed"

refused = []
try:
    pa.concat_tables(tables)
except pa.ArrowInvalid as error:
    refused.append(error)
try:
    with pq.ParquetWriter("all.parquet", tables[0].schema) as writer:
        writer.write_table(tables[1])
except ValueError as error:
    refused.append(error)
for error in refused:
    print(str(error).splitlines()[0])
assert len(refused) == 2, "this has changed"
assert pa.concat_tables(tables, promote_options="permissive").num_rows == 5, "this has changed"
assert database.sql("SELECT count(*) FROM read_parquet(['whole.parquet', 'gap.parquet'])").fetchall() == [(5,)]
END
