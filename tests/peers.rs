//! Samples that four programs read of the same sound in many formats: sentire, FFmpeg, libsndfile and SoX.
//!
//! The files are made here by FFmpeg, SoX and LAME of 0.6 s of one clip, 9600 samples. What sentire reads is always
//! checked; what the others read is, where they have the versions below, which are those of Debian 12. It shows where
//! programs differ: delay and padding of encoders, blocks that are filled up, what a header leaves open.

use std::path::Path;
use std::process::{Command, Stdio};

use sentire::audio::{self, Rate, ReadOptions};

use crate::sandbox::{Sandbox, repository};

/// Name, the command that makes it of `$IN`, and samples of a channel by sentire, FFmpeg, libsndfile and SoX; -1: not
/// read.
#[rustfmt::skip]
const FORMATS: [(&str, &str, [i64; 4]); 57] = [
    ("u8.wav", "ffmpeg -v error -i $IN -c:a pcm_u8 u8.wav", [9600, 9600, 9600, 9600]),
    ("s16.wav", "ffmpeg -v error -i $IN -c:a pcm_s16le s16.wav", [9600, 9600, 9600, 9600]),
    ("s24.wav", "ffmpeg -v error -i $IN -c:a pcm_s24le s24.wav", [9600, 9600, 9600, 9600]),
    ("s32.wav", "ffmpeg -v error -i $IN -c:a pcm_s32le s32.wav", [9600, 9600, 9600, 9600]),
    ("f32.wav", "ffmpeg -v error -i $IN -c:a pcm_f32le f32.wav", [9600, 9600, 9600, 9600]),
    ("f64.wav", "ffmpeg -v error -i $IN -c:a pcm_f64le f64.wav", [9600, 9600, 9600, 9600]),
    ("mulaw.wav", "ffmpeg -v error -i $IN -c:a pcm_mulaw mulaw.wav", [9600, 9600, 9600, 9600]),
    ("alaw.wav", "ffmpeg -v error -i $IN -c:a pcm_alaw alaw.wav", [9600, 9600, 9600, 9600]),
    ("ms.wav", "ffmpeg -v error -i $IN -c:a adpcm_ms ms.wav", [10180, 10180, 10180, 10180]),
    ("ima.wav", "ffmpeg -v error -i $IN -c:a adpcm_ima_wav ima.wav", [10205, 10205, 10205, 10205]),
    ("ms_sox.wav", "sox -G $IN -e ms-adpcm ms_sox.wav", [9600, 10000, 10000, 10000]),
    ("ima_sox.wav", "sox -G $IN -e ima-adpcm ima_sox.wav", [9600, 10100, 10100, 10100]),
    ("mp3.wav", "ffmpeg -v error -i $IN -c:a libmp3lame mp3.wav", [10944, 10944, 10944, -1]),
    ("piped.wav", "ffmpeg -v error -i $IN -f wav - >piped.wav", [9600, 9600, 9600, 9600]),
    ("piped_sox.wav", "sox $IN -t wav - >piped_sox.wav", [9600, 9600, 9600, 9600]),
    ("rf64.wav", "ffmpeg -v error -i $IN -rf64 always rf64.wav", [9600, 9600, 9600, 9600]),
    ("big.wav", "sox $IN -B big.wav", [9600, 9600, 9600, 9600]),
    ("wave64.w64", "ffmpeg -v error -i $IN wave64.w64", [9600, 9600, 9600, 9600]),
    ("s16.au", "ffmpeg -v error -i $IN -c:a pcm_s16be s16.au", [9600, 9600, 9600, 9600]),
    ("mulaw.au", "ffmpeg -v error -i $IN -c:a pcm_mulaw mulaw.au", [9600, 9600, 9600, 9600]),
    ("f32.au", "sox $IN -e floating-point -b 32 f32.au", [9600, 9600, 9600, 9600]),
    ("piped.au", "sox $IN -t au - >piped.au", [9600, 9600, 9600, 9600]),
    ("s16.aiff", "ffmpeg -v error -i $IN -c:a pcm_s16be s16.aiff", [9600, 9600, 9600, 9600]),
    ("sowt.aiff", "ffmpeg -v error -i $IN -c:a pcm_s16le sowt.aiff", [9600, 9600, 9600, 9600]),
    ("f32.aifc", "sox $IN -e floating-point -b 32 f32.aifc", [9600, 9600, 9600, 9600]),
    ("ima4.aiff", "ffmpeg -v error -i $IN -c:a adpcm_ima_qt -f aiff ima4.aiff", [9600, 9600, 9600, -1]),
    ("pcm.caf", "ffmpeg -v error -i $IN -c:a pcm_s16le pcm.caf", [9600, 9600, 9600, 9600]),
    ("mulaw.caf", "ffmpeg -v error -i $IN -c:a pcm_mulaw mulaw.caf", [9600, 9600, 9600, 9600]),
    ("alac.caf", "ffmpeg -v error -i $IN -c:a alac alac.caf", [9600, 9600, -1, -1]),
    ("ima4.caf", "ffmpeg -v error -i $IN -c:a adpcm_ima_qt ima4.caf", [9600, 9600, -1, -1]),
    ("opus.caf", "ffmpeg -v error -i $IN -c:a libopus opus.caf", [29760, 29760, -1, -1]),
    ("flac.flac", "ffmpeg -v error -i $IN -c:a flac flac.flac", [9600, 9600, 9600, 9600]),
    ("piped.flac", "ffmpeg -v error -i $IN -f flac - >piped.flac", [9600, 9600, 9600, 9600]),
    ("flac.ogg", "ffmpeg -v error -i $IN -c:a flac flac.ogg", [9600, 9600, -1, -1]),
    ("cbr.mp3", "lame --quiet -b 64 s16.wav cbr.mp3", [9600, 9600, 9600, 10944]),
    ("vbr.mp3", "lame --quiet -V 4 s16.wav vbr.mp3", [9600, 9600, 9600, 10944]),
    ("piped.mp3", "lame --quiet -V 4 s16.wav - >piped.mp3", [10944, 10944, 10080, 10368]),
    ("bare.mp3", "lame --quiet -t -b 64 s16.wav bare.mp3", [10944, 10944, 10944, 10368]),
    ("mpeg25.mp3", "ffmpeg -v error -i $IN -ar 8000 -c:a libmp3lame mpeg25.mp3", [4800, 4800, 4800, 6336]),
    ("vorbis.ogg", "ffmpeg -v error -i $IN -c:a libvorbis vorbis.ogg", [9600, 9728, 9600, 9600]),
    ("opus.ogg", "ffmpeg -v error -i $IN -c:a libopus opus.ogg", [28800, 28800, 9600, -1]),
    ("opus.webm", "ffmpeg -v error -i $IN -c:a libopus opus.webm", [28800, 28800, -1, -1]),
    ("vorbis.webm", "ffmpeg -v error -i $IN -c:a libvorbis vorbis.webm", [9728, 9728, -1, -1]),
    ("flac.mkv", "ffmpeg -v error -i $IN -c:a flac flac.mkv", [9600, 9600, -1, -1]),
    ("pcm.mkv", "ffmpeg -v error -i $IN -c:a pcm_s16le pcm.mkv", [9600, 9600, -1, -1]),
    ("aac.m4a", "ffmpeg -v error -i $IN -c:a aac aac.m4a", [9600, 10240, -1, -1]),
    ("alac.m4a", "ffmpeg -v error -i $IN -c:a alac alac.m4a", [9600, 9600, -1, -1]),
    ("opus.mp4", "ffmpeg -v error -i $IN -c:a libopus opus.mp4", [28800, 29656, -1, -1]),
    ("flac.mp4", "ffmpeg -v error -i $IN -c:a flac -strict -2 flac.mp4", [9600, 9600, -1, -1]),
    ("fragments.mp4", "ffmpeg -v error -i $IN -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 200000 fragments.mp4", [10624, 11264, -1, -1]),
    ("alac.mov", "ffmpeg -v error -i $IN -c:a alac alac.mov", [9600, 9600, -1, -1]),
    ("mulaw.mov", "ffmpeg -v error -i $IN -c:a pcm_mulaw mulaw.mov", [9600, 9600, -1, -1]),
    ("ima4.mov", "ffmpeg -v error -i $IN -c:a adpcm_ima_qt ima4.mov", [9600, 9600, -1, -1]),
    ("s24.mov", "ffmpeg -v error -i $IN -c:a pcm_s24le s24.mov", [9600, 9600, -1, -1]),
    ("adts.aac", "ffmpeg -v error -i $IN -c:a aac adts.aac", [11264, 11264, -1, -1]),
    ("little.sph", "sox $IN -t sph -L little.sph", [9600, 9600, 9600, 9600]),
    ("gsm.wav", "sox -G $IN -r 8000 -e gsm-full-rate gsm.wav", [4800, 4800, 5120, 4800]),
];

