"""Whether an exported table reads back as opensmile's own CSV does.

    python opensmile_csv.py OURS.csv FEATURE_SET

Computes FEATURE_SET with opensmile for the recordings that OURS.csv lists, writes a CSV as its users do, reads both with pandas, and
prints `equal` if index and values are the same; else an error.
"""

import sys
import tempfile

import numpy as np
import opensmile
import pandas as pd

INDEX = ["file", "start", "end"]


def read(path):
    table = pd.read_csv(path)
    for time in INDEX[1:]:
        # opensmile cuts off nanoseconds, and writes a time of nothing but days as `0 days`.
        table[time] = pd.to_timedelta(table[time]).dt.round("us").astype("timedelta64[us]")
    return table.set_index(INDEX)


def main():
    path, name = sys.argv[1:]
    ours = read(path)
    files = ours.index.get_level_values("file").unique()
    smile = opensmile.Smile(opensmile.FeatureSet[name], opensmile.FeatureLevel.Functionals)
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        smile.process_files(files).to_csv(file.name)
        theirs = read(file.name)
    pd.testing.assert_index_equal(ours.index, theirs.index)
    assert list(ours.columns)[-len(theirs.columns):] == list(theirs.columns), "other columns"
    ours = ours[theirs.columns]
    assert all(np.issubdtype(kind, np.number) for kind in ours.dtypes), "other types"
    assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-4), "other values"
    print("equal")


main()
