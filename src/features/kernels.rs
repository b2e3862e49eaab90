//! The sets `spectral_kernels` and `prosodic_kernels`: which shapes the contours of `rich` have in the
//! speech of a recording, in the bands of the spectrum, and in level, pitch and voicing. See [`kernels`]
//! of the functionals for the method and its source.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::features::rich::{self, Analysis};
use crate::features::{Feature, StatisticGroup};
use crate::functional::Statistic;
use crate::functional::kernels::{self, Channels, Kernel};
use crate::lld::{Lld, mfcc};

/// Kernels of each of the 84 shapes. More of them gained nothing on RAVDESS, EmoDB and EMOVO.
const TIMES: usize = 6;

/// The share of frames in which the kernel's output exceeds one of its thresholds.
const SHARES: [Statistic; 3] = [
    (
        "low",
        "share of frames in which the kernel's output exceeds the lower quartile that is expected of speech",
    ),
    ("mid", "the same of the median, 0"),
    ("high", "the same of the upper quartile"),
];

/// Kernels over some contours.
pub struct Set {
    /// The beginning of the features' names.
    prefix: &'static str,
    descriptors: Vec<String>,
    channels: Channels,
    kernels: Vec<Kernel>,
}

/// The bands of the spectrum, and pitch. Deviations in a recording are those of the three corpora, about,
/// and so is the correlation of two bands.
pub static SPECTRAL: LazyLock<Set> = LazyLock::new(|| {
    let bands = (0..mfcc::BANDS).map(|band| (format!("log_mel_{band}_db"), 15.0));
    let contours = bands.chain([("f0_semitone".to_string(), 4.0)]);
    Set::new("spectral_kernel", contours.collect(), 5, 0.6)
});

/// Level, pitch and voicing.
pub static PROSODIC: LazyLock<Set> = LazyLock::new(|| {
    let contours = [
        ("log_energy_db", 13.0),
        ("f0_semitone", 4.0),
        ("voicing", 0.28),
    ];
    let contours = contours.map(|(name, deviation)| (name.to_string(), deviation));
    Set::new("prosodic_kernel", contours.into(), 2, 0.3)
});

impl Set {
    fn new(
        prefix: &'static str,
        contours: Vec<(String, f32)>,
        most: usize,
        correlation: f64,
    ) -> Set {
        let (descriptors, scales) = contours.into_iter().unzip();
        let channels = Channels {
            scales,
            most,
            correlation,
        };
        Set {
            prefix,
            descriptors,
            kernels: kernels::kernels(&channels, TIMES),
            channels,
        }
    }

    /// The descriptors that the kernels run over.
    pub fn llds(&self) -> Vec<Lld> {
        rich::named(&self.descriptors)
    }

    /// The statistics.
    pub fn statistics(&self) -> Vec<StatisticGroup> {
        vec![StatisticGroup::new(
            "kernel",
            "Of each kernel, a shape of nine weights on some of the descriptors: NAME_NUMBER_STATISTIC (Dempster et al. 2021, \
             MiniRocket)",
            &SHARES,
        )]
    }

    /// The features, in the order of [`values`](Set::values).
    pub fn features(&self) -> Vec<Feature> {
        let of_kernel = |(number, kernel): (usize, &Kernel)| {
            let descriptor = self.names(kernel).join(", ");
            SHARES.map(|(share, _)| Feature {
                name: self.name(number, share),
                descriptor: descriptor.clone(),
                functional: share.to_string(),
            })
        };
        self.kernels
            .iter()
            .enumerate()
            .flat_map(of_kernel)
            .collect()
    }

    /// What each feature is, in plain words.
    pub fn meanings(&self) -> BTreeMap<String, String> {
        let of_kernel = |(number, kernel): (usize, &Kernel)| {
            let places: Vec<String> = kernel
                .places
                .iter()
                .map(|at| (at + 1).to_string())
                .collect();
            let what = format!(
                "how often {} {} high at places {} of nine, {} ms apart, and low at the others",
                self.names(kernel).join(" + "),
                if kernel.channels.len() == 1 {
                    "is"
                } else {
                    "are"
                },
                places.join(", "),
                kernel.dilation * 10,
            );
            SHARES.map(|(share, _)| {
                (
                    self.name(number, share),
                    format!("{what} (threshold: {share})"),
                )
            })
        };
        self.kernels
            .iter()
            .enumerate()
            .flat_map(of_kernel)
            .collect()
    }

    /// Appends the values of [`features`](Set::features) to `out`; NaN where there is no frame.
    pub fn values(&self, analysis: &Analysis, out: &mut Vec<f32>) {
        let contours = analysis.in_speech(&self.descriptors);
        kernels::shares_above(&self.kernels, &self.channels, &contours, out);
    }

    fn name(&self, number: usize, share: &str) -> String {
        format!("{}_{number}_{share}", self.prefix)
    }

    fn names(&self, kernel: &Kernel) -> Vec<&str> {
        kernel
            .channels
            .iter()
            .map(|&channel| &*self.descriptors[channel])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_shape_comes_in_two_lengths() {
        for set in [&*SPECTRAL, &*PROSODIC] {
            let lengths: HashSet<([usize; 3], usize)> = set
                .kernels
                .iter()
                .map(|kernel| (kernel.places, kernel.dilation))
                .collect();
            assert_eq!(lengths.len(), 84 * 2);
        }
    }

    /// Kernels are drawn: another draw, as a new version of the generator might give, is another set, and
    /// tables of both would not mix.
    #[test]
    fn the_draw_is_the_one_of_this_features_version() {
        let ends = |set: &Set| {
            let [first, last] =
                [set.kernels.first(), set.kernels.last()].map(|kernel| kernel.unwrap().clone());
            [first, last].map(|kernel| {
                (
                    kernel.places,
                    kernel.dilation,
                    kernel.channels,
                    kernel.thresholds[2],
                )
            })
        };
        assert_eq!(
            ends(&SPECTRAL),
            [
                ([0, 1, 2], 1, vec![2, 22, 21], 5.9907885),
                ([6, 7, 8], 24, vec![21], 3.2113016)
            ]
        );
        assert_eq!(
            ends(&PROSODIC),
            [
                ([0, 1, 2], 1, vec![0, 1], 3.7600942),
                ([6, 7, 8], 24, vec![1], 3.2113016)
            ]
        );
    }
}
