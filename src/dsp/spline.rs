//! Cubic splines whose nodes stay the same from frame to frame.

use crate::dsp::lanes::Lanes;

/// A planned natural cubic spline (second derivative 0 at both ends), from values at fixed places to
/// values at other fixed places: the equations are solved once for all frames, but for what
/// depends on the values.
#[derive(Debug, Clone)]
pub struct NaturalSpline {
    /// For each inner place: weights of the value before, there and behind, and of the result of
    /// the place before, in the forward pass.
    forward: Vec<[f64; 4]>,
    /// For each inner place: the weight of the curvature behind it, in the backward pass.
    backward: Vec<f64>,
    outputs: Vec<Output>,
    curvature: Vec<Lanes<f64>>,
}

/// How an output is made of what is on both sides of it.
#[derive(Debug, Clone, Copy)]
struct Output {
    before: usize,
    values: [f64; 2],
    curvatures: [f64; 2],
}

impl NaturalSpline {
    /// Plans the spline through values at the nodes `from`, which ascend, evaluated at `to`, which lie between the first and
    /// the last node.
    ///
    /// # Panics
    ///
    /// If there are fewer than two nodes.
    pub fn new(from: &[f64], to: &[f64]) -> NaturalSpline {
        let n = from.len();
        assert!(n >= 2, "a spline has two places at least, not {n}");
        let width = |i: usize| from[i + 1] - from[i];
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        // The tridiagonal equations of the curvatures, by elimination from the front.
        let mut above = 0.0;
        for i in 1..n - 1 {
            let (left, right) = (width(i - 1), width(i));
            let pivot = (left + right) / 3.0 - left / 6.0 * above;
            above = right / 6.0 / pivot;
            let [before, behind] = [1.0 / left / pivot, 1.0 / right / pivot];
            forward.push([before, -before - behind, behind, -left / 6.0 / pivot]);
            backward.push(above);
        }
        let output = |&x: &f64| {
            let before = from.partition_point(|&place| place <= x).clamp(1, n - 1) - 1;
            let h = width(before);
            let b = (x - from[before]) / h;
            let a = 1.0 - b;
            let curvature = |part: f64| (part * part * part - part) * h * h / 6.0;
            Output {
                before,
                values: [a, b],
                curvatures: [curvature(a), curvature(b)],
            }
        };
        NaturalSpline {
            forward,
            backward,
            outputs: to.iter().map(output).collect(),
            curvature: vec![Lanes::default(); n],
        }
    }

    /// Calls `with` for each output in turn: its index and its value in each of eight frames.
    #[inline(always)]
    pub fn evaluate(&mut self, values: &[Lanes<f64>], mut with: impl FnMut(usize, Lanes<f64>)) {
        let curvature = &mut self.curvature;
        assert_eq!(values.len(), curvature.len());
        let mut last = Lanes::splat(0.0);
        for (i, w) in self.forward.iter().enumerate() {
            last = values[i] * w[0] + values[i + 1] * w[1] + values[i + 2] * w[2] + last * w[3];
            curvature[i + 1] = last;
        }
        let mut behind = Lanes::splat(0.0);
        for (i, &above) in self.backward.iter().enumerate().rev() {
            behind = curvature[i + 1] - behind * above;
            curvature[i + 1] = behind;
        }
        for (index, output) in self.outputs.iter().enumerate() {
            let Output { before, .. } = *output;
            let (values, curvature) = (&values[before..before + 2], &curvature[before..before + 2]);
            let value = values[0] * output.values[0]
                + values[1] * output.values[1]
                + curvature[0] * output.curvatures[0]
                + curvature[1] * output.curvatures[1];
            with(index, value);
        }
    }
}

#[test]
fn a_spline_goes_through_its_values_and_bends_as_natural_ones_do() {
    // Values 0, 1, 0 at 0, 1, 2: by symmetry one equation, 2/3 M = -2, so M = -3 in the middle, and
    // at 0.5 the value is 0.5 + (0.125 - 0.5) (-3) / 6 = 0.6875.
    let from = [0.0, 1.0, 2.0];
    let mut spline = NaturalSpline::new(&from, &[0.0, 0.5, 1.0, 1.5, 2.0]);
    let values = [0.0, 1.0, 0.0].map(Lanes::splat);
    let mut found = Vec::new();
    spline.evaluate(&values, |_, value| found.push(value.0[3]));
    assert_eq!(found, [0.0, 0.6875, 1.0, 0.6875, 0.0]);
}

#[test]
fn a_line_stays_a_line_at_any_places() {
    let from = [0.0, 0.1, 0.7, 2.0, 2.1, 5.0];
    let to = [0.05, 0.3, 1.9, 2.05, 4.0, 5.0];
    let values = from.map(|x| Lanes::from_fn(|lane| lane as f64 * x - 1.0));
    NaturalSpline::new(&from, &to).evaluate(&values, |i, value| {
        for (lane, found) in value.0.into_iter().enumerate() {
            assert!((found - (lane as f64 * to[i] - 1.0)).abs() < 1e-12);
        }
    });
}
