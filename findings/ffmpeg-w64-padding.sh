#!/bin/sh
# FFmpeg's Wave64 is longer than the sound: it counts the zeros behind it as sound.
#
# A chunk of Wave64 begins at every eighth byte, so that some are followed by up to seven bytes that its length does not count
# (Sony Pictures Digital, Wave64). FFmpeg (imageio-ffmpeg 0.8.1) counts them: of 16 bits and one channel, 1001 samples become 1004
# for everybody who believes the chunk, libsndfile (soundfile 0.14.0) and FFmpeg itself among them, and sums over the samples are
# others than those of the same sound in WAV. libsndfile's own Wave64 has 1001.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check imageio-ffmpeg==0.8.1 soundfile==0.14.0 numpy
cd "$work"

venv/bin/python - << 'END'
import struct
import subprocess

import imageio_ffmpeg
import numpy as np
import soundfile

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
sound = (8000 * np.sin(np.arange(1001) / 10) + 9000).astype(np.int16)
soundfile.write("sound.wav", sound, 8000, subtype="PCM_16")
soundfile.write("libsndfile.w64", sound, 8000, format="W64", subtype="PCM_16")
subprocess.run([ffmpeg, "-v", "error", "-i", "sound.wav", "ffmpeg.w64"], check=True)


def stated(path):
    with open(path, "rb") as file:
        content = file.read()
    at = content.index(b"data\xf3\xac\xd3\x11")
    # The length counts the chunk's own header of 24 bytes.
    return (struct.unpack_from("<Q", content, at + 16)[0] - 24) // 2


for name in ("libsndfile", "ffmpeg"):
    path = f"{name}.w64"
    read, _ = soundfile.read(path, dtype="int16")
    raw = subprocess.run([ffmpeg, "-v", "error", "-i", path, "-f", "s16le", "-"], capture_output=True, check=True).stdout
    print(f"{path}: its chunk states {stated(path)} samples; libsndfile reads {len(read)}, FFmpeg {len(raw) // 2}; the last: {read[-4:]}")
    expected = {"libsndfile": 1001, "ffmpeg": 1004}[name]
    assert stated(path) == len(read) == len(raw) // 2 == expected
assert (read[1001:] == 0).all()
version = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True).stdout.split()[2]
print(f"written by FFmpeg {version}")
END
