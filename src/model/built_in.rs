//! The built-in model, which `sentire predict` uses by default (cargo feature `default-model`): data with a licence of its
//! own, made by `built_in/make.py`.

use super::Model;
use crate::error::{Error, Result};

const BYTES: &[u8] = include_bytes!("built_in/model.sentire");

/// The built-in model: six emotions, trained on acted English and German speech (RAVDESS, EmoDB).
///
/// ```
/// let model = sentire::model::built_in()?;
/// assert_eq!(model.card.corpora, ["emodb", "ravdess"]);
/// assert_eq!(model.card.classes.len(), 6);
/// # Ok::<(), sentire::error::Error>(())
/// ```
pub fn built_in() -> Result<Model> {
    Model::from_bytes(BYTES)
        .map_err(|reason| Error::Data(format!("the model that is built in {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predict::Predictor;

    #[test]
    fn the_model_is_of_this_version_and_small() {
        let model = built_in().unwrap();
        assert_eq!(model.card.corpora, ["emodb", "ravdess"]);
        assert_eq!(model.card.classes.len(), 6);
        assert!(model.card.licences["ravdess"].contains("CC BY-NC-SA 4.0"));
        assert!(model.card.unseen.contains_key("emovo"));
        assert!(BYTES.len() < 5_000_000);
        // Of features that this program computes: run make.py again where it fails.
        Predictor::new(model).unwrap();
    }
}
