#!/bin/sh
# Makes the recordings of this folder: the first 0.6 s of one demo clip in every container and sample format that is read.
# Made with ffmpeg 5.1.9 and sox 14.4.2 of Debian 12. Run from this folder.
set -eu
clip=../../corpora/demo/f1_angry_s1.flac
cut="-t 0.6 -map_metadata -1 -fflags +bitexact -flags:a +bitexact"
to() { ffmpeg -v error -y -i "$clip" $cut "$@"; }
to -c:a flac reference.flac
to -c:a pcm_u8 u8.wav
to -c:a pcm_s16le s16.wav
to -c:a pcm_s24le s24.wav
to -c:a pcm_s32le s32.wav
to -c:a pcm_f32le f32.wav
to -c:a pcm_mulaw mulaw.wav
to -c:a pcm_alaw alaw.wav
to -c:a libmp3lame -b:a 64k mp3.mp3
to -c:a libvorbis -q:a 4 vorbis.ogg
# WAVE_FORMAT_EXTENSIBLE, two channels: the clip on the left, silence on the right.
sox -G reference.flac -b 24 -e signed-integer extensible.wav remix 1 0
# Other sample rates, band-limited by soxr.
for rate in 8000 44100 48000 192000; do
    ffmpeg -v error -y -i reference.flac -af "aresample=$rate:resampler=soxr:precision=28" \
        -map_metadata -1 -fflags +bitexact -flags:a +bitexact -c:a flac -sample_fmt s16 rate$rate.flac
done
