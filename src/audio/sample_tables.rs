//! MPEG-4 and QuickTime: where the packets of a track lie, by the tables of its index and by fragments (ISO/IEC
//! 14496-12, 8.6 to 8.8).

use std::ops::Range;

use crate::audio::atoms::{Atom, find, find_all};
use crate::audio::bytes::{big, big_at};
use crate::audio::sample_entry::{Packing, SampleEntry};

/// A packet, or several of constant length: where it lies.
pub struct Piece {
    start: usize,
    len: u32,
    /// How long it is, in ticks of the medium.
    pub ticks: u32,
    /// Which of the sample entries says how it is coded.
    pub entry: u16,
}

impl Piece {
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.len as usize
    }
}

/// Samples of each channel that are decoded at once where each is coded for itself.
const AT_ONCE: u64 = 4096;

/// The packets of a track, gathered in their order.
pub struct Gathering<'a> {
    bytes: &'a [u8],
    entries: &'a [SampleEntry],
    pub pieces: Vec<Piece>,
    /// Bytes in all: no two packets share any, so there are no more than the file has.
    total: u64,
}

impl<'a> Gathering<'a> {
    pub fn new(bytes: &'a [u8], entries: &'a [SampleEntry]) -> Gathering<'a> {
        Gathering {
            bytes,
            entries,
            pieces: Vec::new(),
            total: 0,
        }
    }

    fn packing(&self, entry: usize) -> Option<Packing> {
        self.entries.get(entry)?.packing
    }

    fn push(&mut self, start: u64, len: u64, ticks: u64, entry: usize) -> Result<(), String> {
        if len == 0 {
            return Ok(());
        }
        let end = start.saturating_add(len);
        let n = self.bytes.len() as u64;
        if end > n {
            return Err(format!(
                "its index lists sound up to byte {end} and beyond, the file has {n} bytes"
            ));
        }
        self.total += len;
        if self.total > n || entry >= self.entries.len() {
            return Err("the index of its sound is damaged".into());
        }
        self.pieces.push(Piece {
            start: start as usize,
            len: u32::try_from(len).map_err(|_| "the index of its sound is damaged")?,
            ticks: u32::try_from(ticks).unwrap_or(u32::MAX),
            entry: entry as u16,
        });
        Ok(())
    }

    /// `len` bytes of packets of constant length.
    fn push_constant(
        &mut self,
        start: u64,
        len: u64,
        packing: Packing,
        entry: usize,
    ) -> Result<(), String> {
        let packets = match packing.samples {
            1 => AT_ONCE,
            _ => 1,
        };
        let step = packets * packing.bytes;
        let end = start.saturating_add(len);
        let mut at = start;
        while at < end {
            let len = step.min(end - at);
            let ticks = len / packing.bytes * packing.samples;
            self.push(at, len, ticks, entry)?;
            at += step;
        }
        Ok(())
    }

    /// Appends the packets that the tables of an index (`stbl`) list. The error says why not all of them are there.
    pub fn add_tables(&mut self, table: &[u8]) -> Result<(), String> {
        let (offsets, width) = match find(table, &[b"stco"]) {
            Some(offsets) => (offsets, 4),
            None => (find(table, &[b"co64"]).unwrap_or(&[]), 8),
        };
        let chunks = offsets.get(8..).unwrap_or(&[]).chunks_exact(width).map(big);
        let chunks = chunks.take(big_at(offsets, 4, 4).unwrap_or(0) as usize);
        let Some(sizes) = Sizes::of(table) else {
            return Ok(());
        };
        // Runs of samples that take the same time; of chunks that hold as many samples: from which on, how many, coded how.
        let mut durations = rows::<2>(find(table, &[b"stts"]));
        let (mut left, mut ticks) = (0, 0);
        let first_ticks = rows::<2>(find(table, &[b"stts"]))
            .next()
            .map_or(0, |[_, ticks]| ticks);
        let mut runs = rows::<3>(find(table, &[b"stsc"])).peekable();
        let (mut in_chunk, mut entry) = (0, 0);
        let mut sample = 0;
        for (which, chunk) in chunks.enumerate() {
            while let Some([_, n, description]) =
                runs.next_if(|[first, ..]| *first <= which as u64 + 1)
            {
                (in_chunk, entry) = (n, description.saturating_sub(1) as usize);
            }
            let n = in_chunk.min(sizes.count() - sample);
            let packing = self.packing(entry);
            if let Some(packing) = packing {
                let len = match &sizes {
                    &Sizes::Same { len, .. } => Some(packing.len_of(n, len, first_ticks)),
                    each => (sample..sample + n).map(|sample| each.get(sample)).sum(),
                };
                let len = len.ok_or("the index of its sound is damaged")?;
                self.push_constant(chunk, len, packing, entry)?;
                sample += n;
                continue;
            }
            let mut at = chunk;
            for _ in 0..n {
                while left == 0 {
                    match durations.next() {
                        Some(run) => [left, ticks] = run,
                        None => (left, ticks) = (u64::MAX, 0),
                    }
                }
                left -= 1;
                let len = sizes
                    .get(sample)
                    .ok_or("the index of its sound is damaged")?;
                self.push(at, len, ticks, entry)?;
                at = at.saturating_add(len);
                sample += 1;
            }
        }
        match sizes.count() - sample {
            0 => Ok(()),
            missing => Err(format!(
                "its index does not say where {missing} of its packets lie"
            )),
        }
    }

    /// Appends the packets of a fragment (`moof`).
    pub fn add_fragment(&mut self, fragment: &Atom, defaults: &Defaults) -> Result<(), String> {
        let bytes = self.bytes;
        let damaged = || {
            format!(
                "the fragment (`moof`) at byte {} is damaged",
                fragment.start
            )
        };
        // Where the samples of the track before end.
        let mut end = fragment.start as u64;
        for (which, track) in find_all(&bytes[fragment.content.clone()], b"traf").enumerate() {
            let header = find(track, &[b"tfhd"]).ok_or_else(damaged)?;
            let mut fields = Fields::new(header).ok_or_else(damaged)?;
            let number = fields.next(4).ok_or_else(damaged)?;
            let base = fields.optional(0x01, 8);
            let entry = fields.optional(0x02, 4).unwrap_or(defaults.entry);
            let default_ticks = fields.optional(0x08, 4).unwrap_or(defaults.ticks);
            let default_len = fields.optional(0x10, 4).unwrap_or(defaults.len);
            let from_fragment = fields.flags & 0x02_0000 != 0 || which == 0;
            let base = base.unwrap_or(if from_fragment {
                fragment.start as u64
            } else {
                end
            });
            let entry = entry.saturating_sub(1) as usize;
            let mut at = base;
            for run in find_all(track, b"trun") {
                let mut fields = Fields::new(run).ok_or_else(damaged)?;
                let count = fields.next(4).ok_or_else(damaged)?;
                if let Some(offset) = fields.optional(0x01, 4) {
                    at = base.saturating_add_signed(i64::from(offset as u32 as i32));
                }
                fields.optional(0x04, 4);
                let flags = fields.flags;
                let listed = flags & 0x0f00 != 0;
                if !listed && default_len == 0 {
                    continue;
                }
                let packing = self.packing(entry);
                let start = at;
                for _ in 0..count {
                    let ticks = fields.listed(0x0100, default_ticks).ok_or_else(damaged)?;
                    let len = fields.listed(0x0200, default_len).ok_or_else(damaged)?;
                    fields.listed(0x0400, 0).ok_or_else(damaged)?;
                    fields.listed(0x0800, 0).ok_or_else(damaged)?;
                    if number == defaults.track && packing.is_none() {
                        self.push(at, len, ticks, entry).map_err(missing)?;
                    }
                    at = at.saturating_add(len);
                    // However many it claims to list.
                    if at > bytes.len() as u64 {
                        break;
                    }
                }
                if let Some(packing) = packing.filter(|_| number == defaults.track) {
                    self.push_constant(start, at - start, packing, entry)
                        .map_err(missing)?;
                }
            }
            end = at;
        }
        Ok(())
    }
}

