//! The same sound twice: by its audio, by its features, by its place in the table.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::audit::{Apart, Audited, Finding, count, examples, finding, groups};
use crate::dataset::{Row, Target};

/// A segment is compared with so many of those that begin while it lasts. Where more do, nearer
/// ones tell.
const OVERLAPPING: usize = 8;

/// Copies whose numbers are further apart than this share of the target's standard deviation contradict each other: less
/// is what raters differ by.
const FAR: f64 = 1.0;

/// So many features are compared first: one line of the cache.
const BEGINNING: usize = 16;

/// Recordings that are copies of each other, by what tells so.
struct Copies<'a> {
    told_by: &'static str,
    /// Numbers of recordings.
    groups: Vec<Vec<usize>>,
    /// Where each group is on two sides.
    apart: Vec<Option<Apart<'a>>>,
    /// Whether the labels of each group contradict each other.
    contradicts: Vec<bool>,
}

pub fn findings(table: &Audited) -> Vec<Finding> {
    // Two channels of a file are two sounds, though its hash is of both.
    let hash = |recording: usize| -> Option<(&str, Option<usize>)> {
        let row = &table.data.rows[table.recordings[recording][0]];
        let hash = row.audio_hash.as_deref().filter(|hash| !hash.is_empty())?;
        Some((hash, row.recording.channel))
    };
    let of_same_audio = |group: &[usize]| {
        let first = hash(group[0]);
        first.is_some() && group.iter().all(|&recording| hash(recording) == first)
    };
    let has_hashes = |group: &[usize]| group.iter().all(|&recording| hash(recording).is_some());

    let by_audio = groups((0..table.recordings.len()).map(hash));
    let mut by_features = groups(fingerprints(table));
    by_features.retain(|group| !of_same_audio(group));
    let audio = copies(table, "the same audio", by_audio, |_| true);
    // Of two different sounds with equal features each may have its label.
    let features = copies(
        table,
        "the same features (their audio has no hash, or another)",
        by_features,
        |group| !has_hashes(group),
    );

    let (listed, listed_twice) = listed_twice(table);
    let mut findings = Vec::new();
    findings.extend(on_two_sides(table, "audio_on_two_sides", &audio));
    findings.extend(on_two_sides(table, "features_on_two_sides", &features));
    findings.extend(two_labels(table, &audio));
    findings.extend(two_labels(table, &features));
    findings.extend(listed_twice);
    findings.extend(overlapping(table));
    findings.extend(calls_on_two_sides(table));
    findings.extend(on_one_side(table, &audio, &listed));
    findings.extend(on_one_side(table, &features, &listed));
    findings
}

/// Where copies lie, and whether their labels contradict each other; `must_agree` says of which
/// groups the labels should be the same.
fn copies<'a>(
    table: &'a Audited,
    told_by: &'static str,
    groups: Vec<Vec<usize>>,
    must_agree: impl Fn(&[usize]) -> bool,
) -> Copies<'a> {
    let contradicts = |group: &Vec<usize>| {
        let rows: Vec<usize> = group.iter().map(|&r| table.recordings[r][0]).collect();
        must_agree(group) && contradict(&table.data.target, &rows)
    };
    let rows = |group: &Vec<usize>| {
        let rows = group.iter().flat_map(|&r| &table.recordings[r]);
        rows.copied().collect()
    };
    let rows: Vec<Vec<usize>> = groups.iter().map(rows).collect();
    Copies {
        told_by,
        apart: table.apart(&rows),
        contradicts: groups.iter().map(contradicts).collect(),
        groups,
    }
}

/// Whether rows have several classes; or numbers further apart than [`FAR`].
fn contradict(target: &Target, rows: &[usize]) -> bool {
    match target {
        Target::Classes(classes) => {
            let classes = rows.iter().map(|&row| classes.y[row]);
            classes.collect::<BTreeSet<_>>().len() > 1
        }
        Target::Values(values) => values.y.columns().into_iter().any(|y| {
            let (least, most) = rows
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &row| {
                    (a.min(y[row]), b.max(y[row]))
                });
            most - least > FAR * y.std(0.0)
        }),
    }
}

