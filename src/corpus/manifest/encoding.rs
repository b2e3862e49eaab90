//! From the bytes of a manifest to text: UTF-8 and UTF-16, with or without a byte order mark, and Windows-1252.

use std::borrow::Cow;

/// The text, and what a person should know of how it was read.
pub fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Option<String>), String> {
    if let Some(kind) = foreign(bytes) {
        return Err(format!(
            "is {kind}; expected a CSV with a column `file`: save or export it as CSV (UTF-8)"
        ));
    }
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks();
        let text = char::decode_utf16(pairs.iter().map(|&pair| unit(pair)));
        match text.collect::<Result<String, _>>() {
            Ok(text) if rest.is_empty() => Ok((Cow::Owned(text), None)),
            _ => Err("is UTF-16 that is damaged or breaks off; save the manifest as UTF-8".into()),
        }
    };
    match bytes {
        [0xff, 0xfe, text @ ..] => return utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => return utf16(text, u16::from_be_bytes),
        _ if starts_in_utf16(bytes, 0) => return utf16(bytes, u16::from_le_bytes),
        _ if starts_in_utf16(bytes, 1) => return utf16(bytes, u16::from_be_bytes),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let cause = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok((Cow::Borrowed(text), None)),
        Err(cause) => cause,
    };
    let before = &bytes[..cause.valid_up_to()];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    match western(bytes) {
        Some(text) => {
            // As long a word as there is around the first such letter, so that a person sees whether it is right.
            let word = text.split(['\n', '\r', ',', ';', '\t', '|']);
            let word = word.into_iter().find(|word| !word.is_ascii()).unwrap_or("");
            let word: String = word.trim_matches(['"', ' ']).chars().take(40).collect();
            let note = format!(
                "not UTF-8, so read as Windows-1252 (line {line}: {word:?}); where letters are wrong, save it as UTF-8"
            );
            Ok((Cow::Owned(text), Some(note)))
        }
        None => Err(format!(
            "line {line}: is not UTF-8; save the manifest as UTF-8 (in Excel: CSV UTF-8)"
        )),
    }
}

/// What a file is that is plainly no CSV.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let starts = [
        (
            &b"PK\x03\x04"[..],
            "a workbook (Excel, LibreOffice) or a ZIP archive",
        ),
        (b"\xd0\xcf\x11\xe0", "a workbook of Excel 97"),
        (b"PAR1", "a Parquet table"),
        (b"ARROW1", "an Arrow file"),
        (b"{", "JSON"),
        (b"[", "JSON"),
        (b"<!", "a web page"),
        (b"<html", "a web page"),
        (b"<?xml", "XML"),
    ];
    let found = starts.iter().find(|(magic, _)| start.starts_with(magic));
    found.map(|(_, kind)| *kind)
}

/// Pairs of bytes that are looked at.
const PAIRS: usize = 64;

/// Whether every other byte of the start is 0, from the second on (`high` 0: little-endian) or the first (1): names
/// of columns are mostly ASCII.
fn starts_in_utf16(bytes: &[u8], high: usize) -> bool {
    let pairs = bytes.as_chunks().0;
    let pairs = &pairs[..pairs.len().min(PAIRS)];
    let is_ascii = |pair: &&[u8; 2]| pair[1 - high] == 0 && pair[high] != 0;
    let ascii = pairs.iter().filter(is_ascii).count();
    ascii >= 2 && ascii * 10 >= pairs.len() * 8
}

/// The text where all of it can be Western European in Windows-1252, the 8-bit code of Excel there. `None` where
/// it rather is another: UTF-8 that is damaged in places, Mac OS Roman, Cyrillic, Greek, Chinese, Japanese.
fn western(bytes: &[u8]) -> Option<String> {
    let is_letter = |b: u8| b.is_ascii_alphabetic() || (b >= 0xc0 && b != 0xd7 && b != 0xf7);
    let mut runs = bytes.split(u8::is_ascii).filter(|run| !run.is_empty());
    if runs.any(|run| std::str::from_utf8(run).is_ok()) {
        return None;
    }
    for (i, pair) in bytes.windows(2).enumerate() {
        let (first, second) = (pair[0], pair[1]);
        // Letters of Mac OS Roman are signs here. An apostrophe and a raised point may well stand in a word.
        let is_sign = second >= 0x80 && !is_letter(second) && ![0x92, 0xb4, 0xb7].contains(&second);
        let next = bytes.get(i + 2).copied().unwrap_or(b' ');
        if is_sign && is_letter(first) && is_letter(next) {
            return None;
        }
    }
    // Elsewhere words are written without a letter of ASCII.
    let is_high = |b: &u8| *b >= 0xc0;
    let common = "ÄÖÜäöüßåøæÅØÆéèàçÉ";
    let is_word =
        |word: &[u8]| word.len() < 3 || word.iter().all(|&b| common.contains(char::from(b)));
    let mut words = bytes.split(|b| !is_high(b));
    if !words.all(is_word) {
        return None;
    }
    bytes.iter().map(|&b| windows_1252(b)).collect()
}

