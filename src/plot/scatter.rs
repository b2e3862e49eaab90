//! Points of several groups in a plane.

use super::canvas::{self, Canvas, H, Ink};
use super::plane::{Plane, extent};
use super::{Figure, SMALL, TEXT};

const WIDTH: i32 = 460;
const HEIGHT: i32 = 330;

/// Points in a plane, in the colour and shape of their groups; `names` are the names of the axes.
///
/// `group` holds for each point the index of its group in `groups`. Points that are not finite are left out. There are
/// eight colours and five shapes, so beyond forty groups they repeat.
///
/// ```
/// use sentire::prelude::*;
///
/// let (f0_hz, loudness) = ([210.0, 180.0, 250.0], [1.1, 0.4, 1.5]);
/// let emotions = ["angry", "sad"].map(String::from);
/// let figure = plot::scatter((&f0_hz, &loudness), &[0, 1, 0], &emotions, ["F0 (Hz)", "loudness"]);
/// assert_eq!(figure.title(), "3 points of 2 groups by F0 (Hz) and loudness");
/// ```
pub fn scatter(
    (x, y): (&[f64], &[f64]),
    group: &[usize],
    groups: &[String],
    names: [&str; 2],
) -> Figure {
    drawn((x, y), group, groups, names, None)
}

/// The same, and a dashed line from the first point to the second.
pub fn scatter_along(
    (x, y): (&[f64], &[f64]),
    group: &[usize],
    groups: &[String],
    names: [&str; 2],
    line: [(f64, f64); 2],
) -> Figure {
    drawn((x, y), group, groups, names, Some(line))
}

fn drawn(
    (x, y): (&[f64], &[f64]),
    group: &[usize],
    groups: &[String],
    names: [&str; 2],
    line_along: Option<[(f64, f64); 2]>,
) -> Figure {
    let title = format!(
        "{} points of {} groups by {} and {}",
        x.len(),
        groups.len(),
        names[0],
        names[1]
    );
    let ends = line_along.iter().flatten();
    let across = extent(x.iter().copied().chain(ends.clone().map(|end| end.0)));
    let up = extent(y.iter().copied().chain(ends.map(|end| end.1)));
    let (Some(across), Some(up)) = (across, up) else {
        return canvas::empty(WIDTH, &title);
    };
    let padded = |range: std::ops::Range<f64>| {
        let room = 0.04 * (range.end - range.start);
        range.start - room..range.end + room
    };
    let (left, right, top, bottom) = (58, WIDTH - 12, 8, HEIGHT);
    let plane = Plane::new((padded(across), left, right), (padded(up), top, bottom));
    // The legend flows below in lines.
    let mut places = Vec::new();
    let (mut at, mut line) = (left, 0);
    let below = bottom + 16 + plane.room_below(names[0]);
    let shown: Vec<String> = groups
        .iter()
        .map(|name| canvas::fitted(name, f64::from(right - left - 40), TEXT))
        .collect();
    for name in &shown {
        let wide = 22 + canvas::width(name, TEXT).ceil() as i32 + 14;
        if at > left && at + wide > right {
            (at, line) = (left, line + 1);
        }
        places.push((at, below + 22 * line));
        at += wide;
    }
    let mut canvas = Canvas::new(WIDTH, below + 12 + 22 * line);
    plane.levels(&mut canvas, 7);
    plane.uprights(&mut canvas, 8);
    if let Some(line) = line_along {
        let [from, to] = line.map(|(x, y)| (plane.x.at(x), plane.y.at(y)));
        canvas.dashed(from, to, Ink::Muted);
    }
    for ((&x, &y), &group) in x.iter().zip(y).zip(group) {
        if x.is_finite() && y.is_finite() {
            canvas.marker((plane.x.at(x), plane.y.at(y)), group);
        }
    }
    plane.below(&mut canvas, 8, names[0]);
    plane.beside(&mut canvas, names[1]);
    for (number, (name, (x, y))) in shown.iter().zip(places).enumerate() {
        canvas.marker((x + 6, y), number);
        canvas.text(name, SMALL, Ink::Text, (x + 18, y), H::Left);
    }
    canvas.finish(&title)
}

#[test]
fn colours_of_groups_stand_out_on_light_and_dark() {
    // WCAG 2.1: relative luminance and contrast ratio.
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        match c <= 0.040_45 {
            true => c / 12.92,
            false => ((c + 0.055) / 1.055).powf(2.4),
        }
    };
    let luminance =
        |[r, g, b]: [u8; 3]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let contrast = |a: [u8; 3], b: [u8; 3]| {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    };
    for color in canvas::SERIES {
        let color = [color.0, color.1, color.2];
        let (light, dark) = (contrast(color, [255; 3]), contrast(color, [0x11; 3]));
        assert!(
            light >= 3.0 && dark >= 3.0,
            "{color:x?}: {light:.2}, {dark:.2}"
        );
    }
}
