//! The features of one recording as a table to download.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::error::{Error, Result};
use crate::extract::Settings;
use crate::predict::Features;
use crate::table::schema::{END, FILE, START, TRUNCATED};
use crate::table::{Column, Encoding, Table};

/// The format of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Without the views, whose thousands of numbers no spreadsheet wants.
    Csv,
    /// All features.
    Parquet,
}

/// What the query calls them, the default first.
pub const FORMATS: [(&str, Format); 2] = [("csv", Format::Csv), ("parquet", Format::Parquet)];

impl Format {
    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// A row for each window of a recording: `file`, `start`, `end`, `truncated` where `settings` accept what breaks off,
/// and the features that they name.
pub fn table(recording: &Features, settings: &Settings) -> Table {
    let rows = recording.windows.len();
    let names = settings.feature_names().into_iter().enumerate();
    let features = names.map(|(place, name)| {
        let values = recording.windows.iter().map(|window| window[place]);
        (name, Column::Float(values.collect()))
    });
    let starts = recording.places.iter().map(|&(start, _)| start);
    let ends = recording.places.iter().map(|&(_, end)| end);
    let mut columns = vec![
        (
            FILE.to_string(),
            Column::Text(vec![Some(recording.file.clone()); rows]),
        ),
        (START.into(), Column::Double(starts.collect())),
        (END.into(), Column::Double(ends.collect())),
    ];
    if settings.accept_truncated {
        let truncated = Column::Bool(vec![Some(recording.truncated); rows]);
        columns.push((TRUNCATED.into(), truncated));
    }
    columns.extend(features);
    Table {
        columns,
        metadata: settings.table_metadata(),
    }
}

/// A table as the bytes of a file.
fn to_bytes(table: &Table, format: Format) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().map_err(Error::io(&std::env::temp_dir()))?;
    let path = folder
        .path()
        .join("features")
        .with_extension(format.extension());
    table.write_as(&path, Encoding::Plain)?;
    std::fs::read(&path).map_err(Error::io(&path))
}

/// A table as a download of this name.
pub fn download(table: &Table, format: Format, name: &str) -> Result<Response> {
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, to_bytes(table, format)?).into_response())
}

/// What a download is called: after the recording, in letters that no system and no header minds.
pub fn file_name(recording: &str, format: Format) -> String {
    const LONGEST: usize = 64;
    let name = recording.rsplit(['/', '\\']).next().unwrap_or("");
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || "-_.".contains(c) => c,
        _ => '_',
    };
    let stem: String = stem.chars().map(plain).take(LONGEST).collect();
    let stem = match stem.trim_matches('.') {
        "" => "recording",
        stem => stem,
    };
    format!("{stem}.features.{}", format.extension())
}

#[test]
fn names_of_downloads_are_safe() {
    let name = |recording| file_name(recording, Format::Csv);
    assert_eq!(name("call.wav"), "call.features.csv");
    assert_eq!(name("a b\r\n\"é.tar.wav"), "a_b____.tar.features.csv");
    assert_eq!(name("../../etc/passwd"), "passwd.features.csv");
    assert_eq!(name("C:\\calls\\..wav"), "recording.features.csv");
    assert_eq!(name(&"x".repeat(500)).len(), 64 + ".features.csv".len());
}
