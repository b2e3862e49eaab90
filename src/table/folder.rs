//! A folder of tables as one table: the parts that several machines wrote.

use std::path::{Path, PathBuf};

use super::Table;
use crate::error::{Error, Result};

/// The files that make up the table at `path`: itself, or the tables in a folder, in the order of their names. If the names
/// state the number of parts (`part-2-of-7.parquet`), all of them must be there.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(Error::io(path))? {
        let file = entry.map_err(Error::io(path))?.path();
        let is_hidden = file.file_name().is_some_and(|name| {
            let name = name.as_encoded_bytes();
            name.starts_with(b".") || name.starts_with(b"_")
        });
        if !is_hidden && file.is_file() && file.extension().is_some_and(|e| e == "parquet") {
            files.push(file);
        }
    }
    files.sort();
    let wrong = |reason: String| Error::Table {
        path: path.to_path_buf(),
        reason,
    };
    if files.is_empty() {
        return Err(wrong(
            "is a folder without tables; expected one with the parts that `sentire extract --shard` writes (a folder of recordings becomes a table by `sentire extract FOLDER -o TABLE.parquet`)".into(),
        ));
    }
    let parts: Vec<(usize, usize)> = files.iter().filter_map(|file| part(file)).collect();
    let Some(&(_, count)) = parts.first() else {
        return Ok(files);
    };
    let mut sorted = parts.clone();
    sorted.sort_unstable();
    let is_twice = |part: (usize, usize)| {
        sorted.partition_point(|&p| p <= part) - sorted.partition_point(|&p| p < part) > 1
    };
    let is_odd = |file: &&PathBuf| part(file).is_none_or(|part| part.1 != count || is_twice(part));
    let odd = files.iter().find(is_odd);
    if let Some(odd) = odd {
        return Err(wrong(format!(
            "holds {} beside the parts of {count}; expected those of one run, each once",
            odd.file_name().unwrap_or_default().display()
        )));
    }
    let is_missing = |number: &usize| !parts.contains(&(*number, count));
    let missing: Vec<String> = (1..=count)
        .filter(is_missing)
        .map(|number| number.to_string())
        .collect();
    if !missing.is_empty() {
        let listed = missing[..missing.len().min(10)].join(", ");
        return Err(wrong(format!(
            "holds {} of {count} parts; missing: {listed}; run those shards",
            parts.len()
        )));
    }
    Ok(files)
}

/// The name of part `number` of `count`; the names sort in the order of the parts.
pub fn part_name(number: usize, count: usize) -> String {
    let width = count.to_string().len().max(4);
    format!("part-{number:0width$}-of-{count:0width$}.parquet")
}

/// The number of a part and the number of parts, from the name of its file.
pub fn part(file: &Path) -> Option<(usize, usize)> {
    let name = file.file_name()?.to_str()?;
    let (number, count) = name
        .strip_prefix("part-")?
        .strip_suffix(".parquet")?
        .split_once("-of-")?;
    Some((number.parse().ok()?, count.parse().ok()?))
}

/// Joins the tables that `read` returns for the files of `path`. Their metadata must agree.
pub fn joined(path: &Path, read: impl Fn(&Path) -> Result<Table>) -> Result<Table> {
    let files = files(path)?;
    let mut joined = read(&files[0])?;
    for file in &files[1..] {
        let table = read(file)?;
        let key = joined
            .metadata
            .keys()
            .chain(table.metadata.keys())
            .find(|key| joined.metadata.get(*key) != table.metadata.get(*key));
        let differs = |what: &str| Error::Table {
            path: file.clone(),
            reason: format!(
                "has other {what} than {}; a folder is read as one table, expected parts of one run",
                files[0].display()
            ),
        };
        if let Some(key) = key {
            return Err(differs(&format!("metadata `{key}`")));
        }
        joined.append(&table).map_err(|_| differs("columns"))?;
    }
    Ok(joined)
}

#[test]
fn a_folder_is_one_table_if_nothing_is_missing() {
    use super::Column;
    let dir = tempfile::tempdir().unwrap();
    let part = |name: &str, values: &[f64], rate: &str| {
        let table = Table {
            columns: vec![("x".into(), Column::Double(values.to_vec()))],
            metadata: [("sentire.rate".to_string(), rate.to_string())].into(),
        };
        table.write(dir.path().join(name)).unwrap();
    };
    let read = || Table::read(dir.path()).map_err(|error| error.to_string());
    assert!(read().unwrap_err().contains("without tables"));
    part("part-0002-of-0002.parquet", &[3.0], "16000");
    assert!(
        read()
            .unwrap_err()
            .contains("holds 1 of 2 parts; missing: 1")
    );
    part("part-0001-of-0002.parquet", &[1.0, 2.0], "16000");
    std::fs::create_dir(dir.path().join("part-0001-of-0002.parquet.parts")).unwrap();
    assert_eq!(read().unwrap().numbers("x").unwrap(), [1.0, 2.0, 3.0]);
    part("part-0002-of-0003.parquet", &[3.0], "16000");
    assert!(read().unwrap_err().contains("beside the parts of 2"));
    std::fs::remove_file(dir.path().join("part-0002-of-0003.parquet")).unwrap();
    part("part-0002-of-0002.parquet", &[3.0], "8000");
    assert!(
        read()
            .unwrap_err()
            .contains("has other metadata `sentire.rate`")
    );
}