/// The programs, how each is asked for its version, and what it then says.
const PROGRAMS: [(&str, &[&str], &str); 4] = [
    ("ffmpeg", &["-version"], "ffmpeg version 5.1."),
    ("sox", &["--version"], "SoX v14.4.2"),
    ("lame", &["--version"], "version 3.100"),
    ("sndfile-info", &["reference.flac"], "Sample Rate : 16000"),
];

/// Whether a program is there, in the version that the table is of.
fn is_there((program, question, answer): (&str, &[&str], &str)) -> bool {
    let folder = repository("tests/audio");
    let asked = Command::new(program)
        .args(question)
        .current_dir(folder)
        .output();
    asked.is_ok_and(|said| {
        let text = [said.stdout, said.stderr].concat();
        String::from_utf8_lossy(&text).contains(answer)
    })
}

/// How many bytes a command prints, if it succeeds and prints any.
fn printed(folder: &Path, command: &str) -> i64 {
    let ran = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    match ran.stdout.len() {
        0 => -1,
        _ if !ran.status.success() => -1,
        n => n as i64,
    }
}

fn samples(folder: &Path, name: &str) -> [i64; 4] {
    let options = ReadOptions {
        rate: Rate::Native,
        ..ReadOptions::default()
    };
    let ours = audio::read(folder.join(name), &options);
    let ours = ours.map_or(-1, |read| read.audio.samples.len() as i64);
    // 16 bits, one channel.
    let of_two_bytes = |bytes: i64| if bytes < 0 { -1 } else { bytes / 2 };
    let ffmpeg = printed(
        folder,
        &format!("ffmpeg -v error -i {name} -ac 1 -f s16le -"),
    );
    let sox = printed(
        folder,
        &format!("sox {name} -c 1 -b 16 -e signed-integer -t raw -"),
    );
    // It writes files alone; the header of an AU has 24 bytes.
    let sndfile = format!("sndfile-convert -pcm16 {name} out.au >&2 && cat out.au && rm out.au");
    let sndfile = printed(folder, &sndfile);
    let sndfile = if sndfile < 0 { -1 } else { sndfile - 24 };
    [
        ours,
        of_two_bytes(ffmpeg),
        of_two_bytes(sndfile),
        of_two_bytes(sox),
    ]
}

#[test]
fn as_many_samples_are_read_as_there_are() {
    if let Some((missing, ..)) = PROGRAMS.into_iter().find(|&program| !is_there(program)) {
        println!(
            "skipped: formats as other programs read them, which needs {missing} of Debian 12"
        );
        return;
    }
    let sandbox = Sandbox::new();
    let folder = sandbox.path("");
    let clip = repository("tests/audio/reference.flac");
    let mut wrong = Vec::new();
    for (name, make, expected) in FORMATS {
        let made = Command::new("sh")
            .args(["-c", make])
            .current_dir(&folder)
            .env("IN", &clip)
            .status()
            .unwrap();
        assert!(made.success(), "{name}: {make}");
        let found = samples(&folder, name);
        println!("{name:16} {found:?}");
        if found != expected {
            wrong.push(format!("{name}: {found:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
