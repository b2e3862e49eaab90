#!/bin/sh
# `arecord -f S24_LE` writes a WAV that no reader reads as it was recorded.
#
# ALSA's S24_LE has 24 bits in the lower three of four bytes. arecord (alsa-utils 1.2.8) calls that PCM of 24 bits with a
# block of 4 bytes, without the extended header that could say more. A tone with a root mean square of 0.354 then is
# - with Symphonia 0.6.1 and SoX 14.4.2 a third longer, and noise: they count three bytes for each sample;
# - with FFmpeg (imageio-ffmpeg 0.8.1) as long as it was, and no numbers at all: it takes them for the floats of an old
#   program (pcm_f24le);
# - with libsndfile (soundfile 0.14.0) a tone at 1/256 of its level, as of 32 bits.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
cd "$work"
sox=$(dpkg-query -W -f '${Version}' sox 2> /dev/null) || sox=none
case $sox in 14.4.2*) ;; *) echo "skipped: sox is $sox; this was seen with 14.4.2"; exit 0 ;; esac
command -v cargo > /dev/null || { echo "skipped: Symphonia needs cargo"; exit 0; }
apt-get download -qq alsa-utils=1.2.8-1 2> /dev/null || { echo "skipped: there is no alsa-utils 1.2.8-1 to be had"; exit 0; }
dpkg -x alsa-utils_*.deb alsa
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.4.6 soundfile==0.14.0
alsa/usr/bin/arecord -q -D null -f S24_LE -r 16000 -c 1 -d 1 arecord.wav

venv/bin/python - << 'END'
import numpy as np

header = open("arecord.wav", "rb").read(44)
print("arecord: format", header[20], "block", header[32], "bits", header[34])
tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
open("tone.wav", "wb").write(header + (tone * (1 << 23)).astype("<i4").tobytes())
END
CARGO_TARGET_DIR="$work/target" cargo run -q --locked --manifest-path "$here/symphonia/Cargo.toml" tone.wav > symphonia.txt
sox tone.wav -e float -b 32 -t raw sox.f32

venv/bin/python - << 'END'
import subprocess

import imageio_ffmpeg
import numpy as np
import soundfile

ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "tone.wav", "-f", "f32le", "-"]
decoded = {
    "SoX": np.fromfile("sox.f32", "<f4"),
    "FFmpeg": np.frombuffer(subprocess.run(ffmpeg, check=True, capture_output=True).stdout, "<f4"),
    "libsndfile": soundfile.read("tone.wav")[0],
}
seen = {who: (len(sound), float((sound.astype(float) ** 2).mean() ** 0.5)) for who, sound in decoded.items()}
_, frames, level = open("symphonia.txt").read().split()
seen["Symphonia"] = (int(frames), float(level))
for who, (frames, level) in seen.items():
    print(f"{who}: {frames} samples of 16000, level {level:.4f} for 0.3536")
assert {who: frames for who, (frames, _) in seen.items()} == {
    "SoX": 21333, "FFmpeg": 16000, "libsndfile": 16000, "Symphonia": 21333}, "this has changed"
assert round(0.3536 / seen["libsndfile"][1]) == 256, "this has changed"
assert all(not 0.3 < seen[who][1] < 0.4 for who in ("SoX", "FFmpeg", "Symphonia")), "this has changed"
END
