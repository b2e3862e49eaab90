//! Patterns: which parts of a name, and of the folders above it, say what.
//!
//! `{speaker}_{emotion}` is a name of two fields; `{emotion}/{speaker}-*` one in a folder. A pattern is compared with the end of a
//! path: its last part with the name of the file without extension, the parts before it with the folders above.

use regex::Regex;

use crate::corpus::emotion;

/// A pattern: text, fields, and what may be anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// What stands there.
    Text(String),
    /// What says something.
    Field { name: String, holds: Holds },
    /// Any number of characters of one name.
    Anything,
    /// Any number of folders.
    Folders,
}

/// Which text a field takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holds {
    /// A character or more.
    Any,
    /// So many characters.
    Characters(usize),
    /// Digits alone.
    Digits,
    /// Letters alone.
    Letters,
}

/// How names may differ from what a pattern says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Upper and lower case are alike.
    pub any_case: bool,
    /// Underscores, dashes, spaces and dots stand for one another, as they do in copies.
    pub any_separator: bool,
    /// Other words may stand in front of the name.
    pub prefix: bool,
}

impl Tolerance {
    /// Names are as the pattern says.
    pub const NONE: Tolerance = Tolerance {
        any_case: false,
        any_separator: false,
        prefix: false,
    };
}

/// The characters that stand for one another in copies of names.
pub const SEPARATORS: [char; 4] = ['_', '-', ' ', '.'];

/// Words that a name cannot say: what a recording is called, and where in it something stands.
const NO_FIELDS: [&str; 6] = [
    "file",
    "start",
    "end",
    "channel",
    "augment",
    "label_original",
];

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let mut parts: Vec<Part> = Vec::new();
        // A pattern may be written as the system writes paths.
        let text = text.replace('\\', "/");
        let mut rest = text.trim_start_matches("./");
        // The ending of the file says nothing.
        rest = rest.strip_suffix(".*").unwrap_or(rest);
        while let Some(at) = rest.find(['{', '}', '*']) {
            push_text(&mut parts, &rest[..at]);
            rest = &rest[at..];
            if rest.starts_with('}') {
                return Err("has `}` without `{` before it".into());
            }
            if let Some(behind) = rest.strip_prefix("**") {
                let begins = match parts.last() {
                    Some(Part::Text(text)) => text.ends_with('/'),
                    before => before.is_none(),
                };
                let Some(behind) = behind.strip_prefix('/').filter(|_| begins) else {
                    return Err(
                        "has `**`, any number of folders, which stands alone between two `/`"
                            .into(),
                    );
                };
                parts.push(Part::Folders);
                rest = behind;
                continue;
            }
            if let Some(behind) = rest.strip_prefix('*') {
                parts.push(Part::Anything);
                rest = behind;
                continue;
            }
            let (inside, behind) = rest[1..]
                .split_once('}')
                .ok_or("has `{` without `}` behind it")?;
            parts.push(field(inside)?);
            rest = behind;
        }
        push_text(&mut parts, without_extension(rest));
        let pattern = Pattern {
            text: text.clone(),
            parts,
        };
        match pattern.fields().count() {
            0 => Err("names no field such as {emotion}".into()),
            _ => Ok(pattern),
        }
    }

    /// Names of its fields, in order; one may stand there twice.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The part within or behind which the name of the file begins; `None` if it says nothing of folders.
    fn name_begins(&self) -> Option<usize> {
        self.parts.iter().rposition(|part| match part {
            Part::Text(text) => text.contains('/'),
            part => *part == Part::Folders,
        })
    }

    /// Where two of its parts stand side by side and nothing says where the first ends.
    fn fault(&self, is_closed: &dyn Fn(&str, Holds) -> bool) -> Option<String> {
        let is_open = |part: &Part| match part {
            Part::Field { name, holds } => {
                !matches!(holds, Holds::Characters(_)) && !is_closed(name, *holds)
            }
            part => *part == Part::Anything,
        };
        let open = self.parts.windows(2).find(|pair| {
            is_open(&pair[0]) && is_open(&pair[1]) && !ends_by_itself(&pair[0], &pair[1])
        });
        let (Part::Field { name, .. }, _) = (&open?[0], &open?[1]) else {
            return Some("has `*` and a field side by side: where one ends is not said".into());
        };
        Some(format!(
            "does not say where {{{name}}} ends: put text behind it, or give it a length such as {{{name}:2}}"
        ))
    }

    /// An expression whose groups are the fields in order, to be searched in a path with `/` and without extension. `values`
    /// gives for some fields what they may hold, as an expression.
    ///
    /// # Errors
    /// Where it is not said at which place a field ends.
    pub fn regex(
        &self,
        tolerance: Tolerance,
        values: &dyn Fn(&str, Holds) -> Option<String>,
    ) -> Result<Regex, String> {
        if let Some(fault) = self.fault(&|name, holds| values(name, holds).is_some()) {
            return Err(fault);
        }
        let mut expression = String::new();
        if tolerance.any_case {
            expression.push_str("(?i)");
        }
        expression.push_str("(?:^|/)");
        let prefix = if tolerance.prefix {
            r"(?:[^/]*[_\-. ])?"
        } else {
            ""
        };
        let name_begins = self.name_begins();
        if name_begins.is_none() {
            expression.push_str(prefix);
        }
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) if name_begins == Some(at) => {
                    let (folders, name) = text.rsplit_once('/').unwrap_or(("", text));
                    let name = literal(name, tolerance.any_separator);
                    let folders = literal(folders, tolerance.any_separator);
                    expression.push_str(&format!("{folders}/{prefix}{name}"));
                }
                Part::Text(text) => expression.push_str(&literal(text, tolerance.any_separator)),
                Part::Folders if name_begins == Some(at) => {
                    expression.push_str(&format!("(?:[^/]+/)*{prefix}"));
                }
                Part::Anything => {
                    let alone = at == 0 || self.text_at(at - 1).is_some_and(|t| t.ends_with('/'));
                    expression.push_str(if alone { "[^/]+" } else { "[^/]*" });
                }
                Part::Folders => expression.push_str("(?:[^/]+/)*"),
                Part::Field { name, holds } => {
                    let before = at.checked_sub(1).and_then(|at| self.text_at(at));
                    let before = before.and_then(|text| text.chars().last());
                    let after = self.text_at(at + 1).and_then(|text| text.chars().next());
                    let within = values(name, *holds).unwrap_or_else(|| {
                        let open = open(*holds, before, after, tolerance.any_separator);
                        match (name.as_str(), holds) {
                            ("emotion", Holds::Any) => format!("{}|{open}", phrases()),
                            _ => open,
                        }
                    });
                    expression.push_str(&format!("({within})"));
                }
            }
        }
        expression.push('$');
        Regex::new(&expression).map_err(|cause| cause.to_string())
    }

    fn text_at(&self, at: usize) -> Option<&str> {
        match self.parts.get(at)? {
            Part::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Whether `first` cannot run on into `second`: digits end where letters begin.
fn ends_by_itself(first: &Part, second: &Part) -> bool {
    let holds = |part: &Part| match part {
        Part::Field { holds, .. } => Some(*holds),
        _ => None,
    };
    matches!(
        (holds(first), holds(second)),
        (Some(Holds::Digits), Some(Holds::Letters)) | (Some(Holds::Letters), Some(Holds::Digits))
    )
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_string()));
    }
}

