//! The header of a database, `db.yaml`: what its tables and columns are, and what is known of labels.

use std::collections::BTreeMap;

use yaml_rust2::parser::{Event, EventReceiver, Parser};
use yaml_rust2::{Yaml, YamlLoader};

/// What is read of a header.
#[derive(Debug)]
pub struct Header {
    pub name: String,
    languages: Vec<String>,
    schemes: BTreeMap<String, Option<Labels>>,
    pub tables: Vec<Outline>,
    /// The ending of recordings that audb has converted.
    pub converted_to: Option<String>,
}

/// What a scheme knows of its labels.
#[derive(Debug)]
pub enum Labels {
    /// Of each, names and values.
    Facts(BTreeMap<String, BTreeMap<String, String>>),
    /// The same in a table of this name.
    Table(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Filewise,
    Segmented,
    Misc,
}

/// What the header says of a table.
#[derive(Debug)]
pub struct Outline {
    pub id: String,
    pub kind: Kind,
    /// Which part of the corpus it is: train, dev, test.
    pub split: Option<String>,
    /// Names of the levels of a table that is not of recordings.
    pub levels: Vec<String>,
    pub columns: Vec<Column>,
}

#[derive(Debug)]
pub struct Column {
    pub id: String,
    pub scheme: Option<String>,
    pub rater: Option<String>,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// Where it is no YAML, asks for code to be run, or has no name.
    pub fn parse(text: &str) -> Result<Header, String> {
        if text.contains("!!python") {
            return Err("asks for Python code to be run when it is read; take the tags that begin with !!python away".into());
        }
        let text = text.trim_start_matches('\u{feff}');
        let mut aliases = Aliases(false);
        let _ = Parser::new_from_str(text).load(&mut aliases, true);
        if aliases.0 {
            return Err(
                "has aliases (*name); write out what they stand for, as audformat does".into(),
            );
        }
        let parsed = YamlLoader::load_from_str(text);
        let documents = parsed.map_err(|cause| format!("is no YAML: {cause}"))?;
        let header = documents.first().filter(|d| d.as_hash().is_some());
        let header = header.ok_or("says nothing; expected the header of an audformat database")?;
        let name = word(&header["name"])
            .ok_or("has no `name`; expected the header of an audformat database")?;
        let splits: BTreeMap<String, Option<String>> = entries(&header["splits"])
            .map(|(id, split)| (id, word(&split["type"])))
            .collect();
        let split_of = |table: &Yaml| {
            let id = word(&table["split_id"])?;
            match splits.get(&id).cloned().flatten() {
                Some(kind) if kind != "other" => Some(kind),
                _ => Some(id),
            }
        };
        let columns = |table: &Yaml| -> Vec<Column> {
            let column = |(id, column): (String, &Yaml)| Column {
                id,
                scheme: word(&column["scheme_id"]),
                rater: word(&column["rater_id"]),
            };
            entries(&table["columns"]).map(column).collect()
        };
        let of_recordings = entries(&header["tables"]).map(|(id, table)| Outline {
            id,
            kind: match word(&table["type"]).as_deref() {
                Some("segmented") => Kind::Segmented,
                _ => Kind::Filewise,
            },
            split: split_of(table),
            levels: Vec::new(),
            columns: columns(table),
        });
        let misc = entries(&header["misc_tables"]).map(|(id, table)| Outline {
            id,
            kind: Kind::Misc,
            split: None,
            levels: entries(&table["levels"]).map(|(name, _)| name).collect(),
            columns: columns(table),
        });
        let scheme = |(id, scheme): (String, &Yaml)| (id, labels(&scheme["labels"]));
        let languages = header["languages"].as_vec().map_or(&[][..], |list| list);
        Ok(Header {
            name,
            languages: languages.iter().filter_map(word).collect(),
            schemes: entries(&header["schemes"]).map(scheme).collect(),
            tables: of_recordings.chain(misc).collect(),
            converted_to: word(&header["audb"]["flavor"]["format"]),
        })
    }

    /// The language of all recordings, where there is one.
    pub fn language(&self) -> Option<String> {
        match &self.languages[..] {
            [one] => Some(short_language(one)),
            _ => None,
        }
    }

    /// What is known of the labels of a scheme.
    pub fn labels_of(&self, scheme: &str) -> Option<&Labels> {
        self.schemes.get(scheme)?.as_ref()
    }
}

/// Whether there are aliases, which a short file can make arbitrarily long with.
struct Aliases(bool);

impl EventReceiver for Aliases {
    fn on_event(&mut self, event: Event) {
        self.0 |= matches!(event, Event::Alias(_));
    }
}

/// Labels with facts about them, such as speakers with their gender.
fn labels(labels: &Yaml) -> Option<Labels> {
    if let Some(table) = labels.as_str() {
        return Some(Labels::Table(table.to_string()));
    }
    labels.as_hash()?;
    let facts = entries(labels).map(|(label, known)| {
        let known = entries(known).filter_map(|(name, value)| Some((name, word(value)?)));
        (label, known.collect())
    });
    Some(Labels::Facts(facts.collect()))
}

/// The entries of a mapping, in order; none of anything else.
fn entries(yaml: &Yaml) -> impl Iterator<Item = (String, &Yaml)> {
    let hash = yaml.as_hash().into_iter().flatten();
    hash.filter_map(|(key, value)| Some((word(key)?, value)))
}

/// A scalar as it is written.
fn word(yaml: &Yaml) -> Option<String> {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
        Yaml::Integer(n) => Some(n.to_string()),
        Yaml::Boolean(is) => Some(is.to_string()),
        _ => None,
    }
}

/// Codes of ISO 639-3, as audformat has them, and of ISO 639-1.
const LANGUAGES: [(&str, &str); 42] = [
    ("amh", "am"),
    ("ara", "ar"),
    ("ben", "bn"),
    ("ces", "cs"),
    ("cmn", "zh"),
    ("dan", "da"),
    ("deu", "de"),
    ("ell", "el"),
    ("eng", "en"),
    ("est", "et"),
    ("fas", "fa"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("ind", "id"),
    ("isl", "is"),
    ("ita", "it"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kaz", "kk"),
    ("kor", "ko"),
    ("lit", "lt"),
    ("nld", "nl"),
    ("nor", "no"),
    ("ori", "or"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rus", "ru"),
    ("slk", "sk"),
    ("spa", "es"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tha", "th"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("vie", "vi"),
    ("zho", "zh"),
];

/// The code of two letters of a language, or the one that it has.
pub fn short_language(code: &str) -> String {
    let known = LANGUAGES.iter().find(|(long, _)| *long == code);
    known.map_or(code, |(_, short)| short).to_string()
}

/// The code of three letters.
pub fn long_language(code: &str) -> String {
    // Of the two for Chinese the one for all of it.
    let known = LANGUAGES.iter().rev().find(|(_, short)| *short == code);
    known.map_or(code, |(long, _)| long).to_string()
}
