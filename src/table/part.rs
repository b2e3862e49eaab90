//! What a row describes: a part of a file. Rows of two tables belong together where their parts are the same.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::table::schema::{AUGMENT, CHANNEL, Cell, END, FILE, OF_WINDOWS, START};
use crate::table::{Column, Table};

/// From where to where, in which channel of which file.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// The recording, as the manifest names it.
    pub file: String,
    /// Which of its channels, counted from 0; `None` where channels are not told apart.
    pub channel: Option<usize>,
    /// How the copy of it was made that is meant; `None` for the recording itself.
    pub augment: Option<String>,
    /// Start in seconds from the beginning of the file; NaN where unknown.
    pub start: f64,
    /// End in seconds; NaN where unknown.
    pub end: f64,
}

impl Part {
    /// Stands for no part, where a table has columns and no row.
    pub const fn blank() -> &'static Part {
        static BLANK: Part = Part {
            file: String::new(),
            channel: None,
            augment: None,
            start: f64::NAN,
            end: f64::NAN,
        };
        &BLANK
    }

    /// Times are the same to the bit, or both unknown.
    fn key(&self) -> (&str, Option<usize>, Option<&str>, [u64; 2]) {
        (
            &self.file,
            self.channel,
            self.augment.as_deref(),
            [self.start, self.end].map(time_key),
        )
    }

    /// The columns that say it; of those that not every table has, such as are `told`.
    pub fn cells(&self, told: Told) -> Vec<(&'static str, Cell<'_>)> {
        let channel = self.channel.and_then(|channel| channel.try_into().ok());
        let cells = [
            (FILE, Cell::Text(Some(&self.file))),
            (CHANNEL, Cell::Int(channel)),
            (AUGMENT, Cell::Text(self.augment.as_deref())),
            (START, Cell::Double(self.start)),
            (END, Cell::Double(self.end)),
        ];
        let is_told = |(name, _): &(&str, Cell)| match *name {
            CHANNEL => told.channels,
            AUGMENT => told.augment,
            _ => true,
        };
        cells.into_iter().filter(is_told).collect()
    }
}

fn time_key(seconds: f64) -> u64 {
    match seconds.is_nan() {
        true => f64::NAN.to_bits(),
        false => seconds.to_bits(),
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Part) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Part {}

/// Some order, which groups what is the same.
impl Ord for Part {
    fn cmp(&self, other: &Part) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Part) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Part {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// `call.wav channel 1 (2 to 3.5 s)`; times only of a part that does not begin the file.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(channel) = self.channel {
            write!(f, " channel {channel}")?;
        }
        if let Some(augment) = &self.augment {
            write!(f, " by {augment}")?;
        }
        if self.start > 0.0 {
            write!(f, " ({} to {} s)", self.start, self.end)?;
        }
        Ok(())
    }
}

/// Which columns that not every table has stand in one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Which channel a row is of.
    pub channels: bool,
    /// Which copy.
    pub augment: bool,
}

impl Told {
    /// What is to be told of these parts.
    pub fn of<'a>(parts: impl Iterator<Item = &'a Part>) -> Told {
        parts.fold(Told::default(), |told, part| Told {
            channels: told.channels || part.channel.is_some(),
            augment: told.augment || part.augment.is_some(),
        })
    }
}

/// The parts that the rows of a table describe.
pub struct Parts<'a> {
    files: Option<Cow<'a, [Option<String>]>>,
    channels: Option<&'a [Option<i64>]>,
    augment: Option<Cow<'a, [Option<String>]>>,
    starts: Option<Vec<f64>>,
    ends: Option<Vec<f64>>,
}

impl Table {
    /// The part that each row describes.
    pub fn parts(&self) -> Parts<'_> {
        self.parts_between(START, END)
    }

    /// The part that the manifest lists for each row: that of the row itself, unless rows are windows.
    pub fn listed_parts(&self) -> Parts<'_> {
        match OF_WINDOWS.iter().all(|name| self.column(name).is_some()) {
            true => self.parts_between(OF_WINDOWS[0], OF_WINDOWS[1]),
            false => self.parts(),
        }
    }

    fn parts_between(&self, start: &str, end: &str) -> Parts<'_> {
        let seconds = |name| self.column(name).and_then(Column::numbers);
        Parts {
            files: self.as_words(FILE),
            channels: match self.column(CHANNEL) {
                Some(Column::Int(channels)) => Some(channels),
                _ => None,
            },
            augment: self.as_words(AUGMENT),
            starts: seconds(start),
            ends: seconds(end),
        }
    }
}

