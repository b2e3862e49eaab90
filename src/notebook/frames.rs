//! Polars frames.

use polars::prelude::{AnyValue, DataFrame};

use super::{Grid, Show, Shown, number};

const ROWS: usize = 12;
const COLUMNS: usize = 9;

/// The first rows, and its size.
impl Show for DataFrame {
    fn shown(&self) -> Shown {
        grid(self).shown()
    }
}

fn grid(frame: &DataFrame) -> Grid {
    let columns: Vec<_> = frame.columns().iter().take(COLUMNS).collect();
    let value = |value: AnyValue| match value {
        AnyValue::Null => String::new(),
        AnyValue::Float32(value) => number(f64::from(value)),
        AnyValue::Float64(value) => number(value),
        AnyValue::String(word) => word.to_string(),
        AnyValue::StringOwned(word) => word.to_string(),
        other => other.to_string(),
    };
    let row = |row: usize| {
        let values = columns
            .iter()
            .map(|column| column.get(row).map_or(String::new(), value));
        values.collect()
    };
    Grid {
        names: columns
            .iter()
            .map(|column| column.name().to_string())
            .collect(),
        rows: (0..frame.height().min(ROWS)).map(row).collect(),
        note: format!("{} rows, {} columns", frame.height(), frame.width()),
    }
}
