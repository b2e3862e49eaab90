//! A Parquet table of another program as words, whatever the types of its columns.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, DurationNanosecondType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Names of columns, and what is in each, row by row; durations in nanoseconds.
pub type Words = (Vec<String>, Vec<Vec<Option<String>>>);

/// Reads a table whose columns are text, numbers, dates or durations.
///
/// # Errors
/// Where it is no Parquet, breaks off, or has a column of another type; in words.
pub fn read(path: &Path) -> Result<Words, String> {
    let file = std::fs::File::open(path).map_err(|cause| cause.to_string())?;
    let wrong =
        |cause: parquet::errors::ParquetError| format!("is no Parquet that can be read: {cause}");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(wrong)?;
    let fields = builder.schema().fields().clone();
    let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
    for batch in builder.build().map_err(wrong)? {
        let batch = batch.map_err(|cause| format!("breaks off: {cause}"))?;
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            column.extend(words(array)?);
        }
    }
    Ok((names, columns))
}

fn words(array: &ArrayRef) -> Result<Vec<Option<String>>, String> {
    let wrong =
        |cause: arrow::error::ArrowError| format!("holds what is no text and no number: {cause}");
    if let DataType::Duration(_) = array.data_type() {
        let exact = cast(array, &DataType::Duration(TimeUnit::Nanosecond)).map_err(wrong)?;
        let times = exact.as_primitive::<DurationNanosecondType>();
        return Ok(times
            .iter()
            .map(|time| time.map(|t| t.to_string()))
            .collect());
    }
    if let DataType::Boolean = array.data_type() {
        // As Python writes them into a CSV.
        let word = |is: bool| if is { "True" } else { "False" }.to_string();
        return Ok(array.as_boolean().iter().map(|is| is.map(word)).collect());
    }
    let text = cast(array, &DataType::Utf8).map_err(wrong)?;
    let word = |word: Option<&str>| word.filter(|word| *word != "NaN").map(str::to_string);
    Ok(text.as_string::<i32>().iter().map(word).collect())
}
