#![doc = include_str!("../catalogue/egemaps.md")]

use super::{Analyses, Computation, Wanted};
use crate::audio::Audio;
use crate::catalogue::FeatureSet;
use crate::catalogue::gemaps::Processing;
use crate::functional::opensmile::egemaps::{
    equivalent_level_db, mean_and_deviation, peaks_per_s, ten_statistics,
};
use crate::functional::opensmile::stretches::Stretches;
use crate::lld::LldTable;
use crate::lld::opensmile::egemaps::{Contours, LONG, SHORT};
use crate::lld::opensmile::smooth::Rule;

pub(super) const COMPUTATION: Computation = Computation {
    set: FeatureSet::EGEMAPS,
    functionals: |_, analyses, audio, out| {
        functionals(contours(analyses, audio, Processing::B), out);
    },
    contours: |_, analyses, audio| table(contours(analyses, audio, Processing::B)),
    deltas: None,
    wanted: Wanted {
        egemaps: true,
        ..Wanted::NOTHING
    },
};

pub(super) fn contours<'a>(
    analyses: &'a mut Analyses,
    audio: &Audio,
    processing: Processing,
) -> &'a Contours {
    let contours = &analyses.opensmile(audio, processing).egemaps;
    contours.as_ref().expect("it is wanted")
}

/// Seconds that a row of the table of contours stands for: the shorter of the two frames.
const ROW_S: f64 = 0.020;

/// Formant frequencies and bandwidths among the contours of 60 ms.
const OF_ALL_FRAMES: [usize; 6] = [6, 7, 9, 10, 12, 13];

/// The table of contours as openSMILE writes it: smoothed, one row more than there are frames of 60
/// ms, and with the traces that the end of the input leaves in it (section 11.3). A recording shorter
/// than 60 ms has one row, in which all is undefined.
pub fn table(contours: &Contours) -> LldTable {
    let n = contours.long[0].len();
    let rows = n + 1;
    let mut columns = Vec::with_capacity(SHORT + LONG);
    for contour in &contours.short {
        let mut smoothed = Rule::Plain.contour(contour);
        smoothed.extend(contour.last());
        smoothed.truncate(rows);
        if n == 0 {
            smoothed = vec![f32::NAN];
        }
        columns.push(smoothed);
    }
    for contour in &contours.long {
        columns.push(long_rows(contour, contours.decided));
    }
    LldTable {
        llds: FeatureSet::EGEMAPS.llds(),
        hop_s: contours.hop_s,
        row_s: ROW_S,
        frames_of_rows: None,
        last_end_s: Some(contours.duration_s),
        contours: columns,
    }
}

/// The rows of a contour of 60 ms. What waited for the pitch of frame M (the first that was not
/// decided) when the input ended went on from a repeated frame.
fn long_rows(x: &[f32], m: usize) -> Vec<f32> {
    let n = x.len();
    let row = |i: usize| match i {
        _ if i == n => x[n - 1],
        _ if m > 0 && i == m - 1 => Rule::NonZero.at_end(x, i),
        _ if m > 0 && i == m => x[m - 1],
        _ => Rule::NonZero.at(x, i),
    };
    match n {
        0 => vec![f32::NAN],
        _ => (0..=n).map(row).collect(),
    }
}

