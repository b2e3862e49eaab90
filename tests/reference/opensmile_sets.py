"""openSMILE's other sets on clips of the demo corpus and on made signals -> opensmile/*.parquet.

Usage: python opensmile_sets.py [DEMO_DIR]

SET_functionals.parquet has a row for each feature and a column for each clip and signal, SET_lld.parquet and
SET_deltas.parquet a row for each frame of two clips (columns `file`, `start`, `end`, then openSMILE's). The signals are
those of opensmile_values.py.
"""

import sys
import warnings

import numpy as np
import opensmile
import pandas as pd
import soundfile

from opensmile_values import CLIPS, CONTOURS, signals

DEMO = sys.argv[1] if len(sys.argv) > 1 else "../../corpora/demo"
SETS = {
    "compare": opensmile.FeatureSet.ComParE_2016,
    "gemaps": opensmile.FeatureSet.GeMAPSv01b,
    "gemaps-v01a": opensmile.FeatureSet.GeMAPS,
    "egemaps-v01a": opensmile.FeatureSet.eGeMAPS,
    "egemaps-v01b": opensmile.FeatureSet.eGeMAPSv01b,
    "emobase": opensmile.FeatureSet.emobase,
    "is09": opensmile.FeatureSet.IS09,
}
LEVELS = opensmile.FeatureLevel
# Every fourth clip: 6373 features of each are enough.
CLIPS = CLIPS[::4]


def read(clip):
    return soundfile.read(f"{DEMO}/{clip}", dtype="float32")


def sounds():
    """Name, samples, sample rate."""
    for clip in CLIPS:
        yield clip, *read(clip)
    for name, rate, samples in signals():
        yield name, np.asarray([s / 32768 for s in samples], dtype="float32"), rate


def write(table, path):
    for column in table.columns:
        if table[column].dtype == np.float64 and column not in ("start", "end"):
            table[column] = table[column].astype(np.float32)
    small = {"use_dictionary": False, "write_statistics": False}
    table.to_parquet(path, compression="zstd", compression_level=19, index=False, **small)


def contours(feature_set, level):
    smile = opensmile.Smile(feature_set, level)
    tables = []
    for clip in CONTOURS:
        table = smile.process_signal(*read(clip))
        start, end = (table.index.get_level_values(k).total_seconds() for k in ("start", "end"))
        table = table.reset_index(drop=True)
        table.insert(0, "file", clip)
        table.insert(1, "start", start.to_numpy())
        table.insert(2, "end", end.to_numpy())
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def main():
    warnings.simplefilter("ignore")
    for name, feature_set in SETS.items():
        smile = opensmile.Smile(feature_set, LEVELS.Functionals)
        table = pd.DataFrame({"feature": smile.feature_names})
        for sound, samples, rate in sounds():
            table[sound] = smile.process_signal(samples, rate).iloc[0].to_numpy()
        write(table, f"opensmile/{name}_functionals.parquet")
        write(contours(feature_set, LEVELS.LowLevelDescriptors), f"opensmile/{name}_lld.parquet")
        if name in ("compare", "emobase", "is09"):
            deltas = contours(feature_set, LEVELS.LowLevelDescriptors_Deltas)
            write(deltas, f"opensmile/{name}_deltas.parquet")


main()
