//! Layouts: how known corpora encode speaker, emotion and sentence in file names, and how many recordings their makers
//! published.

mod crema_d;
mod emodb;
mod emovo;
mod ravdess;
mod savee;
mod tess;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::audio::has_audio_extension;
use crate::corpus::manifest::Utterance;
use crate::error::{Error, Result};

/// A scheme for naming recordings.
#[derive(Clone, Copy)]
pub struct Layout(&'static Scheme);

/// What is known of a layout, and of the corpus that it is of.
struct Scheme {
    /// The name on the command line, and that of the corpus in manifests.
    name: &'static str,
    /// The licence of the corpus as its makers state it; `None` if the layout is not that of a corpus.
    licence: Option<&'static str>,
    /// What a name looks like, for messages.
    grammar: &'static str,
    /// What a name without its extension means, in a folder.
    parse: fn(&Path, &str) -> Option<Utterance>,
    /// The counts that the makers published, of a style where there are several.
    published: fn(Option<&str>) -> Option<Published>,
}

/// A folder per emotion, with the speakers' folders above or below it, or none.
static FOLDERS: Scheme = Scheme {
    name: "folders",
    licence: None,
    grammar: "a folder for each emotion",
    parse: |_, _| None,
    published: |_| None,
};

impl Layout {
    /// Every layout, in the order in which they are tried. No name fits two of them.
    pub const ALL: [Layout; 7] = [
        Layout(&ravdess::SCHEME),
        Layout(&tess::SCHEME),
        Layout(&crema_d::SCHEME),
        Layout(&savee::SCHEME),
        Layout(&emodb::SCHEME),
        Layout(&emovo::SCHEME),
        Layout::FOLDERS,
    ];

    /// A folder per emotion, with the speakers' folders above or below it, or none.
    pub const FOLDERS: Layout = Layout(&FOLDERS);

    /// The name on the command line, and that of the corpus in manifests.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The licence of the corpus as its makers state it; `None` if the layout is not that of a corpus.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let ravdess: Layout = "ravdess".parse()?;
    /// assert_eq!(ravdess.licence(), Some("CC BY-NC-SA 4.0"));
    /// assert_eq!(Layout::FOLDERS.licence(), None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn licence(self) -> Option<&'static str> {
        self.0.licence
    }

    /// What a name looks like, for messages.
    pub fn grammar(self) -> &'static str {
        self.0.grammar
    }

    /// What the name of `file` means under this layout (for SAVEE, also the names of the two folders above it); `None` if
    /// it does not fit. Marks that copying leaves at the end of a name, such as ` (1)`, are ignored.
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
    pub fn parse(self, file: &Path) -> Option<Utterance> {
        let stem = without_marks(file.file_stem()?.to_str()?);
        (self.0.parse)(file.parent().unwrap_or(Path::new("")), stem)
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
    pub fn published(self, style: Option<&str>) -> Option<Published> {
        (self.0.published)(style)
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

    fn from_str(name: &str) -> Result<Layout> {
        Layout::ALL
            .into_iter()
            .find(|layout| layout.name() == name)
            .ok_or_else(|| {
                let known = Layout::ALL.map(Layout::name).join(", ");
                Error::Usage(format!("unknown layout {name:?}; available: auto, {known}"))
            })
    }
}

/// How many recordings a corpus holds according to its makers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// All of them.
    pub recordings: usize,
    /// Per emotion.
    pub emotions: BTreeMap<String, usize>,
    /// Per speaker. For CREMA-D an upper bound: 20 of these recordings were never published.
    pub speakers: BTreeMap<String, usize>,
    /// Whether every speaker expresses each emotion equally often.
    pub balanced: bool,
}

impl Published {
    /// Every speaker with as many recordings of each emotion.
    fn balanced(emotions: &[(&str, usize)], speakers: &[String]) -> Published {
        let each: usize = emotions.iter().map(|(_, n)| n).sum();
        Published {
            recordings: each * speakers.len(),
            emotions: emotions
                .iter()
                .map(|&(emotion, n)| (emotion.to_string(), n * speakers.len()))
                .collect(),
            speakers: speakers.iter().map(|s| (s.clone(), each)).collect(),
            balanced: true,
        }
    }

