//! Labels that stand in a file beside the recordings: tables of any corpus, and the text files of IEMOCAP and MSP-IMPROV.

mod iemocap;
mod msp_improv;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::audio::has_audio_extension;
use crate::corpus::layouts::{Form, Layout, Side, filled, held};
use crate::corpus::manifest::{Sheet, Utterance, decode, our_name, settle_sexes};
use crate::corpus::spelling::{composed, first, folded, is_missing};
use crate::error::{Error, Result};

/// What a file says of one recording.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    /// Where it stands.
    place: String,
    /// The recording, as the file names it.
    key: String,
    /// Fields and what they hold.
    says: BTreeMap<String, String>,
}

/// How a table that somebody names is joined to recordings.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// CSV or TSV with a header.
    pub file: PathBuf,
    /// What in a line names the recording, made of columns: `{id}`, `dia{Dialogue_ID}_utt{Utterance_ID}`; without, the column `file`
    /// or another that holds names of files.
    pub key: Option<String>,
}

/// Columns that name recordings, in the order in which they are tried.
const KEYS: [&str; 10] = [
    "file",
    "filename",
    "file_name",
    "path",
    "name",
    "id",
    "utterance_id",
    "wav",
    "audio",
    "recording",
];

/// Columns of a manifest that say which part of which recording a line is about.
const PARTS: [&str; 5] = crate::table::schema::PART;

/// Joins what `labels` says to `utterances`, which are named relative to a folder; what the table says counts before what names say.
/// Returns what a person should know: recordings without a line, lines without a recording, columns that were taken.
///
/// # Errors
/// Where the table cannot be read, has no column of the key, says two things of one recording, or is about none of them.
///
/// ```
/// use sentire::corpus::side::{Labels, join};
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let file = dir.path().join("labels.tsv");
/// std::fs::write(&file, "id\temotion\tarousal\na01\tjoy\t4.5\n")?;
/// let mut utterances = vec![Utterance { file: "wav/a01.wav".into(), ..Utterance::default() }];
/// let labels = Labels { file, key: Some("{id}".into()) };
/// join(&mut utterances, &labels)?;
/// assert_eq!(utterances[0].emotion.as_deref(), Some("happy"));
/// assert_eq!(utterances[0].extra["arousal"], "4.5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn join(utterances: &mut [Utterance], labels: &Labels) -> Result<Vec<String>> {
    let fault = |reason: String| Error::Manifest {
        path: labels.file.clone(),
        reason,
    };
    let (lines, taken) = own_table(labels).map_err(fault)?;
    if lines.is_empty() {
        return Err(fault(
            "has no line below its header that names a recording".into(),
        ));
    }
    let none = Layout::folders();
    let mut notes = taken;
    let about = |_: &Utterance| true;
    let joined = put_in(utterances, &lines, about, &name_of, &none, false).map_err(fault)?;
    if joined.found == 0 {
        let (line, file) = (lines.first(), utterances.first());
        return Err(fault(format!(
            "none of its {} lines is about one of the recordings; its first key is {:?}, the first recording {:?}; say with --key \
             how columns make up the name, such as --key '{{id}}'",
            lines.len(),
            line.map_or("", |line| &line.key),
            file.map_or("", |u| &u.file)
        )));
    }
    notes.extend(joined.told(&labels.file.display().to_string()));
    notes.extend(settle_sexes(utterances));
    Ok(notes)
}

