"""Speed peer and value check of sentire's set `rich`: the same features by librosa and Praat.

    python librosa_rich.py MANIFEST.csv OUT.parquet [--limit N]

Reads the files of the manifest (column file, relative to the manifest's folder; 16 kHz, mono),
computes 95 contours per clip and 1822 features in one process and one thread, and writes a table:
the manifest's columns, then the features, named and ordered as `sentire extract` does. Prints the
seconds of audio and how many times faster than real time it ran.

Pitch, periods, jitter, shimmer and formants are Praat's, through parselmouth, on frames at the
same times as sentire's. Voicing and harmonics-to-noise ratio are taken from Praat's candidates for
the pitch, as the definition has it: `to_harmonicity_cc` takes 3.6 times as long.
Praat looks for pitch on as many threads as it finds cores: `taskset -c 0` keeps it to one.
The cepstral peak, pauses and syllables are numpy, everything else is librosa.
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
import parselmouth
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.signal  # librosa imports these late
import soundfile
from parselmouth.praat import call

SR = 16000
N_FFT, WIN, HOP = 512, 400, 160
PITCH_WIN = 800  # three periods of 60 Hz, and the frame of a formant: 50 ms
HOP_S = HOP / SR
FREQUENCIES = librosa.fft_frequencies(sr=SR, n_fft=N_FFT)[:, None]

ENERGY = ["rms", "log_energy_db", "zcr"]
PITCH = ["f0_hz", "f0_semitone", "voicing", "hnr_db"]
VOICE = (["jitter", "shimmer", "cpp_db"] + [f"f{n}_hz" for n in range(1, 5)]
         + [f"f{n}_bandwidth_hz" for n in range(1, 5)])
MFCC = [f"mfcc_{i}" for i in range(20)]
LOG_MEL = [f"log_mel_{i}_db" for i in range(26)]
SHAPE = ["spectral_centroid_hz", "spectral_bandwidth_hz", "spectral_rolloff_25_hz",
         "spectral_rolloff_50_hz", "spectral_rolloff_75_hz", "spectral_rolloff_90_hz",
         "spectral_flatness", "spectral_flux", "spectral_entropy", "spectral_slope_db_per_khz",
         "spectral_skewness", "spectral_kurtosis"]
CONTRAST = [f"spectral_contrast_{i}_db" for i in range(7)]
CHROMA = [f"chroma_{c}" for c in ("c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b")]

CONTOURS = ENERGY + PITCH + VOICE + MFCC + LOG_MEL + SHAPE + CONTRAST + CHROMA


def rows_of(names):
    return np.array([CONTOURS.index(name) for name in names])


DETAILED = rows_of(ENERGY + PITCH + MFCC + LOG_MEL + SHAPE)
PLAIN = rows_of(VOICE)  # of these mean and deviation alone,
COARSE = rows_of(CONTRAST + CHROMA)  # of these that of the delta also
IN_VOICE, IS_SHAPE = rows_of(ENERGY + ["hnr_db"] + MFCC + SHAPE), rows_of(["hnr_db"] + SHAPE)

STATIC = ["mean", "std", "skewness", "kurtosis", "p1", "p10", "p25", "p50", "p75", "p90", "p99",
          "range_1_99", "range_10_90", "range_25_75", "slope_per_s"]
DELTA = ["mean", "std", "skewness", "kurtosis", "p10", "p50", "p90"]
STATISTICS = (STATIC + [f"delta_{s}" for s in DELTA] + [f"voiced_{s}" for s in STATIC]
              + ["delta_voiced_mean_abs", "delta_voiced_std"])
OF_X, OF_DELTA, OF_VOICED, OF_VOICED_DELTA = (
    slice(0, 15), slice(15, 22), slice(22, 37), slice(37, 39))
BRIEF, BRIEF_DELTA = slice(0, 2), slice(15, 17)
MEASURES = ["jitter_local", "jitter_rap", "jitter_ppq5",
            "shimmer_local", "shimmer_apq3", "shimmer_apq5", "shimmer_apq11"]
SEGMENTS = ["ratio", "segments_per_s", "length_mean_s", "length_std_s", "length_max_s"]
SYLLABLES = ["per_s", "per_phonation_s", "interval_mean_s", "interval_std_s", "interval_npvi"]

# Which statistics each contour has.
WANTED = np.zeros((len(CONTOURS), len(STATISTICS)), dtype=bool)
for rows, columns in [
    (DETAILED, OF_X), (DETAILED, OF_DELTA), (IS_SHAPE, OF_VOICED), (IN_VOICE, OF_VOICED_DELTA),
    (PLAIN, BRIEF), (COARSE, BRIEF), (COARSE, BRIEF_DELTA),
]:
    WANTED[rows, columns] = True
NAMES = ([f"{CONTOURS[c]}_{STATISTICS[s]}" for c, s in np.argwhere(WANTED)] + MEASURES
         + [f"{what}_{s}" for what in ("voiced", "pause", "inner_pause") for s in SEGMENTS]
         + [f"syllable_{s}" for s in SYLLABLES])

# Praat's limits of a period in seconds, and of the ratio of successive periods and amplitudes.
PERIODS, PERIOD_RATIO, AMPLITUDE_RATIO = (0.0001, 0.02), 1.3, 1.6
JITTER_ARGS = [0, 0, *PERIODS, PERIOD_RATIO]


def praat_sound(y):
    """y with zeros around it, so that Praat's frames of 50 ms lie at multiples of the hop."""
    before = PITCH_WIN // 2 + 1  # one more on each side, or rounding might cost a frame
    padded = np.zeros(len(y) // HOP * HOP + 2 * before)
    padded[before:before + len(y)] = y
    return parselmouth.Sound(padded, SR, start_time=-before / SR)


def pitch(sound):
    """The contours PITCH, and Praat's Pitch."""
    def track(threshold, ceiling):
        return sound.to_pitch_ac(
            HOP_S, 60.0, 15, False, 0.03, threshold, 0.01, 0.35, 0.14, ceiling)

    found = track(0.45, 500.0)
    assert abs(found.x1) < 1e-9, found.x1
    f0 = found.selected_array["frequency"]
    f0[f0 == 0] = np.nan
    candidates = track(0.0, 8000.0).to_array()
    audible = candidates["frequency"] > 0
    in_pitch = audible & (candidates["frequency"] <= 500)
    r = np.where(in_pitch, candidates["strength"], 0).max(axis=0)
    periodicity = np.where(audible, candidates["strength"], 0).max(axis=0)
    silent = [found.get_frame(i + 1).intensity < 0.1 for i in range(len(f0))]
    bounded = periodicity.clip(0.001, 0.999999)
    hnr_db = np.where(silent | (periodicity == 0), np.nan, 10 * np.log10(bounded / (1 - bounded)))
    return [f0, 12 * np.log2(f0 / 27.5), r, hnr_db], found


def perturbation(times, values, follows, frames):
    """|b - a| over the mean of a and b, of successive values within 25 ms of each frame."""
    a, b = values[:-1][follows], values[1:][follows]
    middle = ((times[:-1] + times[1:]) / 2)[follows]
    first = np.ceil((middle - 0.025) / HOP_S).astype(int).clip(0)
    behind = np.floor((middle + 0.025) / HOP_S).astype(int).clip(-1, frames - 1) + 1
    sums = np.zeros((2, frames + 1))
    for sum_, x in zip(sums, (np.abs(b - a), (a + b) / 2)):
        np.add.at(sum_, first, x)
        np.add.at(sum_, behind, -x)
    counts = np.zeros(frames + 1)
    np.add.at(counts, first, 1)
    np.add.at(counts, behind, -1)
    difference, mean = sums.cumsum(axis=1)[:, :-1]
    return np.where(counts.cumsum()[:-1] > 0, difference / mean, np.nan)


def voice(sound, found, frames):
    """The contours jitter and shimmer, and the values MEASURES of the whole clip."""
    pulses = call([sound, found], "To PointProcess (cc)")
    if call(pulses, "Get number of points") < 3:
        return np.full((2, frames), np.nan), [np.nan] * len(MEASURES)
    times = call(pulses, "To Matrix").values[0]
    periods = np.diff(times)
    fits = (periods >= PERIODS[0]) & (periods <= PERIODS[1])
    follows = fits[:-1] & fits[1:] & similar(periods, PERIOD_RATIO)
    jitter = perturbation((times[:-1] + times[1:]) / 2, periods, follows, frames)

    tier = call([sound, pulses], "To AmplitudeTier (period)", *JITTER_ARGS)
    shimmer = np.full(frames, np.nan)
    if call(tier, "Get number of points") > 1:
        times, amplitudes = call(call(tier, "Down to TableOfReal"), "To Matrix").values.T
        follows = (np.diff(times) <= PERIODS[1]) & similar(amplitudes, AMPLITUDE_RATIO)
        shimmer = perturbation(times, amplitudes, follows, frames)

    measures = []
    for name in MEASURES:
        kind, variant = name.split("_")
        what, args = ((pulses, JITTER_ARGS) if kind == "jitter"
                      else ([sound, pulses], [*JITTER_ARGS, AMPLITUDE_RATIO]))
        measures.append(call(what, f"Get {kind} ({variant})", *args))
    return [jitter, shimmer], measures


def similar(x, ratio):
    """Whether of each two neighbours the larger is at most `ratio` times the smaller."""
    return np.maximum(x[:-1], x[1:]) <= ratio * np.minimum(x[:-1], x[1:])


def formants(sound, f0):
    """Frequencies and bandwidths of formants 1 to 4 on voiced frames."""
    found = sound.to_formant_burg(HOP_S, 5, 5500.0, 0.025, 50.0)
    out = np.full((8, len(f0)), np.nan)
    for i in np.flatnonzero(~np.isnan(f0)):
        t = found.frame_number_to_time(i + 1)
        out[:4, i] = [found.get_value_at_time(n, t) for n in range(1, 5)]
        out[4:, i] = [found.get_bandwidth_at_time(n, t) for n in range(1, 5)]
    return out


def cepstral_peak(y, f0):
    """Cepstral peak prominence in dB (Hillenbrand & Houde 1996) on voiced frames."""
    voiced = np.flatnonzero(~np.isnan(f0))
    out = np.full(len(f0), np.nan)
    if len(voiced) == 0:
        return out
    frames = librosa.util.frame(np.pad(y, PITCH_WIN // 2), frame_length=PITCH_WIN, hop_length=HOP)
    window = scipy.signal.get_window("hann", PITCH_WIN)[:, None]
    power = np.abs(np.fft.rfft(frames[:, voiced] * window, 1024, axis=0)) ** 2
    band = 1024 * 5000 // SR  # in bins
    step = SR / 2 / 5000 / SR  # of quefrency, in seconds
    cepstrum = np.abs(np.fft.irfft(10 * np.log10(np.maximum(power[:band + 1], 1e-20)), axis=0))
    # The average over 5 values, at the ends over as many of them as there are.
    kernel = np.ones(5)
    sums = scipy.signal.oaconvolve(cepstrum[:band], kernel[:, None], mode="same", axes=0)
    level = 20 * np.log10(sums / np.convolve(np.ones(band), kernel, mode="same")[:, None])
    low, high = round(1 / 500 / step), round(1 / 60 / step)
    peak = low + level[low:high + 1].argmax(axis=0)
    from_ = round(0.001 / step)  # the trend's line
    slope, offset = np.polyfit(np.arange(from_, band), level[from_:], 1)
    out[voiced] = level[peak, np.arange(len(peak))] - (slope * peak + offset)
    return out


def contours(y):
    """The contours of one clip in the order of CONTOURS, and the values MEASURES."""
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
    sound = praat_sound(y)
    pitches, found = pitch(sound)
    perturbations, measures = voice(sound, found, len(rms))
    return np.vstack([
        rms,
        20 * np.log10(np.maximum(rms, 1e-6)),
        librosa.feature.zero_crossing_rate(y, frame_length=WIN, hop_length=HOP),
        *pitches,
        *np.where(np.isnan(pitches[0]), np.nan, perturbations),
        cepstral_peak(y, pitches[0]),
        formants(sound, pitches[0]),
        librosa.feature.mfcc(S=log_mel, sr=SR, n_mfcc=20),
        log_mel,
        shape,
        librosa.feature.spectral_contrast(S=S, sr=SR, n_bands=6, fmin=200),
        chroma,
    ]), measures


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


def syllables(level, voiced, pauses_s):
    """The statistics SYLLABLES of voiced peaks of the level with dips of 2 dB between them."""
    weights = np.ones(7)
    level = np.convolve(level, weights, "same") / np.convolve(np.ones(len(level)), weights, "same")
    least = np.percentile(level, 99) - 25
    peaks, peak, valley = [], 0, None
    for t, db in enumerate(level):
        if valley is None:
            if db > level[peak]:
                peak = t
            elif db <= level[peak] - 2:
                peaks.append(peak)
                valley = db
        else:
            valley = min(valley, db)
            if db >= valley + 2:
                peak, valley = t, None
    if valley is None:
        peaks.append(peak)
    nuclei = np.array([p for p in peaks if level[p] >= least and voiced[p]], dtype=int)
    seconds = len(level) * HOP_S
    intervals = np.diff(nuclei) * HOP_S
    npvi = 2 * np.abs(np.diff(intervals)) / (intervals[:-1] + intervals[1:])
    return [len(nuclei) / seconds, len(nuclei) / (seconds - pauses_s),
            *([intervals.mean(), intervals.std()] if len(intervals) else [np.nan] * 2),
            npvi.mean() if len(npvi) else np.nan]


def functionals(x, measures):
    """All features of one clip, in the order of NAMES."""
    delta = librosa.feature.delta(x, width=5, mode="nearest")
    voiced = ~np.isnan(x[CONTOURS.index("f0_hz")])
    out = np.empty(WANTED.shape)
    out[DETAILED, OF_X] = statistics(static, x[DETAILED])
    out[DETAILED, OF_DELTA] = statistics(of_delta, delta[DETAILED])
    out[PLAIN, BRIEF] = statistics(brief, x[PLAIN])
    out[COARSE, BRIEF] = statistics(brief, x[COARSE])
    out[COARSE, BRIEF_DELTA] = statistics(brief, delta[COARSE])
    out[IS_SHAPE, OF_VOICED] = statistics(static, np.where(voiced, x[IS_SHAPE], np.nan))
    out[IN_VOICE, OF_VOICED_DELTA] = statistics(
        of_voiced_delta, np.where(voiced, delta[IN_VOICE], np.nan))
    level = x[CONTOURS.index("log_energy_db")]
    pause = (level < np.percentile(level, 95) - 25) | (level <= -120)
    sound = np.flatnonzero(~pause)
    pauses = segments(pause, 10)
    inner_pauses = segments(pause[sound[0]:sound[-1] + 1], 10)
    pauses_s = pauses[0] * len(level) * HOP_S
    return np.concatenate([out[WANTED], measures, segments(voiced, 3), pauses, inner_pauses,
                           syllables(level, voiced, pauses_s)])


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
        rows.append(functionals(*contours(y)))
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
