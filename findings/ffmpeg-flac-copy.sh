#!/bin/sh
# A piece that FFmpeg cuts out of a FLAC file with `-c copy` still states the length and the MD5 of the whole.
#
# FFmpeg (imageio-ffmpeg 0.8.1) copies STREAMINFO as it is, so 5 s of 20 s say that they are 20 s long, as mutagen 1.48.1
# then does. FFmpeg reads the piece as 5 s. libsndfile (soundfile 0.14.0) says 20 s, and raises an error instead of giving
# the 5 s that there are. Whoever checks the MD5 finds the piece damaged.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    imageio-ffmpeg==0.8.1 mutagen==1.48.1 numpy==2.4.6 soundfile==0.14.0
cd "$work"

venv/bin/python - << 'END'
import hashlib
import subprocess

import imageio_ffmpeg
import mutagen.flac
import numpy as np
import soundfile

rate = 16000


def ffmpeg(*arguments):
    return subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments], check=True, capture_output=True).stdout


noise = np.random.default_rng(1).normal(0, 0.1, 20 * rate)
soundfile.write("sound.wav", noise, rate)
ffmpeg("-i", "sound.wav", "sound.flac")
ffmpeg("-ss", "10", "-t", "5", "-i", "sound.flac", "-c", "copy", "piece.flac")

for path in ("sound.flac", "piece.flac"):
    stated = mutagen.flac.FLAC(path).info
    samples = ffmpeg("-i", path, "-f", "s16le", "-")
    fits = int.from_bytes(hashlib.md5(samples).digest(), "big") == stated.md5_signature
    seconds = len(samples) / 2 / rate
    said = soundfile.info(path).duration
    try:
        read = f"reads {len(soundfile.read(path)[0]) / rate:.1f} s"
    except soundfile.LibsndfileError as error:
        read = f"and raises: {error}"
    print(f"{path}: states {stated.length:.1f} s, FFmpeg decodes {seconds:.1f} s, MD5 fits: {fits}, libsndfile says {said:.1f} s, {read}")
assert stated.length == said == 20 and 4.8 < seconds < 5.2 and not fits and "seek" in read, "this has changed"
END
