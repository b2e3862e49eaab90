//! A job over a manifest that may be killed at any instant: what is finished is kept beside the output, and the
//! same command goes on from there.
//!
//! While `x.parquet` is in the making there is a folder `x.parquet.parts` with a part for each batch that is
//! finished: a table of its rows, each with its content key. Its files get their names when they are whole and
//! on the disk, so a part is there or it is not. The last act is to rename the output; then the folder goes:
//! while it is there, what stands beside it is not the last word.
//! Rows are found again by that key, never by the file's name: a file that was changed is computed anew,
//! one that was moved is not. The table that an earlier run left at `x.parquet` is used in the same way.

mod lock;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::job::lock::Lock;
use crate::output;
use crate::table::schema::{
    AUDIO_HASH, AUGMENT, CHANNEL, CHANNELS, OF_WINDOWS, SAMPLE_RATE, START,
};
use crate::table::{Column, Part, RowReader, Table, Writer, is_names_of_features, plain_key};

/// The column of a part with the content key of its rows; no manifest may have it.
pub const CONTENT_KEY: &str = "sentire.sound";
/// The columns of a finished table that it is made of.
const OF_CONTENT: [&str; 8] = [
    AUDIO_HASH,
    SAMPLE_RATE,
    CHANNELS,
    CHANNEL,
    AUGMENT,
    START,
    OF_WINDOWS[0],
    OF_WINDOWS[1],
];
/// What rows depend on besides the settings: which samples, which channel of them, and where in its file they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentKey([u8; 16]);

impl ContentKey {
    /// The key of the samples with this hash, rate and number of channels, which are those of a part that the manifest
    /// lists. What its file is called makes no difference, nor does its end, which the hash covers.
    pub fn new(audio_hash: &str, sample_rate: u32, channels: usize, listed: &Part) -> ContentKey {
        let mut hasher = blake3::Hasher::new();
        hasher.update(audio_hash.as_bytes());
        hasher.update(&sample_rate.to_le_bytes());
        hasher.update(&(channels as u64).to_le_bytes());
        hasher.update(&listed.start.to_le_bytes());
        // Nothing for none, so that what was kept before there were any is found again.
        if let Some(channel) = listed.channel {
            hasher.update(&(channel as u64).to_le_bytes());
        }
        if let Some(augment) = &listed.augment {
            hasher.update(augment.as_bytes());
        }
        let mut key = [0; 16];
        hasher.finalize_xof().fill(&mut key);
        ContentKey(key)
    }

    fn text(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    fn parse(text: &str) -> Option<ContentKey> {
        let number = u128::from_str_radix(text, 16).ok()?;
        Some(ContentKey(number.to_be_bytes()))
    }
}

/// Where the rows of a recording lie: in which of the tables, and which of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    table: usize,
    rows: Range<usize>,
}

impl Kept {
    /// How many rows the recording has.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Some of its rows.
    pub fn part(&self, rows: Range<usize>) -> Kept {
        let start = self.rows.start;
        Kept {
            table: self.table,
            rows: start + rows.start..start + rows.end,
        }
    }
}

/// What is done with what earlier runs left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Earlier {
    /// It is used; what was made with other settings is refused.
    #[default]
    Use,
    /// It is not used; what was made with other settings is refused.
    Ignore,
    /// The output is replaced, and what was made with other settings dropped. Unfinished work with these
    /// settings is gone on with, as it may be that of a run that was to replace the output, too.
    Replace,
}

/// The work on one output, begun or gone on with. No other run can work on it in the meantime.
#[derive(Debug)]
pub struct Job {
    out: PathBuf,
    parts: PathBuf,
    made_with: BTreeMap<String, String>,
    /// The tables with rows that are kept.
    tables: Vec<PathBuf>,
    /// The one that was read last; footers of thousands would fill the memory.
    reader: Option<(usize, RowReader)>,
    kept: HashMap<ContentKey, Kept>,
    uses_output: bool,
    /// The one that is being written. Behind a mutex, so that threads may look at what is kept.
    part: Mutex<Option<Writer>>,
    next_part: usize,
    /// Let go last.
    _lock: Lock,
}

