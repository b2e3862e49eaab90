"""Features of a manifest with Spark: each task starts `sentire` for the recordings of its partition.

    spark-submit notebooks/scale/spark.py ravdess.csv ravdess --parts 100 [OPTIONS of sentire extract]

`sentire` is on the path of each node, and pyarrow in its Python; manifest and recordings are on a disk that
all nodes see. A relative `file` is one in the manifest's folder, as always.
"""

import argparse
import contextlib
import subprocess
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.csv


def command(options):
    return ["sentire", "extract", "--stdin-manifest", "--arrow-stdout", "-q", *options]


def check(code):
    """1: some recordings failed. Beyond that there may be no rows, or not all."""
    if code not in (0, 1):
        raise RuntimeError(f"sentire ended with {code}; its reason is in the log")


def as_csv(manifest):
    text = pa.BufferOutputStream()
    pa.csv.write_csv(manifest, text)
    return text.getvalue()


def schema(manifest, options, folder):
    """The columns of features, which are the same for any recording, and for one that fails."""
    text = as_csv(manifest.slice(0, 1))
    done = subprocess.run(command(options), cwd=folder, input=text, stdout=subprocess.PIPE)
    check(done.returncode)
    return pa.ipc.open_stream(done.stdout).schema


def features(manifest, options, folder):
    """What `sentire` makes of the recordings of a manifest, an Arrow table: batches, as they come.

    Recordings that fail have no row, but a line on stderr: in a task, in its log.
    """
    if manifest.num_rows == 0:
        return
    text = as_csv(manifest)
    process = subprocess.Popen(
        command(options), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )

    # In a thread of its own, so that neither pipe waits for the other.
    def feed():
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(text)

    threading.Thread(target=feed, daemon=True).start()
    try:
        try:
            yield from pa.ipc.open_stream(process.stdout)
        except pa.ArrowInvalid:
            # An error of `sentire` says more than what it left of a stream.
            process.stdout.close()
            check(process.wait())
            raise
        # A stream that broke off looks whole: only the code tells.
        check(process.wait())
    finally:
        process.kill()
        process.wait()


def main():
    from pyspark.sql import SparkSession
    from pyspark.sql.pandas.types import from_arrow_schema

    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("output")
    parser.add_argument("--parts", type=int, required=True, help="tasks; several times the cores")
    args, options = parser.parse_known_args()
    manifest = args.manifest.resolve()
    folder = manifest.parent

    spark = SparkSession.builder.appName("sentire").getOrCreate()
    options = ["-j", spark.conf.get("spark.task.cpus", "1"), *options]
    recordings = spark.read.csv(
        f"file://{manifest}", header=True, multiLine=True, escape='"', mode="FAILFAST"
    )
    first = pa.Table.from_pylist([row.asDict() for row in recordings.take(1)])
    columns = schema(first, options, folder)

    def task(batches):
        for part in batches:
            yield from features(pa.Table.from_batches([part]), options, folder)

    rows = recordings.repartition(args.parts).mapInArrow(task, from_arrow_schema(columns))
    rows.write.parquet(args.output)
    spark.stop()


if __name__ == "__main__":
    main()
