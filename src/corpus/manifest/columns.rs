//! Recognises the columns of a manifest by their names, and the words for channels and sexes in them.

use std::collections::BTreeSet;

use crate::corpus::emotion::class_of;
use crate::corpus::manifest::Utterance;
use crate::corpus::spelling::{composed, folded, is_missing};

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// The name of the recording.
    File,
    /// Where the segment begins.
    Start,
    /// Where it ends.
    End,
    /// Which channel.
    Channel,
    /// Which copy.
    Augment,
    /// One of [`Utterance::FIELDS`].
    Field(&'static str),
    /// What is carried along, under this name.
    Extra(String),
    /// It has no name: the numbers of rows that pandas and R write first, or empty columns of a spreadsheet.
    Nothing,
}

/// The columns of a manifest.
pub struct Columns {
    /// What each of them holds.
    pub meanings: Vec<Meaning>,
    /// The name over the files, with the spaces that stand around it.
    file: String,
}

impl Columns {
    /// Those with these names, in any case and Unicode form.
    ///
    /// # Errors
    /// Where none is `file`, and where two have the same name.
    pub fn of(header: &[String]) -> Result<Columns, String> {
        let names: Vec<String> = header.iter().map(|name| folded(name)).collect();
        let meaning = |(name, original): (&String, &String)| match name.as_str() {
            "file" => Meaning::File,
            "start" => Meaning::Start,
            "end" => Meaning::End,
            "channel" => Meaning::Channel,
            "augment" => Meaning::Augment,
            "" => Meaning::Nothing,
            name => match Utterance::FIELDS.iter().find(|field| **field == name) {
                Some(field) => Meaning::Field(field),
                None => Meaning::Extra(composed(original.trim()).into_owned()),
            },
        };
        let columns = Columns {
            meanings: names.iter().zip(header).map(meaning).collect(),
            file: match names.iter().position(|name| name == "file") {
                Some(file) => header[file].clone(),
                None => return Err(no_file(header)),
            },
        };
        let mut seen = BTreeSet::new();
        let mut named = names.iter().filter(|name| !name.is_empty());
        match named.find(|name| !seen.insert(*name)) {
            Some(twice) => Err(format!(
                "has two columns named {twice:?}; expected each name once, whatever its case"
            )),
            None => Ok(columns),
        }
    }

    /// How many there are up to the last that has a name.
    pub fn named(&self) -> usize {
        let last = self.meanings.iter().rposition(|m| *m != Meaning::Nothing);
        last.map_or(0, |last| last + 1)
    }

    /// Names of those that are carried along.
    pub fn extra(&self) -> Vec<String> {
        let extra = self.meanings.iter().filter_map(|meaning| match meaning {
            Meaning::Extra(name) => Some(name.clone()),
            _ => None,
        });
        extra.collect()
    }

    /// The name of a file as its cell has it. It may well begin or end with spaces, unless those stand around the
    /// column's name too, as in `speaker, file`.
    pub fn file_name<'a>(&self, cell: &'a str) -> &'a str {
        let cell = match self.file.starts_with(' ') {
            true => cell.trim_start_matches(' '),
            false => cell,
        };
        match self.file.ends_with(' ') {
            true => cell.trim_end_matches(' '),
            false => cell,
        }
    }

    /// A line for each column of ours that is not there, where others seem to be it under another name.
    pub fn look_alikes(&self) -> Vec<String> {
        let extra = self.extra();
        let line = |(name, _): &(&str, &[&str])| {
            let is_there = self.meanings.iter().any(|meaning| match meaning {
                Meaning::Start => *name == "start",
                Meaning::End => *name == "end",
                Meaning::Channel => *name == "channel",
                Meaning::Field(field) => field == name,
                _ => false,
            });
            let alike = like(name, &extra);
            (!is_there && *name != "file" && !alike.is_empty()).then(|| {
                format!(
                    "no column `{name}`, but {}: if that is what it holds, rename it to `{name}`",
                    quoted(&alike)
                )
            })
        };
        let mut lines: Vec<String> = LOOK_ALIKES.iter().filter_map(line).collect();
        let has = |meaning| self.meanings.contains(&meaning);
        // The end beside an onset, the start beside a duration.
        if !has(Meaning::Start)
            && !has(Meaning::End)
            && let Some(offset) = extra.iter().find(|name| key(name) == "offset")
        {
            lines.push(format!(
                "a column `{offset}`: if that is where segments start or end, rename it to `start` or `end`"
            ));
        }
        lines
    }
}

