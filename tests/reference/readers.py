"""What programs that read Parquet make of tables of sentire, beside pyarrow.

    python readers.py                     which of them this Python has: a line each, name and version
    python readers.py check NAME DIR      NAME reads every DIR/*.plain.parquet and DIR/*.split.parquet; asserts that the
                                          values are pyarrow's to the bit, or that it refuses what it is known not to read
    python readers.py again NAME IN OUT   NAME reads the table IN and writes it as OUT, a file or a folder
    python readers.py time RUNS FILE...   seconds that each takes to load each FILE whole, as JSON

Each Python needs pyarrow. Spark needs Java 17.
"""

import contextlib
import json
import os
import re
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


class Reader:
    """`read` loads a whole file as a user of the program would, `to_arrow` makes an Arrow table of that."""

    keeps_order = True

    def __init__(self):
        self.open()

    def open(self):
        pass

    def close(self):
        pass

    def columns(self, path):
        """The columns that are asked for."""
        return pq.read_schema(path).names

    def load(self, path):
        """What is timed: `read`, or as much as the program does itself."""
        return self.read(path)

    def refuses(self, encoding):
        return False


class Pyarrow(Reader):
    package = "pyarrow"

    def read(self, path):
        return pq.read_table(path)

    def again(self, path, to):
        pq.write_table(self.read(path).replace_schema_metadata(), to)

    def to_arrow(self, table, like):
        return table


class Pandas(Reader):
    package = "pandas"

    def open(self):
        import pandas

        self.pandas = pandas

    def read(self, path):
        return self.pandas.read_parquet(path)

    def again(self, path, to):
        self.read(path).to_parquet(to)

    def to_arrow(self, frame, like):
        return of_frame(frame, like)


class Polars(Reader):
    package = "polars"

    def open(self):
        import polars

        self.polars = polars

    def read(self, path):
        return self.polars.read_parquet(path)

    def again(self, path, to):
        self.read(path).write_parquet(to)

    def to_arrow(self, frame, like):
        return frame.to_arrow()


class DuckDB(Reader):
    package = "duckdb"

    def open(self):
        import duckdb

        self.connection = duckdb.connect()

    def read(self, path):
        return self.connection.sql(f"select * from '{path}'").to_arrow_table()

    def again(self, path, to):
        self.connection.sql(f"copy (select * from '{path}') to '{to}' (format parquet)")

    def to_arrow(self, table, like):
        return table


class DataFusion(Reader):
    package = "datafusion"

    def open(self):
        import datafusion

        self.context = datafusion.SessionContext()

    def read(self, path):
        return self.context.read_parquet(str(path)).to_arrow_table()

    def again(self, path, to):
        self.context.read_parquet(str(path)).write_parquet(str(to))

    def to_arrow(self, table, like):
        return table


class Chdb(Reader):
    package = "chdb"

    def open(self):
        import chdb

        self.chdb = chdb

    def read(self, path):
        return self.chdb.query(f"select * from file('{path}', Parquet)", "ArrowTable")

    def again(self, path, to):
        self.chdb.query(f"insert into function file('{to}', Parquet) select * from file('{path}', Parquet)")

    def to_arrow(self, table, like):
        return table


class Hyper(Reader):
    package = "tableauhyperapi"
    # Row groups come as its threads have read them.
    keeps_order = False

    def open(self):
        import tableauhyperapi as hyper

        self.folder = tempfile.TemporaryDirectory()
        self.process = hyper.HyperProcess(
            hyper.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU,
            parameters={"log_dir": self.folder.name},
        )
        self.connection = hyper.Connection(self.process.endpoint)

    def close(self):
        self.connection.close()
        self.process.close()

    def columns(self, path):
        # Its client has no type for lists.
        return [field.name for field in pq.read_schema(path) if not is_list(field.type)]

    def read(self, path, columns=None):
        names = ", ".join(f'"{name}"' for name in columns or self.columns(path))
        question = f"select {names} from external('{path}', format => 'parquet')"
        return self.connection.execute_list_query(question)

    def load(self, path):
        self.connection.execute_command("drop table if exists loaded")
        names = ", ".join(f'"{name}"' for name in self.columns(path))
        source = f"select {names} from external('{path}', format => 'parquet')"
        return self.connection.execute_command(f"create temporary table loaded as ({source})")

    def to_arrow(self, rows, like):
        # Its moments are of a type of its own.
        python = lambda value: value.to_datetime() if hasattr(value, "to_datetime") else value
        return of_rows([[python(value) for value in row] for row in rows], like)


class FastParquet(Reader):
    package = "fastparquet"

    def open(self):
        import fastparquet

        self.fastparquet = fastparquet

    def read(self, path):
        return self.fastparquet.ParquetFile(str(path)).to_pandas()

    def to_arrow(self, frame, like):
        return of_frame(frame, like)

    def refuses(self, encoding):
        return encoding == "split"


class Spark(Reader):
    package = "pyspark"

    def open(self):
        from pyspark.sql import SparkSession

        # Workers of the same Python, and no port to the world.
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.driver.memory", "4g").config("spark.driver.maxResultSize", "0")
        builder = builder.config("spark.sql.execution.arrow.pyspark.enabled", "true")
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("OFF")

    def close(self):
        self.session.stop()

    def read(self, path):
        frame = self.session.read.parquet(str(path))
        if hasattr(frame, "toArrow"):
            return frame.toArrow()
        return frame.toPandas()

    def again(self, path, to):
        self.session.read.parquet(str(path)).write.parquet(str(to))

    def to_arrow(self, read, like):
        return read if isinstance(read, pa.Table) else of_frame(read, like)

    def refuses(self, encoding):
        major, minor = metadata.version("pyspark").split(".")[:2]
        return encoding == "split" and (int(major), int(minor)) < (4, 3)