/// A byte of Windows-1252 (as in the WHATWG Encoding Standard, index windows-1252); `None` for signs that hardly
/// stand in a manifest, and for letters that are rarer in Western Europe than those of Mac OS Roman, or Japanese
/// (Shift_JIS), at their place.
fn windows_1252(byte: u8) -> Option<char> {
    Some(match byte {
        0x80 => '€',
        0x84 => '„',
        0x85 => '…',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x96 => '–',
        0x97 => '—',
        0xa0 | 0xa1 | 0xa7 | 0xaa | 0xab | 0xb0 | 0xb4 | 0xb7 | 0xba | 0xbb | 0xbf => byte.into(),
        ..0x80 | 0xc0.. => byte.into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "file,emotion\nGrüße.wav,Ärger\n";

    fn in_utf16(unit: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        let text = format!("{mark}{TEXT}");
        text.encode_utf16().flat_map(unit).collect()
    }

    fn in_latin1(text: &str) -> Vec<u8> {
        text.chars().map(|c| u8::try_from(c).unwrap()).collect()
    }

    #[test]
    fn text_is_read_in_every_encoding_that_spreadsheets_write() {
        for bytes in [
            TEXT.as_bytes().to_vec(),
            format!("\u{feff}{TEXT}").into_bytes(),
            in_utf16(u16::to_le_bytes, true),
            in_utf16(u16::to_be_bytes, true),
            in_utf16(u16::to_le_bytes, false),
            in_utf16(u16::to_be_bytes, false),
        ] {
            assert_eq!(decode(&bytes).unwrap(), (TEXT.into(), None));
        }
        let latin1 = in_latin1(TEXT);
        let (text, note) = decode(&latin1).unwrap();
        assert_eq!(text, TEXT);
        let note = note.unwrap();
        assert!(
            note.starts_with("not UTF-8, so read as Windows-1252 (line 2: \"Grüße.wav\")"),
            "{note}"
        );
        let (text, _) = decode(b"file\nl\x92\xe9t\xe9 \x96 \x84\xc4\xd6\xdc\x93.wav").unwrap();
        assert_eq!(text, "file\nl’été – „ÄÖÜ“.wav");
    }

    #[test]
    fn what_is_another_encoding_or_no_text_is_told() {
        let say = |bytes: &[u8]| decode(bytes).unwrap_err();
        let macintosh = b"file\nGr\x9f\xa7e.wav\n";
        let cyrillic = b"file,emotion\na.wav,\xe3\xed\xe5\xe2\n";
        let japanese = b"file,emotion\na.wav,\x93\x7b\x82\xe8\n";
        let damaged = "file\nGrüße.wav\n"
            .replace("ß", "ß\u{0}")
            .replace('\u{0}', "\u{7f}");
        let damaged: Vec<u8> = damaged
            .bytes()
            .map(|b| if b == 0x7f { 0xff } else { b })
            .collect();
        for bytes in [&macintosh[..], cyrillic, japanese, &damaged] {
            assert_eq!(
                say(bytes),
                "line 2: is not UTF-8; save the manifest as UTF-8 (in Excel: CSV UTF-8)"
            );
        }
        assert!(say(b"\xff\xfef\0i\0l\0e\0\n").contains("UTF-16 that is damaged or breaks off"));
        assert!(say(b"\xff\xfe\x00\xd8f\0").contains("UTF-16 that is damaged"));
        assert!(say(b"PK\x03\x04...").starts_with("is a workbook (Excel, LibreOffice) or"));
        assert!(say(b"[{\"file\": \"a.wav\"}]").starts_with("is JSON; expected a CSV"));
    }
}
