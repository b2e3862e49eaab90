//! MPEG-4 (M4A, MP4, 3GP): what the boxes state of the sound beside its packets (ISO/IEC 14496-12).
//!
//! Noticed are a box that goes beyond the end of the file, an index (`moov`) that is missing, a
//! fragment's index (`moof`) without its samples, and samples that the index promises and the file
//! has not. Not noticed are a changed byte (there are
//! no checksums) and fragments missing at the end of a fragmented file that states no length.

use crate::audio::bytes::big_at;
use crate::audio::container::Stated;

/// A box: its name and content.
struct Atom<'a> {
    id: [u8; 4],
    content: &'a [u8],
    /// Bytes of it that are there, header and content.
    len: usize,
    /// It states more bytes than there are.
    cut: bool,
}

/// The boxes within `bytes`, up to the first that is cut.
fn atoms(mut bytes: &[u8]) -> impl Iterator<Item = Atom<'_>> {
    std::iter::from_fn(move || {
        let id = bytes.get(4..8)?.try_into().expect("4 bytes");
        let (header_len, len) = match big_at(bytes, 0, 4)? {
            // To the end of the file; or 64 bits.
            0 => (8, bytes.len() as u64),
            1 => (16, big_at(bytes, 8, 8)?),
            len => (8, len),
        };
        let cut = len > bytes.len() as u64;
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(bytes.len());
        let content = &bytes[header_len.min(len)..len];
        let len = len.max(8);
        bytes = &bytes[len..];
        Some(Atom {
            id,
            content,
            len,
            cut,
        })
    })
}

/// The content of the box at `path`.
fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, id| {
        atoms(bytes)
            .find(|atom| &atom.id == *id)
            .map(|atom| atom.content)
    })
}

/// What the file states of its first sound track.
pub fn read(bytes: &[u8]) -> Stated {
    let mut stated = Stated {
        fault: fault(bytes),
        ..Stated::default()
    };
    let Some(movie) = find(bytes, &[b"moov"]) else {
        return stated;
    };
    let Some(track) = sound_track(movie) else {
        return stated;
    };
    let media_ticks_s = find(track, &[b"mdia", b"mdhd"]).and_then(ticks_per_s);
    let movie_ticks_s = find(movie, &[b"mvhd"]).and_then(ticks_per_s);
    let (Some(media_ticks_s), Some(movie_ticks_s)) = (media_ticks_s, movie_ticks_s) else {
        return stated;
    };
    let total_s = find(track, &[b"mdia", b"minf", b"stbl", b"stts"])
        .map_or(0.0, |table| sum_of_durations(table) as f64 / media_ticks_s);
    if let Some((delay, samples)) = find(movie, &[b"udta", b"meta"]).and_then(gapless_comment) {
        stated.skip_s = delay as f64 / media_ticks_s;
        stated.length_s = Some(samples as f64 / media_ticks_s);
    } else {
        let edit = find(track, &[b"edts", b"elst"]).and_then(first_edit);
        let (start, duration) = edit.unwrap_or((0, 0));
        stated.skip_s = start as f64 / media_ticks_s;
        let edited_s = duration as f64 / movie_ticks_s;
        // The table of durations counts in samples, the edit list often in milliseconds: where
        // both mean the same, the finer one is taken.
        let from_table_s = total_s - stated.skip_s;
        stated.length_s = if duration == 0 || (edited_s - from_table_s).abs() <= 1.0 / movie_ticks_s
        {
            (total_s > 0.0).then_some(from_table_s)
        } else {
            Some(edited_s)
        };
    }
    stated
}

fn fault(bytes: &[u8]) -> Option<String> {
    let cut = atoms(bytes).find(|atom| atom.cut);
    if let Some(atom) = cut {
        let name = String::from_utf8_lossy(&atom.id).into_owned();
        return Some(format!("it ends within the box `{name}`"));
    }
    let len: usize = atoms(bytes).map(|atom| atom.len).sum();
    let rest = &bytes[len.min(bytes.len())..];
    if rest.iter().any(|&b| b != 0) {
        return Some("it ends within the header of a box".into());
    }
    if find(bytes, &[b"moov"]).is_none() {
        return Some(
            "its index (the box `moov`) is missing, as where recording was cut short".into(),
        );
    }
    // A fragment is its index and, behind it, its samples.
    let mut awaited = false;
    for atom in atoms(bytes) {
        match &atom.id {
            b"moof" if awaited => break,
            b"moof" => awaited = true,
            b"mdat" => awaited = false,
            _ => {}
        }
    }
    awaited.then(|| "the samples (`mdat`) of a fragment (`moof`) are missing".into())
}

