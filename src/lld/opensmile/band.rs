//! A band of frequencies among the bins of a spectrum (section 6.4 of the specification of eGeMAPS, 6.1 of that of ComParE).

/// A band, whose outer bins count in part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The last bin that does not lie above its lower end, and above its upper one.
    pub first: usize,
    /// See there.
    pub last: usize,
    /// Weights of the first and of the last bin; the others have 1.
    pub weights: [f64; 2],
}

impl Band {
    /// The band from `low_hz` to `high_hz` of a spectrum of so many `bins`, which lie at `hz`. Half the sample rate may cut it
    /// off: it ends with the last bin then.
    pub fn new(low_hz: f64, high_hz: f64, bins: usize, hz: impl Fn(usize) -> f64) -> Band {
        let last_up_to = |limit: f64| (0..bins).rev().find(|&k| hz(k) <= limit).unwrap_or(0);
        let (first, last) = (last_up_to(low_hz), last_up_to(high_hz));
        let spacing = hz(1);
        // A weight of 0 is none: it becomes 1.
        let or_one = |weight: f64| if weight == 0.0 { 1.0 } else { weight };
        let is_cut_off = last + 1 == bins;
        let of_last = match hz(last) == high_hz || is_cut_off {
            true => 1.0,
            false => or_one((high_hz - hz(last)) / spacing),
        };
        Band {
            first,
            last,
            weights: [or_one((hz(first + 1) - low_hz) / spacing), of_last],
        }
    }
}

#[test]
fn bands_have_the_bins_and_weights_of_the_specification() {
    // Section 6.1 of that of ComParE: 16 kHz, 257 bins.
    let band = |low_hz, high_hz| Band::new(low_hz, high_hz, 257, |bin| bin as f64 * 31.25);
    let expected = |first, last, weights| Band {
        first,
        last,
        weights,
    };
    assert_eq!(band(250.0, 650.0), expected(8, 20, [1.0, 0.8]));
    assert_eq!(band(1000.0, 4000.0), expected(32, 128, [1.0, 1.0]));
    // Cut off, and above all bins.
    assert_eq!(band(7000.0, 9000.0).last, 256);
    assert_eq!(band(9000.0, 9500.0).first, 256);
}
