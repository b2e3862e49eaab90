//! EmoDB, the Berlin database of emotional speech (Burkhardt et al. 2005).

use crate::corpus::layouts::{Published, Scheme, some};
use crate::corpus::manifest::Utterance;

pub(super) static SCHEME: Scheme = Scheme {
    name: "emodb",
    licence: Some("freely available"),
    grammar: "speaker, text, emotion, version such as 03a01Wb",
    parse: |_, stem| parse(stem),
    published: |_| Some(published()),
};

/// Speaker (two digits), text (a letter and two digits), emotion (the initial of the German word),
/// version (a letter, absent where there is one version).
fn parse(stem: &str) -> Option<Utterance> {
    let bytes = stem.as_bytes();
    if !stem.is_ascii() || !(6..=7).contains(&bytes.len()) {
        return None;
    }
    let speaker = &stem[..2];
    let sex = match speaker {
        "03" | "10" | "11" | "12" | "15" => "male",
        "08" | "09" | "13" | "14" | "16" => "female",
        _ => return None,
    };
    let text = match &stem[2..5] {
        "a01" => "Der Lappen liegt auf dem Eisschrank.",
        "a02" => "Das will sie am Mittwoch abgeben.",
        "a04" => "Heute abend könnte ich es ihm sagen.",
        "a05" => "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
        "a07" => "In sieben Stunden wird es soweit sein.",
        "b01" => "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
        "b02" => "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
        "b03" => {
            "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht."
        }
        "b09" => "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
        "b10" => "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
        _ => return None,
    };
    let (label, emotion) = match bytes[5] {
        b'W' => ("Wut", "angry"),
        b'L' => ("Langeweile", "bored"),
        b'E' => ("Ekel", "disgust"),
        b'A' => ("Angst", "fearful"),
        b'F' => ("Freude", "happy"),
        b'T' => ("Trauer", "sad"),
        b'N' => ("neutral", "neutral"),
        _ => return None,
    };
    let take = match bytes.get(6) {
        None => None,
        Some(version @ b'a'..=b'z') => some(std::str::from_utf8(&[*version]).ok()?),
        Some(_) => return None,
    };
    Some(Utterance {
        corpus: some("emodb"),
        speaker: some(speaker),
        emotion: some(emotion),
        label_original: some(label),
        sex: some(sex),
        text: some(text),
        take,
        language: some("de"),
        ..Utterance::default()
    })
}

/// The 535 recordings that listeners recognised; so no two speakers have the same.
fn published() -> Published {
    Published::counted(
        535,
        &[
            ("angry", 127),
            ("bored", 81),
            ("disgust", 46),
            ("fearful", 69),
            ("happy", 71),
            ("neutral", 79),
            ("sad", 62),
        ],
        &[
            ("03", 49),
            ("08", 58),
            ("09", 43),
            ("10", 38),
            ("11", 55),
            ("12", 35),
            ("13", 61),
            ("14", 69),
            ("15", 56),
            ("16", 71),
        ],
    )
}

#[test]
fn names_are_read() {
    let fields = parse("16b10Lb")
        .unwrap()
        .fields()
        .map(|f| f.unwrap_or("").to_string());
    assert_eq!(
        fields[..6],
        ["emodb", "16", "bored", "Langeweile", "", "female"]
    );
    assert_eq!(parse("03a01N").unwrap().take, None);
    for wrong in ["03a01X", "03a03Wa", "04a01Wa", "03a01WA", "03a01Wab"] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_published_counts_add_up() {
    let published = published();
    assert_eq!(published.emotions.values().sum::<usize>(), 535);
    assert_eq!(published.speakers.values().sum::<usize>(), 535);
}
