//! ARFF, the tables of Weka and openSMILE: written, and read into plain columns.
//!
//! As in Weka's description of the format (Witten, Frank & Hall 2011, "Data mining", 3rd ed., section 2.4; the stable ARFF page of
//! Weka's manual): `@relation`, `@attribute NAME TYPE` with numeric (also real, integer), string, date and nominal
//! types, `@data`, rows with commas or, in braces, sparse; `%` begins a comment, `?` stands for a missing value, keywords are in any
//! case, and what holds spaces or marks stands in single or double quotation marks, with a backslash before a mark that is meant.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::schema::{AUDIO_HASH, EMOTION, ERROR, FILE, TEXT};
use super::{Column, Table};
use crate::error::Result;
use crate::output;

/// Columns of words that are no categories: whatever else holds words is nominal.
const STRINGS: [&str; 4] = [FILE, TEXT, AUDIO_HASH, ERROR];

impl Table {
    /// Writes the table as ARFF: numbers are numeric, the name of the recording, the text, the hash and moments are strings, other words
    /// nominal with the values that occur, sorted. `emotion` is the last attribute, where Weka looks for the class. Missing values are
    /// `?`; columns that Parquet stores as lists are left out.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("table.arff");
    /// let emotions = Column::Text(vec![Some("very sad".into()), None]);
    /// let pitch = Column::Float(vec![210.5, f32::NAN]);
    /// let columns = vec![("emotion".into(), emotions), ("f0_hz".into(), pitch)];
    /// Table { columns, ..Table::default() }.write_arff(&path)?;
    /// let text = std::fs::read_to_string(&path).unwrap();
    /// assert!(text.ends_with("@attribute emotion {'very sad'}\n\n@data\n210.5,'very sad'\n?,?\n"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write_arff(&self, path: impl AsRef<Path>) -> Result<()> {
        let (class, others): (Vec<_>, Vec<_>) = self.flat().partition(|(name, _)| name == EMOTION);
        let columns: Vec<&(String, Column)> = others.into_iter().chain(class).collect();
        let mut text = String::from("@relation sentire\n\n");
        for (name, column) in &columns {
            let kind = match column {
                Column::Double(_) | Column::Float(_) | Column::Int(_) => "numeric".to_string(),
                Column::Time(_) => "string".into(),
                Column::Text(_) if STRINGS.contains(&name.as_str()) => "string".into(),
                Column::Text(_) | Column::Bool(_) => {
                    let values: BTreeSet<String> = column.texts().into_iter().flatten().collect();
                    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                    format!("{{{}}}", values.join(","))
                }
            };
            let _ = writeln!(text, "@attribute {} {kind}", quoted(name));
        }
        text.push_str("\n@data\n");
        for row in 0..self.rows() {
            let value = |column: &Column| match (column.text_of(row), column) {
                (missing, _) if missing.is_empty() => "?".into(),
                (word, Column::Text(_) | Column::Time(_)) => quoted(&word),
                (number, _) => number,
            };
            let values: Vec<String> = columns.iter().map(|(_, column)| value(column)).collect();
            text.push_str(&values.join(","));
            text.push('\n');
        }
        output::write(path.as_ref(), text.as_bytes())
    }
}

/// A name or value as it stands in ARFF: in single quotation marks, unless it is a plain word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"'\"\\,{}%?@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_string();
    }
    let mut written = String::from("'");
    for c in word.chars() {
        match c {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            // Weka takes a comment's mark for one within quotation marks, too.
            '\'' | '"' | '\\' | '%' => {
                written.push('\\');
                written.push(c);
            }
            c => written.push(c),
        }
    }
    written + "'"
}

/// Whether a text is ARFF: its first line that is no comment declares a relation.
pub fn is_arff(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('%'));
    first.is_some_and(|line| keyword(line).is_some_and(|(word, _)| word == "@relation"))
}

/// What an attribute holds.
enum Kind {
    Numeric,
    Words,
    /// One of these.
    Nominal(Vec<String>),
}

struct Attribute {
    name: String,
    kind: Kind,
}

