//! Predictions of an evaluation as a table.

use std::collections::BTreeSet;

use super::{Evaluation, OutOfFold};
use crate::report::Report;
use crate::table::schema::{self, CHANNEL, END, FILE, START};
use crate::table::{Column, Table};

/// The predictions of evaluations as a table: one row per recording and protocol.
pub fn predictions_table(evaluations: &[Evaluation]) -> Table {
    let rows = || {
        evaluations
            .iter()
            .flat_map(|e| e.predictions.iter().map(move |v| (&e.report, v)))
    };
    let words = |f: &dyn Fn(&Report, &OutOfFold) -> Option<String>| {
        Column::Text(
            rows()
                .map(|(report, prediction)| f(report, prediction))
                .collect(),
        )
    };
    let seconds =
        |f: &dyn Fn(&OutOfFold) -> f64| Column::Double(rows().map(|(_, v)| f(v)).collect());
    let channels: Vec<Option<i64>> = rows().map(|(_, v)| v.row.channel).collect();
    let mut columns = vec![(FILE.to_string(), words(&|_, v| Some(v.row.file.clone())))];
    if channels.iter().any(Option::is_some) {
        columns.push((CHANNEL.into(), Column::Int(channels)));
    }
    columns.extend([
        (START.into(), seconds(&|v| v.row.start)),
        (END.into(), seconds(&|v| v.row.end)),
        ("corpus".into(), words(&|_, v| v.row.corpus.clone())),
        ("speaker".into(), words(&|_, v| v.row.speaker.clone())),
        (
            "truth".into(),
            words(&|r, v| Some(r.classes[v.truth].clone())),
        ),
        (
            "predicted".into(),
            words(&|r, v| Some(r.classes[v.predicted].clone())),
        ),
        (
            "unsure".into(),
            Column::Bool(rows().map(|(_, v)| Some(v.unsure)).collect()),
        ),
        ("fold".into(), words(&|_, v| Some(v.fold.clone()))),
        (
            "normalize".into(),
            words(&|r, _| Some(r.normalize.to_string())),
        ),
    ]);
    let classes: BTreeSet<&String> = evaluations.iter().flat_map(|e| &e.report.classes).collect();
    for class in classes {
        let probability = |(report, v): (&Report, &OutOfFold)| {
            let place = report.classes.iter().position(|name| name == class);
            place.map_or(f32::NAN, |place| v.probabilities[place] as f32)
        };
        columns.push((
            schema::probability(class),
            Column::Float(rows().map(probability).collect()),
        ));
    }
    Table {
        columns,
        ..Table::default()
    }
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
