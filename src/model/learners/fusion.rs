//! Late fusion of feature groups: a kernel ridge regression on each, their scores added.
//!
//! Classifiers that make different errors make fewer together (Kittler et al. 1998, "On combining classifiers"), and
//! scores of regressions on the same targets need no weights. Z-scores are first compressed by a signed power
//! below 1, so that a single outlier does not set two recordings apart (the power normalisation of
//! Perronnin, Sánchez & Mensink 2010, "Improving the Fisher kernel for large-scale image
//! classification").
//!
//! The key that names the groups is `views=`, as it stands in reports and model files.

use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::feature_groups::FeatureGroup;
use crate::model::kernel_ridge::{Comparison, KernelRidge};
use crate::model::learners::parameters::{self, Key, Kind, Parameters};
use crate::model::learners::{self, Estimator, Learner, OfClasses, OfValues};
use crate::model::least_squares::Targets;
use crate::model::outputs::Outputs;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "fusion",
    help: "the default: a kernel ridge regression on each feature group, their scores added",
    keys: &[
        Key::positive("alpha", "0.001", "penalty, as a share of the variance").tuned(),
        Key::positive("gamma", "0.3", "width of the radial kernel"),
        Key::positive("power", "0.7", "exponent of the signed power"),
        Key::new("views", ALL_GROUPS, GROUPS, "what the regressions see").quiet(),
        Key::new(
            "kernel",
            "radial",
            Kind::Word(&["radial", "linear"]),
            "of statistics and covariance; linear makes a small model",
        )
        .quiet(),
    ],
    in_auto: &[(7, "fusion")],
    grid: |given| {
        [1e-2, 3e-3, 1e-3, 3e-4]
            .map(|alpha| given.with("alpha", alpha))
            .into()
    },
    for_features: groups_among,
    classes: Some(OfClasses {
        learns_shares: true,
        weighs_corpora: true,
        fit: |each, rows| {
            let targets = Targets::Shares(rows.shares, rows.corpora);
            learners::fit(each, |given| {
                Fusion::fit(rows.x, rows.names, targets, &settings(given), rows.seed)
            })
        },
        read: learners::read::<Fusion>,
    }),
    values: Some(OfValues {
        fit: |each, rows| {
            learners::fit(each, |given| {
                let settings = settings(given);
                // A sum of regressions each of which is on its share of the targets is their mean.
                let is_there = |group: &&FeatureGroup| !group.places(rows.names).is_empty();
                let groups = settings.groups.iter().filter(is_there).count();
                let shares = rows.y.mapv(|y| y / groups.max(1) as f64);
                let targets = Targets::Values(shares.view());
                Fusion::fit(rows.x, rows.names, targets, &settings, rows.seed)
            })
        },
        read: learners::read::<Fusion>,
    }),
};

fn settings(given: &Parameters) -> Settings {
    Settings {
        groups: given.get::<Groups>("views").0,
        alpha: given.get("alpha"),
        gamma: given.get("gamma"),
        power: given.get("power"),
        is_linear: given.word("kernel") == "linear",
    }
}

const ALL_GROUPS: &str = "statistics+source+filter+covariance+spectral_kernels+prosodic_kernels";
const GROUPS: Kind = Kind::Own("some of these, or all", parameters::canonical::<Groups>);

/// The parameters with those of the groups for which the table has features. Groups that were asked for by name must
/// all be there.
fn groups_among(given: &Parameters, names: &[String]) -> Result<Parameters, String> {
    let Groups(asked) = given.get("views");
    let is_there = |group: &FeatureGroup| !group.places(names).is_empty();
    let (groups, missing): (Vec<FeatureGroup>, Vec<FeatureGroup>) =
        asked.iter().partition(|v| is_there(v));
    match missing.first() {
        Some(group) if asked != FeatureGroup::DEFAULT || groups.is_empty() => Err(format!(
            "the table has no features of the group {group}; extract it with --features default (columns of one's own are in `statistics` and `all` alone)"
        )),
        _ => Ok(given.with("views", Groups(groups))),
    }
}

impl Estimator for Fusion {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Scores(self.scores(x))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        let fits = |(places, ridge): &(Vec<usize>, KernelRidge)| {
            places.iter().all(|&place| place < features) && ridge.fits(places.len(), answers)
        };
        self.features == features && !self.groups.is_empty() && self.groups.iter().all(fits)
    }

    /// The slopes of the classes' functions along each feature at the mean of the training rows, summed over the
    /// groups that have it.
    fn importance(&self, _features: usize) -> Vec<f64> {
        let mut importance = vec![0.0; self.features];
        for (places, ridge) in &self.groups {
            let of_group = places.iter().zip(ridge.importance());
            of_group.for_each(|(&place, value)| importance[place] += value);
        }
        importance
    }
}

/// Names of groups, joined by +.
struct Groups(Vec<FeatureGroup>);

impl fmt::Display for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|group| group.name()).collect();
        f.write_str(&names.join("+"))
    }
}

impl FromStr for Groups {
    type Err = String;

    fn from_str(names: &str) -> Result<Groups, String> {
        let mut groups = Vec::new();
        for name in names.split('+') {
            let group = name.parse()?;
            if groups.contains(&group) {
                return Err(format!("feature group {name:?} twice"));
            }
            groups.push(group);
        }
        Ok(Groups(groups))
    }
}

