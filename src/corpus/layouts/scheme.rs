//! A layout as it stands in a file of TOML, and how it reads a name.
//!
//! `src/corpus/layouts.toml` says what each key is for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

use crate::corpus::emotion::class_of;
use crate::corpus::layouts::held::{Held, OneOrMany, listed, plain};
use crate::corpus::layouts::pattern::{Holds, Pattern, Tolerance};
use crate::corpus::layouts::published::Counted;
use crate::corpus::manifest::Utterance;

/// What is known of a layout, and of the corpus that it is of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    pub name: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub aliases: Vec<String>,
    pub language: Option<String>,
    pub licence: Option<String>,
    pub citation: Option<String>,
    pub url: Option<String>,
    pub source: Option<String>,
    #[serde(default)]
    pub example: String,
    #[serde(default)]
    patterns: Vec<Written>,
    pub copies: Option<String>,
    /// Whether other corpora have such names too, so that a folder must bear its name.
    #[serde(default)]
    pub generic: bool,
    /// Whether names are short ones such as anything may bear.
    #[serde(default)]
    pub common: bool,
    #[serde(default)]
    female: OneOrMany,
    #[serde(default)]
    male: OneOrMany,
    pub needs: Option<String>,
    #[serde(default)]
    languages: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    pub side: Vec<Side>,
    #[serde(default)]
    fields: BTreeMap<String, OneOrMany>,
    /// What fields may hold instead: each pattern is tried with each of these, too.
    #[serde(default)]
    or: Vec<BTreeMap<String, OneOrMany>>,
    #[serde(default)]
    codes: BTreeMap<String, BTreeMap<String, Code>>,
    #[serde(default)]
    compose: BTreeMap<String, String>,
    #[serde(default)]
    pub published: Vec<Counted>,
    /// Whether names are as the patterns say, to the letter, and may say what others do not.
    #[serde(skip)]
    pub is_own: bool,
    #[serde(skip)]
    readers: Vec<Reader>,
    /// Who is a woman, who is a man, and who speaks which language, ready to be looked up.
    #[serde(skip)]
    people: People,
}

/// What is known of speakers.
#[derive(Debug, Clone, Default)]
struct People {
    female: Vec<Held>,
    male: Vec<Held>,
    languages: Vec<(String, Vec<Held>)>,
}

/// A file beside the recordings that says more of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// The end of its path; `*` is anything within a name.
    pub file: String,
    #[serde(default)]
    pub form: Form,
    /// The recording that a line is about, made of columns.
    #[serde(default)]
    pub key: String,
    /// The same, made of what names say; where it is empty, the name itself.
    #[serde(default)]
    pub of: String,
    /// What names say of the recordings that the file is about.
    #[serde(default)]
    pub within: BTreeMap<String, String>,
    /// Columns that are kept, and what they are called here.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
}

/// How a file beside recordings is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    #[default]
    Table,
    Iemocap,
    MspImprov,
}

/// A pattern, alone or with what is special to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a pattern in quotation marks, or a table of pattern, case, prefix, set, fields"
)]
enum Written {
    Plain(String),
    Special(Special),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Special {
    pattern: String,
    #[serde(default)]
    case: Case,
    #[serde(default = "yes")]
    prefix: bool,
    /// What this pattern says by itself.
    #[serde(default)]
    set: BTreeMap<String, String>,
    /// What fields may hold under this pattern.
    #[serde(default)]
    fields: BTreeMap<String, OneOrMany>,
}

fn yes() -> bool {
    true
}

/// Whether upper and lower case are alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Case {
    #[default]
    Any,
    /// As it is written, or all of the name in one case.
    Whole,
    Exact,
}

/// What a code stands for: a label of the corpus, and the class where that does not follow from it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Code {
    Label(String),
    LabelAndClass([String; 2]),
}

impl Code {
    /// The class; none where the label stands for no emotion.
    fn class(&self) -> Option<String> {
        match self {
            Code::Label(label) => Some(class_of(label)),
            Code::LabelAndClass([_, class]) => Some(class.clone()).filter(|c| !c.is_empty()),
        }
    }

    fn label(&self) -> &str {
        match self {
            Code::Label(label) | Code::LabelAndClass([label, _]) => label,
        }
    }
}

/// A pattern that is ready to read.
#[derive(Debug, Clone)]
struct Reader {
    pattern: Pattern,
    regex: Regex,
    case: Case,
    set: BTreeMap<String, String>,
    fields: BTreeMap<String, Vec<Held>>,
}

impl Scheme {
    /// A layout that no name follows.
    pub fn without_patterns(name: &str, title: &str) -> Scheme {
        Scheme {
            name: name.into(),
            title: title.into(),
            ..Scheme::default()
        }
    }

    /// A layout of patterns that somebody types: names are read to the letter.
    ///
    /// # Errors
    /// What is wrong with a pattern, in words.
    pub fn of_patterns(patterns: &[String]) -> Result<Scheme, String> {
        let written = patterns.iter().cloned().map(Written::Plain).collect();
        Scheme {
            name: patterns.join(" "),
            patterns: written,
            is_own: true,
            ..Scheme::default()
        }
        .ready()
    }

