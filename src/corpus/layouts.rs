//! Layouts: how known corpora put speaker, emotion and sentence into the names of files and
//! folders.
//!
//! A name counts wherever below the folder its file lies, with any of the extensions of recordings.
//! Grammars are those of the corpora's own documentation: RAVDESS (Livingstone & Russo 2018), EmoDB
//! (Burkhardt et al. 2005), EMOVO (Costantini et al. 2014).

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::audio;
use crate::corpus::manifest::{Manifest, Utterance};
use crate::error::{Error, Result};

/// The common vocabulary of emotions, and the words that corpora use for each.
pub const EMOTIONS: [(&str, &[&str]); 13] = [
    (
        "neutral",
        &[
            "neu",
            "neutrality",
            "neutrale",
            "neutro",
            "neutralität",
            "no emotion",
        ],
    ),
    ("calm", &["calmness", "ruhig", "calma"]),
    (
        "happy",
        &[
            "happiness",
            "hap",
            "joy",
            "joyful",
            "freude",
            "gioia",
            "gio",
            "felicità",
        ],
    ),
    (
        "sad",
        &["sadness", "trauer", "traurig", "tristezza", "tri", "triste"],
    ),
    ("angry", &["anger", "ang", "ärger", "wut", "rabbia", "rab"]),
    (
        "fearful",
        &[
            "fear", "fea", "angst", "paura", "pau", "anxious", "anxiety", "afraid", "scared",
        ],
    ),
    ("disgust", &["disgusted", "dis", "ekel", "disgusto"]),
    (
        "surprised",
        &[
            "surprise",
            "sur",
            "ps",
            "pleasant surprise",
            "pleasant_surprise",
            "sorpresa",
            "sor",
            "überraschung",
        ],
    ),
    ("bored", &["boredom", "langeweile", "noia"]),
    (
        "excited",
        &["excitement", "exc", "enthusiasm", "enthusiastic"],
    ),
    ("frustrated", &["frustration", "fru"]),
    ("contempt", &["contemptuous", "verachtung"]),
    ("amused", &["amusement"]),
];

/// The word of the common vocabulary for a corpus's label, in any case; `None` where there is none.
pub fn canonical_emotion(label: &str) -> Option<&'static str> {
    let label = label.trim().to_lowercase();
    let entry = EMOTIONS
        .iter()
        .find(|(emotion, words)| *emotion == label || words.contains(&label.as_str()));
    entry.map(|(emotion, _)| *emotion)
}

/// A way to name recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `03-01-05-02-01-02-12`: modality, vocal channel, emotion, intensity, statement, repetition,
    /// actor.
    Ravdess,
    /// `03a01Wb`: speaker, text, emotion, version.
    Emodb,
    /// `rab-f1-b2`: emotion, speaker, sentence.
    Emovo,
    /// A folder per emotion, with the speakers' folders above or below it, or none.
    Folders,
}