/// The end of a pattern: that it says `.wav` or `.*`, too, changes nothing.
fn without_extension(text: &str) -> &str {
    let named = format!("name{text}");
    match text.rsplit_once('.') {
        Some((head, _)) if crate::audio::has_audio_extension(std::path::Path::new(&named)) => head,
        _ => text,
    }
}

/// What stands between braces.
fn field(inside: &str) -> Result<Part, String> {
    if inside == "*" {
        return Ok(Part::Anything);
    }
    let (name, holds) = match inside.split_once(':') {
        None => (inside, Holds::Any),
        Some((name, "digits")) => (name, Holds::Digits),
        Some((name, "letters")) => (name, Holds::Letters),
        Some((name, length)) => match length.parse::<usize>() {
            Ok(length) if (1..=255).contains(&length) => (name, Holds::Characters(length)),
            _ => {
                return Err(format!(
                    "has {{{inside}}}; behind the colon stands a length such as 2, `digits` or `letters`"
                ));
            }
        },
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(format!(
            "has {{{inside}}}; a field is a word of letters, digits and underscores, or `*` for anything"
        ));
    }
    let name = name.to_ascii_lowercase();
    if NO_FIELDS.contains(&name.as_str()) {
        return Err(format!(
            "has {{{inside}}}, which a name cannot say; choose another word, or {{*}}"
        ));
    }
    Ok(Part::Field { name, holds })
}

/// An expression for `text`; with `any_separator` each run of separators stands for any other.
pub fn literal(text: &str, any_separator: bool) -> String {
    if !any_separator {
        return regex::escape(text);
    }
    let mut expression = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_run = SEPARATORS.contains(&first);
        let end = rest.find(|c| SEPARATORS.contains(&c) != is_run);
        let (run, behind) = rest.split_at(end.unwrap_or(rest.len()));
        match is_run {
            true => expression.push_str(r"[_\-. ]+"),
            false => expression.push_str(&regex::escape(run)),
        }
        rest = behind;
    }
    expression
}

/// Words for emotions that hold separators themselves.
fn phrases() -> String {
    let phrases = emotion::phrases();
    let any: Vec<String> = phrases.iter().map(|phrase| literal(phrase, true)).collect();
    format!("(?i:{})", any.join("|"))
}

