//! A manifest written as a database that `audformat.Database.load` reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::corpus::audformat::HEADER;
use crate::corpus::audformat::header::long_language;
use crate::corpus::manifest::{Manifest, Utterance, timedelta};
use crate::error::{Error, Result};
use crate::output;
use crate::table::schema::SPLIT;

/// Refuses a folder that holds a database already, unless `force`.
pub fn check_folder(dir: &Path, force: bool) -> Result<()> {
    let header = dir.join(HEADER);
    if header.exists() && !force {
        return Err(Error::Exists { path: header });
    }
    std::fs::create_dir_all(dir).map_err(Error::io(dir))
}

/// Writes `manifest`, whose names are relative to `dir`, into that folder: a header, and one table, or one for each part that a column
/// `split` names. The header is JSON, which is YAML as well.
///
/// # Errors
/// Where the folder cannot be written.
pub fn write(manifest: &Manifest, name: &str, dir: &Path) -> Result<()> {
    let utterances = &manifest.utterances;
    let is_segmented = utterances
        .iter()
        .any(|u| u.start.is_some() || u.end.is_some());
    let columns = columns(manifest);
    let parts: BTreeSet<Option<&String>> = utterances.iter().map(|u| u.extra.get(SPLIT)).collect();
    let unfit = parts.iter().flatten().find(|part| {
        !part
            .chars()
            .all(|c| c.is_alphanumeric() || "_-.".contains(c))
    });
    if let Some(part) = unfit {
        return Err(Error::Usage(format!(
            "the column `split` says {part:?}, after which a table is named; expected letters, digits, _ - and ."
        )));
    }
    if utterances.iter().any(|u| u.augment.is_some()) {
        return Err(Error::Usage(
            "audformat has no copies of recordings; leave the column `augment` out, and make copies with `extract --augment`".into(),
        ));
    }
    let mut tables = Vec::new();
    let mut splits = Vec::new();
    for part in &parts {
        let id = match part {
            Some(part) => format!("emotion.{part}"),
            None => "emotion".to_string(),
        };
        let own = utterances.iter().filter(|u| u.extra.get(SPLIT) == *part);
        let csv = csv(own, &columns, is_segmented);
        output::write(&dir.join(format!("db.{id}.csv")), &csv)?;
        // Others of the same table would be read before it.
        for stale in ["parquet", "pkl"] {
            let _ = std::fs::remove_file(dir.join(format!("db.{id}.{stale}")));
        }
        let kind = if is_segmented {
            "segmented"
        } else {
            "filewise"
        };
        let mut table = vec![("type".into(), Node::Plain(json!(kind)))];
        if let Some(part) = part {
            let is_known = ["train", "dev", "test"].contains(&part.as_str());
            let kind = if is_known { part } else { "other" };
            splits.push((part.to_string(), Node::Plain(json!({ "type": kind }))));
            table.push(("split_id".into(), Node::Plain(json!(part))));
        }
        // In the order of the CSV: findings/audformat-order-of-columns.sh.
        let of_column = |column: &Out| {
            (
                column.name.clone(),
                Node::Plain(json!({ "scheme_id": column.name })),
            )
        };
        table.push((
            "columns".into(),
            Node::Map(columns.iter().map(of_column).collect()),
        ));
        tables.push((id, Node::Map(table)));
    }
    let languages = utterances.iter().filter_map(|u| u.language.as_deref());
    let languages: BTreeSet<String> = languages.map(long_language).collect();
    let of_column = |column: &Out| (column.name.clone(), Node::Plain(scheme(column, utterances)));
    let header = Node::Map(vec![
        ("name".into(), Node::Plain(json!(name))),
        ("source".into(), Node::Plain(json!(""))),
        // What may be done with it the manifest does not say: the narrowest of audformat's words.
        ("usage".into(), Node::Plain(json!("restricted"))),
        ("languages".into(), Node::Plain(json!(languages))),
        (
            "schemes".into(),
            Node::Map(columns.iter().map(of_column).collect()),
        ),
        ("splits".into(), Node::Map(splits)),
        ("tables".into(), Node::Map(tables)),
    ]);
    let text = serde_json::to_string_pretty(&header).expect("it is made of words");
    output::write(&dir.join(HEADER), (text + "\n").as_bytes())
}

/// A part of the header: a mapping in an order of its own, or a value.
enum Node {
    Map(Vec<(String, Node)>),
    Plain(Value),
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Map(entries) => {
                serializer.collect_map(entries.iter().map(|(name, node)| (name, node)))
            }
            Node::Plain(value) => value.serialize(serializer),
        }
    }
}

/// A column that is written.
struct Out {
    name: String,
    of: Source,
}

#[derive(Clone)]
enum Source {
    Field(usize),
    Extra(String),
    Channel,
}

