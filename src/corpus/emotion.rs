//! The common vocabulary of emotions.

/// The common vocabulary of emotions, and the words that corpora use for each.
pub const EMOTIONS: [(&str, &[&str]); 13] = [
    (
        "neutral",
        &[
            "neu",
            "neutrality",
            "neutrale",
            "neutro",
            "neutralität",
            "no emotion",
        ],
    ),
    ("calm", &["calmness", "ruhig", "calma"]),
    (
        "happy",
        &[
            "happiness",
            "hap",
            "joy",
            "joyful",
            "freude",
            "gioia",
            "gio",
            "felicità",
        ],
    ),
    (
        "sad",
        &["sadness", "trauer", "traurig", "tristezza", "tri", "triste"],
    ),
    ("angry", &["anger", "ang", "ärger", "wut", "rabbia", "rab"]),
    (
        "fearful",
        &[
            "fear", "fea", "angst", "paura", "pau", "anxious", "anxiety", "afraid", "scared",
        ],
    ),
    ("disgust", &["disgusted", "dis", "ekel", "disgusto"]),
    (
        "surprised",
        &[
            "surprise",
            "sur",
            "ps",
            "pleasant surprise",
            "pleasant_surprise",
            "sorpresa",
            "sor",
            "überraschung",
        ],
    ),
    ("bored", &["boredom", "langeweile", "noia"]),
    (
        "excited",
        &["excitement", "exc", "enthusiasm", "enthusiastic"],
    ),
    ("frustrated", &["frustration", "fru"]),
    ("contempt", &["contemptuous", "verachtung"]),
    ("amused", &["amusement"]),
];

/// The word of the common vocabulary for a corpus's label, in any case; `None` where there is none.
pub fn canonical_emotion(label: &str) -> Option<&'static str> {
    let label = label.trim().to_lowercase();
    let entry = EMOTIONS
        .iter()
        .find(|(emotion, words)| *emotion == label || words.contains(&label.as_str()));
    entry.map(|(emotion, _)| *emotion)
}

#[test]
fn every_word_of_the_vocabulary_stands_for_one_emotion() {
    let words: Vec<&str> = EMOTIONS
        .iter()
        .flat_map(|(emotion, words)| words.iter().chain([emotion]))
        .copied()
        .collect();
    assert_eq!(
        words.len(),
        words
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    );
    assert_eq!(canonical_emotion(" Überraschung "), Some("surprised"));
    assert_eq!(canonical_emotion("melancholy"), None);
}