/// Names under which other programs and people write our columns; without case, spaces, `_`, `-` and `.`.
const LOOK_ALIKES: [(&str, &[&str]); 7] = [
    (
        "file",
        &[
            "path",
            "filename",
            "filepath",
            "fname",
            "files",
            "wav",
            "wavfile",
            "wavpath",
            "audio",
            "audiofile",
            "audiopath",
            "audiofilepath",
            "sound",
            "soundfile",
            "recording",
            "clip",
            "uri",
            "url",
            "datei",
            "dateiname",
            "fichier",
        ],
    ),
    (
        "speaker",
        &[
            "spk",
            "spkid",
            "spkr",
            "speakerid",
            "speakername",
            "speakers",
            "subject",
            "subjectid",
            "actor",
            "actorid",
            "participant",
            "participantid",
            "person",
            "talker",
            "sprecher",
            "sprecherin",
            "locuteur",
        ],
    ),
    (
        "emotion",
        &[
            "label",
            "labels",
            "emo",
            "emotions",
            "emotionlabel",
            "emotionclass",
            "class",
            "category",
            "target",
            "emotionen",
            "gefühl",
            "émotion",
        ],
    ),
    (
        "start",
        &[
            "begin",
            "onset",
            "starttime",
            "begintime",
            "startsec",
            "starts",
            "tmin",
            "xmin",
            "from",
        ],
    ),
    (
        "end",
        &[
            "stop", "endtime", "stoptime", "endsec", "ends", "tmax", "xmax", "to",
        ],
    ),
    (
        "channel",
        &[
            "ch",
            "chan",
            "channelid",
            "channelno",
            "channelnumber",
            "kanal",
        ],
    ),
    ("sex", &["geschlecht", "sexe", "sexo"]),
];

/// The field of ours that a column holds: by its name, or by one that other programs give it where none of `all` has the name itself.
pub fn our_name(name: &str, all: &[String]) -> Option<&'static str> {
    let ours = || Utterance::FIELDS.into_iter();
    if let Some(own) = ours().find(|own| *own == folded(name)) {
        return Some(own);
    }
    let is_like = |own: &&'static str| {
        let is_there = all.iter().any(|other| folded(other) == *own);
        !is_there && like(own, all) == [name]
    };
    ours().find(is_like)
}

fn key(name: &str) -> String {
    let is_kept = |c: &char| !c.is_whitespace() && !['_', '-', '.'].contains(c);
    folded(name).chars().filter(is_kept).collect()
}

/// Those of `names` that other programs give to our column `name`.
fn like<'a>(name: &str, names: &'a [String]) -> Vec<&'a str> {
    let known = LOOK_ALIKES.iter().find(|(ours, _)| *ours == name);
    let known = known.map_or(&[][..], |(_, known)| known);
    let is_like = |other: &&String| known.contains(&key(other).as_str());
    names.iter().filter(is_like).map(|n| n.trim()).collect()
}

/// `` `a` or `b` ``.
fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

fn no_file(header: &[String]) -> String {
    let found: Vec<&str> = header.iter().take(8).map(|name| name.trim()).collect();
    let shown = match found.concat().is_empty() {
        true => "none".to_string(),
        false => found.join(", ").chars().take(200).collect(),
    };
    let alike = like("file", header);
    let has_word = |name: &String| folded(name).split(' ').any(|word| word == "file");
    let cure = match alike.is_empty() {
        true if header.len() == 1 && has_word(&header[0]) => {
            "Put commas, semicolons or tabs between the columns".to_string()
        }
        true => {
            "A manifest is a CSV whose header names `file`, and if known `speaker`, `emotion`, `corpus`".to_string()
        }
        false => format!("Rename {} to `file`", quoted(&alike)),
    };
    format!("has no column `file`; its columns are: {shown}. {cure}")
}

/// A channel, counted from 0; `Some(None)` where it is missing, `None` where this is none.
pub fn channel(text: &str) -> Option<Option<usize>> {
    if is_missing(text) {
        return Some(None);
    }
    let word = text.to_ascii_lowercase();
    let channel = match word.as_str() {
        "l" | "left" => Some(0),
        "r" | "right" => Some(1),
        // pandas writes whole numbers so where some are missing.
        _ => word.strip_suffix(".0").unwrap_or(&word).parse().ok(),
    };
    channel.map(Some)
}

/// Words for the sexes, and letters, which are plain only beside those of their language.
const FEMALE: [&str; 7] = [
    "female",
    "woman",
    "weiblich",
    "frau",
    "femme",
    "feminine",
    "female_feminine",
];
const MALE: [&str; 7] = [
    "male",
    "man",
    "männlich",
    "mann",
    "homme",
    "masculine",
    "male_masculine",
];
const LETTERS: [[&str; 2]; 2] = [["f", "m"], ["w", "m"]];
/// Letters for neither (divers, other), which say nothing of the language.
const OTHERS: [&str; 3] = ["d", "o", "x"];