impl Out {
    fn value(&self, utterance: &Utterance) -> Option<String> {
        match &self.of {
            Source::Field(at) => utterance.fields()[*at].map(str::to_string),
            Source::Extra(name) => utterance.extra.get(name).cloned(),
            Source::Channel => utterance.channel.map(|channel| channel.to_string()),
        }
    }
}

/// The columns that any recording has something in; sex stands with the speakers where these are known.
fn columns(manifest: &Manifest) -> Vec<Out> {
    let utterances = &manifest.utterances;
    let by_speaker = sex_goes_with_speaker(utterances);
    let languages: BTreeSet<&String> = utterances
        .iter()
        .filter_map(|u| u.language.as_ref())
        .collect();
    let mut columns = Vec::new();
    for (at, field) in Utterance::FIELDS.iter().enumerate() {
        let is_there = utterances.iter().any(|u| u.fields()[at].is_some());
        let name = match *field {
            "sex" if by_speaker => continue,
            "sex" => "gender",
            "text" => "transcription",
            // The whole database has one.
            "language"
                if languages.len() < 2 && utterances.iter().all(|u| u.language.is_some()) =>
            {
                continue;
            }
            other => other,
        };
        if is_there {
            columns.push(Out {
                name: name.into(),
                of: Source::Field(at),
            });
        }
    }
    if manifest.has_channels() {
        columns.push(Out {
            name: "channel".into(),
            of: Source::Channel,
        });
    }
    let extra = manifest
        .extra_columns()
        .into_iter()
        .filter(|name| name != SPLIT);
    columns.extend(extra.map(|name| Out {
        of: Source::Extra(name.clone()),
        name,
    }));
    columns
}

/// Whether who speaks says which sex, so that it can stand with the speakers.
fn sex_goes_with_speaker(utterances: &[Utterance]) -> bool {
    let mut sexes: BTreeMap<&String, &Option<String>> = BTreeMap::new();
    utterances.iter().all(|u| match &u.speaker {
        Some(speaker) => *sexes.entry(speaker).or_insert(&u.sex) == &u.sex,
        None => u.sex.is_none(),
    })
}

fn scheme(column: &Out, utterances: &[Utterance]) -> Value {
    let values: BTreeSet<String> = utterances.iter().filter_map(|u| column.value(u)).collect();
    match column.name.as_str() {
        "speaker" => {
            let knows_sex = sex_goes_with_speaker(utterances);
            let mut speakers: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
            for u in utterances {
                let Some(speaker) = &u.speaker else { continue };
                let facts = speakers.entry(speaker.clone()).or_default();
                if let Some(sex) = u.sex.as_ref().filter(|_| knows_sex) {
                    facts.insert("gender".into(), json!(sex));
                }
            }
            json!({ "dtype": "str", "labels": speakers })
        }
        "emotion" | "gender" | "corpus" => json!({ "dtype": "str", "labels": values }),
        name if Utterance::FIELDS.contains(&name) || name == "transcription" => {
            json!({ "dtype": "str" })
        }
        _ => {
            let all = |is: &dyn Fn(&String) -> bool| !values.is_empty() && values.iter().all(is);
            let is_whole =
                |value: &String| value.parse::<i64>().is_ok_and(|n| n.to_string() == *value);
            let is_number = |value: &String| {
                value.parse::<f64>().is_ok_and(f64::is_finite) && !has_zero_before(value)
            };
            let dtype = match (all(&is_whole), all(&is_number)) {
                (true, _) => "int",
                (false, true) => "float",
                (false, false) => "str",
            };
            json!({ "dtype": dtype })
        }
    }
}

/// Whether a number begins with a zero that counting would drop, as codes do.
fn has_zero_before(value: &str) -> bool {
    value.len() > 1 && value.starts_with('0') && !value.starts_with("0.")
}

fn csv<'a>(
    utterances: impl Iterator<Item = &'a Utterance>,
    columns: &[Out],
    is_segmented: bool,
) -> Vec<u8> {
    let in_memory = "writing to memory does not fail";
    let mut writer = csv::Writer::from_writer(Vec::new());
    let index: &[&str] = if is_segmented {
        &["file", "start", "end"]
    } else {
        &["file"]
    };
    let header = index
        .iter()
        .copied()
        .chain(columns.iter().map(|c| c.name.as_str()));
    writer.write_record(header).expect(in_memory);
    for utterance in utterances {
        let mut record = vec![utterance.file.clone()];
        if is_segmented {
            record.push(timedelta(utterance.start.unwrap_or(0.0)));
            record.push(utterance.end.map_or(String::new(), timedelta));
        }
        record.extend(
            columns
                .iter()
                .map(|column| column.value(utterance).unwrap_or_default()),
        );
        writer.write_record(&record).expect(in_memory);
    }
    writer.into_inner().expect(in_memory)
}
