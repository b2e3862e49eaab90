//! MPEG-4 (M4A, MP4, 3GP) and QuickTime: where the packets of sound lie, and which part of what decodes is the recording
//! (ISO/IEC 14496-12; QuickTime File Format, 2001).
//!
//! Every packet that the tables and fragments list is decoded. Packets beyond the end of the file, a missing or cut index
//! (`moov`), and a file of fragments that ends within a box are noticed. The sizes that boxes state, of themselves or of
//! the whole, never decide. A changed byte (there are no checksums) and fragments missing at the end go unnoticed.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::atoms::{Atom, atoms, find, find_all};
use crate::audio::bytes::{Held, big_at};
use crate::audio::container::{self, Container, REMEDY, Reader, Sign, has};
use crate::audio::opus;
use crate::audio::sample_entry::SampleEntry;
use crate::audio::sample_tables::{Defaults, Gathering, Piece};
use crate::audio::stream::{Stated, Stream};

pub static CONTAINER: Container = Container {
    name: "MPEG-4",
    listed: Some("MPEG-4"),
    extensions: &["m4a", "mp4", "m4b", "mov", "qt", "3gp", "3ga", "3g2"],
    sign: Sign::Start(|bytes| FIRST_BOXES.iter().any(|name| has(bytes, 4, *name))),
    states_its_length: false,
    reader: Reader::Packets(open),
};

/// What a box is called that a file begins with: mostly the first; in old QuickTime, and where a fragment is apart from
/// its file, the others.
const FIRST_BOXES: [&[u8; 4]; 9] = [
    b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"moof",
];

/// The packets of the first sound track, and what it states beside them.
fn open(bytes: &Held) -> Result<(Stream, Stated), String> {
    let name = CONTAINER.name;
    let broken = |fault: &str| {
        format!(
            "{name} that breaks off or is damaged before its first sample: {fault}; get the file again"
        )
    };
    let top: Vec<Atom> = atoms(bytes, 0..bytes.len()).collect();
    let listed = top.iter().position(|atom| &atom.id == b"moov");
    let apart = if listed.is_none() {
        movie_apart(bytes)
    } else {
        None
    };
    let movie = listed
        .map(|at| &top[at])
        .or(apart.as_ref())
        .ok_or_else(|| {
            broken("its index (the box `moov`) is missing, as where recording was cut short")
        })?;
    if movie.is_cut {
        return Err(broken("it ends within the box `moov`"));
    }
    let movie = &bytes[movie.content.clone()];
    if find(movie, &[b"cmov"]).is_some() {
        return Err(format!(
            "{name} with a compressed index (`cmov`), which is not read; {REMEDY}"
        ));
    }
    let track = sound_track(movie)
        .ok_or_else(|| format!("holds {name} without a sound track; {REMEDY}"))?;
    let track = Track::read(movie, track)
        .ok_or_else(|| broken("the index of its sound track is damaged"))?;
    if track.lies_elsewhere {
        return Err(format!("{name} whose sound lies in another file; {REMEDY}"));
    }
    let mut gathering = Gathering::new(bytes, &track.entries);
    let mut fault = gathering.add_tables(track.table).err();
    for fragment in top.iter().filter(|atom| &atom.id == b"moof") {
        if fault.is_none() {
            fault = gathering.add_fragment(fragment, &track.defaults).err();
        }
    }
    let pieces = gathering.pieces;
    if track.is_fragmented {
        let ends_within = ends_within_a_box(bytes, &top);
        // The size of the box with the samples does not matter where all of them are there.
        let is_outer = top
            .last()
            .is_some_and(|atom| atom.is_cut && &atom.id == b"mdat");
        fault = match fault {
            None if is_outer => None,
            fault => ends_within.or(fault),
        };
    }
    let mut firsts = vec![None; track.entries.len()];
    for piece in &pieces {
        firsts[usize::from(piece.entry)].get_or_insert(piece.range());
    }
    let mut codecs = Vec::new();
    for (i, (entry, first)) in track.entries.iter().zip(firsts).enumerate() {
        let is_used = i == 0 || first.is_some();
        let first = first.map_or(&[][..], |range| &bytes[range]);
        match entry.parameters(first) {
            Ok(codec) => codecs.push(codec),
            Err(codec) if is_used => {
                return Err(format!(
                    "{name} with {codec}, which is not decoded; {}",
                    container::remedy(&codec)
                ));
            }
            Err(_) => codecs.push(AudioCodecParameters::new()),
        }
    }
    if codecs.is_empty() {
        return Err(format!("{name} that names no codec; {REMEDY}"));
    }
    let stated = Stated {
        fault,
        ..track.stated(bytes, movie, &pieces)
    };
    let bytes = bytes.clone();
    let packets = pieces.into_iter().map(move |piece| {
        let data = bytes[piece.range()].to_vec();
        let ticks = Duration::new(u64::from(piece.ticks));
        Ok(Packet::new(
            u32::from(piece.entry),
            Timestamp::ZERO,
            ticks,
            data,
        ))
    });
    let stream = Stream {
        parameters: codecs.remove(0),
        further: codecs,
        promised: None,
        packets: Box::new(packets),
    };
    Ok((stream, stated))
}