impl Job {
    /// Begins the work on `out`, or goes on with it. `made_with` are metadata that what is kept must agree with.
    ///
    /// # Errors
    /// Where another run is working on `out`; where `out` is there and is not the table of such a job, unless
    /// unfinished work says that it is in the making; where it, or unfinished work on it, was made with other
    /// settings.
    pub fn begin(
        out: &Path,
        made_with: &BTreeMap<String, String>,
        earlier: Earlier,
    ) -> Result<Job> {
        let mut job = Job::take_up(out, made_with, earlier)?;
        output::check_free(out, true)?;
        if !out.exists() || earlier == Earlier::Replace {
            return Ok(job);
        }
        let metadata = match Table::read_metadata(out) {
            Err(Error::Table { .. }) => BTreeMap::new(),
            read => read?,
        };
        let shown = out.display();
        let agrees = agree(made_with, &metadata, |name, then, now| {
            format!(
                "{shown} exists and was made with {name} {then}, now {name} is {now}; choose another -o, or replace it with --force"
            )
        })?;
        if !agrees && !job.goes_on() {
            return Err(Error::Exists {
                path: out.to_path_buf(),
            });
        }
        job.uses_output = agrees && earlier == Earlier::Use;
        Ok(job)
    }

    /// The same where `out` is a folder, whose content is not used again; whether it may be written to is not
    /// looked at.
    pub fn take_up(
        out: &Path,
        made_with: &BTreeMap<String, String>,
        earlier: Earlier,
    ) -> Result<Job> {
        let parts = parts_folder(out);
        let lock = Lock::take(&parts, out)?;
        let mut job = Job {
            out: out.to_path_buf(),
            parts,
            made_with: made_with.clone(),
            tables: Vec::new(),
            reader: None,
            kept: HashMap::new(),
            uses_output: false,
            part: Mutex::new(None),
            next_part: 0,
            _lock: lock,
        };
        for (name, path) in entries(&job.parts)? {
            match part_number(&name) {
                Some(number) => {
                    if job.take_part(&path, earlier)? {
                        job.next_part = job.next_part.max(number + 1);
                    } else {
                        std::fs::remove_file(&path).map_err(Error::io(&path))?;
                    }
                }
                // A file that was being written when its run was killed.
                None if name.starts_with(output::TEMPORARY) => {
                    std::fs::remove_file(&path).map_err(Error::io(&path))?;
                }
                None => {}
            }
        }
        Ok(job)
    }

    /// Whether there is unfinished work to go on with.
    pub fn goes_on(&self) -> bool {
        self.next_part > 0
    }

    /// Whether the output is there, and its rows are used.
    pub fn uses_output(&self) -> bool {
        self.uses_output
    }

    /// Uses the rows of the output, too, if it is there and is to be used.
    pub fn take_from_output(&mut self) -> Result<()> {
        match self.uses_output {
            true => self.know(&self.out.clone(), keys_of_finished),
            false => Ok(()),
        }
    }

    /// Takes up a part; `false` if it is to be dropped.
    fn take_part(&mut self, path: &Path, earlier: Earlier) -> Result<bool> {
        let metadata = match Table::read_metadata(path) {
            // A part that cannot be read is no finished work.
            Err(Error::Table { .. }) => return Ok(false),
            read => read?,
        };
        let shown = self.parts.display();
        let agrees = agree(&self.made_with, &metadata, |name, then, now| {
            format!(
                "{shown} holds unfinished work with {name} {then}, now {name} is {now}; go on with the same settings, or drop it with --force"
            )
        });
        let agrees = match (agrees, earlier) {
            (Ok(true), _) => true,
            (_, Earlier::Replace) => false,
            (Err(error), _) => return Err(error),
            (Ok(false), _) => {
                return Err(Error::Usage(format!(
                    "{shown} holds unfinished work of another command; finish that, or drop it with --force"
                )));
            }
        };
        if !agrees || earlier == Earlier::Ignore {
            return Ok(false);
        }
        match self.know(path, keys_of_part) {
            Err(Error::Table { .. } | Error::Data(_)) => Ok(false),
            known => known.map(|()| true),
        }
    }

