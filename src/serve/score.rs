//! `/api/score`: many recordings to one table of predictions, as `sentire score` writes it, with a column `error`.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result as Done};
use crate::extract::{Limits, failures_path};
use crate::predict::Predictor;
use crate::score;
use crate::serve::App;
use crate::serve::answer::Refusal;
use crate::serve::hearing::{HEARD, Hearing, MOST_OVERLAP, MOST_WINDOWS};
use crate::serve::query::Asked;
use crate::serve::recording::Upload;
use crate::serve::table::{self, FORMATS};
use crate::serve::workers::Wait;
use crate::table::schema::{ERROR, FILE};
use crate::table::{Column, Table};

/// The predictions for the recordings of a request, as a table.
pub async fn score(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::of(request.uri(), &[&HEARD[..], &["format"]].concat())?;
    let format = asked.one_of("format", &FORMATS)?;
    let hearing = Hearing::of_query(&app, &asked)?;
    check_hop(&hearing)?;
    app.workers.has_place()?;
    let uploads = app.intake.receive_all(request).await?;
    let scored = app.workers.compute(Wait::InQueue, move |_| {
        let Hearing {
            predictor,
            max_duration_s,
        } = hearing;
        let limits = Limits::from_flags(Some(max_duration_s), None)?;
        let scored = scored(uploads, &predictor.with_limits(limits))?;
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
        Ok((headers, table::to_bytes(&scored, format)?).into_response())
    });
    scored.await
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

/// What `sentire score` makes of a folder with these recordings; those that fail are its last rows.
fn scored(uploads: Vec<Upload>, predictor: &Predictor) -> Result<Table, Refusal> {
    let folder = tempfile::tempdir().map_err(Error::io(&std::env::temp_dir()))?;
    let mut names = Vec::new();
    let mut manifest = Manifest {
        root: folder.path().to_path_buf(),
        ..Manifest::default()
    };
    for (number, Upload { name, bytes, held }) in uploads.into_iter().enumerate() {
        // Under a name of our own, whatever the client calls it.
        let file = number.to_string();
        let path = folder.path().join(&file);
        std::fs::write(&path, bytes).map_err(Error::io(&path))?;
        drop(held);
        names.push(name);
        manifest.utterances.push(Utterance {
            file,
            ..Utterance::default()
        });
    }
    let out = folder.path().join("predictions.parquet");
    let summary = score::update(&manifest, predictor, &out);
    let failures = failures_path(&out);
    let said = match summary {
        Ok(_) => Table::read(&out)?,
        // None of them can be used, and there is a table of why.
        Err(_) if failures.exists() => predictions_of_none(&manifest, predictor)?,
        Err(error) => return Err(error.into()),
    };
    let failed = match failures.exists() {
        true => Table::read(&failures)?,
        false => Table::default(),
    };
    Ok(renamed(with_failures(said, &failed)?, &names))
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

/// With the names that the client gave: `names` by number.
fn renamed(mut table: Table, names: &[String]) -> Table {
    for (name, column) in &mut table.columns {
        if let (FILE, Column::Text(files)) = (name.as_str(), column) {
            for file in files.iter_mut().flatten() {
                let number = Path::new(file.as_str()).file_name();
                let number = number.and_then(|number| number.to_str()?.parse::<usize>().ok());
                if let Some(name) = number.and_then(|number| names.get(number)) {
                    file.clone_from(name);
                }
            }
        }
    }
    table
}
