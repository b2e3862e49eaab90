//! What to train, as one line: `svm:kernel=rbf,c=1,gamma=scale`. A printed line parses back to the same spec.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dataset::Target;
use crate::error::{Error, Result};
use crate::model::Balance;
use crate::model::learners::parameters::{self, Parameters};
use crate::model::learners::{
    self, AUTO, AnyEstimator, LEARNERS, Learner, Training, ValueTraining,
};

/// A learner with its parameters, how many features it may use, and whether parameters are chosen in training.
///
/// ```
/// use sentire::prelude::*;
///
/// let spec: ModelSpec = "svm:kernel=rbf".parse()?;
/// assert_eq!(spec.to_string(), "svm:kernel=rbf,c=1,gamma=scale");
/// assert_eq!(ModelSpec::default().learner, "fusion");
/// assert!("svm:kernel=cubic".parse::<ModelSpec>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// The name of one of [`LEARNERS`], or [`AUTO`].
    pub learner: &'static str,
    /// Its parameters.
    pub parameters: Parameters,
    /// Use only this many features: those with the largest F statistic over the classes (one-way analysis of variance)
    /// on the training rows.
    pub select: Option<usize>,
    /// Use this many principal components of the training rows instead (of the selected features, if some are selected).
    pub pca: Option<usize>,
    /// Whether the parameters that have a grid are chosen in speaker-disjoint folds of the training rows.
    pub tune: bool,
}

impl Default for ModelSpec {
    /// The spec that `default` stands for.
    fn default() -> ModelSpec {
        "default".parse().expect("the first learner's defaults")
    }
}

