//! How a model is trained, whatever its learner.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::Normalize;

/// How a model is trained, whatever its learner.
///
/// ```
/// use sentire::prelude::*;
///
/// let options = TrainOptions::default();
/// assert_eq!((options.normalize, options.inner), (Normalize::Train, Groups::Speakers));
/// assert_eq!(options.balance, Balance::Class);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainOptions {
    /// Whose recordings scale the features.
    pub normalize: Normalize,
    /// What is held out to choose parameters, to calibrate probabilities and to find what is unsure.
    pub inner: Groups,
    /// What weighs alike.
    pub balance: Balance,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for TrainOptions {
    /// Protocol A, speakers held out, classes weigh alike.
    fn default() -> TrainOptions {
        TrainOptions {
            normalize: Normalize::Train,
            inner: Groups::Speakers,
            balance: Balance::Class,
            seed: 0,
        }
    }
}

/// What inner folds hold out: those that the model is to meet.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!("corpus".parse::<Groups>()?, Groups::Corpora);
/// assert_eq!("speaker".parse::<Groups>()?, Groups::Speakers);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Groups {
    /// Speakers: the model is to meet others of the same corpora.
    #[serde(rename = "speaker")]
    Speakers,
    /// Whole corpora: the model is to meet other corpora.
    #[serde(rename = "corpus")]
    Corpora,
}

impl fmt::Display for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Groups::Speakers => "speaker",
            Groups::Corpora => "corpus",
        })
    }
}

impl FromStr for Groups {
    type Err = Error;

    fn from_str(text: &str) -> Result<Groups> {
        match text {
            "speaker" => Ok(Groups::Speakers),
            "corpus" => Ok(Groups::Corpora),
            _ => Err(Error::Usage(format!(
                "folds {text:?}: expected speaker or corpus"
            ))),
        }
    }
}

/// What weighs alike in training.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!("corpus,class".parse::<Balance>()?, Balance::CorpusAndClass);
/// assert_eq!("class".parse::<Balance>()?, Balance::Class);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Balance {
    /// Classes, as by scikit-learn's `class_weight="balanced"`.
    #[serde(rename = "class")]
    Class,
    /// Classes, and within each class the corpora that have it.
    #[serde(rename = "corpus,class")]
    CorpusAndClass,
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Balance::Class => "class",
            Balance::CorpusAndClass => "corpus,class",
        })
    }
}

impl FromStr for Balance {
    type Err = Error;

    fn from_str(text: &str) -> Result<Balance> {
        match text {
            "class" => Ok(Balance::Class),
            "corpus,class" | "class,corpus" => Ok(Balance::CorpusAndClass),
            _ => Err(Error::Usage(format!(
                "balance {text:?}: expected class, or corpus,class"
            ))),
        }
    }
}
