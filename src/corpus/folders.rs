//! Corpora without a layout: folders that are named after emotions, with folders of speakers, parts (train, test) and intensities
//! above or below them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::corpus::emotion::{canonical_emotion, class_of};
use crate::corpus::layouts::SEPARATORS;
use crate::corpus::manifest::Utterance;
use crate::corpus::spelling::{composed, first};
use crate::table::schema::SPLIT;

/// How many folders above a file are looked at.
const LEVELS: usize = 4;

/// The names of the folders of a file, from the lowest up, in one Unicode form.
fn folders(file: &Path) -> Vec<String> {
    file.ancestors()
        .skip(1)
        .filter_map(|a| Some(composed(&a.file_name()?.to_string_lossy()).into_owned()))
        .collect()
}

/// The emotion after which a folder is named, behind numbers such as `01_`, before or behind an intensity.
fn folder_emotion(name: &str) -> Option<&'static str> {
    let name = name.trim_start_matches(|c: char| !c.is_alphabetic());
    canonical_emotion(name).or_else(|| {
        let words: Vec<&str> = name.split(SEPARATORS).collect();
        let (_, rest) = without_intensity(&words)?;
        canonical_emotion(&rest.join(" "))
    })
}

/// What a word stands for in a list of meanings and the words for each.
fn meaning(words: &[(&'static str, &[&str])], word: &str) -> Option<&'static str> {
    let known = words.iter().find(|(_, words)| words.contains(&word));
    known.map(|(meaning, _)| *meaning)
}

/// Words for how strongly an emotion is expressed, as RAVDESS, CREMA-D, CaFE and VIVAE have them, and what they stand for.
const INTENSITIES: [(&str, &[&str]); 5] = [
    ("low", &["low", "lo", "weak", "mild", "faible", "schwach"]),
    ("medium", &["medium", "med", "md", "moderate", "mittel"]),
    ("high", &["high", "hi", "strong", "fort", "forte", "stark"]),
    ("normal", &["normal"]),
    ("peak", &["peak", "extreme"]),
];

fn intensity(word: &str) -> Option<&'static str> {
    meaning(&INTENSITIES, &word.to_lowercase())
}

/// The intensity that stands first or last among words, and the others.
fn without_intensity<'a>(words: &'a [&'a str]) -> Option<(&'static str, &'a [&'a str])> {
    match words {
        [rest @ .., last] if !rest.is_empty() && intensity(last).is_some() => {
            Some((intensity(last)?, rest))
        }
        [first, rest @ ..] if !rest.is_empty() => Some((intensity(first)?, rest)),
        _ => None,
    }
}

/// Words for the sexes of those who speak, as folders have them.
const SEXES: [(&str, &[&str]); 2] = [
    (
        "female",
        &[
            "female", "females", "woman", "women", "weiblich", "frauen", "femme", "femmes", "f",
        ],
    ),
    (
        "male",
        &[
            "male",
            "males",
            "man",
            "men",
            "männlich",
            "männer",
            "homme",
            "hommes",
            "m",
        ],
    ),
];

fn sex(name: &str) -> Option<&'static str> {
    meaning(&SEXES, &name.to_lowercase())
}

/// Words for the parts of a corpus, and what the column `split` says.
const PARTS: [(&str, &[&str]); 4] = [
    (
        "train",
        &["train", "training", "trainset", "train_set", "train_splits"],
    ),
    ("test", &["test", "testing", "testset", "test_set"]),
    (
        "dev",
        &[
            "dev",
            "devel",
            "development",
            "val",
            "valid",
            "validation",
            "dev_set",
            "val_set",
        ],
    ),
    // The test where there is no other, else what others call dev.
    ("evaluation", &["eval", "evaluation"]),
];

/// The part of a corpus that a word names.
fn part(name: &str) -> Option<&'static str> {
    meaning(&PARTS, &name.to_lowercase().replace(['-', ' '], "_"))
}