    /// The same with its patterns ready to read.
    ///
    /// # Errors
    /// What is wrong with one of them, in words.
    pub fn ready(mut self) -> Result<Scheme, String> {
        let mut readers = Vec::new();
        for other in std::iter::once(&BTreeMap::new()).chain(&self.or) {
            for written in &self.patterns {
                readers.push(self.reader(written, other)?);
            }
        }
        self.readers = readers;
        let languages = self.languages.iter();
        self.people = People {
            female: self.female.held(),
            male: self.male.held(),
            languages: languages
                .map(|(code, words)| (code.clone(), words.held()))
                .collect(),
        };
        let words = self
            .fields
            .values()
            .chain(self.or.iter().flat_map(BTreeMap::values));
        let mut words = words
            .flat_map(OneOrMany::words)
            .chain(self.female.words())
            .chain(self.male.words());
        if let Some(wrong) =
            words.find(|word| word.contains("..") && matches!(Held::parse(word), Held::Word(_)))
        {
            return Err(format!(
                "has {wrong:?}, which is no range; expected such as 01..24 or b1..b9"
            ));
        }
        match self.idle_field() {
            Some(idle) => Err(format!(
                "says what `{idle}` holds, which is a field of no pattern"
            )),
            None => Ok(self),
        }
    }

    /// A field of which something is said, and which nothing reads.
    fn idle_field(&self) -> Option<&str> {
        let said = self
            .fields
            .keys()
            .chain(self.codes.keys())
            .chain(self.or.iter().flat_map(BTreeMap::keys));
        let is_read = |name: &str| {
            let by_name = self.readers.iter().any(|reader| {
                reader.pattern.fields().any(|field| field == name) || reader.set.contains_key(name)
            });
            let beside = self.side.iter().any(|side| {
                side.form != Form::Table || side.columns.values().any(|column| column == name)
            });
            by_name || beside
        };
        said.map(String::as_str).find(|name| !is_read(name))
    }

    fn reader(
        &self,
        written: &Written,
        other: &BTreeMap<String, OneOrMany>,
    ) -> Result<Reader, String> {
        let special = match written {
            Written::Special(special) => special.clone(),
            Written::Plain(pattern) => Special {
                pattern: pattern.clone(),
                case: if self.is_own { Case::Exact } else { Case::Any },
                prefix: true,
                set: BTreeMap::new(),
                fields: BTreeMap::new(),
            },
        };
        let told = |fault: String| format!("the pattern {:?} {fault}", special.pattern);
        let pattern = Pattern::parse(&special.pattern).map_err(told)?;
        let tolerance = match self.is_own {
            true => Tolerance::NONE,
            false => Tolerance {
                any_case: special.case != Case::Exact,
                any_separator: true,
                prefix: special.prefix,
            },
        };
        let mut fields: BTreeMap<String, Vec<Held>> = BTreeMap::new();
        for (name, words) in self.fields.iter().chain(other).chain(&special.fields) {
            fields.insert(name.clone(), words.held());
        }
        for (name, codes) in &self.codes {
            let words = codes.keys().map(|code| Held::Word(code.clone()));
            fields.entry(name.clone()).or_insert(words.collect());
        }
        let values = |name: &str, holds: Holds| {
            let mut held = fields.get(name)?.clone();
            if held.contains(&Held::Anything) {
                // So many characters, or up to what stands behind it.
                return (holds == Holds::Any).then(|| Held::Anything.regex(false));
            }
            if let Holds::Characters(n) = holds {
                // Numbers that are written with zeros before them, or not, are so here.
                let fits = |held: &Held| match held {
                    Held::Word(word) => word.chars().count() == n,
                    _ => true,
                };
                held.retain(fits);
                for held in &mut held {
                    if let Held::Range { before, width, .. } = held {
                        *width = n.saturating_sub(before.chars().count()).max(1);
                    }
                }
                if held.iter().all(|held| held.all().is_none()) {
                    let class = if held == [Held::Digits] {
                        "[0-9]"
                    } else {
                        r"[\p{L}\p{M}]"
                    };
                    return Some(format!("{class}{{{n}}}"));
                }
            }
            let mut expressions: Vec<String> = held
                .iter()
                .map(|held| held.regex(tolerance.any_separator))
                .collect();
            // The longest first: an alternative is taken as soon as it fits.
            expressions.sort_by_key(|e| (std::cmp::Reverse(e.chars().count()), e.clone()));
            Some(expressions.join("|"))
        };
        let regex = pattern.regex(tolerance, &values).map_err(told)?;
        Ok(Reader {
            pattern,
            regex,
            case: special.case,
            set: special.set,
            fields,
        })
    }

