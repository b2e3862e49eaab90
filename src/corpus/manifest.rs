//! The manifest: a CSV with one line per recording, or per segment of one.
//!
//! Column `file` is needed, all others are optional. The names are audformat's: `file`, `start` and
//! `end` (seconds), then `corpus`, `speaker`, `emotion` and so on; columns of other names are
//! carried along as they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::corpus::emotion::canonical_emotion;
use crate::error::{Error, Result};

/// One recording, or a segment of one, and what is known of it. What is unknown is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Utterance {
    /// The recording as the manifest names it; relative names start at the manifest's folder.
    pub file: String,
    /// Start of the segment in seconds.
    pub start: Option<f64>,
    /// End of the segment in seconds.
    pub end: Option<f64>,
    /// Name of the corpus.
    pub corpus: Option<String>,
    /// Who speaks.
    pub speaker: Option<String>,
    /// The emotion in the common vocabulary (see [`canonical_emotion`]), or the corpus's
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
    /// Columns of the manifest that sentire gives no meaning to.
    pub extra: BTreeMap<String, String>,
}

impl Utterance {
    /// Names of the text columns, in the order of [`fields`](Utterance::fields).
    pub const FIELDS: [&str; 10] = [
        "corpus",
        "speaker",
        "emotion",
        "label_original",
        "intensity",
        "sex",
        "text",
        "take",
        "style",
        "language",
    ];

    /// The text columns, in the order of [`FIELDS`](Utterance::FIELDS).
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

    fn field_mut(&mut self, name: &str) -> Option<&mut Option<String>> {
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
    /// Names of columns that sentire gives no meaning to, even where no line has a word in them.
    pub columns: Vec<String>,
}

impl Manifest {
    /// Reads a manifest from a CSV file (comma, semicolon or tab; UTF-8).
    pub fn read(path: &Path) -> Result<Manifest> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let manifest = parse(&bytes).map_err(|reason| Error::Manifest {
            path: path.to_path_buf(),
            reason,
        })?;
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

    /// Reads a manifest from standard input, be it without a line; relative names start at the current folder.
    pub fn from_reader(mut reader: impl std::io::Read) -> Result<Manifest> {
        let name = Path::new("standard input");
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(Error::io(name))?;
        parse(&bytes).map_err(|reason| Error::Manifest {
            path: name.to_path_buf(),
            reason,
        })
    }

    /// Where the recording of `utterance` lies.
    pub fn path(&self, utterance: &Utterance) -> PathBuf {
        self.root.join(&utterance.file)
    }

    /// The manifest as CSV. Columns of ours in which nothing is known are left out; the same manifest gives
    /// the same bytes.
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
        let mut header = vec!["file"];
        if has_times {
            header.extend(["start", "end"]);
        }
        header.extend(fields.iter().map(|&i| Utterance::FIELDS[i]));
        header.extend(extra.iter().map(String::as_str));
        let in_memory = "writing to memory does not fail";
        writer.write_record(&header).expect(in_memory);
        for utterance in &self.utterances {
            let mut record = vec![utterance.file.clone()];
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

    /// BLAKE3 of [`to_csv`](Manifest::to_csv), in hex: what stands in a table's metadata.
    pub fn hash(&self) -> String {
        blake3::hash(&self.to_csv()).to_hex().to_string()
    }

    /// Names of the columns without a meaning of ours, sorted.
    pub fn extra_columns(&self) -> Vec<String> {
        let used = self.utterances.iter().flat_map(|u| u.extra.keys());
        let names: std::collections::BTreeSet<&String> = used.chain(&self.columns).collect();
        names.into_iter().cloned().collect()
    }
}

fn parse(bytes: &[u8]) -> Result<Manifest, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first_line = bytes.split(|&b| b == b'\n').next().unwrap_or(b"");
    let delimiter = [b';', b'\t']
        .into_iter()
        .find(|d| first_line.contains(d) && !first_line.contains(&b','))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::Headers)
        .from_reader(bytes);
    let header = reader
        .headers()
        .map_err(|cause| format!("is not a CSV ({cause}); expected a header with column `file`"))?
        .clone();
    if !header.iter().any(|name| name == "file") {
        let found: Vec<&str> = header.iter().take(8).collect();
        return Err(format!(
            "has no column `file`; its columns are: {}. A manifest is a CSV whose header names `file`, and if known `speaker`, \
             `emotion`, `corpus`",
            if found.join("").is_empty() {
                "none".to_string()
            } else {
                found.join(", ").chars().take(200).collect()
            }
        ));
    }
    if let Some(twice) = header
        .iter()
        .enumerate()
        .find_map(|(i, name)| header.iter().skip(i + 1).find(|n| *n == name))
    {
        return Err(format!(
            "has two columns named {twice:?}; expected each name once"
        ));
    }
    let mut utterances = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|cause| match cause.kind() {
            csv::ErrorKind::Utf8 { pos, .. } => {
                let line = pos.as_ref().map_or(0, csv::Position::line);
                format!("line {line}: is not UTF-8; save the manifest as UTF-8")
            }
            _ => cause.to_string(),
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        utterances
            .push(utterance(&header, &record).map_err(|reason| format!("line {line}: {reason}"))?);
    }
    let is_own =
        |name: &&str| !["file", "start", "end"].contains(name) && !Utterance::FIELDS.contains(name);
    Ok(Manifest {
        root: PathBuf::new(),
        utterances,
        columns: header.iter().filter(is_own).map(str::to_string).collect(),
    })
}