/// The index where the boxes before it do not lead to it, as one of them states a wrong size: a `moov` whose first box is
/// `mvhd`.
fn movie_apart(bytes: &[u8]) -> Option<Atom> {
    let mut starts = bytes.windows(12).enumerate().skip(4);
    let at = starts
        .find(|(_, names)| names.starts_with(b"moov") && names.ends_with(b"mvhd"))?
        .0;
    atoms(bytes, at - 4..bytes.len()).next()
}

/// Why a file of fragments is not whole, as far as its boxes tell.
fn ends_within_a_box(bytes: &[u8], top: &[Atom]) -> Option<String> {
    let last = top.last()?;
    if last.is_cut {
        let name = String::from_utf8_lossy(&last.id).into_owned();
        return Some(format!("it ends within the box `{name}`"));
    }
    let rest = &bytes[last.content.end.max(last.start + 8).min(bytes.len())..];
    rest.iter()
        .any(|&b| b != 0)
        .then(|| "it ends within the header of a box".into())
}

/// Of the tracks of sound the first that is to be played, or else the first.
fn sound_track(movie: &[u8]) -> Option<&[u8]> {
    let sound: Vec<&[u8]> = find_all(movie, b"trak")
        .filter(|track| {
            let handler = find(track, &[b"mdia", b"hdlr"]);
            handler.and_then(|handler| handler.get(8..12)) == Some(b"soun")
        })
        .collect();
    let is_enabled = |track: &&&[u8]| {
        find(track, &[b"tkhd"])
            .and_then(|header| header.get(3))
            .is_some_and(|b| b & 1 == 1)
    };
    sound.iter().find(is_enabled).or(sound.first()).copied()
}

/// What the index says of a track of sound.
struct Track<'a> {
    track: &'a [u8],
    /// `stbl`.
    table: &'a [u8],
    entries: Vec<SampleEntry>,
    defaults: Defaults,
    ticks_per_s: f64,
    is_fragmented: bool,
    /// The sound is in another file.
    lies_elsewhere: bool,
}

