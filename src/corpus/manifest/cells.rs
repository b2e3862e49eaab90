//! From the text of a manifest to lines of cells: RFC 4180, as loosely as spreadsheets and people follow it.

/// Characters that stand between cells, in the order in which they are tried.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// A line of cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// Where it begins, counted from 1.
    pub line: usize,
    /// What is in them; quotation marks are taken off.
    pub cells: Vec<String>,
}

impl Record {
    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }

    /// How many cells there are up to the last that holds anything.
    pub fn len(&self) -> usize {
        let last = self.cells.iter().rposition(|cell| !cell.trim().is_empty());
        last.map_or(0, |last| last + 1)
    }
}

/// The lines of a text, one after the other. Lines end with LF, CR or both; those without anything in them are
/// passed over.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// None: each line is one cell.
    delimiter: Option<u8>,
}

impl Records<'_> {
    /// The next line; none behind the last. That a quotation mark is never closed is an error: it would swallow
    /// all the lines behind it.
    pub fn next(&mut self) -> Result<Option<Record>, String> {
        while self.at < self.text.len() {
            let record = self.record()?;
            if !record.is_blank() {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn record(&mut self) -> Result<Record, String> {
        let mut record = Record {
            line: self.line,
            cells: Vec::new(),
        };
        loop {
            record.cells.push(self.cell()?);
            let bytes = self.text.as_bytes();
            match bytes.get(self.at) {
                Some(b'\r' | b'\n') => {
                    let is_pair = bytes[self.at..].starts_with(b"\r\n");
                    self.at += if is_pair { 2 } else { 1 };
                    self.line += 1;
                    return Ok(record);
                }
                Some(_) => self.at += 1,
                None => return Ok(record),
            }
        }
    }

    /// The cell that begins here, up to what ends it. In quotation marks it may hold anything, with spaces before
    /// and behind these.
    fn cell(&mut self) -> Result<String, String> {
        let mut cell = String::new();
        let rest = self.text[self.at..].trim_start_matches(' ');
        let is_quoted = rest.starts_with('"');
        if is_quoted {
            self.at = self.text.len() - rest.len() + 1;
            let opened = self.line;
            loop {
                let rest = &self.text[self.at..];
                let Some((part, behind)) = rest.split_once('"') else {
                    return Err(format!(
                        "line {opened}: a quotation mark is opened and never closed; close it, or take it away"
                    ));
                };
                self.line += lines_in(part);
                cell.push_str(part);
                self.at = self.text.len() - behind.len();
                if !behind.starts_with('"') {
                    break;
                }
                cell.push('"');
                self.at += 1;
            }
        }
        let rest = &self.text[self.at..];
        let ends = |b: u8| b == b'\r' || b == b'\n' || Some(b) == self.delimiter;
        let end = rest.bytes().position(ends).unwrap_or(rest.len());
        if !is_quoted || !rest[..end].trim_matches(' ').is_empty() {
            cell.push_str(&rest[..end]);
        }
        self.at += end;
        Ok(cell)
    }
}

fn lines_in(text: &str) -> usize {
    text.matches('\n').count() + text.matches('\r').count() - text.matches("\r\n").count()
}

/// A header, and the lines below it.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The names of the columns as they stand there.
    pub header: Vec<String>,
    /// What is between cells; nothing, where there is one column.
    pub delimiter: Option<char>,
    rows: Records<'a>,
}

impl<'a> Sheet<'a> {
    /// Finds what stands between cells: what a line `sep=;` says, as Excel writes and reads it, and otherwise that
    /// by which the header has a cell that `is_sought`; or, where none has, most cells.
    pub fn of(text: &'a str, is_sought: impl Fn(&str) -> bool) -> Result<Sheet<'a>, String> {
        let (asked, start) = match separator_line(text) {
            Some((delimiter, start)) => (Some(delimiter), start),
            None => (None, 0),
        };
        let sheet = |delimiter: Option<u8>| -> Result<Sheet<'a>, String> {
            let mut rows = Records {
                text,
                at: start,
                line: 1 + lines_in(&text[..start]),
                delimiter,
            };
            let header = rows.next()?.map_or(Vec::new(), |record| record.cells);
            Ok(Sheet {
                header,
                delimiter: delimiter.map(char::from),
                rows,
            })
        };
        if asked.is_some() {
            return sheet(asked);
        }
        let mut sheets = Vec::new();
        for delimiter in DELIMITERS {
            sheets.push(sheet(Some(delimiter))?);
        }
        let sought = |sheet: &Sheet| sheet.header.iter().any(|name| is_sought(name));
        match sheets.iter().position(sought) {
            // One column: its cells, names of files, may hold any of these.
            Some(0) if sheets[0].header.len() == 1 && sheets.iter().all(sought) => {
                for candidate in sheets {
                    if candidate.has_one_column()? {
                        return Ok(candidate);
                    }
                }
                sheet(None)
            }
            Some(found) => Ok(sheets.swap_remove(found)),
            // The first of those with most cells.
            None => Ok(sheets
                .into_iter()
                .rev()
                .max_by_key(|sheet| sheet.header.iter().filter(|name| !name.is_empty()).count())
                .expect("there are some")),
        }
    }

    /// The lines below the header, from the first on.
    pub fn rows(&self) -> Records<'a> {
        self.rows.clone()
    }

    fn has_one_column(&self) -> Result<bool, String> {
        let mut rows = self.rows();
        while let Some(row) = rows.next()? {
            if row.len() > 1 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether every line has one cell more than the header, and the first of them count 1, 2, ...: the names of
    /// rows, above which R's `write.table` writes nothing. Empty cells behind the others are none.
    pub fn has_row_names(&self) -> Result<bool, String> {
        let mut rows = self.rows();
        let mut number = 0_usize;
        let mut longest = 0;
        while let Some(row) = rows.next()? {
            number += 1;
            longest = longest.max(row.len());
            if row.cells.len() != self.header.len() + 1 || row.cells[0] != number.to_string() {
                return Ok(false);
            }
        }
        Ok(longest > self.header.len())
    }

    /// The text within, where each line stands in quotation marks as a whole: a CSV that a spreadsheet took for
    /// one column.
    pub fn unwrapped(&self) -> Result<Option<String>, String> {
        let is_delimiter = |c: char| DELIMITERS.iter().any(|&d| char::from(d) == c);
        let [line] = &self.header[..] else {
            return Ok(None);
        };
        if !line.contains(is_delimiter) {
            return Ok(None);
        }
        let mut text = line.clone();
        let mut rows = self.rows();
        while let Some(row) = rows.next()? {
            if row.len() > 1 {
                return Ok(None);
            }
            text.push('\n');
            text.push_str(&row.cells[0]);
        }
        Ok(Some(text))
    }
}

/// The character that a first line such as `sep=;` names, and where the next line begins.
fn separator_line(text: &str) -> Option<(u8, usize)> {
    let end = text.find(['\r', '\n'])?;
    let line = text[..end].trim_start_matches('"');
    let (name, value) = line.split_at_checked(4)?;
    let (delimiter, behind) = value.split_at_checked(1)?;
    let delimiter = delimiter.as_bytes()[0];
    let is_delimiter = !delimiter.is_ascii_alphanumeric() && delimiter != b'"';
    // A spreadsheet that knows no such line has put cells behind it.
    let is_alone = behind.chars().all(|c| "\",;\t ".contains(c));
    let next = text[end..].strip_prefix("\r\n");
    let next = next.unwrap_or(&text[end + 1..]);
    (name.eq_ignore_ascii_case("sep=") && is_delimiter && is_alone)
        .then_some((delimiter, text.len() - next.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<Record>) {
        let sheet = Sheet::of(text, |name| name.trim() == "file").unwrap();
        let mut rows = sheet.rows();
        let mut records = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            records.push(row);
        }
        (sheet.header, records)
    }

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text).1.into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn cells_are_told_apart_however_they_are_delimited_and_lines_end() {
        for delimiter in [",", ";", "\t", "|"] {
            for end in ["\n", "\r\n", "\r"] {
                let text = format!(
                    "a{delimiter}file{end}{end}\"x\"\"y{delimiter}\"{delimiter}b c.wav{end}"
                );
                let (header, rows) = read(&text);
                assert_eq!(header, ["a", "file"], "{text:?}");
                let expected = Record {
                    line: 3,
                    cells: vec![format!("x\"y{delimiter}"), "b c.wav".into()],
                };
                assert_eq!(rows, [expected], "{text:?}");
            }
        }
    }

    #[test]
    fn the_delimiter_is_that_by_which_the_header_has_a_file() {
        assert_eq!(cells("file;\"a, b\"\nx, y.wav;1\n"), [["x, y.wav", "1"]]);
        assert_eq!(cells("file,a;b,c;d\nx,1,2\n"), [["x", "1", "2"]]);
        assert_eq!(cells("file\nGrüße, drei.wav\n"), [["Grüße, drei.wav"]]);
        assert_eq!(
            cells("file\na,b;c\td|e.wav\nf\n"),
            [["a,b;c\td|e.wav"], ["f"]]
        );
        assert_eq!(read("path;speaker,\n").0, ["path", "speaker,"]);
    }

    #[test]
    fn a_line_may_say_what_the_delimiter_is() {
        for first in ["sep=;\r\n", "SEP=;\n", "\"sep=;\"\r", "sep=;;;\n"] {
            let text = format!("{first}file;a\nx,y.wav;1\n");
            let (header, rows) = read(&text);
            assert_eq!((header.len(), rows[0].line), (2, 3), "{text:?}");
            assert_eq!(rows[0].cells, ["x,y.wav", "1"]);
        }
        assert_eq!(read("sep=\tfile\n").0, ["sep=", "file"]);
    }

    #[test]
    fn spaces_around_quotation_marks_are_no_part_of_a_cell() {
        assert_eq!(
            cells("a, file\n \"x, y\" , \" b.wav\"\nz\"q, c\n"),
            [["x, y", " b.wav"], ["z\"q", " c"]]
        );
        assert_eq!(cells("file,a\n\"two\r\nlines\",1\nx,2\n").len(), 2);
        assert_eq!(read("file,a\n\"two\r\nlines\",1\nx,2\n").1[1].line, 4);
        let open = Sheet::of("file,a\nx,1\ny,\"2\nz,3\n", |n| n == "file").unwrap();
        let mut rows = open.rows();
        assert!(rows.next().is_ok());
        assert!(
            rows.next()
                .unwrap_err()
                .starts_with("line 3: a quotation mark is opened")
        );
    }

    #[test]
    fn lines_that_stand_in_quotation_marks_are_taken_out() {
        let sheet = Sheet::of("\"file,a\"\n\"\"\"x, y.wav\"\",1\"\n", |_| false).unwrap();
        assert_eq!(
            sheet.unwrapped().unwrap().unwrap(),
            "file,a\n\"x, y.wav\",1"
        );
        let plain = Sheet::of("path;a\nx,1\n", |_| false).unwrap();
        assert_eq!(plain.unwrapped().unwrap(), None);
    }

    #[test]
    fn names_of_rows_are_told_from_too_many_cells() {
        let has = |text: &str| {
            let sheet = Sheet::of(text, |name| name == "file").unwrap();
            sheet.has_row_names().unwrap()
        };
        assert!(has(
            "\"file\",\"n\"\n\"1\",\"a.wav\",2\n\"2\",\"b.wav\",3\n"
        ));
        assert!(!has("file,n\na.wav,b,2\n"));
        assert!(!has("n,file\n1,a.wav,\n2,b.wav,\n"));
        assert!(!has("file,n\n1,a.wav,2\nb.wav,3\n"));
    }
}
