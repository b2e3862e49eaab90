//! What a file holds, by its first bytes, and whether it is whole where the decoder does not check.

/// What the first bytes say a file holds, for messages and for the checks that only some containers
/// need.
pub fn content(bytes: &[u8]) -> &'static str {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..offset + magic.len()) == Some(magic);
    if (starts(b"RIFF") || starts(b"RIFX")) && at(8, b"WAVE") {
        "WAV"
    } else if starts(b"fLaC") {
        "FLAC"
    } else if starts(b"OggS") {
        if at(28, b"OpusHead") {
            "Ogg Opus"
        } else {
            "Ogg"
        }
    } else if starts(b"ID3")
        || (bytes.len() > 1 && bytes[0] == 0xff && bytes[1] & 0xe0 == 0xe0 && bytes[1] & 0x06 != 0)
    {
        "MP3"
    } else if at(4, b"ftyp") {
        "MPEG-4"
    } else if starts(b"\x1a\x45\xdf\xa3") {
        "Matroska or WebM"
    } else if starts(b"FORM") {
        "AIFF"
    } else if starts(b"caff") {
        "CAF"
    } else if starts(b"#!AMR") {
        "AMR"
    } else if starts(b"\x30\x26\xb2\x75") {
        "Windows Media"
    } else if starts(b"NIST_1A") {
        "NIST SPHERE"
    } else if starts(b"PK\x03\x04") {
        "a ZIP archive"
    } else if starts(b"PAR1") {
        "a Parquet table"
    } else if std::str::from_utf8(&bytes[..bytes.len().min(256)]).is_ok_and(|t| !t.contains('\0')) {
        "text"
    } else {
        "nothing that looks like a recording"
    }
}

/// A WAV that was written to a pipe states no length (ffmpeg: 2^32 - 1, sox: 2^31 - 4096 and the
/// like, others 0). Gives its last chunk the length that the file has, so that it decodes to its
/// end and a short file is not called broken. The price: a cut WAV of more than 2 GB counts as
/// whole.
pub fn close_open_wav(bytes: &mut [u8]) {
    const OPEN: u32 = 0x7fff_0000;
    if !bytes.starts_with(b"RIFF") {
        return;
    }
    let Some((_, at, size)) = chunks(bytes, 12).find(|(id, ..)| id == b"data") else {
        return;
    };
    let left = bytes.len() - at;
    // A length of 0 is meant where the file ends there or goes on with chunks to its end.
    let is_open = size >= OPEN || (size == 0 && left > 0 && !ends_in_chunks(bytes, at));
    if is_open {
        let real = u32::try_from(left).unwrap_or(u32::MAX - 1);
        bytes[at - 4..at].copy_from_slice(&real.to_le_bytes());
        // Of unknown length as a whole, so that no chunk is longer than its parent.
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    }
}

/// The chunks from byte `at` on: name, first byte of the content, stated length.
fn chunks(bytes: &[u8], mut at: usize) -> impl Iterator<Item = ([u8; 4], usize, u32)> {
    std::iter::from_fn(move || {
        let header = bytes.get(at..at + 8)?;
        let id = [header[0], header[1], header[2], header[3]];
        let size = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let content = at + 8;
        at = content.saturating_add(size as usize + size as usize % 2);
        Some((id, content, size))
    })
}

fn ends_in_chunks(bytes: &[u8], at: usize) -> bool {
    let last = chunks(bytes, at)
        .take_while(|(id, ..)| id.iter().all(u8::is_ascii_graphic))
        .last();
    last.is_some_and(|(_, content, size)| bytes.len() == content + size as usize)
}

/// What is wrong with the pages of an Ogg file, if anything: every page has a checksum and a
/// number, and the last one is marked (RFC 3533, section 6). The decoder leaves damaged pages out
/// silently.
pub fn ogg_fault(bytes: &[u8]) -> Option<String> {
    let (mut at, mut last_marked) = (0, false);
    let mut next_number: std::collections::HashMap<[u8; 4], u32> = Default::default();
    while at < bytes.len() {
        let page = &bytes[at..];
        let Some(len) = ogg_page_len(page) else {
            return Some(format!("byte {at} begins no whole page"));
        };
        let page = &page[..len];
        let word = |from: usize| [page[from], page[from + 1], page[from + 2], page[from + 3]];
        if ogg_crc(page) != u32::from_le_bytes(word(22)) {
            return Some(format!(
                "the checksum of the page at byte {at} does not match"
            ));
        }
        let number = u32::from_le_bytes(word(18));
        let expected = next_number.insert(word(14), number.wrapping_add(1));
        if expected.is_some_and(|expected| expected != number) {
            return Some(format!("pages are missing before byte {at}"));
        }
        last_marked = page[5] & 0x04 != 0;
        at += len;
    }
    (!last_marked).then(|| "its last page is not marked as the end".into())
}

fn ogg_page_len(page: &[u8]) -> Option<usize> {
    let segments = *page.get(26)? as usize;
    let table = page.get(27..27 + segments)?;
    let len = 27 + segments + table.iter().map(|&n| n as usize).sum::<usize>();
    (page.starts_with(b"OggS") && page.len() >= len).then_some(len)
}

/// CRC-32 with polynomial 0x04c11db7, no reflection, starting at 0, its own field read as 0.
fn ogg_crc(page: &[u8]) -> u32 {
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

/// Whether a FLAC or MP3 goes on, behind its last whole frame, with the beginning of another.
pub fn ends_within_a_frame(bytes: &[u8], last_frame: &[u8]) -> bool {
    let from = bytes
        .windows(last_frame.len().max(1))
        .rposition(|window| window == last_frame);
    let tail = from.map_or(&[][..], |from| &bytes[from + last_frame.len()..]);
    tail.len() > 1 && tail[0] == 0xff && tail[1] & 0xe0 == 0xe0
}

#[test]
fn the_checksum_of_ogg_is_the_published_one() {
    // CRC-32/MPEG-2 without its initial ones: 0x89a1897f for "123456789" (reveng catalogue,
    // CRC-32/CKSUM before the length and the final inversion). Bytes 22 to 25 are read as 0, so the
    // text stays below.
    assert_eq!(ogg_crc(b"123456789"), 0x89a1_897f);
}
