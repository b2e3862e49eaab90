//! The sets `spectral_kernels` and `prosodic_kernels`: which shapes the contours of `rich` have in the speech of a
//! recording, in the bands of the spectrum and in level, pitch and voicing.
//!
//! The kernels were drawn once at random, following MiniRocket's scheme (Dempster, Schmidt & Webb 2021), and stand in
//! `kernels.tsv`: six of each of the 84 shapes, three with a short dilation and three with a long one, which differ from
//! shape to shape, on a few channels, more often few than many. So no random generator decides what a feature is.

use std::sync::LazyLock;

use super::statistics::{SHARES, StatisticGroup};
use super::{Column, Family, FeatureSet, Lld, Region, SetInfo, Storage, rich};

pub(super) static SPECTRAL_INFO: SetInfo = SetInfo {
    name: "spectral_kernels",
    version: 2,
    help: "shapes of the contours of mel bands and pitch, by 504 kernels",
    storage: Storage::List,
    edition: None,
    llds: || SPECTRAL.llds(),
    deltas: None,
    columns: |set| SPECTRAL.columns(set),
    statistics,
    dictionary: None,
};

pub(super) static PROSODIC_INFO: SetInfo = SetInfo {
    name: "prosodic_kernels",
    version: 2,
    help: "shapes of the contours of level, pitch and voicing, by 504 kernels",
    storage: Storage::List,
    edition: None,
    llds: || PROSODIC.llds(),
    deltas: None,
    columns: |set| PROSODIC.columns(set),
    statistics,
    dictionary: None,
};

/// A kernel: nine weights, of which three are 2 and the others -1, on the sum of some channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    /// The places of the three weights of 2, of 0 to 8.
    pub places: [usize; 3],
    /// Frames from weight to weight.
    pub dilation: usize,
    /// The channels whose sum it runs over.
    pub channels: Vec<usize>,
    /// What its output is compared with.
    pub thresholds: [f32; 3],
}

/// Kernels over some contours.
pub struct Kernels {
    /// The beginning of the features' names.
    prefix: &'static str,
    family: Family,
    /// The channels: descriptors of `rich`.
    pub descriptors: Vec<String>,
    /// The deviation of each over a recording, in its unit: what a value is divided by.
    pub scales: Vec<f32>,
    /// In the order of their features.
    pub kernels: Vec<Kernel>,
}

/// The bands of the spectrum, and pitch. Deviations in a recording are those of the three corpora, about,
/// and so is the correlation of two bands.
pub static SPECTRAL: LazyLock<Kernels> = LazyLock::new(|| {
    let bands = (0..26).map(|band| (format!("log_mel_{band}_db"), 15.0));
    let channels = bands.chain([("f0_semitone".to_string(), 4.0)]);
    Kernels::new("spectral_kernel", Family::Articulation, channels)
});

/// Level, pitch and voicing.
pub static PROSODIC: LazyLock<Kernels> = LazyLock::new(|| {
    let channels = [
        ("log_energy_db", 13.0),
        ("f0_semitone", 4.0),
        ("voicing", 0.28),
    ];
    let channels = channels.map(|(name, deviation)| (name.to_string(), deviation));
    Kernels::new("prosodic_kernel", Family::Intonation, channels.into_iter())
});

impl Kernels {
    fn new(
        prefix: &'static str,
        family: Family,
        channels: impl Iterator<Item = (String, f32)>,
    ) -> Kernels {
        let (descriptors, scales) = channels.unzip();
        let rows = include_str!("kernels.tsv").lines();
        let of_set = rows.filter_map(|row| row.strip_prefix(prefix)?.strip_prefix('\t'));
        let kernels = of_set.map(|row| Kernel::read(row).expect("a row of kernels.tsv"));
        Kernels {
            prefix,
            family,
            descriptors,
            scales,
            kernels: kernels.collect(),
        }
    }

    fn llds(&self) -> Vec<Lld> {
        rich::named(&self.descriptors)
    }