READERS = [Pyarrow, Pandas, Polars, DuckDB, DataFusion, Chdb, Hyper, FastParquet, Spark]


def is_list(kind):
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def of_frame(frame, like):
    """The columns of a pandas frame, in which NaN is what is missing."""
    arrays = [pa.array(frame[field.name], type=field.type, from_pandas=True) for field in like]
    return pa.Table.from_arrays([single(array) for array in arrays], schema=like)


def single(array):
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def of_rows(rows, like):
    """Rows of Python's own values; a number that a 32-bit float would change is a wrong one."""
    arrays = []
    for place, field in enumerate(like):
        values = [row[place] for row in rows]
        array = pa.array(values, type=field.type)
        if pa.types.is_floating(field.type):
            assert array.to_pylist() == values, f"{field.name} is not of {field.type}"
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=like)


def bits(array):
    """The array in a form in which equal means the same bits, and strings are strings whatever their offsets."""
    array = single(array)
    kind = array.type
    if pa.types.is_dictionary(kind):
        return bits(array.cast(kind.value_type))
    if is_list(kind):
        lengths = pa.compute.list_value_length(array).cast(pa.int64())
        return [lengths, bits(pa.compute.list_flatten(array))]
    if pa.types.is_float32(kind):
        return array.view(pa.int32())
    if pa.types.is_float64(kind):
        return array.view(pa.int64())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        return array.cast(pa.string())
    return array


def is_same(expected, found):
    expected, found = bits(expected), bits(found)
    if isinstance(expected, list):
        return isinstance(found, list) and all(a.equals(b) for a, b in zip(expected, found))
    # As wide as ours, or wider: a narrower one would have lost something.
    if pa.types.is_integer(expected.type) and pa.types.is_integer(found.type):
        found = found.cast(expected.type)
    # Moments in other units, or in a zone under another name.
    if pa.types.is_timestamp(expected.type) and pa.types.is_timestamp(found.type):
        found = found.cast(expected.type)
    return expected.equals(found)


def ordered(table):
    """The rows in an order that depends on their values alone."""
    rows = list(zip(*(table[name].to_pylist() for name in table.column_names)))
    return table.take(sorted(range(len(rows)), key=lambda row: repr(rows[row])))


def compare(reader, path):
    expected = pq.read_table(path).select(reader.columns(path))
    # What comes back by its own types tells more, but Python's rows and frames have none.
    found = reader.to_arrow(reader.read(path), expected.schema)
    assert found.num_rows == expected.num_rows, f"{path}: {found.num_rows} rows instead of {expected.num_rows}"
    assert found.column_names == expected.column_names, f"{path}: columns {found.column_names[:20]}"
    if not reader.keeps_order:
        expected, found = ordered(expected), ordered(found)
    for name in expected.column_names:
        assert is_same(expected[name], found[name]), f"{path}: column {name} is {found[name].type} with other values"


def check(name, folder):
    reader = next(kind for kind in READERS if kind.package == name)()
    tables = sorted(Path(folder).glob("*.parquet"))
    done = {"plain": 0, "split": 0}
    for path in tables:
        encoding = path.name.split(".")[-2]
        if not has_floats(path) or not reader.refuses(encoding):
            compare(reader, path)
        else:
            try:
                reader.read(path)
            except Exception as error:  # Each has its own.
                assert re.search("BYTE_STREAM_SPLIT|encoding", f"{error} {error!r}", re.I), error
            else:
                raise AssertionError(f"{path}: {name} reads {encoding} now: say so in src/table/README.md")
        done[encoding] += 1
    if isinstance(reader, Hyper):
        lists = [path for path in tables if len(reader.columns(path)) < len(pq.read_schema(path).names)]
        for path in lists:
            with contextlib.suppress(Exception):
                reader.read(path, pq.read_schema(path).names)
                raise SystemExit(f"{path}: Hyper's client has lists now: say so in src/table/README.md")
    reader.close()
    assert done["plain"] and done["plain"] == done["split"], done
    print(f"{name} {metadata.version(name)}: {done['plain']} tables in each encoding")


def has_floats(path):
    columns = pq.ParquetFile(path).schema
    return any(columns.column(i).physical_type in ("FLOAT", "DOUBLE") for i in range(len(columns)))


def times(runs, paths):
    """Seconds of each run, readers and files in turn, after one that warms them up; None where one refuses. Every other run
    goes backwards, as who comes second finds the memory that the first has let go."""
    readers = [kind() for kind in available()]
    taken = {(reader, path): [] for reader in readers for path in paths}
    for run in range(runs + 1):
        for reader, path in list(taken) if run % 2 == 0 else list(taken)[::-1]:
            start = time.perf_counter()
            try:
                loaded = reader.load(path)
            except Exception as error:  # Each has its own.
                print(f"{reader.package}, {path}: {str(error)[:200]}", file=sys.stderr)
                del taken[reader, path]
                continue
            seconds = time.perf_counter() - start
            del loaded
            if run > 0:
                taken[reader, path].append(seconds)
    for reader in readers:
        reader.close()
    for reader in readers:
        seconds = [taken.get((reader, path)) for path in paths]
        print(json.dumps([reader.package, metadata.version(reader.package), seconds]))


def available():
    found = []
    for kind in READERS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            metadata.version(kind.package)
            found.append(kind)
    return found


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            for kind in available():
                print(kind.package, metadata.version(kind.package))
        case ["check", name, folder]:
            check(name, folder)
        case ["again", name, path, to]:
            reader = next(kind for kind in available() if kind.package == name)()
            reader.again(Path(path).resolve(), Path(to).resolve())
            reader.close()
        case ["time", runs, *paths]:
            times(int(runs), paths)
        case _:
            raise SystemExit(__doc__)