    /// Learns which rows `path` holds, by their content keys.
    fn know(&mut self, path: &Path, keys: fn(&Path) -> Result<Vec<Placed>>) -> Result<()> {
        let keys = keys(path)?;
        let table = self.tables.len();
        self.tables.push(path.to_path_buf());
        let mut first = 0;
        for row in 1..=keys.len() {
            let (key, start_s) = keys[row - 1];
            // Rows of one recording stand together, in the order of time.
            let goes_on = keys
                .get(row)
                .is_some_and(|&(next, next_s)| next == key && next_s > start_s);
            if goes_on {
                continue;
            }
            if let Some(key) = key {
                let rows = first..row;
                // Parts, which are newer, were first.
                let kept = || Kept { table, rows };
                self.kept.entry(key).or_insert_with(kept);
            }
            first = row;
        }
        Ok(())
    }

    /// Where the rows with a content key are, if an earlier run computed them.
    pub fn kept(&self, key: ContentKey) -> Option<Kept> {
        self.kept.get(&key).cloned()
    }

    /// Reads the columns `names` of rows that are kept: those of the first recording, then those of the second...
    /// `names` are the same with each call.
    pub fn read(&mut self, kept: &[Kept], names: &[String]) -> Result<Table> {
        let mut read = Table::default();
        // Where the rows of each are in what is read.
        let mut places = vec![Vec::new(); kept.len()];
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.sort_by_key(|&which| kept[which].table);
        for of_table in order.chunk_by(|&a, &b| kept[a].table == kept[b].table) {
            let rows = of_table.iter().flat_map(|&which| kept[which].rows.clone());
            let rows: Vec<usize> = rows.collect();
            let mut next = read.rows();
            for &which in of_table {
                let n = kept[which].rows();
                places[which] = (next..next + n).collect();
                next += n;
            }
            let number = kept[of_table[0]].table;
            let of_rows = self.reader(number, names)?.read(&rows)?;
            read.append(&of_rows)?;
        }
        Ok(read.select(&places.concat()))
    }

    fn reader(&mut self, number: usize, names: &[String]) -> Result<&mut RowReader> {
        if self.reader.as_ref().is_none_or(|(open, _)| *open != number) {
            self.reader = None;
            self.reader = Some((number, RowReader::open(&self.tables[number], names)?));
        }
        let (_, reader) = self.reader.as_mut().expect("opened just now");
        Ok(reader)
    }

    /// Keeps the rows of a batch: when this returns they are on the disk. `keys` has one entry for each row.
    pub fn keep(&mut self, part: Table, keys: &[ContentKey]) -> Result<()> {
        self.add(part, keys)?;
        self.keep_added()
    }

    /// [`keep`](Job::keep), and finds the rows again in this run already.
    pub fn keep_to_read(&mut self, part: Table, keys: &[ContentKey]) -> Result<()> {
        if part.rows() == 0 {
            return Ok(());
        }
        let path = self.part_path();
        self.keep(part, keys)?;
        self.know(&path, keys_of_part)
    }

    /// Where the next part is written.
    fn part_path(&self) -> PathBuf {
        self.parts.join(format!("part-{}.parquet", self.next_part))
    }

    /// Adds rows to what is to be kept. They must be together all that a recording has when they are.
    pub fn add(&mut self, mut rows: Table, keys: &[ContentKey]) -> Result<()> {
        if rows.rows() == 0 {
            return Ok(());
        }
        let keys = keys.iter().map(|key| Some(key.text())).collect();
        rows.columns.push((CONTENT_KEY.into(), Column::Text(keys)));
        let path = self.part_path();
        let writing = self.part.get_mut().expect("no thread writes");
        let part = match writing.take() {
            Some(part) => part,
            None => {
                rows.metadata.extend(self.made_with.clone());
                Writer::create_part(&path, &rows)?
            }
        };
        writing.insert(part).write(&rows)
    }

    /// Keeps the rows that were added: when this returns they are on the disk.
    pub fn keep_added(&mut self) -> Result<()> {
        let Some(part) = self.part.get_mut().expect("no thread writes").take() else {
            return Ok(());
        };
        part.finish()?;
        self.next_part += 1;
        Ok(())
    }

    /// The folder in which files are to be written that get their names later.
    pub fn folder(&self) -> &Path {
        &self.parts
    }

