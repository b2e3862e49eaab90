#!/bin/sh
# MP3 without a Xing frame: readers estimate its length from the first frames, and two of them cut the sound to it.
#
# libmp3lame (lameenc 1.9.0) streams 40 s at a variable bit rate: 10 s of noise, 20 s of silence, 10 s of noise. Whoever
# streams cannot go back to write the count of frames at the beginning (nor does `lame - -` into a pipe).
# - FFmpeg (imageio-ffmpeg 0.8.1) decodes all of it.
# - mutagen 1.48.1 says 13.5 s.
# - libsndfile (soundfile 0.14.0) says 13.5 s and gives no more: 26 s of 40 are not there, without an error.
# - Symphonia 0.6.1 gives 22.3 s, without an error.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
command -v cargo > /dev/null || { echo "skipped: Symphonia needs cargo"; exit 0; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    imageio-ffmpeg==0.8.1 lameenc==1.9.0 mutagen==1.48.1 numpy==2.4.6 soundfile==0.14.0
cd "$work"

venv/bin/python - << 'END'
import lameenc
import numpy as np

rate = 16000
noise = np.random.default_rng(1).normal(0, 0.2, 10 * rate)
sound = np.concatenate([noise, np.zeros(20 * rate), noise])
encoder = lameenc.Encoder()
encoder.set_channels(1)
encoder.set_in_sample_rate(rate)
encoder.set_vbr(4)
encoder.set_vbr_quality(5)
samples = (sound * 32767).clip(-32768, 32767).astype("<i2").tobytes()
open("stream.mp3", "wb").write(encoder.encode(samples) + encoder.flush())
END
CARGO_TARGET_DIR="$work/target" cargo run -q --locked --manifest-path "$here/symphonia/Cargo.toml" stream.mp3 > symphonia.txt

venv/bin/python - << 'END'
import subprocess

import imageio_ffmpeg
import mutagen.mp3
import soundfile

ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "stream.mp3", "-f", "s16le", "-"]
seen = {
    "FFmpeg decodes": len(subprocess.run(ffmpeg, check=True, capture_output=True).stdout) / 2 / 16000,
    "mutagen says": mutagen.mp3.MP3("stream.mp3").info.length,
    "libsndfile says": soundfile.info("stream.mp3").duration,
    "libsndfile decodes": len(soundfile.read("stream.mp3")[0]) / 16000,
    "Symphonia decodes": int(open("symphonia.txt").read().split()[1]) / 16000,
}
for who, seconds in seen.items():
    print(f"{who} {seconds:.1f} s of 40")
stated = [40.1, 13.5, 13.5, 13.5, 22.3]
assert all(abs(a - b) < 0.5 for a, b in zip(seen.values(), stated)), "this has changed"
END