/// Puts down which part of a corpus recordings are in, where names or folders of several parts say so.
pub fn know_parts(utterances: &mut [Utterance]) {
    let of_file = |utterance: &Utterance| match utterance.extra.get(SPLIT) {
        Some(word) => part(word),
        None => folders(Path::new(&utterance.file))
            .iter()
            .find_map(|name| part(name)),
    };
    let parts: Vec<Option<&str>> = utterances.iter().map(of_file).collect();
    let different: BTreeSet<&str> = parts.iter().flatten().copied().collect();
    if different.len() < 2 {
        return;
    }
    for (utterance, part) in utterances.iter_mut().zip(parts) {
        let part = match part {
            Some("evaluation") if different.contains("test") => "dev",
            Some("evaluation") => "test",
            Some(part) => part,
            None => continue,
        };
        utterance.extra.insert(SPLIT.to_string(), part.to_string());
    }
}

/// Folders that hold a kind of file, and never one speaker's recordings.
const NO_SPEAKERS: [&str; 16] = [
    "audio",
    "audios",
    "wav",
    "wavs",
    "flac",
    "mp3",
    "data",
    "dataset",
    "clips",
    "recordings",
    "samples",
    "files",
    "speech",
    "sound",
    "sounds",
    "original",
];

/// What a level of folders says, over all files.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    Emotion,
    Part,
    Intensity,
    Sex,
    Other,
}

/// What keeps folders from being read as emotions where more than half of the recordings lie in
/// such as are named after one, two emotions at least.
pub fn odd_folders(files: &[PathBuf]) -> Option<String> {
    (0..LEVELS).find_map(|level| {
        let names: Vec<Option<String>> = files
            .iter()
            .map(|file| folders(file).get(level).cloned())
            .collect();
        let (known, odd): (Vec<_>, Vec<_>) = names
            .iter()
            .map(|name| name.as_deref().unwrap_or(""))
            .partition(|name| folder_emotion(name).is_some());
        let emotions: BTreeSet<_> = known
            .iter()
            .filter_map(|name| folder_emotion(name))
            .collect();
        if emotions.len() < 2 || known.len() <= odd.len() {
            return None;
        }
        let odd: BTreeSet<String> = odd
            .into_iter()
            .map(|name| match name {
                "" => "(none)".to_string(),
                name => format!("{name:?}"),
            })
            .collect();
        let named: Vec<&str> = odd.iter().take(5).map(String::as_str).collect();
        let more = if odd.len() > 5 { ", ..." } else { "" };
        Some(format!(
            "{} folders are named after emotions, but not {}{more}: name these after emotions too, \
             or take every name as it is with --layout folders",
            emotions.len(),
            named.join(", ")
        ))
    })
}

