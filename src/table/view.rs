//! Views: features that share one list column in the file, because thousands of flat columns would make the footer large
//! and every read slow.
//!
//! In the file a view is a column of lists of equal length, which has the name of the view. The metadata key
//! `sentire.features.VIEW` names the numbers in their order, and `sentire.features` names the view. In memory each number
//! is a column of its own, named in `sentire.features`, so that code that learns from tables need not know about views.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, GenericListArray, OffsetSizeTrait,
};
use arrow::datatypes::{DataType, Field, Fields, Float32Type};

use super::{Column, FEATURES_KEY, Table};

/// Name of the values below a list column, as the Parquet format has it.
const ELEMENT: &str = "element";

/// The metadata key that names the numbers of `view`.
pub fn key(view: &str) -> String {
    format!("{FEATURES_KEY}.{view}")
}

/// Metadata without the lists of feature names, which are long.
pub fn without_names(mut metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
    metadata.retain(|key, _| !is_names_of_features(key));
    metadata
}

/// Whether a metadata key holds names of features.
pub fn is_names_of_features(key: &str) -> bool {
    let rest = key.strip_prefix(FEATURES_KEY);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The views that metadata describe: name, and names of the numbers.
pub fn views(metadata: &BTreeMap<String, String>) -> Vec<(&str, Vec<String>)> {
    let described = metadata.iter().filter_map(|(key, names)| {
        let view = key.strip_prefix(FEATURES_KEY)?.strip_prefix('.')?;
        Some((view, serde_json::from_str(names).ok()?))
    });
    described.collect()
}

/// Says in the metadata of a file which of the views `known` it has: by its columns, `fields`, and how many values each
/// of them has in a row.
pub fn describe(
    metadata: &mut BTreeMap<String, String>,
    fields: &Fields,
    values_per_row: impl Fn(usize) -> usize,
    known: &[(&str, Vec<String>)],
) {
    for (column, field) in fields.iter().enumerate() {
        let of_name = known.iter().find(|(view, _)| view == field.name());
        let Some((view, numbers)) = of_name else {
            continue;
        };
        let values = values_per_row(column);
        // Of another length it is something else that is called so.
        let is_view = element(field.data_type()).is_some_and(DataType::is_floating)
            && check(field.data_type(), values, numbers.len()).is_ok();
        if is_view {
            let numbers = serde_json::to_string(numbers).expect("names are plain strings");
            metadata.insert(key(view), numbers);
        }
    }
}

/// The type of what lists hold.
fn element(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _) => Some(element.data_type()),
        _ => None,
    }
}

/// The metadata as they stand in the file: a view instead of its numbers.
pub fn folded(metadata: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut folded = metadata.clone();
    rename(&mut folded, |features| {
        let names: Vec<&str> = features.iter().map(String::as_str).collect();
        let stored = layout(&names, |_| true, metadata)
            .into_iter()
            .map(|stored| match stored {
                Stored::Flat(at) => features[at].clone(),
                Stored::View(view, _) => view,
            });
        stored.collect()
    });
    folded
}

/// The metadata as they are in memory: the numbers of a view instead of its name.
pub fn unfolded(mut metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut views: BTreeMap<String, Vec<String>> = views(&metadata)
        .into_iter()
        .map(|(view, names)| (view.to_string(), names))
        .collect();
    rename(&mut metadata, |features| {
        // Removed, as damaged metadata may name a view many times.
        let numbers = |name: String| views.remove(&name).unwrap_or_else(|| vec![name]);
        features.into_iter().flat_map(numbers).collect()
    });
    metadata
}

fn rename(
    metadata: &mut BTreeMap<String, String>,
    rename: impl FnOnce(Vec<String>) -> Vec<String>,
) {
    let Some(features) = metadata.get(FEATURES_KEY) else {
        return;
    };
    if let Ok(features) = serde_json::from_str::<Vec<String>>(features) {
        let renamed = rename(features);
        let text = serde_json::to_string(&renamed).expect("names are plain strings");
        metadata.insert(FEATURES_KEY.into(), text);
    }
}

/// The columns of a table as the file has them: flat ones by number, views as the numbers of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// A column of the table.
    Flat(usize),
    /// The columns of a view, side by side.
    View(String, std::ops::Range<usize>),
}

