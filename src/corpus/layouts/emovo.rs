//! EMOVO, Italian (Costantini et al. 2014).

use crate::corpus::layouts::{Published, Scheme, some};
use crate::corpus::manifest::Utterance;

pub(super) static SCHEME: Scheme = Scheme {
    name: "emovo",
    licence: Some("free for research"),
    grammar: "emotion, speaker, sentence such as rab-f1-b2",
    parse: |_, stem| parse(stem),
    published: |_| Some(published()),
};

/// Emotion (three letters of the Italian word), speaker (sex and number), sentence (its
/// code: the name holds no more).
fn parse(stem: &str) -> Option<Utterance> {
    let parts: Vec<&str> = stem.split('-').collect();
    let &[label, speaker, sentence] = &parts[..] else {
        return None;
    };
    let (original, emotion) = match label {
        "dis" => ("disgusto", "disgust"),
        "gio" => ("gioia", "happy"),
        "neu" => ("neutrale", "neutral"),
        "pau" => ("paura", "fearful"),
        "rab" => ("rabbia", "angry"),
        "sor" => ("sorpresa", "surprised"),
        "tri" => ("tristezza", "sad"),
        _ => return None,
    };
    let sex = match speaker {
        "f1" | "f2" | "f3" => "female",
        "m1" | "m2" | "m3" => "male",
        _ => return None,
    };
    let known = matches!(
        sentence.as_bytes(),
        [b'b' | b'l' | b'n' | b'd', b'1'..=b'9']
    );
    known.then(|| Utterance {
        corpus: some("emovo"),
        speaker: some(speaker),
        emotion: some(emotion),
        label_original: some(original),
        sex: some(sex),
        text: some(sentence),
        language: some("it"),
        ..Utterance::default()
    })
}

/// Fourteen sentences of each speaker in each emotion.
fn published() -> Published {
    let emotions = [
        "angry",
        "disgust",
        "fearful",
        "happy",
        "neutral",
        "sad",
        "surprised",
    ];
    Published::balanced(
        &emotions.map(|emotion| (emotion, 14)),
        &["f1", "f2", "f3", "m1", "m2", "m3"].map(str::to_string),
    )
}

#[test]
fn names_are_read() {
    let fields = parse("gio-m2-n5")
        .unwrap()
        .fields()
        .map(|f| f.unwrap_or("").to_string());
    assert_eq!(
        fields[..7],
        ["emovo", "m2", "happy", "gioia", "", "male", "n5"]
    );
    for wrong in ["gio-m4-n5", "joy-m1-n5", "gio-m1", "gio-m1-x5", "gio-m1-b0"] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_published_counts_are_those_of_the_paper() {
    let published = published();
    assert_eq!(published.recordings, 588);
    assert_eq!(
        (published.emotions["sad"], published.speakers["f3"]),
        (84, 98)
    );
}
