//! A classifier as it stands in a model file: behind the position of its learner in a list that is fixed.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::learners::boost::Boost;
use crate::model::learners::forest::Forest;
use crate::model::learners::fusion::Fusion;
use crate::model::learners::logistic::Logistic;
use crate::model::learners::ridge::Ridge;
use crate::model::learners::svm::Svm;
use crate::model::learners::tree::Tree;
use crate::model::learners::{Classifier, Named};

#[derive(Serialize, Deserialize)]
enum Tagged {
    Svm(Svm),
    Forest(Forest),
    Logistic(Logistic),
    Ridge(Ridge),
    Tree(Tree),
    Boost(Box<Boost>),
    Fusion(Fusion),
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.classifier.write();
        let tagged = match self.learner {
            "svm" => Tagged::Svm(again(&bytes)),
            "forest" => Tagged::Forest(again(&bytes)),
            "logistic" => Tagged::Logistic(again(&bytes)),
            "ridge" => Tagged::Ridge(again(&bytes)),
            "tree" => Tagged::Tree(again(&bytes)),
            "boost" => Tagged::Boost(again(&bytes)),
            "fusion" => Tagged::Fusion(again(&bytes)),
            other => panic!("{other} has no position in the list"),
        };
        tagged.serialize(serializer)
    }
}

fn again<T: DeserializeOwned>(bytes: &[u8]) -> T {
    postcard::from_bytes(bytes).expect("it has just been written")
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Named, D::Error> {
        let (learner, classifier): (_, Arc<dyn Classifier>) =
            match Tagged::deserialize(deserializer)? {
                Tagged::Svm(svm) => ("svm", Arc::new(svm)),
                Tagged::Forest(forest) => ("forest", Arc::new(forest)),
                Tagged::Logistic(logistic) => ("logistic", Arc::new(logistic)),
                Tagged::Ridge(ridge) => ("ridge", Arc::new(ridge)),
                Tagged::Tree(tree) => ("tree", Arc::new(tree)),
                Tagged::Boost(boost) => ("boost", Arc::new(*boost)),
                Tagged::Fusion(fusion) => ("fusion", Arc::new(fusion)),
            };
        Ok(Named {
            learner,
            classifier,
        })
    }
}