/// How the columns `names` are stored. Only a view whose numbers are all there, side by side, and are
/// such numbers as views have, is stored as one.
pub fn layout(
    names: &[&str],
    is_number: impl Fn(usize) -> bool,
    metadata: &BTreeMap<String, String>,
) -> Vec<Stored> {
    let views = views(metadata);
    let mut stored = Vec::new();
    let mut at = 0;
    while at < names.len() {
        let begins = |(_, numbers): &&(&str, Vec<String>)| {
            !numbers.is_empty()
                && names.len() >= at + numbers.len()
                && numbers.iter().zip(&names[at..]).all(|(a, b)| a == b)
                && (at..at + numbers.len()).all(&is_number)
        };
        match views.iter().find(begins) {
            Some((view, numbers)) => {
                let until = at + numbers.len();
                stored.push(Stored::View(view.to_string(), at..until));
                at = until;
            }
            None => {
                stored.push(Stored::Flat(at));
                at += 1;
            }
        }
    }
    stored
}

/// The field of a view of `width` numbers.
pub fn field(view: &str, width: usize) -> Field {
    let element = Field::new(ELEMENT, DataType::Float32, true);
    let list = DataType::FixedSizeList(Arc::new(element), width as i32);
    Field::new(view, list, false)
}

/// Columns of numbers, side by side, as one column of lists.
pub fn to_arrow(columns: &[(String, Column)]) -> ArrayRef {
    let columns: Vec<&[f32]> = columns
        .iter()
        .map(|(name, column)| match column {
            Column::Float(values) => values.as_slice(),
            _ => panic!("{name} is in a view and no 32-bit float"),
        })
        .collect();
    let rows = columns.first().map_or(0, |column| column.len());
    let values = (0..rows).flat_map(|row| columns.iter().map(move |column| column[row]));
    let values = Float32Array::from_iter(values.map(|v| v.is_finite().then_some(v)));
    let DataType::FixedSizeList(element, width) = field("", columns.len()).data_type().clone()
    else {
        unreachable!("it is one")
    };
    Arc::new(FixedSizeListArray::new(
        element,
        width,
        Arc::new(values),
        None,
    ))
}

/// Can a column of this type and of so many values in each row be a view of `width` numbers? Damaged files have lists
/// longer than memory, so this is asked before any is read.
pub fn check(data_type: &DataType, values: usize, width: usize) -> Result<(), String> {
    let fits = match data_type {
        DataType::List(_) | DataType::LargeList(_) => values <= width,
        DataType::FixedSizeList(_, of) => values <= width && usize::try_from(*of) == Ok(width),
        _ => false,
    };
    fits.then_some(()).ok_or_else(|| expected(width))
}

fn expected(width: usize) -> String {
    format!("expected a list of {width} numbers in each row")
}

/// Appends the lists of `array` to the columns of their numbers; says what is wrong where they are no
/// lists of as many.
pub fn append(columns: &mut [Vec<f32>], array: &ArrayRef) -> Result<(), String> {
    let values = match array.data_type() {
        DataType::List(_) => values_of(array.as_list::<i32>(), columns.len()),
        DataType::LargeList(_) => values_of(array.as_list::<i64>(), columns.len()),
        DataType::FixedSizeList(_, width) => {
            let list = array.as_fixed_size_list();
            (*width as usize == columns.len()).then(|| list.values().clone())
        }
        _ => None,
    };
    let values = values
        .filter(|_| array.null_count() == 0)
        .ok_or_else(|| expected(columns.len()))?;
    let values = arrow::compute::cast(&values, &DataType::Float32).map_err(|e| e.to_string())?;
    let values = values.as_primitive::<Float32Type>();
    let finite = |v: Option<f32>| v.filter(|v| v.is_finite()).unwrap_or(f32::NAN);
    let mut values = values.iter();
    for _ in 0..array.len() {
        let row = columns.iter_mut().zip(&mut values);
        row.for_each(|(column, value)| column.push(finite(value)));
    }
    Ok(())
}

/// What the lists hold, if each has `width` values.
fn values_of<O: OffsetSizeTrait>(list: &GenericListArray<O>, width: usize) -> Option<ArrayRef> {
    let offsets = list.offsets();
    let is_whole = |o: &[O]| (o[1] - o[0]).as_usize() == width;
    let (from, to) = (offsets[0].as_usize(), offsets[list.len()].as_usize());
    let whole = offsets.windows(2).all(is_whole);
    whole.then(|| list.values().slice(from, to - from))
}