    /// What the work is for.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Ends the job, when its output has its name: nothing has to be kept any more.
    pub fn finish(self) -> Result<()> {
        for (name, path) in entries(&self.parts)? {
            if part_number(&name).is_some() {
                std::fs::remove_file(&path).map_err(Error::io(&path))?;
            }
        }
        // The folder itself goes with the lock.
        Ok(())
    }
}

/// The folder of unfinished work on `out`.
pub fn parts_folder(out: &Path) -> PathBuf {
    output::beside(out, ".parts")
}

/// Names and paths of what is in a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        entries.push((name, entry.path()));
    }
    entries.sort();
    Ok(entries)
}

fn part_number(name: &str) -> Option<usize> {
    let number = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
    number.parse().ok()
}

/// Settings that stand in metadata only where they are others than these, as in tables from before there were any.
pub const UNSAID: [(&str, &str); 3] = [
    ("sentire.segment", "none"),
    ("sentire.pauses", "keep"),
    ("sentire.batch", "false"),
];

/// Whether `metadata` say what `made_with` says, or nothing. Where they say something else, that is an error in
/// the words of `differs`: name, value then, value now.
fn agree(
    made_with: &BTreeMap<String, String>,
    metadata: &BTreeMap<String, String>,
    differs: impl Fn(&str, &str, &str) -> String,
) -> Result<bool> {
    // Names of features differ where the sets do: these are told first.
    let mut keys: Vec<&String> = made_with.keys().collect();
    keys.sort_by_key(|key| is_names_of_features(key));
    for key in keys {
        let now = &made_with[key];
        let unsaid = || UNSAID.iter().find(|(unsaid, _)| unsaid == key);
        let then = metadata.get(key).map(String::as_str);
        match then.or_else(|| unsaid().map(|(_, usual)| *usual)) {
            None => return Ok(false),
            Some(then) if then != now && is_names_of_features(key) => {
                let count = |names: &str| {
                    let names: Vec<String> = serde_json::from_str(names).unwrap_or_default();
                    format!("{} of these sets", names.len())
                };
                return Err(Error::Usage(differs("features", &count(then), &count(now))));
            }
            Some(then) if then != now => {
                return Err(Error::Usage(differs(plain_key(key), then, now)));
            }
            Some(_) => {}
        }
    }
    Ok(true)
}

/// The content key of a row, where it is known; and where the row begins, in seconds.
type Placed = (Option<ContentKey>, f64);

/// The rows of a part.
fn keys_of_part(path: &Path) -> Result<Vec<Placed>> {
    let table = Table::read_columns(path, &[CONTENT_KEY, START])?;
    let keys = table.text(CONTENT_KEY).unwrap_or_default().iter();
    let keys = keys.map(|text| text.as_deref().and_then(ContentKey::parse));
    Ok(keys.zip(table.numbers(START)?).collect())
}