/// The parameters. The defaults were chosen by the mean UAR on RAVDESS, EmoDB and EMOVO under both
/// protocols, and are the same for every corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The feature groups, each by a regression of its own.
    pub groups: Vec<FeatureGroup>,
    /// The penalty as a share of the rows' variance; groups that are compared by the inner product take half of it.
    pub alpha: f64,
    /// Width of the radial kernel, for rows of mean squared length 1.
    pub gamma: f64,
    /// Exponent of the signed power.
    pub power: f64,
    /// Whether all groups are compared by the inner product.
    pub is_linear: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            groups: FeatureGroup::DEFAULT.to_vec(),
            alpha: 1e-3,
            gamma: 0.3,
            power: 0.7,
            is_linear: false,
        }
    }
}

/// Trained regressions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fusion {
    features: usize,
    power: f32,
    /// The features of each group, and the regression on them.
    groups: Vec<(Vec<usize>, KernelRidge)>,
}

impl Fusion {
    /// Trains on the scaled rows `x`, whose columns are `names`. Groups without a column are left out.
    pub fn fit(
        x: ArrayView2<f32>,
        names: &[String],
        targets: Targets,
        settings: &Settings,
        seed: u64,
    ) -> Result<Fusion> {
        let power = settings.power as f32;
        let fit = |(group, places): (FeatureGroup, Vec<usize>)| {
            // The shares of kernels are nearly linear in what they count, and many; so are all together.
            let (comparison, alpha) = match group {
                FeatureGroup::SpectralKernels
                | FeatureGroup::ProsodicKernels
                | FeatureGroup::All => (Comparison::Linear, settings.alpha / 2.0),
                _ if settings.is_linear => (Comparison::Linear, settings.alpha / 2.0),
                FeatureGroup::Statistics
                | FeatureGroup::Source
                | FeatureGroup::Filter
                | FeatureGroup::Covariance => {
                    let gamma = settings.gamma;
                    (Comparison::Radial { gamma }, settings.alpha)
                }
            };
            let of_group = compressed(x.select(Axis(1), &places), power);
            let ridge = KernelRidge::fit(of_group.view(), targets, comparison, alpha, seed)?;
            Ok((places, ridge))
        };
        let of_group = |&group: &FeatureGroup| (group, group.places(names));
        let groups: Vec<(FeatureGroup, Vec<usize>)> = settings
            .groups
            .iter()
            .map(of_group)
            .filter(|(_, places)| !places.is_empty())
            .collect();
        if groups.is_empty() {
            return Err(Error::Usage(
                "none of the features that are selected belongs to a feature group of the model; select more, or name other groups"
                    .into(),
            ));
        }
        Ok(Fusion {
            features: x.ncols(),
            power,
            groups: groups.into_par_iter().map(fit).collect::<Result<_>>()?,
        })
    }

    /// The sum over the groups of each class's score; minus infinity for a class that training did not
    /// see.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let scores = self.groups.iter().map(|(places, ridge)| {
            let of_group = compressed(x.select(Axis(1), places), self.power);
            ridge.scores(of_group.view())
        });
        scores
            .reduce(|sum, scores| sum + scores)
            .expect("at least one group")
    }
}

/// Each value's magnitude to the power, with its sign.
fn compressed(mut x: Array2<f32>, power: f32) -> Array2<f32> {
    if power != 1.0 {
        x.mapv_inplace(|value| value.abs().powf(power).copysign(value));
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::best;
    use crate::model::least_squares::one_hot;

    #[test]
    fn views_add_up_what_each_knows() {
        // Pitch tells class 0 from the others, covariance class 1 from 2; neither group tells all three.
        let names = ["f0_hz_mean", "covariance_zcr_voicing"].map(String::from);
        let y: Vec<usize> = (0..60).map(|i| i % 3).collect();
        let x = Array2::from_shape_fn((60, 2), |(i, f)| {
            let value = match (f, y[i]) {
                (0, 0) | (1, 1) => -1.0,
                (0, _) | (1, 2) => 1.0,
                _ => 0.0,
            };
            value + (i / 3) as f32 * 0.01
        });
        let right = |groups: &[FeatureGroup]| {
            let settings = Settings {
                groups: groups.to_vec(),
                ..Settings::default()
            };
            let fusion = Fusion::fit(
                x.view(),
                &names,
                Targets::Shares(one_hot(&y, 3).view(), None),
                &settings,
                0,
            )
            .unwrap();
            let scores = fusion.scores(x.view());
            (0..60).filter(|&i| best(scores.row(i)) == y[i]).count()
        };
        assert!(right(&[FeatureGroup::Statistics]) <= 40);
        // The groups of kernels have no column here, and are left out.
        assert_eq!(right(&FeatureGroup::DEFAULT), 60);
    }

    #[test]
    fn magnitudes_are_compressed_and_signs_kept() {
        let x = ndarray::array![[4.0, -9.0, 0.0]];
        assert_eq!(
            compressed(x.clone(), 0.5),
            ndarray::array![[2.0, -3.0, 0.0]]
        );
        assert_eq!(compressed(x.clone(), 1.0), x);
    }

    #[test]
    fn a_selection_that_leaves_no_view_is_refused() {
        let x = Array2::zeros((4, 1));
        let names = ["mfcc_1_mean".to_string()];
        let settings = Settings {
            groups: vec![FeatureGroup::Source],
            ..Settings::default()
        };
        let error = Fusion::fit(
            x.view(),
            &names,
            Targets::Shares(one_hot(&[0, 1, 0, 1], 2).view(), None),
            &settings,
            0,
        )
        .unwrap_err();
        assert!(matches!(error, Error::Usage(_)), "{error}");
    }
}
