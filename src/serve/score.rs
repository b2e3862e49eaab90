//! `/api/score`: many recordings to one table of predictions, as `sentire score` writes it, with a column `error`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::task::JoinSet;

use crate::audio::{self, Channel};
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result as Done};
use crate::extract::{Limits, failures_path};
use crate::predict::Predictor;
use crate::score;
use crate::serve::App;
use crate::serve::answer::Refusal;
use crate::serve::hearing::{HEARD, Hearing, MOST_CHANNELS, MOST_OVERLAP, MOST_WINDOWS};
use crate::serve::query::Asked;
use crate::serve::recording::Upload;
use crate::serve::table::{self, FORMATS};
use crate::serve::workers::{Wait, Worker};
use crate::table::schema::{END, ERROR, FILE, START, VERDICT};
use crate::table::{Column, Table};

/// The predictions for the recordings of a request, as a table. Recordings are computed one by one, as many at a time as there
/// are workers; a client that goes away ends it.
pub async fn score(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::of(request.uri(), &[&HEARD[..], &["format"]].concat())?;
    let format = asked.one_of("format", &FORMATS)?;
    let hearing = Hearing::of_query(&app, &asked)?;
    check_hop(&hearing)?;
    let limits = Limits::from_flags(Some(hearing.max_duration_s), None)?;
    let predictor = hearing.predictor.with_limits(limits);
    app.workers.has_place()?;
    let uploads = app.intake.receive_all(request).await?;
    let mut tables: Vec<Option<Table>> = uploads.iter().map(|_| None).collect();
    let mut at_work = JoinSet::new();
    for (index, upload) in uploads.into_iter().enumerate() {
        if at_work.len() == app.workers.number() {
            take(&mut at_work, &mut tables).await?;
        }
        let (app, predictor) = (app.clone(), predictor.clone());
        at_work.spawn(async move {
            let work = move |_: &mut Worker| scored(upload, &predictor);
            (index, app.workers.compute(Wait::Behind, work).await)
        });
    }
    while !at_work.is_empty() {
        take(&mut at_work, &mut tables).await?;
    }
    let written = app.workers.compute(Wait::Behind, move |_| {
        let table = joined(tables.into_iter().flatten().collect())?;
        Ok((table::to_bytes(&table, format)?, table))
    });
    let (bytes, table) = written.await?;
    count(&app, &table);
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!(
                "attachment; filename=\"predictions.{}\"",
                format.extension()
            ),
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// What is done of a recording, and which it is.
type OfOne = (usize, Result<Table, Refusal>);

/// Takes the next table that is done.
async fn take(at_work: &mut JoinSet<OfOne>, tables: &mut [Option<Table>]) -> Result<(), Refusal> {
    if let Some(Ok((index, table))) = at_work.join_next().await {
        tables[index] = Some(table?);
    }
    Ok(())
}

/// The rows of all: predictions first, then what failed. Of a recording that failed it may not be known that it has channels.
fn joined(tables: Vec<Table>) -> Done<Table> {
    let fullest = tables.iter().max_by_key(|table| table.columns.len());
    let mut said = fullest.map(|table| table.select(&[])).unwrap_or_default();
    for table in tables {
        let columns = said.columns.iter().map(|(name, like)| {
            let own = table.column(name).cloned();
            (
                name.clone(),
                own.unwrap_or_else(|| like.blanks(table.rows())),
            )
        });
        let rows = Table {
            columns: columns.collect(),
            ..Table::default()
        };
        said.append(&rows)?;
    }
    let errors = said.text(ERROR).unwrap_or_default();
    let (mut rows, failed): (Vec<usize>, Vec<usize>) =
        (0..errors.len()).partition(|&row| errors[row].is_none());
    rows.extend(failed);
    Ok(said.select(&rows))
}

fn count(app: &App, table: &Table) {
    let verdicts = table.text(VERDICT).unwrap_or_default();
    let starts = table.numbers(START).unwrap_or_default();
    let ends = table.numbers(END).unwrap_or_default();
    for ((verdict, start), end) in verdicts.iter().zip(starts).zip(ends) {
        match verdict {
            Some(verdict) => app.metrics.verdict(verdict, end - start),
            None => app.metrics.failed(),
        }
    }
}

/// Refuses windows of which the longest recording would have too many: recordings are read while the table is made.
fn check_hop(hearing: &Hearing) -> Result<(), Refusal> {
    let Some(window) = hearing.predictor.settings().segmentation.window() else {
        return Ok(());
    };
    let most = hearing.max_duration_s / window.hop_s;
    if most <= MOST_WINDOWS as f64 && window.width_s / window.hop_s <= MOST_OVERLAP {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "query: hop={}: expected at least {:.2}, so that windows overlap {MOST_OVERLAP} times at most, and the longest recording has \
         {MOST_WINDOWS} at most",
        window.hop_s,
        (window.width_s / MOST_OVERLAP).max(hearing.max_duration_s / MOST_WINDOWS as f64),
    )))
}

