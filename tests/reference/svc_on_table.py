"""Evaluates scikit-learn's SVC (or LogisticRegression, or DecisionTreeClassifier) on a feature
table of statistics written by sentire (`extract --features rich` or `egemaps`).

    python svc_on_table.py FEATURES.parquet [--folds 6|loso] [--kernel linear --c 0.01]
                           [--gamma scale] [--predictions FILE.csv]
    python svc_on_table.py FEATURES.parquet --model logistic --c 1
    python svc_on_table.py FEATURES.parquet --model tree --max-depth 8

The table has the columns file, speaker and emotion, and its Parquet metadata key
`sentire.features` names the feature columns (a JSON array, or a list by commas or lines).
Folds keep speakers whole: GroupKFold, or one speaker out at a time (loso).

Protocol A scales by the training part of each fold. Protocol B scales every speaker by
the mean and deviation of that speaker's own clips. In both, a missing value is first
replaced by the mean of the training part, deviations are of the population, and a column
without deviation becomes 0. The recall is pooled over all out-of-fold predictions.
"""

import argparse
import json
import re
import time

import numpy as np
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, recall_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier


def feature_names(schema):
    text = schema.metadata[b"sentire.features"].decode()
    if text.lstrip().startswith("["):
        return json.loads(text)
    return [name.strip() for name in re.split(r"[,\n]", text) if name.strip()]


def z_score(X, reference):
    mean, std = reference.mean(axis=0), reference.std(axis=0)
    # A constant column may get a deviation of a rounding error instead of 0.
    constant = reference.min(axis=0) == reference.max(axis=0)
    return np.where(constant, 0.0, (X - mean) / np.where(constant | (std == 0), 1.0, std))


def filled(X, train):
    """Missing values become the mean of the training part (0 if it has none at all)."""
    known = ~np.isnan(X[train])
    total = np.where(known, X[train], 0.0).sum(axis=0)
    return np.where(np.isnan(X), total / np.maximum(known.sum(axis=0), 1), X)


def predict(protocol, X, y, speakers, splits, make):
    predicted = np.empty_like(y)
    for train, test in splits:
        Z = filled(X, train)
        if protocol == "A":
            Z = z_score(Z, Z[train])
        else:
            for speaker in np.unique(speakers):
                own = speakers == speaker
                Z[own] = z_score(Z[own], Z[own])
        predicted[test] = make().fit(Z[train], y[train]).predict(Z[test])
    return predicted


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("table")
    args.add_argument("--folds", default="6", help="number of folds, or loso")
    args.add_argument("--model", default="svc", choices=["svc", "logistic", "tree"])
    args.add_argument("--max-depth", type=int, default=8, help="of a tree")
    args.add_argument("--kernel", default="linear", choices=["linear", "rbf"])
    args.add_argument("--c", type=float, default=0.01)
    args.add_argument("--gamma", default="scale", help="a number, or scale (rbf only)")
    args.add_argument("--predictions", help="CSV to write: file, predicted_A, predicted_B")
    args = args.parse_args()

    table = pq.read_table(args.table)
    names = feature_names(table.schema)
    table = table.to_pandas()
    X = table[names].to_numpy(dtype=np.float64, na_value=np.nan)
    y, speakers = (table[c].astype(str).to_numpy(dtype=object) for c in ("emotion", "speaker"))

    splitter = LeaveOneGroupOut() if args.folds == "loso" else GroupKFold(int(args.folds))
    splits = list(splitter.split(X, y, speakers))
    gamma = args.gamma if args.gamma == "scale" else float(args.gamma)
    make = {
        "svc": lambda: SVC(kernel=args.kernel, C=args.c, gamma=gamma, tol=1e-3,
                           class_weight="balanced", cache_size=500),
        # To the end: the defaults, 1e-4 and 100 steps, stop far from it on this many features.
        "logistic": lambda: LogisticRegression(C=args.c, class_weight="balanced", tol=1e-6,
                                               max_iter=10000),
        "tree": lambda: DecisionTreeClassifier(max_depth=args.max_depth, class_weight="balanced",
                                               random_state=0),
    }[args.model]

    classes = sorted(set(y))
    result = {"clips": len(y), "features": len(names), "speakers": len(set(speakers)),
              "missing": int(np.isnan(X).sum()), "folds": args.folds, "model": args.model}
    if args.model == "svc":
        result["kernel"] = args.kernel
    if args.model == "tree":
        result["max_depth"] = args.max_depth
    else:
        result["c"] = args.c
    if args.model == "svc" and args.kernel == "rbf":
        result["gamma"] = gamma
    for protocol in "AB":
        start = time.perf_counter()
        predicted = predict(protocol, X, y, speakers, splits, make)
        recall = recall_score(y, predicted, labels=classes, average=None, zero_division=0)
        result[protocol] = {
            "uar": round(balanced_accuracy_score(y, predicted), 6),
            "accuracy": round(accuracy_score(y, predicted), 6),
            "recall": {c: round(float(r), 6) for c, r in zip(classes, recall)},
            "seconds": round(time.perf_counter() - start, 2),
        }
        table[f"predicted_{protocol}"] = predicted
    print(json.dumps(result, indent=1))
    if args.predictions:
        table[["file", "predicted_A", "predicted_B"]].to_csv(args.predictions, index=False)


if __name__ == "__main__":
    main()