impl<'a> Track<'a> {
    fn read(movie: &'a [u8], track: &'a [u8]) -> Option<Track<'a>> {
        let media = find(track, &[b"mdia", b"minf"])?;
        let table = find(media, &[b"stbl"])?;
        let header = find(track, &[b"tkhd"])?;
        let number = big_at(header, if header.first()? == &1 { 20 } else { 12 }, 4)?;
        let extends = find(movie, &[b"mvex"]);
        // The first reference: a flag says that the sound is in this file, or else where it is.
        let reference = find(media, &[b"dinf", b"dref"]).and_then(|list| list.get(8..20));
        let lies_elsewhere = reference
            .is_some_and(|reference| big_at(reference, 0, 4) > Some(12) && reference[11] & 1 == 0);
        Some(Track {
            track,
            table,
            entries: SampleEntry::all(find(table, &[b"stsd"])?)?,
            defaults: Defaults::of(extends.unwrap_or(&[]), number),
            ticks_per_s: find(track, &[b"mdia", b"mdhd"]).and_then(ticks_per_s)?,
            is_fragmented: extends.is_some(),
            lies_elsewhere,
        })
    }

    /// Which part of what decodes is the recording.
    fn stated(&self, bytes: &[u8], movie: &[u8], pieces: &[Piece]) -> Stated {
        let mut stated = Stated::default();
        let comment = [movie, self.track]
            .into_iter()
            .find_map(|within| find(within, &[b"udta", b"meta"]).and_then(gapless_comment));
        if let Some((delay, samples)) = comment {
            stated.skip_s = delay as f64 / self.ticks_per_s;
            stated.length_s = Some(samples as f64 / self.ticks_per_s);
            return stated;
        }
        let pre_skip = self.entries.first().and_then(SampleEntry::pre_skip);
        let pre_skip_s = pre_skip.map_or(0.0, |n| n as f64 / f64::from(opus::SAMPLE_RATE));
        let (total_s, counts_samples) = self.total_s(bytes, pieces, pre_skip_s);
        let rest_s = |start_s: f64| counts_samples.then_some(total_s - start_s);
        let movie_ticks_s = find(movie, &[b"mvhd"])
            .and_then(ticks_per_s)
            .unwrap_or(1000.0);
        let edits = find(self.track, &[b"edts", b"elst"])
            .and_then(edits)
            .unwrap_or_default();
        let mut parts = edits.iter().map(|edit| {
            let start_s = match edit.start {
                0 => pre_skip_s,
                start => start as f64 / self.ticks_per_s,
            };
            let edited_s = edit.duration as f64 / movie_ticks_s;
            // The durations of packets count in samples, the edit list often in milliseconds, and some give it the length
            // of the picture: where it means all that is left, the finer one is taken. In a file of fragments the list
            // was written before they were.
            let is_open = edit.duration == 0 || self.is_fragmented;
            let means_the_rest = edited_s >= total_s - start_s - 1.0 / movie_ticks_s;
            match is_open || means_the_rest {
                true => (start_s, rest_s(start_s)),
                false => (start_s, Some(edited_s)),
            }
        });
        (stated.skip_s, stated.length_s) = parts.next().unwrap_or((pre_skip_s, rest_s(pre_skip_s)));
        stated.further = parts.collect();
        stated
    }

    /// How long all packets are, and whether that counts what decodes of them, the last one's less its padding. Some
    /// recorders write the time that passed instead, by which sound would be cut.
    fn total_s(&self, bytes: &[u8], pieces: &[Piece], pre_skip_s: f64) -> (f64, bool) {
        let mut total = 0.0;
        let mut counts_samples = true;
        for (i, piece) in pieces.iter().enumerate() {
            let mut ticks = f64::from(piece.ticks);
            let samples = self
                .entries
                .get(usize::from(piece.entry))
                .and_then(|e| e.samples_of(&bytes[piece.range()]));
            if let Some((samples, rate)) = samples {
                let whole = samples as f64 * self.ticks_per_s / rate;
                // GStreamer leaves out of the first packet of Opus what comes before the recording.
                if i == 0 && (whole - ticks - pre_skip_s * self.ticks_per_s).abs() <= 1.0 {
                    ticks = whole;
                }
                let is_last = i + 1 == pieces.len();
                counts_samples &= (ticks - whole).abs() <= 1.0 || is_last && ticks <= whole;
            }
            total += ticks;
        }
        (total / self.ticks_per_s, counts_samples)
    }
}

/// Ticks a second of `mvhd` and `mdhd`.
fn ticks_per_s(header: &[u8]) -> Option<f64> {
    let at = if header.first()? == &1 { 20 } else { 12 };
    big_at(header, at, 4).filter(|&n| n > 0).map(|n| n as f64)
}

/// A part of the recording: its start in ticks of the medium, its duration in ticks of the movie (0: to the end).
struct Edit {
    start: u64,
    duration: u64,
}

/// The edits that show anything: a start of -1 is silence put before.
fn edits(list: &[u8]) -> Option<Vec<Edit>> {
    let width = if list.first()? == &1 { 8 } else { 4 };
    let count = big_at(list, 4, 4)? as usize;
    let edits = list.get(8..)?.chunks_exact(2 * width + 4).take(count);
    let none = if width == 8 {
        u64::MAX
    } else {
        u64::from(u32::MAX)
    };
    let edits = edits.filter_map(|edit| {
        let start = big_at(edit, width, width).filter(|&start| start != none)?;
        let duration = big_at(edit, 0, width)?;
        Some(Edit { start, duration })
    });
    Some(edits.collect())
}

/// Apple's `iTunSMPB`: encoder delay and length in samples, in hexadecimal words: 0, delay, padding, length.
fn gapless_comment(meta: &[u8]) -> Option<(u64, u64)> {
    let list = find(meta.get(4..)?, &[b"ilst"])?;
    find_all(list, b"----").find_map(|comment| {
        let name = find(comment, &[b"name"])?;
        if name.get(4..)? != b"iTunSMPB" {
            return None;
        }
        let text = String::from_utf8_lossy(find(comment, &[b"data"])?.get(8..)?).into_owned();
        let words: Vec<u64> = text
            .split_whitespace()
            .map_while(|word| u64::from_str_radix(word, 16).ok())
            .collect();
        let length = *words.get(3)?;
        (length > 0).then_some((words[1], length))
    })
}
