//! From a folder of recordings to a manifest: by file names, anywhere below the folder, or by folders that are named after
//! emotions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::audio;
use crate::corpus::audformat;
use crate::corpus::folders::{by_folder, know_parts, odd_folders};
use crate::corpus::layouts::Layout;
use crate::corpus::manifest::{Manifest, Utterance, foreign_place};
pub use crate::corpus::names::Naming;
use crate::corpus::names::{Place, Read, read_names};
use crate::corpus::side::join_of_layouts;
use crate::corpus::spelling::first;
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

/// Finds the recordings below `dir` and reads their names. With `layout`, every name must fit it, else it is an error; of
/// patterns of one's own, one name must.
/// Without, each name is read by the layout it fits, and [`Layout::folders`] is tried if most fit none. A folder
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
    scan_by(
        dir,
        &layout.map_or_else(Naming::default, |layout| Naming::By(vec![layout])),
    )
}

/// The same, by layouts of one's own too.
///
/// ```
/// use sentire::prelude::*;
/// use sentire::corpus::scan::{Naming, scan_by};
///
/// let layout = Layout::of_patterns(&["{speaker}_{emotion}_{text}".into()])?;
/// let found = scan_by("corpora/demo".as_ref(), &Naming::By(vec![layout]))?.manifest;
/// assert_eq!(found.utterances[0].text.as_deref(), Some("s1"));
/// # Ok::<(), Error>(())
/// ```
pub fn scan_by(dir: &Path, naming: &Naming) -> Result<Scan> {
    let no_manifest = |reason: String| Error::Manifest {
        path: dir.to_path_buf(),
        reason,
    };
    let Walk {
        recordings: files,
        left_out,
        mut findings,
    } = walk(dir)?;
    if let Naming::Among(_) = naming {
        match database(dir, &files) {
            Ok(None) => {}
            Ok(Some(database)) => {
                let mut manifest = audformat::read(&database)?;
                manifest.findings.extend(in_no_table(dir, &files, &manifest));
                return Ok(Scan::of_manifest(manifest));
            }
            Err(Databases::Alone(names)) => {
                return Err(no_manifest(format!(
                    "holds {} databases of audformat; expected one: choose among {}",
                    names.len(),
                    first(&names, 8)
                )));
            }
            Err(Databases::Beside(names)) => findings.push(format!(
                "labels of the audformat databases {} are not used, as there are recordings beside them; name such a folder to use them",
                first(&names, 3)
            )),
        }
    }
    let foreign = left_out_message(&left_out);
    if files.is_empty() {
        let endings = audio::extensions().collect::<Vec<_>>().join(" ");
        let foreign = foreign.map_or(String::new(), |message| format!("; {message}"));
        return Err(no_manifest(format!(
            "holds no recording; expected files that end in {endings}{foreign}"
        )));
    }
    findings.extend(foreign);
    let place = Place::of(dir);
    let mut read = read_names(&files, &place, naming);
    let is_asked = matches!(naming, Naming::By(layouts) if layouts.contains(&Layout::folders()));
    if (is_asked || matches!(naming, Naming::Among(_)))
        && read.unread.len() * 2 > files.len()
        && let Some((labelled, told)) = by_folder(&files, place.name.as_deref(), is_asked)
    {
        findings.extend(told);
        let unread = labelled.iter().filter(|u| u.emotion.is_none());
        read = Read {
            unread: unread.map(|u| u.file.clone()).collect(),
            layouts: vec![Layout::folders()],
            utterances: labelled,
            notes: read.notes,
        };
    }
    let Read {
        mut utterances,
        layouts,
        unread,
        notes,
    } = read;
    findings.extend(notes);
    know_parts(&mut utterances);
    findings.extend(join_of_layouts(dir, &mut utterances, &layouts)?);
    if let (Some(first), Naming::By(asked)) = (unread.first(), naming)
        && (layouts.is_empty() || !asked.iter().any(Layout::is_own))
    {
        let names: Vec<String> = asked
            .iter()
            .map(|layout| format!("{layout} ({})", layout.grammar()))
            .collect();
        return Err(no_manifest(format!(
            "{} of {} recordings do not follow the layout {}, first: {first}; choose another --layout, or auto",
            unread.len(),
            files.len(),
            names.join(" or ")
        )));
    }
    if !unread.is_empty() && !layouts.is_empty() {
        let names: Vec<&str> = layouts.iter().map(|layout| layout.name()).collect();
        findings.push(format!(
            "{} of {} recordings do not follow the layout found ({}), first: {}; their emotion and speaker are left empty",
            unread.len(),
            files.len(),
            names.join(", "),
            first(&unread, 3)
        ));
    }
    if layouts.is_empty() {
        let beside = tables_beside(dir).map_or(String::new(), |tables| {
            format!("; {tables} lies beside them: name it instead of the folder if it lists them, or join it with --labels-from")
        });
        let odd = odd_folders(&files).map_or(String::new(), |odd| format!("; {odd}"));
        findings.push(format!(
            "{}: no layout recognised (one of your own: --layout '{{speaker}}_{{emotion}}_*'), emotion and speaker are left empty{odd}{beside}",
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

/// Databases of audformat that a folder cannot be read as.
enum Databases {
    /// There are several, and nothing else.
    Alone(Vec<String>),
    /// There are recordings beside them.
    Beside(Vec<String>),
}

/// That there are recordings that a database does not name.
fn in_no_table(dir: &Path, files: &[PathBuf], manifest: &Manifest) -> Option<String> {
    let named: BTreeSet<PathBuf> = manifest
        .utterances
        .iter()
        .map(|u| manifest.root.join(&u.file))
        .collect();
    let others = files.iter().filter(|file| !named.contains(&dir.join(file)));
    let others: Vec<String> = others.map(|file| file.display().to_string()).collect();
    (!others.is_empty()).then(|| {
        format!("{} recordings below the folder have a row in no table with emotions, and are left out: {}", others.len(), first(&others, 3))
    })
}

/// The database in `dir` below which all of its recordings lie.
fn database(dir: &Path, files: &[PathBuf]) -> Result<Option<PathBuf>, Databases> {
    let mut found = audformat::find(dir);
    let is_within = |file: &PathBuf| {
        found
            .iter()
            .any(|database| dir.join(file).starts_with(database))
    };
    let all_within = files.iter().all(is_within);
    let names = || {
        found
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    };
    match found.len() {
        0 => Ok(None),
        _ if !all_within => Err(Databases::Beside(names())),
        1 => Ok(found.pop()),
        _ => Err(Databases::Alone(names())),
    }
}

/// Tables that lie in a folder, which may well say more of its recordings.
fn tables_beside(dir: &Path) -> Option<String> {
    let is_table = |path: &PathBuf| {
        let extension = path.extension().and_then(|ext| ext.to_str()).unwrap_or("");
        ["csv", "tsv"].contains(&extension.to_lowercase().as_str())
    };
    let entries = std::fs::read_dir(dir).ok()?;
    let paths = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_table);
    let names = paths.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let names: BTreeSet<String> = names.collect();
    let names: Vec<String> = names.into_iter().collect();
    (!names.is_empty()).then(|| first(&names, 3))
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
            assert_eq!(found.layouts, [Layout::folders()]);
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
        let forced = scan(own.path(), Some(Layout::folders())).unwrap();
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
