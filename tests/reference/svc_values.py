"""Writes svc.json: scikit-learn's SVC, GroupKFold and random forest on a small made-up table.

    python tests/reference/svc_values.py

X is rounded to 8 significant digits and then to 32-bit floats before anything is computed,
so a program reading it as 32-bit floats starts from the same numbers. Scaling and training
run in 64-bit. The scaler is fitted on the training part of every fold (protocol A).
A row listed in "close" is predicted otherwise by a finer or coarser solver tolerance
(1e-2, 1e-5, 1e-8), so another program may differ there.
"""

import json
import platform
from pathlib import Path

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

CLIPS_PER_SPEAKER = {"s1": 22, "s2": 14, "s3": 26, "s4": 22, "s5": 14, "s6": 22}
CLASSES = {"angry": 0.20, "happy": 0.05, "neutral": 0.60, "sad": 0.15}
KERNELS = {
    "linear_c0.01": {"kernel": "linear", "C": 0.01},
    "linear_c1": {"kernel": "linear", "C": 1.0},
    "rbf_c1_scale": {"kernel": "rbf", "C": 1.0, "gamma": "scale"},
    "rbf_c10_0.05": {"kernel": "rbf", "C": 10.0, "gamma": 0.05},
}
N_FEATURES = 10


def table():
    """Overlapping classes, features of unlike scale, and an offset of every speaker."""
    rng = np.random.default_rng(7)
    centres = rng.normal(0, 1.05, (len(CLASSES), N_FEATURES))
    scale, shift = 10.0 ** rng.integers(-2, 3, N_FEATURES), rng.normal(0, 3, N_FEATURES)
    X, y, speakers = [], [], []
    for speaker, count in CLIPS_PER_SPEAKER.items():
        offset = rng.normal(0, 0.5, N_FEATURES)
        # At least one clip of every class and speaker, the rest by chance.
        labels = [0, 1, 2, 3, *rng.choice(4, count - 4, p=list(CLASSES.values()))]
        for label in labels:
            X.append((centres[label] + offset + rng.normal(0, 1.5, N_FEATURES)) * scale + shift)
            y.append(list(CLASSES)[label])
            speakers.append(speaker)
    order = rng.permutation(len(y))
    text = [[float(f"{v:.8g}") for v in X[i]] for i in order]
    exact = np.array(text, dtype=np.float32).astype(np.float64)
    return text, exact, np.array(y)[order], np.array(speakers)[order]


def folds_of(splitter, groups):
    fold = np.zeros(len(groups), dtype=int)
    for number, (_, test) in enumerate(splitter.split(groups, groups=groups)):
        fold[test] = number
    return fold


def out_of_fold(make, X, y, fold):
    predicted = np.empty_like(y)
    for number in range(fold.max() + 1):
        test = fold == number
        predicted[test] = make().fit(X[~test], y[~test]).predict(X[test])
    return predicted


def svc(options, tol):
    return lambda: make_pipeline(StandardScaler(), SVC(class_weight="balanced", tol=tol, **options))


def group_k_fold_case(name, counts, n_splits):
    speakers = np.repeat(list(counts), list(counts.values()))
    fold = folds_of(GroupKFold(n_splits=n_splits), speakers)
    first = {s: int(fold[speakers == s][0]) for s in counts}
    return {"name": name, "n_splits": n_splits,
            "speakers": [{"speaker": s, "clips": n, "fold": first[s]} for s, n in counts.items()]}


def main():
    text, X, y, speakers = table()
    splittings = {
        "group_k_fold_3": folds_of(GroupKFold(n_splits=3), speakers),
        "loso": folds_of(LeaveOneGroupOut(), speakers),
    }
    svcs = []
    for kernel, options in KERNELS.items():
        for splitting, fold in splittings.items():
            predicted = out_of_fold(svc(options, 1e-3), X, y, fold)
            others = [out_of_fold(svc(options, tol), X, y, fold) for tol in (1e-2, 1e-5, 1e-8)]
            close = np.flatnonzero(np.any([o != predicted for o in others], axis=0))
            svcs.append({
                "name": kernel, **options, "splitting": splitting,
                "balanced_accuracy": round(balanced_accuracy_score(y, predicted), 10),
                "close": close.tolist(),
                "predictions": predicted.tolist(),
            })
    forest = [
        balanced_accuracy_score(y, out_of_fold(
            lambda: RandomForestClassifier(500, class_weight="balanced", random_state=seed),
            X, y, splittings["group_k_fold_3"]))
        for seed in range(20)
    ]
    ties = {"anna": 12, "bela": 7, "carl": 12, "dora": 3, "emil": 7, "fred": 12, "gina": 5,
            "hugo": 7, "ida": 3, "jan": 12, "kim": 5, "lea": 3, "max": 1}
    result = {
        "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, "
                   f"python {platform.python_version()}",
        "parameters": {"scaler": "StandardScaler on the training part", "tol": 1e-3,
                       "class_weight": "balanced"},
        "classes": list(CLASSES),
        "X": text,
        "y": y.tolist(),
        "speakers": speakers.tolist(),
        "folds": {name: fold.tolist() for name, fold in splittings.items()},
        "svc": svcs,
        "random_forest": {
            "trees": 500, "class_weight": "balanced", "splitting": "group_k_fold_3",
            "balanced_accuracy_by_seed": [round(v, 10) for v in forest],
            "mean": round(float(np.mean(forest)), 10),
        },
        "group_k_fold": [
            group_k_fold_case("ties", ties, 4),
            group_k_fold_case("ties", ties, 5),
            group_k_fold_case("ravdess", {f"{i:02}": 60 for i in range(1, 25)}, 6),
            group_k_fold_case("ravdess", {f"{i:02}": 60 for i in range(1, 25)}, 5),
            group_k_fold_case("own_table", CLIPS_PER_SPEAKER, 3),
        ],
    }
    out = Path(__file__).resolve().parent / "svc.json"
    out.write_text(json.dumps(result, separators=(",", ":")).replace('"name"', '\n"name"') + "\n")
    print(out.name, out.stat().st_size, "bytes", X.shape)
    print({c: int((y == c).sum()) for c in CLASSES})
    for case in svcs:
        print(case["name"], case["splitting"], case["balanced_accuracy"], "close:", case["close"])
    print("random forest", result["random_forest"])


if __name__ == "__main__":
    main()
