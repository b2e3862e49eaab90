//! Layouts: how known corpora say speaker, emotion and sentence in the names of files and folders, and how many recordings
//! their makers published.
//!
//! What is known of a corpus is an entry of `src/corpus/layouts.toml`, which says what each key means. Files of the same form add
//! layouts ([`read`]), and patterns make one of one's own ([`Layout::of_patterns`]).

mod held;
mod pattern;
mod published;
mod scheme;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

pub(in crate::corpus) use pattern::SEPARATORS;
pub use published::Published;
pub(in crate::corpus) use scheme::{Form, Side, filled, held, put};

use crate::audio::has_audio_extension;
use crate::corpus::layouts::scheme::Scheme;
use crate::corpus::manifest::Utterance;
use crate::error::{Error, Result};

/// A scheme for naming recordings.
#[derive(Clone)]
pub struct Layout(Arc<Scheme>);

/// The layouts that are built in, in the order in which they stand in their file.
static BUILT_IN: LazyLock<Vec<Layout>> = LazyLock::new(|| {
    let text = include_str!("layouts.toml");
    parsed(text).unwrap_or_else(|fault| unreachable!("a test reads the layouts: {fault}"))
});

/// The name of [`Layout::folders`].
const FOLDERS: &str = "folders";

/// A file of layouts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    layout: Vec<Scheme>,
}

/// Layouts of a file of the same form as `src/corpus/layouts.toml`.
///
/// # Errors
/// Where the file cannot be read, is no such TOML, or holds a pattern that says too little; the message names the entry.
///
/// ```
/// use sentire::corpus::layouts;
/// use std::path::Path;
///
/// # let dir = tempfile::tempdir().unwrap();
/// let file = dir.path().join("mine.toml");
/// std::fs::write(&file, r#"
/// [[layout]]
/// name = "ours"
/// patterns = ["{speaker}_{emotion}_{take}"]
/// codes.emotion = { w = "Wut", f = "Freude" }
/// "#)?;
/// let ours = &layouts::read(&file)?[0];
/// let found = ours.parse(Path::new("anna_w_1.wav")).expect("its pattern");
/// assert_eq!(found.emotion.as_deref(), Some("angry"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(path: &Path) -> Result<Vec<Layout>> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    parsed(&text).map_err(|fault| Error::Usage(format!("{}: {fault}", path.display())))
}

fn parsed(text: &str) -> Result<Vec<Layout>, String> {
    let file: File =
        toml::from_str(text).map_err(|cause| cause.to_string().trim_end().to_string())?;
    let ready = |scheme: Scheme| {
        let name = scheme.name.clone();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(is_name) || ["auto", FOLDERS].contains(&&*name) {
            return Err(format!(
                "layout {name:?}: a name has lower-case letters, digits and dashes, and is neither auto nor {FOLDERS}"
            ));
        }
        let scheme = scheme
            .ready()
            .map_err(|fault| format!("layout {name}: {fault}"))?;
        Ok(Layout(Arc::new(scheme)))
    };
    let layouts = file.layout.into_iter().map(ready);
    let layouts = layouts.collect::<Result<Vec<Layout>, String>>()?;
    let mut names = BTreeSet::new();
    match layouts.iter().find(|layout| !names.insert(layout.name())) {
        Some(twice) => Err(format!("two layouts are called {twice}")),
        None => Ok(layouts),
    }
}