/// The table that an ARFF text is. Errors name the line.
///
/// ```
/// use sentire::table::parse_arff;
///
/// let text = "@RELATION x\n@Attribute 'a b' REAL\n@attribute c {no,yes}\n@data\n1.5, yes % no comment here\n{1 yes}\n";
/// assert!(parse_arff(text).unwrap_err().starts_with("line 5: `yes % no comment here` is none of"));
/// let table = parse_arff(&text.replace(" % no comment here", "")).unwrap();
/// assert_eq!(table.numbers("a b").unwrap(), [1.5, 0.0]);
/// assert_eq!(table.words("c").unwrap(), ["yes", "yes"]);
/// ```
pub fn parse_arff(text: &str) -> Result<Table, String> {
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut columns: Vec<(String, Column)> = Vec::new();
    let mut in_data = false;
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('%') {
            continue;
        }
        let fault = |reason: String| format!("line {number}: {reason}");
        if in_data {
            let cells = cells_of(line, &attributes).map_err(fault)?;
            for ((cell, attribute), (_, column)) in
                cells.into_iter().zip(&attributes).zip(&mut columns)
            {
                put(column, cell, attribute).map_err(fault)?;
            }
            continue;
        }
        match keyword(line) {
            Some((word, _)) if word == "@relation" => {}
            Some((word, rest)) if word == "@attribute" => {
                let attribute = attribute_of(rest).map_err(fault)?;
                if attributes.iter().any(|other| other.name == attribute.name) {
                    return Err(fault(format!(
                        "a second attribute `{}`; expected different names",
                        attribute.name
                    )));
                }
                let column = match attribute.kind {
                    Kind::Numeric => Column::Double(Vec::new()),
                    Kind::Words | Kind::Nominal(_) => Column::Text(Vec::new()),
                };
                columns.push((attribute.name.clone(), column));
                attributes.push(attribute);
            }
            Some((word, _)) if word == "@data" => in_data = true,
            _ => {
                return Err(fault(format!(
                    "`{}`; expected @attribute or @data",
                    shortened(line)
                )));
            }
        }
    }
    match in_data {
        true => Ok(Table {
            columns,
            ..Table::default()
        }),
        false => Err("has no line @data; it breaks off, or is no ARFF".into()),
    }
}

/// The keyword of a line of the header, in small letters, and what follows.
fn keyword(line: &str) -> Option<(String, &str)> {
    if !line.starts_with('@') {
        return None;
    }
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    Some((line[..end].to_lowercase(), line[end..].trim_start()))
}

fn attribute_of(rest: &str) -> Result<Attribute, String> {
    let (name, rest) = word(rest, |c| c.is_whitespace() || c == '{')?;
    let kind = rest.trim();
    if name.is_empty() || kind.is_empty() {
        return Err("an attribute without a name or a type; expected @attribute NAME TYPE".into());
    }
    if let Some(values) = kind.strip_prefix('{') {
        let values = values.trim_end();
        // openSMILE writes `numeric` where it knows no classes, others an empty list.
        let values = values
            .strip_suffix('}')
            .ok_or("a list of values without } at its end")?;
        let values = split(values)?.into_iter().map(|(value, _)| value);
        return Ok(Attribute {
            name,
            kind: Kind::Nominal(values.filter(|value| !value.is_empty()).collect()),
        });
    }
    let first = kind.split_whitespace().next().unwrap_or("");
    let kind = match first.to_lowercase().as_str() {
        "numeric" | "real" | "integer" => Kind::Numeric,
        "string" | "date" => Kind::Words,
        _ => {
            return Err(format!(
                "attribute `{name}` of type `{first}`; expected numeric, real, integer, string, date or a list of values in braces"
            ));
        }
    };
    Ok(Attribute { name, kind })
}

/// A word that may stand in quotation marks, and what follows it; without them it ends where `ends` says.
fn word(text: &str, ends: impl Fn(char) -> bool) -> Result<(String, &str), String> {
    let text = text.trim_start();
    let Some(mark) = text.chars().next().filter(|c| "'\"".contains(*c)) else {
        let end = text.find(ends).unwrap_or(text.len());
        return Ok((text[..end].trim_end().to_string(), &text[end..]));
    };
    let mut word = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, c)) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some((_, 'n')) => word.push('\n'),
                Some((_, 'r')) => word.push('\r'),
                Some((_, 't')) => word.push('\t'),
                Some((_, c)) => word.push(c),
                None => break,
            },
            c if c == mark => return Ok((word, &text[at + 1..])),
            c => word.push(c),
        }
    }
    Err(format!(
        "a quotation mark {mark} is opened and never closed in `{}`",
        shortened(text)
    ))
}

