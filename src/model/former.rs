//! Reads model files of format 3. They differ from today's in the classifier only, which was stored after the position of
//! its learner in a list instead of its name.

use std::sync::Arc;

use serde::Deserialize;

use crate::catalogue;
use crate::model::calibration::Calibration;
use crate::model::learners::boost::Boost;
use crate::model::learners::forest::Forest;
use crate::model::learners::fusion::Fusion;
use crate::model::learners::logistic::Logistic;
use crate::model::learners::ridge::Ridge;
use crate::model::learners::svm::Svm;
use crate::model::learners::tree::Tree;
use crate::model::learners::{AnyEstimator, Named};
use crate::model::pipeline::{Pipeline, Seen};
use crate::model::{CalibratedPipeline, Card, Domain, Model, ModelSpec, Trained};
use crate::scaler::Scaler;

/// The number of that format.
pub const FORMAT: u32 = 3;

/// A model of it. Postcard writes what is nested as if it stood in one row, so all of it does here.
#[derive(Deserialize)]
struct Former {
    card: Card,
    feature_names: Vec<String>,
    spec: ModelSpec,
    features: usize,
    scaler: Option<Scaler>,
    selected: Option<Vec<usize>>,
    classifier: Tagged,
    calibration: Calibration,
    unsure_below: f64,
    domain: Domain,
}

/// The positions of the learners.
#[derive(Deserialize)]
enum Tagged {
    Svm(Svm),
    Forest(Forest),
    Logistic(Logistic),
    Ridge(Ridge),
    Tree(Tree),
    Boost(Box<Boost>),
    Fusion(Fusion),
}

/// The model that this body of a file holds.
pub fn read(body: &[u8]) -> postcard::Result<Model> {
    let mut former: Former = postcard::from_bytes(body)?;
    catalogue::brought_up_to_date(&mut former.card.features);
    let (learner, estimator): (_, AnyEstimator) = match former.classifier {
        Tagged::Svm(svm) => ("svm", Arc::new(svm)),
        Tagged::Forest(forest) => ("forest", Arc::new(forest)),
        Tagged::Logistic(logistic) => ("logistic", Arc::new(logistic)),
        Tagged::Ridge(ridge) => ("ridge", Arc::new(ridge)),
        Tagged::Tree(tree) => ("tree", Arc::new(tree)),
        Tagged::Boost(boost) => ("boost", Arc::new(*boost)),
        Tagged::Fusion(fusion) => ("fusion", Arc::new(fusion)),
    };
    Ok(Model {
        card: former.card,
        feature_names: former.feature_names,
        trained: Trained::Classes(CalibratedPipeline {
            spec: former.spec,
            pipeline: Pipeline {
                features: former.features,
                scaler: former.scaler,
                seen: former.selected.map_or(Seen::All, Seen::Selected),
                estimator: Named {
                    learner,
                    scales: None,
                    estimator,
                },
            },
            calibration: former.calibration,
            unsure_below: former.unsure_below,
        }),
        domain: former.domain,
        id: None,
    })
}
