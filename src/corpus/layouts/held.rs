//! What a field of a name may hold: words, numbers within a range, or characters of a kind.

use serde::Deserialize;

use crate::corpus::layouts::pattern::{SEPARATORS, literal};

/// A word, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> OneOrMany {
        OneOrMany::Many(Vec::new())
    }
}

impl OneOrMany {
    /// What the words say.
    pub fn held(&self) -> Vec<Held> {
        self.words().iter().map(|word| Held::parse(word)).collect()
    }

    /// The words.
    pub fn words(&self) -> &[String] {
        match self {
            OneOrMany::One(word) => std::slice::from_ref(word),
            OneOrMany::Many(words) => words,
        }
    }
}

/// One of the things that a field may hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    Word(String),
    /// Numbers behind the same letters, with so many digits; 0: as many as it takes.
    Range {
        before: String,
        first: u64,
        last: u64,
        width: usize,
    },
    Digits,
    /// Numbers that are odd, or even.
    Parity(u64),
    Letters,
    /// Letters, kept in lower case.
    Lower,
    Anything,
}

impl Held {
    /// What a word in a file of layouts says.
    pub fn parse(text: &str) -> Held {
        match text {
            "digits" => return Held::Digits,
            "odd" => return Held::Parity(1),
            "even" => return Held::Parity(0),
            "letters" => return Held::Letters,
            "lower" => return Held::Lower,
            "any" => return Held::Anything,
            _ => {}
        }
        let range = || {
            let (first, last) = text.split_once("..")?;
            let digits_of = |word: &str| {
                let at = word.find(|c: char| c.is_ascii_digit())?;
                let (before, digits) = word.split_at(at);
                Some((before.to_string(), digits.parse().ok()?, digits.len()))
            };
            let ((before, first, width), (same, last, of_last)) =
                (digits_of(first)?, digits_of(last)?);
            let is_range = (before == same || same.is_empty()) && first <= last;
            is_range.then_some(Held::Range {
                before,
                first,
                last,
                width: if width == of_last && width > 1 || of_last == 1 {
                    width
                } else {
                    0
                },
            })
        };
        range().unwrap_or_else(|| Held::Word(text.to_string()))
    }

    /// All that it may be; `None` where that is not known.
    pub fn all(&self) -> Option<Vec<String>> {
        match self {
            Held::Word(word) => Some(vec![word.clone()]),
            Held::Range {
                before,
                first,
                last,
                width,
            } => Some(
                (*first..=*last)
                    .map(|n| format!("{before}{n:0width$}"))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// An expression for it.
    pub fn regex(&self, any_separator: bool) -> String {
        match self {
            Held::Word(word) => literal(word, any_separator),
            Held::Range {
                before,
                last,
                width,
                ..
            } => {
                let before = literal(before, any_separator);
                match width {
                    0 => format!("{before}[0-9]{{1,{}}}", last.to_string().len()),
                    width => format!("{before}[0-9]{{{width}}}"),
                }
            }
            Held::Digits | Held::Parity(_) => "[0-9]+".into(),
            Held::Letters | Held::Lower => r"[\p{L}\p{M}'’]+".into(),
            Held::Anything => r"[^/]+?".into(),
        }
    }

    /// `raw` as it is spelled here; `None` if it is not that.
    pub fn spelling(&self, raw: &str) -> Option<String> {
        match self {
            Held::Word(word) => (plain(word) == plain(raw)).then(|| word.clone()),
            Held::Range {
                before,
                first,
                last,
                width,
            } => {
                let at = raw
                    .len()
                    .checked_sub(raw.bytes().rev().take_while(u8::is_ascii_digit).count())?;
                let n: u64 = raw[at..].parse().ok()?;
                let known = plain(&raw[..at]) == plain(before) && (*first..=*last).contains(&n);
                known.then(|| format!("{before}{n:0width$}"))
            }
            Held::Parity(parity) => {
                let n: u64 = raw.parse().ok()?;
                (n % 2 == *parity).then(|| raw.to_string())
            }
            Held::Lower => Some(raw.to_lowercase()),
            Held::Digits | Held::Letters | Held::Anything => Some(raw.to_string()),
        }
    }
}

/// A word of a name without what copies change in it.
pub fn plain(word: &str) -> String {
    let words = word.split(SEPARATORS).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_lowercase()
}

/// All that words and ranges name; what is neither is left out.
pub fn listed(words: &[String]) -> Vec<String> {
    let all = words.iter().filter_map(|word| Held::parse(word).all());
    all.flatten().collect()
}
