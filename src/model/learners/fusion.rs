//! Feature groups fused late: a kernel ridge regression on each, their scores added. (In the code and as a key a
//! group is a view: what a recording looks like from one side.)
//!
//! What errs differently errs less in sum (Kittler et al. 1998, "On combining classifiers"), and
//! scores of regressions on the same targets need no weights. Z-scores are drawn in by a signed power
//! below 1 first, so that one outlier does not set two recordings apart (the power normalisation of
//! Perronnin, Sánchez & Mensink 2010, "Improving the Fisher kernel for large-scale image
//! classification").

use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::kernel_ridge::{Comparison, KernelRidge};
use crate::model::learners::parameters::{self, Key, Kind, Parameters};
use crate::model::learners::{self, Classifier, Learner};
use crate::model::outputs::Outputs;
use crate::model::views::View;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "fusion",
    help: "the default: a kernel ridge regression on each feature group, their scores added",
    keys: &[
        Key::positive("alpha", "0.001", "penalty, as a share of the variance").tuned(),
        Key::positive("gamma", "0.3", "width of the radial kernel"),
        Key::positive("power", "0.7", "exponent of the signed power"),
        Key::new("views", ALL_VIEWS, VIEWS, "what the regressions see").quiet(),
    ],
    in_auto: &[(7, "fusion")],
    grid: |given| {
        [1e-2, 3e-3, 1e-3, 3e-4]
            .map(|alpha| given.with("alpha", alpha))
            .into()
    },
    for_features: views_among,
    fit: |each, rows| {
        learners::fit(each, |given| {
            let settings = Settings {
                views: given.get::<Views>("views").0,
                alpha: given.get("alpha"),
                gamma: given.get("gamma"),
                power: given.get("power"),
            };
            Fusion::fit(
                rows.x,
                rows.names,
                rows.y,
                rows.classes,
                &settings,
                rows.seed,
            )
        })
    },
    read: learners::read::<Fusion>,
};

const ALL_VIEWS: &str = "statistics+source+filter+covariance+spectral_kernels+prosodic_kernels";
const VIEWS: Kind = Kind::Own("some of these, or all", parameters::canonical::<Views>);

/// The parameters with the views that a table with these features has. Where not all views are asked for,
/// each of those that are must be there.
fn views_among(given: &Parameters, names: &[String]) -> Result<Parameters, String> {
    let Views(asked) = given.get("views");
    let is_there = |view: &View| !view.places(names).is_empty();
    let (views, missing): (Vec<View>, Vec<View>) = asked.iter().partition(|v| is_there(v));
    match missing.first() {
        Some(view) if asked != View::DEFAULT || views.is_empty() => Err(format!(
            "the table has no features of the group {view}; extract it with --features default (columns of one's own are in `statistics` and `all` alone)"
        )),
        _ => Ok(given.with("views", Views(views))),
    }
}

impl Classifier for Fusion {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Scores(self.scores(x))
    }

    /// The slopes of the classes' functions along each feature at the mean of the training rows, in all views
    /// that see it.
    fn importance(&self, _features: usize) -> Vec<f64> {
        let mut importance = vec![0.0; self.features];
        for (places, ridge) in &self.views {
            let of_view = places.iter().zip(ridge.importance());
            of_view.for_each(|(&place, value)| importance[place] += value);
        }
        importance
    }
}

/// Views as they are named, joined by +.
struct Views(Vec<View>);

impl fmt::Display for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|view| view.name()).collect();
        f.write_str(&names.join("+"))
    }
}

impl FromStr for Views {
    type Err = String;

    fn from_str(names: &str) -> Result<Views, String> {
        let mut views = Vec::new();
        for name in names.split('+') {
            let view = name.parse()?;
            if views.contains(&view) {
                return Err(format!("feature group {name:?} twice"));
            }
            views.push(view);
        }
        Ok(Views(views))
    }
}

/// The parameters. The defaults were chosen by the mean UAR on RAVDESS, EmoDB and EMOVO under both
/// protocols, and are the same for every corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The feature groups, each by a regression of its own.
    pub views: Vec<View>,
    /// The penalty of a radial view as a share of the rows' variance; linear views take half of it.
    pub alpha: f64,
    /// Width of the radial kernel, for rows of mean squared length 1.
    pub gamma: f64,
    /// Exponent of the signed power.
    pub power: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            views: View::DEFAULT.to_vec(),
            alpha: 1e-3,
            gamma: 0.3,
            power: 0.7,
        }
    }
}

