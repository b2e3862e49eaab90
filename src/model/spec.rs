//! What to train, as one line: `svm:kernel=rbf,c=1,gamma=scale`. The line that is printed parses
//! back to the same.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::fusion;
use crate::model::views::View;

/// A learner with its parameters, the features that it may see, and whether parameters are chosen
/// in training.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// What is trained.
    pub learner: Learner,
    /// It sees this many features alone: those whose F statistic over the classes (one-way analysis
    /// of variance) is largest on the training rows.
    pub select: Option<usize>,
    /// Whether the parameters that have a grid are chosen in speaker-disjoint folds of the training
    /// rows.
    pub tune: bool,
}

/// A classifier and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Learner {
    /// Support vector machine, one against one.
    Svm {
        /// The kernel.
        kernel: Kernel,
        /// Cost of a violated margin.
        c: f64,
    },
    /// Random forest.
    Forest {
        /// Number of trees.
        trees: usize,
        /// Fewest rows of a leaf.
        min_leaf: usize,
    },
    /// Multinomial logistic regression.
    Logistic {
        /// Weight of the data against the penalty on the squared weights.
        c: f64,
    },
    /// Ridge regression on the classes.
    Ridge {
        /// Penalty on the squared weights.
        alpha: Alpha,
    },
    /// Decision tree.
    Tree {
        /// Most splits from the root to a leaf.
        max_depth: usize,
    },
    /// Gradient-boosted trees.
    Boost {
        /// Rounds; each adds a tree per class.
        rounds: usize,
        /// Share of each tree that is added.
        rate: f64,
        /// Most splits from the root of a tree to a leaf.
        max_depth: usize,
    },
    /// A kernel ridge regression on each view of a recording, their scores added.
    Fusion(fusion::Settings),
    /// The best of all other learners but `Tree`, chosen in speaker-disjoint folds of the training
    /// rows.
    Auto,
}

/// Kernel of a support vector machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Kernel {
    /// Inner product.
    Linear,
    /// `exp(-gamma |x - y|^2)`.
    Rbf {
        /// Its width.
        gamma: Gamma,
    },
}

/// Width of a radial kernel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Gamma {
    /// This many times one over the number of features times the variance of all training values
    /// (scikit-learn's `gamma="scale"`).
    Scale(f64),
    /// This.
    Value(f64),
}

/// Penalty of a ridge regression.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Alpha {
    /// That with the smallest error when one training speaker at a time is left out.
    LeaveOneOut,
    /// This.
    Value(f64),
}

impl Default for ModelSpec {
    /// What `default` stands for.
    fn default() -> ModelSpec {
        ModelSpec::from(Learner::Fusion(fusion::Settings::default()))
    }
}

impl From<Learner> for ModelSpec {
    /// The learner on all features, with its parameters as they are.
    fn from(learner: Learner) -> ModelSpec {
        ModelSpec {
            learner,
            select: None,
            tune: false,
        }
    }
}

impl ModelSpec {
    /// The same for a table with these features: of the views that it has. Where not all views are asked
    /// for, each of those that are must be there.
    pub fn for_features(&self, names: &[String]) -> Result<ModelSpec> {
        let Learner::Fusion(settings) = &self.learner else {
            return Ok(self.clone());
        };
        let is_there = |view: &View| !view.places(names).is_empty();
        let (views, missing): (Vec<View>, Vec<View>) =
            settings.views.iter().partition(|view| is_there(view));
        match missing.first() {
            Some(view) if settings.views != View::DEFAULT || views.is_empty() => {
                let what = format!(
                    "the table has no features of the view {view}; extract it with --features default"
                );
                Err(wrong(&self.to_string(), &what))
            }
            _ => Ok(ModelSpec {
                learner: Learner::Fusion(fusion::Settings {
                    views,
                    ..settings.clone()
                }),
                ..self.clone()
            }),
        }
    }

