//! The straight line through a contour (section 9 of the specification of emobase, 11.8 of that of ComParE).

/// A straight line over the numbers of frames, and how far a contour is from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Change per frame.
    pub slope: f64,
    /// Value at frame 0.
    pub offset: f64,
}

impl Line {
    /// The line of least squares through one value or more, whose mean is known.
    pub fn through(x: &[f32], mean: f32) -> Line {
        let products = (0..).zip(x).map(|(i, &x)| f64::from(i) * f64::from(x));
        Line::of_sums(x.len(), mean, products.sum())
    }

    /// The same through `frames` values with this mean, whose products with the numbers of their frames add up to `products`.
    pub fn of_sums(frames: usize, mean: f32, products: f64) -> Line {
        if frames == 1 {
            return Line {
                slope: 0.0,
                offset: f64::from(mean),
            };
        }
        let n = frames as f64;
        let [places, squares] = sums_of_powers(frames);
        let sum = f64::from(mean) * n;
        let offset = (sum - products * places / squares) / (n - places * places / squares);
        Line {
            slope: (products - offset * places) / squares,
            offset,
        }
    }

    /// The mean of the absolute differences from the line, and of the squared ones.
    pub fn errors(self, x: &[f32]) -> [f64; 2] {
        let (mut absolute, mut squared) = (0.0, 0.0);
        for (i, &x) in (0..).zip(x) {
            let difference = f64::from(x) - (self.slope * f64::from(i) + self.offset);
            absolute += difference.abs();
            squared += difference * difference;
        }
        [absolute, squared].map(|sum| sum / x.len() as f64)
    }
}

/// The sums of the numbers of so many frames, from 0, and of their squares.
pub fn sums_of_powers(frames: usize) -> [f64; 2] {
    let n = frames as f64;
    [n * (n - 1.0) / 2.0, n * (n - 1.0) * (2.0 * n - 1.0) / 6.0]
}

#[test]
fn lines_through_known_points() {
    let near = |found: [f64; 4], expected: [f64; 4]| {
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
        }
    };
    let line = |x: &[f32]| {
        let line = Line::through(x, x.iter().sum::<f32>() / x.len() as f32);
        let [absolute, squared] = line.errors(x);
        [line.slope, line.offset, absolute, squared]
    };
    near(line(&[5.0, 3.0, 1.0, -1.0]), [-2.0, 5.0, 0.0, 0.0]);
    // 0 1 0 about its mean: no slope; 1/3, 2/3, 1/3 off.
    near(
        line(&[0.0, 1.0, 0.0]),
        [0.0, 1.0 / 3.0, 4.0 / 9.0, 2.0 / 9.0],
    );
    near(line(&[4.0]), [0.0, 4.0, 0.0, 0.0]);
}