/// Joins what the files beside the recordings of `dir` say, for each of `layouts` that has some. Returns what a person should know.
///
/// # Errors
/// Where such a file is there and cannot be read.
pub(in crate::corpus) fn join_of_layouts(
    dir: &Path,
    utterances: &mut [Utterance],
    layouts: &[Layout],
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for layout in layouts {
        if let Some(needed) = layout.needs() {
            notes.push(format!(
                "labels of {layout} stand in {needed}, which is not read; a table of them is joined by --labels-from and --key"
            ));
        }
        for side in layout.sides() {
            let (files, are_above) = files_like(dir, side, layout);
            let mut lines = Vec::new();
            let mut used = Vec::new();
            for file in &files {
                match read(file, side) {
                    Ok(own) => {
                        let name = file.display();
                        lines.extend(own.into_iter().map(|line| Line {
                            place: format!("{name}: {}", line.place),
                            ..line
                        }));
                        used.push(file.display().to_string());
                    }
                    // A file of that name may well be another corpus's.
                    Err(reason) => notes.push(format!("{} is left out: {reason}", file.display())),
                }
            }
            if used.is_empty() {
                notes.push(format!(
                    "no {} that can be read in or below the folder, nor above it in one of {layout}: its recordings have no labels",
                    side.file
                ));
                continue;
            }
            if are_above {
                notes.push(format!("labels are taken from {}", first(&used, 3)));
            }
            let about = |u: &Utterance| {
                let is_within =
                    |(name, value): (&String, &String)| held(u, name) == Some(value.as_str());
                u.corpus.as_deref() == Some(layout.name()) && side.within.iter().all(is_within)
            };
            let key = |u: &Utterance| match side.of.as_str() {
                "" => name_of(u),
                template => layout.filled(template, u).unwrap_or_default(),
            };
            let fault = |reason: String| Error::Manifest {
                path: files[0].clone(),
                reason,
            };
            let joined = put_in(utterances, &lines, about, &key, layout, true).map_err(fault)?;
            notes.extend(joined.told(&side.file));
        }
    }
    if layouts.iter().any(|layout| !layout.sides().is_empty()) {
        notes.extend(settle_sexes(utterances));
    }
    Ok(notes)
}

/// What became of a join.
#[derive(Default)]
struct Joined {
    found: usize,
    /// Recordings without a line.
    without: Vec<String>,
    /// Lines without a recording.
    unused: Vec<String>,
    /// Lines that several recordings took.
    shared: Vec<String>,
}

impl Joined {
    fn told(&self, file: &str) -> Vec<String> {
        let all = self.found + self.without.len();
        let mut notes = Vec::new();
        if !self.without.is_empty() {
            notes.push(format!(
                "{} of {all} recordings have no line in {file}: {}",
                self.without.len(),
                first(&self.without, 3)
            ));
        }
        if !self.unused.is_empty() {
            notes.push(format!(
                "{} lines of {file} are about recordings that are not here: {}",
                self.unused.len(),
                first(&self.unused, 3)
            ));
        }
        if !self.shared.is_empty() {
            notes.push(format!(
                "{} lines of {file} are taken for several recordings of the same name in different folders: {}",
                self.shared.len(),
                first(&self.shared, 3)
            ));
        }
        notes
    }
}

/// Puts what lines say into the utterances that are meant: by the whole path, its end, or, where `by_name`, the name alone.
fn put_in(
    utterances: &mut [Utterance],
    lines: &[Line],
    about: impl Fn(&Utterance) -> bool,
    key: &dyn Fn(&Utterance) -> String,
    layout: &Layout,
    by_name: bool,
) -> Result<Joined, String> {
    let mut by_path: HashMap<String, usize> = HashMap::new();
    // By the ends of their paths, and by names: none where several lines have the same.
    let mut by_tail: HashMap<String, Option<usize>> = HashMap::new();
    let mut repeats: BTreeSet<usize> = BTreeSet::new();
    for (at, line) in lines.iter().enumerate() {
        let path = plain_path(&line.key);
        if let Some(&before) = by_path.get(&path) {
            if lines[before].says != line.says {
                return Err(format!(
                    "{} and {} say different things of {:?}; expected one line for each recording",
                    lines[before].place, line.place, line.key
                ));
            }
            repeats.insert(at);
            continue;
        }
        for tail in tails(&path).skip(1) {
            by_tail
                .entry(tail.to_string())
                .and_modify(|one| *one = None)
                .or_insert(Some(at));
        }
        by_path.insert(path, at);
    }
    let keys: Vec<Option<String>> = utterances
        .iter()
        .map(|u| about(u).then(|| plain_path(&key(u))))
        .collect();
    let mut same_name: HashMap<&str, usize> = HashMap::new();
    for path in keys.iter().flatten() {
        *same_name.entry(last_part(path)).or_default() += 1;
    }
    // A line that names fewer folders than the recording's path has, or more of them above.
    let by_end = |path: &str| {
        let shorter = tails(path).find_map(|tail| by_path.get(tail).copied());
        shorter.or_else(|| by_tail.get(path).copied().flatten())
    };
    // Where folders differ, a name must be the only one on both sides.
    let by_name_alone = |path: &str| match same_name.get(last_part(path)) {
        Some(1) if by_name => tails(path)
            .last()
            .and_then(|name| by_tail.get(name).copied().flatten()),
        _ => None,
    };
    let mut uses: BTreeMap<usize, usize> = BTreeMap::new();
    let mut joined = Joined::default();
    for (utterance, path) in utterances.iter_mut().zip(&keys) {
        let Some(path) = path else { continue };
        let Some(at) = by_end(path).or_else(|| by_name_alone(path)) else {
            joined.without.push(utterance.file.clone());
            continue;
        };
        *uses.entry(at).or_default() += 1;
        joined.found += 1;
        for (field, value) in &lines[at].says {
            layout.say(utterance, field, value);
        }
        layout.know(utterance);
    }
    for (at, line) in lines.iter().enumerate() {
        match uses.get(&at) {
            None if repeats.contains(&at) => {}
            None => joined.unused.push(line.key.clone()),
            Some(1) => {}
            Some(_) => joined.shared.push(line.key.clone()),
        }
    }
    Ok(joined)
}