/// How many bytes the samples of a track have. (A sample is a packet, or in QuickTime that of each channel.)
enum Sizes<'a> {
    Same {
        len: u64,
        count: u64,
    },
    Each {
        bits: usize,
        count: u64,
        table: &'a [u8],
    },
}

impl<'a> Sizes<'a> {
    fn of(table: &'a [u8]) -> Option<Sizes<'a>> {
        if let Some(sizes) = find(table, &[b"stsz"]) {
            let count = big_at(sizes, 8, 4)?;
            return Some(match big_at(sizes, 4, 4)? {
                0 => Sizes::Each {
                    bits: 32,
                    count,
                    table: sizes.get(12..)?,
                },
                len => Sizes::Same { len, count },
            });
        }
        let sizes = find(table, &[b"stz2"])?;
        let bits = *sizes.get(7).filter(|&&bits| matches!(bits, 4 | 8 | 16))?;
        Some(Sizes::Each {
            bits: usize::from(bits),
            count: big_at(sizes, 8, 4)?,
            table: sizes.get(12..)?,
        })
    }

    fn count(&self) -> u64 {
        match self {
            Sizes::Same { count, .. } | Sizes::Each { count, .. } => *count,
        }
    }

    fn get(&self, which: u64) -> Option<u64> {
        match self {
            Sizes::Same { len, .. } => Some(*len),
            Sizes::Each { bits: 4, table, .. } => {
                let both = *table.get(which as usize / 2)?;
                Some(u64::from(if which.is_multiple_of(2) {
                    both >> 4
                } else {
                    both & 0x0f
                }))
            }
            Sizes::Each { bits, table, .. } => {
                big_at(table, (which as usize).checked_mul(bits / 8)?, bits / 8)
            }
        }
    }
}

/// Rows of big-endian numbers of 32 bits.
fn rows<const N: usize>(table: Option<&[u8]>) -> impl Iterator<Item = [u64; N]> {
    let rows = table.and_then(|table| table.get(8..)).unwrap_or(&[]);
    rows.chunks_exact(4 * N)
        .map(|row| std::array::from_fn(|i| big(&row[4 * i..4 * i + 4])))
}

/// What a fragment leaves out is so (`trex`).
pub struct Defaults {
    track: u64,
    entry: u64,
    ticks: u64,
    len: u64,
}

impl Defaults {
    /// Of the track of that number, in `mvex`.
    pub fn of(extends: &[u8], track: u64) -> Defaults {
        let row = |extends: &[u8]| rows::<4>(Some(extends)).next();
        // Behind 4 bytes of version and flags stands the number of the track.
        let found = find_all(extends, b"trex").find(|extends| big_at(extends, 4, 4) == Some(track));
        let [entry, ticks, len, _] = found.and_then(row).unwrap_or([1, 0, 0, 0]);
        Defaults {
            track,
            entry,
            ticks,
            len,
        }
    }
}

fn missing(cause: String) -> String {
    format!("the samples (`mdat`) of a fragment (`moof`) are missing: {cause}")
}

/// The fields of a box, of which flags say which are there.
struct Fields<'a> {
    flags: u64,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn new(content: &'a [u8]) -> Option<Fields<'a>> {
        Some(Fields {
            flags: big_at(content, 1, 3)?,
            rest: content.get(4..)?,
        })
    }

    fn next(&mut self, width: usize) -> Option<u64> {
        let (field, rest) = self.rest.split_at_checked(width)?;
        self.rest = rest;
        Some(big(field))
    }

    fn optional(&mut self, flag: u64, width: usize) -> Option<u64> {
        match self.flags & flag {
            0 => None,
            _ => self.next(width),
        }
    }

    /// A field of each sample, or what it is otherwise; nothing where it should be there and is not.
    fn listed(&mut self, flag: u64, otherwise: u64) -> Option<u64> {
        match self.flags & flag {
            0 => Some(otherwise),
            _ => self.next(4),
        }
    }
}