/// The features of each recording, window by window, as a key; `None` where all are missing or
/// zero, as those of what could not be measured, and where no other recording begins alike.
fn fingerprints(table: &Audited) -> Vec<Option<[u8; 32]>> {
    let x = table.data.view();
    // One pattern of bits for all that are missing, and one for zero.
    let bits = |value: f32| {
        if value.is_nan() {
            f32::NAN
        } else {
            value + 0.0
        }
        .to_bits()
    };
    // Most recordings differ from all others in the first few features: the rest of these need not
    // be read.
    let beginning = |rows: &Vec<usize>| {
        let few = x.row(rows[0]).into_iter().take(BEGINNING);
        (
            rows.len(),
            few.map(|&value| bits(value)).collect::<Vec<u32>>(),
        )
    };
    let alike = groups(table.recordings.iter().map(|rows| Some(beginning(rows))));
    let whole = |recording: usize| {
        let mut hasher = blake3::Hasher::new();
        let mut is_empty = true;
        for &row in &table.recordings[recording] {
            let row: Vec<u32> = x.row(row).iter().map(|&value| bits(value)).collect();
            is_empty &= row
                .iter()
                .all(|&bits| bits == 0 || bits == f32::NAN.to_bits());
            let bytes: Vec<u8> = row.into_iter().flat_map(u32::to_le_bytes).collect();
            hasher.update(&bytes);
        }
        (!is_empty).then(|| (recording, *hasher.finalize().as_bytes()))
    };
    let alike = alike.into_par_iter().flatten();
    let found: Vec<(usize, [u8; 32])> = alike.filter_map(whole).collect();
    let mut fingerprints = vec![None; table.recordings.len()];
    for (recording, fingerprint) in found {
        fingerprints[recording] = Some(fingerprint);
    }
    fingerprints
}

/// Copies of which one is trained on while another is tested.
fn on_two_sides(table: &Audited, kind: &str, copies: &Copies) -> Option<Finding> {
    let apart = copies.apart.iter().flatten();
    let cases: Vec<String> = apart.map(|apart| table.pair(apart)).collect();
    (!cases.is_empty()).then(|| {
        let message = format!(
            "{} in both `train` and `test`: {}; keep one of them, or all on one side",
            copies.told_by,
            examples(&cases, ", ")
        );
        finding(kind, message)
    })
}

/// Copies that are labelled differently.
fn two_labels(table: &Audited, copies: &Copies) -> Option<Finding> {
    let labels = table.data.labels();
    let labelled = |&recording: &usize| {
        let row = table.recordings[recording][0];
        format!("{} ({})", table.name(row), labels[row])
    };
    let case = |(group, &contradicts): (&Vec<usize>, &bool)| {
        let names: Vec<String> = group.iter().map(labelled).collect();
        contradicts.then(|| examples(&names, " = "))
    };
    let cases = copies.groups.iter().zip(&copies.contradicts);
    let cases: Vec<String> = cases.filter_map(case).collect();
    (!cases.is_empty()).then(|| {
        let message = format!(
            "{} with different labels in `{}`: {}; keep the one that is right, or none",
            copies.told_by,
            table.data.label,
            examples(&cases, ", ")
        );
        finding("audio_with_two_labels", message)
    })
}

/// Copies that no other finding tells: they only weigh more than others.
fn on_one_side(table: &Audited, copies: &Copies, listed: &BTreeSet<usize>) -> Option<Finding> {
    let case = |place: usize| {
        let group = &copies.groups[place];
        let is_itself = |recording: &&usize| !table.data.is_copy(table.recordings[**recording][0]);
        let is_told = copies.apart[place].is_some()
            || group.iter().filter(is_itself).count() < 2
            || copies.contradicts[place]
            || group.iter().all(|recording| listed.contains(recording));
        let names = group.iter().map(|&r| table.name(table.recordings[r][0]));
        (!is_told).then(|| examples(&names.collect::<Vec<_>>(), " = "))
    };
    let cases: Vec<String> = (0..copies.groups.len()).filter_map(case).collect();
    (!cases.is_empty()).then(|| {
        let message = format!(
            "{} several times, though never on two sides of a fold: {}; it counts as often as it is \
             listed, keep one of them",
            copies.told_by,
            examples(&cases, ", ")
        );
        finding("duplicate_audio", message)
    })
}

/// Rows of the same place in the same channel of the same recording, and which recordings they are of.
fn listed_twice(table: &Audited) -> (BTreeSet<usize>, Option<Finding>) {
    let key = |row: &Row| {
        let is_named = !row.recording.file.is_empty();
        is_named.then(|| (row.corpus.clone(), row.recording.clone(), row.part()))
    };
    let rows: BTreeSet<usize> = groups(table.data.rows.iter().map(key))
        .into_iter()
        .flatten()
        .collect();
    let is_listed = |rows_of: &Vec<usize>| rows_of.iter().any(|row| rows.contains(row));
    let recordings: BTreeSet<usize> = (0..table.recordings.len())
        .filter(|&recording| is_listed(&table.recordings[recording]))
        .collect();
    let mut names: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    for &recording in &recordings {
        let name = table.name(table.recordings[recording][0]);
        if known.insert(name.clone()) {
            names.push(name);
        }
    }
    let message = (!names.is_empty()).then(|| {
        format!(
            "{} listed more than once: {}; list each file, or each segment of one, once",
            match names.len() {
                1 => "1 recording is".to_string(),
                n => format!("{n} recordings are"),
            },
            examples(&names, ", ")
        )
    });
    (
        recordings,
        message.map(|message| finding("listed_twice", message)),
    )
}

