//! Statistics of a contour. Sums run in double precision. What is undefined is NaN.

/// Arithmetic mean; NaN for no values.
pub fn mean(x: &[f32]) -> f64 {
    x.iter().map(|&v| f64::from(v)).sum::<f64>() / x.len() as f64
}

/// Mean, population standard deviation, skewness and excess kurtosis of a contour.
///
/// The moments are those of scipy 1.x's `skew` and `kurtosis` (`bias=True, fisher=True`). Skewness
/// and kurtosis are NaN where all values are equal, up to the rounding of single precision.
pub fn moments(x: &[f32]) -> [f64; 4] {
    let mean = mean(x);
    let (mut m2, mut m3, mut m4) = (0.0, 0.0, 0.0);
    for &v in x {
        let d = f64::from(v) - mean;
        let d2 = d * d;
        m2 += d2;
        m3 += d2 * d;
        m4 += d2 * d2;
    }
    let n = x.len() as f64;
    let (m2, m3, m4) = (m2 / n, m3 / n, m4 / n);
    let std = m2.sqrt();
    if std <= f64::from(f32::EPSILON) * mean.abs() || std == 0.0 {
        return [mean, std, f64::NAN, f64::NAN];
    }
    [mean, std, m3 / (m2 * std), m4 / (m2 * m2) - 3.0]
}

/// The `q`-th percentile (0 to 100) of values in ascending order, interpolated linearly between
/// neighbours: numpy's default. NaN for no values.
pub fn percentile(sorted: &[f32], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = q / 100.0 * last as f64;
    let below = position.floor();
    let low = f64::from(sorted[below as usize]);
    let high = f64::from(sorted[(below as usize + 1).min(last)]);
    low + (high - low) * (position - below)
}

/// Slope of the least-squares line through values one step apart, per step; NaN values are left
/// out. NaN for fewer than two values.
pub fn slope(x: &[f32]) -> f64 {
    let points = || {
        x.iter()
            .enumerate()
            .filter(|(_, v)| !v.is_nan())
            .map(|(t, &v)| (t as f64, f64::from(v)))
    };
    let (mut n, mut sum_t) = (0.0, 0.0);
    for (t, _) in points() {
        n += 1.0;
        sum_t += t;
    }
    if n < 2.0 {
        return f64::NAN;
    }
    let middle = sum_t / n;
    let (mut tv, mut tt) = (0.0, 0.0);
    for (t, v) in points() {
        tv += (t - middle) * v;
        tt += (t - middle) * (t - middle);
    }
    tv / tt
}

/// Delta regression over two neighbours on each side, ends repeated: `d[t] = sum_n n (x[t+n] -
/// x[t-n]) / (2 sum_n n^2)`, n = 1, 2.
///
/// Young et al., "The HTK Book", equation 5.16; equals librosa 0.11's `delta(width=5,
/// mode="nearest")`. Unit: that of `x` per frame. NaN wherever one of the five values is.
pub fn delta(x: &[f32], out: &mut Vec<f32>) {
    out.clear();
    let Some(last) = x.len().checked_sub(1) else {
        return;
    };
    out.extend((0..x.len()).map(|t| {
        let at = |offset: isize| x[t.saturating_add_signed(offset).min(last)];
        // The middle value has weight zero, but where it is missing so is the delta.
        (at(1) - at(-1) + 2.0 * (at(2) - at(-2))) / 10.0 + 0.0 * x[t]
    }));
}

/// The vertex of the parabola through three points whose abscissae ascend; where they lie on a line,
/// the highest of them.
pub fn parabola((x1, y1): (f64, f64), (x2, y2): (f64, f64), (x3, y3): (f64, f64)) -> (f64, f64) {
    // Newton's form: y = y1 + d1 (x - x1) + a (x - x1)(x - x2).
    let d1 = (y2 - y1) / (x2 - x1);
    let d2 = (y3 - y2) / (x3 - x2);
    let a = (d2 - d1) / (x3 - x1);
    if a == 0.0 {
        let points = [(x1, y1), (x2, y2), (x3, y3)];
        return points.into_iter().fold((x1, y1), |highest, point| {
            if point.1 > highest.1 { point } else { highest }
        });
    }
    let x = (x1 + x2) / 2.0 - d1 / (2.0 * a);
    (x, y1 + d1 * (x - x1) + a * (x - x1) * (x - x2))
}

#[test]
fn moments_of_a_small_set_are_the_textbook_ones() {
    // 1, 2, 3, 4, 10: mean 4, variance 10, third central moment 36, fourth 278.8.
    let [mean, std, skewness, kurtosis] = moments(&[1.0, 2.0, 3.0, 4.0, 10.0]);
    assert_eq!(mean, 4.0);
    assert!((std - 10.0_f64.sqrt()).abs() < 1e-12);
    assert!((skewness - 36.0 / 10.0_f64.powf(1.5)).abs() < 1e-12);
    assert!((kurtosis - (278.8 / 100.0 - 3.0)).abs() < 1e-12);
}

#[test]
fn percentiles_interpolate_and_a_line_has_its_slope() {
    assert_eq!(percentile(&[1.0, 2.0, 4.0], 75.0), 3.0);
    assert_eq!(percentile(&[5.0], 99.0), 5.0);
    assert!(percentile(&[], 50.0).is_nan());
    assert_eq!(slope(&[1.0, 3.0, 5.0, 7.0]), 2.0);
    assert!((slope(&[1.0, f32::NAN, 5.0, 7.0]) - 2.0).abs() < 1e-12);
    assert!(slope(&[1.0, f32::NAN]).is_nan());
}

#[test]
fn the_delta_of_a_ramp_is_its_step_away_from_the_ends() {
    let mut out = Vec::new();
    delta(&[0.0, 3.0, 6.0, 9.0, 12.0, 15.0], &mut out);
    assert_eq!(out[2..4], [3.0, 3.0]);
    // At the end x[t+1] and x[t+2] repeat the last value: (15 - 12 + 2 (15 - 9)) / 10.
    assert_eq!(out[5], 1.5);
}

#[test]
fn a_parabola_has_its_vertex_and_a_line_its_highest_point() {
    let (x, y) = parabola((-1.0, 0.8), (0.0, 1.0), (1.0, 0.9));
    assert!((x - 1.0 / 6.0).abs() < 1e-12 && (y - (1.0 + 1.0 / 240.0)).abs() < 1e-12);
    assert_eq!(parabola((0.0, 1.0), (1.0, 2.0), (2.0, 3.0)), (2.0, 3.0));
}
