//! The manifest: a CSV with one line per recording, or per segment of one.
//!
//! The column `file` is required, all others are optional. The names are audformat's: `file`, `start` and `end`
//! (seconds), then `corpus`, `speaker`, `emotion` and so on, in upper or lower case; `channel` selects a channel. Columns
//! with other names are carried along unchanged.

mod cells;
mod columns;
mod encoding;
mod parse;
mod place;
mod time;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

pub(crate) use cells::Sheet;
pub(in crate::corpus) use columns::{our_name, settle_sexes};
pub(crate) use encoding::decode;
pub(in crate::corpus) use place::foreign_place;
pub(crate) use time::seconds;
pub use time::timedelta;

use rayon::prelude::*;

use crate::audio::{self, Augmentation, ReadOptions, Reel};
use crate::corpus::manifest::parse::parse;
use crate::error::{Error, Result, Stage, guarded};
use crate::table::Told;
use crate::table::schema::OF_RECORDINGS;

/// One recording, or a segment of one, and what is known about it. What is unknown is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Utterance {
    /// The recording as the manifest names it; relative names start at the manifest's folder.
    pub file: String,
    /// The channel, counted from 0; `None` leaves the choice to [`ReadOptions`].
    pub channel: Option<usize>,
    /// The copy of it that is made so; `None` for the recording itself.
    pub augment: Option<Augmentation>,
    /// Start of the segment in seconds.
    pub start: Option<f64>,
    /// End of the segment in seconds.
    pub end: Option<f64>,
    /// Name of the corpus.
    pub corpus: Option<String>,
    /// Who speaks.
    pub speaker: Option<String>,
    /// The emotion in the common vocabulary (see [`canonical_emotion`](crate::corpus::emotion::canonical_emotion)), or the corpus's
    /// own word where that has none.
    pub emotion: Option<String>,
    /// The label as the corpus has it.
    pub label_original: Option<String>,
    /// How strongly the emotion is expressed.
    pub intensity: Option<String>,
    /// `female` or `male`, where the corpus says so.
    pub sex: Option<String>,
    /// What is said.
    pub text: Option<String>,
    /// Which take of the same sentence.
    pub take: Option<String>,
    /// `speech` or `song`.
    pub style: Option<String>,
    /// Language, as a two-letter code.
    pub language: Option<String>,
    /// Columns of the manifest that have no meaning to sentire, by name.
    pub extra: BTreeMap<String, String>,
}

impl Utterance {
    /// Names of the text columns, in the order of [`fields`](Utterance::fields).
    pub const FIELDS: [&str; 10] = OF_RECORDINGS;

    /// The text columns, in the order of [`FIELDS`](Utterance::FIELDS).
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let utterance = Utterance { speaker: Some("anna".into()), ..Utterance::default() };
    /// assert_eq!((Utterance::FIELDS[1], utterance.fields()[1]), ("speaker", Some("anna")));
    /// ```
    pub fn fields(&self) -> [Option<&str>; 10] {
        let fields = [
            &self.corpus,
            &self.speaker,
            &self.emotion,
            &self.label_original,
            &self.intensity,
            &self.sex,
            &self.text,
            &self.take,
            &self.style,
            &self.language,
        ];
        fields.map(|field| field.as_deref())
    }

    pub(crate) fn field_mut(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "corpus" => &mut self.corpus,
            "speaker" => &mut self.speaker,
            "emotion" => &mut self.emotion,
            "label_original" => &mut self.label_original,
            "intensity" => &mut self.intensity,
            "sex" => &mut self.sex,
            "text" => &mut self.text,
            "take" => &mut self.take,
            "style" => &mut self.style,
            "language" => &mut self.language,
            _ => return None,
        })
    }
}

/// The recordings of a job, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    /// Where relative names start.
    pub root: PathBuf,
    /// One entry per line.
    pub utterances: Vec<Utterance>,
    /// Names of columns that have no meaning to sentire, including those that are empty on every line.
    pub columns: Vec<String>,
    /// Notes on how it was read: columns whose names are nearly ours, an encoding that was guessed.
    pub findings: Vec<String>,
}

