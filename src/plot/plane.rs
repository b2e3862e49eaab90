//! Two axes with ticks, grid and names, on which lines and marks are drawn.

use std::ops::Range;

use super::canvas::{Canvas, H, Ink, Scale, fitted, wrapped};
use super::{GAP, SMALL};

/// Height of a line of a name.
const LINE: i32 = 15;

/// Two scales, and where they lie on the figure.
pub struct Plane {
    pub x: Scale,
    pub y: Scale,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

impl Plane {
    /// `across` lie from `left` to `right`, `up` from `bottom` to `top`.
    pub fn new(
        (across, left, right): (Range<f64>, i32, i32),
        (up, top, bottom): (Range<f64>, i32, i32),
    ) -> Plane {
        Plane {
            x: Scale::new(across, left..right),
            y: Scale::new(up, bottom..top),
            left,
            right,
            top,
            bottom,
        }
    }

    /// Lines of the grid across, and their values to the left.
    pub fn levels(&self, canvas: &mut Canvas, most: usize) {
        let ticks = self.y.ticks(most);
        for &tick in &ticks {
            let at = self.y.at(tick);
            canvas.bar((self.left, at), (self.right, at + 1), Ink::Grid);
            let text = label(tick, &ticks);
            canvas.text(&text, SMALL, Ink::Muted, (self.left - GAP, at), H::Right);
        }
    }

    /// Lines of the grid upwards.
    pub fn uprights(&self, canvas: &mut Canvas, most: usize) {
        for tick in self.x.ticks(most) {
            let at = self.x.at(tick);
            canvas.bar((at, self.top), (at + 1, self.bottom), Ink::Grid);
        }
    }

    /// The values below the axis across, and its name.
    pub fn below(&self, canvas: &mut Canvas, most: usize, name: &str) {
        let ticks = self.x.ticks(most);
        for &tick in &ticks {
            let at = (self.x.at(tick), self.bottom + 13);
            canvas.text(&label(tick, &ticks), SMALL, Ink::Muted, at, H::Center);
        }
        let middle = (self.left + self.right) / 2;
        for (number, line) in self.lines_of(name).iter().enumerate() {
            let at = (middle, self.bottom + 32 + LINE * number as i32);
            canvas.text(line, SMALL, Ink::Muted, at, H::Center);
        }
    }

    /// Room that values and name take below the axis across.
    pub fn room_below(&self, name: &str) -> i32 {
        44 + LINE * (self.lines_of(name).len() as i32 - 1).max(0)
    }

    fn lines_of(&self, name: &str) -> Vec<String> {
        wrapped(name, f64::from(self.right - self.left), SMALL, 2)
    }

    /// The name of the axis upwards, beside the left edge of the figure.
    pub fn beside(&self, canvas: &mut Canvas, name: &str) {
        let middle = (9, (self.top + self.bottom) / 2);
        let name = fitted(name, f64::from(self.bottom - self.top), SMALL);
        canvas.upright(&name, SMALL, Ink::Muted, middle, H::Center);
    }

    /// A line through those of `points` whose height is finite, broken where it is not.
    pub fn broken_line(&self, points: impl Iterator<Item = (f64, f64)>) -> Vec<Vec<(i32, i32)>> {
        let mut lines = vec![Vec::new()];
        for (x, y) in points {
            if y.is_finite() {
                let line = lines.last_mut().expect("there is always one");
                line.push((self.x.at(x), self.y.at(y)));
            } else if lines.last().is_some_and(|line| !line.is_empty()) {
                lines.push(Vec::new());
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }
}

/// The least and the largest finite value, a little apart where they are equal; `None` where there
/// is none.
pub fn extent(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    match low < high {
        true => Some(low..high),
        false if low == high => {
            let room = 0.5 * low.abs().max(1.0);
            Some(low - room..high + room)
        }
        false => None,
    }
}

/// The value of a tick with as many digits as its neighbours need.
pub fn label(tick: f64, ticks: &[f64]) -> String {
    let step = ticks
        .windows(2)
        .map(|two| (two[1] - two[0]).abs())
        .fold(f64::INFINITY, f64::min);
    let largest = ticks
        .iter()
        .fold(0.0_f64, |most, tick| most.max(tick.abs()));
    let step = if step.is_finite() { step } else { largest };
    if largest >= 1e6 || (largest > 0.0 && largest < 1e-3) {
        let digits = (largest / step).log10().ceil().clamp(1.0, 6.0) as usize;
        return format!("{tick:.digits$e}");
    }
    let digits = (0..6).find(|&digits| {
        let unit = 10_f64.powi(-digits);
        ((step / unit).round() * unit - step).abs() < 1e-6 * step
    });
    let digits = digits.unwrap_or(6) as usize;
    // What is no more than rounding is zero, and not minus zero.
    let tick = if tick.abs() < 1e-6 * step { 0.0 } else { tick };
    format!("{tick:.digits$}")
}

#[test]
fn ticks_have_the_digits_they_need() {
    assert_eq!(label(2.0, &[0.0, 2.0, 4.0]), "2");
    assert_eq!(label(0.5, &[0.0, 0.5, 1.0]), "0.5");
    assert_eq!(label(0.25, &[0.0, 0.25, 0.5]), "0.25");
    assert_eq!(label(-3e-17, &[-0.2, -3e-17, 0.2]), "0.0");
    assert_eq!(label(2e6, &[0.0, 2e6]), "2.0e6");
    assert_eq!(label(1.25e6, &[1.2e6, 1.25e6]), "1.25e6");
}

#[test]
fn a_constant_has_room_around_it() {
    assert_eq!(extent([f64::NAN, 4.0, 4.0].into_iter()), Some(2.0..6.0));
    assert_eq!(extent([f64::NAN].into_iter()), None);
}
