//! The set `compare`: 6373 statistics of the 65 descriptors of ComParE_2016 and of their deltas, as openSMILE computes them.
//!
//! Section numbers are those of `src/lld/opensmile/specifications/compare-2016.md`.

use super::{Analyses, Computation, Wanted};
use crate::audio::Audio;
use crate::catalogue::compare::FEATURES;
use crate::catalogue::gemaps::Processing;
use crate::catalogue::{FeatureSet, Lld};
use crate::dsp::lanes::{LANES, Lanes, vectorised};
use crate::functional::opensmile::compare as statistics;
use crate::lld::LldTable;
use crate::lld::opensmile::compare::{Contours, PITCH};
use crate::lld::opensmile::course::{Course, Seen, course};
use crate::lld::opensmile::smooth::{DELTA_DIVISOR, Rule, delta};

pub(super) const COMPUTATION: Computation = Computation {
    set: FeatureSet::COMPARE,
    functionals: |_, analyses, audio, out| functionals(contours(analyses, audio), out),
    contours: |set, analyses, audio| table(contours(analyses, audio), set.llds(), false),
    deltas: Some(|set, analyses, audio| table(contours(analyses, audio), set.deltas(), true)),
    wanted: Wanted {
        compare: true,
        ..Wanted::NOTHING
    },
};

/// Seconds that a row of the tables stands for: the longer of the two frames.
const ROW_S: f64 = 0.060;

fn contours<'a>(analyses: &'a mut Analyses, audio: &Audio) -> &'a Contours {
    let contours = &analyses.opensmile(audio, Processing::B).compare;
    contours.as_ref().expect("it is wanted")
}

/// The contours of pitch and voice, of level, of the spectrum.
type Groups = [Vec<Vec<f32>>; 3];

/// The smoothed contours and their deltas, with the traces that the end of the input leaves in them.
struct Smoothed {
    course: Course,
    rows: Groups,
    deltas: Groups,
}

impl Smoothed {
    /// Of a recording that has a frame of 60 ms.
    fn new(contours: &Contours) -> Smoothed {
        let [pitch, short] = [&contours.pitch[0], &contours.level[0]].map(Vec::len);
        let course = course(pitch, short, contours.decided);
        let [of_pitch, of_level, of_spectrum] = &course.smoothed;
        let voice = contours.pitch.iter().chain(&contours.voice);
        let voice = voice.enumerate().map(|(k, contour)| {
            let seen = if k < PITCH { of_pitch } else { &course.voice };
            smoothed(Rule::NonZero, contour, seen)
        });
        let [loudness, filtered, energy, crossings] = &contours.level;
        let level = [loudness, filtered, energy].map(|x| smoothed(Rule::Plain, x, of_level));
        let crossings = smoothed(Rule::Plain, crossings, &course.crossings);
        let spectrum = contours.spectrum.iter();
        let spectrum = spectrum.map(|contour| smoothed(Rule::Plain, contour, of_spectrum));
        let rows = [
            voice.collect(),
            level.into_iter().chain([crossings]).collect(),
            spectrum.collect(),
        ];
        let [voice, level, spectrum]: &Groups = &rows;
        let [of_voice, of_level, of_spectrum] = &course.deltas;
        let deltas = [
            deltas_of_voice(voice, of_voice),
            level.iter().map(|y| deltas(y, of_level)).collect(),
            spectrum.iter().map(|y| deltas(y, of_spectrum)).collect(),
        ];
        Smoothed {
            rows,
            deltas,
            course,
        }
    }

    /// The frames whose times the rows bear: that of the pitch which stood for each.
    fn times(&self, of_deltas: bool) -> Vec<usize> {
        let stood = |seen: &[Seen]| -> Vec<usize> {
            let rows = seen.iter().enumerate();
            rows.map(|(i, seen)| seen.row(i as isize).unwrap_or(0))
                .collect()
        };
        let times = stood(&self.course.smoothed[0]);
        match of_deltas {
            false => times,
            true => stood(&self.course.deltas[0])
                .into_iter()
                .map(|row| times[row])
                .collect(),
        }
    }
}

/// A contour smoothed, as each row saw it (10.1).
fn smoothed(rule: Rule, x: &[f32], seen: &[Seen]) -> Vec<f32> {
    let row = |(i, seen): (usize, &Seen)| match i {
        i if i > 0 && i + 1 < x.len() && seen.row(i as isize + 1) == Some(i + 1) => {
            rule.smooth(x[i - 1], x[i], x[i + 1])
        }
        i => {
            let at = |j: isize| seen.row(j).map_or(0.0, |j| x[j]);
            let i = i as isize;
            rule.smooth(at(i - 1), at(i), at(i + 1))
        }
    };
    seen.iter().enumerate().map(row).collect()
}

/// The deltas of a contour of level or of the spectrum (10.2).
fn deltas(y: &[f32], seen: &[Seen]) -> Vec<f32> {
    let row = |(i, seen): (usize, &Seen)| match i {
        i if i > 1 && i + 2 < y.len() && seen.row(i as isize + 2) == Some(i + 2) => {
            delta([y[i - 2], y[i - 1]], [y[i + 1], y[i + 2]])
        }
        i => {
            let at = |j: isize| seen.row(j).map_or(0.0, |j| y[j]);
            let i = i as isize;
            delta([at(i - 2), at(i - 1)], [at(i + 1), at(i + 2)])
        }
    };
    seen.iter().enumerate().map(row).collect()
}