/// Segments of one recording, or channel of it, that overlap in time, on two sides of a fold.
fn overlapping(table: &Audited) -> Option<Finding> {
    let data = table.data;
    let firsts: Vec<usize> = table.recordings.iter().map(|rows| rows[0]).collect();
    let file = |&row: &usize| {
        let row = &data.rows[row];
        let part = &row.recording;
        let is_segment = !part.file.is_empty() && part.start < part.end;
        is_segment.then_some((row.corpus.as_deref(), part.file.as_str(), part.channel))
    };
    let mut pairs = Vec::new();
    for group in groups(firsts.iter().map(file)) {
        let mut segments: Vec<usize> = group.iter().map(|&place| firsts[place]).collect();
        let times = |row: usize| {
            let part = &data.rows[row].recording;
            (part.start, part.end)
        };
        segments.sort_by(|&a, &b| {
            let ((start_a, end_a), (start_b, end_b)) = (times(a), times(b));
            start_a.total_cmp(&start_b).then(end_a.total_cmp(&end_b))
        });
        for (place, &one) in segments.iter().enumerate() {
            let later = segments[place + 1..].iter();
            pairs.extend(
                later
                    .take_while(|&&other| times(other).0 < times(one).1)
                    // What is listed twice is told elsewhere.
                    .filter(|&&other| times(other) != times(one))
                    .take(OVERLAPPING)
                    .map(|&other| vec![one, other]),
            );
        }
    }
    let apart = table.apart(&pairs);
    let cases: Vec<String> = apart.iter().flatten().map(|a| table.pair(a)).collect();
    (!cases.is_empty()).then(|| {
        let message = format!(
            "{} of segments that overlap in time in both `train` and `test`: {}; cut them apart, or \
             keep them on one side",
            count(cases.len(), "pair"),
            examples(&cases, ", ")
        );
        finding("overlap_on_two_sides", message)
    })
}