/// A path, and what is left of it as folders are taken away from its front.
fn tails(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.split_once('/').map(|(_, rest)| rest)
    })
}

/// What stands behind the last `/`.
fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or("")
}

/// The name of a recording, as a key.
fn name_of(utterance: &Utterance) -> String {
    utterance.file.clone()
}

/// A path as keys are compared: without extension, in one case and Unicode form, with `/`.
fn plain_path(path: &str) -> String {
    let path = composed(path.trim()).replace('\\', "/");
    let path = path.trim_start_matches("./");
    let stem = match has_audio_extension(Path::new(path)) {
        true => path.rsplit_once('.').map_or(path, |(stem, _)| stem),
        false => path,
    };
    stem.to_lowercase()
}

/// Files whose paths end as `side` says, in the folder and below it; where there are none, in those folders above that bear the name of the
/// corpus, and in the two next above. Whether they lie above.
fn files_like(dir: &Path, side: &Side, layout: &Layout) -> (Vec<PathBuf>, bool) {
    let pattern = regex::escape(&side.file).replace(r"\*", "[^/]*");
    let like = regex::Regex::new(&format!("(?i)(?:^|/){pattern}$")).expect("it is escaped");
    let found = |dir: &Path, depth: usize| {
        let entries = walkdir::WalkDir::new(dir)
            .max_depth(depth)
            .sort_by_file_name();
        let files = entries.into_iter().filter_map(|entry| entry.ok());
        let files = files.filter(|entry| entry.file_type().is_file());
        let is_like = |path: &PathBuf| like.is_match(&path.to_string_lossy().replace('\\', "/"));
        files
            .map(walkdir::DirEntry::into_path)
            .filter(is_like)
            .collect::<Vec<_>>()
    };
    let below = found(dir, BELOW);
    if !below.is_empty() {
        return (below, false);
    }
    let dir = dir.canonicalize().unwrap_or_default();
    let beside = 1 + side.file.matches('/').count();
    for (height, above) in dir.ancestors().enumerate().skip(1).take(4) {
        let name = above.file_name().and_then(|name| name.to_str());
        let files = match name {
            // The root is nobody's corpus.
            None => break,
            Some(name) if layout.is_named_by(name) => found(above, BELOW),
            Some(_) if height <= 2 => found(above, beside),
            Some(_) => continue,
        };
        if !files.is_empty() {
            return (files, true);
        }
    }
    (Vec::new(), false)
}

/// How many folders below one a file beside the recordings is looked for.
const BELOW: usize = 6;

fn read(file: &Path, side: &Side) -> Result<Vec<Line>, String> {
    let bytes = std::fs::read(file).map_err(|cause| cause.to_string())?;
    match side.form {
        Form::Iemocap => iemocap::read(&String::from_utf8_lossy(&bytes)),
        Form::MspImprov => msp_improv::read(&String::from_utf8_lossy(&bytes)),
        Form::Table => {
            let (text, _) = decode(&bytes)?;
            let names = names_of(&text, &side.key)?;
            if let Some(missing) = side.columns.keys().find(|column| !names.contains(column)) {
                return Err(no_column(missing, &names));
            }
            let called: Vec<Option<String>> = names
                .iter()
                .map(|name| side.columns.get(name).cloned())
                .collect();
            lines(&text, &side.key, &called)
        }
    }
}