    /// The specs to choose from in training, the simplest first: itself alone, unless it is to be
    /// tuned or `auto`.
    pub fn candidates(&self) -> Vec<ModelSpec> {
        let learners = match (&self.learner, self.tune) {
            (Learner::Auto, tune) => {
                let each = [
                    "svm",
                    "svm:kernel=rbf",
                    "ridge",
                    "logistic",
                    "forest",
                    "boost",
                    "fusion",
                ];
                let each = each.map(|name| name.parse::<ModelSpec>().expect("well-formed").learner);
                let grid = |learner: &Learner| match tune {
                    true => learner.grid(),
                    false => vec![learner.clone()],
                };
                each.iter().flat_map(grid).collect()
            }
            (learner, true) => learner.grid(),
            (learner, false) => vec![learner.clone()],
        };
        let spec = |learner| ModelSpec {
            learner,
            select: self.select,
            tune: false,
        };
        learners.into_iter().map(spec).collect()
    }
}

impl Learner {
    /// The parameters worth trying, the simplest model first: among equals the first is taken.
    fn grid(&self) -> Vec<Learner> {
        match self {
            Learner::Svm {
                kernel: Kernel::Linear,
                ..
            } => [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0]
                .map(|c| Learner::Svm {
                    kernel: Kernel::Linear,
                    c,
                })
                .into(),
            Learner::Svm {
                kernel: Kernel::Rbf { .. },
                ..
            } => {
                let kernels = [0.3, 1.0, 3.0].map(Gamma::Scale);
                let costs = [0.3, 1.0, 3.0, 10.0];
                let cells = kernels
                    .into_iter()
                    .flat_map(|gamma| costs.map(|c| (Kernel::Rbf { gamma }, c)));
                cells
                    .map(|(kernel, c)| Learner::Svm { kernel, c })
                    .collect()
            }
            Learner::Forest { trees, .. } => [8, 4, 2, 1]
                .map(|min_leaf| Learner::Forest {
                    trees: *trees,
                    min_leaf,
                })
                .into(),
            Learner::Logistic { .. } => [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
                .map(|c| Learner::Logistic { c })
                .into(),
            // Its penalty has a grid of its own, chosen by leaving one speaker out.
            Learner::Ridge { .. } => vec![Learner::Ridge {
                alpha: Alpha::LeaveOneOut,
            }],
            Learner::Tree { .. } => [2, 4, 6, 8, 12]
                .map(|max_depth| Learner::Tree { max_depth })
                .into(),
            Learner::Boost { .. } => [(100, 2), (100, 4), (300, 2), (300, 4)]
                .map(|(rounds, max_depth)| Learner::Boost {
                    rounds,
                    rate: 0.1,
                    max_depth,
                })
                .into(),
            Learner::Fusion(settings) => [1e-2, 3e-3, 1e-3, 3e-4]
                .map(|alpha| {
                    Learner::Fusion(fusion::Settings {
                        alpha,
                        ..settings.clone()
                    })
                })
                .into(),
            Learner::Auto => vec![Learner::Auto],
        }
    }
}

impl fmt::Display for ModelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.learner.parameters(self.tune);
        if let Some(select) = self.select {
            parts.push(format!("select={select}"));
        }
        if self.tune {
            parts.push("tune=true".into());
        }
        f.write_str(self.learner.name())?;
        match parts.is_empty() {
            true => Ok(()),
            false => write!(f, ":{}", parts.join(",")),
        }
    }
}

