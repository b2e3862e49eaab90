//! Predictions of an evaluation as a table.

use std::collections::BTreeSet;

use super::{Evaluation, OutOfFold};
use crate::dataset::Row;
use crate::report::Report;
use crate::table::schema::{
    self, CORPUS, Cell, FOLD, NORMALIZE, PREDICTED, SPEAKER, TRUTH, UNSURE,
};
use crate::table::{Part, Table, Told};

/// The predictions of evaluations as a table: one row per recording and protocol.
pub fn predictions_table(evaluations: &[Evaluation]) -> Table {
    let predictions = evaluations.iter().flat_map(|e| &e.predictions);
    let told = Told::of(predictions.map(|p| &p.row.recording));
    let classes: BTreeSet<&String> = evaluations.iter().flat_map(|e| &e.report.classes).collect();
    let columns_of_classes: Vec<String> = classes.iter().map(|c| schema::probability(c)).collect();
    let mut table = Table {
        columns: schema::columns(cells(None, told, &columns_of_classes, &[])),
        ..Table::default()
    };
    for Evaluation {
        report,
        predictions,
        ..
    } in evaluations
    {
        let place = |class: &&String| report.classes.iter().position(|name| name == *class);
        let places: Vec<Option<usize>> = classes.iter().map(place).collect();
        for prediction in predictions {
            let row = Some((report, prediction));
            let cells = cells(row, told, &columns_of_classes, &places);
            table.push(cells.into_iter().map(|(_, cell)| cell));
        }
    }
    table
}

/// What stands in a row, by the names of the columns; without a row, blanks of the same types. `places` says where each
/// class stands among those of the report.
fn cells<'a>(
    row: Option<(&'a Report, &'a OutOfFold)>,
    told: Told,
    columns_of_classes: &'a [String],
    places: &[Option<usize>],
) -> Vec<(&'a str, Cell<'a>)> {
    let prediction = row.map(|(_, prediction)| prediction);
    let of_row = |of: fn(&Row) -> Option<&str>| Cell::Text(prediction.and_then(|p| of(&p.row)));
    let class = |of: fn(&OutOfFold) -> usize| {
        Cell::Text(row.map(|(report, prediction)| report.classes[of(prediction)].as_str()))
    };
    let mut cells = match prediction {
        Some(prediction) => prediction.row.recording.cells(told),
        None => Part::blank().cells(told),
    };
    cells.extend([
        (CORPUS, of_row(|row| row.corpus.as_deref())),
        (SPEAKER, of_row(|row| row.speaker.as_deref())),
        (TRUTH, class(|p| p.truth)),
        (PREDICTED, class(|p| p.predicted)),
        (UNSURE, Cell::Bool(prediction.is_some_and(|p| p.unsure))),
        (FOLD, Cell::Text(prediction.map(|p| p.fold.as_str()))),
        (
            NORMALIZE,
            Cell::Text(row.map(|(report, _)| report.normalize.name())),
        ),
    ]);
    for (class, column) in columns_of_classes.iter().enumerate() {
        let place = places.get(class).copied().flatten();
        let p = prediction
            .zip(place)
            .map(|(p, place)| p.probabilities[place]);
        cells.push((column, Cell::Float(p.map_or(f32::NAN, |p| p as f32))));
    }
    cells
}

impl Evaluation {
    /// The predictions as a table.
    pub fn to_table(&self) -> Table {
        predictions_table(std::slice::from_ref(self))
    }

    /// Places in [`predictions`](Evaluation::predictions), and rows of the table, from the one whose true
    /// class was given the least probability up.
    pub fn worst(&self) -> Vec<usize> {
        let of_truth = |&place: &usize| {
            let OutOfFold {
                probabilities,
                truth,
                ..
            } = &self.predictions[place];
            probabilities[*truth]
        };
        let mut places: Vec<usize> = (0..self.predictions.len()).collect();
        places.sort_by(|a, b| of_truth(a).total_cmp(&of_truth(b)));
        places
    }
}