/// Channels of one recording on two sides of a fold: each may be heard on the other, and one room and line are on both.
fn calls_on_two_sides(table: &Audited) -> Option<Finding> {
    let data = table.data;
    let file = |row: &Row| {
        let part = &row.recording;
        (part.channel.is_some() && !part.file.is_empty())
            .then(|| (row.corpus.clone(), part.file.clone()))
    };
    let calls = groups(data.rows.iter().map(file));
    let channels = |rows: &Vec<usize>| {
        let channels = rows.iter().map(|&row| data.rows[row].recording.channel);
        channels.collect::<BTreeSet<_>>().len()
    };
    let calls: Vec<Vec<usize>> = calls
        .into_iter()
        .filter(|rows| channels(rows) > 1)
        .collect();
    let apart = table.apart(&calls);
    let is_of_two = |apart: &&Apart| {
        let channel = |row: usize| data.rows[row].recording.channel;
        channel(apart.train) != channel(apart.test)
    };
    let cases = apart.iter().flatten().filter(is_of_two);
    let cases: Vec<String> = cases.map(|apart| table.pair(apart)).collect();
    (!cases.is_empty()).then(|| {
        let message = format!(
            "{} whose channels are in both `train` and `test`: {}; each side may be heard on the other; keep both on one, by a column \
             `split`",
            count(cases.len(), "recording"),
            examples(&cases, ", ")
        );
        finding("channels_on_two_sides", message)
    })
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{assert_found, clean, found};
    use crate::table::Part;

    #[test]
    fn the_same_audio_is_found_on_two_sides_and_on_one() {
        let mut data = clean();
        data.rows[4].audio_hash = data.rows[6].audio_hash.clone();
        // As good as the same: its features are the same as well.
        data.x.row_mut(4).fill(3.0);
        data.x.row_mut(6).fill(3.0);
        let says =
            "the same audio several times, though never on two sides of a fold: 4.wav = 6.wav; ";
        assert_found(&found(&data), &["duplicate_audio"], says);
        data.classes_mut().y[4] = 1;
        let says =
            "the same audio with different labels in `emotion`: 4.wav (sad) = 6.wav (angry); ";
        assert_found(&found(&data), &["audio_with_two_labels"], says);
        data.classes_mut().y[4] = 0;
        data.rows[0].audio_hash = data.rows[6].audio_hash.clone();
        let says = "the same audio in both `train` and `test`: 4.wav (train) and 0.wav (test) in fold anna; ";
        assert_found(&found(&data), &["audio_on_two_sides"], says);
    }

    #[test]
    fn the_same_features_are_found_where_hashes_tell_nothing() {
        let mut data = clean();
        let missing = [[f32::NAN, -0.0], [-f32::NAN, 0.0]];
        for (row, values) in [(0, missing[0]), (6, missing[1])] {
            data.x.row_mut(row).assign(&ndarray::arr1(&values));
        }
        assert_eq!(found(&data), [], "nothing was measured");
        for row in [0, 6] {
            data.x[(row, 1)] = 0.5;
        }
        let says = "the same features (their audio has no hash, or another) in both `train` and `test`: \
                    6.wav (train) and 0.wav (test) in fold anna; ";
        assert_found(&found(&data), &["features_on_two_sides"], says);
        // Without a hash they are taken for the same sound, which has one label.
        data.rows[0].audio_hash = None;
        data.classes_mut().y[0] = 1;
        let kinds = ["features_on_two_sides", "audio_with_two_labels"];
        assert_found(&found(&data), &kinds, says);
    }

    #[test]
    fn windows_are_compared_as_recordings() {
        let mut data = clean();
        // Six recordings of two windows; the second windows of two of them are the same.
        data.recordings = (0..12).map(|i| i / 2).collect();
        data.classes_mut().y = (0..12).map(|i| i / 2 % 2).collect();
        for i in 0..12 {
            data.rows[i].recording.file = format!("{}.wav", i / 2);
            data.rows[i].audio_hash = Some((i / 2).to_string());
            data.rows[i].span = [(i % 2) as f64, (i % 2) as f64 + 1.0];
            data.rows[i].text = None;
        }
        data.x.row_mut(1).fill(3.0);
        data.x.row_mut(5).fill(3.0);
        assert_eq!(found(&data), []);
        data.x.row_mut(0).fill(2.0);
        data.x.row_mut(4).fill(2.0);
        assert_eq!(found(&data)[0].0, "features_on_two_sides");
    }

    #[test]
    fn what_is_listed_twice_is_found_by_file_and_times() {
        let mut data = clean();
        for (row, start) in [(1, 0.0), (3, 2.5)] {
            data.rows[row].recording.file = "long.wav".into();
            data.rows[row].recording.start = start;
            data.rows[row].recording.end = start + 2.0;
            data.rows[row].span = [start, start + 2.0];
        }
        assert_eq!(found(&data), [], "two segments");
        data.rows[3] = data.rows[1].clone();
        // The same sound again, which is not told twice.
        data.x.row_mut(1).fill(2.0);
        data.x.row_mut(3).fill(2.0);
        let says = "1 recording is listed more than once: long.wav; ";
        assert_found(&found(&data), &["listed_twice"], says);
        let mut data = clean();
        for row in 0..2 {
            data.rows[row].span = [f64::NAN; 2];
            data.rows[row].recording = Part {
                file: "z.wav".into(),
                start: f64::NAN,
                end: -f64::NAN,
                ..Part::default()
            };
        }
        let says = "1 recording is listed more than once: z.wav; ";
        assert_found(&found(&data), &["listed_twice"], says);
    }

    #[test]
    fn channels_of_one_recording_are_found_on_two_sides() {
        let mut data = clean();
        for (row, channel) in [(0, 0), (4, 1)] {
            data.rows[row].recording.file = "call.wav".into();
            data.rows[row].recording.channel = Some(channel);
        }
        let says = "1 recording whose channels are in both `train` and `test`: call.wav channel 1 (train) and call.wav channel 0 \
                    (test) in fold anna; ";
        assert_found(&found(&data), &["channels_on_two_sides"], says);
        let mut data = clean();
        for (row, channel) in [(0, 0), (1, 1)] {
            data.rows[row].recording.file = "call.wav".into();
            data.rows[row].recording.channel = Some(channel);
        }
        assert_eq!(found(&data), [], "both are of one speaker");
    }

    #[test]
    fn segments_that_overlap_are_found_on_two_sides() {
        let mut data = clean();
        for (row, start) in [(0, 0.0), (1, 1.0), (4, 3.0)] {
            data.rows[row].recording.file = "long.wav".into();
            data.rows[row].recording.start = start;
            data.rows[row].recording.end = start + 2.0;
        }
        assert_eq!(found(&data), [], "overlaps within a speaker alone");
        data.rows[4].recording.start = 2.5;
        let says = "1 pair of segments that overlap in time in both `train` and `test`: \
                    long.wav (2.5 to 5 s) (train) and long.wav (1 to 3 s) (test) in fold anna; ";
        assert_found(&found(&data), &["overlap_on_two_sides"], says);
    }
}
