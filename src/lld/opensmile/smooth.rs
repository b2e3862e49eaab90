//! Smoothing over three frames (section 11.1 of the specification of eGeMAPS), and changes from frame to frame (8.2 of that of
//! emobase).

/// How frames that are 0 count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// As any other: the mean of three.
    Plain,
    /// As missing: they stay 0, and the others take the mean of those that are not.
    NonZero,
}

impl Rule {
    /// Frame `here` with its neighbours.
    pub fn smooth(self, before: f32, here: f32, after: f32) -> f32 {
        match self {
            Rule::Plain => (before + here + after) / 3.0,
            Rule::NonZero if here == 0.0 => 0.0,
            Rule::NonZero => {
                let (mut sum, mut n) = (0.0, 0.0);
                for x in [before, here, after] {
                    if x != 0.0 {
                        sum += x;
                        n += 1.0;
                    }
                }
                sum / n
            }
        }
    }

    /// The contour smoothed; its ends are repeated.
    pub fn contour(self, x: &[f32]) -> Vec<f32> {
        (0..x.len()).map(|i| self.at(x, i)).collect()
    }

    /// Frame `i` of the contour smoothed; its ends are repeated.
    pub fn at(self, x: &[f32], i: usize) -> f32 {
        self.smooth(x[i.saturating_sub(1)], x[i], x[(i + 1).min(x.len() - 1)])
    }

    /// Frame `i` of the contour smoothed as if it were the last.
    pub fn at_end(self, x: &[f32], i: usize) -> f32 {
        self.smooth(x[i.saturating_sub(1)], x[i], x[i])
    }
}

/// What differences over one and two frames either way are divided by: twice the sum of 1 and 4.
pub const DELTA_DIVISOR: f32 = 10.0;

/// The change at a frame, from the two before it and the two behind it: the slope of the line of least squares through the
/// five.
pub fn delta(before: [f32; 2], after: [f32; 2]) -> f32 {
    let ([b2, b1], [a1, a2]) = (before, after);
    ((a1 - b1) + 2.0 * (a2 - b2)) / DELTA_DIVISOR
}

#[test]
fn the_change_of_a_ramp_is_its_slope() {
    assert_eq!(delta([1.0, 4.0], [10.0, 13.0]), 3.0);
}

#[test]
fn both_rules_smooth_as_in_the_specification() {
    // Section 16.2.
    let x = [0.0, 3.0, 6.0, 0.0, 9.0, 9.0, 0.0];
    assert_eq!(
        Rule::NonZero.contour(&x),
        [0.0, 4.5, 4.5, 0.0, 9.0, 9.0, 0.0]
    );
    assert_eq!(Rule::Plain.contour(&x), [1.0, 3.0, 3.0, 5.0, 6.0, 6.0, 3.0]);
    assert_eq!(Rule::NonZero.at_end(&x, 2), 5.0);
}
