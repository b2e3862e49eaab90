//! Smoothing over three frames (section 11.1 of the specification).

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