impl Table {
    /// The columns that are flat in the file: all but the numbers of views, which are of no use in spreadsheets and
    /// charts.
    pub fn flat(&self) -> impl Iterator<Item = &(String, Column)> {
        self.layout().into_iter().filter_map(|stored| match stored {
            Stored::Flat(at) => Some(&self.columns[at]),
            Stored::View(..) => None,
        })
    }

    /// The table without the numbers of views.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let flat = ("pause_rate".to_string(), Column::Float(vec![0.5]));
    /// let table = Table { columns: vec![flat], ..Table::default() };
    /// assert_eq!(table.without_views(), table, "it has no column of lists");
    /// ```
    pub fn without_views(&self) -> Table {
        Table {
            columns: self.flat().cloned().collect(),
            metadata: self.flat_metadata(),
        }
    }

    /// The metadata without those on views.
    pub(crate) fn flat_metadata(&self) -> BTreeMap<String, String> {
        let mut metadata = self.metadata.clone();
        metadata.retain(|key, _| key == FEATURES_KEY || !is_names_of_features(key));
        rename(&mut metadata, |mut features| {
            let flat: HashSet<&str> = self.flat().map(|(name, _)| name.as_str()).collect();
            features.retain(|name| flat.contains(name.as_str()));
            features
        });
        metadata
    }

    /// Number of columns that the file has.
    pub fn stored_columns(&self) -> usize {
        self.layout().len()
    }

    /// How the columns are stored.
    pub(super) fn layout(&self) -> Vec<Stored> {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let is_number = |at: usize| matches!(self.columns[at].1, Column::Float(_));
        layout(&names, is_number, &self.metadata)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::table::{self, Encoding};

    /// Two rows with a flat feature and a view of three numbers.
    fn example() -> Table {
        let float = |name: &str, values: [f32; 2]| (name.into(), Column::Float(values.to_vec()));
        let file = ["a.wav", "b.wav"].map(|file| Some(file.to_string()));
        Table {
            columns: vec![
                ("file".into(), Column::Text(file.to_vec())),
                float("rms_mean", [0.5, 0.25]),
                float("shape_1", [1.0, -1.0]),
                float("shape_2", [f32::NAN, 2.0]),
                float("shape_3", [3.0, f32::NAN]),
            ],
            metadata: [
                (
                    FEATURES_KEY,
                    r#"["rms_mean","shape_1","shape_2","shape_3"]"#,
                ),
                (
                    "sentire.features.shapes",
                    r#"["shape_1","shape_2","shape_3"]"#,
                ),
                ("sentire.sets", "rich@2"),
            ]
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .into(),
        }
    }

    /// Equality under which NaN equals NaN.
    fn same(a: &Table, b: &Table) -> bool {
        format!("{a:?}") == format!("{b:?}")
    }

    #[test]
    fn a_view_is_one_column_of_the_file_and_many_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        example().write(&path).unwrap();
        let file = File::open(&path).unwrap();
        let file = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let names: Vec<&str> = file
            .schema()
            .fields()
            .iter()
            .map(|f| f.name().as_str())
            .collect();
        assert_eq!(names, ["file", "rms_mean", "shapes"]);
        let pairs = file
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .unwrap();
        let features = pairs.iter().find(|pair| pair.key == FEATURES_KEY).unwrap();
        assert_eq!(features.value.as_deref(), Some(r#"["rms_mean","shapes"]"#));
        assert!(same(&Table::read(&path).unwrap(), &example()));
        // And again, rewritten with a column more.
        let copy = dir.path().join("copy.parquet");
        let marks = ["train", "test"].map(|mark| Some(mark.to_string()));
        let split = ("split", &marks[..]);
        table::copy_with_text(&path, &copy, split, &["file"], Encoding::Split).unwrap();
        let copy = Table::read(&copy).unwrap();
        assert_eq!(copy.feature_names(), example().feature_names());
        assert!(copy.column("shape_3").is_some() && copy.text("split").is_some());
    }

    #[test]
    fn a_part_of_a_view_can_be_had() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        example().write(&path).unwrap();
        let part = Table::read_columns(&path, &["file", "shape_2"]).unwrap();
        let names: Vec<&str> = part.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["file", "shape_2"]);
        // It is stored flat.
        let part = example()
            .select_columns(&["file", "shape_1", "shape_3"])
            .unwrap();
        part.write(&path).unwrap();
        assert!(same(&Table::read(&path).unwrap(), &part));
    }

