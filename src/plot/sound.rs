//! Sound over time: waveform, spectrogram, contours of descriptors.

use super::canvas::{self, Canvas, H, Ink};
use super::plane::{Plane, extent, label};
use super::{Figure, SMALL};

const WIDTH: i32 = 640;
const LEFT: i32 = 62;
const RIGHT: i32 = WIDTH - 12;
/// More columns than this say no more on a figure of this width, and make it heavy.
const MOST_COLUMNS: usize = 1200;

/// A waveform: the smallest and the largest sample in each column of pixels. Samples are at full scale from -1 to 1,
/// `sample_rate` is in Hz.
///
/// ```
/// use sentire::prelude::*;
///
/// let recording = audio::read("corpora/demo/f1_angry_s1.flac", &ReadOptions::default())?;
/// let Audio { samples, sample_rate } = recording.audio.part(0..8000);
/// let figure = plot::waveform(&samples, sample_rate);
/// assert_eq!(figure.title(), "Waveform of 0.50 seconds");
/// # Ok::<(), Error>(())
/// ```
pub fn waveform(samples: &[f32], sample_rate: u32) -> Figure {
    let duration_s = samples.len() as f64 / f64::from(sample_rate.max(1));
    let title = format!("Waveform of {duration_s:.2} seconds");
    let most = samples
        .iter()
        .filter(|x| x.is_finite())
        .fold(0.0_f32, |most, x| most.max(x.abs()));
    if samples.is_empty() {
        return canvas::empty(WIDTH, &title);
    }
    // Silence is a line in the middle.
    let most = if most > 0.0 { f64::from(most) } else { 1.0 };
    let plane = Plane::new((0.0..duration_s, LEFT, RIGHT), (-most..most, 6, 126));
    let mut canvas = Canvas::new(WIDTH, 170);
    plane.levels(&mut canvas, 5);
    let columns = ((RIGHT - LEFT) as usize).min(samples.len());
    let column =
        |k: usize| &samples[k * samples.len() / columns..(k + 1) * samples.len() / columns];
    let edge = |bound: fn(f32, f32) -> f32| -> Vec<(i32, i32)> {
        let at = |k: usize| {
            let value = column(k).iter().copied().reduce(bound).unwrap_or(0.0);
            let x = LEFT + (k as i32 * (RIGHT - LEFT)) / columns as i32;
            (x, plane.y.at(f64::from(value)))
        };
        (0..columns).map(at).collect()
    };
    let (high, low) = (edge(f32::max), edge(f32::min));
    // One pixel thick at least, or silence would vanish.
    let low = low
        .into_iter()
        .zip(&high)
        .map(|((x, y), (_, top))| (x, y.max(top + 1)));
    let outline = high.iter().copied().chain(low.rev()).collect();
    canvas.area(outline, Ink::Accent);
    plane.below(&mut canvas, 9, "time (s)");
    plane.beside(&mut canvas, "amplitude");
    canvas.finish(&title)
}