/// What `sentire score` makes of a folder with this recording. One that fails is a row.
fn scored(upload: Upload, predictor: &Predictor) -> Result<Table, Refusal> {
    let Upload { name, bytes, held } = upload;
    let folder = tempfile::tempdir().map_err(Error::io(&std::env::temp_dir()))?;
    // Under a name of our own, whatever the client calls it.
    let path = folder.path().join("recording");
    std::fs::write(&path, bytes).map_err(Error::io(&path))?;
    drop(held);
    let utterance = Utterance {
        file: "recording".into(),
        ..Utterance::default()
    };
    let manifest = Manifest {
        root: folder.path().to_path_buf(),
        utterances: vec![utterance],
        ..Manifest::default()
    };
    let channels = match predictor.settings().channel {
        Channel::Each => audio::channels(&path).unwrap_or(1),
        _ => 1,
    };
    let out = folder.path().join("predictions.parquet");
    let failures = failures_path(&out);
    let (said, failed) = if channels > MOST_CHANNELS {
        let error = format!(
            "has {channels} channels; expected at most {MOST_CHANNELS}, ask for one by its number, as in channel=0"
        );
        let column = |text: &str| Column::Text(vec![Some(text.to_string())]);
        let failed = Table {
            columns: vec![(FILE.into(), column(&name)), (ERROR.into(), column(&error))],
            ..Table::default()
        };
        (predictions_of_none(&manifest, predictor)?, failed)
    } else {
        let said = match score::update(&manifest, predictor, &out) {
            Ok(_) => Table::read(&out)?,
            // It cannot be used, and there is a table of why.
            Err(_) if failures.exists() => predictions_of_none(&manifest, predictor)?,
            Err(error) => return Err(error.into()),
        };
        let failed = match failures.exists() {
            true => Table::read(&failures)?,
            false => Table::default(),
        };
        (said, failed)
    };
    Ok(renamed(with_failures(said, &failed)?, &name))
}

/// A table of predictions without rows.
fn predictions_of_none(manifest: &Manifest, predictor: &Predictor) -> Done<Table> {
    let options = score::Options::of(predictor);
    let manifest = predictor.settings().lines_of(manifest.clone());
    score::empty(&manifest, predictor, &options)
}

/// The rows of `said`, then a row for each that failed: what both tables have, and why.
fn with_failures(mut said: Table, failed: &Table) -> Done<Table> {
    let of_failed = said.columns.iter().map(|(name, column)| {
        let theirs = failed.column(name).cloned();
        (
            name.clone(),
            theirs.unwrap_or_else(|| column.blanks(failed.rows())),
        )
    });
    let mut below = Table {
        columns: of_failed.collect(),
        ..Table::default()
    };
    let errors = failed.text(ERROR).unwrap_or_default().to_vec();
    below.columns.push((ERROR.into(), Column::Text(errors)));
    let none = Column::Text(vec![None; said.rows()]);
    said.columns.push((ERROR.into(), none));
    said.append(&below)?;
    Ok(said)
}

/// With the name that the client gave.
fn renamed(mut table: Table, name: &str) -> Table {
    for (column, values) in &mut table.columns {
        if let (FILE, Column::Text(files)) = (column.as_str(), values) {
            files.fill(Some(name.to_string()));
        }
    }
    table
}
