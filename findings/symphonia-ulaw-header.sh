#!/bin/sh
# Symphonia 0.6.1 reads mu-law and A-law WAV only where its `fmt ` chunk has 18 bytes.
#
# `fmt ` has 16 bytes, and for formats other than PCM a count of the bytes that follow: 18 with a count of 0, 20 with a
# count of 2. Telephone recorders write all three. libsndfile (soundfile 0.14.0) reads them alike; Symphonia calls 16 and 20
# malformed. It does so for no other reason: the same samples behind 18 bytes are read.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
command -v cargo > /dev/null || { echo "skipped: Symphonia needs cargo"; exit 0; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 soundfile==0.14.0
cd "$work"

venv/bin/python - << 'END'
import struct

import numpy as np
import soundfile

tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
for tag, law, name in [(6, "ALAW", "alaw"), (7, "ULAW", "ulaw")]:
    soundfile.write("raw", tone, 8000, format="RAW", subtype=law)
    data = open("raw", "rb").read()
    plain = struct.pack("<HHIIHH", tag, 1, 8000, 8000, 1, 8)
    for more in [b"", b"\0\0", b"\2\0\0\0"]:
        fmt = plain + more
        body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
        path = f"{name}-{len(fmt)}.wav"
        open(path, "wb").write(b"RIFF" + struct.pack("<I", len(body)) + body)
        read = soundfile.read(path)[0]
        assert len(read) == 8000 and abs((read**2).mean() ** 0.5 - 0.3536) < 0.01, path
END
CARGO_TARGET_DIR="$work/target" cargo run -q --locked --manifest-path "$here/symphonia/Cargo.toml" ./*aw-*.wav | tee seen.txt
for law in alaw ulaw; do
    grep -q "$law-18.wav 8000 0.35" seen.txt && grep -q "$law-16.wav refused: malformed" seen.txt \
        && grep -q "$law-20.wav refused: malformed" seen.txt || { echo "this has changed"; exit 1; }
done
