"""Writes functionals.json: statistics of short contours by numpy and scipy.

    python tests/reference/functionals.py

Every contour value is exact as a 32-bit float once read; the statistics are computed
in 64-bit from those. What is undefined is null:
- slope of a contour with one value;
- skewness and kurtosis of a contour whose values are all equal (one value included).
The standard deviation of such a contour is 0, and its percentiles are the value itself.
"""

import json
import platform
from pathlib import Path

import numpy as np
import scipy
from scipy import stats

PERCENTILES = [1, 10, 25, 50, 75, 90, 99]


def f32(values):
    """8 significant digits, then the nearest 32-bit floats, as 64-bit numbers."""
    text = [float(f"{v:.8g}") for v in values]
    return text, np.array(text, dtype=np.float32).astype(np.float64)


def statistics(x):
    constant = x.min() == x.max()
    return {
        "mean": x.mean(),
        "std": 0.0 if constant else x.std(),
        "skewness": None if constant else stats.skew(x),
        "kurtosis": None if constant else stats.kurtosis(x),
        **{f"p{p}": np.percentile(x, p) for p in PERCENTILES},
        "slope": None if len(x) < 2 else np.polyfit(np.arange(len(x)), x, 1)[0],
    }


def digits(value):
    return None if value is None else float(f"{value:.10g}")


def main():
    rng = np.random.default_rng(20240)
    contours = {
        "five": rng.normal(3.0, 2.0, 5),
        "ties": rng.integers(-3, 4, 24) * 0.5,
        "pitch": 180 + 40 * np.sin(np.arange(60) / 9) + rng.normal(0, 4, 60),
        "skewed": rng.gamma(0.8, 0.02, 200),
        "falling": np.linspace(10, -10, 33),
        "two": [1.5, -0.25],
        "one": [0.7],
        "constant": [0.3] * 12,
    }
    cases = []
    for name, values in contours.items():
        text, x = f32(values)
        result = {k: digits(v) for k, v in statistics(x).items()}
        if x.min() == x.max() and len(x) > 1:
            result["slope"] = 0.0
        cases.append({"name": name, "values": text, "functionals": result})
    out = Path(__file__).resolve().parent / "functionals.json"
    result = {
        "made_by": f"numpy {np.__version__}, scipy {scipy.__version__}, "
                   f"python {platform.python_version()}",
        "definitions": {
            "std": "population (divided by n)",
            "skewness": "biased, m3 / m2^1.5; null for a constant contour",
            "kurtosis": "biased, excess: m4 / m2^2 - 3; null for a constant contour",
            "percentiles": "linear interpolation at (n - 1) p / 100",
            "slope": "least squares line over the frame number, per frame; null for one value",
        },
        "contours": cases,
    }
    out.write_text(json.dumps(result, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
    print(out.name, out.stat().st_size, "bytes")
    for case in cases:
        print(case["name"], len(case["values"]), case["functionals"])


if __name__ == "__main__":
    main()