impl Parts<'_> {
    /// That of a row.
    pub fn at(&self, row: usize) -> Part {
        Part {
            file: self.file(row).unwrap_or_default().to_string(),
            channel: self.channel(row),
            augment: self.augment(row).map(str::to_string),
            start: seconds(&self.starts, row),
            end: seconds(&self.ends, row),
        }
    }

    /// Whether two rows describe the same part.
    pub fn is_same(&self, a: usize, b: usize) -> bool {
        let times = |row| [&self.starts, &self.ends].map(|times| time_key(seconds(times, row)));
        self.is_of_same_file(a, b) && times(a) == times(b)
    }

    /// Whether two rows describe the same channel of the same file, or the same copy of it, whatever their times.
    pub fn is_of_same_file(&self, a: usize, b: usize) -> bool {
        let of = |row| (self.file(row), self.channel(row), self.augment(row));
        of(a) == of(b)
    }

    fn file(&self, row: usize) -> Option<&str> {
        self.files.as_ref()?[row].as_deref()
    }

    /// A column of that name may come from elsewhere, and say so of recordings themselves.
    fn augment(&self, row: usize) -> Option<&str> {
        let word = self.augment.as_ref()?[row].as_deref()?;
        (!NO_COPY.contains(&word)).then_some(word)
    }

    fn channel(&self, row: usize) -> Option<usize> {
        usize::try_from(self.channels?[row]?).ok()
    }
}

/// Words of other programs for what is no copy.
const NO_COPY: [&str; 8] = ["", "0", "false", "False", "no", "none", "None", "original"];

fn seconds(times: &Option<Vec<f64>>, row: usize) -> f64 {
    times.as_ref().map_or(f64::NAN, |times| times[row])
}

#[test]
fn parts_are_the_same_where_file_channel_and_times_are() {
    let part = |file: &str, channel, start| Part {
        file: file.into(),
        channel,
        start,
        end: f64::NAN,
        augment: None,
    };
    let one = part("a.wav", None, 0.5);
    assert_eq!(one, part("a.wav", None, 0.5));
    assert_eq!(part("", None, f64::NAN), part("", None, -f64::NAN));
    for other in [
        part("b.wav", None, 0.5),
        part("a.wav", Some(0), 0.5),
        part("a.wav", None, 0.25),
        Part {
            augment: Some("opus".into()),
            ..one.clone()
        },
    ] {
        assert_ne!(one, other);
    }
    let end = 2.0;
    let shown = |part: Part| Part { end, ..part }.to_string();
    assert_eq!(shown(part("a.wav", None, 0.0)), "a.wav");
    assert_eq!(
        shown(part("a.wav", Some(1), 0.5)),
        "a.wav channel 1 (0.5 to 2 s)"
    );
}

#[test]
fn the_parts_of_windows_are_their_own_and_those_that_the_manifest_lists() {
    let row = |part: &Part, from, to| {
        let mut cells = vec![
            (OF_WINDOWS[0], Cell::Double(from)),
            (OF_WINDOWS[1], Cell::Double(to)),
        ];
        cells.extend(part.cells(Told {
            channels: true,
            augment: true,
        }));
        let owned = cells.into_iter().map(|(name, cell)| match cell {
            Cell::Text(word) => (name, Column::Text(vec![word.map(str::to_string)])),
            Cell::Int(count) => (name, Column::Int(vec![count])),
            Cell::Double(seconds) => (name, Column::Double(vec![seconds])),
            other => unreachable!("{other:?}"),
        });
        let columns = owned.map(|(name, column)| (name.to_string(), column));
        Table {
            columns: columns.collect(),
            ..Table::default()
        }
    };
    let window = Part {
        file: "a.wav".into(),
        channel: Some(1),
        augment: Some("telephone".into()),
        start: 3.0,
        end: 4.0,
    };
    let table = row(&window, 2.0, 8.0);
    assert_eq!(table.parts().at(0), window);
    let listed = Part {
        start: 2.0,
        end: 8.0,
        ..window.clone()
    };
    assert_eq!(table.listed_parts().at(0), listed);
    let alone = table.select_columns(&crate::table::schema::PART).unwrap();
    assert_eq!(alone.listed_parts().at(0), window);
    assert!(alone.parts().is_same(0, 0));
}
