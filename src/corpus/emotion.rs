//! The common vocabulary of emotions.

use crate::corpus::spelling::folded;

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

/// The word of the common vocabulary for the label of a corpus, whatever its case, Unicode form and spacing; `None` if
/// there is none.
///
/// ```
/// use sentire::corpus::emotion::canonical_emotion;
///
/// assert_eq!(canonical_emotion("Freude"), Some("happy"));
/// assert_eq!(canonical_emotion("melancholy"), None);
/// ```
pub fn canonical_emotion(label: &str) -> Option<&'static str> {
    let label = folded(label);
    let entry = EMOTIONS
        .iter()
        .find(|(emotion, words)| *emotion == label || words.contains(&label.as_str()));
    entry.map(|(emotion, _)| *emotion)
}

/// The class for the label of a corpus: the word of the common vocabulary or, if there is none, the corpus's own word in
/// a uniform spelling.
///
/// ```
/// use sentire::corpus::emotion::class_of;
///
/// assert_eq!(class_of("Rabbia"), "angry");
/// assert_eq!(class_of(" Melancholy "), "melancholy");
/// ```
pub fn class_of(label: &str) -> String {
    canonical_emotion(label).map_or_else(|| folded(label), str::to_string)
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
    assert_eq!(canonical_emotion("A\u{308}rger"), Some("angry"));
    assert_eq!(canonical_emotion("Pleasant  surprise"), Some("surprised"));
    assert_eq!(class_of(" Wa\u{308}rme "), class_of("wärme"));
}
