//! Mean, deviation, skewness and kurtosis (section 9 of the specification of emobase).

/// The first four moments of a contour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Arithmetic mean; all others are taken around it as it is in single precision.
    pub mean: f32,
    /// Population standard deviation.
    pub deviation: f32,
    /// Third standardised moment; 0 of a constant contour.
    pub skewness: f32,
    /// Fourth standardised moment, 3 of a normal distribution; 0 of a constant contour.
    pub kurtosis: f32,
}

impl Moments {
    /// Of one value or more.
    pub fn of(x: &[f32]) -> Moments {
        let n = x.len() as f64;
        let mean = (x.iter().map(|&x| f64::from(x)).sum::<f64>() / n) as f32;
        let (mut m2, mut m3, mut m4) = (0.0, 0.0, 0.0);
        for &x in x {
            let d = f64::from(x) - f64::from(mean);
            let square = d * d;
            m2 += square;
            m3 += square * d;
            m4 += square * square;
        }
        m2 /= n;
        let (skewness, kurtosis) = match m2 > 0.0 {
            true => (m3 / (n * m2 * m2.sqrt()), m4 / (n * m2 * m2)),
            false => (0.0, 0.0),
        };
        Moments {
            mean,
            deviation: m2.sqrt() as f32,
            skewness: skewness as f32,
            kurtosis: kurtosis as f32,
        }
    }
}

#[test]
fn moments_of_known_distributions() {
    // One of four: mean 1/4, variance 3/16; skewness (1 - 2p) / sqrt(pq), kurtosis 3 + (1 - 6pq) / pq.
    let found = Moments::of(&[0.0, 0.0, 1.0, 0.0]);
    let pq = 3.0_f32 / 16.0;
    let expected = [
        0.25,
        pq.sqrt(),
        0.5 / pq.sqrt(),
        3.0 + (1.0 - 6.0 * pq) / pq,
    ];
    let Moments {
        mean,
        deviation,
        skewness,
        kurtosis,
    } = found;
    for (found, expected) in [mean, deviation, skewness, kurtosis]
        .into_iter()
        .zip(expected)
    {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }
    let constant = Moments::of(&[7.0; 5]);
    assert_eq!((constant.mean, constant.deviation), (7.0, 0.0));
    assert_eq!((constant.skewness, constant.kurtosis), (0.0, 0.0));
}
