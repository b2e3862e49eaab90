"""Speed peer of sentire: rich features of a corpus by librosa, in one process and one thread.

    python librosa_rich.py MANIFEST.csv OUT.parquet [--limit N]

Reads the files of the manifest (column file, relative to the manifest's folder; 16 kHz),
computes 107 contours per clip and 2247 functionals of them, and writes a table whose other
columns are the manifest's. F0 is by librosa.yin: librosa.pyin also tells voiced frames
but takes many times longer. So F0 here has a value in every frame.
Prints the seconds of audio and how many times faster than real time it ran.
"""

import os
import time

STARTED = time.perf_counter()
for name in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse
import json
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.signal  # librosa imports these late
import soundfile

SR = 16000
N_FFT, WIN, HOP = 512, 400, 160
FREQUENCIES = librosa.fft_frequencies(sr=SR, n_fft=N_FFT)[:, None]
PERCENTILES = [1, 10, 25, 50, 75, 90, 99]

CONTOURS = (
    [f"mel{i}" for i in range(26)] + [f"log_mel{i}" for i in range(26)]
    + [f"mfcc{i}" for i in range(20)]
    + ["rms", "zcr", "centroid", "bandwidth", "rolloff25", "rolloff50", "rolloff75", "rolloff90",
       "flatness"]
    + [f"contrast{i}" for i in range(7)] + [f"chroma{i}" for i in range(12)]
    + ["f0", "log_energy", "flux", "entropy", "slope", "skewness", "kurtosis"]
)
STATIC = (["mean", "std", "skewness", "kurtosis"] + [f"p{p}" for p in PERCENTILES]
          + ["p99_p1", "p90_p10", "p75_p25", "slope"])
DELTA = ["std", "p10", "p50", "p90", "skewness", "kurtosis"]
NAMES = ([f"{c}_{f}" for f in STATIC for c in CONTOURS]
         + [f"{c}_delta_{f}" for f in DELTA for c in CONTOURS])


def safe(value):
    return np.where(value > 0, value, 1)


def contours(y):
    """The contours of one clip: an array (contours, frames)."""
    S = np.abs(librosa.stft(y, n_fft=N_FFT, win_length=WIN, hop_length=HOP, window="hann",
                            center=True, pad_mode="constant"))
    power = S**2
    mel = librosa.feature.melspectrogram(S=power, sr=SR, n_fft=N_FFT, n_mels=26, fmin=0, fmax=8000)
    log_mel = librosa.power_to_db(mel)
    centroid = librosa.feature.spectral_centroid(S=S, sr=SR)
    rms = librosa.feature.rms(y=y, frame_length=WIN, hop_length=HOP)

    # The spectrum of each frame as a distribution over frequency.
    share = S / safe(S.sum(axis=0))
    away = FREQUENCIES - centroid
    variance = (away**2 * share).sum(axis=0)
    skewness = (away**3 * share).sum(axis=0) / safe(variance) ** 1.5
    kurtosis = (away**4 * share).sum(axis=0) / safe(variance) ** 2
    density = power / safe(power.sum(axis=0))
    entropy = -(density * np.log2(density + 1e-12)).sum(axis=0)
    centred = FREQUENCIES - FREQUENCIES.mean()
    slope = (centred * S).sum(axis=0) / (centred**2).sum()
    flux = np.sqrt((np.diff(share, axis=1, prepend=share[:, :1]) ** 2).sum(axis=0))

    return np.vstack([
        mel,
        log_mel,
        librosa.feature.mfcc(S=log_mel, sr=SR, n_mfcc=20),
        rms,
        librosa.feature.zero_crossing_rate(y, frame_length=WIN, hop_length=HOP),
        centroid,
        librosa.feature.spectral_bandwidth(S=S, sr=SR, centroid=centroid),
        *[librosa.feature.spectral_rolloff(S=S, sr=SR, roll_percent=p)
          for p in (0.25, 0.5, 0.75, 0.9)],
        librosa.feature.spectral_flatness(S=S),
        librosa.feature.spectral_contrast(S=S, sr=SR, n_bands=6, fmin=200),
        librosa.feature.chroma_stft(S=power, sr=SR, tuning=0.0),
        librosa.yin(y, fmin=60, fmax=500, sr=SR, frame_length=1024, hop_length=HOP),
        np.log(rms**2 + 1e-10),
        flux,
        entropy,
        slope,
        skewness,
        kurtosis,
    ])


def moments(x):
    """Mean, deviation, skewness and excess kurtosis of every row."""
    mean = x.mean(axis=1, keepdims=True)
    away = x - mean
    variance = (away**2).mean(axis=1)
    third, fourth = (away**3).mean(axis=1), (away**4).mean(axis=1)
    return (mean[:, 0], np.sqrt(variance), third / safe(variance) ** 1.5,
            fourth / safe(variance) ** 2 - 3)


def functionals(x):
    """All features of one clip, in the order of NAMES."""
    delta = librosa.feature.delta(x, width=5, mode="nearest")
    mean, std, skewness, kurtosis = moments(x)
    p = np.percentile(x, PERCENTILES, axis=1)
    t = np.arange(x.shape[1]) - (x.shape[1] - 1) / 2
    static = [mean, std, skewness, kurtosis, *p, p[6] - p[0], p[5] - p[1], p[4] - p[2],
              x @ t / (t @ t)]
    _, std, skewness, kurtosis = moments(delta)
    return np.concatenate([*static, std, *np.percentile(delta, [10, 50, 90], axis=1), skewness,
                           kurtosis])


def report(what, audio, seconds):
    print(f"{what + ':':24} {seconds:7.2f} s, {audio / seconds:6.1f} x real time")


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("manifest", type=Path)
    args.add_argument("out")
    args.add_argument("--limit", type=int)
    args = args.parse_args()
    imported = time.perf_counter()

    manifest = pd.read_csv(args.manifest, dtype=str).head(args.limit)
    audio, rows = 0.0, []
    for number, file in enumerate(manifest["file"]):
        y, sr = soundfile.read(args.manifest.parent / file, dtype="float32")
        assert sr == SR and y.ndim == 1, f"{file}: not 16 kHz mono"
        rows.append(functionals(contours(y)))
        audio += len(y) / SR
        if number == 0:
            first, first_audio = time.perf_counter(), audio

    features = np.array(rows, dtype=np.float32)
    table = pa.table({**{c: manifest[c].tolist() for c in manifest.columns},
                      **{n: features[:, i] for i, n in enumerate(NAMES)}})
    table = table.replace_schema_metadata({"sentire.features": json.dumps(NAMES)})
    pq.write_table(table, args.out, compression="zstd")

    done = time.perf_counter()
    print(f"{len(rows)} files, {len(NAMES)} features, {audio:.1f} s of audio")
    report("whole run", audio, done - STARTED)
    report("without imports", audio, done - imported)
    if len(rows) > 1:
        report("also without first file", audio - first_audio, done - first)


if __name__ == "__main__":
    main()