/// Appends the values of the 88 features to `out`; NaN where the recording is shorter than 60 ms.
pub fn functionals(contours: &Contours, out: &mut Vec<f32>) {
    if contours.long[0].is_empty() {
        out.extend([f32::NAN; 88]);
        return;
    }
    let rows = Rows::new(contours);
    let f0 = rows.f0();
    let loudness = rows.short(0);
    out.extend(ten_statistics(&non_zero(&f0)));
    out.extend(ten_statistics(&loudness));
    for k in 5..SHORT {
        out.extend(mean_and_deviation(&rows.short(k)));
    }
    for k in 1..LONG {
        out.extend(mean_and_deviation(&non_zero(&rows.long(k))));
    }
    for k in 1..SHORT {
        out.extend(mean_and_deviation(&non_zero(&rows.voiced(k))));
    }
    for k in 1..6 {
        out.push(mean_and_deviation(&non_zero(&rows.unvoiced(k)))[0]);
    }
    let voiced = Stretches::of(f0.iter().map(|&f0| f0 != 0.0));
    let unvoiced = Stretches::of(f0.iter().map(|&f0| f0 == 0.0));
    out.extend([
        peaks_per_s(&loudness),
        voiced.per_s,
        voiced.mean_s,
        voiced.deviation_s,
        unvoiced.mean_s,
        unvoiced.deviation_s,
        equivalent_level_db(&contours.energy),
    ]);
}

fn non_zero(x: &[f32]) -> Vec<f32> {
    x.iter().copied().filter(|&x| x != 0.0).collect()
}

/// The smoothed contours as the statistics find them when the input ends (sections 11.2 to 11.4).
struct Rows<'a> {
    contours: &'a Contours,
    is_voiced: Vec<bool>,
    /// Frames whose pitch was decided.
    m: usize,
}

impl Rows<'_> {
    fn new(contours: &Contours) -> Rows<'_> {
        let n = contours.long[0].len();
        Rows {
            contours,
            is_voiced: (0..n).map(|i| contours.is_voiced(i)).collect(),
            m: contours.decided,
        }
    }

    /// A contour of 20 ms, all frames of it.
    fn short(&self, k: usize) -> Vec<f32> {
        Rule::Plain.contour(&self.contours.short[k])
    }

    /// Pitch in semitones, 0 where unvoiced.
    fn f0(&self) -> Vec<f32> {
        decided_rows(&self.contours.long[0], self.m)
    }

    /// A contour of 60 ms, without the frequencies and bandwidths of formants in unvoiced frames.
    fn long(&self, k: usize) -> Vec<f32> {
        let contour = &self.contours.long[k];
        let x = match OF_ALL_FRAMES.contains(&k) {
            true => self.masked(contour, true),
            false => contour.clone(),
        };
        match self.m {
            0 => Rule::NonZero.contour(&x),
            m => Rule::NonZero.contour(&x[..m]),
        }
    }

    /// A contour of 20 ms in voiced frames.
    fn voiced(&self, k: usize) -> Vec<f32> {
        let x = self.masked(&self.contours.short[k], true);
        match self.m {
            0 => (0..x.len()).map(|i| Rule::NonZero.at_end(&x, i)).collect(),
            m => decided_rows(&x, m),
        }
    }

    /// A contour of 20 ms in unvoiced frames.
    fn unvoiced(&self, k: usize) -> Vec<f32> {
        decided_rows(&self.masked(&self.contours.short[k], false), self.m)
    }

    /// A contour with 0 in all frames that are not voiced, or not unvoiced.
    fn masked(&self, contour: &[f32], voiced: bool) -> Vec<f32> {
        let frames = contour.iter().zip(&self.is_voiced);
        frames
            .map(|(&x, &is_voiced)| if is_voiced == voiced { x } else { 0.0 })
            .collect()
    }
}

/// The first `m` frames smoothed, the last of them with the one behind it; of none decided, the first
/// frame as it is.
fn decided_rows(x: &[f32], m: usize) -> Vec<f32> {
    match m {
        0 => x[..1].to_vec(),
        m => (0..m).map(|i| Rule::NonZero.at(x, i)).collect(),
    }
}

#[test]
fn the_end_of_the_input_leaves_its_traces() {
    // Section 11.3.
    let x = [0.0, 3.0, 6.0, 0.0, 9.0, 9.0, 0.0];
    assert_eq!(long_rows(&x, 4), [0.0, 4.5, 4.5, 0.0, 0.0, 9.0, 0.0, 0.0]);
}