/// A spectrogram, with a pitch contour over it on an axis of its own.
///
/// `level_db` holds a row for each frame: the levels in dB of the bands with centres `band_hz`, which must rise. Frames lie
/// `hop_s` seconds apart, the first centred on the beginning. The colours span `range_db` dB below the loudest level.
/// `f0_hz` has one value in Hz per frame, NaN where unvoiced, or is empty.
///
/// ```
/// use sentire::dsp::mel;
/// use sentire::prelude::*;
///
/// let recording = audio::read("corpora/demo/f1_angry_s1.flac", &ReadOptions::default())?;
/// let contours = Extractor::new(&[FeatureSet::RICH]).llds(&recording.audio);
/// let f0_hz = contours.contour("f0_hz").expect("rich has a pitch");
/// let mel = mel::spectrogram(&recording.audio.samples, recording.audio.sample_rate);
/// let figure = plot::spectrogram(&mel.level_db, &mel.band_hz, mel.hop_s, f0_hz, 70.0);
/// assert!(figure.svg().contains("F0 (Hz)"));
/// # Ok::<(), Error>(())
/// ```
pub fn spectrogram(
    level_db: &[Vec<f32>],
    band_hz: &[f64],
    hop_s: f64,
    f0_hz: &[f32],
    range_db: f64,
) -> Figure {
    let (frames, bands) = (level_db.len(), band_hz.len());
    let title = format!(
        "Spectrogram of {:.2} seconds in {bands} bands",
        frames.saturating_sub(1) as f64 * hop_s
    );
    let levels = level_db.iter().flatten().copied().map(f64::from);
    let loudest = levels.filter(|level| level.is_finite()).reduce(f64::max);
    let Some(loudest) = loudest.filter(|_| bands > 1) else {
        return canvas::empty(WIDTH, &title);
    };
    // Half a frame before the beginning to half a frame after the last.
    let time = || -0.5 * hop_s..(frames as f64 - 0.5) * hop_s;
    let f0 = || f0_hz.iter().take(frames).copied().map(f64::from);
    let pitch = extent(f0());
    let (top, bottom, right) = (
        6,
        236,
        if pitch.is_some() {
            WIDTH - 54
        } else {
            RIGHT - 2
        },
    );
    let mut canvas = Canvas::new(WIDTH, bottom + 72);

    // Of more frames than there is room for, each column shows the loudest.
    let columns = frames.min(MOST_COLUMNS);
    let share = |level: f32| 1.0 - (loudest - f64::from(level)) / range_db;
    let pixel = |band: usize, column: usize| {
        let of_column = column * frames / columns..(column + 1) * frames / columns;
        let levels = level_db[of_column]
            .iter()
            .filter_map(|bands| bands.get(band));
        levels.copied().map(share).fold(f64::NAN, f64::max)
    };
    let row = |band: usize| (0..columns).map(|column| pixel(band, column)).collect();
    let rows: Vec<Vec<f64>> = (0..bands).rev().map(row).collect();
    canvas.raster((LEFT, top), (right, bottom), &rows);

    let plane = Plane::new((time(), LEFT, right), (0.0..bands as f64, top, bottom));
    for hz in [250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0] {
        if let Some(band) = place(band_hz, hz) {
            let at = plane.y.at(band + 0.5);
            canvas.bar((LEFT - 4, at), (LEFT, at + 1), Ink::Muted);
            let text = format!("{hz:.0}");
            canvas.text(&text, SMALL, Ink::Muted, (LEFT - 8, at), H::Right);
        }
    }
    plane.below(&mut canvas, 9, "time (s)");
    plane.beside(&mut canvas, "frequency (Hz, mel scale)");
    if let Some(pitch) = pitch {
        // A little room, so that the line stands clear of the frame.
        let room = 0.1 * (pitch.end - pitch.start);
        let scale = pitch.start - room..pitch.end + room;
        let plane = Plane::new((time(), LEFT, right), (scale, top, bottom));
        let values = f0().enumerate().map(|(k, f0)| (k as f64 * hop_s, f0));
        let lines = plane.broken_line(values);
        for (ink, wide) in [(Ink::Rim, 5), (Ink::OnPicture, 2)] {
            lines.iter().for_each(|line| canvas.trace(line, wide, ink));
        }
        let ticks = plane.y.ticks(6);
        for &tick in &ticks {
            let at = plane.y.at(tick);
            canvas.bar((right, at), (right + 4, at + 1), Ink::Muted);
            canvas.text(
                &label(tick, &ticks),
                SMALL,
                Ink::Muted,
                (right + 8, at),
                H::Left,
            );
        }
        let middle = (WIDTH - 8, (top + bottom) / 2);
        canvas.upright("F0 (Hz), white line", SMALL, Ink::Muted, middle, H::Center);
    }
    key(&mut canvas, (LEFT, bottom + 52), loudest, range_db);
    canvas.finish(&title)
}

/// What the colours mean.
fn key(canvas: &mut Canvas, (left, y): (i32, i32), loudest: f64, range_db: f64) {
    let low = format!("colour: {:.0} dB", loudest - range_db);
    canvas.text(&low, SMALL, Ink::Muted, (left, y + 6), H::Left);
    let from = left + canvas::width(&low, SMALL) as i32 + 6;
    let steps = 24;
    for step in 0..steps {
        let ink = Ink::Viridis(f64::from(step) / f64::from(steps - 1));
        canvas.bar((from + 5 * step, y), (from + 5 * (step + 1), y + 12), ink);
    }
    let high = format!("{loudest:.0} dB");
    canvas.text(
        &high,
        SMALL,
        Ink::Muted,
        (from + 5 * steps + 6, y + 6),
        H::Left,
    );
}

/// Where `value` lies among rising `values`, as a fraction of places; `None` outside of them.
fn place(values: &[f64], value: f64) -> Option<f64> {
    let above = values.partition_point(|&v| v < value);
    match (above.checked_sub(1), values.get(above)) {
        (_, Some(&v)) if v == value => Some(above as f64),
        (Some(below), Some(&high)) => {
            let low = values[below];
            Some(below as f64 + (value - low) / (high - low))
        }
        _ => None,
    }
}