/// The values between commas, and whether each stood in quotation marks.
fn split(mut text: &str) -> Result<Vec<(String, bool)>, String> {
    let mut values = Vec::new();
    loop {
        let is_quoted = text.trim_start().starts_with(['\'', '"']);
        let (value, rest) = word(text, |c| c == ',')?;
        values.push((value, is_quoted));
        let rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(rest) => text = rest,
            None if rest.is_empty() => return Ok(values),
            None => {
                return Err(format!(
                    "`{}` behind a value; expected a comma",
                    shortened(rest)
                ));
            }
        }
    }
}

/// The values of a row, in the order of the attributes; nothing where a value is missing.
fn cells_of(line: &str, attributes: &[Attribute]) -> Result<Vec<Option<String>>, String> {
    let given = |(value, is_quoted): (String, bool)| (is_quoted || value != "?").then_some(value);
    if let Some(sparse) = line.strip_prefix('{') {
        let mut cells: Vec<Option<String>> = attributes.iter().map(not_written).collect();
        let mut rest = sparse.trim_start();
        // A weight of the row may follow, in braces of its own.
        while !rest.starts_with('}') {
            if rest.is_empty() {
                return Err("a sparse row without } at its end".into());
            }
            let (at, value) = word(rest, |c| c.is_whitespace() || ",}".contains(c))?;
            let value = value.trim_start();
            if value.is_empty() || value.starts_with([',', '}']) {
                return Err(format!("`{at}` in a sparse row; expected NUMBER VALUE"));
            }
            let cell = at.parse().ok().and_then(|at: usize| cells.get_mut(at));
            let cell = cell.ok_or_else(|| {
                format!(
                    "attribute {at} in a sparse row; expected 0 to {}",
                    attributes.len().saturating_sub(1)
                )
            })?;
            let is_quoted = value.starts_with(['\'', '"']);
            let (value, behind) = word(value, |c| ",}".contains(c))?;
            *cell = given((value, is_quoted));
            let behind = behind.trim_start();
            rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
        }
        return Ok(cells);
    }
    let mut values = split(line)?;
    let is_weight = |(value, _): &(String, bool)| value.starts_with('{') && value.ends_with('}');
    if values.len() == attributes.len() + 1 && values.last().is_some_and(is_weight) {
        values.pop();
    }
    if values.len() != attributes.len() {
        return Err(format!(
            "{} values for {} attributes",
            values.len(),
            attributes.len()
        ));
    }
    Ok(values.into_iter().map(given).collect())
}

/// What a sparse row means where it says nothing: zero, or the first of the values that are listed.
fn not_written(attribute: &Attribute) -> Option<String> {
    match &attribute.kind {
        Kind::Numeric => Some("0".into()),
        Kind::Nominal(values) => values.first().cloned(),
        Kind::Words => None,
    }
}

fn put(column: &mut Column, cell: Option<String>, attribute: &Attribute) -> Result<(), String> {
    match (column, &attribute.kind) {
        (Column::Double(numbers), _) => {
            let number = match cell {
                None => f64::NAN,
                Some(word) => word.parse().map_err(|_| {
                    format!(
                        "`{}` for the numeric attribute `{}`",
                        shortened(&word),
                        attribute.name
                    )
                })?,
            };
            numbers.push(if number.is_finite() { number } else { f64::NAN });
        }
        (Column::Text(words), Kind::Nominal(values)) => {
            if let Some(word) = cell.as_ref().filter(|word| !values.contains(word)) {
                return Err(format!(
                    "`{}` is none of the values of `{}`: {}",
                    shortened(word),
                    attribute.name,
                    shortened(&values.join(", "))
                ));
            }
            words.push(cell);
        }
        (Column::Text(words), _) => words.push(cell),
        (column, _) => unreachable!("no such column is made: {column:?}"),
    }
    Ok(())
}

