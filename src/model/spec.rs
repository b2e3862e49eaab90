//! What to train, as one line: `svm:kernel=rbf,c=1,gamma=scale`. The line that is printed parses
//! back to the same.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A classifier and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelSpec {
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
    },
    /// Multinomial logistic regression.
    Logistic {
        /// Weight of the data against the penalty on the squared weights.
        c: f64,
    },
    /// Decision tree.
    Tree {
        /// Most splits from the root to a leaf.
        max_depth: usize,
    },
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
    /// One over the number of features times the variance of all training values (scikit-learn's
    /// `gamma="scale"`).
    Scale,
    /// This.
    Value(f64),
}

impl Default for ModelSpec {
    /// What `default` stands for: few speakers and many features want a linear machine with a wide
    /// margin.
    fn default() -> ModelSpec {
        ModelSpec::Svm {
            kernel: Kernel::Linear,
            c: 0.01,
        }
    }
}

impl fmt::Display for ModelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelSpec::Svm {
                kernel: Kernel::Linear,
                c,
            } => write!(f, "svm:kernel=linear,c={c}"),
            ModelSpec::Svm {
                kernel: Kernel::Rbf {
                    gamma: Gamma::Scale,
                },
                c,
            } => {
                write!(f, "svm:kernel=rbf,c={c},gamma=scale")
            }
            ModelSpec::Svm {
                kernel:
                    Kernel::Rbf {
                        gamma: Gamma::Value(gamma),
                    },
                c,
            } => {
                write!(f, "svm:kernel=rbf,c={c},gamma={gamma}")
            }
            ModelSpec::Forest { trees } => write!(f, "forest:trees={trees}"),
            ModelSpec::Logistic { c } => write!(f, "logistic:c={c}"),
            ModelSpec::Tree { max_depth } => write!(f, "tree:max_depth={max_depth}"),
        }
    }
}

impl FromStr for ModelSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<ModelSpec> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut parameters = Parameters::parse(text, rest)?;
        let spec = match name {
            "default" => ModelSpec::default(),
            "svm" => {
                let kernel = match parameters.take("kernel").as_deref() {
                    None | Some("linear") => Kernel::Linear,
                    Some("rbf") => Kernel::Rbf {
                        gamma: match parameters.take("gamma").as_deref() {
                            None | Some("scale") => Gamma::Scale,
                            Some(value) => Gamma::Value(positive(text, "gamma", value)?),
                        },
                    },
                    Some(other) => {
                        return Err(wrong(
                            text,
                            &format!("kernel {other:?}; expected linear or rbf"),
                        ));
                    }
                };
                // Each kernel's own default: the recipe's, and scikit-learn's.
                let c = if kernel == Kernel::Linear { 0.01 } else { 1.0 };
                let c = parameters
                    .take("c")
                    .map_or(Ok(c), |value| positive(text, "c", &value))?;
                ModelSpec::Svm { kernel, c }
            }
            "forest" => {
                let trees = parameters.take("trees");
                let trees = trees.map_or(Ok(500), |value| whole(text, "trees", &value, 10_000))?;
                ModelSpec::Forest { trees }
            }
            "logistic" => {
                let c = parameters.take("c");
                let c = c.map_or(Ok(1.0), |value| positive(text, "c", &value))?;
                ModelSpec::Logistic { c }
            }
            "tree" => {
                let depth = parameters.take("max_depth");
                let max_depth =
                    depth.map_or(Ok(8), |value| whole(text, "max_depth", &value, 100))?;
                ModelSpec::Tree { max_depth }
            }
            _ => {
                return Err(wrong(
                    text,
                    "unknown classifier; available: svm, forest, logistic, tree, default",
                ));
            }
        };
        parameters.all_taken(text)?;
        Ok(spec)
    }
}

fn wrong(text: &str, what: &str) -> Error {
    Error::Usage(format!("model {text:?}: {what}"))
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

/// `key=value` pairs that have not been asked for yet.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn parse(text: &str, rest: &str) -> Result<Parameters> {
        let pair = |part: &str| {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| wrong(text, &format!("{part:?}; expected key=value")))?;
            Ok((key.trim().to_string(), value.trim().to_string()))
        };
        rest.split(',')
            .filter(|part| !part.is_empty())
            .map(pair)
            .collect::<Result<_>>()
            .map(Parameters)
    }

    fn take(&mut self, key: &str) -> Option<String> {
        let at = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.remove(at).1)
    }

    fn all_taken(&self, text: &str) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => Err(wrong(
                text,
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
    assert_eq!(printed("default"), "svm:kernel=linear,c=0.01");
    assert_eq!(printed("svm"), "svm:kernel=linear,c=0.01");
    assert_eq!(printed("svm:kernel=rbf"), "svm:kernel=rbf,c=1,gamma=scale");
    assert_eq!(
        printed("svm:gamma=0.5,kernel=rbf, c=10"),
        "svm:kernel=rbf,c=10,gamma=0.5"
    );
    assert_eq!(printed("forest"), "forest:trees=500");
    assert_eq!(printed("logistic"), "logistic:c=1");
    assert_eq!(printed("tree"), "tree:max_depth=8");
    for text in [
        "default",
        "svm:c=3",
        "svm:kernel=rbf,gamma=0.001",
        "forest:trees=7",
        "logistic:c=0.001",
        "tree:max_depth=3",
    ] {
        assert_eq!(printed(&printed(text)), printed(text));
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let say = |text: &str| text.parse::<ModelSpec>().unwrap_err().to_string();
    assert_eq!(
        say("knn"),
        "model \"knn\": unknown classifier; available: svm, forest, logistic, tree, default"
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
    assert_eq!(say("svm:x"), "model \"svm:x\": \"x\"; expected key=value");
}
