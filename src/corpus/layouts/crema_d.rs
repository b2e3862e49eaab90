//! CREMA-D, the crowd-sourced emotional multimodal actors dataset (Cao et al. 2014,
//! doi:10.1109/TAFFC.2014.2336244); sentences and actors by its README and `VideoDemographics.csv`.

use crate::corpus::layouts::{Published, Scheme, some, words};
use crate::corpus::manifest::Utterance;

pub(super) static SCHEME: Scheme = Scheme {
    name: "crema-d",
    licence: Some("Open Database License"),
    grammar: "actor, sentence, emotion, intensity such as 1001_DFA_ANG_XX",
    parse: |_, stem| parse(stem),
    published: |_| Some(published()),
};

const ACTORS: std::ops::RangeInclusive<u16> = 1001..=1091;

/// The 43 women among the 91 actors.
const WOMEN: [u16; 43] = [
    1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025, 1028,
    1029, 1030, 1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060, 1061, 1063,
    1072, 1073, 1074, 1075, 1076, 1078, 1079, 1082, 1084, 1089, 1091,
];

/// Actor, sentence, emotion, intensity. Copies put other things in front, change the case, write
/// `X` for the unspecified intensity `XX`, or leave it out, and spell intensity and emotion out.
fn parse(stem: &str) -> Option<Utterance> {
    let name = stem.to_uppercase();
    let words = words(&name);
    let (codes, intensity) = match &words[..] {
        [codes @ .., "LO" | "LOW"] => (codes, some("low")),
        [codes @ .., "MD" | "MED" | "MEDIUM"] => (codes, some("medium")),
        [codes @ .., "HI" | "HIGH"] => (codes, some("high")),
        [codes @ .., "XX" | "X" | "UNSPECIFIED"] => (codes, None),
        codes => (codes, None),
    };
    let &[.., actor, sentence, emotion] = codes else {
        return None;
    };
    let number: u16 = actor.parse().ok()?;
    if actor.len() != 4 || !ACTORS.contains(&number) {
        return None;
    }
    let text = match sentence {
        "IEO" => "It's eleven o'clock",
        "TIE" => "That is exactly what happened",
        "IOM" => "I'm on my way to the meeting",
        "IWW" => "I wonder what this is about",
        "TAI" => "The airplane is almost full",
        "MTI" => "Maybe tomorrow it will be cold",
        "IWL" => "I would like a new alarm clock",
        "ITH" => "I think I have a doctor's appointment",
        "DFA" => "Don't forget a jacket",
        "ITS" => "I think I've seen this before",
        "TSI" => "The surface is slick",
        "WSI" => "We'll stop in a couple of minutes",
        _ => return None,
    };
    let (label, emotion) = match emotion {
        "ANG" | "ANGER" | "ANGRY" => ("anger", "angry"),
        "DIS" | "DISGUST" => ("disgust", "disgust"),
        "FEA" | "FEAR" => ("fear", "fearful"),
        "HAP" | "HAPPY" => ("happy", "happy"),
        "NEU" | "NEUTRAL" => ("neutral", "neutral"),
        "SAD" => ("sad", "sad"),
        _ => return None,
    };
    let woman = WOMEN.contains(&number);
    Some(Utterance {
        corpus: some("crema-d"),
        speaker: some(actor),
        emotion: some(emotion),
        label_original: some(label),
        intensity,
        sex: some(if woman { "female" } else { "male" }),
        text: some(text),
        language: some("en"),
        ..Utterance::default()
    })
}

/// Of each actor eleven sentences in six emotions, and one in three intensities of five emotions
/// and in neutral: 82, and 7462 in all. 20 of them were not published, and which ones the paper
/// does not say.
fn published() -> Published {
    let speakers: Vec<String> = ACTORS.map(|actor| actor.to_string()).collect();
    let speakers: Vec<(&str, usize)> = speakers.iter().map(|s| (s.as_str(), 82)).collect();
    Published::counted(
        7442,
        &[
            ("angry", 1271),
            ("disgust", 1271),
            ("fearful", 1271),
            ("happy", 1271),
            ("neutral", 1087),
            ("sad", 1271),
        ],
        &speakers,
    )
}

#[test]
fn names_are_read() {
    let fields = parse("1091_WSI_FEA_HI")
        .unwrap()
        .fields()
        .map(|f| f.unwrap_or("").to_string());
    let expected = [
        "crema-d",
        "1091",
        "fearful",
        "fear",
        "high",
        "female",
        "We'll stop in a couple of minutes",
        "",
        "",
        "en",
    ];
    assert_eq!(fields, expected);
    for (level, intensity) in [
        ("LO", Some("low")),
        ("LOW", Some("low")),
        ("MEDIUM", Some("medium")),
        ("HIGH", Some("high")),
        ("unspecified", None),
        ("MD", Some("medium")),
        ("XX", None),
        ("X", None),
    ] {
        let read = parse(&format!("1040_ITH_SAD_{level}")).unwrap();
        assert_eq!(read.intensity.as_deref(), intensity, "{level}");
        assert_eq!(read.sex.as_deref(), Some("male"));
    }
    let sentences = "IEO TIE IOM IWW TAI MTI IWL ITH DFA ITS TSI WSI";
    let emotions = "ANG DIS FEA HAP NEU SAD";
    for sentence in sentences.split(' ') {
        for emotion in emotions.split(' ') {
            assert!(parse(&format!("1001_{sentence}_{emotion}_XX")).is_some());
        }
    }
}

#[test]
fn renamed_copies_are_read_alike() {
    let original = parse("1001_DFA_ANG_XX").unwrap();
    for copy in [
        "1001_dfa_ang_xx",
        "crema_1001_DFA_ANG_XX",
        "CREMA-D-1001-DFA-ANG-XX",
        "anger_1001_DFA_ANG_XX",
        "17_1001_DFA_ANG_X",
        "1001 DFA ANG XX",
        "1001_DFA_ANG",
        "1001_DFA_ANGER_XX",
        "1001_dfa_angry_unspecified",
    ] {
        assert_eq!(parse(copy).as_ref(), Some(&original), "{copy}");
    }
}

#[test]
fn near_misses_are_not_read() {
    for wrong in [
        "1000_DFA_ANG_XX",
        "1092_DFA_ANG_XX",
        "01001_DFA_ANG_XX",
        "+1001_DFA_ANG_XX",
        "1001_DFB_ANG_XX",
        "1001_DFA_SUR_XX",
        "1001_DFA_ANG_ZZ",
        "1001_DFA_LOW",
        "1001_DFA_ANGUISH_XX",
        "1001_DFA_ANG_XX_2",
        "1001_ANG_DFA_XX",
        "DFA_ANG_XX",
    ] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_published_counts_are_those_of_the_paper() {
    assert_eq!((WOMEN.len(), ACTORS.count() - WOMEN.len()), (43, 48));
    let published = published();
    assert_eq!(published.emotions.values().sum::<usize>(), 7442);
    assert_eq!(published.speakers.values().sum::<usize>(), 7442 + 20);
}