    fn columns(&self, set: FeatureSet) -> Vec<Column> {
        let of_kernel = |(number, kernel): (usize, &Kernel)| {
            let names = kernel
                .channels
                .iter()
                .map(|&channel| &*self.descriptors[channel]);
            let names: Vec<&str> = names.collect();
            let places = kernel.places.map(|at| (at + 1).to_string());
            let what = format!(
                "how often {} {} high at places {} of nine, {} ms apart, and low at the others",
                names.join(" + "),
                if names.len() == 1 { "is" } else { "are" },
                places.join(", "),
                kernel.dilation * 10,
            );
            SHARES.each_ref().map(|share| Column {
                name: format!("{}_{number}_{}", self.prefix, share.name),
                set,
                of: names.join(", "),
                functional: share.name,
                region: Region::All,
                is_delta: false,
                unit: share.unit_of("1"),
                meaning: format!("{what} (threshold: {})", share.name),
                family: self.family,
                side: None,
                plain: None,
            })
        };
        self.kernels
            .iter()
            .enumerate()
            .flat_map(of_kernel)
            .collect()
    }
}

impl Kernel {
    /// Reads places, dilation, channels and thresholds, separated by tabs, their numbers by commas.
    fn read(row: &str) -> Option<Kernel> {
        let mut fields = row.split('\t');
        let places: Vec<usize> = numbers(fields.next()?)?;
        let dilation = fields.next()?.parse().ok()?;
        let channels = numbers(fields.next()?)?;
        let thresholds: Vec<f32> = numbers(fields.next()?)?;
        Some(Kernel {
            places: places.try_into().ok()?,
            dilation,
            channels,
            thresholds: thresholds.try_into().ok()?,
        })
    }
}

fn numbers<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    text.split(',').map(|number| number.parse().ok()).collect()
}

fn statistics() -> Vec<StatisticGroup> {
    vec![StatisticGroup {
        name: "kernel",
        title: "Of each kernel, a shape of nine weights on some of the descriptors: NAME_NUMBER_STATISTIC (Dempster et al. 2021, \
             MiniRocket)",
        statistics: &SHARES,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Contours of speech forget themselves within this many frames: the correlation of two frames is
    /// exp(-distance / 15) (level and pitch of three corpora: .92 to .97 at 1, .37 to .7 at 8).
    const MEMORY: f64 = 15.0;

    /// The variance of a kernel's output on a contour of variance 1 with the [`MEMORY`] of speech.
    fn variance(kernel: &Kernel) -> f64 {
        let weight = |at: &usize| {
            if kernel.places.contains(at) {
                2.0
            } else {
                -1.0
            }
        };
        let pairs = (0..9).flat_map(|i: usize| (0..9).map(move |j: usize| (i, j)));
        let covariance = |(i, j): (usize, usize)| {
            let frames = (i.abs_diff(j) * kernel.dilation) as f64;
            weight(&i) * weight(&j) * (-frames / MEMORY).exp()
        };
        pairs.map(covariance).sum()
    }

    #[test]
    fn thresholds_are_quartiles_of_what_speech_is_like() {
        // Two channels of a set correlate so much, about.
        for (set, correlation) in [(&SPECTRAL, 0.6), (&PROSODIC, 0.3)] {
            for kernel in &set.kernels {
                let n = kernel.channels.len() as f64;
                let deviation = (n * (1.0 + (n - 1.0) * correlation) * variance(kernel)).sqrt();
                let quartiles = [-0.674, 0.0, 0.674].map(|of_normal| of_normal * deviation);
                for (threshold, quartile) in kernel.thresholds.iter().zip(quartiles) {
                    assert!(
                        (f64::from(*threshold) - quartile).abs() < 1e-6 * deviation,
                        "{kernel:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn each_shape_comes_six_times_in_two_lengths() {
        for set in [&SPECTRAL, &PROSODIC] {
            let mut shapes: HashMap<[usize; 3], Vec<usize>> = HashMap::new();
            for kernel in &set.kernels {
                shapes
                    .entry(kernel.places)
                    .or_default()
                    .push(kernel.dilation);
                assert!(
                    kernel
                        .channels
                        .iter()
                        .all(|&channel| channel < set.scales.len())
                );
                assert!(kernel.places.is_sorted() && kernel.places[2] < 9);
            }
            assert_eq!(shapes.len(), 84);
            for dilations in shapes.values_mut() {
                assert_eq!(dilations.len(), 6);
                dilations.sort_unstable();
                dilations.dedup();
                assert_eq!(dilations.len(), 2);
            }
        }
    }
}
