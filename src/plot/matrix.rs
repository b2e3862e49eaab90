//! The confusion matrix.

use super::canvas::{Canvas, H, Ink, empty, fitted, width};
use super::{Figure, GAP, LABELS, SMALL, TEXT, WIDTH};

/// A confusion matrix as a heat map: rows are the true classes, columns the predicted ones, both in the order of `classes`.
/// A cell shows its share of the row, which shades it, and the count.
///
/// `counts` has as many rows as there are `classes`, and each row as many columns.
///
/// ```
/// use sentire::prelude::*;
///
/// let emotions = ["angry", "sad"].map(String::from);
/// let figure = plot::confusion(&emotions, &[vec![8, 2], vec![1, 9]]);
/// assert!(figure.title().starts_with("Confusion matrix of 2 classes and 20 recordings"));
/// ```
pub fn confusion(classes: &[String], counts: &[Vec<usize>]) -> Figure {
    let n: usize = counts.iter().flatten().sum();
    let title = format!(
        "Confusion matrix of {} classes and {n} recordings: rows are the true class, columns the predicted one",
        classes.len()
    );
    if classes.is_empty() {
        return empty(WIDTH, &title);
    }
    let widest = classes.iter().map(|class| width(class, TEXT).ceil() as i32);
    let widest = widest.max().unwrap_or(0).clamp(24, LABELS);
    let axis = 22;
    let left = axis + widest + GAP;
    let columns = classes.len() as i32;
    // Wide enough for `100 %` and four digits.
    let cell = ((WIDTH - left - 2) / columns).clamp(40, 72);
    let height = cell.min(48);
    // Names of columns lie where they fit, else they stand.
    let stand = widest > cell - 4;
    let top = axis + if stand { widest + GAP } else { 22 };
    let mut canvas = Canvas::new(left + cell * columns + 2, top + height * columns + 2);

    let across = left + cell * columns / 2;
    canvas.text("predicted class", SMALL, Ink::Muted, (across, 9), H::Center);
    let down = top + height * columns / 2;
    canvas.upright("true class", SMALL, Ink::Muted, (9, down), H::Center);
    for (place, class) in classes.iter().enumerate() {
        let name = fitted(class, f64::from(widest) + 1.0, TEXT);
        let (x, y) = (left + cell * place as i32, top + height * place as i32);
        let at = (left - GAP, y + height / 2);
        canvas.text(&name, TEXT, Ink::Text, at, H::Right);
        if stand {
            let at = (x + cell / 2, top - GAP);
            canvas.upright(&name, TEXT, Ink::Text, at, H::Left);
        } else {
            canvas.text(&name, TEXT, Ink::Text, (x + cell / 2, top - 13), H::Center);
        }
    }
    for (t, row) in counts.iter().enumerate() {
        let sum: usize = row.iter().sum();
        for (p, &count) in row.iter().enumerate() {
            let (x, y) = (left + cell * p as i32, top + height * t as i32);
            let share = count as f64 / sum.max(1) as f64;
            let middle = x + cell / 2;
            let inner = ((x + 1, y + 1), (x + cell - 1, y + height - 1));
            // Even the densest leaves black and white text readable on it.
            canvas.bar(inner.0, inner.1, Ink::Shade(0.04 + 0.76 * share));
            let ink = match count {
                0 => Ink::Faint,
                _ => Ink::Text,
            };
            let per_cent = format!("{:.0}\u{a0}%", share * 100.0);
            let heights = (y + height / 2 - 7, y + height / 2 + 9);
            canvas.text(&per_cent, TEXT, ink, (middle, heights.0), H::Center);
            let count = count.to_string();
            canvas.text(&count, SMALL - 1.0, ink, (middle, heights.1), H::Center);
        }
    }
    canvas.finish(&title)
}