    /// What each of its patterns looks like.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.readers
            .iter()
            .map(|reader| reader.pattern.text.as_str())
    }

    /// Who speaks, as far as that is known.
    pub fn speakers(&self) -> Vec<String> {
        match (self.fields.get("speaker"), self.codes.get("speaker")) {
            _ if self.compose.contains_key("speaker") => Vec::new(),
            (_, Some(codes)) => codes
                .values()
                .map(|code| code.label().to_string())
                .collect(),
            (Some(words), None) => listed(words.words()),
            (None, None) => Vec::new(),
        }
    }

    /// What the end of `path` says, which has no extension and `/` between its parts; `None` if it follows no pattern.
    pub fn read(&self, path: &str) -> Option<Utterance> {
        self.readers
            .iter()
            .find_map(|reader| self.read_by(reader, path))
    }

    fn read_by(&self, reader: &Reader, path: &str) -> Option<Utterance> {
        let found = reader.regex.captures(path)?;
        let whole = found.get(0)?.as_str();
        let mixed = whole.chars().any(char::is_lowercase) && whole.chars().any(char::is_uppercase);
        let must_be_exact = reader.case == Case::Whole && mixed;
        let mut raw: BTreeMap<&str, String> = BTreeMap::new();
        for (name, held) in reader.pattern.fields().zip(found.iter().skip(1)) {
            let held = held?.as_str();
            let spelled = match reader.fields.get(name) {
                None => held.to_string(),
                Some(known) => known.iter().find_map(|known| known.spelling(held))?,
            };
            if must_be_exact && !spelled.ends_with(held) {
                return None;
            }
            if let Some(before) = raw.insert(name, spelled.clone())
                && plain(&before) != plain(&spelled)
            {
                return None;
            }
        }
        for (name, value) in &reader.set {
            raw.insert(name, value.clone());
        }
        let mut utterance = Utterance {
            corpus: (!self.is_own).then(|| self.name.clone()),
            language: self.language.clone(),
            ..Utterance::default()
        };
        for (name, held) in &raw {
            self.say(&mut utterance, name, held);
        }
        for (name, template) in &self.compose {
            if let Some(value) = filled(template, |field| raw.get(field).map(String::as_str)) {
                put(&mut utterance, name, value);
            }
        }
        self.know(&mut utterance);
        Some(utterance)
    }

    /// Puts down that the field `name` holds `held`, a code of the corpus or a word.
    pub fn say(&self, utterance: &mut Utterance, name: &str, held: &str) {
        let code = self.codes.get(name).and_then(|codes| {
            let alike = || codes.iter().find(|(code, _)| plain(code) == plain(held));
            codes.get(held).or_else(|| alike().map(|(_, code)| code))
        });
        put(utterance, name, code.map_or(held, Code::label).to_string());
        if let ("emotion", Some(code)) = (name, code) {
            utterance.emotion = code.class();
        }
    }

    /// Adds what is known of who speaks.
    pub fn know(&self, utterance: &mut Utterance) {
        let Some(speaker) = utterance.speaker.clone() else {
            return;
        };
        let among = |known: &[Held]| known.iter().any(|known| known.spelling(&speaker).is_some());
        let people = &self.people;
        if utterance.sex.is_none() {
            utterance.sex = match (among(&people.female), among(&people.male)) {
                (true, _) => Some("female".into()),
                (_, true) => Some("male".into()),
                _ => None,
            };
        }
        if let Some((language, _)) = people.languages.iter().find(|(_, known)| among(known)) {
            utterance.language = Some(language.clone());
        }
    }
}

/// What the field `name`, or the column of that name, holds.
pub fn held<'a>(utterance: &'a Utterance, name: &str) -> Option<&'a str> {
    let at = Utterance::FIELDS.iter().position(|field| *field == name);
    match at {
        Some(at) => utterance.fields()[at],
        None => utterance.extra.get(name).map(String::as_str),
    }
}

/// Puts `value` into the field `name`, or into a column of that name; nowhere if it is empty or the name begins with `_`.
pub fn put(utterance: &mut Utterance, name: &str, value: String) {
    if name.starts_with('_') || value.is_empty() {
        return;
    }
    if name == "emotion" {
        utterance.emotion = Some(class_of(&value));
        utterance.label_original = Some(value);
    } else if let Some(field) = utterance.field_mut(name) {
        *field = Some(value);
    } else {
        utterance.extra.insert(name.to_string(), value);
    }
}

/// `template` with what its fields hold, numbers with zeros before them where it gives a length; `None` if one is unknown.
pub fn filled<'a>(template: &str, held: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (field, behind) = behind.split_once('}')?;
        let (name, width) = match field.split_once(':') {
            Some((name, width)) => (name, width.parse().ok()?),
            None => (field, 0),
        };
        let held = held(name)?;
        let held = match held.parse::<u64>() {
            Ok(n) if width > 0 => Cow::Owned(format!("{n:0width$}")),
            _ => Cow::Borrowed(held),
        };
        text.push_str(before);
        text.push_str(&held);
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}