fn sound_track(movie: &[u8]) -> Option<&[u8]> {
    let mut tracks = atoms(movie).filter(|atom| &atom.id == b"trak");
    tracks
        .find(|track| {
            let handler = find(track.content, &[b"mdia", b"hdlr"]);
            handler.and_then(|handler| handler.get(8..12)) == Some(b"soun")
        })
        .map(|track| track.content)
}

/// The four letters that name the codec of the first sound track, where it is not decoded.
pub fn foreign_codec(bytes: &[u8]) -> Option<String> {
    let movie = find(bytes, &[b"moov"])?;
    let table = find(sound_track(movie)?, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
    let name = table.get(12..16)?;
    let is_decoded = matches!(
        name,
        b"mp4a"
            | b"alac"
            | b"Opus"
            | b"fLaC"
            | b".mp3"
            | b"sowt"
            | b"twos"
            | b"raw "
            | b"lpcm"
            | b"ipcm"
            | b"fpcm"
            | b"in24"
            | b"in32"
            | b"fl32"
            | b"fl64"
    );
    if is_decoded {
        return None;
    }
    let name = String::from_utf8_lossy(name).into_owned();
    Some(match name.as_str() {
        "samr" => "AMR (samr)".into(),
        "sawb" => "AMR-WB (sawb)".into(),
        "ac-3" | "ec-3" => format!("Dolby ({name})"),
        "drms" | "enca" => format!("copy protection ({name})"),
        "agsm" => "GSM 6.10 (agsm)".into(),
        _ => name,
    })
}

/// Ticks a second of `mvhd` and `mdhd`.
fn ticks_per_s(header: &[u8]) -> Option<f64> {
    let at = if header.first()? == &1 { 20 } else { 12 };
    big_at(header, at, 4).filter(|&n| n > 0).map(|n| n as f64)
}

/// `stts`: runs of packets of the same duration.
fn sum_of_durations(table: &[u8]) -> u64 {
    let runs = table.get(8..).unwrap_or(&[]).chunks_exact(8);
    runs.filter_map(|run| Some(big_at(run, 0, 4)?.saturating_mul(big_at(run, 4, 4)?)))
        .fold(0, u64::saturating_add)
}

/// The first edit that shows anything: its start in ticks of the medium, its duration in ticks of
/// the movie (0: to the end).
fn first_edit(list: &[u8]) -> Option<(u64, u64)> {
    let (wide, width) = (list.first()? == &1, if list.first()? == &1 { 8 } else { 4 });
    let edits = list.get(8..)?.chunks_exact(2 * width + 4);
    let mut edits = edits.map(|edit| (big_at(edit, width, width), big_at(edit, 0, width)));
    // A start of -1 is silence put before.
    let none = if wide { u64::MAX } else { u64::from(u32::MAX) };
    edits.find_map(|(start, duration)| Some((start.filter(|&start| start != none)?, duration?)))
}

/// Apple's `iTunSMPB`: encoder delay and length in samples, in hexadecimal words: 0, delay,
/// padding, length.
fn gapless_comment(meta: &[u8]) -> Option<(u64, u64)> {
    let list = find(meta.get(4..)?, &[b"ilst"])?;
    let mut comments = atoms(list).filter(|atom| &atom.id == b"----");
    comments.find_map(|comment| {
        let name = find(comment.content, &[b"name"])?;
        if name.get(4..)? != b"iTunSMPB" {
            return None;
        }
        let text =
            String::from_utf8_lossy(find(comment.content, &[b"data"])?.get(8..)?).into_owned();
        let words: Vec<u64> = text
            .split_whitespace()
            .map_while(|word| u64::from_str_radix(word, 16).ok())
            .collect();
        let length = *words.get(3)?;
        (length > 0).then_some((words[1], length))
    })
}
