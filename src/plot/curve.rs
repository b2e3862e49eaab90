//! A curve with the intervals of its points.

use super::canvas::{self, Canvas, Ink};
use super::plane::{Plane, extent};
use super::{Figure, SMALL};

const WIDTH: i32 = 440;
const HEIGHT: i32 = 260;

/// Points with the intervals of their heights, from left to right, joined by a line; `level` is a dashed line across, where it is
/// finite. `names` are the names of the axes. Points that are not finite are left out.
///
/// ```
/// use sentire::prelude::*;
///
/// let points = [(50.0, 48.0, [40.0, 56.0]), (100.0, 55.0, [49.0, 61.0])];
/// let figure = plot::curve("UAR", &points, 25.0, ["speakers (per cent)", "UAR (per cent)"]);
/// assert!(figure.svg().contains("speakers (per cent)"));
/// ```
pub fn curve(title: &str, points: &[(f64, f64, [f64; 2])], level: f64, names: [&str; 2]) -> Figure {
    let across = extent(points.iter().map(|point| point.0));
    let heights = points
        .iter()
        .flat_map(|point| [point.1, point.2[0], point.2[1]]);
    let up = extent(heights.chain([level]));
    let (Some(across), Some(up)) = (across, up) else {
        return canvas::empty(WIDTH, title);
    };
    let padded = |range: std::ops::Range<f64>| {
        let room = 0.06 * (range.end - range.start);
        range.start - room..range.end + room
    };
    let (left, right, top, bottom) = (58, WIDTH - 12, 8, HEIGHT);
    let plane = Plane::new((padded(across), left, right), (padded(up), top, bottom));
    let mut canvas = Canvas::new(WIDTH, bottom + 4 + plane.room_below(names[0]));
    plane.levels(&mut canvas, 6);
    plane.uprights(&mut canvas, 6);
    if level.is_finite() {
        let y = plane.y.at(level);
        canvas.dashed((left, y), (right, y), Ink::Muted);
        canvas.text(
            "chance",
            SMALL,
            Ink::Muted,
            (right, y - 8),
            canvas::H::Right,
        );
    }
    for line in plane.broken_line(points.iter().map(|point| (point.0, point.1))) {
        canvas.line(&line, Ink::Accent);
    }
    for &(x, y, [low, high]) in points {
        let x = plane.x.at(x);
        if low.is_finite() && high.is_finite() {
            let (low, high) = (plane.y.at(low), plane.y.at(high));
            canvas.bar((x - 1, high), (x + 1, low), Ink::Soft);
            for end in [low, high] {
                canvas.bar((x - 4, end), (x + 5, end + 1), Ink::Accent);
            }
        }
        if y.is_finite() {
            canvas.dot((x, plane.y.at(y)), 4, Ink::Accent);
        }
    }
    plane.below(&mut canvas, 6, names[0]);
    plane.beside(&mut canvas, names[1]);
    canvas.finish(title)
}

#[test]
fn a_curve_has_a_dot_for_each_point_and_stays_well_formed() {
    use super::tests::assert_well_formed;
    let points = [
        (25.0, 40.0, [30.0, 50.0]),
        (50.0, f64::NAN, [f64::NAN; 2]),
        (100.0, 60.0, [55.0, 66.0]),
    ];
    let figure = curve("a <b>", &points, f64::NAN, ["x", "y"]);
    assert_well_formed(figure.svg(), &[]);
    assert_eq!(figure.svg().matches("<circle").count(), 2);
    assert_well_formed(curve("none", &[], f64::NAN, ["x", "y"]).svg(), &[]);
}