impl Manifest {
    /// Reads a manifest from a CSV file: with commas, semicolons, tabs or bars, in UTF-8, UTF-16 or Windows-1252. A
    /// manifest without a recording is an error; errors name the line.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let demo = Manifest::read("corpora/demo/manifest.csv".as_ref())?;
    /// let first = &demo.utterances[0];
    /// assert_eq!((first.speaker.as_deref(), first.sex.as_deref()), (Some("f1"), Some("female")));
    /// assert!(demo.path(first).is_file());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn read(path: &Path) -> Result<Manifest> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let manifest = parse_named(&bytes, path)?;
        if manifest.utterances.is_empty() {
            return Err(Error::Manifest {
                path: path.to_path_buf(),
                reason: "lists no recording; expected a line for each below the header".into(),
            });
        }
        Ok(Manifest {
            root: path.parent().map(Path::to_path_buf).unwrap_or_default(),
            ..manifest
        })
    }

    /// Reads a manifest from standard input, or any other reader; it may be empty, and relative names start at the
    /// current folder.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let lines = "file;speaker;emotion\na.wav;anna;Freude\nb.wav;NA;Wut\n";
    /// let manifest = Manifest::from_reader(lines.as_bytes())?;
    /// assert_eq!(manifest.utterances[0].emotion.as_deref(), Some("happy"));
    /// assert_eq!(manifest.utterances[1].speaker, None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_reader(mut reader: impl std::io::Read) -> Result<Manifest> {
        let name = Path::new("standard input");
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(Error::io(name))?;
        parse_named(&bytes, name)
    }

    /// The path of the recording of `utterance`: its exact name or, if there is no such file, the same name as another
    /// system would write it, with `/` for `\\` and letters composed or decomposed.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let mut demo = Manifest::read("corpora/demo/manifest.csv".as_ref())?;
    /// demo.utterances[0].file = r"..\demo\f1_angry_s1.flac".into();
    /// assert!(demo.path(&demo.utterances[0]).is_file(), "found as Windows writes it");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn path(&self, utterance: &Utterance) -> PathBuf {
        place::locate(&self.root, &utterance.file)
    }

    /// Opens the recording of `utterance`, with its segment and channel, otherwise according to `options`. Errors name
    /// the file as the manifest does, so that failures can be joined to it.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let demo = Manifest::read("corpora/demo/manifest.csv".as_ref())?;
    /// let half_a_second = Utterance { end: Some(0.5), ..demo.utterances[0].clone() };
    /// let reel = demo.open(&half_a_second, &ReadOptions::default())?;
    /// assert_eq!(reel.recording.duration_s, 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn open(&self, utterance: &Utterance, options: &ReadOptions) -> Result<Reel> {
        let options = ReadOptions {
            segment: (utterance.start.unwrap_or(0.0), utterance.end),
            channel: utterance.channel.or(options.channel),
            augment: utterance.augment.or(options.augment),
            ..*options
        };
        let path = self.path(utterance);
        let opened = guarded(&utterance.file, Stage::Decode, || {
            audio::open(&path, &options)
        });
        opened.flatten().map_err(|error| match error {
            Error::Audio {
                stage,
                reason,
                is_empty,
                ..
            } => Error::Audio {
                file: utterance.file.clone(),
                stage,
                reason: match foreign_place(&utterance.file) {
                    Some(foreign) if stage == Stage::Open => foreign,
                    _ => reason,
                },
                is_empty,
            },
            other => other,
        })
    }

    /// The same with a line for each channel of recordings whose line names none. One whose channels cannot be counted
    /// keeps its line.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let each = corpus::open("corpora/demo")?.manifest.with_each_channel();
    /// assert!(each.utterances.iter().all(|utterance| utterance.channel == Some(0)));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_each_channel(self) -> Manifest {
        let of_line = |utterance: &Utterance| {
            let channels = match utterance.channel {
                Some(_) => Err(()),
                None => audio::channels(self.path(utterance)).map_err(drop),
            };
            let one = |channel| Utterance {
                channel: Some(channel),
                ..utterance.clone()
            };
            match channels {
                Ok(n) => (0..n).map(one).collect(),
                Err(()) => vec![utterance.clone()],
            }
        };
        let lines: Vec<Vec<Utterance>> = self.utterances.par_iter().map(of_line).collect();
        Manifest {
            utterances: lines.concat(),
            ..self
        }
    }

    /// Each line followed by one for each copy of its recording; one that is a copy already stays alone.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let demo = corpus::open("corpora/demo")?.manifest;
    /// let with_copies = demo.clone().with_copies(&[Augmentation::Telephone, Augmentation::Opus]);
    /// assert_eq!(with_copies.utterances.len(), 3 * demo.utterances.len());
    /// assert_eq!(with_copies.utterances[1].augment, Some(Augmentation::Telephone));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_copies(self, how: &[Augmentation]) -> Manifest {
        let of_line = |line: &Utterance| {
            let copies = how
                .iter()
                .enumerate()
                .filter(|(at, augment)| line.augment.is_none() && !how[..*at].contains(augment));
            let copy = |(_, &augment): (usize, &Augmentation)| Utterance {
                augment: Some(augment),
                ..line.clone()
            };
            std::iter::once(line.clone())
                .chain(copies.map(copy))
                .collect::<Vec<_>>()
        };
        Manifest {
            utterances: self.utterances.iter().flat_map(of_line).collect(),
            ..self
        }
    }

    /// Which columns that not every table has its rows have.
    pub fn told(&self) -> Told {
        Told {
            channels: self.has_channels(),
            augment: self.utterances.iter().any(|u| u.augment.is_some()),
        }
    }

    /// Whether any line names a channel.
    pub fn has_channels(&self) -> bool {
        self.utterances.iter().any(|u| u.channel.is_some())
    }

    /// The manifest as CSV with commas, in UTF-8. Known columns without any value are left out; the same manifest gives
    /// the same bytes.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let manifest = Manifest::from_reader("emotion\tFILE\njoy\ta.wav\n".as_bytes())?;
    /// let csv = String::from_utf8(manifest.to_csv()).expect("CSV is UTF-8");
    /// assert_eq!(csv, "file,emotion,label_original\na.wav,happy,joy\n");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let has_times = self
            .utterances
            .iter()
            .any(|u| u.start.is_some() || u.end.is_some());
        let fields: Vec<usize> = (0..Utterance::FIELDS.len())
            .filter(|&i| self.utterances.iter().any(|u| u.fields()[i].is_some()))
            .collect();
        let extra = self.extra_columns();
        let told = self.told();
        let mut header = vec!["file"];
        if told.channels {
            header.push("channel");
        }
        if told.augment {
            header.push("augment");
        }
        if has_times {
            header.extend(["start", "end"]);
        }
        header.extend(fields.iter().map(|&i| Utterance::FIELDS[i]));
        header.extend(extra.iter().map(String::as_str));
        let in_memory = "writing to memory does not fail";
        writer.write_record(&header).expect(in_memory);
        for utterance in &self.utterances {
            let mut record = vec![utterance.file.clone()];
            if told.channels {
                record.push(utterance.channel.map_or(String::new(), |c| c.to_string()));
            }
            if told.augment {
                record.push(utterance.augment.map_or(String::new(), |a| a.to_string()));
            }
            if has_times {
                let seconds = |time: Option<f64>| time.map_or(String::new(), |s| s.to_string());
                record.extend([seconds(utterance.start), seconds(utterance.end)]);
            }
            record.extend(
                fields
                    .iter()
                    .map(|&i| utterance.fields()[i].unwrap_or("").to_string()),
            );
            record.extend(
                extra
                    .iter()
                    .map(|name| utterance.extra.get(name).cloned().unwrap_or_default()),
            );
            writer.write_record(&record).expect(in_memory);
        }
        writer.into_inner().expect(in_memory)
    }

    /// The manifest as nkululeko reads it (`type = csv`): as [`to_csv`](Manifest::to_csv), with `gender` for `sex`. Its names are relative,
    /// so nkululeko must be told `absolute_path = False`.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let manifest = Manifest::from_reader("file,sex,emotion\na.wav,f,joy\nb.wav,m,sad\n".as_bytes())?;
    /// let csv = String::from_utf8(manifest.to_nkululeko_csv()).expect("CSV is UTF-8");
    /// assert!(csv.starts_with("file,emotion,label_original,gender\na.wav,happy,joy,female\n"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_nkululeko_csv(&self) -> Vec<u8> {
        let csv = self.to_csv();
        let end = csv.iter().position(|b| *b == b'\n').unwrap_or(csv.len());
        let header = String::from_utf8_lossy(&csv[..end]);
        let names: Vec<&str> = header
            .split(',')
            .map(|name| if name == "sex" { "gender" } else { name })
            .collect();
        [names.join(",").as_bytes(), &csv[end..]].concat()
    }

    /// BLAKE3 of [`to_csv`](Manifest::to_csv), in hex, as recorded in a table's metadata.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let read = |lines: &str| Manifest::from_reader(lines.as_bytes());
    /// let (commas, tabs) = (read("file,end\na.wav,1.5\n")?, read("end\tfile\n1.50\ta.wav\n")?);
    /// assert_eq!(commas.hash(), tabs.hash());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn hash(&self) -> String {
        blake3::hash(&self.to_csv()).to_hex().to_string()
    }

    /// Names of the columns that have no meaning to sentire, sorted.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let manifest = Manifest::from_reader("file,room,agent\na.wav,5,kim\n".as_bytes())?;
    /// assert_eq!(manifest.extra_columns(), ["agent", "room"]);
    /// assert_eq!(manifest.utterances[0].extra["room"], "5");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn extra_columns(&self) -> Vec<String> {
        let used = self.utterances.iter().flat_map(|u| u.extra.keys());
        let names: std::collections::BTreeSet<&String> = used.chain(&self.columns).collect();
        names.into_iter().cloned().collect()
    }

    /// What such a column holds: whole numbers or numbers where all its cells that are not empty do, otherwise words. What begins
    /// with a zero or a plus is a word, as of telephone numbers; so is 1.10 beside 1.1, as of versions.
    ///
    /// ```
    /// use sentire::corpus::Held;
    /// use sentire::prelude::*;
    ///
    /// let lines = "file,room,phone,rate\na.wav,5,0049,1\nb.wav,,0049,0.5\n";
    /// let manifest = Manifest::from_reader(lines.as_bytes())?;
    /// let held = ["room", "phone", "rate"].map(|column| manifest.held(column));
    /// assert_eq!(held, [Held::Counts, Held::Words, Held::Numbers]);
    /// let versions = Manifest::from_reader("file,version\na.wav,1.1\nb.wav,1.10\n".as_bytes())?;
    /// assert_eq!(versions.held("version"), Held::Words);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn held(&self, column: &str) -> Held {
        let cells = || self.utterances.iter().filter_map(|u| u.extra.get(column));
        // Words where there is none.
        let held = cells().map(|cell| Held::of(cell)).max();
        let held = held.unwrap_or(Held::Words);
        // Versions 1.1 and 1.10 are no numbers, nor are integers that a double does not have.
        let mut texts: HashMap<u64, &String> = HashMap::new();
        for cell in cells().filter(|_| held == Held::Numbers) {
            let number: f64 = cell.parse().unwrap_or(f64::NAN);
            let text = *texts.entry(number.to_bits()).or_insert(cell);
            if text != cell || cell.len() > 17 {
                return Held::Words;
            }
        }
        held
    }
}

