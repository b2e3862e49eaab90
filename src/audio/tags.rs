//! Tags that players put around recordings, and that lie between recordings in joined files.

use std::ops::Range;

use crate::audio::bytes::{Bytes, View, little_at};

/// Bytes of the header of an ID3v2 tag.
pub const ID3_HEADER_LEN: u64 = 10;

/// Bytes of an ID3v1 tag.
const ID3V1_LEN: u64 = 128;

/// Header and footer of an APEv2 tag.
const APE_LEN: u64 = 32;

/// Lyrics3 before its second version has at most 5100 bytes; nobody writes much longer ones.
const LYRICS_LEN: usize = 1 << 14;

/// Length of the tag that begins at `at`; 0 where none does.
pub fn len_at(view: &mut View, at: u64) -> u64 {
    let first = view.get(at, APE_LEN as usize);
    match first {
        [b'I', b'D', b'3', ..] => id3_len(first),
        [b'T', b'A', b'G', ..] => ID3V1_LEN,
        [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', ..] => {
            // The length counts all but the header.
            let is_header = first.get(23).is_some_and(|b| b & 0x20 != 0);
            let behind = little_at(first, 12, 4).unwrap_or(0);
            APE_LEN + if is_header { behind } else { 0 }
        }
        [b'L', b'Y', b'R', b'I', b'C', b'S', b'B', b'E', ..] => {
            let lyrics = view.get(at, LYRICS_LEN);
            let ends = |w: &[u8]| w == b"LYRICSEND" || w == b"LYRICS200";
            let end = lyrics.windows(9).position(ends);
            end.map_or(0, |end| end as u64 + 9)
        }
        _ => 0,
    }
}

/// Where in the bytes the recording lies: behind tags of ID3v2, before those of ID3v1 and APE. With
/// `states_its_length`, a tag behind it would be chance.
pub fn without(bytes: &Bytes, states_its_length: impl Fn(u64) -> bool) -> Range<u64> {
    let mut start = 0;
    while let len @ 1.. = id3_len(&bytes.get(start, ID3_HEADER_LEN as usize)) {
        start = start.saturating_add(len).min(bytes.len());
    }
    let mut end = bytes.len();
    if states_its_length(start) {
        return start..end;
    }
    if (end - start) > ID3V1_LEN && bytes.get(end - ID3V1_LEN, 3) == b"TAG" {
        end -= ID3V1_LEN;
    }
    // The length counts all but the header, which is as long as the footer.
    if end - start > APE_LEN && bytes.get(end - APE_LEN, 8) == b"APETAGEX" {
        let footer = bytes.get(end - APE_LEN, APE_LEN as usize);
        let len = little_at(&footer, 12, 4).unwrap_or(0);
        let has_header = footer.get(23).is_some_and(|b| b & 0x80 != 0);
        let len = len.saturating_add(if has_header { APE_LEN } else { 0 });
        if (APE_LEN..end - start).contains(&len) {
            end -= len;
        }
    }
    start..end
}

/// Length of the ID3v2 tag at the start; 0 where there is none. Sizes are written 7 bits a byte,
/// and count neither the header nor the footer that a flag announces, of 10 bytes each.
fn id3_len(bytes: &[u8]) -> u64 {
    match bytes {
        [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] => {
            let size = [a, b, c, d]
                .iter()
                .fold(0, |n, &&b| (n << 7) | u64::from(b & 0x7f));
            size + ID3_HEADER_LEN * if flags & 0x10 == 0 { 1 } else { 2 }
        }
        _ => 0,
    }
}
