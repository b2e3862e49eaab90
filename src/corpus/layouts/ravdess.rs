//! RAVDESS, speech and song (Livingstone & Russo 2018).

use crate::corpus::layouts::{Published, Scheme, some};
use crate::corpus::manifest::Utterance;

pub(super) static SCHEME: Scheme = Scheme {
    name: "ravdess",
    licence: Some("CC BY-NC-SA 4.0"),
    grammar: "seven pairs of digits such as 03-01-05-02-01-02-12",
    parse: |_, stem| parse(stem),
    published: |style| Some(published(style.unwrap_or("speech"))),
};

const EMOTIONS: [&str; 8] = [
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
];

/// Modality (01 audio-video, 02 video, 03 audio), vocal channel (01 speech, 02 song), emotion,
/// intensity (01 normal, 02 strong), statement, repetition, actor (odd: male).
fn parse(stem: &str) -> Option<Utterance> {
    let parts: Vec<&str> = stem.split('-').collect();
    if parts.len() != 7
        || parts
            .iter()
            .any(|p| p.len() != 2 || !p.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let pick = |part: &str, words: &[&'static str]| {
        let index = part.parse::<usize>().ok()?.checked_sub(1)?;
        words.get(index).copied()
    };
    pick(parts[0], &["audio-video", "video", "audio"])?;
    let style = pick(parts[1], &["speech", "song"])?;
    let emotion = pick(parts[2], &EMOTIONS)?;
    let intensity = pick(parts[3], &["normal", "strong"])?;
    let text = pick(
        parts[4],
        &[
            "Kids are talking by the door",
            "Dogs are sitting by the door",
        ],
    )?;
    let take = pick(parts[5], &["1", "2"])?;
    let actor: u32 = parts[6]
        .parse()
        .ok()
        .filter(|actor| (1..=24).contains(actor))?;
    Some(Utterance {
        corpus: some("ravdess"),
        speaker: some(parts[6]),
        emotion: some(emotion),
        label_original: some(emotion),
        intensity: some(intensity),
        sex: some(if actor % 2 == 1 { "male" } else { "female" }),
        text: some(text),
        take: some(take),
        style: some(style),
        language: some("en"),
        ..Utterance::default()
    })
}

/// Two statements twice in two intensities, but neutral in one. There is no song of actor 18, and
/// no disgust or surprise in song.
fn published(style: &str) -> Published {
    let song = style == "song";
    let emotions = EMOTIONS.into_iter().take(if song { 6 } else { 8 });
    let actors = (1..=24).filter(|&actor| !(song && actor == 18));
    let takes = |emotion: &'static str| (emotion, if emotion == "neutral" { 4 } else { 8 });
    let speakers: Vec<String> = actors.map(|actor| format!("{actor:02}")).collect();
    Published::balanced(&emotions.map(takes).collect::<Vec<_>>(), &speakers)
}

#[test]
fn names_are_read() {
    let song = parse("03-02-06-02-02-01-24").unwrap();
    let fields = song.fields().map(|f| f.unwrap_or(""));
    let expected = [
        "ravdess",
        "24",
        "fearful",
        "fearful",
        "strong",
        "female",
        "Dogs are sitting by the door",
        "1",
        "song",
        "en",
    ];
    assert_eq!(fields, expected);
    for wrong in [
        "03-01-09-01-01-01-01",
        "03-01-01-01-01-01",
        "03-01-01-01-01-01-25",
        "3-01-01-01-01-01-01",
        "00-01-01-01-01-01-01",
    ] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_published_counts_are_those_of_the_paper() {
    let (speech, song) = (published("speech"), published("song"));
    assert_eq!((speech.recordings, song.recordings), (1440, 1012));
    assert_eq!(
        (speech.emotions["neutral"], speech.emotions["calm"]),
        (96, 192)
    );
    assert_eq!((speech.speakers["18"], song.speakers["24"]), (60, 44));
    assert!(!song.speakers.contains_key("18") && !song.emotions.contains_key("disgust"));
}