/// What cells hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Whole numbers of at most 64 bits.
    Counts,
    /// Numbers, finite.
    Numbers,
    /// Anything.
    Words,
}

impl Held {
    fn of(cell: &str) -> Held {
        let digits = cell.strip_prefix('-').unwrap_or(cell);
        let mut bytes = digits.bytes();
        let is_plain = match (bytes.next(), bytes.next()) {
            (Some(b'0'), Some(next)) => !next.is_ascii_digit(),
            (Some(first), _) => first.is_ascii_digit() || first == b'.',
            (None, _) => false,
        };
        // 1E5 may be a room; programs write 1e-05 and 1e+16.
        let exponent = digits.find(['e', 'E']).map(|at| &digits[at + 1..]);
        let is_plain =
            is_plain && cell != "-0" && exponent.is_none_or(|e| e.starts_with(['-', '+']));
        match (is_plain, cell.parse::<i64>(), cell.parse::<f64>()) {
            (true, Ok(_), _) => Held::Counts,
            // More digits than a double has are a name.
            (true, Err(_), Ok(number)) if number.is_finite() && digits.len() <= 17 => Held::Numbers,
            _ => Held::Words,
        }
    }
}

#[test]
fn what_cells_hold() {
    for (cell, held) in [
        ("0", Held::Counts),
        ("-17", Held::Counts),
        ("0.5", Held::Numbers),
        ("-.5", Held::Numbers),
        ("1e-3", Held::Numbers),
        ("1e+16", Held::Numbers),
        ("1E5", Held::Words),
        ("-0", Held::Words),
        ("007", Held::Words),
        ("00.5", Held::Words),
        ("+1", Held::Words),
        ("1,5", Held::Words),
        ("12 m", Held::Words),
        ("inf", Held::Words),
        ("1e999", Held::Words),
        ("-", Held::Words),
        ("9223372036854775808", Held::Words),
        ("0x10", Held::Words),
    ] {
        assert_eq!(Held::of(cell), held, "{cell}");
    }
}

