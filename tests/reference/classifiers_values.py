"""Writes classifiers.json: scikit-learn's LogisticRegression, DecisionTreeClassifier,
RidgeClassifier, GaussianNB, LinearDiscriminantAnalysis and KNeighborsClassifier on the made-up table of svc.json.

    python tests/reference/classifiers_values.py

The scaler is fitted on the training rows, those outside fold 0 of "group_k_fold_3"; the
probabilities, or decisions of the ridge regression, are those of the rows in it. Logistic regressions run until the gradient
is below 1e-9, not to scikit-learn's default of 1e-4 or 100 steps. Of naive Bayes, with equal priors, the numbers
are logarithms of joint probabilities. Trees are shallow: deeper
down some splits part the rows equally well, and scikit-learn decides by rounding or at random.

A case of "wide" features has, beside each scaled one, the products of all two of them: more than rows of two classes.
"linfa-logistic" is a regression without weights of classes, whose probabilities are divided by the shares of the
classes among the training rows, so that all are equally probable beforehand.
"""

import json
import platform
from pathlib import Path

import numpy as np
import sklearn
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

HERE = Path(__file__).resolve().parent
LOGISTIC = [("all", 0.01), ("all", 1.0), ("all", 100.0), ("two", 0.1), ("two", 1.0)]
TREES = [("all", 1), ("all", 2), ("two", 1), ("two", 2)]
RIDGES = [("all", 0.1), ("all", 10.0), ("all", 1000.0), ("two", 10.0)]
BAYES = [("all", 1e-9), ("all", 0.1), ("two", 1e-9)]
LDA = [("all", "auto"), ("two", "auto"), ("wide", "auto"), ("all", 0.1), ("wide", 0.5)]
UNWEIGHTED = [("all", 0.01), ("all", 1.0), ("two", 1.0)]
KNN = [("all", (1, "uniform", "euclidean")), ("all", (5, "uniform", "euclidean")), ("all", (7, "distance", "euclidean")),
       ("two", (9, "uniform", "cosine")), ("all", (6, "distance", "cosine"))]
PARAMETER = {"lda": "shrinkage", "linfa-logistic": "c", "linfa-knn": "k", "logistic": "c", "tree": "max_depth", "ridge": "alpha", "bayes": "var_smoothing"}
TWO = ["neutral", "sad"]


def main():
    table = json.loads((HERE / "svc.json").read_text())
    X = np.array(table["X"], dtype=np.float32).astype(np.float64)
    y = np.array(table["y"])
    fold = np.array(table["folds"]["group_k_fold_3"])
    cases = []
    for kind, settings in (("logistic", LOGISTIC), ("tree", TREES), ("ridge", RIDGES),
                           ("bayes", BAYES), ("lda", LDA), ("linfa-logistic", UNWEIGHTED),
                           ("linfa-knn", KNN)):
        for classes, value in settings:
            use = np.isin(y, TWO) if classes in ("two", "wide") else np.ones(len(y), dtype=bool)
            train, test = use & (fold != 0), use & (fold == 0)
            scaler = StandardScaler().fit(X[train])
            A, B = scaler.transform(X[train]), scaler.transform(X[test])
            if classes == "wide":
                A, B = (np.column_stack([Z] + [Z[:, i] * Z[:, j] for i in range(Z.shape[1]) for j in range(i + 1)])
                        for Z in (A, B))
            if kind == "logistic":
                model = LogisticRegression(C=value, class_weight="balanced", tol=1e-9, max_iter=100000)
                p = model.fit(A, y[train]).predict_proba(B)
            elif kind == "ridge":
                model = RidgeClassifier(alpha=value, class_weight="balanced", solver="cholesky")
                p = model.fit(A, y[train]).decision_function(B)
                p = np.column_stack([-p, p]) if p.ndim == 1 else p
            elif kind == "bayes":
                priors = np.full(len(set(y[use].tolist())), 1 / len(set(y[use].tolist())))
                model = GaussianNB(priors=priors, var_smoothing=value)
                p = model.fit(A, y[train]).predict_joint_log_proba(B)
            elif kind == "lda":
                priors = np.full(len(set(y[use].tolist())), 1 / len(set(y[use].tolist())))
                model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=value, priors=priors)
                p = model.fit(A, y[train]).predict_proba(B)
            elif kind == "linfa-logistic":
                model = LogisticRegression(C=value, tol=1e-9, max_iter=100000).fit(A, y[train])
                p = model.predict_proba(B) / [np.mean(y[train] == name) for name in model.classes_]
                p /= p.sum(axis=1, keepdims=True)
            elif kind == "linfa-knn":
                k, weights, metric = value
                model = KNeighborsClassifier(k, weights=weights, metric=metric)
                p = model.fit(A, y[train]).predict_proba(B)
            else:
                def fit(seed):
                    tree = DecisionTreeClassifier(max_depth=value, class_weight="balanced",
                                                  random_state=seed)
                    return tree.fit(A, y[train]).predict_proba(B)
                p = fit(0)
                spread = max(np.abs(fit(seed) - p).max() for seed in range(1, 50))
                print(kind, classes, value, "spread over seeds", spread)
                if spread > 1e-12:
                    continue
            named = {PARAMETER[kind]: value}
            if kind == "linfa-knn":
                named = dict(zip(("k", "weights", "metric"), value))
            cases.append({
                "name": kind, **named, "wide": classes == "wide",
                "classes": sorted(set(y[use].tolist())),
                "probabilities": [[round(float(v), 8) for v in row] for row in p],
            })
    result = {
        "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, "
                   f"python {platform.python_version()}",
        "table": "svc.json", "splitting": "group_k_fold_3", "test_fold": 0,
        "cases": cases,
    }
    out = HERE / "classifiers.json"
    out.write_text(json.dumps(result, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
    print(out.name, out.stat().st_size, "bytes;", [(c["name"], c[PARAMETER[c["name"]]])
                                                for c in cases])


if __name__ == "__main__":
    main()
