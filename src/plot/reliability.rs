//! The reliability curve.

use super::canvas::{self, Canvas, H, Ink, Scale};
use super::{Figure, GAP, SMALL, WIDTH};

/// How often predictions were right against how sure they were: on the diagonal probabilities are accurate, below it they
/// are overconfident. The sizes of the bins are shown under the curve.
///
/// `points` are (mean of the largest probability, share recognised, recordings) from the least sure
/// bin to the surest, both shares 0 to 1; `ece` is the expected calibration error, 0 to 1.
///
/// ```
/// use sentire::prelude::*;
///
/// let bins = [(0.4, 0.35, 40), (0.7, 0.7, 40), (0.95, 0.9, 40)];
/// let figure = plot::reliability(&bins, 0.033);
/// assert!(figure.title().ends_with("expected calibration error 0.033"));
/// ```
pub fn reliability(points: &[(f64, f64, usize)], ece: f64) -> Figure {
    let title = format!(
        "Reliability curve of {} bins, expected calibration error {}",
        points.len(),
        canvas::number(ece, 3)
    );
    let points: Vec<_> = points
        .iter()
        .filter(|(confidence, accuracy, _)| confidence.is_finite() && accuracy.is_finite())
        .copied()
        .collect();
    if points.is_empty() {
        return canvas::empty(WIDTH, &title);
    }
    let (left, right, top, bottom) = (52, WIDTH - 14, 12, 312);
    let (sizes_top, sizes) = (bottom + 22, 56);
    let end = sizes_top + sizes;
    let mut canvas = Canvas::new(WIDTH, end + 44);
    let x = Scale::new(0.0..1.0, left..right);
    let y = Scale::new(0.0..1.0, bottom..top);
    for tick in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        let at = y.at(tick);
        canvas.bar((left, at), (right, at + 1), Ink::Grid);
        canvas.bar((x.at(tick), top), (x.at(tick) + 1, bottom), Ink::Grid);
        let text = format!("{:.0}", tick * 100.0);
        canvas.text(&text, SMALL, Ink::Muted, (left - GAP, at), H::Right);
        canvas.text(&text, SMALL, Ink::Muted, (x.at(tick), end + 13), H::Center);
    }
    let beside = (10, (top + bottom) / 2);
    canvas.upright(
        "recognised (per cent)",
        SMALL,
        Ink::Muted,
        beside,
        H::Center,
    );
    let below = ((left + right) / 2, end + 33);
    let axis = "largest probability (per cent)";
    canvas.text(axis, SMALL, Ink::Muted, below, H::Center);
    canvas.dashed((x.at(0.0), y.at(0.0)), (x.at(1.0), y.at(1.0)), Ink::Muted);

    let places: Vec<(i32, i32)> = points.iter().map(|p| (x.at(p.0), y.at(p.1))).collect();
    for (&(across, height), point) in places.iter().zip(&points) {
        // The gap that the calibration error is the mean of.
        let (low, high) = (height.min(y.at(point.0)), height.max(y.at(point.0)));
        canvas.bar((across - 1, low), (across + 1, high), Ink::Soft);
    }
    canvas.line(&places, Ink::Accent);
    for &place in &places {
        canvas.dot(place, 4, Ink::Accent);
    }
    let most = points.iter().map(|p| p.2).max().unwrap_or(0).max(1);
    canvas.bar((left, end), (right, end + 1), Ink::Faint);
    for &(confidence, _, n) in &points {
        let height = (f64::from(sizes - 16) * n as f64 / most as f64).round() as i32;
        let across = x.at(confidence);
        canvas.bar((across - 3, end - height), (across + 4, end), Ink::Soft);
    }
    // The sizes are told once: bins of equal mass have one.
    let least = points.iter().map(|p| p.2).min().unwrap_or(0);
    let sizes = match (least, most) {
        (least, most) if least == most => format!("{most} recordings in each bin"),
        (least, most) => format!("{least} to {most} recordings in a bin"),
    };
    canvas.text(&sizes, SMALL, Ink::Muted, (left, sizes_top), H::Left);
    canvas.finish(&title)
}