impl ModelSpec {
    /// `None` for `auto`.
    fn learner(&self) -> Option<&'static Learner> {
        learners::named(self.learner)
    }

    /// The spec as it applies to a table with features of these names: `fusion` is reduced to the feature groups that the
    /// table has. An error if features are missing that were requested by name.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let names = FeatureSet::RICH.names().collect::<Vec<_>>();
    /// let spec = ModelSpec::default().for_features(&names)?;
    /// assert!(spec.to_string().ends_with("views=statistics+source+filter"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn for_features(&self, names: &[String]) -> Result<ModelSpec> {
        let components = self.pca.map(component_names);
        let names = components.as_deref().unwrap_or(names);
        let parameters = match self.learner() {
            Some(learner) => (learner.for_features)(&self.parameters, names)
                .map_err(|what| wrong(&self.to_string(), &what))?,
            None => self.parameters.clone(),
        };
        Ok(ModelSpec {
            parameters,
            ..self.clone()
        })
    }

    /// Whether it learns from the shares of raters, rather than from the class that most of them chose; of `auto`, whether
    /// some of its learners do.
    pub fn learns_shares(&self) -> bool {
        let of_classes =
            |learner: &Learner| learner.classes.as_ref().is_some_and(|c| c.learns_shares);
        self.learner().is_none_or(of_classes)
    }

    /// What to choose from where it is to be tuned.
    fn grid(&self) -> Vec<Parameters> {
        match self.learner() {
            Some(learner) => (learner.grid)(&self.parameters),
            None => vec![self.parameters.clone()],
        }
    }

    /// Whether it can learn this target. An error names the learners that can.
    pub fn check(&self, target: &Target) -> Result<()> {
        let Some(learner) = self.learner() else {
            return Ok(());
        };
        match target {
            Target::Classes(_) if learner.classes.is_none() => Err(wrong(
                &self.to_string(),
                "learns numbers, and the labels are classes (--task values learns them as numbers)",
            )),
            Target::Values(values) if learner.values.is_none() => Err(wrong(
                &self.to_string(),
                &format!(
                    "learns classes, and `{}` holds numbers; numbers are learned by {} (--task classes learns them as classes)",
                    values.names.join(","),
                    learners::names_of_values()
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Whether it can train on this target so that this weighs alike. An error names the learners that can.
    pub fn check_balance(&self, target: &Target, balance: Balance) -> Result<()> {
        if balance == Balance::Class {
            return Ok(());
        }
        if let Target::Values(values) = target {
            return Err(Error::Usage(format!(
                "--balance {balance} weighs classes, and `{}` holds numbers",
                values.names.join(",")
            )));
        }
        let weighs = |learner: &Learner| learner.classes.as_ref().is_some_and(|c| c.weighs_corpora);
        match self.learner().is_some_and(weighs) {
            true => Ok(()),
            false => {
                let names = LEARNERS.iter().filter(|learner| weighs(learner));
                let names: Vec<&str> = names.map(|learner| learner.name).collect();
                Err(wrong(
                    &self.to_string(),
                    &format!(
                        "does not weigh corpora alike (--balance {balance}); {} do",
                        names.join(", ")
                    ),
                ))
            }
        }
    }

    /// The specs to choose from in training on this target, the simplest first: just itself, unless it is `auto` or is to be
    /// tuned.
    ///
    /// ```
    /// use sentire::dataset::{Classes, Target};
    /// use sentire::prelude::*;
    ///
    /// let names = vec!["angry".to_string(), "sad".to_string()];
    /// let target = Target::Classes(Classes { names, y: vec![0, 1], shares: None });
    /// let candidates = |spec: &str| spec.parse().map(|spec: ModelSpec| spec.candidates(&target));
    /// assert_eq!(candidates("ridge")?.len(), 1);
    /// assert!(candidates("svm:tune=true")?.len() > 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn candidates(&self, target: &Target) -> Vec<ModelSpec> {
        let learners = match self.learner {
            AUTO => {
                let texts = learners::in_auto().into_iter();
                let specs = texts.map(|text| text.parse().expect("well-formed"));
                specs
                    .filter(|spec: &ModelSpec| spec.check(target).is_ok())
                    .collect()
            }
            _ => vec![self.clone()],
        };
        let settings = |spec: &ModelSpec| {
            let settings = match self.tune {
                true => spec.grid(),
                false => vec![spec.parameters.clone()],
            };
            let learner = spec.learner;
            settings.into_iter().map(move |parameters| ModelSpec {
                learner,
                parameters,
                select: self.select,
                pca: self.pca,
                tune: false,
            })
        };
        learners.iter().flat_map(settings).collect()
    }
}

/// The names of so many principal components.
pub fn component_names(number: usize) -> Vec<String> {
    (1..=number).map(|k| format!("pca_{k}")).collect()
}

/// Trains a classifier for each spec on the same rows. What specs of one learner that follow each other
/// have in common is computed once.
pub fn fit_each(specs: &[&ModelSpec], rows: &Training) -> Result<Vec<AnyEstimator>> {
    if rows.y.iter().all(|&label| Some(&label) == rows.y.first()) {
        return Err(Error::Data(
            "the training rows hold one class only; expected at least 2".into(),
        ));
    }
    fit_alike(specs, |learner, each| {
        let classes = learner.classes.as_ref()?;
        Some((classes.fit)(each, rows))
    })
}

/// The same of regressions.
pub fn fit_each_to_values(specs: &[&ModelSpec], rows: &ValueTraining) -> Result<Vec<AnyEstimator>> {
    fit_alike(specs, |learner, each| {
        let values = learner.values.as_ref()?;
        Some((values.fit)(each, rows))
    })
}

/// Trains specs of one learner that follow each other together; `fit` is `None` where the learner cannot learn this.
fn fit_alike(
    specs: &[&ModelSpec],
    fit: impl Fn(&Learner, &[&Parameters]) -> Option<Result<Vec<AnyEstimator>>>,
) -> Result<Vec<AnyEstimator>> {
    let mut trained = Vec::with_capacity(specs.len());
    for alike in specs.chunk_by(|a, b| a.learner == b.learner) {
        let name = alike[0].learner;
        let learner = learners::named(name).ok_or_else(|| {
            Error::Usage(format!(
                "`{name}` is a choice between classifiers, not one itself"
            ))
        })?;
        let each: Vec<&Parameters> = alike.iter().map(|spec| &spec.parameters).collect();
        let fitted = fit(learner, &each)
            .ok_or_else(|| Error::Usage(format!("`{name}` does not learn such a target")))?;
        trained.extend(fitted?);
    }
    Ok(trained)
}

impl fmt::Display for ModelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is to be tuned is printed as the grid has it, without what the grid decides.
        let parameters = match self.tune {
            true => self.grid().remove(0),
            false => self.parameters.clone(),
        };
        let keys = self.learner().map_or(&[][..], |learner| learner.keys);
        let mut parts = parameters.print(keys, !self.tune);
        if let Some(select) = self.select {
            parts.push(format!("select={select}"));
        }
        if let Some(pca) = self.pca {
            parts.push(format!("pca={pca}"));
        }
        if self.tune {
            parts.push("tune=true".into());
        }
        f.write_str(self.learner)?;
        match parts.is_empty() {
            true => Ok(()),
            false => write!(f, ":{}", parts.join(",")),
        }
    }
}

impl FromStr for ModelSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<ModelSpec> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut given = pairs(text, rest)?;
        let wrong = |what: String| wrong(text, &what);
        let (learner, parameters) = match (name, learners::named(name)) {
            (_, Some(learner)) => {
                let parameters = Parameters::read(learner.keys, &mut given).map_err(wrong)?;
                (learner.name, parameters)
            }
            // Without parameters: another default would have others.
            ("default", None) => {
                let parameters = Parameters::read(LEARNERS[0].keys, &mut Vec::new());
                (LEARNERS[0].name, parameters.map_err(wrong)?)
            }
            (AUTO, None) => (AUTO, Parameters::default()),
            (_, None) => {
                let names = learners::names();
                let is_of_library = name.starts_with("linfa-") || name.starts_with("smartcore-");
                let is_left_out = is_of_library && !cfg!(feature = "baselines");
                let missing = match is_left_out {
                    true => "; this program was built without it (cargo feature `baselines`)",
                    false => "",
                };
                return Err(wrong(format!(
                    "unknown classifier{missing}; available: {names}"
                )));
            }
        };
        let mut number = |key: &str| {
            let value = parameters::take(&mut given, key);
            let number = value.map(|value| match value.parse() {
                Ok(k @ 1..=MOST_SELECTED) => Ok(k),
                _ => Err(wrong(format!(
                    "{key} {value:?}; expected 1 to {MOST_SELECTED}"
                ))),
            });
            number.transpose()
        };
        let (select, pca) = (number("select")?, number("pca")?);
        let tune = match parameters::take(&mut given, "tune").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(wrong(format!("tune {other:?}; expected true or false"))),
        };
        if let Some((key, _)) = given.first() {
            return Err(wrong(format!(
                "has no parameter {key:?} here, or has it twice"
            )));
        }
        Ok(ModelSpec {
            learner,
            parameters,
            select,
            pca,
            tune,
        })
    }
}

