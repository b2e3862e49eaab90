#!/bin/sh
# opensmile 2.6.0 (openSMILE 3): in ComParE_2016 the deltas of pitch, voicing, jitter, shimmer and HNR fade with the voice that came
# before.
#
# A delta over two frames either way is a sum of differences over 10. In these six contours the divisor is not set back to 10, but
# grows with each value that counts, for all frames and contours of a recording together. The same glide of one second, repeated
# eight times with pauses between, has a delta of F0 that is 17 times as large in its first second as in its eighth. Deltas of
# the other contours are the same each time. So features of these deltas tell how long a recording is and how much of it is
# voiced.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -c "import venv, ensurepip" 2> /dev/null || { echo "skipped: opensmile needs Python with venv"; exit 0; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q opensmile==2.6.0
cat > "$work/glide.py" << 'END'
import numpy as np
import opensmile

rate = 16000
t = np.arange(rate) / rate
phase = 2 * np.pi * (150 * t + 40 * t * t)
voice = 0.2 * sum(np.sin(h * phase) / h for h in range(1, 9))
second = np.concatenate([voice * np.hanning(rate) ** 0.2, np.zeros(rate // 2)])
second[: len(voice)] += 1e-4 * np.random.default_rng(1).standard_normal(len(voice))
smile = opensmile.Smile(opensmile.FeatureSet.ComParE_2016, opensmile.FeatureLevel.LowLevelDescriptors_Deltas)
deltas = smile.process_signal(np.tile(second, 8), rate)
for name in ["F0final_sma_de", "pcm_RMSenergy_sma_de"]:
    # The glide between 0.3 and 0.7 s of each second.
    largest = [deltas[name].iloc[150 * k + 30 : 150 * k + 70].abs().mean() for k in range(8)]
    print(name, *(f"{x / largest[0]:.3f}" for x in largest))
END
"$work/venv/bin/python" "$work/glide.py" | tee "$work/seen.txt"
awk '$1 == "F0final_sma_de" { fades = $3 < 0.5 && $9 < 0.1 } $1 == "pcm_RMSenergy_sma_de" { stays = $9 > 0.9 && $9 < 1.1 }
    END { exit !(fades && stays) }' "$work/seen.txt" || { echo "this has changed"; exit 1; }
