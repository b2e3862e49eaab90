//! Parameters of a learner: declared as keys; read, checked and printed in the same way for all learners.

use std::fmt::{Debug, Display};
use std::str::FromStr;

/// One parameter of a learner.
#[derive(Debug)]
pub struct Key {
    /// As in `name=value`.
    pub name: &'static str,
    /// What it is unless told otherwise, as it is printed.
    pub default: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it means, in half a line.
    pub help: &'static str,
    /// Whether the grid of its learner decides it: then it is not printed of what is to be tuned.
    pub is_tuned: bool,
    /// Whether it is printed only where it is not the default.
    pub is_quiet: bool,
    /// A key that stands before it, and the value which that must have for this one to be there.
    pub beside: Option<(&'static str, &'static str)>,
}

/// What a parameter may be.
#[derive(Debug)]
pub enum Kind {
    /// A number above 0.
    Positive,
    /// A whole number from 1 to this.
    Whole(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// What the learner makes of it: in words, and to the text that is printed. The error is the whole of
    /// what is wrong.
    Own(&'static str, fn(&str) -> Result<String, String>),
}

impl Key {
    /// A key that is always there and always printed.
    pub const fn new(
        name: &'static str,
        default: &'static str,
        kind: Kind,
        help: &'static str,
    ) -> Key {
        Key {
            name,
            default,
            kind,
            help,
            is_tuned: false,
            is_quiet: false,
            beside: None,
        }
    }

    /// The same of a number above 0.
    pub const fn positive(name: &'static str, default: &'static str, help: &'static str) -> Key {
        Key::new(name, default, Kind::Positive, help)
    }

    /// The same of a whole number from 1 to `most`.
    pub const fn whole(
        name: &'static str,
        default: &'static str,
        most: usize,
        help: &'static str,
    ) -> Key {
        Key::new(name, default, Kind::Whole(most), help)
    }

    /// The same, decided by the grid.
    pub const fn tuned(self) -> Key {
        Key {
            is_tuned: true,
            ..self
        }
    }

    /// The same, printed only where it is not the default.
    pub const fn quiet(self) -> Key {
        Key {
            is_quiet: true,
            ..self
        }
    }

    /// The same, there only where another key has this value.
    pub const fn beside(self, key: &'static str, value: &'static str) -> Key {
        Key {
            beside: Some((key, value)),
            ..self
        }
    }

    fn is_there(&self, parameters: &Parameters) -> bool {
        self.beside
            .is_none_or(|(key, value)| parameters.word(key) == value)
    }

    /// The value as it is printed; the error says what was found and what was expected.
    pub fn read(&self, text: &str) -> Result<String, String> {
        let expected = |what: String| format!("{} {text:?}; expected {what}", self.name);
        match &self.kind {
            Kind::Positive => positive(self.name, text).map(|number| number.to_string()),
            Kind::Whole(most) => {
                let number = text.parse().ok().filter(|n| (1..=*most).contains(n));
                let number = number.map(|n: usize| n.to_string());
                number.ok_or_else(|| expected(format!("1 to {most}")))
            }
            Kind::Word(words) => {
                let word = words.iter().find(|word| **word == text);
                let word = word.map(ToString::to_string);
                word.ok_or_else(|| expected(words.join(" or ")))
            }
            Kind::Own(_, read) => read(text),
        }
    }

    /// What it may be, in words.
    pub fn range(&self) -> String {
        match &self.kind {
            Kind::Positive => "a number above 0".to_string(),
            Kind::Whole(most) => format!("1 to {most}"),
            Kind::Word(words) => words.join(" or "),
            Kind::Own(what, _) => what.to_string(),
        }
    }
}

/// A number above 0, the value of `key`.
pub fn positive(key: &str, text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|n: &f64| n.is_finite() && *n > 0.0);
    number.ok_or_else(|| format!("{key} {text:?}; expected a number above 0"))
}

/// What a type that parses and prints makes of a text: for [`Kind::Own`].
pub fn canonical<T: FromStr<Err = String> + Display>(text: &str) -> Result<String, String> {
    text.parse::<T>().map(|value| value.to_string())
}

/// The value of each key that is there, in the order of the keys, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// Takes from `given` what belongs to these keys; what is not given is the default.
    pub fn read(keys: &[Key], given: &mut Vec<(String, String)>) -> Result<Parameters, String> {
        let mut parameters = Parameters::default();
        for key in keys {
            if key.is_there(&parameters) {
                let value = match take(given, key.name) {
                    Some(text) => key.read(&text)?,
                    None => key.default.to_string(),
                };
                parameters.0.push((key.name, value));
            }
        }
        Ok(parameters)
    }

    /// As `key=value`, all or those that no grid decides.
    pub fn print(&self, keys: &[Key], with_tuned: bool) -> Vec<String> {
        let is_said = |key: &&Key| {
            key.is_there(self)
                && (with_tuned || !key.is_tuned)
                && !(key.is_quiet && self.word(key.name) == key.default)
        };
        let print = |key: &Key| format!("{}={}", key.name, self.word(key.name));
        keys.iter().filter(is_said).map(print).collect()
    }

    /// The value of a key that is there.
    pub fn word(&self, key: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| *name == key);
        &found.unwrap_or_else(|| panic!("no parameter {key:?}")).1
    }

    /// The same as what it was read as.
    pub fn get<T: FromStr<Err: Debug>>(&self, key: &str) -> T {
        self.word(key)
            .parse()
            .expect("it was checked when it was read")
    }

    /// The same, but for the value of one key that is there.
    pub fn with(&self, key: &str, value: impl Display) -> Parameters {
        let mut changed = self.clone();
        let found = changed.0.iter_mut().find(|(name, _)| *name == key);
        found.unwrap_or_else(|| panic!("no parameter {key:?}")).1 = value.to_string();
        changed
    }
}

/// Takes the value of a key out of what was given.
pub fn take(given: &mut Vec<(String, String)>, key: &str) -> Option<String> {
    let at = given.iter().position(|(name, _)| name == key)?;
    Some(given.remove(at).1)
}
