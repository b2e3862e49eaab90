//! A job over a manifest that may be killed at any instant: what is finished is kept beside the output, and the
//! same command goes on from there.
//!
//! While `x.parquet` is in the making there is a folder `x.parquet.parts` with a part for each batch that is
//! finished: a table of its rows, and of which sound each is. Its files get their names when they are whole and
//! on the disk, so a part is there or it is not. The last act is to rename the output; then the folder goes.
//! Rows are found again by their sound, never by name or place: a file that was changed is computed anew,
//! one that was moved is not. The table that an earlier run left at `x.parquet` is used in the same way.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::output;
use crate::table::{Column, RowReader, Table, plain_key};

/// The column of a part that says of which sound its rows are.
const SOUND: &str = "sound";
/// The columns of a finished table that say it.
const OF_SOUND: [&str; 5] = [
    "audio_hash",
    "sample_rate",
    "channels",
    "start",
    "utterance_start",
];
/// Names a file within the folder of parts that other runs look at.
const LOCK: &str = "lock";

/// What rows depend on besides the settings: which sound, and where in its file it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sound([u8; 16]);

impl Sound {
    /// The sound with this hash of its samples, rate and number of channels, which begins at `start_s` of its
    /// file.
    pub fn new(audio_hash: &str, sample_rate: u32, channels: usize, start_s: f64) -> Sound {
        let mut hasher = blake3::Hasher::new();
        hasher.update(audio_hash.as_bytes());
        hasher.update(&sample_rate.to_le_bytes());
        hasher.update(&(channels as u64).to_le_bytes());
        hasher.update(&start_s.to_le_bytes());
        Sound::of(&hasher)
    }

    /// The same sound in the company of others, where rows depend on these too. Their order does not matter.
    pub fn among(self, others: &[Sound]) -> Sound {
        let mut others: Vec<[u8; 16]> = others.iter().map(|sound| sound.0).collect();
        others.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        for other in others {
            hasher.update(&other);
        }
        Sound::of(&hasher)
    }

    fn of(hasher: &blake3::Hasher) -> Sound {
        let mut sound = [0; 16];
        hasher.finalize_xof().fill(&mut sound);
        Sound(sound)
    }