/// Reads a manifest; errors and findings name it.
fn parse_named(bytes: &[u8], name: &Path) -> Result<Manifest> {
    let mut manifest = parse(bytes).map_err(|reason| Error::Manifest {
        path: name.to_path_buf(),
        reason,
    })?;
    for finding in &mut manifest.findings {
        *finding = format!("{}: {finding}", name.display());
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_and_written() {
        let csv = "file,speaker,emotion,room,end\na.wav,anna,Freude,5,1.5\nb.wav,unknown,odd,,\n";
        let manifest = parse(csv.as_bytes()).unwrap();
        let utterances = &manifest.utterances;
        assert_eq!(utterances[0].emotion.as_deref(), Some("happy"));
        assert_eq!(utterances[0].label_original.as_deref(), Some("Freude"));
        assert_eq!(utterances[0].extra["room"], "5");
        assert_eq!(utterances[0].end, Some(1.5));
        assert_eq!(
            (
                utterances[1].speaker.as_deref(),
                utterances[1].emotion.as_deref()
            ),
            (None, Some("odd"))
        );
        let written = manifest.to_csv();
        assert_eq!(
            String::from_utf8(written.clone()).unwrap(),
            "file,start,end,speaker,emotion,label_original,room\na.wav,,1.5,anna,happy,Freude,5\nb.wav,,,,odd,odd,\n"
        );
        assert_eq!(parse(&written).unwrap(), manifest);
    }

    #[test]
    fn semicolons_a_byte_order_mark_and_pandas_times_are_read() {
        let utterances = parse(
            "\u{feff}file;start;end\r\na.wav;0 days 00:00:01.25;0 days 00:01:00\r\n".as_bytes(),
        )
        .unwrap()
        .utterances;
        assert_eq!(
            (utterances[0].start, utterances[0].end),
            (Some(1.25), Some(60.0))
        );
    }

    #[test]
    fn faults_name_their_line() {
        let say = |csv: &str| parse(csv.as_bytes()).unwrap_err();
        assert!(
            say("name,emotion\na.wav,sad\n")
                .starts_with("has no column `file`; its columns are: name, emotion.")
        );
        assert_eq!(
            say("file,start\na.wav,x\n"),
            "line 2: column `start`: \"x\" is no time; expected seconds such as 1.25, a clock such as 0:00:01.25, or nothing"
        );
        assert_eq!(
            say("file,start,end\na.wav,,\nb.wav,3,2\n"),
            "line 3: ends at 2 s, but starts at 3 s"
        );
        assert_eq!(
            say("file,emotion\na.wav,sad\nb, c.wav,sad\n"),
            "line 3: has 3 cells, the header 2; a cell that holds ',' must stand in quotation marks"
        );
        assert_eq!(
            say("file,emotion\na.wav,sad\n,sad\n"),
            "line 3: column `file` is empty; expected the name of a recording"
        );
        assert_eq!(
            say("file,emotion\nNA,sad\n"),
            "line 2: column `file` says \"NA\"; expected the name of a recording"
        );
        assert!(say("file,channel\na.wav,phone\n").starts_with(
            "line 2: column `channel`: \"phone\" is no channel; expected 0, 1, ..., left, right"
        ));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.csv");
        std::fs::write(&path, "file\n").unwrap();
        assert_eq!(
            Manifest::read(&path).unwrap_err().to_string(),
            format!(
                "{}: lists no recording; expected a line for each below the header",
                path.display()
            )
        );
        assert_eq!(
            say("file,x,x\na,1,2\n"),
            "has two columns named \"x\"; expected each name once, whatever its case"
        );
        assert!(say("").starts_with("has no column `file`; its columns are: none"));
    }
}
