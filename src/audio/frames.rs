//! Frames that state their own length, one after the other: MPEG audio and ADTS.
//!
//! Whatever lies before the first frame (zeros, a tag, the rest of a cut frame) or after the last is not part of the
//! recording. Between two frames there may be tags, and before a frame that begins another recording anything at all;
//! other bytes between frames mean that frames are missing. A cut frame counts as missing, at the end and before another.

use std::ops::Range;

use crate::audio::bytes::View;
use crate::audio::tags;

/// The header of a frame.
pub trait Header: Copy {
    /// Its bytes.
    const LEN: usize;

    /// What stands in the first bytes of a frame, if they are a header.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// Bytes of the whole frame.
    fn frame_len(&self) -> u64;

    /// Whether a frame of the same sound can have the header `other`.
    fn is_like(&self, other: &Self) -> bool;

    /// Whether so few bytes that they are no header can be the beginning of one that is like this.
    fn can_begin_with(&self, bytes: &[u8]) -> bool;

    /// Whether the first bytes of the frame say that another recording begins with it.
    fn begins_another(&self, _frame: &[u8]) -> bool {
        false
    }
}

/// How far from the start of a file its first frame is looked for.
const SEARCHED: u64 = 1 << 20;

/// Frames in a row that cannot be chance: in a megabyte of noise there are a few dozen headers of MPEG audio, and one
/// pair of them in thousands of megabytes.
const SURE: Evidence = Evidence {
    frames: 8,
    at_the_end: 3,
};

/// Frames in a row that tell frames from noise where others were before, so that they are looked for.
const LIKELY: Evidence = Evidence {
    frames: 4,
    at_the_end: 3,
};

/// What is enough where other frames end, or the file begins.
const PLAUSIBLE: Evidence = Evidence {
    frames: 2,
    at_the_end: 1,
};

/// How many frames in a row are enough.
#[derive(Clone, Copy)]
struct Evidence {
    frames: usize,
    /// Where the file or a tag ends the row.
    at_the_end: usize,
}

/// The frames of a file, in their order, and where each begins.
pub struct Walk<H> {
    pub view: View,
    /// Where the next frame should begin.
    at: u64,
    last: Option<H>,
    /// Why there are no more frames, if any are missing.
    pub fault: Option<String>,
}

impl<H: Header> Walk<H> {
    /// From the first frame on, if there is one.
    pub fn new(mut view: View) -> Option<Walk<H>> {
        let at = first::<H>(&mut view)?;
        Some(Walk {
            view,
            at,
            last: None,
            fault: None,
        })
    }

    /// Whether the frame at `at` can follow those before it.
    fn belongs(&mut self, at: u64, header: &H) -> bool {
        let Some(last) = self.last else { return true };
        let frame = self.view.get(at, header.frame_len() as usize);
        header.is_like(&last)
            || header.begins_another(frame)
            || is_row::<H>(&mut self.view, at, LIKELY)
    }

    /// Whether what lies behind a frame begins before the frame's end, which is `end`.
    fn is_cut(&mut self, from: u64, end: u64) -> bool {
        let view = &mut self.view;
        let is_followed = end == view.len()
            || H::read(view.get(end, H::LEN)).is_some()
            || tags::len_at(view, end) > 0;
        !is_followed
            && (find::<H>(view, from..end, LIKELY, self.last).is_some()
                || (from..end).any(|at| tags::len_at(view, at) > 0))
    }

    /// Goes on behind what is no frame.
    fn bridge(&mut self) {
        let (from, len) = (self.at, self.view.len());
        let Some(to) = find::<H>(&mut self.view, from..len, LIKELY, self.last) else {
            self.at = len;
            return;
        };
        self.at = to;
        let header = H::read(self.view.get(to, H::LEN)).expect("found there");
        let frame = self.view.get(to, header.frame_len() as usize);
        if !header.begins_another(frame) {
            self.fault = Some(format!(
                "frames are missing: between bytes {from} and {to} there are none"
            ));
        }
    }
}

impl<H: Header> Iterator for Walk<H> {
    type Item = (u64, H);

    /// Where and what the next frame is.
    fn next(&mut self) -> Option<(u64, H)> {
        loop {
            let (at, len) = (self.at, self.view.len());
            if self.fault.is_some() || at >= len {
                return None;
            }
            let first = self.view.get(at, H::LEN);
            let header = H::read(first);
            let short = first.len() < H::LEN;
            if short && self.last.is_some_and(|last| last.can_begin_with(first)) {
                self.fault = Some(format!("it ends within the frame at byte {at}"));
                return None;
            }
            if let Some(header) = header.filter(|header| self.belongs(at, header)) {
                let end = at.saturating_add(header.frame_len());
                if end > len || self.is_cut(at + H::LEN as u64, end) {
                    let ends = if end > len {
                        "it ends"
                    } else {
                        "bytes are missing"
                    };
                    self.fault = Some(format!("{ends} within the frame at byte {at}"));
                    return None;
                }
                self.at = end;
                self.last = Some(header);
                return Some((at, header));
            }
            match tags::len_at(&mut self.view, at) {
                tag @ 1.. if at.saturating_add(tag) <= len => self.at = at + tag,
                _ => self.bridge(),
            }
        }
    }
}

/// Where the first frame begins.
pub fn first<H: Header>(view: &mut View) -> Option<u64> {
    if is_row::<H>(view, 0, PLAUSIBLE) {
        return Some(0);
    }
    let until = view.len().min(SEARCHED);
    let at = find::<H>(view, 0..until, SURE, None)?;
    // A frame like them at the very start is the recording's, and those between are damaged.
    let found = H::read(view.get(at, H::LEN));
    let start = H::read(view.get(0, H::LEN));
    let is_like = start.zip(found).is_some_and(|(a, b)| a.is_like(&b));
    Some(if is_like { 0 } else { at })
}

/// The first place in `range` with as many frames in a row as are evidence enough; one frame is at the end of the file,
/// if it is like `last`.
fn find<H: Header>(
    view: &mut View,
    range: Range<u64>,
    evidence: Evidence,
    last: Option<H>,
) -> Option<u64> {
    let mut at = range.start;
    while at < range.end {
        let n = (range.end - at).min(1 << 12) as usize;
        // Every header begins so.
        let Some(skipped) = view.get(at, n).iter().position(|&b| b == 0xff) else {
            at += n as u64;
            continue;
        };
        at += skipped as u64;
        if let Some(header) = H::read(view.get(at, H::LEN)) {
            let is_like = last.is_some_and(|last| last.is_like(&header));
            let at_the_end = if is_like { 1 } else { evidence.at_the_end };
            let evidence = Evidence {
                at_the_end,
                ..evidence
            };
            if is_row::<H>(view, at, evidence) {
                return Some(at);
            }
        }
        at += 1;
    }
    None
}

/// Whether frames that are alike stand in a row from `at` on, as many as are evidence enough.
fn is_row<H: Header>(view: &mut View, mut at: u64, evidence: Evidence) -> bool {
    let mut first = None;
    for whole in 0..evidence.frames {
        let header = H::read(view.get(at, H::LEN));
        let header = header.filter(|header| first.is_none_or(|first: H| first.is_like(header)));
        let ends = match header {
            Some(header) => at.saturating_add(header.frame_len()) > view.len(),
            None => at + H::LEN as u64 > view.len() || tags::len_at(view, at) > 0,
        };
        if ends {
            return whole >= evidence.at_the_end;
        }
        let Some(header) = header else { return false };
        first = first.or(Some(header));
        at += header.frame_len();
    }
    true
}