impl Layout {
    /// Every layout that is built in, in the order in which ties are settled.
    pub fn all() -> &'static [Layout] {
        &BUILT_IN
    }

    /// A folder per emotion, with the speakers' folders above or below it, or none.
    pub fn folders() -> Layout {
        Layout(Arc::new(Scheme::without_patterns(
            FOLDERS,
            "a folder for each emotion, whatever the files are called",
        )))
    }

    /// A layout of patterns such as `{speaker}_{emotion}_{take}` or `{emotion}/{speaker}-*`: names are read by the first that they
    /// follow to the letter.
    ///
    /// # Errors
    /// Where a pattern names no field, or does not say where one ends.
    ///
    /// ```
    /// use sentire::prelude::*;
    /// use std::path::Path;
    ///
    /// let layout = Layout::of_patterns(&["{emotion}/{speaker}-{room}".into()])?;
    /// let found = layout.parse(Path::new("Freude/anna-kitchen.wav")).expect("its pattern");
    /// assert_eq!((found.speaker.as_deref(), found.emotion.as_deref()), (Some("anna"), Some("happy")));
    /// assert_eq!(found.extra["room"], "kitchen");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn of_patterns(patterns: &[String]) -> Result<Layout> {
        let scheme = Scheme::of_patterns(patterns);
        Ok(Layout(Arc::new(scheme.map_err(Error::Usage)?)))
    }

    /// Whether `text` is a pattern rather than a name of a layout.
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['{', '}', '*', '/'])
    }

    /// The name on the command line, and that of the corpus in manifests.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The corpus in words; empty where it is one's own.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// The language spoken, as a code of ISO 639; `None` if there are several, or it is not known.
    pub fn language(&self) -> Option<&str> {
        self.0.language.as_deref()
    }

    /// The licence of the corpus as its makers state it; `None` if the layout is not that of a corpus.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let ravdess: Layout = "ravdess".parse()?;
    /// assert_eq!(ravdess.licence(), Some("CC BY-NC-SA 4.0"));
    /// assert_eq!(Layout::folders().licence(), None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn licence(&self) -> Option<&str> {
        self.0.licence.as_deref()
    }

    /// How common copies differ from what was published, and what they lack.
    pub fn copies(&self) -> Option<&str> {
        self.0.copies.as_deref()
    }

    /// A file beside the recordings without which there are no labels, where one is known and cannot be read.
    pub fn needs(&self) -> Option<&str> {
        self.0.needs.as_deref()
    }

    /// The files beside the recordings that say more of them.
    pub(in crate::corpus) fn sides(&self) -> &[Side] {
        &self.0.side
    }

    /// Puts down that a field holds a code of the corpus, or a word.
    pub(in crate::corpus) fn say(&self, utterance: &mut Utterance, field: &str, held: &str) {
        self.0.say(utterance, field, held);
    }

    /// Adds what is known of who speaks.
    pub(in crate::corpus) fn know(&self, utterance: &mut Utterance) {
        self.0.know(utterance);
    }

    /// `template` with what an utterance holds.
    pub(in crate::corpus) fn filled(
        &self,
        template: &str,
        utterance: &Utterance,
    ) -> Option<String> {
        filled(template, |name| held(utterance, name))
    }

    /// What a name looks like, for messages.
    pub fn grammar(&self) -> String {
        match self.0.example.as_str() {
            "" => self.0.patterns().collect::<Vec<_>>().join(" or "),
            example => format!("such as {example}"),
        }
    }

    /// What is known of the corpus, for people: where to get it, on which terms, how it is named, and what to type.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let text = "nemo".parse::<Layout>()?.to_text();
    /// assert!(text.contains("CC-BY-NC-SA-4.0") && text.contains("sentire evaluate nemo.parquet"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_text(&self) -> String {
        let scheme = &self.0;
        let mut lines = vec![scheme.title.clone()];
        let mut say = |name: &str, value: &str| {
            if !value.is_empty() {
                lines.push(format!("{name:<13}{value}"));
            }
        };
        say("language", self.language().unwrap_or(""));
        say(
            "licence",
            self.licence().unwrap_or("not known here; ask its makers"),
        );
        say("cite", scheme.citation.as_deref().unwrap_or(""));
        say("get it", scheme.url.as_deref().unwrap_or(""));
        if let Some(published) = self.published(None) {
            let voices = published
                .voices
                .map_or(String::new(), |n| format!(", speakers {n}"));
            let classes = published
                .emotions
                .iter()
                .map(|(emotion, n)| format!("{emotion} {n}"));
            let classes: Vec<String> = classes.collect();
            let classes = match classes.is_empty() {
                true => String::new(),
                false => format!("; {}", classes.join(", ")),
            };
            say(
                "published",
                &format!("recordings {}{voices}{classes}", published.recordings),
            );
        }
        say("named", &scheme.example);
        for side in &scheme.side {
            say("labels in", &side.file);
        }
        say(
            "labels in",
            self.needs()
                .map_or(String::new(), |file| format!("{file}, which is not read"))
                .as_str(),
        );
        say("copies", self.copies().unwrap_or(""));
        say("source", scheme.source.as_deref().unwrap_or(""));
        let name = self.name();
        // Where names are common, they have to be taken for those of this corpus.
        let layout = if self.is_generic() {
            format!(" --layout {name}")
        } else {
            String::new()
        };
        let labels = self.needs().map_or(String::new(), |_| {
            " --labels-from TABLE --key KEY".to_string()
        });
        lines.push(format!(
            "\nOnce it is in the folder DIR:\n  sentire corpus DIR{layout}{labels} -o {name}.csv\n  sentire extract {name}.csv -o \
             {name}.parquet\n  sentire evaluate {name}.parquet\n"
        ));
        lines.join("\n")
    }

    /// Whether it is made of patterns, so that a name may well follow none.
    pub fn is_own(&self) -> bool {
        self.0.is_own
    }

    /// Whether names like its are common, so that the layout is taken only where a folder bears its name.
    pub fn is_generic(&self) -> bool {
        self.0.generic
    }

    /// Whether its names are short ones such as anything may bear, so that it is taken only where a folder bears its name, or nearly all
    /// names are so.
    pub fn is_common(&self) -> bool {
        self.0.common
    }

    /// Whether a folder of this name is a copy of the corpus: its words are among those of the name.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let savee: Layout = "savee".parse()?;
    /// assert!(savee.is_named_by("SAVEE_audio (1)"));
    /// assert!(!savee.is_named_by("saveetha"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn is_named_by(&self, folder: &str) -> bool {
        let folder = words(folder);
        let names = self.0.aliases.iter().map(String::as_str);
        names.chain([self.name()]).any(|name| {
            let name = words(name);
            if name.is_empty() {
                return false;
            }
            let (joined, n) = (name.concat(), name.len());
            folder.windows(n).any(|some| some == name) || folder.contains(&joined)
        })
    }

    /// What the name of `file` and the names of the folders above it mean under this layout; `None` if they do not fit. Marks
    /// that copying leaves at the end of a name, such as ` (1)`, are ignored.
    ///
    /// ```
    /// use sentire::prelude::*;
    /// use std::path::Path;
    ///
    /// let ravdess: Layout = "ravdess".parse()?;
    /// let found = ravdess.parse(Path::new("03-01-05-02-01-02-12.wav")).expect("its grammar");
    /// assert_eq!(found.emotion.as_deref(), Some("angry"));
    /// assert_eq!(found.speaker.as_deref(), Some("12"));
    /// assert!(ravdess.parse(Path::new("angry.wav")).is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn parse(&self, file: &Path) -> Option<Utterance> {
        let stem = file.file_stem()?.to_str()?;
        let folder = file.parent().and_then(Path::to_str).unwrap_or("");
        let folder = folder.replace('\\', "/");
        let of = |stem: &str| self.0.read(&format!("{folder}/{stem}"));
        // What looks like the mark of a copy may be part of the name, as in AESDD.
        let mut names = std::iter::successors(Some(stem), |name| without_mark(name));
        names.find_map(of)
    }

    /// The counts that the makers of the corpus published; for RAVDESS those of `style` (`speech` or `song`).
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let ravdess: Layout = "ravdess".parse()?;
    /// let published = ravdess.published(Some("speech")).expect("counted by its makers");
    /// assert_eq!((published.recordings, published.speakers.len()), (1440, 24));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn published(&self, style: Option<&str>) -> Option<Published> {
        Published::of(&self.0.published, self.0.speakers(), style)
    }
}