fn utterance(header: &csv::StringRecord, record: &csv::StringRecord) -> Result<Utterance, String> {
    let mut utterance = Utterance::default();
    for (name, value) in header.iter().zip(record) {
        // The name of a file may well begin or end with a space; nothing else may.
        let value = if name == "file" { value } else { value.trim() };
        let unknown = ["", "unknown", "nan", "n/a", "null"];
        let known = !unknown.iter().any(|word| value.eq_ignore_ascii_case(word));
        match name {
            "file" if value.is_empty() => {
                return Err("column `file` is empty; expected the name of a recording".into());
            }
            "file" => utterance.file = value.to_string(),
            "start" => utterance.start = seconds(value)?,
            "end" => utterance.end = seconds(value)?,
            _ if !known => {}
            _ => match utterance.field_mut(name) {
                Some(field) => *field = Some(value.to_string()),
                None => {
                    utterance.extra.insert(name.to_string(), value.to_string());
                }
            },
        }
    }
    if let (start, Some(end)) = (utterance.start.unwrap_or(0.0), utterance.end)
        && end <= start
    {
        return Err(format!("ends at {end} s, but starts at {start} s"));
    }
    if utterance.label_original.is_none()
        && let Some(label) = utterance.emotion.take()
    {
        utterance.emotion =
            Some(canonical_emotion(&label).map_or_else(|| label.to_lowercase(), str::to_string));
        utterance.label_original = Some(label);
    }
    Ok(utterance)
}

/// A time in seconds: a number, or pandas's `0 days 00:00:01.5` as audformat writes it; empty and
/// `NaT` are unknown.
fn seconds(text: &str) -> Result<Option<f64>, String> {
    if text.is_empty() || text == "NaT" {
        return Ok(None);
    }
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|s| s.is_finite() && *s >= 0.0)
    };
    let clock = |text: &str| {
        let (days, clock) = text.split_once(" days ").unwrap_or(("0", text));
        let mut parts = clock.split(':').map(number);
        let (h, m, s) = (parts.next()??, parts.next()??, parts.next()??);
        Some(number(days)? * 86_400.0 + h * 3600.0 + m * 60.0 + s)
    };
    let time = number(text).or_else(|| clock(text));
    time.map(Some)
        .ok_or_else(|| format!("{text:?} is not a time; expected seconds, such as 1.25"))
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
            "line 2: \"x\" is not a time; expected seconds, such as 1.25"
        );
        assert_eq!(
            say("file,start,end\na.wav,,\nb.wav,3,2\n"),
            "line 3: ends at 2 s, but starts at 3 s"
        );
        assert!(
            say("file,emotion\na.wav,sad\nb.wav\n").contains("line: 3"),
            "{}",
            say("file,emotion\na.wav,sad\nb.wav\n")
        );
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
            "has two columns named \"x\"; expected each name once"
        );
        assert!(say("").starts_with("has no column `file`; its columns are: none"));
    }
}