/// The largest `select=` and `pca=`.
const MOST_SELECTED: usize = 1_000_000;

fn wrong(text: &str, what: &str) -> Error {
    Error::Usage(format!("model {text:?}: {what}"))
}

/// The `key=value` pairs of the spec `text`.
fn pairs(text: &str, rest: &str) -> Result<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| wrong(text, &format!("{part:?}; expected key=value")))?;
        Ok((key.trim().to_string(), value.trim().to_string()))
    };
    let parts = rest.split(',').filter(|part| !part.is_empty());
    parts.map(pair).collect()
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
        "lda:pca=20,select=50",
        "lda:shrinkage=0.25",
        "auto",
    ] {
        assert_eq!(printed(&printed(text)), printed(text));
    }
}

#[test]
fn a_recipe_of_feature_groups_takes_those_that_are_there() {
    let names = ["f0_hz_mean", "mfcc_1_mean", "covariance_zcr"].map(String::from);
    let of = |text: &str| text.parse::<ModelSpec>().unwrap().for_features(&names);
    assert_eq!(
        of("fusion").unwrap().to_string(),
        "fusion:alpha=0.001,gamma=0.3,power=0.7,views=statistics+source+filter+covariance"
    );
    assert_eq!(
        of("fusion:views=prosodic_kernels").unwrap_err().to_string(),
        "model \"fusion:alpha=0.001,gamma=0.3,power=0.7,views=prosodic_kernels\": the table has no features of the group \
         prosodic_kernels; extract it with --features default (columns of one's own are in `statistics` and `all` alone)"
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let say = |text: &str| text.parse::<ModelSpec>().unwrap_err().to_string();
    // Behind `boost` stand those of the cargo features.
    let said = say("knn");
    let begins = "model \"knn\": unknown classifier; available: fusion, svm, forest, logistic, ridge, lda, tree, boost, ";
    assert!(
        said.starts_with(begins) && said.ends_with(", auto, default"),
        "{said}"
    );
    assert_eq!(
        say("svm:c=-1"),
        "model \"svm:c=-1\": c \"-1\"; expected a number above 0"
    );
    assert_eq!(
        say("lda:pca=0"),
        "model \"lda:pca=0\": pca \"0\"; expected 1 to 1000000"
    );
    assert_eq!(
        say("lda:shrinkage=2"),
        "model \"lda:shrinkage=2\": shrinkage \"2\"; expected a number above 0, at most 1, or auto: Ledoit and Wolf's"
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
        "model \"fusion:views=mind\": feature group \"mind\"; expected some of statistics, source, filter, covariance, spectral_kernels, prosodic_kernels, joined by +, or all"
    );
    assert_eq!(
        say("fusion:views=source+source"),
        "model \"fusion:views=source+source\": feature group \"source\" twice"
    );
    assert_eq!(say("svm:x"), "model \"svm:x\": \"x\"; expected key=value");
}