/// What a field takes of which nothing is known: it holds neither `/` nor the marks that stand around it.
fn open(holds: Holds, before: Option<char>, after: Option<char>, any_separator: bool) -> String {
    match holds {
        Holds::Digits => return r"[0-9]+".into(),
        Holds::Letters => return r"[\p{L}\p{M}'’]+".into(),
        Holds::Characters(n) => return format!("[^/]{{{n}}}"),
        Holds::Any => {}
    }
    let mut kept_out = String::from("/");
    for mark in [before, after].into_iter().flatten() {
        if any_separator && SEPARATORS.contains(&mark) {
            kept_out.push_str(r"_\-. ");
        } else if !mark.is_alphanumeric() {
            kept_out.push_str(&regex::escape(&mark.to_string()));
        }
    }
    format!("[^{kept_out}]+?")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the fields of a name hold, joined by bars.
    fn read(pattern: &str, name: &str) -> Option<String> {
        let pattern = Pattern::parse(pattern).unwrap();
        let regex = pattern.regex(Tolerance::NONE, &|_, _| None).unwrap();
        let found = regex.captures(name)?;
        let fields = pattern.fields().zip(found.iter().skip(1));
        let said = fields.map(|(name, held)| format!("{name}={}", held.unwrap().as_str()));
        Some(said.collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn fields_end_where_the_pattern_says() {
        for (pattern, name, expected) in [
            (
                "{speaker}_{emotion}_{take}",
                "x/anna_angry_1",
                Some("speaker=anna|emotion=angry|take=1"),
            ),
            ("{speaker}_{emotion}_{take}", "anna_maria_angry_1", None),
            ("{speaker}_{emotion}_{take}", "anna_angry", None),
            (
                "{emotion}/{speaker}-{*}",
                "a/joy/kim-12-b",
                Some("emotion=joy|speaker=kim"),
            ),
            ("{emotion}/{speaker}-{*}", "kim-12-b", None),
            (
                "{speaker:4}{text:3}{emotion:1}{take}",
                "0011abcW12",
                Some("speaker=0011|text=abc|emotion=W|take=12"),
            ),
            ("{speaker:4}{text:3}{emotion:1}{take}", "0011abcW", None),
            (
                "{speaker}/{emotion}/{split}/*",
                "anna/joy/train/x1",
                Some("speaker=anna|emotion=joy|split=train"),
            ),
            (
                "{emotion:letters}{take:digits}",
                "anger012",
                Some("emotion=anger|take=012"),
            ),
            ("{emotion:letters}{take:digits}", "anger", None),
            (
                "{speaker}/**/{emotion}_*",
                "me/a/b/joy_1",
                Some("speaker=me|emotion=joy"),
            ),
            (
                "{speaker}/**/{emotion}_*",
                "me/joy_",
                Some("speaker=me|emotion=joy"),
            ),
            (
                "spk{speaker}_{emotion}.wav",
                "spk7_joy",
                Some("speaker=7|emotion=joy"),
            ),
            (
                r"{emotion}\{speaker}_*",
                "joy/kim_1",
                Some("emotion=joy|speaker=kim"),
            ),
            ("{a}-{b}_{c}", "1-2_3", Some("a=1|b=2|c=3")),
            ("{emotion} ({take})", "joy (3)", Some("emotion=joy|take=3")),
            (
                "{speaker}_{emotion}/*",
                "OAF_Pleasant_surprise/x",
                Some("speaker=OAF|emotion=Pleasant_surprise"),
            ),
            (
                "{sprecher}_{emotion}",
                "jürgen_ärger",
                Some("sprecher=jürgen|emotion=ärger"),
            ),
        ] {
            assert_eq!(read(pattern, name).as_deref(), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_says_too_little_is_refused_in_words() {
        for (pattern, told) in [
            ("", "names no field"),
            ("speaker_emotion", "names no field"),
            ("*_*", "names no field"),
            ("{speaker", "`{` without `}`"),
            ("speaker}_{emotion}", "`}` without `{`"),
            ("{speaker}{emotion}", "where {speaker} ends"),
            ("{speaker}*", "where {speaker} ends"),
            ("*{speaker}", "side by side"),
            ("{file}_{emotion}", "{file}, which a name cannot say"),
            ("{emotion:x}", "a length such as 2"),
            ("{emotion:0}", "a length such as 2"),
            ("{the emotion}", "a word of letters"),
            ("{}", "a word of letters"),
            ("{speaker}_**", "stands alone between two `/`"),
        ] {
            let regex = Pattern::parse(pattern)
                .and_then(|pattern| pattern.regex(Tolerance::NONE, &|_, _| None));
            let fault = regex.unwrap_err();
            assert!(fault.contains(told), "{pattern}: {fault}");
        }
    }

    #[test]
    fn copies_differ_in_case_separators_and_what_stands_in_front() {
        let pattern = Pattern::parse("{a}_X_{b}").unwrap();
        let all = Tolerance {
            any_case: true,
            any_separator: true,
            prefix: true,
        };
        let regex = pattern.regex(all, &|_, _| None).unwrap();
        for name in ["1_X_2", "1-x-2", "1 - x . 2", "corpus_0 1.x.2"] {
            let found = regex.captures(name).unwrap();
            assert_eq!((&found[1], &found[2]), ("1", "2"), "{name}");
        }
        assert!(regex.captures("1/x/2").is_none());
    }
}
