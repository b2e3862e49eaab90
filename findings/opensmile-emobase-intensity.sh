#!/bin/sh
# opensmile 2.6.0 (openSMILE 3): intensity and loudness of the set emobase look at two samples of each frame of 25 ms.
#
# At 16 kHz a frame has 400 samples. A recording in which all of them are silenced but the first two of each frame has the same
# `pcm_intensity` and `pcm_loudness`, frame by frame, as the recording itself; one in which only these two are silenced
# has none. The 76 features of both contours tell little about how loud a voice is.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -c "import venv, ensurepip" 2> /dev/null || { echo "skipped: opensmile needs Python with venv"; exit 0; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q opensmile==2.6.0
cat > "$work/intensity.py" << 'END'
import numpy as np
import opensmile

rate, hop = 16000, 160
noise = 0.1 * np.random.default_rng(1).standard_normal(rate)
first_two = np.arange(rate) % hop < 2
smile = opensmile.Smile(opensmile.FeatureSet.emobase, opensmile.FeatureLevel.LowLevelDescriptors)
names = ["pcm_intensity_sma", "pcm_loudness_sma", "pcm_zcr_sma"]
whole = smile.process_signal(noise, rate)[names]
for what, keeps in [("first two", first_two), ("all others", ~first_two)]:
    part = smile.process_signal(np.where(keeps, noise, 0), rate)[names]
    print(f"{what} kept:", *(f"{name} {part[name].sum() / whole[name].sum():.3f}" for name in names))
END
"$work/venv/bin/python" "$work/intensity.py" | tee "$work/seen.txt"
grep -q "^first two kept: pcm_intensity_sma 1.000 pcm_loudness_sma 1.000" "$work/seen.txt" \
    && grep -q "^all others kept: pcm_intensity_sma 0.000 pcm_loudness_sma 0.000" "$work/seen.txt" \
    || { echo "this has changed"; exit 1; }
