//! The common vocabulary of emotions, and the words for each in many languages: `src/corpus/emotions.toml`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::corpus::spelling::{decomposed, folded};

/// The common vocabulary of emotions.
pub const EMOTIONS: [&str; 13] = [
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
    "bored",
    "excited",
    "frustrated",
    "contempt",
    "amused",
];

/// Which of [`EMOTIONS`] each word stands for, with its accents and without.
static WORDS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    for language in languages() {
        for (emotion, own) in language.words {
            let known = EMOTIONS.iter().find(|known| **known == emotion);
            let emotion = known.expect("a test reads the words");
            for word in own {
                words.insert(unaccented(&word), *emotion);
                words.insert(word, *emotion);
            }
        }
    }
    words.extend(EMOTIONS.map(|emotion| (emotion.to_string(), emotion)));
    words
});

/// The words of one language.
#[derive(Deserialize)]
struct Language {
    #[allow(dead_code)]
    code: String,
    #[allow(dead_code)]
    source: String,
    #[serde(flatten)]
    words: BTreeMap<String, Vec<String>>,
}

fn languages() -> Vec<Language> {
    #[derive(Deserialize)]
    struct File {
        language: Vec<Language>,
    }
    let file: File = toml::from_str(include_str!("emotions.toml")).expect("a test reads the words");
    file.language
}

/// A word without the accents of Latin and Greek letters, which names of files often lose; and `i` for the Turkish `ı`.
fn unaccented(word: &str) -> String {
    let letters = decomposed(word);
    let is_letter = |c: &char| !('\u{300}'..='\u{36f}').contains(c);
    let letters: String = letters.chars().filter(is_letter).collect();
    crate::corpus::spelling::composed(&letters.replace('ı', "i")).into_owned()
}

/// The words for emotions that are several, such as "pleasant surprise".
pub(in crate::corpus) fn phrases() -> Vec<&'static str> {
    let mut phrases: Vec<&str> = WORDS
        .keys()
        .map(String::as_str)
        .filter(|word| word.contains(' '))
        .collect();
    phrases.sort_unstable_by_key(|phrase| (std::cmp::Reverse(phrase.len()), *phrase));
    phrases
}

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
    let label = folded(label).replace('_', " ");
    let plain = || WORDS.get(&unaccented(&label));
    WORDS.get(&label).or_else(plain).copied()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_for_one_emotion_in_all_languages() {
        let mut seen: BTreeMap<String, (String, String)> = BTreeMap::new();
        let languages = languages();
        assert!(languages.len() >= 20);
        for Language {
            code,
            source,
            words,
        } in languages
        {
            assert!(!source.is_empty(), "{code}");
            for (emotion, words) in words {
                assert!(EMOTIONS.contains(&emotion.as_str()), "{code}: {emotion}");
                for word in words {
                    assert_eq!(folded(&word), word, "{code}");
                    assert!(word.chars().count() > 1, "{code}: {word}");
                    let own = (emotion.clone(), code.clone());
                    for form in [unaccented(&word), word] {
                        let first = seen.entry(form.clone()).or_insert(own.clone());
                        assert_eq!(first.0, emotion, "{form} in {code} and {}", first.1);
                    }
                }
            }
        }
    }

    #[test]
    fn labels_are_known_in_any_spelling() {
        for (label, emotion) in [
            (" Überraschung ", Some("surprised")),
            ("A\u{308}rger", Some("angry")),
            ("Pleasant  surprise", Some("surprised")),
            ("pleasant_surprise", Some("surprised")),
            ("FELICITA", Some("happy")),
            ("degout", Some("disgust")),
            ("KIZGIN", Some("angry")),
            ("Öfke", Some("angry")),
            ("ΧΑΡΑ", Some("happy")),
            ("Злость", Some("angry")),
            ("愤怒", Some("angry")),
            ("ps", Some("surprised")),
            ("melancholy", None),
            ("", None),
        ] {
            assert_eq!(canonical_emotion(label), emotion, "{label}");
        }
        assert_eq!(class_of(" Wa\u{308}rme "), class_of("wärme"));
    }
}
