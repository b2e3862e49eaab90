//! SAVEE, Surrey audio-visual expressed emotion (Haq & Jackson 2009; names by its `Info.txt`).

use std::path::Path;

use crate::corpus::layouts::{Published, Scheme, some, words};
use crate::corpus::manifest::Utterance;

pub(super) static SCHEME: Scheme = Scheme {
    name: "savee",
    licence: Some("research only"),
    grammar: "speaker, emotion and sentence such as DC/a01 or DC_a01",
    parse,
    published: |_| Some(published()),
};

/// The four speakers, all men.
const SPEAKERS: [&str; 4] = ["DC", "JE", "JK", "KL"];

/// Speaker, emotion and number of the sentence: `a01` in the folder `DC` or one below it, or
/// `DC_a01`, `DC-a01`, `DCa01`, `DC_a1` anywhere, also with other things in front. Without a speaker
/// a name such as `a01` says nothing.
fn parse(folder: &Path, stem: &str) -> Option<Utterance> {
    let words = words(stem);
    // Two letters are easily found in a name: behind other words they must stand in capitals,
    // unless the corpus is named.
    let named = |prefix: &[&str]| match prefix {
        [] => true,
        words => words.iter().any(|word| word.eq_ignore_ascii_case("savee")),
    };
    let (speaker, code) = match &words[..] {
        [code] if words[0] == stem => {
            let mut names = folder.iter().rev().take(2).filter_map(|name| name.to_str());
            match names.find_map(folder_speaker) {
                // With one digit it is a short name that anything might bear.
                Some(speaker) if code.bytes().filter(u8::is_ascii_digit).count() == 2 => {
                    (speaker, *code)
                }
                _ => glued(code)?,
            }
        }
        [.., code] if glued(code).is_some() => glued(code)?,
        [prefix @ .., speaker, code] => {
            let known = SPEAKERS.into_iter().find(|known| {
                known == speaker || named(prefix) && known.eq_ignore_ascii_case(speaker)
            });
            (known?, *code)
        }
        _ => return None,
    };
    utterance(speaker, &code.to_lowercase())
}

/// The speaker after whom a folder is named: `DC`, `speaker_DC`.
fn folder_speaker(folder: &str) -> Option<&'static str> {
    let name = match &words(folder)[..] {
        [name] => *name,
        [kind, name] if ["speaker", "savee"].contains(&kind.to_lowercase().as_str()) => *name,
        _ => return None,
    };
    SPEAKERS
        .into_iter()
        .find(|speaker| speaker.eq_ignore_ascii_case(name))
}

/// `DCa01`: speaker in capitals, and code.
fn glued(word: &str) -> Option<(&'static str, &str)> {
    SPEAKERS
        .into_iter()
        .find_map(|speaker| Some((speaker, word.strip_prefix(speaker)?)))
        .filter(|(_, code)| !code.is_empty())
}

fn utterance(speaker: &str, code: &str) -> Option<Utterance> {
    let digits = code.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let letters = &code[..code.len() - digits.len()];
    let (label, emotion) = match letters {
        "a" => ("anger", "angry"),
        "d" => ("disgust", "disgust"),
        "f" => ("fear", "fearful"),
        "h" => ("happiness", "happy"),
        "n" => ("neutral", "neutral"),
        "sa" => ("sadness", "sad"),
        "su" => ("surprise", "surprised"),
        _ => return None,
    };
    let sentences = if emotion == "neutral" { 30 } else { 15 };
    let number: u8 = digits.parse().ok()?;
    let known = (1..=2).contains(&digits.len()) && (1..=sentences).contains(&number);
    known.then(|| Utterance {
        corpus: some("savee"),
        speaker: some(speaker),
        emotion: some(emotion),
        label_original: some(label),
        sex: some("male"),
        // The code: which numbers the three sentences bear that all emotions share is not
        // documented.
        text: Some(format!("{letters}{number:02}")),
        language: some("en"),
        ..Utterance::default()
    })
}

/// 15 sentences of each speaker in each emotion, and 30 in neutral.
fn published() -> Published {
    Published::balanced(
        &[
            ("angry", 15),
            ("disgust", 15),
            ("fearful", 15),
            ("happy", 15),
            ("neutral", 30),
            ("sad", 15),
            ("surprised", 15),
        ],
        &SPEAKERS.map(str::to_string),
    )
}

#[test]
fn names_are_read() {
    let fields = parse(Path::new("KL"), "su15")
        .unwrap()
        .fields()
        .map(|f| f.unwrap_or("").to_string());
    let expected = [
        "savee",
        "KL",
        "surprised",
        "surprise",
        "",
        "male",
        "su15",
        "",
        "",
        "en",
    ];
    assert_eq!(fields, expected);
    for (code, emotion) in [
        ("a01", "angry"),
        ("d02", "disgust"),
        ("f03", "fearful"),
        ("h04", "happy"),
        ("n30", "neutral"),
        ("sa05", "sad"),
        ("su06", "surprised"),
    ] {
        let read = parse(Path::new("DC"), code).unwrap();
        assert_eq!(read.emotion.as_deref(), Some(emotion), "{code}");
    }
}

#[test]
fn speakers_stand_in_the_folder_or_in_the_name() {
    let original = parse(Path::new("JE"), "sa12").unwrap();
    for (folder, stem) in [
        ("je", "sa12"),
        ("JE", "SA12"),
        ("ALL", "JE_sa12"),
        ("ALL", "JE-sa12"),
        ("", "je_sa12"),
        ("", "JE sa12"),
        ("", "JEsa12"),
        ("DC", "JE_sa12"),
        ("", "SAVEE_JE_sa12"),
        ("", "savee-je-sa12"),
        ("", "sad_JE_sa12"),
        ("", "0412_JEsa12"),
        ("JE/wav", "sa12"),
        ("speaker_JE", "sa12"),
        ("SAVEE-je/audio", "sa12"),
    ] {
        let read = parse(Path::new(folder), stem);
        assert_eq!(read.as_ref(), Some(&original), "{folder}/{stem}");
    }
}

#[test]
fn a_number_without_its_zero_is_the_same_sentence() {
    let folder = Path::new("");
    assert_eq!(parse(folder, "DC_a1"), parse(folder, "DC_a01"));
    assert!(parse(folder, "DC_a1").is_some());
}

#[test]
fn near_misses_are_not_read() {
    for (folder, stem) in [
        ("", "a01"),
        ("AudioData", "a01"),
        ("anger", "a01"),
        ("MK", "a01"),
        ("DC", "a00"),
        ("DC", "a16"),
        ("DC", "n31"),
        ("DC", "a1"),
        ("DC", "a001"),
        ("DC", "s01"),
        ("DC", "x01"),
        ("DC", "a01b"),
        ("DC", "take_a01"),
        ("DC", "01"),
        ("", "MK_a01"),
        ("", "interview_kl_a01"),
        ("", "dca01"),
        ("", "DC_a01_2"),
        ("DC/x/wav", "a01"),
        ("interview_DC", "a01"),
        ("", "DC_a0"),
        ("", "DC_n31"),
        ("", "DC"),
    ] {
        assert_eq!(parse(Path::new(folder), stem), None, "{folder}/{stem}");
    }
}

#[test]
fn the_published_counts_are_those_of_the_authors() {
    let published = published();
    assert_eq!((published.recordings, published.speakers["JK"]), (480, 120));
    assert_eq!(
        (published.emotions["neutral"], published.emotions["sad"]),
        (120, 60)
    );
}
