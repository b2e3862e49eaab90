#!/usr/bin/env python3
"""Make the demo corpus: 8 synthetic speakers x 4 emotions x 4 sentences.

    python3 make.py            # writes *.flac and manifest.csv beside this file
    python3 make.py OUT_DIR    # writes them somewhere else

Each clip is spoken by espeak-ng from SSML, shaped by sox (resampling, spectral
tilt and peak, tremolo), then trimmed, set to a level, given faint noise with
dither, and packed by flac. "Emotion" is nothing but the rules in EMOTIONS below.

Everything random comes from a generator seeded with SEED and the clip's name,
so the same tool versions give the same bytes. The committed files were made by
    espeak-ng 1.51 (Debian 1.51+dfsg-10+deb12u2)
    sox 14.4.2     (Debian 14.4.2+git20190427-3.5)
    flac 1.4.2     (Debian 1.4.2+ds-2)
    Python 3.11, standard library only, on x86-64.
Other versions make a corpus of the same kind, but not the same bytes.
"""
import csv, math, pathlib, random, subprocess, sys, tempfile
from array import array

SEED = 1
RATE = 16000
NOISE_DBFS = -60.0   # rms of the added noise
SPEECH_DBFS = -25.0  # rms of neutral speech before the speaker's and clip's offsets

# voice, then factors on its pitch, pitch range and rate, then level and tilt in dB.
# (Not en-gb: espeak-ng 1.51 silently ignores the variant in "en-gb+f2".)
SPEAKERS = {
    "f1": ("en-us+f1", 1.02, 1.10, 1.00, 0.0, 0.0),
    "f2": ("en-gb-x-rp+f2", 1.08, 0.90, 1.08, 1.0, 0.7),
    "f3": ("en-us+f3", 1.15, 0.85, 0.98, -1.5, -0.8),
    "f4": ("en-gb-x-rp+f4", 1.00, 1.10, 1.02, -0.5, 0.3),
    "m1": ("en-us+m1", 1.02, 1.00, 1.02, 0.5, -0.3),
    "m2": ("en-gb-x-rp+m4", 1.15, 1.10, 0.98, -1.0, 0.5),
    "m3": ("en-us+m3", 1.25, 1.00, 1.08, 1.5, -0.8),
    "m4": ("en-us+m6", 1.08, 0.90, 1.00, 0.0, 0.8),
}
# What an emotion changes in full strength. pitch, range, rate: factors; level: dB;
# tilt: treble shelf above 2 kHz, dB; smile: peak at 3.2 kHz, dB; gap: pause between
# words, 10 ms units; slope: pitch change over the sentence, factor from first to last
# word; accent: extra pitch on every second word; tremolo: depth in per cent.
KEYS = ("pitch", "range", "rate", "level", "tilt", "smile", "gap", "slope", "accent", "tremolo")
EMOTIONS = {
    "neutral": (1.00, 1.00, 1.00, 0.0, 0.0, 0.0, 0, 0.00, 0.00, 0),
    "happy":   (1.40, 1.60, 1.04, 2.0, 1.0, 10.0, 0, 0.14, 0.04, 0),
    "sad":     (0.88, 0.55, 0.85, -6.0, -8.0, 0.0, 3, -0.08, 0.00, 20),
    "angry":   (1.16, 1.35, 1.16, 7.0, 10.0, -3.0, 0, -0.06, 0.10, 0),
}
# Standard deviation of the clip-to-clip variation, in the same units
# (factors vary by this share of themselves).
SPREAD = dict(pitch=0.10, range=0.20, rate=0.05, level=2.0, tilt=2.0, smile=2.0,
              gap=0.5, slope=0.05, accent=0.03, tremolo=4)
STRENGTH = (0.7, 1.2)     # a clip acts its emotion this strongly (uniform)
WORD_JITTER = 0.03        # per-word pitch variation (share)

SENTENCES = {
    "s1": "The keys are in the drawer.",
    "s2": "The train leaves at seven.",
    "s3": "My coat is behind the door.",
    "s4": "They will be here on Friday.",
}


def prosody(rng, emotion):
    """The clip's own values: emotion x strength, plus random variation."""
    strength = rng.uniform(*STRENGTH)
    out = {}
    for key, full, plain in zip(KEYS, EMOTIONS[emotion], EMOTIONS["neutral"]):
        value = plain + strength * (full - plain)
        spread = SPREAD[key] * (value if key in ("pitch", "range", "rate") else 1.0)
        out[key] = value + rng.gauss(0.0, spread)
    return out