impl Learner {
    fn name(&self) -> &'static str {
        match self {
            Learner::Svm { .. } => "svm",
            Learner::Forest { .. } => "forest",
            Learner::Logistic { .. } => "logistic",
            Learner::Ridge { .. } => "ridge",
            Learner::Tree { .. } => "tree",
            Learner::Boost { .. } => "boost",
            Learner::Fusion(_) => "fusion",
            Learner::Auto => "auto",
        }
    }

    /// Its parameters as `key=value`; without those that have a grid, where that decides.
    fn parameters(&self, tune: bool) -> Vec<String> {
        let mut parts = Vec::new();
        let mut say = |key: &str, value: String| parts.push(format!("{key}={value}"));
        match self {
            Learner::Svm { kernel, c } => {
                say("kernel", kernel.name().into());
                if !tune {
                    say("c", c.to_string());
                    match kernel {
                        Kernel::Linear => (),
                        Kernel::Rbf { gamma } => say("gamma", gamma.to_string()),
                    }
                }
            }
            Learner::Forest { trees, min_leaf } => {
                say("trees", trees.to_string());
                if !tune && *min_leaf != 1 {
                    say("min_leaf", min_leaf.to_string());
                }
            }
            Learner::Logistic { c } if !tune => say("c", c.to_string()),
            Learner::Ridge {
                alpha: Alpha::Value(alpha),
            } if !tune => say("alpha", alpha.to_string()),
            Learner::Ridge { .. } => say("alpha", "loo".into()),
            Learner::Tree { max_depth } if !tune => say("max_depth", max_depth.to_string()),
            Learner::Boost {
                rounds,
                rate,
                max_depth,
            } if !tune => {
                say("rounds", rounds.to_string());
                say("rate", rate.to_string());
                say("max_depth", max_depth.to_string());
            }
            Learner::Fusion(settings) => {
                if !tune {
                    say("alpha", settings.alpha.to_string());
                }
                say("gamma", settings.gamma.to_string());
                say("power", settings.power.to_string());
                if settings.views != View::DEFAULT {
                    let views: Vec<&str> = settings.views.iter().map(|view| view.name()).collect();
                    say("views", views.join("+"));
                }
            }
            Learner::Logistic { .. }
            | Learner::Tree { .. }
            | Learner::Boost { .. }
            | Learner::Auto => (),
        }
        parts
    }
}

impl Kernel {
    fn name(self) -> &'static str {
        match self {
            Kernel::Linear => "linear",
            Kernel::Rbf { .. } => "rbf",
        }
    }
}

impl fmt::Display for Gamma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gamma::Scale(1.0) => f.write_str("scale"),
            Gamma::Scale(times) => write!(f, "{times}*scale"),
            Gamma::Value(gamma) => gamma.fmt(f),
        }
    }
}

impl FromStr for ModelSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<ModelSpec> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut given = Parameters::parse(text, rest)?;
        let learner = match name {
            "default" => ModelSpec::default().learner,
            "svm" => {
                let kernel = match given.take("kernel").as_deref() {
                    None | Some("linear") => Kernel::Linear,
                    Some("rbf") => Kernel::Rbf {
                        gamma: match given.take("gamma").as_deref() {
                            None | Some("scale") => Gamma::Scale(1.0),
                            Some(value) => match value.strip_suffix("*scale") {
                                Some(times) => Gamma::Scale(positive(text, "gamma", times)?),
                                None => Gamma::Value(positive(text, "gamma", value)?),
                            },
                        },
                    },
                    Some(other) => {
                        let what = format!("kernel {other:?}; expected linear or rbf");
                        return Err(wrong(text, &what));
                    }
                };
                // Each kernel's own default: the recipe's, and scikit-learn's.
                let c = if kernel == Kernel::Linear { 0.01 } else { 1.0 };
                Learner::Svm {
                    kernel,
                    c: given.positive("c", c)?,
                }
            }
            "forest" => Learner::Forest {
                trees: given.whole("trees", 500, 10_000)?,
                min_leaf: given.whole("min_leaf", 1, 10_000)?,
            },
            "logistic" => Learner::Logistic {
                c: given.positive("c", 1.0)?,
            },
            "ridge" => Learner::Ridge {
                alpha: match given.take("alpha").as_deref() {
                    None | Some("loo") => Alpha::LeaveOneOut,
                    Some(value) => Alpha::Value(positive(text, "alpha", value)?),
                },
            },
            "tree" => Learner::Tree {
                max_depth: given.whole("max_depth", 8, 100)?,
            },
            "boost" => Learner::Boost {
                rounds: given.whole("rounds", 100, 10_000)?,
                rate: given.positive("rate", 0.1)?,
                max_depth: given.whole("max_depth", 4, 16)?,
            },
            "fusion" => {
                let default = fusion::Settings::default();
                Learner::Fusion(fusion::Settings {
                    views: match given.take("views") {
                        None => default.views,
                        Some(names) => views(text, &names)?,
                    },
                    alpha: given.positive("alpha", default.alpha)?,
                    gamma: given.positive("gamma", default.gamma)?,
                    power: given.positive("power", default.power)?,
                })
            }
            "auto" => Learner::Auto,
            _ => {
                return Err(wrong(
                    text,
                    "unknown classifier; available: fusion, svm, forest, logistic, ridge, tree, boost, auto, default",
                ));
            }
        };
        let select = given
            .take("select")
            .map(|value| whole(text, "select", &value, 1_000_000))
            .transpose()?;
        let tune = match given.take("tune").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                return Err(wrong(
                    text,
                    &format!("tune {other:?}; expected true or false"),
                ));
            }
        };
        given.all_taken()?;
        Ok(ModelSpec {
            learner,
            select,
            tune,
        })
    }
}

