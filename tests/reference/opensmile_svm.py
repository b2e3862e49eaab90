"""openSMILE + scikit-learn, the peer of sentire's default: UAR in both protocols on the same folds.

    python opensmile_svm.py CORPORA_DIR [--ours DIR] [ravdess|emodb|emovo ...]

For eGeMAPSv02 and ComParE_2016 it prints the best over a grid of linear SVMs (the best on the test folds,
which favours the peer): RAVDESS in GroupKFold(6), the others leaving one speaker out. With --ours, the same on sentire's
features, too: DIR has CORPUS.parquet, of `sentire extract CORPUS --features egemaps,compare`.
"""

import re
import sys
from pathlib import Path

import audiofile
import numpy as np
import opensmile
import pandas as pd
from sklearn.metrics import recall_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

COSTS = [1e-4, 1e-3, 1e-2, 1e-1]
# Speaker and emotion in the names of the recordings.
NAMES = {
    "ravdess": re.compile(r"03-01-(?P<emotion>\d\d)-\d\d-\d\d-\d\d-(?P<speaker>\d\d)"),
    "emodb": re.compile(r"(?P<speaker>\d\d)\w\d\d(?P<emotion>\w)\w"),
    "emovo": re.compile(r"(?P<emotion>\w{3})-(?P<speaker>[fm]\d)-\w+"),
}
SETS = {"eGeMAPSv02": opensmile.FeatureSet.eGeMAPSv02, "ComParE_2016": opensmile.FeatureSet.ComParE_2016}


def features(files, name):
    smile = opensmile.Smile(SETS[name], opensmile.FeatureLevel.Functionals)
    rows = [smile.process_signal(*audiofile.read(file)).to_numpy()[0] for file in files]
    return np.nan_to_num(np.array(rows))


def ours(files, name, table):
    """The same features as sentire computed them, in the order of the files."""
    columns = opensmile.Smile(SETS[name], opensmile.FeatureLevel.Functionals).feature_names
    table = pd.read_parquet(table, columns=["file", *columns])
    table.index = [Path(file).stem for file in table["file"]]
    return np.nan_to_num(table.loc[[file.stem for file in files], columns].to_numpy(float))


def per_speaker(x, speakers):
    out = np.zeros_like(x)
    for speaker in set(speakers):
        rows = speakers == speaker
        out[rows] = StandardScaler().fit_transform(x[rows])
    return out


def uar(x, y, speakers, folds, cost, by_speaker):
    said = np.empty_like(y)
    x = per_speaker(x, speakers) if by_speaker else x
    for train, test in folds.split(x, y, speakers):
        scaler = StandardScaler(with_mean=not by_speaker, with_std=not by_speaker).fit(x[train])
        machine = SVC(kernel="linear", C=cost, class_weight="balanced")
        machine.fit(scaler.transform(x[train]), y[train])
        said[test] = machine.predict(scaler.transform(x[test]))
    return recall_score(y, said, average="macro")


def main():
    root, names = Path(sys.argv[1]), sys.argv[2:]
    folder = None
    if names[:1] == ["--ours"]:
        folder, names = Path(names[1]), names[2:]
    names = names or list(NAMES)
    for corpus in names:
        files = sorted((root / corpus).rglob("*.flac"))
        found = [NAMES[corpus].fullmatch(file.stem) for file in files]
        y = np.array([match["emotion"] for match in found])
        speakers = np.array([match["speaker"] for match in found])
        folds = GroupKFold(6) if corpus == "ravdess" else LeaveOneGroupOut()
        for name in SETS:
            both = {"openSMILE": features(files, name)}
            if folder:
                both["sentire"] = ours(files, name, folder / f"{corpus}.parquet")
            for by, x in both.items():
                best = [
                    max((uar(x, y, speakers, folds, cost, by_speaker), cost) for cost in COSTS)
                    for by_speaker in (False, True)
                ]
                figures = (f"{p} {u:.3f} (C={c:g})" for p, (u, c) in zip("AB", best))
                print(corpus, name, by, *figures, flush=True)


if __name__ == "__main__":
    main()
