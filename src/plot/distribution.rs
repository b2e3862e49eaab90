//! How values spread within groups.

use super::canvas::{self, Canvas, Ink, Scale};
use super::plane::{Plane, extent};
use super::{Figure, label_width, row_label};

const WIDTH: i32 = 460;
/// Groups of at most this many values show each of them.
const FEW: usize = 150;

/// The distribution of a value in each group: a box from quartile to quartile with the median in it, whiskers from the 5th
/// to the 95th percentile, and the values themselves if they are few.
///
/// `values` has one entry for each of `groups`, with the values in that group; values that are not finite are left out.
/// `axis` names the value and its unit.
///
/// ```
/// use sentire::prelude::*;
///
/// let emotions = ["angry", "sad"].map(String::from);
/// let f0_hz = [vec![240.0, 250.0, 310.0], vec![180.0, 190.0]];
/// let figure = plot::distribution(&emotions, &f0_hz, "mean F0 (Hz)");
/// assert_eq!(figure.title(), "Distribution of mean F0 (Hz) in 2 groups");
/// ```
pub fn distribution(groups: &[String], values: &[Vec<f64>], axis: &str) -> Figure {
    let title = format!("Distribution of {axis} in {} groups", groups.len());
    let Some(range) = extent(values.iter().flatten().copied()) else {
        return canvas::empty(WIDTH, &title);
    };
    let row = if groups.len() > 16 { 22 } else { 34 };
    let left = label_width(groups);
    let (top, right) = (8, WIDTH - 14);
    let bottom = top + row * groups.len() as i32;
    let room = 0.02 * (range.end - range.start);
    let plane = Plane::new(
        (range.start - room..range.end + room, left, right),
        (0.0..1.0, top, bottom),
    );
    let mut canvas = Canvas::new(WIDTH, bottom + plane.room_below(axis));
    plane.uprights(&mut canvas, 7);
    for (place, group) in groups.iter().enumerate() {
        let y = top + row * place as i32 + row / 2;
        row_label(&mut canvas, group, left, y);
        let mut of_group: Vec<f64> = values.get(place).cloned().unwrap_or_default();
        of_group.retain(|value| value.is_finite());
        spread(&mut canvas, &plane.x, of_group, y, row / 4);
    }
    plane.below(&mut canvas, 7, axis);
    canvas.finish(&title)
}

/// One box, `half` high above and below `y`.
fn spread(canvas: &mut Canvas, x: &Scale, mut values: Vec<f64>, y: i32, half: i32) {
    if values.is_empty() {
        return;
    }
    if values.len() <= FEW {
        for (k, &value) in values.iter().enumerate() {
            // Scattered in height by a fixed pattern, so that equals do not hide each other.
            let offset = (k as i32 * 7) % (2 * half + 1) - half;
            canvas.dot((x.at(value), y + offset), 2, Ink::Shade(0.35));
        }
    }
    values.sort_by(f64::total_cmp);
    let at = |q: f64| x.at(percentile(&values, q));
    canvas.bar((at(5.0), y), (at(95.0), y + 1), Ink::Accent);
    canvas.bar((at(25.0), y - half), (at(75.0) + 1, y + half), Ink::Soft);
    canvas.bar(
        (at(50.0) - 1, y - half),
        (at(50.0) + 2, y + half),
        Ink::Accent,
    );
}

/// The `q`th percentile of sorted values, between neighbours by a straight line (numpy's default).
fn percentile(sorted: &[f64], q: f64) -> f64 {
    let place = q / 100.0 * (sorted.len() - 1) as f64;
    let (low, high) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    low + (high - low) * place.fract()
}

#[test]
fn percentiles_lie_between_values() {
    assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 50.0), 2.5);
    assert_eq!(percentile(&[7.0], 95.0), 7.0);
}
