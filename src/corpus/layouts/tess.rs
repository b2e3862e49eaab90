//! TESS, the Toronto emotional speech set (Pichora-Fuller & Dupuis 2020, doi:10.5683/SP2/E8H2MF).

use crate::corpus::emotion::canonical_emotion;
use crate::corpus::layouts::{Published, Scheme, some, words};
use crate::corpus::manifest::Utterance;

pub(super) static SCHEME: Scheme = Scheme {
    name: "tess",
    licence: Some("CC BY-NC-ND 4.0"),
    grammar: "speaker, word, emotion such as OAF_back_angry",
    parse: |_, stem| parse(stem),
    published: |_| Some(published()),
};

/// Speaker (OAF: the older, YAF: the younger of two women), the word that ends "Say the word ...",
/// emotion. Copies put other things in front, write dashes, dots or spaces for underscores, and
/// spell `ps` out; one file of the original is misnamed `OA_bite_neutral`.
fn parse(stem: &str) -> Option<Utterance> {
    let name = stem.to_lowercase();
    let words = words(&name);
    // From the right: what stands in front may be anything, even another emotion.
    let (before, label) = match &words[..] {
        [before @ .., "pleasant", last @ ("surprise" | "surprised")] => (before, *last),
        [before @ .., "pleasantsurprise" | "pleasantsurprised"] => (before, "surprise"),
        [before @ .., last] => (before, *last),
        [] => return None,
    };
    let &[.., speaker, word] = before else {
        return None;
    };
    let emotion = canonical_emotion(label)?;
    let label = match emotion {
        "angry" => "angry",
        "disgust" => "disgust",
        "fearful" => "fear",
        "happy" => "happy",
        "neutral" => "neutral",
        "sad" => "sad",
        "surprised" => "pleasant surprise",
        _ => return None,
    };
    let speaker = match speaker {
        "oaf" => "OAF",
        "yaf" => "YAF",
        "oa" if (word, label) == ("bite", "neutral") => "OAF",
        _ => return None,
    };
    let is_word = word.starts_with(char::is_alphabetic)
        && word
            .chars()
            .all(|c| c.is_alphabetic() || ['\'', '’'].contains(&c));
    is_word.then(|| Utterance {
        corpus: some("tess"),
        speaker: some(speaker),
        emotion: some(emotion),
        label_original: some(label),
        sex: some("female"),
        text: Some(format!("Say the word {word}")),
        language: some("en"),
        ..Utterance::default()
    })
}

/// 200 words of each speaker in each emotion.
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
        &emotions.map(|emotion| (emotion, 200)),
        &["OAF", "YAF"].map(str::to_string),
    )
}

#[test]
fn names_are_read() {
    let fields = parse("YAF_youth_ps")
        .unwrap()
        .fields()
        .map(|f| f.unwrap_or("").to_string());
    let expected = [
        "tess",
        "YAF",
        "surprised",
        "pleasant surprise",
        "",
        "female",
        "Say the word youth",
        "",
        "",
        "en",
    ];
    assert_eq!(fields, expected);
    let emotions = ["angry", "disgust", "fear", "happy", "neutral", "sad"];
    for (label, emotion) in emotions
        .into_iter()
        .zip(["angry", "disgust", "fearful", "happy", "neutral", "sad"])
    {
        let read = parse(&format!("OAF_back_{label}")).unwrap();
        assert_eq!(read.emotion.as_deref(), Some(emotion));
        assert_eq!(read.label_original.as_deref(), Some(label));
    }
}

#[test]
fn renamed_copies_are_read_alike() {
    let original = parse("OAF_back_angry").unwrap();
    for copy in [
        "oaf_back_angry",
        "OAF_BACK_ANGRY",
        "angry_OAF_back_angry",
        "TESS_OAF_back_angry",
        "tess-OAF_back_angry",
        "1_OAF_back_angry",
        "0001-OAF-back-angry",
        "OAF back angry",
        "OAF.back.angry",
        "OAF - back - angry",
        "YAF_sad_OAF_back_angry",
    ] {
        assert_eq!(parse(copy).as_ref(), Some(&original), "{copy}");
    }
    let surprise = parse("YAF_youth_ps").unwrap();
    for copy in [
        "YAF_youth_pleasant_surprise",
        "YAF_youth_pleasantsurprise",
        "yaf youth pleasant surprised",
    ] {
        assert_eq!(parse(copy).as_ref(), Some(&surprise), "{copy}");
    }
    let misnamed = parse("OA_bite_neutral").unwrap();
    assert_eq!(misnamed.speaker.as_deref(), Some("OAF"));
}

#[test]
fn near_misses_are_not_read() {
    for wrong in [
        "OAF_angry",
        "OAF_back",
        "OAF_back_bored",
        "MAF_back_angry",
        "OA_back_angry",
        "OAF_back_angry_2",
        "OAF_far-off_angry",
        "OAF_12_angry",
        "back_angry_OAF",
        "OAFX_back_angry",
        "",
    ] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_published_counts_are_those_of_the_authors() {
    let published = published();
    assert_eq!(published.recordings, 2800);
    assert_eq!(
        (published.emotions["surprised"], published.speakers["OAF"]),
        (400, 1400)
    );
}