/// The beginning of a text, for a message.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[Option<&str>]) -> Column {
        Column::Text(words.iter().map(|w| w.map(str::to_string)).collect())
    }

    #[test]
    fn sparse_rows_may_have_commas_and_braces_within_quotation_marks() {
        let text = "@relation r\n@attribute file string\n@attribute x numeric\n@attribute y numeric\n@data\n\
            {0 'a,}b.wav', 2 1.5}\n{1 2, 0 c.wav}, {3}\n{}\n";
        let table = parse_arff(text).unwrap();
        assert_eq!(
            table.text("file").unwrap()[..2],
            [Some("a,}b.wav".to_string()), Some("c.wav".to_string())]
        );
        assert_eq!(table.numbers("x").unwrap(), [0.0, 2.0, 0.0]);
        assert_eq!(table.numbers("y").unwrap(), [1.5, 0.0, 0.0]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let odd = [
            "a b.wav",
            "it's",
            "100 %",
            "{x},\\y",
            "?",
            "tab\there\n\"q\"",
        ];
        let odd: Vec<Option<&str>> = odd.into_iter().map(Some).collect();
        let table = Table {
            columns: vec![
                (
                    "emotion".into(),
                    words(&[
                        Some("sad"),
                        None,
                        Some("very angry"),
                        Some("?"),
                        Some("sad"),
                        None,
                    ]),
                ),
                ("file".into(), words(&odd)),
                (
                    "start".into(),
                    Column::Double(vec![0.0, 0.5, f64::NAN, 1e-9, 2.0, 3.0]),
                ),
                (
                    "F0 'semi'[0]%".into(),
                    Column::Float(vec![0.1, f32::NAN, -2.0, 1e-20, 3e20, 0.0]),
                ),
                (
                    "n".into(),
                    Column::Int(vec![Some(1), None, Some(-3), Some(4), Some(0), Some(9)]),
                ),
            ],
            ..Table::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.arff");
        table.write_arff(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            is_arff(&text) && text.contains("@attribute emotion {'?',sad,'very angry'}\n\n@data\n"),
            "{text}"
        );
        let read = parse_arff(&text).unwrap();
        let names: Vec<&str> = read.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["file", "start", "F0 'semi'[0]%", "n", "emotion"]);
        for (name, column) in &table.columns {
            assert_eq!(read.column(name).unwrap().texts(), column.texts(), "{name}");
        }
    }

    #[test]
    fn what_opensmile_and_weka_write_is_read() {
        let text = "% made by hand, in the form that openSMILE's arff sink has\n\
            @relation openSMILE_features\n\n@attribute name string\n@attribute frameTime numeric\n\
            @attribute pcm_RMSenergy_sma_max numeric\n@ATTRIBUTE \"a \\\"b\" REAL\n@attribute class {anger, 'no anger'}\n\n@data\n\n\
            'a b.wav',0.000000,1.5e-02,?,anger\n\"c.wav\" , 0, -3 ,nan, 'no anger', {2}\n{0 d.wav, 2 0.5}\n";
        let table = parse_arff(text).unwrap();
        assert_eq!(table.words("name").unwrap(), ["a b.wav", "c.wav", "d.wav"]);
        assert_eq!(
            table.numbers("pcm_RMSenergy_sma_max").unwrap(),
            [0.015, -3.0, 0.5]
        );
        let odd = table.numbers("a \"b").unwrap();
        assert!(odd[0].is_nan() && odd[1].is_nan() && odd[2] == 0.0);
        assert_eq!(
            table.words("class").unwrap(),
            ["anger", "no anger", "anger"]
        );
    }

    #[test]
    fn what_is_no_arff_is_refused_with_its_line() {
        let head = "@relation x\n@attribute a numeric\n@attribute b {x,y}\n@data\n";
        for (text, said) in [
            (format!("{head}1\n"), "line 5: 1 values for 2 attributes"),
            (
                format!("{head}z,x\n"),
                "line 5: `z` for the numeric attribute `a`",
            ),
            (
                format!("{head}1,'x\n"),
                "line 5: a quotation mark ' is opened and never closed",
            ),
            (format!("{head}1,'x'y\n"), "line 5: `y` behind a value"),
            (
                format!("{head}{{2 x}}\n"),
                "line 5: attribute 2 in a sparse row; expected 0 to 1",
            ),
            (
                "@relation x\n@attribute a relational\n".into(),
                "line 2: attribute `a` of type `relational`",
            ),
            (
                "@relation x\n@attribute a real\n@attribute a real\n".into(),
                "line 3: a second attribute `a`",
            ),
            (
                "@relation x\n1,2\n".into(),
                "line 2: `1,2`; expected @attribute or @data",
            ),
            ("@relation x\n".into(), "has no line @data"),
        ] {
            let refused = parse_arff(&text).unwrap_err();
            assert!(refused.starts_with(said), "{refused}");
        }
        assert!(!is_arff("file,a\nx.wav,1\n"));
    }
}
