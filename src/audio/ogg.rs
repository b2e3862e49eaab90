//! Ogg (RFC 3533): whether the pages are whole, and where an Opus stream ends (RFC 7845).
//!
//! The decoder leaves damaged pages out silently, so they are checked here: every page has a
//! checksum and a number, and the last one is marked as the end. A file without that mark is
//! refused: nothing else tells a recording cut between two pages from a whole one, and the few
//! recorders that never write it (a crash, a stream saved as it came) leave just such files. Whoever
//! knows that theirs are whole has `accept_truncated`.

use std::collections::HashMap;

use crate::audio::container::Stated;

/// What the pages state. `first` is the position of the first sample that decodes, which is not 0
/// in a part of a live stream.
pub fn opus_length_s(bytes: &[u8], first: i64, pre_skip: u64) -> Option<f64> {
    // All bits set: no packet ends on the page.
    let end = pages(bytes)
        .filter_map(Result::ok)
        .map(|page| page.position())
        .filter(|&position| position != u64::MAX)
        .last()?;
    let samples = end.checked_sub(first.max(0) as u64 + pre_skip)?;
    Some(samples as f64 / 48_000.0)
}

/// Whether the pages are whole.
pub fn read(bytes: &[u8]) -> Stated {
    Stated {
        fault: fault(bytes),
        ..Stated::default()
    }
}

/// What is wrong with the pages, if anything.
fn fault(bytes: &[u8]) -> Option<String> {
    let (mut last_marked, mut within) = (false, false);
    let mut next_number: HashMap<u32, u32> = HashMap::new();
    for page in pages(bytes) {
        let page = match page {
            Ok(page) => page,
            Err(at) => return Some(format!("byte {at} begins no whole page")),
        };
        let at = page.at;
        if crc(page.bytes) != page.word(22) {
            return Some(format!(
                "the checksum of the page at byte {at} does not match"
            ));
        }
        let begins = page.bytes[5] & 0x02 != 0;
        if begins && within {
            return Some(format!(
                "another recording begins at byte {at}, and only the first is read"
            ));
        }
        let number = page.word(18);
        let expected = next_number.insert(page.word(14), number.wrapping_add(1));
        if expected.is_some_and(|expected| expected != number) {
            return Some(format!("pages are missing before byte {at}"));
        }
        within = !begins;
        last_marked = page.bytes[5] & 0x04 != 0;
    }
    (!last_marked).then(|| "its last page is not marked as the end".into())
}

struct Page<'a> {
    at: usize,
    bytes: &'a [u8],
}

impl Page<'_> {
    fn word(&self, from: usize) -> u32 {
        u32::from_le_bytes(self.bytes[from..from + 4].try_into().expect("4 bytes"))
    }

    /// Where the last packet that ends on the page ends: for Opus, in samples at 48 kHz.
    fn position(&self) -> u64 {
        u64::from(self.word(6)) | (u64::from(self.word(10)) << 32)
    }
}

/// The pages in order, up to the first byte that begins none.
fn pages(bytes: &[u8]) -> impl Iterator<Item = Result<Page<'_>, usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let Some(len) = page_len(rest) else {
            let broken = Err(at);
            at = bytes.len();
            return Some(broken);
        };
        let page = Page {
            at,
            bytes: &rest[..len],
        };
        at += len;
        Some(Ok(page))
    })
}

fn page_len(page: &[u8]) -> Option<usize> {
    let segments = *page.get(26)? as usize;
    let table = page.get(27..27 + segments)?;
    let len = 27 + segments + table.iter().map(|&n| n as usize).sum::<usize>();
    (page.starts_with(b"OggS") && page.len() >= len).then_some(len)
}

/// CRC-32 with polynomial 0x04c11db7, no reflection, starting at 0, its own field read as 0.
fn crc(page: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut crc = (byte as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                crc = (crc << 1)
                    ^ if crc & 0x8000_0000 != 0 {
                        0x04c1_1db7
                    } else {
                        0
                    };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    page.iter().enumerate().fold(0, |crc: u32, (at, &byte)| {
        let byte = if (22..26).contains(&at) { 0 } else { byte };
        (crc << 8) ^ TABLE[((crc >> 24) as u8 ^ byte) as usize]
    })
}

#[test]
fn the_checksum_of_ogg_is_the_published_one() {
    // CRC-32/MPEG-2 without its initial ones: 0x89a1897f for "123456789" (reveng catalogue,
    // CRC-32/CKSUM before the length and the final inversion). Bytes 22 to 25 are read as 0, so the
    // text stays below.
    assert_eq!(crc(b"123456789"), 0x89a1_897f);
}