/// Trained regressions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fusion {
    features: usize,
    power: f32,
    /// The features of each view, and what it learned.
    views: Vec<(Vec<usize>, KernelRidge)>,
}

impl Fusion {
    /// Trains on the scaled rows `x`, whose columns are `names`. Views without a column are left out.
    pub fn fit(
        x: ArrayView2<f32>,
        names: &[String],
        y: &[usize],
        classes: usize,
        settings: &Settings,
        seed: u64,
    ) -> Result<Fusion> {
        let power = settings.power as f32;
        let fit = |(view, places): (View, Vec<usize>)| {
            // The shares of kernels are nearly linear in what they count, and many; so are all together.
            let (comparison, alpha) = match view {
                View::SpectralKernels | View::ProsodicKernels | View::All => {
                    (Comparison::Linear, settings.alpha / 2.0)
                }
                View::Statistics | View::Source | View::Filter | View::Covariance => {
                    let gamma = settings.gamma;
                    (Comparison::Radial { gamma }, settings.alpha)
                }
            };
            let of_view = drawn_in(x.select(Axis(1), &places), power);
            let ridge = KernelRidge::fit(of_view.view(), y, classes, comparison, alpha, seed)?;
            Ok((places, ridge))
        };
        let of_view = |&view: &View| (view, view.places(names));
        let views: Vec<(View, Vec<usize>)> = settings
            .views
            .iter()
            .map(of_view)
            .filter(|(_, places)| !places.is_empty())
            .collect();
        if views.is_empty() {
            return Err(Error::Usage(
                "none of the features that are selected belongs to a feature group of the model; select more, or name other views"
                    .into(),
            ));
        }
        Ok(Fusion {
            features: x.ncols(),
            power,
            views: views.into_par_iter().map(fit).collect::<Result<_>>()?,
        })
    }

    /// The sum over the views of each class's score; minus infinity for a class that training did not
    /// see.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let scores = self.views.iter().map(|(places, ridge)| {
            let of_view = drawn_in(x.select(Axis(1), places), self.power);
            ridge.scores(of_view.view())
        });
        scores
            .reduce(|sum, scores| sum + scores)
            .expect("a view at least")
    }
}

/// Each value's magnitude to the power, with its sign.
fn drawn_in(mut x: Array2<f32>, power: f32) -> Array2<f32> {
    if power != 1.0 {
        x.mapv_inplace(|value| value.abs().powf(power).copysign(value));
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::best;

    #[test]
    fn views_add_up_what_each_knows() {
        // Class 0 or not by the pitch, class 1 or 2 by the covariance; neither view knows all.
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
        let right = |views: &[View]| {
            let settings = Settings {
                views: views.to_vec(),
                ..Settings::default()
            };
            let fusion = Fusion::fit(x.view(), &names, &y, 3, &settings, 0).unwrap();
            let scores = fusion.scores(x.view());
            (0..60).filter(|&i| best(scores.row(i)) == y[i]).count()
        };
        assert!(right(&[View::Statistics]) <= 40);
        // The view of kernels has no column here, and is left out.
        assert_eq!(right(&View::DEFAULT), 60);
    }

    #[test]
    fn magnitudes_are_drawn_in_and_signs_kept() {
        let x = ndarray::array![[4.0, -9.0, 0.0]];
        assert_eq!(drawn_in(x.clone(), 0.5), ndarray::array![[2.0, -3.0, 0.0]]);
        assert_eq!(drawn_in(x.clone(), 1.0), x);
    }

    #[test]
    fn a_selection_that_leaves_no_view_is_refused() {
        let x = Array2::zeros((4, 1));
        let names = ["mfcc_1_mean".to_string()];
        let settings = Settings {
            views: vec![View::Source],
            ..Settings::default()
        };
        let error = Fusion::fit(x.view(), &names, &[0, 1, 0, 1], 2, &settings, 0).unwrap_err();
        assert!(matches!(error, Error::Usage(_)), "{error}");
    }
}
