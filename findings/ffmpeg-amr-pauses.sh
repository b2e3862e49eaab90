#!/bin/sh
# FFmpeg (imageio-ffmpeg 0.8.1) leaves out the pauses of AMR-NB, the codec of telephones.
#
# An encoder with discontinuous transmission (DTX; 3GPP TS 26.093), as handsets and call recorders use it, sends a description of
# the noise every eighth frame of a pause, and nothing in the others. A decoder makes noise of both. FFmpeg's decodes neither: it
# drops these frames, with warnings, and exits with 0. What is said behind a pause comes earlier by all of it.
#
# One second of tone, three of faint noise, one of tone, encoded by opencore-amrnb 0.1.6: 250 frames of 20 ms, 5 s. FFmpeg's WAV
# has about 2.2 s of it; opencore's own decoder gives 5 s.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
version=$(dpkg-query -W -f '${Version}' libopencore-amrnb0 2> /dev/null) || version=none
case $version in 0.1.6-*) ;; *) echo "skipped: libopencore-amrnb0 is $version; this was seen with 0.1.6"; exit 0 ;; esac
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check imageio-ffmpeg==0.8.1
cd "$work"

venv/bin/python - << 'END'
import ctypes
import math
import random
import subprocess
import wave

import imageio_ffmpeg

random.seed(0)
FRAME, RATE, MODE_12_2 = 160, 8000, 7
tone = [int(8000 * math.sin(2 * math.pi * 220 * t / RATE) * (0.6 + 0.4 * math.sin(2 * math.pi * 4 * t / RATE))) for t in range(RATE)]
noise = [random.randint(-20, 20) for _ in range(3 * RATE)]
samples = tone + noise + tone

codec = ctypes.CDLL("libopencore-amrnb.so.0")
codec.Encoder_Interface_init.restype = codec.Decoder_Interface_init.restype = ctypes.c_void_p
encoder = ctypes.c_void_p(codec.Encoder_Interface_init(1))
packet, frames = ctypes.create_string_buffer(64), []
for at in range(0, len(samples), FRAME):
    pcm = (ctypes.c_short * FRAME)(*samples[at : at + FRAME])
    size = codec.Encoder_Interface_Encode(encoder, MODE_12_2, pcm, packet, 0)
    frames.append(packet.raw[:size])
with open("call.amr", "wb") as file:
    file.write(b"#!AMR\n" + b"".join(frames))
kinds = [frame[0] >> 3 & 15 for frame in frames]
speech, descriptions, nothing = (kinds.count(kind) for kind in (MODE_12_2, 8, 15))

decoder = ctypes.c_void_p(codec.Decoder_Interface_init())
pcm, of_opencore = (ctypes.c_short * FRAME)(), 0
for frame in frames:
    codec.Decoder_Interface_Decode(decoder, frame, pcm, 0)
    of_opencore += FRAME

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
run = subprocess.run([ffmpeg, "-hide_banner", "-y", "-i", "call.amr", "call.wav"], capture_output=True, text=True)
with wave.open("call.wav") as file:
    of_ffmpeg = file.getnframes()
version = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True).stdout.split()[2]
print(f"{len(frames)} frames: {speech} of speech, {descriptions} describe noise, {nothing} are empty")
print(f"opencore-amrnb 0.1.6: {of_opencore / RATE:.2f} s")
print(f"FFmpeg {version}: {of_ffmpeg / RATE:.2f} s, exit code {run.returncode}")
assert descriptions > 10 and nothing > 100
assert of_opencore == len(samples)
assert run.returncode == 0 and of_ffmpeg == speech * FRAME, run.stderr
END