def ssml(rng, text, pitch, spread, p):
    """One <prosody> per word, so that the pitch can move inside the sentence."""
    words = text.split()
    spoken = []
    for i, word in enumerate(words):
        f = 1.0 + p["slope"] * (i / (len(words) - 1) - 0.5)
        f += p["accent"] * (i % 2) + rng.gauss(0.0, WORD_JITTER)
        spoken.append(f'<prosody pitch="{100 * pitch * f:.0f}%" range="{100 * spread:.0f}%">{word}</prosody>')
    return "<speak>" + " ".join(spoken) + "</speak>"


def speak(rng, speaker, p, text, tmp):
    """espeak-ng, then sox; returns float samples at RATE."""
    voice, pitch, spread, rate, _, tilt = SPEAKERS[speaker]
    pitch *= p["pitch"]
    # espeak-ng's range is in Hz: let it grow with the pitch.
    spread *= max(0.3, p["range"]) * (1.0 + 0.6 * (pitch - 1.0))
    wav = tmp / "speech.wav"
    subprocess.run(["espeak-ng", "-m", "-z", "-v", voice, "-a", "60",
                    "-s", str(round(204 * rate * p["rate"])),
                    "-g", str(max(0, round(p["gap"]))), "-w", str(wav),
                    ssml(rng, text, pitch, spread, p)], check=True)
    tilt += p["tilt"]
    effects = ["gain", "-12", "rate", "-h", str(RATE),
               "treble", f"{tilt:.2f}", "2000", "bass", f"{-tilt / 3:.2f}", "300",
               "equalizer", "3200", "1.2q", f"{p['smile']:.2f}"]
    if p["tremolo"] >= 3:
        effects += ["tremolo", f"{rng.uniform(4.5, 6.5):.2f}", f"{min(40, p['tremolo']):.1f}"]
    raw = subprocess.run(["sox", "-R", "-D", str(wav), "-t", "raw", "-e", "signed", "-b", "32", "-L", "-"] + effects,
                         check=True, stdout=subprocess.PIPE).stdout
    samples = array("i", raw)
    if sys.byteorder == "big":
        samples.byteswap()
    return [s / 2147483648.0 for s in samples]


def trim(rng, x):
    """Cut silence, leave 50 to 90 ms of it at each end."""
    floor = 0.003 * max(abs(v) for v in x)
    loud = [i for i, v in enumerate(x) if abs(v) > floor]
    before, after = (round(rng.uniform(0.05, 0.09) * RATE) for _ in range(2))
    return [0.0] * before + x[loud[0]:loud[-1] + 1] + [0.0] * after


def finish(rng, x, dbfs):
    """Set the level, add noise and triangular dither, round to 16 bits."""
    rms = math.sqrt(sum(v * v for v in x) / len(x))
    gain = min(10 ** (dbfs / 20) / rms, 0.95 / max(abs(v) for v in x))
    noise = 10 ** (NOISE_DBFS / 20)
    gauss, uniform = rng.gauss, rng.random
    out = array("h")
    for v in x:
        y = 32768.0 * (gain * v + gauss(0.0, noise)) + uniform() - uniform()
        out.append(max(-32768, min(32767, round(y))))
    if sys.byteorder == "big":
        out.byteswap()
    return out.tobytes()


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as tmp:
        for speaker in SPEAKERS:
            for emotion in EMOTIONS:
                for sentence, text in SENTENCES.items():
                    name = f"{speaker}_{emotion}_{sentence}"
                    rng = random.Random(f"{SEED}/{name}")
                    p = prosody(rng, emotion)
                    x = trim(rng, speak(rng, speaker, p, text, pathlib.Path(tmp)))
                    pcm = finish(rng, x, SPEECH_DBFS + SPEAKERS[speaker][4] + p["level"])
                    subprocess.run(["flac", "-8", "-s", "-f", "--no-padding", "--no-seektable",
                                    "--force-raw-format", "--endian=little", "--sign=signed",
                                    "--channels=1", "--bps=16", f"--sample-rate={RATE}",
                                    "-o", str(out / f"{name}.flac"), "-"], input=pcm, check=True)
                    sex = "female" if speaker[0] == "f" else "male"
                    rows.append((f"{name}.flac", emotion, speaker, sex, text, "en"))
    with open(out / "manifest.csv", "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("file", "emotion", "speaker", "sex", "text", "language"))
        w.writerows(sorted(rows))


if __name__ == "__main__":
    main()
