"""openSMILE's eGeMAPSv02 on clips of the demo corpus and on made signals -> opensmile.json.

Usage: python opensmile_values.py [DEMO_DIR] > opensmile.json
"""

import json
import math
import sys
import warnings

import numpy as np
import opensmile
import soundfile

DEMO = sys.argv[1] if len(sys.argv) > 1 else "../../corpora/demo"
CLIPS = [
    f"{voice}_{emotion}_s{1 + (4 * v + e) % 4}.flac"
    for v, voice in enumerate(["f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4"])
    for e, emotion in enumerate(["angry", "happy", "neutral", "sad"])
]
CONTOURS = ["f1_angry_s1.flac", "m2_sad_s4.flac"]


def noise(n):
    """Numbers between -1 and 1, by a linear congruential generator."""
    state, numbers = 1, []
    for _ in range(n):
        state = (1103515245 * state + 12345) % 2**31
        numbers.append(math.floor(state / 65536) / 16384 - 1)
    return numbers


def test_signal(rate):
    """1.5 s: two gliding tones with harmonics and tremolo in faint noise (section 16.1)."""
    n = rate * 3 // 2
    samples = []
    for i, w in enumerate(noise(n)):
        t = i / rate
        k = 1 if 0.1 <= t < 0.7 else 4 / 3 if 0.95 <= t < 1.4 else 0
        v = 0.002 * w
        if k:
            phi = k * (2 * math.pi * 150 * t + 10 / 3 * (1 - math.cos(6 * math.pi * t)))
            tone = math.sin(phi) + math.sin(2 * phi) / 2 + math.sin(3 * phi) / 3
            v += 0.25 * (1 + 0.3 * math.sin(8 * math.pi * t)) * tone
        samples.append(math.floor(32767 * v + 0.5))
    return samples


def signals():
    """Name, sample rate, samples of 16 bits."""
    for rate in [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000]:
        yield f"test at {rate} Hz", rate, test_signal(rate)
    yield "silence", 16000, [0] * 16000
    yield "constant", 16000, [1000] * 16000
    yield "noise", 16000, [math.floor(10000 * w + 0.5) for w in noise(16000)]
    yield "clipped square", 16000, [32767 if i // 40 % 2 == 0 else -32768 for i in range(16000)]
    yield "one impulse", 16000, [1 if i == 8000 else 0 for i in range(16000)]
    test = test_signal(16000)
    for ms in [59, 60, 65, 70, 80, 90, 100, 150]:
        yield f"{ms} ms", 16000, test[3200 : 3200 + 16 * ms]


def compute(level, samples, rate):
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, level)
    with warnings.catch_warnings():
        # Too short for a frame: values are NaN.
        warnings.simplefilter("ignore")
        return smile.process_signal(np.asarray(samples, dtype="float32"), rate)


def numbers(row):
    return [None if math.isnan(x) else float(f"{x:.8g}") for x in row]


def main():
    functionals = opensmile.FeatureLevel.Functionals
    llds = opensmile.FeatureLevel.LowLevelDescriptors
    clips = {}
    for clip in CLIPS:
        samples, rate = soundfile.read(f"{DEMO}/{clip}", dtype="float32")
        clips[clip] = numbers(compute(functionals, samples, rate).iloc[0])
    contours = {}
    for clip in CONTOURS:
        samples, rate = soundfile.read(f"{DEMO}/{clip}", dtype="float32")
        table = compute(llds, samples, rate)
        start, end = (table.index.get_level_values(k).total_seconds() for k in ("start", "end"))
        contours[clip] = {
            "end": [round(float(x), 6) for x in end],
            "start": [round(float(x), 6) for x in start],
            "frames": [numbers(row) for row in table.to_numpy(float)],
        }
    made = [
        {
            "name": name,
            "rate": rate,
            "sum_of_squares": sum(s * s for s in samples),
            "values": numbers(compute(functionals, [s / 32768 for s in samples], rate).iloc[0]),
        }
        for name, rate, samples in signals()
    ]
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, functionals)
    smile_lld = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, llds)
    reference = {
        "made_by": f"openSMILE 3, Python package opensmile {opensmile.__version__}, eGeMAPSv02, by opensmile_values.py",
        "features": smile.feature_names,
        "descriptors": smile_lld.feature_names,
        "clips": clips,
        "contours": contours,
        "signals": made,
    }
    # A line for each clip, signal and frame.
    text = json.dumps(reference, indent=0)
    for before, after in [(",\n-", ",-"), (",\nnull", ",null")] + [(f",\n{d}", f",{d}") for d in "0123456789"]:
        text = text.replace(before, after)
    print(text)


if __name__ == "__main__":
    main()
