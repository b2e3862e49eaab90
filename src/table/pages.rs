//! The pages of a Parquet file as the library asks for them, their counts looked over before it decodes them.
//!
//! A page of texts may have its lengths as differences (`DELTA_LENGTH_BYTE_ARRAY`, `DELTA_BYTE_ARRAY`), and how many they
//! are stands within. The library makes room for as many, as it does for the values that a dictionary states, which of a
//! damaged page are more than memory holds, and that ends the process.
//!
//! Source: `Encodings.md` of Apache Parquet.

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

use super::source::Source;
use super::thrift::varint;

/// Row groups of a file, by their numbers. No number of rows is negative.
pub struct Groups {
    pub source: Arc<Source>,
    pub metadata: Arc<ParquetMetaData>,
    pub numbers: Range<usize>,
}

impl RowGroups for Groups {
    fn num_rows(&self) -> usize {
        self.row_groups()
            .map(|group| group.num_rows() as usize)
            .sum()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        Ok(Box::new(Chunks {
            source: self.source.clone(),
            metadata: self.metadata.clone(),
            column,
            numbers: self.numbers.clone(),
        }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups()[self.numbers.clone()].iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// A column, a row group after the other.
struct Chunks {
    source: Arc<Source>,
    metadata: Arc<ParquetMetaData>,
    column: usize,
    numbers: Range<usize>,
}

impl Chunks {
    fn pages(&self, number: usize) -> Result<Pages> {
        let group = self.metadata.row_group(number);
        let rows = group.num_rows() as usize;
        let chunk = group.column(self.column);
        let column = chunk.column_descr();
        let levels = [column.max_rep_level(), column.max_def_level()];
        Ok(Pages {
            reader: SerializedPageReader::new(self.source.clone(), chunk, rows, None)?,
            levels: levels.map(|max| (i16::BITS - max.leading_zeros()) as usize),
            left: rows.max(chunk.num_values().try_into().unwrap_or(0)),
        })
    }
}

impl Iterator for Chunks {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.numbers.next()?;
        Some(self.pages(number).map(|pages| Box::new(pages) as _))
    }
}

impl PageIterator for Chunks {}

/// The pages of a column in a row group.
struct Pages {
    reader: SerializedPageReader<Source>,
    /// How many bits a repetition and a definition level have.
    levels: [usize; 2],
    /// How many values are still to come.
    left: usize,
}

impl Pages {
    fn check(&mut self, page: &Page) -> Result<()> {
        let count = page.num_values() as usize;
        if page.is_dictionary_page() {
            // A value has a byte at least.
            let fits = count <= page.buffer().len();
            return fits.then_some(()).ok_or_else(too_many);
        }
        self.left = self.left.checked_sub(count).ok_or_else(too_many)?;
        let lists = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
            // How much of each text is that of the one before, and the length of the rest.
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => 0,
        };
        let mut rest = self.values(page).unwrap_or_default();
        for _ in 0..lists {
            // What ends too early the library refuses.
            let Ok(deltas) = Deltas::at(rest) else { break };
            if deltas.count > count as u64 {
                return Err(too_many());
            }
            let Ok(behind) = deltas.behind() else { break };
            rest = behind;
        }
        Ok(())
    }

    /// What is behind the levels of a page.
    fn values<'a>(&self, page: &'a Page) -> Option<&'a [u8]> {
        let bytes = page.buffer();
        match *page {
            Page::DataPage {
                num_values,
                rep_level_encoding,
                def_level_encoding,
                ..
            } => {
                let encodings = [rep_level_encoding, def_level_encoding];
                let mut rest = &bytes[..];
                for (&bits, encoding) in self.levels.iter().zip(encodings) {
                    let length = match encoding {
                        _ if bits == 0 => 0,
                        Encoding::RLE => {
                            let length = u32::from_le_bytes(*rest.first_chunk()?);
                            (length as usize).checked_add(4)?
                        }
                        _ => (num_values as usize * bits).div_ceil(8),
                    };
                    rest = rest.get(length..)?;
                }
                Some(rest)
            }
            Page::DataPageV2 {
                rep_levels_byte_len,
                def_levels_byte_len,
                ..
            } => bytes
                .get((rep_levels_byte_len as usize).checked_add(def_levels_byte_len as usize)?..),
            Page::DictionaryPage { .. } => None,
        }
    }
}

fn too_many() -> ParquetError {
    ParquetError::General("page: more values than there can be".into())
}

/// Whole numbers as differences, in blocks of some miniblocks each (`DELTA_BINARY_PACKED`).
struct Deltas<'a> {
    /// How many numbers a miniblock has.
    per_miniblock: u64,
    /// How many miniblocks a block has.
    miniblocks: usize,
    /// How many numbers there are.
    count: u64,
    blocks: &'a [u8],
}

