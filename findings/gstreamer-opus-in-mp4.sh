#!/bin/sh
# GStreamer's qtmux writes the numbers in `dOps` with their bytes the wrong way round.
#
# `dOps` says how Opus in MP4 begins, in big-endian numbers ("Encapsulation of Opus in ISO Base Media File Format", 4.3.2).
# qtmux (gstreamer1.0-plugins-good 1.22.0) puts 312 samples of pre-skip there as 38 01, and 48000 Hz as 80 bb 00 00. FFmpeg
# (imageio-ffmpeg 0.8.1) then takes off 14337 samples: the first 0.29 s of sound. The same encoder in WebM loses nothing.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
cd "$work"
for package in gstreamer1.0-plugins-good gstreamer1.0-plugins-base gstreamer1.0-tools; do
    version=$(dpkg-query -W -f '${Version}' $package 2> /dev/null) || version=none
    case $version in 1.22.0-*) ;; *) echo "skipped: $package is $version; this was seen with 1.22.0"; exit 0 ;; esac
done
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.4.6

# 2 s, a click at the beginning of each quarter of a second.
venv/bin/python - << 'END'
import wave

import numpy as np

sound = np.zeros(96000)
for start in range(0, 96000, 12000):
    sound[start : start + 960] = 0.8 * np.sin(2 * np.pi * 440 * np.arange(960) / 48000)
with wave.open("clicks.wav", "wb") as file:
    file.setparams((1, 2, 48000, 0, "NONE", ""))
    file.writeframes((sound * 32767).astype("<i2").tobytes())
END
for muxer in qtmux:clicks.mp4 webmmux:clicks.webm; do
    gst-launch-1.0 -q filesrc location=clicks.wav ! wavparse ! audioconvert ! opusenc ! "${muxer%:*}" ! \
        filesink location="${muxer#*:}"
done

venv/bin/python - << 'END'
import subprocess

import imageio_ffmpeg
import numpy as np


def clicks(path):
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "f32le", "-"]
    sound = np.frombuffer(subprocess.run(ffmpeg, check=True, capture_output=True).stdout, "<f4")
    loud = np.abs(sound) > 0.2
    starts = [int(at) for at in np.flatnonzero(loud) if not loud[max(0, at - 4000) : at].any()]
    return len(sound), starts


mp4 = open("clicks.mp4", "rb").read()
at = mp4.index(b"dOps") + 4
pre_skip, rate = mp4[at + 2 : at + 4], mp4[at + 4 : at + 8]
print("pre-skip", pre_skip.hex(" "), "rate", rate.hex(" "))
seen = {path: clicks(path) for path in ("clicks.webm", "clicks.mp4")}
for path, (samples, starts) in seen.items():
    print(f"{path}: {samples} samples, {len(starts)} clicks, the first at {starts[0]}")
assert (pre_skip, rate) == (b"\x38\x01", b"\x80\xbb\0\0"), "this has changed"
assert len(seen["clicks.webm"][1]) == 8 and len(seen["clicks.mp4"][1]) == 6, "this has changed"
END
