"""Speed peer and value check of sentire's set `rich`: the same features by librosa and numpy.

    python librosa_rich.py MANIFEST.csv OUT.parquet [--limit N]

Reads the files of the manifest (column file, relative to the manifest's folder; 16 kHz, mono),
computes 84 contours per clip and 1766 features of them in one process and one thread, and writes
a table: the manifest's columns, then the features, named and ordered as `sentire extract` does.
Prints the seconds of audio and how many times faster than real time it ran.

F0 is by librosa.yin (librosa.pyin takes many times longer) and a frame is voiced if it is loud
enough and repeats itself after the period found. So what depends on pitch (columns with f0_,
voicing, hnr_db or voiced in the name) differs from sentire; everything else is to agree.
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
N_FFT, WIN, PITCH_WIN, HOP = 512, 400, 1024, 160
HOP_S = HOP / SR
FREQUENCIES = librosa.fft_frequencies(sr=SR, n_fft=N_FFT)[:, None]

ENERGY = ["rms", "log_energy_db", "zcr"]
PITCH = ["f0_hz", "f0_semitone", "voicing", "hnr_db"]
MFCC = [f"mfcc_{i}" for i in range(20)]
LOG_MEL = [f"log_mel_{i}_db" for i in range(26)]
SHAPE = ["spectral_centroid_hz", "spectral_bandwidth_hz", "spectral_rolloff_25_hz",
         "spectral_rolloff_50_hz", "spectral_rolloff_75_hz", "spectral_rolloff_90_hz",
         "spectral_flatness", "spectral_flux", "spectral_entropy", "spectral_slope_db_per_khz",
         "spectral_skewness", "spectral_kurtosis"]
CONTRAST = [f"spectral_contrast_{i}_db" for i in range(7)]
CHROMA = [f"chroma_{c}" for c in ("c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b")]

CONTOURS = ENERGY + PITCH + MFCC + LOG_MEL + SHAPE + CONTRAST + CHROMA
DETAILED = len(CONTOURS) - len(CONTRAST) - len(CHROMA)  # of the others mean and deviation alone
IN_VOICE = [CONTOURS.index(c) for c in ENERGY + MFCC + SHAPE]
IS_SHAPE = slice(CONTOURS.index(SHAPE[0]), DETAILED)

STATIC = ["mean", "std", "skewness", "kurtosis", "p1", "p10", "p25", "p50", "p75", "p90", "p99",
          "range_1_99", "range_10_90", "range_25_75", "slope_per_s"]
DELTA = ["mean", "std", "skewness", "kurtosis", "p10", "p50", "p90"]
STATISTICS = (STATIC + [f"delta_{s}" for s in DELTA] + [f"voiced_{s}" for s in STATIC]
              + ["delta_voiced_mean_abs", "delta_voiced_std"])
OF_X, OF_DELTA, OF_VOICED, OF_VOICED_DELTA = (
    slice(0, 15), slice(15, 22), slice(22, 37), slice(37, 39))
BRIEF, BRIEF_DELTA = slice(0, 2), slice(15, 17)
SEGMENTS = ["ratio", "segments_per_s", "length_mean_s", "length_std_s", "length_max_s"]

# Which statistics each contour has.
WANTED = np.zeros((len(CONTOURS), len(STATISTICS)), dtype=bool)
WANTED[:DETAILED, OF_X] = WANTED[:DETAILED, OF_DELTA] = True
WANTED[DETAILED:, BRIEF] = WANTED[DETAILED:, BRIEF_DELTA] = True
WANTED[IS_SHAPE, OF_VOICED] = True
WANTED[IN_VOICE, OF_VOICED_DELTA] = True
NAMES = ([f"{CONTOURS[c]}_{STATISTICS[s]}" for c, s in np.argwhere(WANTED)]
         + [f"{what}_{s}" for what in ("voiced", "pause") for s in SEGMENTS])


def pitch(y, rms):
    """The contours PITCH: F0 by YIN, the others from the autocorrelation at its period."""
    f0 = librosa.yin(y, fmin=60, fmax=500, sr=SR, frame_length=PITCH_WIN, hop_length=HOP)
    lag = np.rint(SR / f0).astype(int)
    first = np.arange(len(f0))[:, None] * HOP + np.arange(PITCH_WIN - SR // 60 - 1)
    padded = np.pad(y, PITCH_WIN // 2)
    head, tail = padded[first], padded[first + lag[:, None]]
    energy = (head**2).sum(axis=1) * (tail**2).sum(axis=1)
    r = np.where(energy > 0, (head * tail).sum(axis=1) / np.sqrt(energy), 0).clip(0, 1)
    voiced = (r > 0.45) & (rms > rms.max() * 10 ** (-30 / 20))

    bounded = r.clip(0.001, 0.999999)
    hnr_db = np.where(voiced, 10 * np.log10(bounded / (1 - bounded)), np.nan)
    f0 = np.where(voiced, f0, np.nan)
    return [f0, 12 * np.log2(f0 / 27.5), r, hnr_db]


def contours(y):
    """The contours of one clip in the order of CONTOURS: an array (contours, frames)."""
    S = np.abs(librosa.stft(y, n_fft=N_FFT, win_length=WIN, hop_length=HOP, window="hann",
                            center=True, pad_mode="constant"))
    power = S**2
    rms = librosa.feature.rms(y=y, frame_length=WIN, hop_length=HOP)[0]
    log_mel = librosa.power_to_db(librosa.feature.melspectrogram(
        S=power, sr=SR, n_fft=N_FFT, n_mels=26, fmin=0, fmax=8000))
    centroid = librosa.feature.spectral_centroid(S=S, sr=SR)
    bandwidth = librosa.feature.spectral_bandwidth(S=S, sr=SR, centroid=centroid)[0]

    # The spectrum of each frame as a vector of unit length, as a distribution over frequency
    # by magnitude and by power, and as levels. Undefined (0 / 0) on digital silence.
    total = power.sum(axis=0)
    unit = S / np.sqrt(total)
    flux = np.sqrt((np.diff(unit, axis=1, prepend=np.nan) ** 2).sum(axis=0))
    share = S / S.sum(axis=0)
    away = FREQUENCIES - centroid
    cubed = away * away * away * share  # powers above the square are slow in numpy
    skewness = cubed.sum(axis=0) / bandwidth**3
    kurtosis = (cubed * away).sum(axis=0) / bandwidth**4
    density = power / total
    entropy = -(density * np.log(density + 1e-12)).sum(axis=0) / np.log(len(density))
    level = librosa.power_to_db(power, top_db=None)
    khz = (FREQUENCIES - FREQUENCIES.mean()) / 1000
    slope = (khz * level).sum(axis=0) / (khz**2).sum()

    rolloff = [librosa.feature.spectral_rolloff(S=S, sr=SR, roll_percent=p)
               for p in (0.25, 0.5, 0.75, 0.9)]
    shape = np.vstack([centroid, bandwidth, *rolloff, librosa.feature.spectral_flatness(S=S),
                       flux, entropy, slope, skewness, kurtosis])
    chroma = librosa.feature.chroma_stft(S=power, sr=SR, tuning=0.0)
    shape[:, total == 0] = chroma[:, total == 0] = np.nan
    return np.vstack([
        rms,
        20 * np.log10(np.maximum(rms, 1e-6)),
        librosa.feature.zero_crossing_rate(y, frame_length=WIN, hop_length=HOP),
        *pitch(y, rms),
        librosa.feature.mfcc(S=log_mel, sr=SR, n_mfcc=20),
        log_mel,
        shape,
        librosa.feature.spectral_contrast(S=S, sr=SR, n_bands=6, fmin=200),
        chroma,
    ])


def moments(x):
    """Mean, deviation, skewness and excess kurtosis of every row."""
    mean = x.mean(axis=1)
    away = x - mean[:, None]
    square = away**2
    variance = square.mean(axis=1)
    std = np.sqrt(variance)
    skewness = (square * away).mean(axis=1) / (variance * std)
    kurtosis = (square**2).mean(axis=1) / variance**2 - 3
    constant = std <= np.finfo(np.float32).eps * np.abs(mean)
    return mean, std, np.where(constant, np.nan, skewness), np.where(constant, np.nan, kurtosis)


# Statistics of each row of x, whose values lie at the times t.

def static(x, t):
    p = np.percentile(x, [1, 10, 25, 50, 75, 90, 99], axis=1)
    t = t - t.mean()
    return [*moments(x), *p, p[6] - p[0], p[5] - p[1], p[4] - p[2], x @ t / (t @ t)]


def of_delta(x, _):
    return [*moments(x), *np.percentile(x, [10, 50, 90], axis=1)]


def of_voiced_delta(x, _):
    return [np.abs(x).mean(axis=1), x.std(axis=1)]


def brief(x, _):
    return [x.mean(axis=1), x.std(axis=1)]


def statistics(function, x):
    """function of all rows of x, NaN left out; rows that lack the same frames go together."""
    groups = {}
    for row, present in enumerate(~np.isnan(x)):
        groups.setdefault(present.tobytes(), (present, []))[1].append(row)
    columns = {static: 15, of_delta: 7, of_voiced_delta: 2, brief: 2}[function]
    out = np.full((len(x), columns), np.nan)
    for present, rows in groups.values():
        if present.any():
            t = np.flatnonzero(present) * HOP_S
            out[rows] = np.transpose(function(x[rows][:, present], t))
    return out


def segments(holds, shortest):
    """The statistics SEGMENTS of the runs of at least `shortest` frames for which `holds`."""
    ends = np.flatnonzero(np.diff(holds, prepend=False, append=False))
    lengths = ends[1::2] - ends[::2]
    lengths = lengths[lengths >= shortest] * HOP_S
    seconds = len(holds) * HOP_S
    some = [lengths.mean(), lengths.std(), lengths.max()] if len(lengths) else [np.nan] * 3
    return [lengths.sum() / seconds, len(lengths) / seconds, *some]


def functionals(x):
    """All features of one clip, in the order of NAMES."""
    delta = librosa.feature.delta(x, width=5, mode="nearest")
    voiced = ~np.isnan(x[CONTOURS.index("f0_hz")])
    out = np.empty(WANTED.shape)
    out[:DETAILED, OF_X] = statistics(static, x[:DETAILED])
    out[:DETAILED, OF_DELTA] = statistics(of_delta, delta[:DETAILED])
    out[DETAILED:, BRIEF] = statistics(brief, x[DETAILED:])
    out[DETAILED:, BRIEF_DELTA] = statistics(brief, delta[DETAILED:])
    out[IS_SHAPE, OF_VOICED] = statistics(static, np.where(voiced, x[IS_SHAPE], np.nan))
    out[IN_VOICE, OF_VOICED_DELTA] = statistics(
        of_voiced_delta, np.where(voiced, delta[IN_VOICE], np.nan))
    level = x[CONTOURS.index("log_energy_db")]
    pause = level < np.percentile(level, 95) - 25
    return np.concatenate([out[WANTED], segments(voiced, 3), segments(pause, 10)])


def report(what, audio, seconds):
    print(f"{what + ':':24} {seconds:7.2f} s, {audio / seconds:6.1f} x real time")


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("manifest", type=Path)
    args.add_argument("out")
    args.add_argument("--limit", type=int)
    args = args.parse_args()
    imported = time.perf_counter()
    np.seterr(divide="ignore", invalid="ignore")  # what is undefined is NaN

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
    report("also without first file", audio - first_audio, done - first)


if __name__ == "__main__":
    main()
