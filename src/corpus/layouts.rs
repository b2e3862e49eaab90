//! Layouts: how known corpora put speaker, emotion and sentence into the names of their files, and
//! how many recordings their makers published.

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

use crate::corpus::manifest::Utterance;
use crate::error::{Error, Result};

/// A way to name recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `03-01-05-02-01-02-12`: modality, vocal channel, emotion, intensity, statement, repetition,
    /// actor.
    Ravdess,
    /// `OAF_back_angry`: speaker, word, emotion.
    Tess,
    /// `1001_DFA_ANG_XX`: actor, sentence, emotion, intensity.
    CremaD,
    /// `DC/a01` or `DC_a01`: speaker, emotion and sentence.
    Savee,
    /// `03a01Wb`: speaker, text, emotion, version.
    Emodb,
    /// `rab-f1-b2`: emotion, speaker, sentence.
    Emovo,
    /// A folder per emotion, with the speakers' folders above or below it, or none.
    Folders,
}

impl Layout {
    /// Every layout, in the order in which they are tried. No name follows two of their grammars.
    pub const ALL: [Layout; 7] = [
        Layout::Ravdess,
        Layout::Tess,
        Layout::CremaD,
        Layout::Savee,
        Layout::Emodb,
        Layout::Emovo,
        Layout::Folders,
    ];

    /// The name on the command line, and that of the corpus in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Layout::Ravdess => "ravdess",
            Layout::Tess => "tess",
            Layout::CremaD => "crema-d",
            Layout::Savee => "savee",
            Layout::Emodb => "emodb",
            Layout::Emovo => "emovo",
            Layout::Folders => "folders",
        }
    }

    /// What a name looks like, for messages.
    pub fn grammar(self) -> &'static str {
        match self {
            Layout::Ravdess => "seven pairs of digits such as 03-01-05-02-01-02-12",
            Layout::Tess => "speaker, word, emotion such as OAF_back_angry",
            Layout::CremaD => "actor, sentence, emotion, intensity such as 1001_DFA_ANG_XX",
            Layout::Savee => "speaker, emotion and sentence such as DC/a01 or DC_a01",
            Layout::Emodb => "speaker, text, emotion, version such as 03a01Wb",
            Layout::Emovo => "emotion, speaker, sentence such as rab-f1-b2",
            Layout::Folders => "a folder for each emotion",
        }
    }

    /// What the name of `file` says under this layout, and, for SAVEE, that of the folder it lies
    /// in; `None` where it does not follow the grammar.
    pub fn parse(self, file: &Path) -> Option<Utterance> {
        let stem = file.file_stem()?.to_str()?;
        match self {
            Layout::Ravdess => ravdess::parse(stem),
            Layout::Tess => tess::parse(stem),
            Layout::CremaD => crema_d::parse(stem),
            Layout::Savee => {
                let folder = file.parent().and_then(Path::file_name);
                savee::parse(folder.and_then(|name| name.to_str()).unwrap_or(""), stem)
            }
            Layout::Emodb => emodb::parse(stem),
            Layout::Emovo => emovo::parse(stem),
            Layout::Folders => None,
        }
    }

    /// What the makers of the corpus say it holds; RAVDESS of `style` (`speech` or `song`).
    pub fn published(self, style: Option<&str>) -> Option<Published> {
        Some(match self {
            Layout::Ravdess => ravdess::published(style.unwrap_or("speech")),
            Layout::Tess => tess::published(),
            Layout::CremaD => crema_d::published(),
            Layout::Savee => savee::published(),
            Layout::Emodb => emodb::published(),
            Layout::Emovo => emovo::published(),
            Layout::Folders => return None,
        })
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

/// How many recordings a corpus holds, by its makers' account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// All of them.
    pub recordings: usize,
    /// Per emotion.
    pub emotions: BTreeMap<String, usize>,
    /// Per speaker. In CREMA-D at most: 20 of these recordings were never published.
    pub speakers: BTreeMap<String, usize>,
    /// Whether every speaker speaks each emotion equally often.
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

/// The words of a name in whose copies underscores, dashes, spaces and dots stand for one another.
fn words(stem: &str) -> Vec<&str> {
    stem.split(['_', '-', ' ', '.'])
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_follows_two_grammars_and_foreign_names_follow_none() {
        let known = [
            ("03-01-05-01-01-02-12.wav", Layout::Ravdess),
            ("OAF_back_angry.wav", Layout::Tess),
            ("1001_DFA_ANG_XX.wav", Layout::CremaD),
            ("DC/a01.wav", Layout::Savee),
            ("DC_a01.wav", Layout::Savee),
            ("03a01Wb.wav", Layout::Emodb),
            ("rab-f1-b2.wav", Layout::Emovo),
        ];
        for (name, expected) in known {
            let follows = |layout: &Layout| layout.parse(Path::new(name)).is_some();
            let found: Vec<Layout> = Layout::ALL.into_iter().filter(follows).collect();
            assert_eq!(found, [expected], "{name}");
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
            "REC_2024-05-01_angry.m4a",
        ] {
            for layout in Layout::ALL {
                assert_eq!(layout.parse(Path::new(name)), None, "{layout}: {name}");
            }
        }
    }
}