fn wrong(text: &str, what: &str) -> Error {
    Error::Usage(format!("model {text:?}: {what}"))
}

fn views(text: &str, names: &str) -> Result<Vec<View>> {
    let mut views = Vec::new();
    for name in names.split('+') {
        let view = name.parse().map_err(|what: String| wrong(text, &what))?;
        if views.contains(&view) {
            return Err(wrong(text, &format!("view {name:?} twice")));
        }
        views.push(view);
    }
    Ok(views)
}

fn positive(text: &str, key: &str, value: &str) -> Result<f64> {
    let number = value
        .parse()
        .ok()
        .filter(|v: &f64| v.is_finite() && *v > 0.0);
    number.ok_or_else(|| wrong(text, &format!("{key} {value:?}; expected a number above 0")))
}

fn whole(text: &str, key: &str, value: &str, most: usize) -> Result<usize> {
    let number = value.parse().ok().filter(|v| (1..=most).contains(v));
    number.ok_or_else(|| wrong(text, &format!("{key} {value:?}; expected 1 to {most}")))
}

/// `key=value` pairs of a spec that have not been asked for yet.
struct Parameters<'a> {
    text: &'a str,
    left: Vec<(String, String)>,
}

impl Parameters<'_> {
    fn parse<'a>(text: &'a str, rest: &str) -> Result<Parameters<'a>> {
        let pair = |part: &str| {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| wrong(text, &format!("{part:?}; expected key=value")))?;
            Ok((key.trim().to_string(), value.trim().to_string()))
        };
        let parts = rest.split(',').filter(|part| !part.is_empty());
        let left = parts.map(pair).collect::<Result<_>>()?;
        Ok(Parameters { text, left })
    }

    fn take(&mut self, key: &str) -> Option<String> {
        let at = self.left.iter().position(|(k, _)| k == key)?;
        Some(self.left.remove(at).1)
    }

    fn positive(&mut self, key: &str, default: f64) -> Result<f64> {
        let value = self.take(key);
        value.map_or(Ok(default), |value| positive(self.text, key, &value))
    }

    fn whole(&mut self, key: &str, default: usize, most: usize) -> Result<usize> {
        let value = self.take(key);
        value.map_or(Ok(default), |value| whole(self.text, key, &value, most))
    }

    fn all_taken(&self) -> Result<()> {
        match self.left.first() {
            None => Ok(()),
            Some((key, _)) => Err(wrong(
                self.text,
                &format!("has no parameter {key:?} here, or has it twice"),
            )),
        }
    }
}

