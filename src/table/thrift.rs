//! Footers and page headers of Parquet files, looked over before the library reads them.
//!
//! The library reads a field that it knows as the format has it, whatever type the file states, and skips what it does
//! not know. Of a list of booleans it then skips none of its bytes, and counts to the length that is stated: six bytes
//! cost half a second, and a damaged file may have many of them. Hence this: what stands in a file is what the format
//! has there, and nothing is a list of booleans. Neither a footer nor a page header has one.
//!
//! Columns within columns have bounds of depth, number and length of names, see [`Walk::columns`].
//!
//! Source: the Thrift compact protocol (`doc/specs/thrift-compact-protocol.md` of Apache Thrift) and `parquet.thrift`
//! of Apache Parquet, in whose order the fields stand here.

use std::io::{self, ErrorKind, Read};

use parquet::errors::{ParquetError, Result};

use Kind::*;

/// What the format has at a place.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List(&'static Kind),
    /// A list of columns, each before the columns within it.
    Columns(&'static Kind),
    /// The name of a column.
    Name,
    /// How many columns are within a column.
    Children,
    /// The fields from number 1 on.
    Struct(&'static [Kind]),
    /// Anything: the library skips it.
    Any,
}

const EMPTY: Kind = Struct(&[]);
const KEY_VALUE: Kind = Struct(&[Binary, Binary]);
const TIME: Kind = Struct(&[Bool, Struct(&[EMPTY, EMPTY, EMPTY])]);
const LOGICAL_TYPE: Kind = Struct(&[
    EMPTY,                  // string
    EMPTY,                  // map
    EMPTY,                  // list
    EMPTY,                  // enum
    Struct(&[I32, I32]),    // decimal
    EMPTY,                  // date
    TIME,                   // time
    TIME,                   // timestamp
    Any,                    // reserved
    Struct(&[I8, Bool]),    // integer
    EMPTY,                  // unknown
    EMPTY,                  // JSON
    EMPTY,                  // BSON
    EMPTY,                  // UUID
    EMPTY,                  // float16
    Struct(&[I8]),          // variant
    Struct(&[Binary]),      // geometry
    Struct(&[Binary, I32]), // geography
    EMPTY,                  // file
]);
const SCHEMA_ELEMENT: Kind = Struct(&[
    I32,
    I32,
    I32,
    Name,
    Children,
    I32,
    I32,
    I32,
    I32,
    LOGICAL_TYPE,
]);
const STATISTICS: Kind = Struct(&[Binary, Binary, I64, I64, Binary, Binary, Bool, Bool, I64]);
const SIZE_STATISTICS: Kind = Struct(&[I64, List(&I64), List(&I64)]);
const BOUNDING_BOX: Kind = Struct(&[Double; 8]);
const GEOSPATIAL_STATISTICS: Kind = Struct(&[BOUNDING_BOX, List(&I32)]);
const PAGE_ENCODING_STATS: Kind = Struct(&[I32, I32, I32]);
const COLUMN_META_DATA: Kind = Struct(&[
    I32,
    List(&I32),
    List(&Binary),
    I32,
    I64,
    I64,
    I64,
    List(&KEY_VALUE),
    I64,
    I64,
    I64,
    STATISTICS,
    List(&PAGE_ENCODING_STATS),
    I64,
    I32,
    SIZE_STATISTICS,
    GEOSPATIAL_STATISTICS,
]);
const COLUMN_CHUNK: Kind = Struct(&[
    Binary,
    I64,
    COLUMN_META_DATA,
    I64,
    I32,
    I64,
    I32,
    Any,
    Binary,
]);
const SORTING_COLUMN: Kind = Struct(&[I32, Bool, Bool]);
const ROW_GROUP: Kind = Struct(&[
    List(&COLUMN_CHUNK),
    I64,
    I64,
    List(&SORTING_COLUMN),
    I64,
    I64,
    I16,
]);
const COLUMN_ORDER: Kind = Struct(&[EMPTY, EMPTY, EMPTY]);
const FILE_META_DATA: Kind = Struct(&[
    I32,
    Columns(&SCHEMA_ELEMENT),
    I64,
    List(&ROW_GROUP),
    List(&KEY_VALUE),
    Binary,
    List(&COLUMN_ORDER),
    Any,
    Binary,
]);
const PAGE_HEADER: Kind = Struct(&[
    I32,
    I32,
    I32,
    I32,
    Struct(&[I32, I32, I32, I32, STATISTICS]),
    EMPTY,
    Struct(&[I32, I32, Bool]),
    Struct(&[I32, I32, I32, I32, I32, I32, Bool, STATISTICS]),
]);

/// Is `bytes` the metadata of a file?
pub fn check_footer(bytes: &[u8]) -> Result<()> {
    check(bytes, &FILE_META_DATA, "footer").map(drop)
}

/// How many bytes the header of a page has that stands at the beginning of `from`.
pub fn check_page_header(from: impl Read) -> Result<u64> {
    check(from, &PAGE_HEADER, "page header")
}

fn check(from: impl Read, kind: &Kind, name: &str) -> Result<u64> {
    let mut walk = Walk {
        from,
        read: 0,
        noted: Noted::default(),
    };
    walk.value(STRUCT, kind, MAX_DEPTH).map_err(|cause| {
        ParquetError::General(format!("{name}: {cause} at its byte {}", walk.read))
    })?;
    Ok(walk.read)
}

/// How deep values may lie within values, and columns within columns. The library goes as deep into what it skips.
const MAX_DEPTH: usize = 64;

/// How many bytes the names of all columns may have, each with the names of those that it is within: 64 MiB.
const MAX_NAMES: u64 = 1 << 26;

/// The type of a struct, as a file states it.
const STRUCT: u8 = 12;

impl Kind {
    /// May a file state `type` of this?
    fn may_be(&self, r#type: u8) -> bool {
        match self {
            Bool => matches!(r#type, 1 | 2),
            I8 => r#type == 3,
            // All three are written alike, and read alike; fastparquet writes an I16 as I64.
            I16 | I32 | I64 | Children => matches!(r#type, 4..=6),
            Double => r#type == 7,
            Binary | Name => r#type == 8,
            List(_) | Columns(_) => r#type == 9,
            Struct(_) => r#type == STRUCT,
            Any => true,
        }
    }
}

struct Walk<R> {
    from: R,
    read: u64,
    noted: Noted,
}

/// What is kept of a column that was passed.
#[derive(Default)]
struct Noted {
    /// The length of its name.
    name: u64,
    /// How many columns are within it; a negative number counts as `u64::MAX`.
    children: u64,
}

impl<R: Read> Walk<R> {
    /// Passes a value of which the file states `type`, and the format says `kind`.
    fn value(&mut self, r#type: u8, kind: &Kind, depth: usize) -> io::Result<()> {
        if !kind.may_be(r#type) {
            return Err(damaged("a value of another type than Parquet has there"));
        }
        if depth == 0 {
            return Err(damaged("too many values within values"));
        }
        match r#type {
            1 | 2 => Ok(()), // the type is the value
            3 => self.byte().map(drop),
            4..=6 => {
                let number = self.varint()?;
                if matches!(kind, Children) {
                    self.noted.children = unzigzag(number).try_into().unwrap_or(u64::MAX);
                }
                Ok(())
            }
            7 => self.skip(8),
            8 => {
                let len = self.varint()?;
                if matches!(kind, Name) {
                    self.noted.name = len;
                }
                self.skip(len)
            }
            9 | 10 => self.list(kind, depth),
            11 => self.map(depth),
            STRUCT => self.fields(kind, depth),
            13 => self.skip(16),
            _ => Err(damaged("a value of a type that does not exist")),
        }
    }

    fn list(&mut self, kind: &Kind, depth: usize) -> io::Result<()> {
        let head = self.byte()?;
        let len = match head >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        let kind = match kind {
            Columns(of) => return self.columns(len, head & 0xf, of, depth),
            List(of) => of,
            _ => &Any,
        };
        for _ in 0..len {
            self.element(head & 0xf, kind, depth)?;
        }
        Ok(())
    }

    /// Passes columns. The library makes room for as many as are said to be within one, goes down to them by recursion,
    /// however deep, and gives each the names of all that it is within.
    fn columns(&mut self, len: u64, r#type: u8, kind: &Kind, depth: usize) -> io::Result<()> {
        /// A column that the next one is within.
        struct Outer {
            /// How many columns within it are still to come.
            left: u64,
            /// The length of its name and of those before it.
            names: u64,
        }
        let mut outer: Vec<Outer> = Vec::new();
        let mut all_names = 0;
        for passed in 1..=len {
            self.noted = Noted::default();
            self.element(r#type, kind, depth)?;
            let Noted { name, children } = self.noted;
            let mut names = name;
            if let Some(last) = outer.last_mut() {
                last.left -= 1;
                names += last.names;
            }
            all_names += names;
            if all_names > MAX_NAMES {
                return Err(damaged("names of columns that take more than 64 MiB"));
            }
            if children > len - passed {
                return Err(damaged("a column with more columns than there are"));
            }
            if children > 0 {
                outer.push(Outer {
                    left: children,
                    names,
                });
            }
            if outer.len() > MAX_DEPTH {
                return Err(damaged("too many columns within columns"));
            }
            while outer.last().is_some_and(|last| last.left == 0) {
                outer.pop();
            }
        }
        Ok(())
    }

    fn map(&mut self, depth: usize) -> io::Result<()> {
        let len = self.varint()?;
        if len == 0 {
            return Ok(());
        }
        let types = self.byte()?;
        for _ in 0..len {
            self.element(types >> 4, &Any, depth)?;
            self.element(types & 0xf, &Any, depth)?;
        }
        Ok(())
    }

    /// Passes a value of a list or map: at least one byte.
    fn element(&mut self, r#type: u8, kind: &Kind, depth: usize) -> io::Result<()> {
        if Bool.may_be(r#type) {
            return Err(damaged("a list of booleans"));
        }
        self.value(r#type, kind, depth - 1)
    }

    fn fields(&mut self, kind: &Kind, depth: usize) -> io::Result<()> {
        let kinds = match kind {
            Struct(kinds) => kinds,
            _ => [].as_slice(),
        };
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head & 0xf == 0 {
                return Ok(());
            }
            id = match head >> 4 {
                0 => unzigzag(self.varint()?) as i16,
                more => id
                    .checked_add(i16::from(more))
                    .ok_or_else(|| damaged("a field beyond the last"))?,
            };
            let known = usize::try_from(i32::from(id) - 1).ok();
            let kind = known.and_then(|i| kinds.get(i)).unwrap_or(&Any);
            self.value(head & 0xf, kind, depth - 1)?;
        }
    }

    fn varint(&mut self) -> io::Result<u64> {
        varint(|| self.byte())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    fn skip(&mut self, len: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.from.by_ref().take(len), &mut io::sink())?;
        self.read += skipped;
        match skipped == len {
            true => Ok(()),
            false => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// An unsigned number, seven bits a byte, the lowest first.
pub fn varint(mut next: impl FnMut() -> io::Result<u8>) -> io::Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = next()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(damaged("a number of more than 64 bits"))
}

/// A signed number, small for small magnitudes of either sign.
fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page header up to its third field: the type and two sizes.
    const BEGUN: [u8; 6] = [0x15, 0, 0x15, 4, 0x15, 4];

    fn header_with(rest: &[u8]) -> Result<u64> {
        check_page_header([&BEGUN, rest].concat().as_slice())
    }

    fn refusal(rest: &[u8]) -> String {
        header_with(rest).unwrap_err().to_string()
    }

    #[test]
    fn a_header_ends_where_its_last_field_does() {
        assert_eq!(header_with(&[0, 1, 2, 3]).unwrap(), 7);
        // Field 5, a data page with its four numbers.
        let data_page = [0x2c, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];
        assert_eq!(header_with(&data_page).unwrap(), 17);
        // Field 20, in no version yet: a struct with a list of 15 numbers, a map, a text, true, a UUID.
        let mut unknown = vec![0x0c, 40, 0x19, 0xf5, 15];
        unknown.extend([1; 15]);
        unknown.extend([0x1b, 1, 0x58, 7, 2, b'h', b'i', 0x18, 1, b'!', 0x11, 0x1d]);
        unknown.extend([0; 16 + 2]);
        let length = BEGUN.len() + unknown.len();
        assert_eq!(header_with(&unknown).unwrap(), length as u64);
    }

    #[test]
    fn lists_of_booleans_are_refused_wherever_they_are() {
        // 2^31 - 1 of them, as the tenth field, within a struct there, and as the keys and the values of a map.
        let many = [0xff, 0xff, 0xff, 0xff, 0x07];
        for before in [&[0x79, 0xf2][..], &[0x7c, 0x1a, 0xf1]] {
            assert!(refusal(&[before, &many, &[0, 0]].concat()).contains("a list of booleans"));
        }
        for types in [0x15, 0x51] {
            let map = [&[0x7b][..], &many, &[types, 2, 2]].concat();
            assert!(refusal(&map).contains("a list of booleans"));
        }
        let footer = [&[0xf9, 0xf2][..], &many, &[0]].concat();
        let refused = check_footer(&footer).unwrap_err().to_string();
        assert_eq!(
            refused,
            "Parquet error: footer: a list of booleans at its byte 7"
        );
    }

    #[test]
    fn what_is_not_what_parquet_has_is_refused() {
        // The schema is a list of structs, not of numbers.
        let refused = check_footer(&[0x29, 0x15, 2, 0]).unwrap_err();
        assert!(refused.to_string().contains("another type"), "{refused}");
        // Field 4 is a number, not a text; field 5 a struct, not a list; there is no type 14.
        for (rest, reason) in [
            (&[0x18, 1, 0, 0][..], "another type"),
            (&[0x29, 0x15, 0, 0], "another type"),
            (&[0x1e], "another type"),
            (&[0x7e], "does not exist"),
            (&[0x7c, 0x15], "failed to fill"),
            (&[0x78, 100, 1], "end of file"),
            (
                &[0x75, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                "64 bits",
            ),
            (&[0x7c; 100], "within values"),
        ] {
            let refused = refusal(rest);
            assert!(refused.contains(reason), "{refused}, not {reason}");
        }
    }

    /// A footer with nothing but columns, that have so many within them.
    fn schema(children: &[u8]) -> Vec<u8> {
        let mut footer = vec![0x29, 0xfc];
        footer.extend([children.len() as u8 | 0x80, (children.len() >> 7) as u8]);
        for n in children {
            footer.extend([0x48, 1, b'c', 0x15, n << 1, 0]);
        }
        footer.push(0);
        footer
    }

    #[test]
    fn columns_lie_within_columns_only_so_deep_and_only_those_that_are_there() {
        check_footer(&schema(&[3, 1, 0, 2, 0, 0, 0])).unwrap();
        let many_lists = [&[50][..], &[1, 1, 0].repeat(50)].concat();
        check_footer(&schema(&many_lists)).unwrap();
        let chain = |n: usize| schema(&[&vec![1; n][..], &[0]].concat());
        check_footer(&chain(MAX_DEPTH)).unwrap();
        for (footer, reason) in [
            (chain(MAX_DEPTH + 1), "too many columns within columns"),
            (schema(&[3, 0, 0]), "more columns than there are"),
            // Less than none.
            (
                vec![0x29, 0x1c, 0x48, 1, b'c', 0x15, 1, 0, 0],
                "more columns",
            ),
        ] {
            let refused = check_footer(&footer).unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}, not {reason}");
        }
    }

    #[test]
    fn names_are_counted_with_those_that_they_are_within() {
        // A column with as many in it as 32 names of its length take the room of.
        let footer = |within: u8| {
            let name = vec![b'x'; (MAX_NAMES / 32) as usize];
            let mut footer = vec![0x29, 0xfc, within + 1, 0x48, 0x80, 0x80, 0x80, 1];
            footer.extend(name);
            footer.extend([0x15, within << 1, 0]);
            for _ in 0..within {
                footer.extend([0x48, 0, 0]);
            }
            footer.push(0);
            footer
        };
        check_footer(&footer(31)).unwrap();
        let refused = check_footer(&footer(32)).unwrap_err().to_string();
        assert!(refused.contains("names of columns"), "{refused}");
    }

    #[test]
    fn whole_numbers_may_be_stated_wider_than_they_are() {
        // The ordinal of a row group as 64 bits, as fastparquet has it.
        check_footer(&[0x49, 0x1c, 0x76, 0, 0, 0]).unwrap();
    }
}
