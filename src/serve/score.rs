//! `/api/score`: many recordings to one table of predictions, as `sentire score` writes it, with a column `error`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use crate::audio::{self, Channel};
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result as Done};
use crate::extract::{Limits, failures_path};
use crate::predict::Predictor;
use crate::score;
use crate::serve::App;
use crate::serve::answer::Refusal;
use crate::serve::hearing::{HEARD, Hearing, MOST_OVERLAP, MOST_WINDOWS, check_channels};
use crate::serve::query::Asked;
use crate::serve::recording::Upload;
use crate::serve::table::{self, FORMATS};
use crate::serve::workers::{Wait, Worker, each};
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
    let mut done = each(app.workers.number(), uploads, {
        let app = app.clone();
        move |index, upload| {
            let (app, predictor) = (app.clone(), predictor.clone());
            async move {
                let work = move |_: &mut Worker| scored(upload, &predictor);
                (index, app.workers.compute(Wait::Behind, work).await)
            }
        }
    });
    while let Some((index, table)) = done.recv().await {
        tables[index] = Some(table?);
    }
    let tables: Option<Vec<Table>> = tables.into_iter().collect();
    let tables = tables.ok_or_else(|| Refusal::internal(&"a recording was not scored"))?;
    let written = app.workers.compute(Wait::Behind, move |_| {
        let table = joined(tables)?;
        let name = format!("predictions.{}", format.extension());
        Ok((table::download(&table, format, &name)?, table))
    });
    let (response, table) = written.await?;
    count(&app, &table);
    Ok(response)
}

/// The rows of all: predictions first, then what failed. Of a recording that failed it may not be known that it has channels.
fn joined(tables: Vec<Table>) -> Done<Table> {
    let fullest = tables.iter().max_by_key(|table| table.columns.len());
    let mut said = fullest.map(|table| table.select(&[])).unwrap_or_default();
    for table in tables {
        let rows = in_columns_of(&said, &table);
        said.append(&rows)?;
    }
    let errors = said.text(ERROR).unwrap_or_default();
    let (mut rows, failed): (Vec<usize>, Vec<usize>) =
        (0..errors.len()).partition(|&row| errors[row].is_none());
    rows.extend(failed);
    Ok(said.select(&rows))
}

/// The rows of a table in the columns of another; blanks where it has none of that name.
fn in_columns_of(like: &Table, rows: &Table) -> Table {
    let columns = like.columns.iter().map(|(name, column)| {
        let own = rows.column(name).cloned();
        (
            name.clone(),
            own.unwrap_or_else(|| column.blanks(rows.rows())),
        )
    });
    Table {
        columns: columns.collect(),
        ..Table::default()
    }
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
    let (said, failed) = if let Err(error) = check_channels(channels) {
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
    let none = Column::Text(vec![None; said.rows()]);
    said.columns.push((ERROR.into(), none));
    let below = in_columns_of(&said, failed);
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
