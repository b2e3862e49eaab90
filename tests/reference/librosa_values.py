"""Writes librosa.json: descriptors of some demo clips as librosa computes them.

    python tests/reference/librosa_values.py

The values follow the definitions in 64-bit floats: samples, spectrum and filter banks.
librosa's default for samples read as float32 is 32-bit. On these clips it stays close:
largest differences about 1e-6 (mel, flatness, contrast, chroma), 1e-5 (log_mel),
5e-5 (mfcc, mfcc_delta), 5e-5 Hz (centroid, bandwidth), 3e-8 (rms), none (zcr, rolloff).
The script prints them anew.
"""

import json
import platform
from pathlib import Path

import librosa
import numpy as np
import soundfile

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent.parent / "corpora" / "demo"
CLIPS = [
    "f1_angry_s3.flac",
    "f2_neutral_s1.flac",
    "f3_sad_s4.flac",
    "f4_happy_s2.flac",
    "m1_sad_s1.flac",
    "m2_happy_s3.flac",
    "m3_angry_s2.flac",
    "m4_neutral_s4.flac",
]
SR = 16000
N_FFT, WIN, HOP = 512, 400, 160
ROLLOFF = [0.25, 0.5, 0.75, 0.9]
EVERY = 5


def descriptors(y):
    """All descriptors of one clip, each as an array (values, frames), in y's precision."""
    real = y.dtype
    S = np.abs(librosa.stft(y, n_fft=N_FFT, win_length=WIN, hop_length=HOP, window="hann",
                            center=True, pad_mode="constant"))
    mel = librosa.feature.melspectrogram(S=S**2, sr=SR, n_fft=N_FFT, n_mels=26, fmin=0,
                                         fmax=8000, dtype=real)
    log_mel = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=80)
    mfcc = librosa.feature.mfcc(S=log_mel, sr=SR, n_mfcc=20)
    rolloff = [librosa.feature.spectral_rolloff(S=S, sr=SR, roll_percent=p) for p in ROLLOFF]
    return {
        "mel": mel,
        "log_mel": log_mel,
        "mfcc": mfcc,
        "mfcc_delta": librosa.feature.delta(mfcc, width=5, mode="nearest"),
        "rms": librosa.feature.rms(y=y, frame_length=WIN, hop_length=HOP, center=True,
                                   pad_mode="constant", dtype=real),
        "zcr": librosa.feature.zero_crossing_rate(y, frame_length=WIN, hop_length=HOP,
                                                  center=True),
        "centroid": librosa.feature.spectral_centroid(S=S, sr=SR),
        "bandwidth": librosa.feature.spectral_bandwidth(S=S, sr=SR),
        "rolloff": np.vstack(rolloff),
        "flatness": librosa.feature.spectral_flatness(S=S),
        "contrast": librosa.feature.spectral_contrast(S=S, sr=SR, n_bands=6, fmin=200),
        "chroma": librosa.feature.chroma_stft(S=S**2, sr=SR, tuning=0.0, dtype=real),
    }


def rounded(array):
    return [[float(f"{v:.8g}") for v in row] for row in array]


def main():
    clips, worst = [], {}
    for name in CLIPS:
        y, sr = soundfile.read(DEMO / name, dtype="float32")
        assert sr == SR and y.ndim == 1, name
        exact = descriptors(y.astype(np.float64))
        n_frames = exact["mel"].shape[1]
        assert all(d.shape[1] == n_frames and d.dtype == np.float64 for d in exact.values())
        frames = sorted({*range(0, n_frames, EVERY), n_frames - 1})
        clips.append({
            "file": name,
            "n_frames": n_frames,
            "frames": frames,
            "descriptors": {k: rounded(d[:, frames].T) for k, d in exact.items()},
        })
        # The default 32-bit way, for the note at the top.
        for key, single in descriptors(y).items():
            diff = np.abs(single - exact[key]).max()
            worst[key] = max(worst.get(key, (0, 0)), (diff, np.abs(exact[key]).max()))

    result = {
        "made_by": f"librosa {librosa.__version__}, numpy {np.__version__}, "
                   f"soundfile {soundfile.__version__}, python {platform.python_version()}",
        "parameters": {
            "precision": "64-bit throughout",
            "sr": SR, "n_fft": N_FFT, "win_length": WIN, "hop_length": HOP,
            "window": "hann (periodic), 400 samples in the middle of 512",
            "center": True, "pad_mode": "constant",
            "mel": {"n_mels": 26, "fmin": 0, "fmax": 8000, "power": 2,
                    "scale": "slaney", "norm": "slaney"},
            "log_mel": {"ref": 1.0, "amin": 1e-10, "top_db": 80,
                        "top_db_below": "the maximum of the whole clip"},
            "mfcc": {"n_mfcc": 20, "dct": "type 2, orthonormal", "lifter": 0},
            "mfcc_delta": {"width": 5, "mode": "nearest"},
            "rms": {"frame_length": WIN, "center": True, "pad_mode": "constant"},
            "zcr": {"frame_length": WIN, "center": True, "pad_mode": "edge",
                    "unit": "crossings / frame_length"},
            "centroid": {"of": "magnitude", "unit": "Hz"},
            "bandwidth": {"of": "magnitude", "p": 2, "unit": "Hz"},
            "rolloff": {"of": "magnitude", "roll_percent": ROLLOFF, "unit": "Hz"},
            "flatness": {"of": "power", "amin": 1e-10},
            "contrast": {"of": "magnitude", "n_bands": 6, "fmin": 200, "quantile": 0.02,
                         "unit": "dB", "top_db": 80},
            "chroma": {"of": "power", "tuning": 0.0, "n_chroma": 12, "norm": "maximum",
                       "first": "C"},
        },
        "clips": clips,
    }
    out = HERE / "librosa.json"
    out.write_text(json.dumps(result, separators=(",", ":")).replace('{"file"', '\n{"file"') + "\n")
    print(f"{out.name}: {out.stat().st_size} bytes, {sum(c['n_frames'] for c in clips)} frames")
    print("largest difference of 32-bit librosa (and the largest value):")
    for key, (diff, size) in worst.items():
        print(f"  {key:11} {diff:.2g} ({size:.4g})")


if __name__ == "__main__":
    main()
