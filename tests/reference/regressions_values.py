"""Writes regressions.json: scikit-learn's SVR, ElasticNet and Ridge on the made-up table of svc.json.

    python tests/reference/regressions_values.py

The target is made of the features: the first plus half the product of the next two, less the sine of the fourth, with a
third of the last, each scaled. Features and target are scaled by the training rows, those outside fold 0 of
"group_k_fold_3"; predictions are those of the rows in it, on the scale of the target.
"""

import json
import platform
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import ElasticNet, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

HERE = Path(__file__).resolve().parent
MODELS = [
    ("linfa-svr:kernel=linear,c=0.1", lambda: SVR(kernel="linear", C=0.1)),
    ("linfa-svr:kernel=linear,c=1,epsilon=0.3", lambda: SVR(kernel="linear", C=1, epsilon=0.3)),
    ("linfa-svr:kernel=rbf,c=1", lambda: SVR(kernel="rbf", C=1)),
    ("linfa-svr:kernel=rbf,c=10,gamma=0.05", lambda: SVR(kernel="rbf", C=10, gamma=0.05)),
    ("linfa-elasticnet:alpha=0.1", lambda: ElasticNet(alpha=0.1, tol=1e-9, max_iter=100000)),
    ("linfa-elasticnet:alpha=0.01,l1_ratio=0.9", lambda: ElasticNet(alpha=0.01, l1_ratio=0.9, tol=1e-9, max_iter=100000)),
    ("linfa-elasticnet:alpha=0.3,l1_ratio=0.1", lambda: ElasticNet(alpha=0.3, l1_ratio=0.1, tol=1e-9, max_iter=100000)),
    ("ridge:alpha=10", lambda: Ridge(alpha=10)),
]


def main():
    table = json.loads((HERE / "svc.json").read_text())
    X = np.array(table["X"], dtype=np.float32).astype(np.float64)
    fold = np.array(table["folds"]["group_k_fold_3"])
    Z = StandardScaler().fit_transform(X)
    y = Z[:, 0] + 0.5 * Z[:, 1] * Z[:, 2] - np.sin(Z[:, 3]) + Z[:, -1] / 3
    train, test = fold != 0, fold == 0
    scaler = StandardScaler().fit(X[train])
    A, B = scaler.transform(X[train]), scaler.transform(X[test])
    target = StandardScaler().fit(y[train, None])
    t = target.transform(y[train, None])[:, 0]
    cases = [{"model": name, "predictions": [round(float(v), 6) for v in make().fit(A, t).predict(B)]} for name, make in MODELS]
    result = {
        "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, python {platform.python_version()}",
        "table": "svc.json",
        "y": [round(float(v), 9) for v in y],
        "cases": cases,
    }
    out = HERE / "regressions.json"
    out.write_text(json.dumps(result, separators=(",", ":")).replace('{"model"', '\n{"model"') + "\n")
    print(out.name, out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