/// Takes the words of nkululeko's column `class_label` for the emotions, where it has put numbers for these.
pub fn settle_labels(utterances: &mut [Utterance], columns: &[String]) {
    const WORDS: &str = "class_label";
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_numbered = |utterance: &Utterance| match (&utterance.emotion, utterance.extra.get(WORDS))
    {
        (Some(emotion), Some(word)) => is_number(emotion) && !is_number(word),
        (emotion, _) => emotion.is_none(),
    };
    if !columns.iter().any(|name| name == WORDS) || !utterances.iter().all(is_numbered) {
        return;
    }
    for utterance in utterances {
        if let (Some(emotion), Some(word)) = (&mut utterance.emotion, utterance.extra.get(WORDS)) {
            *emotion = class_of(word);
            utterance.label_original = Some(word.clone());
        }
    }
}

/// Brings what the column `sex` says, or where there is none the column `gender`, to `female` and `male`, as far as
/// that is plain. What a column `gender` says besides stays there; a line tells so.
pub fn settle_sex(utterances: &mut [Utterance], columns: &mut Vec<String>) -> Option<String> {
    let has_sex = utterances.iter().any(|u| u.sex.is_some());
    let gender = columns.iter().position(|name| folded(name) == "gender");
    let (column, gender) = match (has_sex, gender) {
        (true, _) => (None, None),
        (false, Some(place)) => (Some(columns[place].clone()), Some(place)),
        (false, None) => return None,
    };
    let said = |utterance: &Utterance| match &column {
        Some(column) => utterance.extra.get(column).cloned(),
        None => utterance.sex.clone(),
    };
    let words: BTreeSet<String> = utterances.iter().filter_map(said).collect();
    let folded_words: BTreeSet<String> = words.iter().map(|word| folded(word)).collect();
    let letters: Vec<&str> = folded_words
        .iter()
        .map(String::as_str)
        .filter(|word| word.chars().count() == 1 && !OTHERS.contains(word))
        .collect();
    let letters = LETTERS
        .into_iter()
        .find(|known| letters.iter().all(|letter| known.contains(letter)));
    let sex_of = |word: &str| {
        let word = folded(word);
        let is = |words: &[&str], letter: usize| {
            words.contains(&word.as_str()) || letters.is_some_and(|known| known[letter] == word)
        };
        match (is(&FEMALE, 0), is(&MALE, 1)) {
            (true, _) => Some("female".to_string()),
            (_, true) => Some("male".to_string()),
            _ => None,
        }
    };
    let unclear = words.iter().find(|word| sex_of(word).is_none()).cloned();
    for utterance in utterances {
        let Some(sex) = said(utterance).and_then(|word| sex_of(&word)) else {
            continue;
        };
        utterance.sex = Some(sex);
        if let (Some(column), None) = (&column, &unclear) {
            utterance.extra.remove(column);
        }
    }
    match (gender, unclear) {
        (Some(place), None) if !words.is_empty() => {
            columns.remove(place);
            None
        }
        (Some(place), Some(word)) => Some(format!(
            "column `{}` says {word:?}, which is not taken as a sex; `sex` says female or male",
            columns[place]
        )),
        _ => None,
    }
}