/// A table that somebody names, with all of its columns, and which of them were taken for ours.
fn own_table(labels: &Labels) -> Result<(Vec<Line>, Vec<String>), String> {
    let bytes = std::fs::read(&labels.file).map_err(|cause| cause.to_string())?;
    let (text, note) = decode(&bytes)?;
    let key = match &labels.key {
        Some(key) if key.matches('{').count() != key.matches('}').count() => {
            return Err(format!(
                "--key {key:?}: expected a }} behind each {{, such as '{{id}}'"
            ));
        }
        Some(key) if key.contains('{') => key.clone(),
        Some(column) => format!("{{{column}}}"),
        None => known_key(&text)?,
    };
    let names = names_of(&text, &key)?;
    let mut notes: Vec<String> = note.into_iter().collect();
    let mut called = Vec::new();
    for name in &names {
        let ours = our_name(name, &names);
        if let Some(ours) = ours
            && ours != name.to_lowercase()
        {
            notes.push(format!("column `{name}` is taken as `{ours}`"));
        }
        let is_part = PARTS.iter().any(|part| part.eq_ignore_ascii_case(name));
        if is_part && !is_in_key(name, &key) {
            notes.push(format!(
                "column `{name}` is left out: which part of a recording a line is about is for a manifest to say"
            ));
        }
        let is_left_out = name.is_empty() || is_part || ours.is_none() && is_in_key(name, &key);
        let name = ours.unwrap_or(name.trim_start_matches('_'));
        called.push((!is_left_out).then(|| name.to_string()));
    }
    Ok((lines(&text, &key, &called)?, notes))
}

/// The column that names recordings, as a key.
fn known_key(text: &str) -> Result<String, String> {
    let is_known = |name: &str| KEYS.iter().any(|key| name.trim().eq_ignore_ascii_case(key));
    let names = Sheet::of(text, is_known)?.header;
    let called = |key: &&str| {
        names
            .iter()
            .find(|name| name.trim().eq_ignore_ascii_case(key))
    };
    match KEYS.iter().find_map(called) {
        Some(name) => Ok(format!("{{{}}}", name.trim())),
        None => Err(format!(
            "has no column that names recordings; its columns are: {}; say with --key how columns make up the name, such as --key \
             '{{{}}}'",
            first(&names, 12),
            names.first().map_or("id", |name| name.trim())
        )),
    }
}

fn no_column(missing: &str, names: &[String]) -> String {
    format!(
        "has no column `{missing}`; its columns are: {}",
        first(names, 12)
    )
}

fn is_in_key(name: &str, key: &str) -> bool {
    key.contains(&format!("{{{name}}}")) || key.contains(&format!("{{{name}:"))
}

/// The sheet that a text is, by the columns of the key.
fn sheet<'a>(text: &'a str, key: &str) -> Result<Sheet<'a>, String> {
    Sheet::of(text, |name| is_in_key(name.trim(), key))
}

/// Names of the columns of a table, those of the key among them.
fn names_of(text: &str, key: &str) -> Result<Vec<String>, String> {
    let header = sheet(text, key)?.header;
    let names: Vec<String> = header.iter().map(|name| name.trim().to_string()).collect();
    let mut seen = BTreeSet::new();
    let mut named = names.iter().filter(|name| !name.is_empty());
    if let Some(twice) = named.find(|name| !seen.insert(folded(name))) {
        return Err(format!(
            "has two columns named {twice:?}; expected each name once, whatever its case"
        ));
    }
    let mut fields = key
        .split('{')
        .skip(1)
        .filter_map(|part| part.split(['}', ':']).next());
    match fields.find(|field| !names.iter().any(|name| name == field)) {
        Some(missing) => Err(no_column(missing, &names)),
        None => Ok(names),
    }
}