/// The deltas of the contours of pitch and voice (10.3): of values that are not zero, and over a divisor that begins as that
/// of all others and grows with each of them, in all contours and frames together. It should begin anew each time, but does
/// not.
fn deltas_of_voice(contours: &[Vec<f32>], seen: &[Seen]) -> Vec<Vec<f32>> {
    let mut divisor = DELTA_DIVISOR;
    let mut all = vec![Vec::with_capacity(seen.len()); contours.len()];
    for (i, seen) in seen.iter().enumerate() {
        let i = i as isize;
        for (y, deltas) in contours.iter().zip(&mut all) {
            let at = |j: isize| seen.row(j).map_or(0.0, |j| y[j]);
            let mut sum = 0.0;
            for reach in [1_u8, 2] {
                let (before, after) = (at(i - isize::from(reach)), at(i + isize::from(reach)));
                if before != 0.0 && after != 0.0 {
                    sum += f32::from(reach) * (after - before);
                    divisor += f32::from(reach * reach);
                }
            }
            deltas.push(sum / divisor);
        }
    }
    all
}

/// The table of contours or of deltas: as many rows as the shortest group has (10.4). Of a recording without a frame of 60 ms
/// there is one row, in which all is undefined.
fn table(contours: &Contours, llds: Vec<Lld>, of_deltas: bool) -> LldTable {
    let (mut columns, mut times) = (vec![vec![f32::NAN]; llds.len()], vec![0]);
    if !contours.pitch[0].is_empty() {
        let smoothed = Smoothed::new(contours);
        times = smoothed.times(of_deltas);
        let groups = match of_deltas {
            false => smoothed.rows,
            true => smoothed.deltas,
        };
        let rows = groups.iter().map(|group| group[0].len()).min().unwrap_or(0);
        columns = groups.into_iter().flatten().collect();
        columns.iter_mut().for_each(|column| column.truncate(rows));
    }
    LldTable {
        llds,
        hop_s: contours.hop_s,
        row_s: ROW_S,
        frames_of_rows: Some(times),
        last_end_s: Some(contours.duration_s),
        contours: columns,
    }
}

/// Appends the values of the 6373 features to `out`; NaN where the recording is shorter than 60 ms.
fn functionals(contours: &Contours, out: &mut Vec<f32>) {
    if contours.pitch[0].is_empty() {
        out.extend([f32::NAN; FEATURES]);
        return;
    }
    let smoothed = Smoothed::new(contours);
    let blocks = smoothed.course.blocks;
    let [voice, level, spectrum] = &smoothed.rows;
    let [voice_deltas, level_deltas, spectrum_deltas] = &smoothed.deltas;
    let first = out.len();
    fn rows(n: usize) -> impl Fn(&Vec<f32>) -> &[f32] {
        move |contour| &contour[..n]
    }
    for (contours, deltas, n) in [
        (level, level_deltas, blocks.level),
        (spectrum, spectrum_deltas, blocks.spectrum),
    ] {
        let all = contours.iter().chain(deltas).map(rows(n));
        side_by_side(
            all.collect(),
            #[inline(always)]
            |x, _, out| statistics::levels(x, out),
            out,
        );
    }
    let mut values = Vec::new();
    for contour in voice.iter().chain(voice_deltas) {
        values.clear();
        let rows = &contour[..blocks.voice];
        values.extend(rows.iter().filter(|&&x| x != 0.0));
        out.extend(vectorised(
            #[inline(always)]
            || statistics::voices(&values),
        ));
    }
    out.extend(statistics::voiced_stretches(&voice[0][..blocks.pitch]));
    let all = level.iter().chain(spectrum).map(rows(blocks.means));
    side_by_side(all.collect(), statistics::means, out);
    let deltas = level_deltas.iter().chain(spectrum_deltas);
    let all = deltas.map(rows(blocks.delta_means));
    side_by_side(all.collect(), statistics::delta_means, out);
    debug_assert_eq!(out.len() - first, FEATURES);
}

/// Appends what `statistics` says of contours of one length, eight at a time.
fn side_by_side<const N: usize>(
    contours: Vec<&[f32]>,
    statistics: impl Fn(&[Lanes<f32>], &[&[f32]], &mut [[f32; N]; LANES]),
    out: &mut Vec<f32>,
) {
    let mut lanes = Vec::new();
    for columns in contours.chunks(LANES) {
        let n = columns[0].len();
        // Where there are fewer than eight, the first stands for the others, which nobody reads.
        let all: [&[f32]; LANES] =
            std::array::from_fn(|lane| &columns.get(lane).unwrap_or(&columns[0])[..n]);
        lanes.clear();
        lanes.extend((0..n).map(|i| Lanes::from_fn(|lane| all[lane][i])));
        let mut values = [[0.0; N]; LANES];
        vectorised(
            #[inline(always)]
            || statistics(&lanes, columns, &mut values),
        );
        out.extend(values[..columns.len()].iter().flatten());
    }
}