/// Labels from folders: the level of folders nearest to the files at which nine in ten names are
/// emotions. Levels that name parts of the corpus or intensities are taken as that; of the others the one next to the emotion, below it
/// if there is one, names the speaker, unless it is the same for all or a name that no speaker has. With `forced` any name of the
/// lowest level is a label.
pub fn by_folder(
    files: &[PathBuf],
    corpus: Option<&str>,
    forced: bool,
) -> Option<(Vec<Utterance>, Vec<String>)> {
    let all: Vec<Vec<String>> = files.iter().map(|file| folders(file)).collect();
    let count = |level: usize, is: &dyn Fn(&str) -> bool| {
        let such = all
            .iter()
            .filter(|f| f.get(level).is_some_and(|name| is(name)));
        such.count()
    };
    let most = |level: usize, is: &dyn Fn(&str) -> bool| count(level, is) * 10 >= files.len() * 9;
    let emotion = (0..LEVELS)
        .find(|&level| most(level, &|name| folder_emotion(name).is_some()))
        .or((forced && all.iter().all(|f| !f.is_empty())).then_some(0))?;
    let kind = |level: usize| match level {
        level if level == emotion => Level::Emotion,
        level if most(level, &|name| part(name).is_some()) => Level::Part,
        level if most(level, &|name| intensity(name).is_some()) => Level::Intensity,
        level if most(level, &|name| sex(name).is_some()) => Level::Sex,
        _ => Level::Other,
    };
    let kinds: Vec<Level> = (0..LEVELS).map(kind).collect();
    let at = |kind: Level| kinds.iter().position(|k| *k == kind);
    let is_speaker = |level: &usize| {
        let names: BTreeSet<&String> = all.iter().filter_map(|f| f.get(*level)).collect();
        let is_kind = |name: &&String| NO_SPEAKERS.contains(&name.to_lowercase().as_str());
        let is_part = |name: &&String| part(name).is_some();
        kinds[*level] == Level::Other
            && names.len() > 1
            && !names.iter().any(|n| is_kind(n) || is_part(n))
    };
    let below = (0..emotion).rev().find(is_speaker);
    let speaker = below.or_else(|| {
        (emotion + 1..LEVELS).find(is_speaker).filter(|&level| {
            // Above it another folder, not one that only some files have.
            most(level, &|_| true)
        })
    });
    let name = |folders: &'_ [String], level: Option<usize>| {
        level.and_then(|level| folders.get(level).cloned())
    };
    let sex_of = |folders: &[String]| name(folders, at(Level::Sex)).and_then(|name| sex(&name));
    // Numbers may begin anew with each sex.
    let mut sexes: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for folders in &all {
        if let (Some(speaker), Some(sex)) = (name(folders, speaker), sex_of(folders)) {
            sexes.entry(speaker).or_default().insert(sex);
        }
    }
    let begins_anew = sexes.values().any(|sexes| sexes.len() > 1);
    let utterance = |(file, folders): (&PathBuf, &Vec<String>)| {
        let label =
            name(folders, Some(emotion)).filter(|name| forced || folder_emotion(name).is_some());
        let strength = name(folders, at(Level::Intensity))
            .and_then(|name| intensity(&name))
            .or_else(|| {
                let label = label.as_deref()?;
                let words: Vec<&str> = label.split(SEPARATORS).collect();
                Some(without_intensity(&words)?.0)
            });
        let sex = sex_of(folders);
        let speaker = name(folders, speaker).map(|name| match sex {
            Some(sex) if begins_anew => format!("{sex}_{name}"),
            _ => name,
        });
        let class =
            |name: &String| folder_emotion(name).map_or_else(|| class_of(name), str::to_string);
        Utterance {
            file: file.to_string_lossy().into_owned(),
            corpus: corpus.map(str::to_string),
            speaker,
            emotion: label.as_ref().map(class),
            label_original: label,
            intensity: strength.map(str::to_string),
            sex: sex.map(str::to_string),
            ..Utterance::default()
        }
    };
    let utterances: Vec<Utterance> = files.iter().zip(&all).map(utterance).collect();
    let mut notes = vec![speakers_of_folders(&utterances)];
    let unused = (0..LEVELS).filter(|level| Some(*level) != speaker && is_speaker(level));
    notes.extend(unused.map(|level| {
        let names: BTreeSet<&String> = all.iter().filter_map(|folders| folders.get(level)).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        format!(
            "the folders {} are not used; if they tell speakers apart, say so with a pattern, such as --layout '{{speaker}}/{{emotion}}/*'",
            first(&names, 3)
        )
    }));
    Some((utterances, notes))
}

/// What a person should know of the speakers that folders name.
fn speakers_of_folders(labelled: &[Utterance]) -> String {
    let speakers: BTreeSet<&str> = labelled
        .iter()
        .filter_map(|u| u.speaker.as_deref())
        .collect();
    if speakers.is_empty() {
        return "emotions read from folders; no folder names the speakers, they are left empty"
            .into();
    }
    let names: Vec<String> = speakers.iter().map(|name| name.to_string()).collect();
    format!(
        "emotions and {} speakers read from folders ({}); check that these are people",
        speakers.len(),
        first(&names, 3)
    )
}
