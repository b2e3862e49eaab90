#!/bin/sh
# Makes the recordings of this folder: the first 0.6 s of one demo clip in every container and sample format that is read, and
# in some that are only named.
# Made with ffmpeg 5.1.9, sox 14.4.2 and LAME 3.100 of Debian 12. Run from this folder.
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
to -t 0.3 -c:a libmp3lame -b:a 64k -ac 2 stereo.mp3
# To a pipe, so without the encoder's header; with checksums, at another rate; the elder layer.
to -c:a libmp3lame -q:a 2 -id3v2_version 0 -f mp3 - >vbr.mp3
to -ar 22050 -f wav - | lame --quiet -p -b 56 - crc.mp3
to -c:a mp2 -b:a 64k mp2.mp2
to -c:a libvorbis -q:a 4 vorbis.ogg
to -c:a pcm_s16be aiff.aiff
to -c:a pcm_s16le sowt.aiff
to -t 0.4 -c:a pcm_f32be fl32.aiff
to -c:a pcm_mulaw ulaw.aiff
to -c:a pcm_s16be pcm.caf
to -c:a alac alac.caf
to -c:a adpcm_ima_qt ima4.caf
to -c:a alac alac.m4a
to -c:a aac -b:a 64k aac.m4a
to -c:a aac -b:a 64k -movflags frag_keyframe+delay_moov+default_base_moof -frag_duration 200000 fragmented.mp4
to -c:a aac -b:a 64k adts.aac
# Messenger: mono SILK; browser: WebM to a pipe, so without sizes, duration and index; music rates; stereo with in-band FEC.
to -c:a libopus -application voip -b:a 16k messenger.ogg
to -c:a libopus -b:a 32k -f webm -live 1 - >browser.webm
to -c:a libopus -b:a 64k -frame_duration 60 music.opus
to -c:a libopus -b:a 64k opus.webm
to -c:a libopus -b:a 64k opus.mp4
to -c:a libopus -b:a 64k opus.caf
to -c:a libvorbis -q:a 4 vorbis.webm
ffmpeg -v error -y -i "$clip" $cut -af "aresample=48000,pan=stereo|c0=c0|c1=0.5*c0" -c:a libopus -application voip -b:a 32k -fec 1 -packet_loss 30 stereo_fec.opus
# 5.1, mapping family 1: the clip in the front left.
ffmpeg -v error -y -i "$clip" $cut -af "aresample=48000,pan=5.1|c0=c0" -c:a libopus -b:a 96k -mapping_family 1 surround.opus
# Sox states the number of samples, so that the padding of the last block can be cut; ffmpeg states that of whole blocks.
sox -G reference.flac -e ms-adpcm adpcm_ms.wav
sox -G reference.flac -e ima-adpcm adpcm_ima.wav
# NIST SPHERE: little-endian like TIMIT, big-endian, mu-law; TIMIT names them .wav.
sox -G reference.flac -t sph -L timit.wav
sox -G reference.flac -t sph -B big_endian.sph
sox -G reference.flac -t sph -e mu-law mulaw.sph
# Telephone: GSM 06.10 by sox, and what libgsm 1.0.22 makes of it.
for name in gsm.wav gsm.gsm; do sox -D -G reference.flac -r 8000 -e gsm-full-rate "$name"; done
sox gsm.gsm gsm.flac
# Named, not decoded.
to -c:a wmav2 -b:a 32k named_wma.wma
to -c:a libspeex named_speex.ogg
to -t 0.1 -c:a wavpack named_wavpack.wv
to -t 0.1 -c:a tta named_tta.tta
# WAVE_FORMAT_EXTENSIBLE, two channels: the clip on the left, silence on the right.
sox -G reference.flac -b 24 -e signed-integer extensible.wav remix 1 0
# Other sample rates, band-limited by soxr.
for rate in 8000 44100 48000 192000; do
    ffmpeg -v error -y -i reference.flac -af "aresample=$rate:resampler=soxr:precision=28" \
        -map_metadata -1 -fflags +bitexact -flags:a +bitexact -c:a flac -sample_fmt s16 rate$rate.flac
done