impl Serialize for ModelSpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModelSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ModelSpec, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[test]
fn what_is_printed_parses_back() {
    let printed = |text: &str| text.parse::<ModelSpec>().unwrap().to_string();
    assert_eq!(printed("default"), "fusion:alpha=0.001,gamma=0.3,power=0.7");
    assert_eq!(
        printed("fusion:views=source+covariance,tune=true"),
        "fusion:gamma=0.3,power=0.7,views=source+covariance,tune=true"
    );
    assert_eq!(printed("svm"), "svm:kernel=linear,c=0.01");
    assert_eq!(printed("svm:kernel=rbf"), "svm:kernel=rbf,c=1,gamma=scale");
    assert_eq!(
        printed("svm:gamma=0.5,kernel=rbf, c=10"),
        "svm:kernel=rbf,c=10,gamma=0.5"
    );
    assert_eq!(printed("forest"), "forest:trees=500");
    assert_eq!(printed("logistic"), "logistic:c=1");
    assert_eq!(printed("tree"), "tree:max_depth=8");
    assert_eq!(printed("ridge"), "ridge:alpha=loo");
    assert_eq!(printed("boost"), "boost:rounds=100,rate=0.1,max_depth=4");
    assert_eq!(printed("auto:tune=true"), "auto:tune=true");
    assert_eq!(
        printed("svm:select=50,tune=true,c=3"),
        "svm:kernel=linear,select=50,tune=true"
    );
    for text in [
        "default",
        "fusion:views=statistics,alpha=0.1,power=1",
        "svm:c=3",
        "svm:kernel=rbf,gamma=0.001",
        "svm:kernel=rbf,gamma=0.3*scale",
        "forest:trees=7",
        "logistic:c=0.001",
        "tree:max_depth=3",
        "ridge:alpha=100",
        "boost:rounds=20,max_depth=3",
        "forest:min_leaf=4,select=9",
        "auto",
    ] {
        assert_eq!(printed(&printed(text)), printed(text));
    }
}

#[test]
fn a_recipe_of_views_takes_those_that_are_there() {
    let names = ["f0_hz_mean", "mfcc_1_mean", "covariance_zcr"].map(String::from);
    let of = |text: &str| text.parse::<ModelSpec>().unwrap().for_features(&names);
    assert_eq!(
        of("fusion").unwrap().to_string(),
        "fusion:alpha=0.001,gamma=0.3,power=0.7,views=statistics+source+filter+covariance"
    );
    assert_eq!(
        of("fusion:views=prosodic_kernels").unwrap_err().to_string(),
        "model \"fusion:alpha=0.001,gamma=0.3,power=0.7,views=prosodic_kernels\": the table has no features of the view \
         prosodic_kernels; extract it with --features default"
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let say = |text: &str| text.parse::<ModelSpec>().unwrap_err().to_string();
    assert_eq!(
        say("knn"),
        "model \"knn\": unknown classifier; available: fusion, svm, forest, logistic, ridge, tree, boost, auto, default"
    );
    assert_eq!(
        say("svm:c=-1"),
        "model \"svm:c=-1\": c \"-1\"; expected a number above 0"
    );
    assert_eq!(
        say("svm:kernel=linear,gamma=1"),
        "model \"svm:kernel=linear,gamma=1\": has no parameter \"gamma\" here, or has it twice"
    );
    assert_eq!(
        say("forest:trees=0"),
        "model \"forest:trees=0\": trees \"0\"; expected 1 to 10000"
    );
    assert_eq!(
        say("tree:max_depth=0"),
        "model \"tree:max_depth=0\": max_depth \"0\"; expected 1 to 100"
    );
    assert_eq!(
        say("fusion:views=mind"),
        "model \"fusion:views=mind\": view \"mind\"; expected some of statistics, source, filter, covariance, spectral_kernels, prosodic_kernels, joined by +, or all"
    );
    assert_eq!(
        say("fusion:views=source+source"),
        "model \"fusion:views=source+source\": view \"source\" twice"
    );
    assert_eq!(say("svm:x"), "model \"svm:x\": \"x\"; expected key=value");
}