impl Layout {
    /// Every layout, in the order in which they are tried.
    pub const ALL: [Layout; 4] = [
        Layout::Ravdess,
        Layout::Emodb,
        Layout::Emovo,
        Layout::Folders,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Layout::Ravdess => "ravdess",
            Layout::Emodb => "emodb",
            Layout::Emovo => "emovo",
            Layout::Folders => "folders",
        }
    }

    /// What a name looks like, for messages.
    fn grammar(self) -> &'static str {
        match self {
            Layout::Ravdess => "seven pairs of digits such as 03-01-05-02-01-02-12",
            Layout::Emodb => "speaker, text, emotion, version such as 03a01Wb",
            Layout::Emovo => "emotion, speaker, sentence such as rab-f1-b2",
            Layout::Folders => "a folder for each emotion",
        }
    }

    /// What the name of a file, without folder and extension, says under this layout; `None` where
    /// it does not follow the grammar.
    pub fn parse(self, stem: &str) -> Option<Utterance> {
        match self {
            Layout::Ravdess => ravdess(stem),
            Layout::Emodb => emodb(stem),
            Layout::Emovo => emovo(stem),
            Layout::Folders => None,
        }
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

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

/// RAVDESS, speech and song: modality (01 audio-video, 02 video, 03 audio), vocal channel (01
/// speech, 02 song), emotion, intensity (01 normal, 02 strong), statement, repetition, actor (odd:
/// male).
fn ravdess(stem: &str) -> Option<Utterance> {
    let parts: Vec<&str> = stem.split('-').collect();
    if parts.len() != 7
        || parts
            .iter()
            .any(|p| p.len() != 2 || !p.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let pick = |part: &str, words: &[&'static str]| {
        let index = part.parse::<usize>().ok()?.checked_sub(1)?;
        words.get(index).copied()
    };
    pick(parts[0], &["audio-video", "video", "audio"])?;
    let style = pick(parts[1], &["speech", "song"])?;
    let emotions = [
        "neutral",
        "calm",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
    ];
    let emotion = pick(parts[2], &emotions)?;
    let intensity = pick(parts[3], &["normal", "strong"])?;
    let text = pick(
        parts[4],
        &[
            "Kids are talking by the door",
            "Dogs are sitting by the door",
        ],
    )?;
    let take = pick(parts[5], &["1", "2"])?;
    let actor: u32 = parts[6]
        .parse()
        .ok()
        .filter(|actor| (1..=24).contains(actor))?;
    Some(Utterance {
        corpus: some("ravdess"),
        speaker: some(parts[6]),
        emotion: some(emotion),
        label_original: some(emotion),
        intensity: some(intensity),
        sex: some(if actor % 2 == 1 { "male" } else { "female" }),
        text: some(text),
        take: some(take),
        style: some(style),
        language: some("en"),
        ..Utterance::default()
    })
}

/// EmoDB: speaker (two digits), text (a letter and two digits), emotion (the initial of the German
/// word), version (a letter, absent where there is one version).
fn emodb(stem: &str) -> Option<Utterance> {
    let bytes = stem.as_bytes();
    if !stem.is_ascii() || !(6..=7).contains(&bytes.len()) {
        return None;
    }
    let speaker = &stem[..2];
    let sex = match speaker {
        "03" | "10" | "11" | "12" | "15" => "male",
        "08" | "09" | "13" | "14" | "16" => "female",
        _ => return None,
    };
    let text = match &stem[2..5] {
        "a01" => "Der Lappen liegt auf dem Eisschrank.",
        "a02" => "Das will sie am Mittwoch abgeben.",
        "a04" => "Heute abend könnte ich es ihm sagen.",
        "a05" => "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
        "a07" => "In sieben Stunden wird es soweit sein.",
        "b01" => "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
        "b02" => "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
        "b03" => {
            "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht."
        }
        "b09" => "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
        "b10" => "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
        _ => return None,
    };
    let (label, emotion) = match bytes[5] {
        b'W' => ("Wut", "angry"),
        b'L' => ("Langeweile", "bored"),
        b'E' => ("Ekel", "disgust"),
        b'A' => ("Angst", "fearful"),
        b'F' => ("Freude", "happy"),
        b'T' => ("Trauer", "sad"),
        b'N' => ("neutral", "neutral"),
        _ => return None,
    };
    let take = match bytes.get(6) {
        None => None,
        Some(version @ b'a'..=b'z') => some(std::str::from_utf8(&[*version]).ok()?),
        Some(_) => return None,
    };
    Some(Utterance {
        corpus: some("emodb"),
        speaker: some(speaker),
        emotion: some(emotion),
        label_original: some(label),
        sex: some(sex),
        text: some(text),
        take,
        language: some("de"),
        ..Utterance::default()
    })
}

/// EMOVO: emotion (three letters of the Italian word), speaker (sex and number), sentence (its
/// code: the name holds no more).
fn emovo(stem: &str) -> Option<Utterance> {
    let parts: Vec<&str> = stem.split('-').collect();
    let &[label, speaker, sentence] = &parts[..] else {
        return None;
    };
    let (original, emotion) = match label {
        "dis" => ("disgusto", "disgust"),
        "gio" => ("gioia", "happy"),
        "neu" => ("neutrale", "neutral"),
        "pau" => ("paura", "fearful"),
        "rab" => ("rabbia", "angry"),
        "sor" => ("sorpresa", "surprised"),
        "tri" => ("tristezza", "sad"),
        _ => return None,
    };
    let sex = match speaker {
        "f1" | "f2" | "f3" => "female",
        "m1" | "m2" | "m3" => "male",
        _ => return None,
    };
    let known = matches!(
        sentence.as_bytes(),
        [b'b' | b'l' | b'n' | b'd', b'1'..=b'9']
    );
    known.then(|| Utterance {
        corpus: some("emovo"),
        speaker: some(speaker),
        emotion: some(emotion),
        label_original: some(original),
        sex: some(sex),
        text: some(sentence),
        language: some("it"),
        ..Utterance::default()
    })
}

/// A folder that was looked through.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Its recordings, sorted by the bytes of their paths; names are relative to the folder.
    pub manifest: Manifest,
    /// The layouts found, none where no layout was recognised.
    pub layouts: Vec<Layout>,
    /// What a person should know: names that do not fit, files that could not be looked at.
    pub findings: Vec<String>,
}

/// Looks for recordings below `dir` and reads their names. With `layout` every name must follow it;
/// without, each name is read by the grammar it follows, and a folder whose names follow none is
/// tried as [`Layout::Folders`].
pub fn scan(dir: &Path, layout: Option<Layout>) -> Result<Scan> {
    let no_manifest = |reason: String| Error::Manifest {
        path: dir.to_path_buf(),
        reason,
    };
    let (files, mut findings) = recordings(dir)?;
    if files.is_empty() {
        let endings = audio::EXTENSIONS.join(" ");
        return Err(no_manifest(format!(
            "holds no recording; expected files that end in {endings}"
        )));
    }
    let mut layouts = Vec::new();
    let mut unread = Vec::new();
    let mut utterances: Vec<Utterance> = files
        .iter()
        .map(|file| {
            let stem = file.file_stem().and_then(|s| s.to_str()).unwrap_or("");
            let tried = layout.map_or(Layout::ALL.to_vec(), |layout| vec![layout]);
            let read = tried
                .into_iter()
                .find_map(|layout| Some((layout, layout.parse(stem)?)));
            let utterance = match read {
                Some((layout, utterance)) => {
                    if !layouts.contains(&layout) {
                        layouts.push(layout);
                    }
                    utterance
                }
                None => {
                    unread.push(file.display().to_string());
                    Utterance::default()
                }
            };
            Utterance {
                file: file.to_string_lossy().into_owned(),
                ..utterance
            }
        })
        .collect();

    let tries_folders = layout.is_none_or(|layout| layout == Layout::Folders);
    if tries_folders && unread.len() * 2 > files.len() {
        let name = dir
            .canonicalize()
            .ok()
            .and_then(|dir| Some(dir.file_name()?.to_str()?.to_string()));
        if let Some(labelled) = by_folder(&files, name.as_deref(), layout.is_some()) {
            let speakers: BTreeSet<&String> =
                labelled.iter().filter_map(|u| u.speaker.as_ref()).collect();
            findings.push(match speakers.iter().take(3).map(|s| s.as_str()).collect::<Vec<_>>() {
                first if first.is_empty() => {
                    "emotions read from folders; no folder names the speakers, they are left empty".into()
                }
                first => format!(
                    "emotions and {} speakers read from folders ({}, ...); see that these are people",
                    speakers.len(),
                    first.join(", ")
                ),
            });
            (utterances, layouts) = (labelled, vec![Layout::Folders]);
            unread = utterances
                .iter()
                .filter(|u| u.emotion.is_none())
                .map(|u| u.file.clone())
                .collect();
        }
    }
    if let (Some(first), Some(layout)) = (unread.first(), layout) {
        return Err(no_manifest(format!(
            "{} of {} recordings do not follow the layout {layout} ({}), first: {first}; choose another --layout, or auto",
            unread.len(),
            files.len(),
            layout.grammar()
        )));
    }
    if let (Some(first), false) = (unread.first(), layouts.is_empty()) {
        let names: Vec<&str> = layouts.iter().map(|layout| layout.name()).collect();
        findings.push(format!(
            "{} of {} recordings do not follow the layout found ({}), first: {first}; their emotion and speaker are left empty",
            unread.len(),
            files.len(),
            names.join(", ")
        ));
    }
    if layouts.is_empty() {
        findings.push(format!(
            "{}: no layout recognised, emotion and speaker are left empty",
            dir.display()
        ));
    }
    Ok(Scan {
        manifest: Manifest {
            root: dir.to_path_buf(),
            utterances,
        },
        layouts,
        findings,
    })
}

/// All recordings below `dir`, relative to it and sorted by bytes, and what could not be looked at.
fn recordings(dir: &Path) -> Result<(Vec<PathBuf>, Vec<String>)> {
    std::fs::read_dir(dir).map_err(Error::io(dir))?;
    let hidden = |entry: &walkdir::DirEntry| {
        entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    for entry in walkdir::WalkDir::new(dir)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| !hidden(entry))
    {
        match entry {
            Ok(entry)
                if entry.file_type().is_file() && audio::has_audio_extension(entry.path()) =>
            {
                let relative = entry
                    .path()
                    .strip_prefix(dir)
                    .expect("it was found below the folder");
                if relative.to_str().is_none() {
                    findings.push(format!(
                        "{}: name is not UTF-8; rename the file",
                        relative.display()
                    ));
                }
                files.push(relative.to_path_buf());
            }
            Ok(_) => {}
            // What cannot be looked at stays in the list: it will fail to open, and so be told of.
            Err(cause) => match cause.path().and_then(|path| path.strip_prefix(dir).ok()) {
                Some(relative) if cause.loop_ancestor().is_none() => {
                    files.push(relative.to_path_buf());
                }
                _ => findings.push(cause.to_string()),
            },
        }
    }
    files.sort_by(|a, b| {
        a.as_os_str()
            .as_encoded_bytes()
            .cmp(b.as_os_str().as_encoded_bytes())
    });
    Ok((files, findings))
}

/// Labels from folders: the level of folders nearest to the files at which nine in ten names are
/// emotions; the other of the lowest two levels names the speaker, unless it is the same for all or
/// a name that no speaker has. With `forced` any name of the lowest level is a label.
fn by_folder(files: &[PathBuf], corpus: Option<&str>, forced: bool) -> Option<Vec<Utterance>> {
    // Folders of a file from the lowest up.
    let folders = |file: &Path| -> Vec<String> {
        file.ancestors()
            .skip(1)
            .filter_map(|a| Some(a.file_name()?.to_string_lossy().into_owned()))
            .collect()
    };
    let emotion =
        |name: &str| canonical_emotion(name.trim_start_matches(|c: char| !c.is_alphabetic()));
    let is_label = |level: usize| {
        let labelled = files.iter().filter(|file| {
            folders(file)
                .get(level)
                .is_some_and(|name| emotion(name).is_some())
        });
        labelled.count() * 10 >= files.len() * 9
    };
    let level = [0, 1]
        .into_iter()
        .find(|&level| is_label(level))
        .or((forced && files.iter().all(|f| !folders(f).is_empty())).then_some(0))?;
    let utterance = |file: &PathBuf| {
        let folders = folders(file);
        let label = folders
            .get(level)
            .filter(|name| forced || emotion(name).is_some());
        Utterance {
            file: file.to_string_lossy().into_owned(),
            corpus: corpus.map(str::to_string),
            speaker: folders.get(1 - level).cloned(),
            emotion: label
                .map(|name| emotion(name).map_or_else(|| name.to_lowercase(), str::to_string)),
            label_original: label.cloned(),
            ..Utterance::default()
        }
    };
    let mut utterances: Vec<Utterance> = files.iter().map(utterance).collect();
    let names: BTreeSet<_> = utterances
        .iter()
        .filter_map(|u| u.speaker.clone())
        .collect();
    let is_part = |name: &String| NO_SPEAKERS.contains(&name.to_lowercase().as_str());
    if names.len() < 2 || names.iter().any(is_part) {
        utterances.iter_mut().for_each(|u| u.speaker = None);
    }
    Some(utterances)
}

/// Folders that hold a part of a corpus or a kind of file, and never one speaker's recordings.
const NO_SPEAKERS: [&str; 20] = [
    "train",
    "training",
    "test",
    "testing",
    "val",
    "valid",
    "validation",
    "dev",
    "eval",
    "audio",
    "wav",
    "wavs",
    "flac",
    "mp3",
    "data",
    "clips",
    "recordings",
    "samples",
    "files",
    "speech",
];

/// `manifest` with names that are relative to `folder`, where its recordings lie below it, and
/// absolute where not.
pub fn relative_to(manifest: Manifest, folder: &Path) -> Result<Manifest> {
    let real = |path: &Path| {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        path.canonicalize().map_err(Error::io(path))
    };
    let (folder, root) = (real(folder)?, real(&manifest.root)?);
    let prefix = match root.strip_prefix(&folder) {
        Ok(below) => below.to_path_buf(),
        Err(_) => root,
    };
    let rename = |u: Utterance| Utterance {
        file: prefix.join(&u.file).to_string_lossy().into_owned(),
        ..u
    };
    Ok(Manifest {
        root: folder,
        utterances: manifest.utterances.into_iter().map(rename).collect(),
    })
}

/// Number of different speakers and emotions of a manifest, for closing lines.
pub fn counts(manifest: &Manifest) -> (usize, usize) {
    let speakers: BTreeSet<_> = manifest
        .utterances
        .iter()
        .filter_map(|u| Some((&u.corpus, u.speaker.as_ref()?)))
        .collect();
    let emotions: BTreeSet<_> = manifest
        .utterances
        .iter()
        .filter_map(|u| u.emotion.as_ref())
        .collect();
    (speakers.len(), emotions.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ravdess_names_are_read() {
        let song = Layout::Ravdess.parse("03-02-06-02-02-01-24").unwrap();
        let fields = song.fields().map(|f| f.unwrap_or(""));
        let expected = [
            "ravdess",
            "24",
            "fearful",
            "fearful",
            "strong",
            "female",
            "Dogs are sitting by the door",
            "1",
            "song",
            "en",
        ];
        assert_eq!(fields, expected);
        for wrong in [
            "03-01-09-01-01-01-01",
            "03-01-01-01-01-01",
            "03-01-01-01-01-01-25",
            "3-01-01-01-01-01-01",
            "00-01-01-01-01-01-01",
        ] {
            assert_eq!(Layout::Ravdess.parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn emodb_names_are_read() {
        let fields = Layout::Emodb
            .parse("16b10Lb")
            .unwrap()
            .fields()
            .map(|f| f.unwrap_or("").to_string());
        assert_eq!(
            fields[..6],
            ["emodb", "16", "bored", "Langeweile", "", "female"]
        );
        assert_eq!(Layout::Emodb.parse("03a01N").unwrap().take, None);
        for wrong in ["03a01X", "03a03Wa", "04a01Wa", "03a01WA", "03a01Wab"] {
            assert_eq!(Layout::Emodb.parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn emovo_names_are_read() {
        let fields = Layout::Emovo
            .parse("gio-m2-n5")
            .unwrap()
            .fields()
            .map(|f| f.unwrap_or("").to_string());
        assert_eq!(
            fields[..7],
            ["emovo", "m2", "happy", "gioia", "", "male", "n5"]
        );
        for wrong in ["gio-m4-n5", "joy-m1-n5", "gio-m1", "gio-m1-x5", "gio-m1-b0"] {
            assert_eq!(Layout::Emovo.parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_word_of_the_vocabulary_stands_for_one_emotion() {
        let words: Vec<&str> = EMOTIONS
            .iter()
            .flat_map(|(emotion, words)| words.iter().chain([emotion]))
            .copied()
            .collect();
        assert_eq!(words.len(), words.iter().collect::<BTreeSet<_>>().len());
        assert_eq!(canonical_emotion(" Überraschung "), Some("surprised"));
        assert_eq!(canonical_emotion("melancholy"), None);
    }

    /// A folder with empty files of these names.
    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        dir
    }

    #[test]
    fn a_folder_is_read_by_content_of_its_names_anywhere_below() {
        let dir = folder(&[
            "b/x/03a01Wa.WAV",
            "a-1/03-01-05-01-01-01-02.flac",
            "a/rab-f1-b1.mp3",
            ".hidden/03a01Wb.wav",
            "notes.txt",
        ]);
        let found = scan(dir.path(), None).unwrap();
        let files: Vec<&str> = found
            .manifest
            .utterances
            .iter()
            .map(|u| u.file.as_str())
            .collect();
        assert_eq!(
            files,
            [
                "a-1/03-01-05-01-01-01-02.flac",
                "a/rab-f1-b1.mp3",
                "b/x/03a01Wa.WAV"
            ],
            "sorted by bytes"
        );
        assert!(
            found
                .manifest
                .utterances
                .iter()
                .all(|u| u.emotion.as_deref() == Some("angry"))
        );
        assert_eq!(found.findings, Vec::<String>::new());
        let mismatch = scan(dir.path(), Some(Layout::Emodb))
            .unwrap_err()
            .to_string();
        assert!(
            mismatch.contains("2 of 3 recordings do not follow the layout emodb"),
            "{mismatch}"
        );
    }

    #[test]
    fn folders_name_emotions_and_speakers() {
        for names in [
            ["anna/01_Anger/1.wav", "ben/joy/1.wav"],
            ["01_Anger/anna/1.wav", "joy/ben/1.wav"],
        ] {
            let dir = folder(&names);
            let found = scan(dir.path(), None).unwrap();
            assert_eq!(found.layouts, [Layout::Folders]);
            let mut read: Vec<_> = found
                .manifest
                .utterances
                .iter()
                .map(|u| (u.speaker.clone().unwrap(), u.emotion.clone().unwrap()))
                .collect();
            read.sort();
            assert_eq!(
                read,
                [
                    ("anna".into(), "angry".into()),
                    ("ben".into(), "happy".into())
                ]
            );
        }
        // The usual parts of a corpus are no speakers, nor is a level with one name.
        for names in [
            ["train/angry/1.wav", "test/happy/1.wav"],
            ["wavs/angry/1.wav", "wavs/happy/1.wav"],
        ] {
            let found = scan(folder(&names).path(), None).unwrap().manifest;
            assert!(
                found
                    .utterances
                    .iter()
                    .all(|u| u.speaker.is_none() && u.emotion.is_some())
            );
        }
        let own = folder(&["loud/1.wav", "soft/1.wav"]);
        let unrecognised = scan(own.path(), None).unwrap();
        assert!(unrecognised.layouts.is_empty() && unrecognised.findings.len() == 1);
        let forced = scan(own.path(), Some(Layout::Folders)).unwrap();
        assert_eq!(
            forced.manifest.utterances[0].emotion.as_deref(),
            Some("loud")
        );
    }

    #[test]
    fn names_become_relative_to_the_manifest_or_absolute() {
        let dir = folder(&["audio/03a01Wa.wav", "elsewhere/x.txt"]);
        let found = scan(&dir.path().join("audio"), None).unwrap().manifest;
        assert_eq!(
            relative_to(found.clone(), dir.path()).unwrap().utterances[0].file,
            "audio/03a01Wa.wav"
        );
        let absolute = relative_to(found, &dir.path().join("elsewhere"))
            .unwrap()
            .utterances[0]
            .file
            .clone();
        assert!(Path::new(&absolute).is_absolute() && Path::new(&absolute).exists());
    }
}
