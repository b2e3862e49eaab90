#!/usr/bin/env python3
"""Runs the recipes on the demo corpus, and compares their rows with those of one plain run, bit for bit.

    notebooks/scale/test.py

It wants `sentire` on the path, and pyarrow. A recipe whose program is not here is left out, and named.
"""

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "outputs" / "scale"
BROKEN = "broken.flac"


def run(*command, codes=(0,), **environment):
    """Runs a command in the folder of the outputs; any other exit code than `codes` is an error."""
    command = [str(word) for word in command]
    done = subprocess.run(command, cwd=OUT, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def write_manifest():
    """The demo corpus, by paths from the manifest's folder, and in its midst a file that is no recording."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    (OUT / BROKEN).write_text("no recording")
    demo = ROOT / "corpora" / "demo"
    with open(demo / "manifest.csv", newline="") as file:
        header, *rows = csv.reader(file)
    rows = [[os.path.relpath(demo / file, OUT), *rest] for file, *rest in rows]
    rows.insert(70, [BROKEN, *rows[70][1:]])
    with open(OUT / "manifest.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def bits(column):
    """Numbers as the integers of their bits: as numbers, 0 and -0 are equal. Lists as lengths and numbers."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pc.list_value_length(column).to_pylist(), bits(column.flatten())
    if pa.types.is_floating(kind):
        return column.view({32: pa.int32(), 64: pa.int64()}[kind.bit_width])
    return column


def rows(path):
    """A table, or a folder of its parts, in the order of the recordings."""
    table = pq.read_table(OUT / path).sort_by("file")
    return {name: bits(table[name].combine_chunks()) for name in table.column_names}


def plain():
    run("sentire", "extract", "manifest.csv", "-o", "plain.parquet", codes=[1])
    return pq.read_table(OUT / "plain.failures.parquet").num_rows


def parallel():
    run(HERE / "parallel.sh", "manifest.csv", "parallel", 7)
    return pq.read_table(OUT / "parallel.failures").num_rows


def slurm():
    run("sbatch", "--wait", "--array=1-7", HERE / "slurm.sh", "manifest.csv", "slurm", 7)
    return pq.read_table(OUT / "slurm.failures").num_rows


def kubernetes():
    """What each pod of the job runs, one after the other."""
    import kubernetes_validate
    import yaml

    job = yaml.safe_load((HERE / "kubernetes.yaml").read_text())
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    args = [arg.replace("/speech/features", "kubernetes").replace("/speech/", "") for arg in container["args"]]
    for index in range(job["spec"]["completions"]):
        run("sentire", *args, codes=[0, 1], JOB_COMPLETION_INDEX=str(index))
    return pq.read_table(OUT / "kubernetes.failures").num_rows


def spark():
    command = ["spark-submit", "--master", "local[2]", HERE / "spark.py", "manifest.csv", "spark", "--parts", 5]
    log = run(*command, PYSPARK_PYTHON=sys.executable).stderr
    return log.count(f"failed: {BROKEN}: ")


def missing():
    """Recipes that cannot be run here, and why."""
    if not shutil.which("parallel"):
        yield parallel, "parallel"
    if not shutil.which("sinfo") or subprocess.run(["sinfo"], capture_output=True).returncode:
        yield slurm, "a running Slurm"
    if not importlib.util.find_spec("kubernetes_validate"):
        yield kubernetes, "kubernetes-validate (pip)"
    if not shutil.which("spark-submit"):
        yield spark, "pyspark (pip)"


def main():
    if not shutil.which("sentire"):
        sys.exit("sentire is not on the path")
    write_manifest()
    left_out = dict(missing())
    for recipe in [plain, parallel, slurm, kubernetes, spark]:
        name = recipe.__name__
        if recipe in left_out:
            print(f"{name:12} left out: {left_out[recipe]} is missing")
            continue
        failures = recipe()
        if failures != 1:
            sys.exit(f"{name}: {failures} recordings failed, not 1")
        found = rows("plain.parquet" if recipe == plain else name)
        if recipe == plain:
            expected = found
        if list(found) != list(expected):
            sys.exit(f"{name}: other columns than one plain run")
        if wrong := [column for column in found if found[column] != expected[column]]:
            sys.exit(f"{name}: other values than one plain run in {len(wrong)} columns, as {wrong[0]}")
        print(f"{name:12} {len(found['file'])} rows of {len(found)} columns, the same")


if __name__ == "__main__":
    main()