impl<'a> Deltas<'a> {
    /// Those that begin where `bytes` do.
    fn at(mut bytes: &'a [u8]) -> io::Result<Deltas<'a>> {
        let mut next = || varint_of(&mut bytes);
        let [per_block, miniblocks, count, _first] = [next()?, next()?, next()?, next()?];
        Ok(Deltas {
            per_miniblock: per_block.checked_div(miniblocks).unwrap_or(0),
            miniblocks: miniblocks.try_into().unwrap_or(usize::MAX),
            count,
            blocks: bytes,
        })
    }

    /// What is behind them.
    fn behind(&self) -> io::Result<&'a [u8]> {
        let ends = || io::Error::from(ErrorKind::UnexpectedEof);
        let mut bytes = self.blocks;
        let mut left = self.count.saturating_sub(1); // the first is in the head
        while left > 0 && self.per_miniblock > 0 {
            varint_of(&mut bytes)?; // the least of the block's differences
            let widths;
            (widths, bytes) = bytes.split_at_checked(self.miniblocks).ok_or_else(ends)?;
            for &width in widths {
                if left > 0 {
                    let bits = self.per_miniblock.saturating_mul(width.into());
                    bytes = bytes.get(bits.div_ceil(8) as usize..).ok_or_else(ends)?;
                    left = left.saturating_sub(self.per_miniblock);
                }
            }
        }
        Ok(bytes)
    }
}

fn varint_of(bytes: &mut &[u8]) -> io::Result<u64> {
    varint(|| {
        let (&first, rest) = bytes.split_first().ok_or(ErrorKind::UnexpectedEof)?;
        *bytes = rest;
        Ok(first)
    })
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

/// No page is skipped, so a dictionary never waits until it is asked for.
impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.reader.get_next_page()?;
        page.iter().try_for_each(|page| self.check(page))?;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.reader.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.reader.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.reader.at_record_boundary()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use tempfile::NamedTempFile;

    use super::*;
    use crate::table::Table;
    use crate::table::source::tests::file_of;

    const DELTAS: [Encoding; 2] = [
        Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::DELTA_BYTE_ARRAY,
    ];

    /// A file with one column of texts; without an encoding they have a dictionary.
    fn written(
        texts: &[Option<String>],
        encoding: Option<Encoding>,
        version: WriterVersion,
    ) -> NamedTempFile {
        let properties = WriterProperties::builder().set_writer_version(version);
        let properties = match encoding {
            Some(encoding) => properties
                .set_dictionary_enabled(false)
                .set_encoding(encoding),
            None => properties,
        };
        file_of(Arc::new(StringArray::from_iter(texts)), properties)
    }

    /// Wherever `head`, which ends with a count, stands in the file, it must not be larger.
    fn refuses_another_count(file: &NamedTempFile, bytes: &[u8], head: &[u8], places: usize) {
        let heads = bytes.windows(head.len()).enumerate();
        let heads = heads.filter(|(_, bytes)| *bytes == head);
        let counts: Vec<usize> = heads.map(|(at, _)| at + head.len() - 1).collect();
        assert_eq!(counts.len(), places);
        for count in counts {
            let mut bytes = bytes.to_vec();
            bytes[count] = 126;
            std::fs::write(file.path(), bytes).unwrap();
            let refused = Table::read(file.path()).unwrap_err().to_string();
            assert!(
                refused.contains("more values than there can be"),
                "{refused}"
            );
        }
    }

    #[test]
    fn texts_with_their_lengths_as_differences_are_read() {
        let text = |i: usize| (i % 7 != 3).then(|| format!("speaker {}", "x".repeat(i * i % 100)));
        for count in [0, 1, 2, 30, 5000] {
            let texts: Vec<Option<String>> = (0..count).map(text).collect();
            for encoding in DELTAS {
                for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                    let file = written(&texts, Some(encoding), version);
                    let read = Table::read(file.path()).unwrap();
                    assert_eq!(read.text("x").unwrap(), texts, "{count} as {encoding}");
                }
            }
        }
    }

    #[test]
    fn more_lengths_than_texts_are_refused() {
        let texts = ["a", "ab", "abc"].map(|text| Some(text.to_string()));
        // Blocks of 128 numbers in four miniblocks, and three numbers.
        let head = [0x80, 1, 4, 3];
        for (encoding, lists) in DELTAS.into_iter().zip([1, 2]) {
            let file = written(&texts, Some(encoding), WriterVersion::PARQUET_1_0);
            let bytes = std::fs::read(file.path()).unwrap();
            refuses_another_count(&file, &bytes, &head, lists);
        }
    }

    #[test]
    fn more_words_than_a_dictionary_holds_are_refused() {
        let texts = ["a", "ab"].map(|text| Some(text.to_string()));
        let file = written(&texts, None, WriterVersion::PARQUET_1_0);
        let bytes = std::fs::read(file.path()).unwrap();
        // In the header of the page, the seventh field: a struct, first in it the number of words, doubled.
        refuses_another_count(&file, &bytes, &[0x4c, 0x15, 4], 1);
    }

    #[test]
    fn numbers_as_differences_end_where_the_last_miniblock_does() {
        // Two blocks of 64 in two miniblocks: all of width 1, and 2 of the last with nothing but its width.
        let bytes = [
            &[64, 2, 67, 0][..],
            &[0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0, 1, 9, 0, 0, 0, 0],
            b"behind",
        ];
        let bytes = bytes.concat();
        let deltas = Deltas::at(&bytes).unwrap();
        assert_eq!(deltas.count, 67);
        assert_eq!(deltas.behind().unwrap(), b"behind");
        assert!(Deltas::at(&bytes[..12]).unwrap().behind().is_err());
        assert!(Deltas::at(&bytes[..3]).is_err());
        assert_eq!(Deltas::at(&[64, 0, 67, 0]).unwrap().behind().unwrap(), b"");
    }
}
