//! The statistics of emobase and IS09 (section 9 of the specification of emobase), of all frames of a contour, zeros
//! included.

use super::moments::Moments;
use super::percentile;
use super::regression::Line;

/// Maximum, minimum, range, and the numbers of the first frames that have them; not divided by the length.
fn extremes(x: &[f32]) -> [f32; 5] {
    let (mut highest, mut lowest) = ((x[0], 0), (x[0], 0));
    for (i, &x) in x.iter().enumerate() {
        if x > highest.0 {
            highest = (x, i);
        }
        if x < lowest.0 {
            lowest = (x, i);
        }
    }
    let range = highest.0 - lowest.0;
    [
        highest.0,
        lowest.0,
        range,
        highest.1 as f32,
        lowest.1 as f32,
    ]
}

/// Working space of [`nineteen`].
#[derive(Debug, Clone, Default)]
pub struct Sorting {
    keys: Vec<i32>,
    sorted: Vec<f32>,
}

impl Sorting {
    /// The values of a contour, none of them NaN, in ascending order. (Whole numbers sort faster.)
    fn sort(&mut self, x: &[f32]) -> &[f32] {
        // The bits of negative numbers, but for the sign, turned over: an order that includes the sign. It is its own inverse.
        let turn = |bits: i32| bits ^ ((bits >> 31) as u32 >> 1) as i32;
        self.keys.clear();
        self.keys.extend(x.iter().map(|x| turn(x.to_bits() as i32)));
        self.keys.sort_unstable();
        let values = self
            .keys
            .iter()
            .map(|&key| f32::from_bits(turn(key) as u32));
        self.sorted.clear();
        self.sorted.extend(values);
        &self.sorted
    }
}

/// The statistics of emobase but for the quartiles, of one value or more, in its order.
fn thirteen(x: &[f32]) -> [f32; 13] {
    let [max, min, range, max_at, min_at] = extremes(x);
    let moments = Moments::of(x);
    let line = Line::through(x, moments.mean);
    let [absolute, squared] = line.errors(x);
    [
        max,
        min,
        range,
        max_at,
        min_at,
        moments.mean,
        line.slope as f32,
        line.offset as f32,
        absolute as f32,
        squared as f32,
        moments.deviation,
        moments.skewness,
        moments.kurtosis,
    ]
}

/// The 19 statistics of emobase of one value or more, in its order.
pub fn nineteen(x: &[f32], sorting: &mut Sorting) -> [f32; 19] {
    let sorted = sorting.sort(x);
    let [q1, q2, q3] = [0.25, 0.5, 0.75].map(|share| percentile(sorted, share));
    let mut all = [0.0; 19];
    let (first, quartiles) = all.split_at_mut(13);
    first.copy_from_slice(&thirteen(x));
    quartiles.copy_from_slice(&[q1, q2, q3, q2 - q1, q3 - q2, q3 - q1]);
    all
}

/// The 12 statistics of IS09 of one value or more, in its order: without the mean absolute distance from the line.
pub fn twelve(x: &[f32]) -> [f32; 12] {
    let [a, b, c, d, e, f, g, h, _, i, j, k, l] = thirteen(x);
    [a, b, c, d, e, f, g, h, i, j, k, l]
}

#[test]
fn statistics_of_a_contour_with_ties() {
    let x = [1.0, 5.0, 1.0, 5.0, 3.0];
    let found = nineteen(&x, &mut Sorting::default());
    // Line: products 0 + 5 + 2 + 15 + 12 = 34 against 15 2 = 30: slope 4 / 10, offset 3 - 2 (4 / 10).
    let expected = [5.0, 1.0, 4.0, 1.0, 0.0, 3.0, 0.4, 2.2];
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }
    assert_eq!(found[13..], [1.0, 3.0, 5.0, 2.0, 2.0, 4.0]);
    let both = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12].map(|k| found[k]);
    assert_eq!(twelve(&x), both);
    let unsorted = [2.5, -1.0, 0.0, -3.0, -0.5, 1e-9];
    assert_eq!(
        Sorting::default().sort(&unsorted),
        [-3.0, -1.0, -0.5, 0.0, 1e-9, 2.5]
    );
    // Section 11: of one frame the value, and no spread.
    let one = nineteen(&[2.0], &mut Sorting::default());
    let of_value = [0, 1, 5, 7, 13, 14, 15];
    for (k, value) in one.into_iter().enumerate() {
        assert_eq!(value, if of_value.contains(&k) { 2.0 } else { 0.0 }, "{k}");
    }
}
