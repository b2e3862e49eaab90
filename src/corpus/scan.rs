//! From a folder of recordings to a manifest: by file names, anywhere below the folder, or by folders that are named after
//! emotions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::audio;
use crate::corpus::emotion::{canonical_emotion, class_of};
use crate::corpus::layouts::Layout;
use crate::corpus::manifest::{Manifest, Utterance, foreign_place};
use crate::corpus::spelling::composed;
use crate::error::{Error, Result};

/// What was found in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Its recordings, sorted by the bytes of their paths; names are relative to the folder.
    pub manifest: Manifest,
    /// The layouts found; empty if none was recognised.
    pub layouts: Vec<Layout>,
    /// Files whose extensions are those of recordings that cannot be decoded, relative to the folder.
    pub left_out: Vec<String>,
    /// Notes for the user: names that do not fit, files that could not be examined or are left out.
    pub findings: Vec<String>,
}

impl Scan {
    /// The recordings of a manifest, with its findings.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let manifest = Manifest::from_reader("file\na.wav\nb.wav\n".as_bytes())?;
    /// let scan = corpus::Scan::of_manifest(manifest);
    /// assert_eq!(scan.manifest.utterances.len(), 2);
    /// assert!(scan.findings.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn of_manifest(manifest: Manifest) -> Scan {
        Scan {
            findings: manifest.findings.clone(),
            manifest,
            layouts: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

/// Finds the recordings below `dir` and reads their names. With `layout`, every name must fit it, else it is an error.
/// Without, each name is read by the layout it fits, and [`Layout::FOLDERS`] is tried if most fit none. A folder
/// without recordings is an error; names that fit no layout are not.
///
/// ```
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// // As EmoDB names its files: speaker 03, text a01, W for Wut (anger), take a.
/// std::fs::write(dir.join("03a01Wa.wav"), b"").unwrap();
/// let found = scan(dir, None)?;
/// assert_eq!(found.layouts, ["emodb".parse()?]);
/// let utterance = &found.manifest.utterances[0];
/// assert_eq!(utterance.speaker.as_deref(), Some("03"));
/// assert_eq!(utterance.emotion.as_deref(), Some("angry"));
/// # Ok::<(), Error>(())
/// ```
pub fn scan(dir: &Path, layout: Option<Layout>) -> Result<Scan> {
    let no_manifest = |reason: String| Error::Manifest {
        path: dir.to_path_buf(),
        reason,
    };
    let Walk {
        recordings: files,
        left_out,
        mut findings,
    } = walk(dir)?;
    let foreign = left_out_message(&left_out);
    if files.is_empty() {
        let endings = audio::extensions().collect::<Vec<_>>().join(" ");
        let foreign = foreign.map_or(String::new(), |message| format!("; {message}"));
        return Err(no_manifest(format!(
            "holds no recording; expected files that end in {endings}{foreign}"
        )));
    }
    findings.extend(foreign);
    // The folder's own name: it may be a speaker's, or that of the corpus.
    let name = dir
        .canonicalize()
        .ok()
        .and_then(|dir| Some(composed(dir.file_name()?.to_str()?).into_owned()));
    let mut read = read_names(&files, name.as_deref(), layout);
    let tries_folders = layout.is_none_or(|layout| layout == Layout::FOLDERS);
    if tries_folders
        && read.unread.len() * 2 > files.len()
        && let Some(labelled) = by_folder(&files, name.as_deref(), layout.is_some())
    {
        findings.push(speakers_of_folders(&labelled));
        let unread = labelled.iter().filter(|u| u.emotion.is_none());
        read = Read {
            unread: unread.map(|u| u.file.clone()).collect(),
            layouts: vec![Layout::FOLDERS],
            utterances: labelled,
        };
    }
    let Read {
        utterances,
        layouts,
        unread,
    } = read;
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
        let odd = odd_folders(&files).map_or(String::new(), |odd| format!("; {odd}"));
        findings.push(format!(
            "{}: no layout recognised, emotion and speaker are left empty{odd}",
            dir.display()
        ));
    }
    Ok(Scan {
        manifest: Manifest {
            root: dir.to_path_buf(),
            utterances,
            ..Manifest::default()
        },
        layouts,
        left_out,
        findings,
    })
}

/// What the names of files say.
struct Read {
    utterances: Vec<Utterance>,
    layouts: Vec<Layout>,
    /// Files whose names follow no layout.
    unread: Vec<String>,
}

/// Reads each name of the folder `name` by the layout that it follows, of all or of `layout` alone.
fn read_names(files: &[PathBuf], name: Option<&str>, layout: Option<Layout>) -> Read {
    let tried = layout.map_or(Layout::ALL.to_vec(), |layout| vec![layout]);
    let (mut layouts, mut unread) = (Vec::new(), Vec::new());
    let mut utterance = |file: &PathBuf| {
        let named = Path::new(name.unwrap_or("")).join(file);
        // What is no UTF-8 follows no layout.
        let named = match named.to_str() {
            Some(text) => PathBuf::from(&*composed(text)),
            None => named,
        };
        let read = tried
            .iter()
            .find_map(|layout| Some((*layout, layout.parse(&named)?)));
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
    };
    Read {
        utterances: files.iter().map(&mut utterance).collect(),
        layouts,
        unread,
    }
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
    let first: Vec<&str> = speakers.iter().take(3).copied().collect();
    format!(
        "emotions and {} speakers read from folders ({}, ...); check that these are people",
        speakers.len(),
        first.join(", ")
    )
}

/// Endings of recordings and films that people keep and that are not decoded.
const FOREIGN: [&str; 15] = [
    "ac3", "amr", "ape", "asf", "avi", "awb", "dss", "flv", "mpg", "ra", "spx", "voc", "vox",
    "wma", "wv",
];

fn foreign_ending(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?;
    FOREIGN
        .into_iter()
        .find(|foreign| foreign.eq_ignore_ascii_case(ending))
}

/// Which files are left out because they are not decoded, and what to do; `None` where there are
/// none.
pub(in crate::corpus) fn left_out_message(files: &[String]) -> Option<String> {
    let endings: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| foreign_ending(Path::new(file)))
        .collect();
    let (noun, are) = if files.len() == 1 {
        ("file", "is")
    } else {
        ("files", "are")
    };
    // findings/ffmpeg-amr-pauses.sh.
    let has_amr = endings.contains("amr") || endings.contains("awb");
    let of_amr = match has_amr {
        true => " (amr and awb with `sox FILE out.flac`, as ffmpeg leaves out their pauses)",
        false => "",
    };
    (!files.is_empty()).then(|| {
        format!(
            "{} {noun} ending in {} {are} left out: not decoded; convert what is not here in another \
             form too, for example with `ffmpeg -i FILE out.flac`{of_amr}",
            files.len(),
            endings.iter().copied().collect::<Vec<_>>().join(", ")
        )
    })
}

