"""Writes praat.json: pitch, periods, harmonicity, formants and CPPS of real clips by Praat.

    python tests/reference/praat_values.py CORPORA_DIR > tests/reference/praat.json

CORPORA_DIR holds the corpora of CORPORA below; 10 clips of each are measured, and 8 of
corpora/demo (--demo names another folder). Praat runs inside parselmouth. All arguments of its
commands are in PARAMETERS, which is written into the JSON. The robust line of CPPS ("Robust
slow", Praat's default) takes half a minute per clip, all the rest a second.
"""

import argparse
import json
import platform
import sys
from pathlib import Path

import numpy as np
import parselmouth
from parselmouth.praat import call

HERE = Path(__file__).resolve().parent
CORPORA = {"ravdess": 10, "emodb": 10, "emovo": 10}
DEMO_CLIPS = 8
# Each pick is moved this many files further than the one before, or the picks would fall on few
# emotions: the corpora have the same number of files of each.
SHIFT = 7

PARAMETERS = {
    "choice": "paths sorted by bytes; of n files, file (round(i * (n - 1) / (picks - 1)) + 7 i) "
              "modulo n for i = 0, 1, ...",
    "pitch": ["To Pitch (ac)", 0.01, 60, 15, "no", 0.03, 0.45, 0.01, 0.35, 0.14, 500],
    "pulses": ["To PointProcess (cc)"],
    "jitter": [0, 0, 0.0001, 0.02, 1.3],
    "shimmer": [0, 0, 0.0001, 0.02, 1.3, 1.6],
    "harmonicity_cc": ["To Harmonicity (cc)", 0.01, 60, 0.1, 1.0],
    "harmonicity_ac": ["To Harmonicity (ac)", 0.01, 60, 0.1, 4.5],
    "formants": ["To Formant (burg)", 0.01, 5, 5500, 0.025, 50],
    "cepstrogram": ["To PowerCepstrogram", 60, 0.002, 5000, 50],
    "cpps": ["Get CPPS", "yes", 0.02, 0.0005, 60, 330, 0.05, "Parabolic", 0.001, 0.05,
             "Exponential decay", "Robust slow"],
    "cpps_straight": ["Get CPPS", "yes", 0.02, 0.0005, 60, 330, 0.05, "Parabolic", 0.001, 0.05,
                      "Straight", "Robust"],
    "f0_hz": "frame k is centred at f0_t0_s + k f0_dt_s; null is unvoiced",
    "hnr": "over frames that have a value (not -200 dB); *_voiced_*: of these, those whose nearest "
           "frame of the pitch is voiced",
    "f1_hz_mean ...": "over frames of the formant analysis whose nearest frame of the pitch is "
                      "voiced, as many of them as have that formant",
}


def pick(paths, count):
    """Files spread over the sorted list, of several speakers and emotions."""
    paths = sorted(paths, key=lambda path: str(path).encode())
    n = len(paths)
    return [paths[(round(i * (n - 1) / (count - 1)) + SHIFT * i) % n] for i in range(count)]


def nearest_is_voiced(pitch, times):
    """Whether the frame of the pitch that is nearest to each time is voiced."""
    f0 = pitch.selected_array["frequency"]
    index = np.rint((np.asarray(times) - pitch.x1) / pitch.dx).astype(int)
    return f0[np.clip(index, 0, len(f0) - 1)] > 0


def number(value, digits):
    """A rounded number; None where Praat has none."""
    value = float(value)
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None


def mean_and_median(values, name, unit):
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    empty = len(values) == 0
    return {
        f"{name}_mean{unit}": None if empty else number(values.mean(), 6),
        f"{name}_median{unit}": None if empty else number(np.median(values), 6),
    }


def harmonicity(sound, command, name, pitch):
    found = call(sound, *command)
    values, times = found.values[0], found.xs()
    has = values > -200
    out = mean_and_median(values[has], name, "_db")
    out |= mean_and_median(values[has & nearest_is_voiced(pitch, times)], f"{name}_voiced", "_db")
    return out


def formants(sound, pitch):
    found = call(sound, *PARAMETERS["formants"])
    times = found.ts()
    times = times[nearest_is_voiced(pitch, times)]
    out = {}
    for n in range(1, 5):
        frequency = [found.get_value_at_time(n, t) for t in times]
        bandwidth = [found.get_bandwidth_at_time(n, t) for t in times]
        out |= mean_and_median(frequency, f"f{n}_hz", "")
        out |= mean_and_median(bandwidth, f"b{n}_hz", "")
    return out


def measure(path, name):
    sound = parselmouth.Sound(str(path))
    assert sound.sampling_frequency == 16000 and sound.n_channels == 1, path
    pitch = call(sound, *PARAMETERS["pitch"])
    f0 = pitch.selected_array["frequency"]
    pulses = call([sound, pitch], *PARAMETERS["pulses"])
    out = {
        "file": name,
        "duration_s": number(sound.duration, 8),
        "f0_t0_s": number(pitch.x1, 8),
        "f0_dt_s": number(pitch.dx, 8),
        "pulses": int(call(pulses, "Get number of points")),
        "mean_period_s": number(call(pulses, "Get mean period", *PARAMETERS["jitter"]), 6),
    }
    for kind in ["local", "rap", "ppq5"]:
        value = call(pulses, f"Get jitter ({kind})", *PARAMETERS["jitter"])
        out[f"jitter_{kind}"] = number(value, 6)
    for kind in ["local", "apq3", "apq5", "apq11"]:
        value = call([sound, pulses], f"Get shimmer ({kind})", *PARAMETERS["shimmer"])
        out[f"shimmer_{kind}"] = number(value, 6)
    out |= harmonicity(sound, PARAMETERS["harmonicity_cc"], "hnr_cc", pitch)
    out |= harmonicity(sound, PARAMETERS["harmonicity_ac"], "hnr_ac", pitch)
    out |= formants(sound, pitch)
    cepstrogram = call(sound, *PARAMETERS["cepstrogram"])
    for name in ["cpps", "cpps_straight"]:
        out[f"{name}_db"] = number(call(cepstrogram, *PARAMETERS[name]), 6)
    out["f0_hz"] = [round(float(f), 2) if f > 0 else None for f in f0]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--demo", type=Path, default=HERE.parent.parent / "corpora" / "demo")
    options = parser.parse_args()
    clips = []
    for corpus, count in CORPORA.items():
        for path in pick((options.corpora / corpus).rglob("*.flac"), count):
            print(path, file=sys.stderr)
            clips.append(measure(path, str(path.relative_to(options.corpora))))
    demo = [measure(path, path.name) for path in pick(options.demo.glob("*.flac"), DEMO_CLIPS)]
    result = {
        "made_by": f"Praat {parselmouth.PRAAT_VERSION} in parselmouth {parselmouth.__version__}, "
                   f"numpy {np.__version__}, python {platform.python_version()}",
        "parameters": PARAMETERS,
        "files": [clip["file"] for clip in clips],
        "corpora": clips,
        "demo": demo,
    }
    print(json.dumps(result, separators=(",", ":")).replace('{"file"', '\n{"file"'))


if __name__ == "__main__":
    main()
