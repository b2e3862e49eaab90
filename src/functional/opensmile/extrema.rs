//! Maxima and minima of a contour that stand out, and the slopes between them (sections 12.4 and 12.5 of the
//! specification of eGeMAPSv02). The last slope of a contour enters the mean but not the sum of squares.

use super::FRAME_S;

/// An extremum counts if it stands out by this share of the contour's range.
const LEAST_SHARE: f32 = 0.1;
/// A weak maximum replaces the one before if it is higher by this factor.
const HIGHER: f64 = 1.05;

/// A maximum or minimum of a contour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremum {
    /// Else a minimum.
    pub is_maximum: bool,
    /// Its value.
    pub value: f32,
    /// Its frame.
    pub index: usize,
}

/// The extrema of a contour that stand out of its `range`, maxima and minima in turn.
pub fn extrema(x: &[f32], range: f32) -> Vec<Extremum> {
    let Some(&first) = x.first() else {
        return Vec::new();
    };
    let least = LEAST_SHARE * range;
    let mut list = raw_extrema(x);
    drop_weak_maxima(&mut list, first, least);
    drop_weak_minima(&mut list, first, least);
    alternate(list)
}

/// All extrema but those of the outer two values on either side.
fn raw_extrema(x: &[f32]) -> Vec<Extremum> {
    let n = x.len().saturating_sub(2);
    // Whether a value is an extremum can hardly be foreseen: written down for each, and kept where it is one.
    let mut places = vec![0; n];
    let mut found = 0;
    for (index, &[before, value, after]) in (1..n).zip(x.array_windows()) {
        places[found] = index;
        let is_maximum = (value > before) & (value > after);
        let is_minimum = (value < before) & (value < after);
        found += usize::from((is_maximum | is_minimum) & (index > 1));
    }
    let extremum = |&index: &usize| Extremum {
        is_maximum: x[index] > x[index - 1],
        value: x[index],
        index,
    };
    places[..found].iter().map(extremum).collect()
}

fn drop_weak_maxima(list: &mut Vec<Extremum>, first: f32, least: f32) {
    let mut keeps = vec![true; list.len()];
    let (mut before, mut low, mut saw_minimum) = (first, first, false);
    // The last maximum that was kept: its value and its place in the list.
    let (mut high, mut high_at) = (first, None);
    for (at, extremum) in list.iter().enumerate() {
        let value = extremum.value;
        let stands_out = (value - before).abs() >= least;
        before = value;
        if !extremum.is_maximum {
            if stands_out {
                (low, saw_minimum) = (value, true);
            }
            continue;
        }
        if !stands_out {
            if value - low < least {
                keeps[at] = false;
                continue;
            }
            if f64::from(value) > HIGHER * f64::from(high) {
                if let Some(lower) = high_at {
                    keeps[lower] = false;
                }
            } else if !saw_minimum {
                keeps[at] = false;
            }
        }
        saw_minimum = false;
        if keeps[at] {
            (high, high_at) = (value, Some(at));
        }
    }
    let mut keeps = keeps.into_iter();
    list.retain(|_| keeps.next().unwrap_or(true));
}

fn drop_weak_minima(list: &mut Vec<Extremum>, first: f32, least: f32) {
    let mut high = first;
    list.retain(|extremum| {
        if extremum.is_maximum {
            high = extremum.value;
        }
        extremum.is_maximum || high - extremum.value >= least
    });
}

/// Of maxima in a row the highest, of minima in a row the lowest; of equals the first.
fn alternate(list: Vec<Extremum>) -> Vec<Extremum> {
    let mut alternating: Vec<Extremum> = Vec::with_capacity(list.len());
    for extremum in list {
        match alternating.last_mut() {
            Some(last) if last.is_maximum == extremum.is_maximum => {
                let is_further = match extremum.is_maximum {
                    true => extremum.value > last.value,
                    false => extremum.value < last.value,
                };
                if is_further {
                    *last = extremum;
                }
            }
            _ => alternating.push(extremum),
        }
    }
    alternating
}

/// Mean and deviation of the slopes between extrema, per second: rising, falling (positive too).
pub fn slopes(x: &[f32], extrema: &[Extremum]) -> [[f32; 2]; 2] {
    let last = x.len() - 1;
    // Rising slopes begin at the last minimum, falling ones at the last maximum.
    let (mut minimum, mut maximum) = ((x[0], 0), (x[0], 0));
    let (mut rising, mut falling) = (Slopes::default(), Slopes::default());
    let slope =
        |from: (f32, usize), to: (f32, usize)| (to.0 - from.0) / ((to.1 - from.1) as f32 * FRAME_S);
    for extremum in extrema {
        let here = (extremum.value, extremum.index);
        match extremum.is_maximum {
            true => {
                rising.add(slope(minimum, here));
                maximum = here;
            }
            false => {
                falling.add(-slope(maximum, here));
                minimum = here;
            }
        }
    }
    let end = (x[last], last);
    match extrema.last() {
        // The closing slope has the sign of a rise, whichever list it joins.
        Some(extremum) if extremum.is_maximum => falling.close(slope(maximum, end)),
        Some(_) => rising.close(slope(minimum, end)),
        None => {
            let slope = (x[last] - x[0]) / x.len() as f32;
            if slope > 0.0 {
                rising.add(slope);
            } else if slope < 0.0 {
                falling.add(slope);
            }
        }
    }
    [rising.mean_and_deviation(), falling.mean_and_deviation()]
}

#[derive(Default)]
struct Slopes {
    slopes: Vec<f32>,
    closing: Option<f32>,
}

impl Slopes {
    fn add(&mut self, slope: f32) {
        self.slopes.push(slope);
    }

    fn close(&mut self, slope: f32) {
        self.closing = Some(slope);
    }

    fn mean_and_deviation(&self) -> [f32; 2] {
        let all = || {
            self.slopes
                .iter()
                .chain(&self.closing)
                .map(|&s| f64::from(s))
        };
        let n = all().count();
        if n == 0 {
            return [0.0, 0.0];
        }
        let mean = all().sum::<f64>() / n as f64;
        let squares = self.slopes.iter().map(|&s| (f64::from(s) - mean).powi(2));
        let deviation = (squares.sum::<f64>() / n as f64).sqrt();
        [mean as f32, deviation as f32]
    }
}
