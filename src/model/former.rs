//! Reads model files of formats 4 and 5. They differ from today's in what the card says of training, and know nothing of recordings
//! alone.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::calibration::Calibration;
use crate::model::pipeline::Pipeline;
use crate::model::{
    Balance, CalibratedPipeline, Card, Domain, Figures, Groups, Model, ModelSpec, Normalize,
    Sureness, Trained, ValuePipeline,
};

/// The number of the format of models of classes.
pub const FORMAT: u32 = 4;
/// The number of that of models of numbers.
pub const OF_VALUES: u32 = 5;

#[derive(Deserialize)]
struct FormerCard {
    sentire: String,
    model: ModelSpec,
    trained: ModelSpec,
    normalize: Normalize,
    label: String,
    classes: Vec<String>,
    class_counts: Vec<usize>,
    label_meaning: BTreeMap<String, Vec<String>>,
    corpora: Vec<String>,
    licences: BTreeMap<String, String>,
    n: usize,
    speakers: usize,
    held_out: Option<FormerFigures>,
    unseen: BTreeMap<String, FormerFigures>,
    unsure_below: f64,
    intended_use: String,
    seed: u64,
    date: Option<String>,
    features: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct FormerFigures {
    folds: usize,
    uar: f64,
    uar_ci95: [f64; 2],
    accuracy: f64,
    ece: f64,
    recall: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct FormerPipeline {
    spec: ModelSpec,
    pipeline: Pipeline,
    calibration: Calibration,
    unsure_below: f64,
}

impl From<FormerFigures> for Figures {
    fn from(former: FormerFigures) -> Figures {
        Figures {
            folds: former.folds,
            uar: former.uar,
            uar_ci95: former.uar_ci95,
            accuracy: former.accuracy,
            ece: former.ece,
            recall: former.recall,
            sure: None,
        }
    }
}

impl From<FormerCard> for Card {
    fn from(former: FormerCard) -> Card {
        let unseen = former.unseen.into_iter();
        Card {
            sentire: former.sentire,
            model: former.model,
            trained: former.trained,
            normalize: former.normalize,
            label: former.label,
            classes: former.classes,
            class_counts: former.class_counts,
            label_meaning: former.label_meaning,
            corpora: former.corpora,
            licences: former.licences,
            n: former.n,
            speakers: former.speakers,
            held_out: former.held_out.map(Figures::from),
            unseen: unseen
                .map(|(name, figures)| (name, figures.into()))
                .collect(),
            unsure_below: former.unsure_below,
            intended_use: former.intended_use,
            seed: former.seed,
            date: former.date,
            features: former.features,
            balance: Balance::Class,
            held_out_by: Groups::Speakers,
            by_corpus: BTreeMap::new(),
            alone: None,
            alone_by_corpus: BTreeMap::new(),
            adapted: None,
        }
    }
}

impl From<FormerPipeline> for CalibratedPipeline {
    fn from(former: FormerPipeline) -> CalibratedPipeline {
        CalibratedPipeline {
            spec: former.spec,
            pipeline: former.pipeline,
            calibration: former.calibration,
            sureness: Sureness {
                unsure_below: former.unsure_below,
                within: f64::INFINITY,
            },
            alone: None,
        }
    }
}

/// The model that this body of a file of `format` holds.
pub fn read(body: &[u8], format: u32) -> postcard::Result<Model> {
    let (card, feature_names, trained, domain) = match format {
        OF_VALUES => {
            let (card, names, trained, domain): (FormerCard, Vec<String>, ValuePipeline, Domain) =
                postcard::from_bytes(body)?;
            (card, names, Trained::Values(Box::new(trained)), domain)
        }
        _ => {
            let (card, names, trained, domain): (FormerCard, Vec<String>, FormerPipeline, Domain) =
                postcard::from_bytes(body)?;
            (
                card,
                names,
                Trained::Classes(Box::new(trained.into())),
                domain,
            )
        }
    };
    Ok(Model {
        card: card.into(),
        feature_names,
        trained,
        domain,
        id: None,
    })
}