/// The lines of a table; `called` says of its columns what each is here, or that it is left out.
fn lines(text: &str, key: &str, called: &[Option<String>]) -> Result<Vec<Line>, String> {
    let names = names_of(text, key)?;
    let mut lines = Vec::new();
    let mut rows = sheet(text, key)?.rows();
    while let Some(row) = rows.next()? {
        if row.len() > names.len() {
            return Err(format!(
                "line {}: has {} cells, the header {}; a cell that holds what stands between cells must stand in quotation marks",
                row.line,
                row.len(),
                names.len()
            ));
        }
        let cell = |name: &str| {
            let at = names.iter().position(|known| known == name)?;
            row.cells.get(at).map(|cell| cell.trim())
        };
        let Some(key) = filled(key, cell) else {
            continue;
        };
        let says = called.iter().zip(&row.cells).filter_map(|(called, cell)| {
            let cell = cell.trim();
            (!is_missing(cell)).then_some((called.clone()?, composed(cell).into_owned()))
        });
        lines.push(Line {
            place: format!("line {}", row.line),
            key,
            says: says.collect(),
        });
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterances(files: &[&str]) -> Vec<Utterance> {
        let of = |file: &&str| Utterance {
            file: file.to_string(),
            ..Utterance::default()
        };
        files.iter().map(of).collect()
    }

    fn joined(
        table: &str,
        key: Option<&str>,
        files: &[&str],
    ) -> Result<(Vec<Utterance>, Vec<String>)> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("labels.csv");
        std::fs::write(&file, table).unwrap();
        let mut utterances = utterances(files);
        let key = key.map(str::to_string);
        let notes = join(&mut utterances, &Labels { file, key })?;
        Ok((utterances, notes))
    }

    #[test]
    fn a_table_is_joined_by_paths_their_ends_or_names() {
        for (table, key, file) in [
            ("file,emotion\nwav/a.wav,joy\n", None, "wav/a.wav"),
            ("file;emotion\na;joy\n", None, "x/wav/A.flac"),
            (
                "filename\tEmotion\nC:\\data\\x\\a.wav\tjoy\n",
                None,
                "x/a.wav",
            ),
            (
                "d,u,emotion\n3,4,joy\n",
                Some("dia{d}_utt{u}"),
                "train/dia3_utt4.mp4",
            ),
            ("n|emotion|x\n7|joy|1\n", Some("a_{n:3}"), "a_007.wav"),
            ("clip,emotion\na,joy\n", Some("clip"), "a.wav"),
        ] {
            let (utterances, _) = joined(table, key, &[file]).unwrap();
            assert_eq!(utterances[0].emotion.as_deref(), Some("happy"), "{table}");
            assert_eq!(
                utterances[0].label_original.as_deref(),
                Some("joy"),
                "{table}"
            );
        }
        // Names that repeat are told apart by their folders.
        let table = "file,emotion\na/1.wav,joy\nb/1.wav,anger\n";
        let (both, _) = joined(table, None, &["x/a/1.wav", "x/b/1.wav", "c/1.wav"]).unwrap();
        let emotions: Vec<_> = both.iter().map(|u| u.emotion.as_deref()).collect();
        assert_eq!(emotions, [Some("happy"), Some("angry"), None]);
    }

    #[test]
    fn what_is_not_on_both_sides_is_told_and_other_columns_are_kept() {
        let table = "id,label,SPK,valence,room\na,joy,anna,3.5,NA\nz,anger,ben,1,5\n";
        let (read, notes) = joined(table, None, &["a.wav", "b.wav"]).unwrap();
        assert_eq!(read[0].speaker.as_deref(), Some("anna"));
        assert_eq!(read[0].extra["valence"], "3.5");
        assert!(!read[0].extra.contains_key("room") && read[1].emotion.is_none());
        let notes = notes.join("\n");
        for told in [
            "column `label` is taken as `emotion`",
            "1 of 2 recordings have no line in",
            "1 lines of",
            "not here: z",
        ] {
            assert!(notes.contains(told), "{told}: {notes}");
        }
    }

    #[test]
    fn tables_that_do_not_fit_are_refused_in_words() {
        for (table, key, told) in [
            (
                "emotion,x\njoy,1\n",
                None,
                "no column that names recordings; its columns are: emotion, x",
            ),
            ("file,emotion\na,joy\n", Some("{id}"), "no column `id`"),
            (
                "file,emotion\nq,joy\n",
                None,
                "none of its 1 lines is about one of the recordings",
            ),
            (
                "file,emotion\na,joy\na,fear\n",
                None,
                "line 2 and line 3 say different things of \"a\"",
            ),
            ("file,emotion\n", None, "no line below its header"),
            (
                "file,emotion,EMOTION\na,joy,fear\n",
                None,
                "has two columns named",
            ),
            (
                "file,emotion\na,joy,fear\n",
                None,
                "line 2: has 3 cells, the header 2",
            ),
        ] {
            let fault = joined(table, key, &["a.wav"]).unwrap_err().to_string();
            assert!(fault.contains(told), "{told}: {fault}");
        }
    }
}