/// A descriptor over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Contour {
    /// Its name.
    pub name: String,
    /// Its unit; "1" or empty for a pure number.
    pub unit: String,
    /// One value per frame; NaN where undefined.
    pub values: Vec<f32>,
}

/// Contours one below the other, each on its own scale; frames lie `hop_s` seconds apart. If there are more frames than
/// pixels, each pixel shows the smallest and the largest value.
///
/// ```
/// use sentire::prelude::*;
///
/// let values = vec![200.0, f32::NAN, 210.0];
/// let pitch = plot::Contour { name: "f0_hz".into(), unit: "Hz".into(), values };
/// let figure = plot::contours(&[pitch], 0.01);
/// assert_eq!(figure.title(), "Contours of f0_hz");
/// ```
pub fn contours(contours: &[Contour], hop_s: f64) -> Figure {
    let names: Vec<&str> = contours
        .iter()
        .map(|contour| contour.name.as_str())
        .collect();
    let title = format!("Contours of {}", names.join(", "));
    let frames = contours.iter().map(|contour| contour.values.len()).max();
    let Some(frames) = frames.filter(|&frames| frames > 0) else {
        return canvas::empty(WIDTH, &title);
    };
    let duration_s = frames as f64 * hop_s;
    let (row, panel) = (96, 66);
    let mut canvas = Canvas::new(WIDTH, row * contours.len() as i32 + 40);
    for (number, contour) in contours.iter().enumerate() {
        let top = row * number as i32 + 22;
        let name = match contour.unit.as_str() {
            "" | "1" => contour.name.clone(),
            unit => format!("{} ({unit})", contour.name),
        };
        canvas.text(&name, SMALL, Ink::Text, (LEFT, top - 11), H::Left);
        let values = || contour.values.iter().copied().map(f64::from);
        let Some(range) = extent(values()) else {
            let at = (LEFT, top + panel / 2);
            canvas.text("not defined in any frame", SMALL, Ink::Muted, at, H::Left);
            continue;
        };
        let plane = Plane::new((0.0..duration_s, LEFT, RIGHT), (range, top, top + panel));
        plane.levels(&mut canvas, 4);
        plane.uprights(&mut canvas, 9);
        let points = values()
            .enumerate()
            .map(|(k, value)| (k as f64 * hop_s, value));
        for line in plane.broken_line(points) {
            canvas.trace(&thinned(line), 2, Ink::Accent);
        }
    }
    let bottom = row * contours.len() as i32 - 8;
    Plane::new((0.0..duration_s, LEFT, RIGHT), (0.0..1.0, 0, bottom)).below(
        &mut canvas,
        9,
        "time (s)",
    );
    canvas.finish(&title)
}

/// A line that has at most its first, least, largest and last point in each column of pixels.
fn thinned(line: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    let of_column = |column: &[(i32, i32)]| {
        let heights = || column.iter().map(|&(_, y)| y);
        let (x, first) = column[0];
        let (_, last) = column[column.len() - 1];
        let bounds = [
            heights().min().unwrap_or(first),
            heights().max().unwrap_or(first),
        ];
        match column.len() {
            ..=4 => column.to_vec(),
            _ => [first, bounds[0], bounds[1], last].map(|y| (x, y)).to_vec(),
        }
    };
    line.chunk_by(|a, b| a.0 == b.0)
        .flat_map(of_column)
        .collect()
}

#[test]
fn a_line_keeps_its_extremes_when_it_is_thinned() {
    let line: Vec<(i32, i32)> = (0..100).map(|k| (k / 50, k * 7 % 50)).collect();
    let thin = thinned(line);
    assert_eq!(
        thin,
        [
            (0, 0),
            (0, 0),
            (0, 49),
            (0, 43),
            (1, 0),
            (1, 0),
            (1, 49),
            (1, 43)
        ]
    );
    assert_eq!(thinned(vec![(0, 1), (0, 2)]), [(0, 1), (0, 2)]);
}

#[test]
fn a_frequency_lies_between_its_neighbours() {
    let bands = [100.0, 200.0, 400.0];
    assert_eq!(place(&bands, 200.0), Some(1.0));
    assert_eq!(place(&bands, 300.0), Some(1.5));
    assert_eq!((place(&bands, 50.0), place(&bands, 500.0)), (None, None));
}
