#!/usr/bin/env python3
"""How much speech voice activity detectors miss and invent in calls whose turns are known.

    voice_activity.py CALLS [TURNS.parquet]

CALLS has two-channel WAV files and truth.csv (call, channel, start, end in seconds); TURNS is what `sentire extract CALLS --channel each
--segment speech` writes. Prints a line for each detector: the share of 10 ms frames of speech that it misses, and frames that it
invents over frames of speech. All detectors get the same post-processing: pauses under .5 s belong to a turn, what is shorter
than .3 s is none. Needs numpy, pandas, pyarrow, soundfile, webrtcvad 2.0.10, silero-vad 6.2.3.
"""
import glob
import os
import sys

import numpy as np
import pandas as pd
import soundfile as sf

FRAMES = 100


def turns(stretches, gap=0.5, shortest=0.3):
    joined = []
    for start, end in stretches:
        if joined and start - joined[-1][1] < gap:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return [(start, end) for start, end in joined if end - start >= shortest]


def runs(on, step):
    edges = np.diff(np.r_[0, np.asarray(on, int), 0])
    return [(a * step, b * step) for a, b in zip(np.where(edges == 1)[0], np.where(edges == -1)[0])]


def gate(x, rate):
    n = rate // FRAMES
    level = 10 * np.log10(np.mean(x[: len(x) // n * n].reshape(-1, n) ** 2, 1) + 1e-12)
    return runs(level > np.percentile(level, 99) - 30, 1 / FRAMES)


def webrtc(mode):
    import webrtcvad

    def detect(x, rate):
        detector = webrtcvad.Vad(mode)
        samples = (np.clip(x, -1, 1) * 32767).astype("<i2")
        n = rate * 3 // FRAMES
        on = [detector.is_speech(samples[i : i + n].tobytes(), rate) for i in range(0, len(samples) - n + 1, n)]
        return runs(on, 3 / FRAMES)

    return detect


def silero():
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad

    model = load_silero_vad()

    def detect(x, rate):
        model.reset_states()
        found = get_speech_timestamps(torch.tensor(x, dtype=torch.float32), model, sampling_rate=rate)
        return [(turn["start"] / rate, turn["end"] / rate) for turn in found]

    return detect


def errors(truth, found):
    missed = invented = speech = 0
    for (call, channel), of_call in truth.groupby(["call", "channel"]):
        own = found.get((call, channel), [])
        n = int(FRAMES * max([of_call.end.max(), *(end for _, end in own)])) + 2
        is_speech, is_found = np.zeros(n, bool), np.zeros(n, bool)
        for turn in of_call.itertuples():
            is_speech[int(FRAMES * turn.start) : int(FRAMES * turn.end)] = True
        for start, end in own:
            is_found[int(FRAMES * start) : int(FRAMES * end)] = True
        missed += (is_speech & ~is_found).sum()
        invented += (is_found & ~is_speech).sum()
        speech += is_speech.sum()
    return missed / speech, invented / speech


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def main():
    calls = sys.argv[1]
    wavs = sorted(glob.glob(os.path.join(calls, "*.wav")))
    truth = pd.read_csv(os.path.join(calls, "truth.csv"))
    truth = truth[truth.call.isin({stem(path) for path in wavs})]
    detectors = {"energy gate, 30 dB below the loud parts": gate}
    detectors |= {f"webrtcvad, mode {mode}": webrtc(mode) for mode in (1, 3)}
    detectors["silero-vad"] = silero()
    for name, detect in detectors.items():
        found = {}
        for path in wavs:
            x, rate = sf.read(path, always_2d=True)
            for channel in range(x.shape[1]):
                found[stem(path), channel] = turns(detect(x[:, channel], rate))
        print(f"{name}: missed %.3f, invented %.3f" % errors(truth, found))
    if len(sys.argv) > 2:
        found = {}
        for turn in pd.read_parquet(sys.argv[2], columns=["file", "channel", "start", "end"]).itertuples():
            found.setdefault((stem(turn.file), turn.channel), []).append((turn.start, turn.end))
        print("sentire: missed %.3f, invented %.3f" % errors(truth, found))


main()