    /// Numbers that follow no rule.
    fn counted(
        recordings: usize,
        emotions: &[(&str, usize)],
        speakers: &[(&str, usize)],
    ) -> Published {
        let map = |counts: &[(&str, usize)]| {
            let named = counts.iter().map(|&(name, n)| (name.to_string(), n));
            named.collect::<BTreeMap<_, _>>()
        };
        Published {
            recordings,
            emotions: map(emotions),
            speakers: map(speakers),
            balanced: false,
        }
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

/// The characters that stand for one another in copies of names.
const SEPARATORS: [char; 4] = ['_', '-', ' ', '.'];

/// A name without what copying and converting leave at its end: a second audio ending, ` (1)`,
/// `copy`, `16k` or `16khz`, `mono`, `denoised`.
fn without_marks(stem: &str) -> &str {
    let is_mark = |word: &str| {
        let word = word.to_lowercase();
        let rate = word.trim_end_matches("hz").strip_suffix('k');
        ["copy", "mono", "denoised"].contains(&word.as_str())
            || rate.is_some_and(|digits| ["8", "16", "22", "24", "44", "48"].contains(&digits))
    };
    let count = stem
        .strip_suffix(')')
        .and_then(|head| head.rsplit_once('('));
    let word = stem.rsplit_once(SEPARATORS);
    let shorter = match (count, word) {
        (Some((head, n)), _) if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => head,
        (_, Some((head, word))) if is_mark(word) => head,
        (_, Some((head, _))) if has_audio_extension(Path::new(stem)) => head,
        _ => return stem,
    };
    without_marks(shorter.trim_end_matches(SEPARATORS))
}

/// The words of a name in whose copies underscores, dashes, spaces and dots stand for one another.
fn words(stem: &str) -> Vec<&str> {
    stem.split(SEPARATORS)
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_of_copies_say_nothing() {
        for name in [
            "03-01-05-01-01-02-12",
            "OAF_back_angry",
            "1001_DFA_ANG_XX",
            "DC_a01",
            "03a01Wb",
            "rab-f1-b2",
        ] {
            let read = |stem: String| {
                let file = stem + ".wav";
                Layout::ALL
                    .into_iter()
                    .find_map(|layout| layout.parse(Path::new(&file)))
            };
            let original = read(name.to_string());
            assert!(original.is_some(), "{name}");
            for mark in [
                " (1)",
                "(12)",
                ".wav",
                ".WAV (2)",
                "-copy",
                " - Copy (2)",
                "_16k",
                "_16kHz",
                "_denoised",
                "_mono_16k.flac",
            ] {
                assert_eq!(read(format!("{name}{mark}")), original, "{name}{mark}");
            }
            for other in [" ()", " (b)", "_2", "_noise", "_17k", "copy", ".txt", ")"] {
                assert_eq!(read(format!("{name}{other}")), None, "{name}{other}");
            }
        }
        assert_eq!(without_marks("(1)"), "");
        assert_eq!(without_marks("_copy.wav"), "");
    }

    #[test]
    fn no_name_follows_two_grammars_and_foreign_names_follow_none() {
        let known = [
            ("03-01-05-01-01-02-12.wav", "ravdess"),
            ("OAF_back_angry.wav", "tess"),
            ("1001_DFA_ANG_XX.wav", "crema-d"),
            ("DC/a01.wav", "savee"),
            ("DC_a01.wav", "savee"),
            ("03a01Wb.wav", "emodb"),
            ("rab-f1-b2.wav", "emovo"),
            ("OAF.back.angry.wav.wav", "tess"),
            ("1001_IEO_ANGER_HIGH (1).wav", "crema-d"),
            ("DC/wav/a01.wav", "savee"),
            ("speaker_DC/a01.wav", "savee"),
            ("DC_a1.wav", "savee"),
        ];
        for (name, expected) in known {
            let follows = |layout: &Layout| layout.parse(Path::new(name)).is_some();
            let found = Layout::ALL.into_iter().filter(follows).map(Layout::name);
            assert_eq!(found.collect::<Vec<_>>(), [expected], "{name}");
        }
        // JL corpus, IEMOCAP, SUBESCO, ESD, MELD, URDU, ShEMO, EMNS, LibriSpeech, AESDD, a recorder.
        for name in [
            "female1_angry_1a_1.wav",
            "Ses01F_impro01_F000.wav",
            "F_01_OISHI_S_10_ANGRY_1.wav",
            "0011_000351.wav",
            "dia0_utt0.wav",
            "SM1_F1_A01.wav",
            "F01A01.wav",
            "anger/a01.wav",
            "84-121123-0000.flac",
            "a01 (1).wav",
            "AESDD/anger/a01 (1).wav",
            "session_kl/a01.wav",
            "KL/f1.wav",
            "OAF/back/angry.wav",
            "1001_IEO_loud_16k.wav",
            "REC_2024-05-01_angry.m4a",
        ] {
            for layout in Layout::ALL {
                assert_eq!(layout.parse(Path::new(name)), None, "{layout}: {name}");
            }
        }
    }
}