/// The same for utterances that are of no manifest yet.
pub fn settle_sexes(utterances: &mut [Utterance]) -> Option<String> {
    let names = utterances.iter().flat_map(|u| u.extra.keys().cloned());
    let mut columns: Vec<String> = names.collect::<BTreeSet<String>>().into_iter().collect();
    settle_sex(utterances, &mut columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::manifest::Manifest;

    fn header(names: &str) -> Vec<String> {
        names.split(';').map(str::to_string).collect()
    }

    #[test]
    fn names_are_ours_in_any_case_and_form() {
        let columns = Columns::of(&header(
            ";FILE;Start; END ;Channel;Label_Original;Gru\u{308}n;",
        ))
        .unwrap();
        assert_eq!(
            columns.meanings,
            [
                Meaning::Nothing,
                Meaning::File,
                Meaning::Start,
                Meaning::End,
                Meaning::Channel,
                Meaning::Field("label_original"),
                Meaning::Extra("Grün".into()),
                Meaning::Nothing,
            ]
        );
        assert_eq!(columns.named(), 7);
        for twice in [
            "file;a;A",
            "file;ä;a\u{308}",
            "File;file",
            "file;Speaker;speaker",
        ] {
            let told = Columns::of(&header(twice)).map(|_| ()).unwrap_err();
            assert!(told.starts_with("has two columns named"), "{told}");
        }
    }

    #[test]
    fn names_that_others_give_are_told_and_not_taken() {
        let no_file = |names: &str| Columns::of(&header(names)).map(|_| ()).unwrap_err();
        for name in ["path", "file_name", "File Name", "WAV", "audio-path"] {
            assert_eq!(
                no_file(&format!("{name};emotion")),
                format!(
                    "has no column `file`; its columns are: {name}, emotion. Rename `{name}` to `file`"
                )
            );
        }
        assert!(
            no_file("file speaker").ends_with("commas, semicolons or tabs between the columns")
        );
        assert!(no_file("path;wav").ends_with("Rename `path` or `wav` to `file`"));
        let told = |names: &str| Columns::of(&header(names)).unwrap().look_alikes();
        assert_eq!(
            told("file;Speaker ID;emo;onset;offset"),
            [
                "no column `speaker`, but `Speaker ID`: if that is what it holds, rename it to `speaker`",
                "no column `emotion`, but `emo`: if that is what it holds, rename it to `emotion`",
                "no column `start`, but `onset`: if that is what it holds, rename it to `start`",
                "a column `offset`: if that is where segments start or end, rename it to `start` or `end`",
            ]
        );
        assert_eq!(
            told("file;path;speaker;actor;emotion;label;start;end;stop;room"),
            [""; 0]
        );
    }

    #[test]
    fn channels_are_counted_or_named() {
        for (text, expected) in [("0", 0), ("1.0", 1), ("L", 0), ("Right", 1), ("12", 12)] {
            assert_eq!(channel(text), Some(Some(expected)), "{text}");
        }
        assert_eq!(channel("NaN"), Some(None));
        for wrong in ["phone", "-1", "0.5", "1e0", "A"] {
            assert_eq!(channel(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn words_stand_for_numbers_where_nkululeko_has_both() {
        let classes = |table: &str| {
            let manifest = Manifest::from_reader(table.as_bytes()).unwrap();
            let said = manifest.utterances.iter().map(|u| {
                let fields = [&u.emotion, &u.label_original];
                fields.map(|field| field.as_deref().unwrap_or("").to_string())
            });
            said.collect::<Vec<_>>().concat().join(" ")
        };
        for (table, expected) in [
            (
                "file,emotion,class_label\na.wav,0,Wut\nb.wav,1,sad\n",
                "angry Wut sad sad",
            ),
            (
                "file,emotion,class_label\na.wav,0,Wut\nb.wav,sad,sad\n",
                "0 0 sad sad",
            ),
            ("file,emotion,class_label\na.wav,sad,female\n", "sad sad"),
            ("file,emotion,class_label\na.wav,3,3\n", "3 3"),
        ] {
            assert_eq!(classes(table), expected, "{table}");
        }
    }

    #[test]
    fn sexes_are_taken_where_they_are_plain() {
        let settled = |column: &str, words: &[&str]| {
            let mut columns = vec!["gender".to_string()];
            let mut utterances: Vec<Utterance> = Vec::new();
            for word in words {
                let mut utterance = Utterance::default();
                match column {
                    "sex" => utterance.sex = Some(word.to_string()),
                    _ => drop(utterance.extra.insert("gender".into(), word.to_string())),
                }
                utterances.push(utterance);
            }
            let told = settle_sex(&mut utterances, &mut columns);
            let sexes: Vec<String> = utterances
                .iter()
                .map(|u| u.sex.clone().unwrap_or("?".into()))
                .collect();
            let kept = utterances.iter().any(|u| !u.extra.is_empty());
            (sexes.join(" "), kept, told.is_some())
        };
        let plain = |sexes: &str| (sexes.to_string(), false, false);
        assert_eq!(settled("gender", &["F", "m"]), plain("female male"));
        assert_eq!(settled("gender", &["w", "m"]), plain("female male"));
        assert_eq!(
            settled("gender", &["Mann", "weiblich", "MALE"]),
            plain("male female male")
        );
        assert_eq!(
            settled("gender", &["female", "other"]),
            ("female ?".into(), true, true)
        );
        // In Spanish `m` is a woman.
        assert_eq!(settled("gender", &["h", "m"]), ("? ?".into(), true, true));
        assert_eq!(settled("gender", &["1", "2"]), ("? ?".into(), true, true));
        assert_eq!(
            settled("sex", &["F", "m", "d"]),
            ("female male d".into(), false, false)
        );
        assert_eq!(settled("sex", &["F", "male"]), plain("female male"));
    }
}