/// The files below a folder, relative to it and sorted by bytes.
struct Walk {
    recordings: Vec<PathBuf>,
    /// Those with an ending in [`FOREIGN`].
    left_out: Vec<String>,
    /// What could not be looked at.
    findings: Vec<String>,
}

fn walk(dir: &Path) -> Result<Walk> {
    std::fs::read_dir(dir).map_err(Error::io(dir))?;
    let hidden = |entry: &walkdir::DirEntry| {
        entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let (mut files, mut left_out, mut findings) = (Vec::new(), Vec::new(), Vec::new());
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
            Ok(entry) if entry.file_type().is_file() && foreign_ending(entry.path()).is_some() => {
                let relative = entry.path().strip_prefix(dir).unwrap_or(entry.path());
                left_out.push(relative.to_string_lossy().into_owned());
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
    left_out.sort_unstable();
    Ok(Walk {
        recordings: files,
        left_out,
        findings,
    })
}

/// The names of the folders of a file, from the lowest up, in one Unicode form.
fn folders(file: &Path) -> Vec<String> {
    file.ancestors()
        .skip(1)
        .filter_map(|a| Some(composed(&a.file_name()?.to_string_lossy()).into_owned()))
        .collect()
}

/// The emotion after which a folder is named, behind numbers such as `01_`.
fn folder_emotion(name: &str) -> Option<&'static str> {
    canonical_emotion(name.trim_start_matches(|c: char| !c.is_alphabetic()))
}

/// What keeps folders from being read as emotions where more than half of the recordings lie in
/// such as are named after one, two emotions at least.
fn odd_folders(files: &[PathBuf]) -> Option<String> {
    [0, 1].into_iter().find_map(|level| {
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
/// emotions; the other of the lowest two levels names the speaker, unless it is the same for all or
/// a name that no speaker has. With `forced` any name of the lowest level is a label.
fn by_folder(files: &[PathBuf], corpus: Option<&str>, forced: bool) -> Option<Vec<Utterance>> {
    let is_label = |level: usize| {
        let labelled = files.iter().filter(|file| {
            folders(file)
                .get(level)
                .is_some_and(|name| folder_emotion(name).is_some())
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
            .filter(|name| forced || folder_emotion(name).is_some());
        Utterance {
            file: file.to_string_lossy().into_owned(),
            corpus: corpus.map(str::to_string),
            speaker: folders.get(1 - level).cloned(),
            emotion: label
                .map(|name| folder_emotion(name).map_or_else(|| class_of(name), str::to_string)),
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

/// `manifest` with names relative to `folder` if its recordings lie below it, else absolute ones.
///
/// ```
/// use sentire::corpus::scan::relative_to;
/// use sentire::prelude::*;
/// use std::path::Path;
///
/// let demo = scan(Path::new("corpora/demo"), None)?.manifest;
/// assert_eq!(demo.utterances[0].file, "f1_angry_s1.flac");
/// let moved = relative_to(demo, Path::new("corpora"))?;
/// assert_eq!(moved.utterances[0].file, "demo/f1_angry_s1.flac");
/// # Ok::<(), Error>(())
/// ```
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
    let rename = |u: Utterance| match foreign_place(&u.file) {
        Some(_) => u,
        None => Utterance {
            file: prefix.join(&u.file).to_string_lossy().into_owned(),
            ..u
        },
    };
    Ok(Manifest {
        root: folder,
        utterances: manifest.utterances.into_iter().map(rename).collect(),
        ..manifest
    })
}

/// The numbers of different speakers and of different emotions in a manifest.
///
/// ```
/// use sentire::prelude::*;
///
/// let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// assert_eq!(corpus::scan::counts(&demo), (8, 4));
/// # Ok::<(), Error>(())
/// ```
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
        let mismatch = scan(dir.path(), "emodb".parse().ok())
            .unwrap_err()
            .to_string();
        assert!(
            mismatch.contains("2 of 3 recordings do not follow the layout emodb"),
            "{mismatch}"
        );
    }

    #[test]
    fn savee_speakers_may_stand_in_folders_and_a_lone_code_says_nothing() {
        let dir = folder(&["AudioData/DC/a01.wav", "AudioData/KL/su15.wav"]);
        let read = |below: &str, layout| {
            let found = scan(&dir.path().join(below), layout).unwrap();
            let speakers = found.manifest.utterances.into_iter().map(|u| u.speaker);
            (found.layouts, speakers.collect::<Vec<_>>())
        };
        let both = [Some("DC".to_string()), Some("KL".to_string())];
        assert_eq!(
            read("", None),
            (vec!["savee".parse().unwrap()], both.to_vec())
        );
        assert_eq!(
            read("AudioData/DC", "savee".parse().ok()),
            (vec!["savee".parse().unwrap()], both[..1].to_vec()),
            "the folder that is looked through counts too"
        );
        let other = folder(&["takes/a01.wav", "takes/a02.wav"]);
        let found = scan(other.path(), None).unwrap();
        assert_eq!(found.layouts, []);
        assert!(found.manifest.utterances.iter().all(|u| u.corpus.is_none()));
    }

    #[test]
    fn folders_name_emotions_and_speakers() {
        for names in [
            ["anna/01_Anger/1.wav", "ben/joy/1.wav"],
            ["01_Anger/anna/1.wav", "joy/ben/1.wav"],
        ] {
            let dir = folder(&names);
            let found = scan(dir.path(), None).unwrap();
            assert_eq!(found.layouts, [Layout::FOLDERS]);
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
        let forced = scan(own.path(), Some(Layout::FOLDERS)).unwrap();
        assert_eq!(
            forced.manifest.utterances[0].emotion.as_deref(),
            Some("loud")
        );
    }

    #[test]
    fn files_of_other_kinds_are_named_and_left_out() {
        let dir = folder(&["a.wav", "b.WMA", "x/c.spx", "x/d.spx", "e.aifc", "f.txt"]);
        let found = scan(dir.path(), None).unwrap();
        let files = found.manifest.utterances.iter().map(|u| u.file.as_str());
        assert_eq!(files.collect::<Vec<_>>(), ["a.wav", "e.aifc"]);
        assert_eq!(found.left_out, ["b.WMA", "x/c.spx", "x/d.spx"]);
        assert!(
            found.findings[0].starts_with("3 files ending in spx, wma are left out: not decoded"),
            "{:?}",
            found.findings
        );
        let only = scan(folder(&["a.wma", "notes.txt"]).path(), None).unwrap_err();
        assert!(
            only.to_string()
                .contains("1 file ending in wma is left out"),
            "{only}"
        );
        let none = scan(folder(&["notes.txt"]).path(), None).unwrap_err();
        assert!(!none.to_string().contains("left out"), "{none}");
    }

    #[test]
    fn the_folder_that_spoils_a_layout_of_emotions_is_named() {
        let note = |names: &[&str]| scan(folder(names).path(), None).unwrap().findings.remove(0);
        let spoilt = note(&[
            "Angry/1.wav",
            "HAPPY/1.wav",
            "neutral_speech/1.wav",
            "Sad/1.wav",
        ]);
        assert!(
            spoilt.contains("3 folders are named after emotions, but not \"neutral_speech\":"),
            "{spoilt}"
        );
        let above = note(&["Angry/x/1.wav", "Sad/y/1.wav", "3.wav"]);
        assert!(above.contains("but not (none):"), "{above}");
        for names in [
            ["calls/1.wav", "tapes/2.wav"],
            ["angry/1.wav", "tapes/2.wav"],
        ] {
            let plain = note(&names);
            assert!(plain.ends_with("are left empty"), "{plain}");
        }
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