    fn text(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    fn parse(text: &str) -> Option<Sound> {
        let number = u128::from_str_radix(text, 16).ok()?;
        Some(Sound(number.to_be_bytes()))
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
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none, which does not happen.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What is done with the work that earlier runs left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Earlier {
    /// It is used; what was made with other settings is refused.
    #[default]
    Use,
    /// It is not used, but what was made with other settings is refused.
    Ignore,
    /// Whatever it is, it is replaced.
    Replace,
}

/// The work on one output, begun or gone on with. No other run can work on it in the meantime.
#[derive(Debug)]
pub struct Job {
    out: PathBuf,
    parts: PathBuf,
    /// Held as long as the job lives, and let go by the system when the process dies.
    _lock: File,
    made_with: BTreeMap<String, String>,
    /// The tables with rows that are kept.
    tables: Vec<PathBuf>,
    /// The one that was read last; footers of thousands would fill the memory.
    reader: Option<(usize, RowReader)>,
    kept: HashMap<Sound, Kept>,
    uses_output: bool,
    next_part: usize,
}

impl Job {
    /// Begins the work on `out`, or goes on with it. `made_with` are metadata that what is kept must agree with.
    ///
    /// # Errors
    /// Where another run is working on `out`; where `out` is something else than the table of such a job;
    /// where it, or unfinished work on it, was made with other settings.
    pub fn begin(
        out: &Path,
        made_with: &BTreeMap<String, String>,
        earlier: Earlier,
    ) -> Result<Job> {
        let is_there = out.is_file() && earlier != Earlier::Replace;
        if !is_there {
            output::check(out, earlier == Earlier::Replace)?;
            return Job::start(out, made_with, earlier);
        }
        let metadata = Table::read_metadata(out).unwrap_or_default();
        let shown = out.display();
        let agrees = agree(made_with, &metadata, |name, then, now| {
            format!(
                "{shown} exists and was made with {name} {then}, now {name} is {now}; choose another -o, or replace it with --force"
            )
        })?;
        agrees.ok_or_else(|| Error::Exists {
            path: out.to_path_buf(),
        })?;
        let mut job = Job::start(out, made_with, earlier)?;
        job.uses_output = earlier == Earlier::Use;
        Ok(job)
    }

    /// The same where `out` is a folder, whose content is not used again.
    pub fn begin_folder(
        out: &Path,
        made_with: &BTreeMap<String, String>,
        earlier: Earlier,
    ) -> Result<Job> {
        Job::start(out, made_with, earlier)
    }

    fn start(out: &Path, made_with: &BTreeMap<String, String>, earlier: Earlier) -> Result<Job> {
        let parts = parts_folder(out);
        let lock = lock(&parts, out)?;
        let mut job = Job {
            out: out.to_path_buf(),
            parts,
            _lock: lock,
            made_with: made_with.clone(),
            tables: Vec::new(),
            reader: None,
            kept: HashMap::new(),
            uses_output: false,
            next_part: 0,
        };
        job.take_up(earlier)?;
        Ok(job)
    }

    /// Uses the rows of the output, too, if it is there and is to be used.
    pub fn take_from_output(&mut self) -> Result<()> {
        match self.uses_output {
            true => self.know(&self.out.clone(), sounds_of_finished),
            false => Ok(()),
        }
    }

    /// Looks through the folder of parts.
    fn take_up(&mut self, earlier: Earlier) -> Result<()> {
        for (name, path) in entries(&self.parts)? {
            let Some(number) = part_number(&name) else {
                // A file that was being written when its run was killed.
                if name != LOCK {
                    std::fs::remove_file(&path).map_err(Error::io(&path))?;
                }
                continue;
            };
            let metadata = Table::read_metadata(&path).unwrap_or_default();
            let shown = self.parts.display();
            let agrees = agree(&self.made_with, &metadata, |name, then, now| {
                format!(
                    "{shown} holds unfinished work with {name} {then}, now {name} is {now}; go on with the same settings, or drop it with --force"
                )
            });
            // A part that cannot be read is no finished work.
            let is_of_use = match earlier {
                Earlier::Replace => false,
                Earlier::Ignore => agrees.map(|_| false)?,
                Earlier::Use => agrees?.is_some() && self.know(&path, sounds_of_part).is_ok(),
            };
            if !is_of_use {
                std::fs::remove_file(&path).map_err(Error::io(&path))?;
            } else {
                self.next_part = self.next_part.max(number + 1);
            }
        }
        Ok(())
    }

    /// Learns which rows `path` holds of which sounds.
    fn know(&mut self, path: &Path, sounds: fn(&Path) -> Result<Vec<Placed>>) -> Result<()> {
        let sounds = sounds(path)?;
        let table = self.tables.len();
        self.tables.push(path.to_path_buf());
        let mut first = 0;
        for row in 1..=sounds.len() {
            let (sound, start_s) = sounds[row - 1];
            // Rows of one recording stand together, in the order of time.
            let goes_on = sounds
                .get(row)
                .is_some_and(|&(next, next_s)| next == sound && next_s > start_s);
            if goes_on {
                continue;
            }
            if let Some(sound) = sound {
                let rows = first..row;
                self.kept.insert(sound, Kept { table, rows });
            }
            first = row;
        }
        Ok(())
    }

    /// Whether earlier runs left anything.
    pub fn keeps_any(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Where the rows of a sound are, if an earlier run computed them.
    pub fn kept(&self, sound: Sound) -> Option<Kept> {
        self.kept.get(&sound).cloned()
    }

    /// Reads rows that are kept: those of the first recording, then those of the second...
    pub fn read(&mut self, kept: &[Kept]) -> Result<Table> {
        let mut read = Table::default();
        // Where the rows of each are in what is read.
        let mut places = vec![Vec::new(); kept.len()];
        for number in 0..self.tables.len() {
            let wanted = |&which: &usize| kept[which].table == number;
            let of_table: Vec<usize> = (0..kept.len()).filter(wanted).collect();
            let rows: Vec<usize> = of_table
                .iter()
                .flat_map(|&which| kept[which].rows.clone())
                .collect();
            if rows.is_empty() {
                continue;
            }
            let mut next = read.rows();
            for which in of_table {
                let len = kept[which].rows.len();
                places[which] = (next..next + len).collect();
                next += len;
            }
            let mut of_rows = self.reader(number)?.read(&rows)?;
            of_rows.columns.retain(|(name, _)| name != SOUND);
            read.append(&of_rows)?;
        }
        Ok(read.select(&places.concat()))
    }

    fn reader(&mut self, number: usize) -> Result<&mut RowReader> {
        if self.reader.as_ref().is_none_or(|(open, _)| *open != number) {
            self.reader = None;
            self.reader = Some((number, RowReader::open(&self.tables[number])?));
        }
        let (_, reader) = self.reader.as_mut().expect("opened just now");
        Ok(reader)
    }

    /// Keeps the rows of a batch: when this returns they are on the disk. `sounds` has one entry for each row.
    pub fn keep(&mut self, mut part: Table, sounds: &[Sound]) -> Result<()> {
        if part.rows() == 0 {
            return Ok(());
        }
        let sounds = sounds.iter().map(|sound| Some(sound.text())).collect();
        part.columns.push((SOUND.into(), Column::Text(sounds)));
        part.metadata.extend(self.made_with.clone());
        part.write(self.parts.join(format!("part-{}.parquet", self.next_part)))?;
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
            if name != LOCK {
                std::fs::remove_file(&path).map_err(Error::io(&path))?;
            }
        }
        // The folder itself goes when the lock does.
        Ok(())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let is_ours = |(name, _): &(String, PathBuf)| name == LOCK;
        if entries(&self.parts).is_ok_and(|entries| entries.iter().all(is_ours)) {
            let _ = std::fs::remove_file(self.parts.join(LOCK));
            let _ = std::fs::remove_dir(&self.parts);
        }
    }
}

/// The folder of unfinished work on `out`.
pub fn parts_folder(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_os_string();
    name.push(".parts");
    name.into()
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

/// Locks the folder of parts for this process; makes it where there is none.
fn lock(parts: &Path, out: &Path) -> Result<File> {
    let path = parts.join(LOCK);
    let me = std::process::id().to_string();
    loop {
        std::fs::create_dir_all(parts).map_err(Error::io(parts))?;
        let mut options = OpenOptions::new();
        let opened = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = match opened {
            // Another run has just ended, and removed its folder.
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => continue,
            opened => opened.map_err(Error::io(&path))?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                let holder = match holder.trim() {
                    "" => "another process".to_string(),
                    id => format!("process {id}"),
                };
                return Err(Error::Usage(format!(
                    "{}: {holder} is working on it; wait for it, or choose another -o",
                    out.display()
                )));
            }
            Err(TryLockError::Error(cause)) => return Err(Error::io(&path)(cause)),
        }
        // A run that ended between the opening and the lock took this file away with it: then no other run
        // would see the lock.
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(me.as_bytes()));
        written.map_err(Error::io(&path))?;
        if std::fs::read_to_string(&path).is_ok_and(|holder| holder == me) {
            return Ok(file);
        }
    }
}

/// Whether `metadata` say what `made_with` says: `None` where they do not say it at all. Where they say
/// something else, that is an error in the words of `differs`: name, value then, value now.
fn agree(
    made_with: &BTreeMap<String, String>,
    metadata: &BTreeMap<String, String>,
    differs: impl Fn(&str, &str, &str) -> String,
) -> Result<Option<()>> {
    for (key, now) in made_with {
        match metadata.get(key) {
            None => return Ok(None),
            Some(then) if then != now => {
                return Err(Error::Usage(differs(plain_key(key), then, now)));
            }
            Some(_) => {}
        }
    }
    Ok(Some(()))
}

/// Of which sound a row is, where that is known; and where the row begins, in seconds.
type Placed = (Option<Sound>, f64);

/// The rows of a part.
fn sounds_of_part(path: &Path) -> Result<Vec<Placed>> {
    let table = Table::read_columns(path, &[SOUND, "start"])?;
    let sounds = table.text(SOUND).unwrap_or_default();
    let sounds = sounds
        .iter()
        .map(|text| text.as_deref().and_then(Sound::parse));
    Ok(sounds.zip(table.numbers("start")?).collect())
}

/// Those of a finished table; none where it does not say of which sound its rows are.
fn sounds_of_finished(path: &Path) -> Result<Vec<Placed>> {
    let table = Table::read_columns(path, &OF_SOUND)?;
    let [hash, rate, channels, start, utterance_start] = OF_SOUND;
    let (Some(hashes), Some(Column::Int(rates)), Some(Column::Int(channels)), Ok(starts)) = (
        table.text(hash),
        table.column(rate),
        table.column(channels),
        table.numbers(start),
    ) else {
        return Ok(Vec::new());
    };
    let origins = table
        .numbers(utterance_start)
        .unwrap_or_else(|_| starts.clone());
    let sound = |row: usize| {
        let rate = u32::try_from(rates[row]?).ok()?;
        let channels = usize::try_from(channels[row]?).ok()?;
        Some(Sound::new(
            hashes[row].as_deref()?,
            rate,
            channels,
            origins[row],
        ))
    };
    Ok((0..table.rows())
        .map(|row| (sound(row), starts[row]))
        .collect())
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

    fn sound(name: &str) -> Sound {
        Sound::new(name, 16_000, 1, 0.0)
    }

    fn made_with(rate: &str) -> BTreeMap<String, String> {
        [("sentire.rate".to_string(), rate.to_string())].into()
    }

    #[test]
    fn what_is_kept_is_found_by_its_sound_and_gone_when_the_job_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("x.parquet");
        let begin = |earlier| Job::begin(&out, &made_with("16000"), earlier);
        let mut job = begin(Earlier::Use).unwrap();
        // `b` twice: the rows of each stand for themselves.
        let sounds = ["a", "b", "b"].map(sound);
        job.keep(rows(&["1", "2", "3"]), &sounds).unwrap();
        job.keep(rows(&["4"]), &[sound("c")]).unwrap();
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
        assert_eq!(job.kept(sound("d")), None);
        let kept = ["c", "b", "a"].map(|name| job.kept(sound(name)).unwrap());
        assert!(kept.iter().all(|kept| kept.len() == 1));
        let read = job.read(&kept).unwrap();
        let files: Vec<&str> = read
            .text("file")
            .unwrap()
            .iter()
            .flatten()
            .map(String::as_str)
            .collect();
        assert_eq!(files, ["4", "3", "1"]);
        job.finish().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn work_that_is_not_wanted_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("x.parquet");
        for earlier in [Earlier::Ignore, Earlier::Replace] {
            let mut job = Job::begin(&out, &made_with("16000"), Earlier::Use).unwrap();
            job.keep(rows(&["1"]), &[sound("a")]).unwrap();
            drop(job);
            let job = Job::begin(&out, &made_with("16000"), earlier).unwrap();
            assert!(!job.keeps_any());
            drop(job);
            assert!(!parts_folder(&out).exists(), "{earlier:?}");
        }
    }

    #[test]
    fn a_sound_is_another_in_other_company_whatever_the_order() {
        let [a, b, c] = ["a", "b", "c"].map(sound);
        assert_eq!(a.among(&[b, c]), a.among(&[c, b]));
        assert_ne!(a.among(&[b, c]), a.among(&[b]));
        assert_eq!(Sound::parse(&a.text()), Some(a));
        assert_ne!(a, Sound::new("a", 16_000, 1, 1.0));
    }
}