impl PartialEq for Layout {
    fn eq(&self, other: &Layout) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Layout {}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Layout {
    type Err = Error;

    /// A layout that is built in, by its name or another name of its corpus; or one of a pattern.
    fn from_str(name: &str) -> Result<Layout> {
        asked(Layout::all(), name)
    }
}

/// What a person asks for by `name`: one of `layouts`, that of folders, or one of a pattern.
///
/// # Errors
/// Where none is called so, or the pattern says too little.
pub fn asked(layouts: &[Layout], name: &str) -> Result<Layout> {
    match name {
        FOLDERS => Ok(Layout::folders()),
        name if Layout::is_pattern(name) => Layout::of_patterns(&[name.to_string()]),
        name => named(layouts, name),
    }
}

/// The one of `layouts` that is called `name`.
///
/// # Errors
/// Where none is; the message lists those that are.
pub fn named(layouts: &[Layout], name: &str) -> Result<Layout> {
    let alike = |other: &str| words(other).concat() == words(name).concat();
    let by_name = layouts.iter().find(|layout| alike(layout.name()));
    let by_alias = || {
        let mut others = layouts.iter();
        others.find(|layout| layout.0.aliases.iter().any(|alias| alike(alias)))
    };
    let unknown = || {
        let known: Vec<&str> = layouts.iter().map(Layout::name).collect();
        Error::Usage(format!(
            "unknown layout {name:?}; available: auto, {FOLDERS}, {}; or a pattern such as '{{speaker}}_{{emotion}}_*'",
            known.join(", ")
        ))
    };
    by_name.or_else(by_alias).cloned().ok_or_else(unknown)
}

/// The words of a name, in lower case; where letters meet digits, or other letters begin in capitals, no word ends.
fn words(name: &str) -> Vec<String> {
    let words = name.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// A name without one thing that copying and converting leave at its end: a second audio ending, ` (1)`, `copy`, `16k` or `16khz`,
/// `mono`, `denoised`. `None` if it has none.
fn without_mark(name: &str) -> Option<&str> {
    let is_mark = |word: &str| {
        let word = word.to_lowercase();
        let rate = word.trim_end_matches("hz").strip_suffix('k');
        ["copy", "mono", "denoised"].contains(&word.as_str())
            || rate.is_some_and(|digits| ["8", "16", "22", "24", "44", "48"].contains(&digits))
    };
    let count = name
        .strip_suffix(')')
        .and_then(|head| head.rsplit_once('('));
    let word = name.rsplit_once(SEPARATORS);
    let shorter = match (count, word) {
        (Some((head, n)), _) if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => head,
        (_, Some((head, word))) if is_mark(word) => head,
        (_, Some((head, _))) if has_audio_extension(Path::new(name)) => head,
        _ => return None,
    };
    Some(shorter.trim_end_matches(SEPARATORS))
}

#[cfg(test)]
mod tests;
