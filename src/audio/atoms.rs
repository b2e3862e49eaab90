//! The boxes of MPEG-4 and QuickTime (ISO/IEC 14496-12, 4.2), which QuickTime calls atoms.

use std::ops::Range;

use crate::audio::bytes::big_at;

/// A box: its name, and where it and its content lie.
pub struct Atom {
    pub id: [u8; 4],
    pub start: usize,
    pub content: Range<usize>,
    /// It states more bytes than there are.
    pub is_cut: bool,
}

/// The boxes in a range of `bytes`, up to the first that is cut.
pub fn atoms(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = Atom> {
    let mut at = range.start;
    let bytes = &bytes[..range.end];
    std::iter::from_fn(move || {
        let rest = &bytes[at..];
        let id = rest.get(4..8)?.try_into().expect("4 bytes");
        let (header_len, len) = match big_at(rest, 0, 4)? {
            // To the end of the file; or 64 bits.
            0 => (8, rest.len() as u64),
            1 => (16, big_at(rest, 8, 8)?),
            len => (8, len),
        };
        let is_cut = len > rest.len() as u64;
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
        let start = at;
        at += len.max(8);
        Some(Atom {
            id,
            start,
            content: start + header_len.min(len)..start + len,
            is_cut,
        })
    })
}

/// The content of the first box of that name within `bytes`.
pub fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, id| {
        let mut atoms = atoms(bytes, 0..bytes.len());
        let atom = atoms.find(|atom| &atom.id == *id)?;
        Some(&bytes[atom.content])
    })
}

/// The contents of all boxes of that name.
pub fn find_all<'a>(bytes: &'a [u8], id: &'a [u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    let atoms = atoms(bytes, 0..bytes.len()).filter(move |atom| &atom.id == id);
    atoms.map(|atom| &bytes[atom.content])
}
