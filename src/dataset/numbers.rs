//! Columns of numbers, also such as stand in a table as words.

use crate::table::Column;

/// The numbers of a column, NaN where missing; the first word that is none otherwise.
pub(super) fn numbers(column: &Column) -> Result<Vec<f64>, String> {
    let Column::Text(words) = column else {
        return Ok(column.numbers().unwrap_or_default());
    };
    let number = |word: &Option<String>| match word.as_deref() {
        None => Ok(f64::NAN),
        Some(word) => {
            let number: Result<f64, _> = word.trim().replace(',', ".").parse();
            let number = number.ok().filter(|number| number.is_finite());
            number.ok_or_else(|| word.to_string())
        }
    };
    words.iter().map(number).collect()
}