    #[test]
    fn what_people_read_has_no_views() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        example().write_csv(&path).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text, "file,rms_mean\na.wav,0.5\nb.wav,0.25\n");
        let shown = example().without_views();
        assert_eq!(shown.feature_names().unwrap(), ["rms_mean"]);
        assert_eq!((shown.columns.len(), example().stored_columns()), (2, 3));
        let metadata = without_names(example().metadata);
        assert_eq!(Vec::from_iter(metadata.keys()), ["sentire.sets"]);
    }

    #[test]
    fn what_is_named_as_a_view_and_is_none_is_stored_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        let mut table = example();
        table.metadata.insert(key("words"), r#"["file"]"#.into());
        table.columns[3].1 = Column::Double(vec![0.5, 2.0]);
        table.write(&path).unwrap();
        assert!(same(&Table::read(&path).unwrap(), &table));
        assert_eq!(table.flat().count(), 5);
    }

    #[test]
    fn what_can_be_no_view_is_refused_before_it_is_read() {
        let view = field("shapes", 3).data_type().clone();
        let DataType::FixedSizeList(element, _) = &view else {
            panic!("{view}");
        };
        let list = DataType::List(element.clone());
        for data_type in [&view, &list] {
            check(data_type, 3, 3).unwrap();
            // Rows without a list are refused when they are read, and told the same.
            check(data_type, 1, 3).unwrap();
            let error = check(data_type, 4, 3).unwrap_err();
            assert_eq!(error, "expected a list of 3 numbers in each row");
        }
        assert!(check(&view, 3, 4).is_err());
        assert!(check(&DataType::Float32, 1, 1).is_err());
    }

    #[test]
    fn lists_of_another_length_are_refused() {
        let list = to_arrow(&example().columns[2..]);
        let mut columns = vec![Vec::new(); 2];
        let error = append(&mut columns, &list).unwrap_err();
        assert_eq!(error, "expected a list of 2 numbers in each row");
        let mut columns = vec![Vec::new(); 3];
        append(&mut columns, &list).unwrap();
        assert_eq!(columns[0], [1.0, -1.0]);
        assert!(columns[1][0].is_nan() && columns[1][1] == 2.0);
    }

    #[test]
    fn views_are_known_by_name_and_length_where_metadata_are_lost() {
        use arrow::array::RecordBatch;
        use parquet::arrow::ArrowWriter;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        let list = to_arrow(&example().columns[2..]);
        let of = |list: fn(Arc<Field>) -> DataType, element: DataType| {
            list(Arc::new(Field::new("item", element, true)))
        };
        let known = [("shapes", ["a", "b", "c"].map(str::to_string).to_vec())];
        let read = |data_type: &DataType, known: &[(&str, Vec<String>)]| {
            let column = arrow::compute::cast(&list, data_type).unwrap();
            let batch = RecordBatch::try_from_iter([("shapes", column)]).unwrap();
            let file = File::create(&path).unwrap();
            let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            Table::read_with_views(&path, known).unwrap()
        };
        for data_type in [
            of(DataType::List, DataType::Float32),
            of(DataType::LargeList, DataType::Float64),
            of(|item| DataType::FixedSizeList(item, 3), DataType::Float64),
        ] {
            let table = read(&data_type, &known);
            let names: Vec<&str> = table
                .columns
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            assert_eq!(names, ["a", "b", "c"], "{data_type}");
            assert_eq!(table.numbers("a").unwrap(), [1.0, -1.0]);
            assert_eq!(table.stored_columns(), 1);
        }
        // Other lists of the name are something else.
        let shorter = [("shapes", ["a", "b"].map(str::to_string).to_vec())];
        let list = of(DataType::List, DataType::Float32);
        assert!(read(&list, &shorter).columns.is_empty());
        assert!(
            read(&of(DataType::List, DataType::Int32), &known)
                .columns
                .is_empty()
        );
    }

    #[test]
    fn a_view_is_unfolded_once() {
        let features = r#"["shapes","rms_mean","shapes"]"#;
        let metadata = [
            (FEATURES_KEY, features),
            ("sentire.features.shapes", r#"["shape_1","shape_2"]"#),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_string(), value.to_string()));
        assert_eq!(
            unfolded(metadata.into())[FEATURES_KEY],
            r#"["shape_1","shape_2","rms_mean","shapes"]"#
        );
    }
}
