#!/bin/sh
# FFmpeg refuses the W64 and the AIFF that it has written into a pipe itself; CAF is the other way round.
#
# Into a pipe FFmpeg (imageio-ffmpeg 0.8.1) cannot write the sizes when they are known, and leaves what it put there first.
# It finds nothing in its own W64 and AIFF then ("Invalid data found when processing input"), of which libsndfile (soundfile
# 0.14.0) reads every sample. Of its CAF it reads every sample, and libsndfile calls that malformed. With WAV and AU
# both read what there is. FFmpeg says nothing when it writes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.4.6 soundfile==0.14.0
cd "$work"

venv/bin/python - << 'END'
import subprocess

import imageio_ffmpeg
import numpy as np
import soundfile

soundfile.write("sound.wav", np.random.default_rng(1).normal(0, 0.1, 16000), 16000)
ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]


def of_ffmpeg(path):
    done = subprocess.run([*ffmpeg, "-i", path, "-f", "s16le", "-"], capture_output=True)
    return len(done.stdout) // 2 if done.returncode == 0 else "refused"


def of_libsndfile(path):
    try:
        return len(soundfile.read(path)[0])
    except soundfile.LibsndfileError:
        return "refused"


seen = {}
for container in ("wav", "au", "w64", "aiff", "caf"):
    path = f"piped.{container}"
    written = subprocess.run([*ffmpeg, "-i", "sound.wav", "-f", container, "-"], check=True, capture_output=True)
    open(path, "wb").write(written.stdout)
    seen[container] = (of_ffmpeg(path), of_libsndfile(path))
    print(f"{container}: FFmpeg {seen[container][0]}, libsndfile {seen[container][1]}; said when written: {written.stderr!r}")
assert seen == {
    "wav": (16000, 16000),
    "au": (16000, 16000),
    "w64": ("refused", 16000),
    "aiff": ("refused", 16000),
    "caf": (16000, "refused"),
}, "this has changed"
END