/// Those of a finished table; none where it does not say of which samples its rows are.
fn keys_of_finished(path: &Path) -> Result<Vec<Placed>> {
    let table = Table::read_columns(path, &OF_CONTENT)?;
    let (Some(hashes), Some(Column::Int(rates)), Some(Column::Int(channels)), Ok(starts)) = (
        table.text(AUDIO_HASH),
        table.column(SAMPLE_RATE),
        table.column(CHANNELS),
        table.numbers(START),
    ) else {
        return Ok(Vec::new());
    };
    let listed = table.listed_parts();
    let key = |row: usize| {
        let rate = u32::try_from(rates[row]?).ok()?;
        let channels = usize::try_from(channels[row]?).ok()?;
        let hash = hashes[row].as_deref()?;
        Some(ContentKey::new(hash, rate, channels, &listed.at(row)))
    };
    let rows = starts.into_iter().enumerate();
    Ok(rows.map(|(row, start_s)| (key(row), start_s)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(files: &[&str]) -> Table {
        let n = files.len();
        Table {
            columns: vec![
                (
                    "file".into(),
                    Column::Text(files.iter().map(|f| Some(f.to_string())).collect()),
                ),
                ("start".into(), Column::Double(vec![0.0; n])),
                (
                    "x".into(),
                    Column::Float((0..n).map(|i| i as f32).collect()),
                ),
            ],
            metadata: BTreeMap::new(),
        }
    }

    fn key(name: &str) -> ContentKey {
        ContentKey::new(name, 16_000, 1, &Part::default())
    }

    fn made_with(rate: &str) -> BTreeMap<String, String> {
        [("sentire.rate".to_string(), rate.to_string())].into()
    }

    #[test]
    fn what_is_kept_is_found_by_its_content_and_gone_when_the_job_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("x.parquet");
        let begin = |earlier| Job::begin(&out, &made_with("16000"), earlier);
        let mut job = begin(Earlier::Use).unwrap();
        // `b` twice: the rows of each stand for themselves.
        let keys = ["a", "b", "b"].map(key);
        job.keep(rows(&["1", "2", "3"]), &keys).unwrap();
        job.keep(rows(&["4"]), &[key("c")]).unwrap();
        std::fs::write(job.folder().join(".sentire-half"), "half").unwrap();
        let busy = begin(Earlier::Use).unwrap_err().to_string();
        assert!(busy.contains("is working on it"), "{busy}");
        drop(job);

        let other = Job::begin(&out, &made_with("8000"), Earlier::Use).unwrap_err();
        assert!(
            other
                .to_string()
                .contains("unfinished work with rate 16000, now rate is 8000"),
            "{other}"
        );
        let mut job = begin(Earlier::Use).unwrap();
        assert!(!job.folder().join(".sentire-half").exists());
        assert_eq!(job.kept(key("d")), None);
        let kept = ["c", "b", "a"].map(|name| job.kept(key(name)).unwrap());
        assert!(kept.iter().all(|kept| kept.rows() == 1));
        let read = job.read(&kept, &["file".into()]).unwrap();
        assert_eq!(read.columns.len(), 1);
        let lacks = job.read(&kept, &["y".into()]).unwrap_err().to_string();
        let files: Vec<&str> = read
            .text("file")
            .unwrap()
            .iter()
            .flatten()
            .map(String::as_str)
            .collect();
        assert_eq!(files, ["4", "2", "1"]);
        assert!(lacks.contains("no column `y`"), "{lacks}");
        job.finish().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn work_that_is_not_wanted_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("x.parquet");
        let begin = |rate: &str, earlier| Job::begin(&out, &made_with(rate), earlier);
        // To go on in spite of --force is to go on with the same settings.
        for (rate, earlier, goes_on) in [
            ("16000", Earlier::Use, true),
            ("16000", Earlier::Replace, true),
            ("16000", Earlier::Ignore, false),
            ("8000", Earlier::Replace, false),
        ] {
            let mut job = begin("16000", Earlier::Replace).unwrap();
            job.keep(rows(&["1"]), &[key("a")]).unwrap();
            drop(job);
            let job = begin(rate, earlier).unwrap();
            assert_eq!(job.goes_on(), goes_on, "{earlier:?}");
            assert_eq!(job.kept(key("a")).is_some(), goes_on);
            drop(job);
            assert_eq!(parts_folder(&out).exists(), goes_on, "{earlier:?}");
        }
    }

    #[test]
    fn the_work_of_another_command_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("x.parquet");
        let mut job = Job::begin(&out, &made_with("16000"), Earlier::Use).unwrap();
        job.keep(rows(&["1"]), &[key("a")]).unwrap();
        drop(job);
        let other = [("sentire.model_id".to_string(), "7".to_string())].into();
        let refused = Job::begin(&out, &other, Earlier::Use)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("of another command"), "{refused}");
        assert_eq!(entries(&parts_folder(&out)).unwrap().len(), 2);
    }

    #[test]
    fn a_content_key_is_of_the_samples_and_where_they_begin() {
        let one = key("a");
        assert_eq!(ContentKey::parse(&one.text()), Some(one));
        let part = |start, channel| Part {
            start,
            channel,
            ..Part::default()
        };
        let other = |channels, part| ContentKey::new("a", 16_000, channels, &part);
        assert_ne!(one, other(1, part(1.0, None)));
        assert_ne!(one, other(2, part(0.0, None)));
        assert_ne!(one, other(1, part(0.0, Some(0))));
        let (file, end) = ("moved.wav".into(), 3.0);
        let moved = Part {
            file,
            end,
            ..Part::default()
        };
        assert_eq!(one, other(1, moved));
        assert_eq!(parts_folder(Path::new("a/b/")), Path::new("a/b.parts"));
    }
}
