//! The built-in model, which `sentire predict` uses by default (cargo feature `default-model`): data with a licence of its
//! own, made by `built_in/make.py`.

use super::Model;
use crate::error::{Error, Result};

const BYTES: &[u8] = include_bytes!("built_in/model.sentire");

/// The built-in model: six emotions, trained on acted speech in English, German, Italian and Polish, and prompted words in English and
/// Hindi. It can scale batches by their own recordings; a [`Predictor`](crate::predict::Predictor) answers for recordings alone.
///
/// ```
/// let model = sentire::model::built_in()?;
/// assert_eq!(model.card.corpora, ["emodb", "emospeech", "emovo", "nemo", "ravdess"]);
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
        let card = &model.card;
        assert_eq!(
            card.corpora,
            ["emodb", "emospeech", "emovo", "nemo", "ravdess"]
        );
        assert_eq!(card.classes.len(), 6);
        assert_eq!(card.normalize, crate::model::Normalize::Batch);
        for of_corpora in [&card.by_corpus, &card.alone_by_corpus] {
            assert!(of_corpora.keys().eq(&card.corpora));
        }
        assert!(card.licences.keys().eq(&card.corpora));
        assert!(card.licences["ravdess"].contains("CC BY-NC-SA 4.0"));
        assert!(BYTES.len() < 5_000_000);
        // Of features that this program computes: run make.py again where it fails.
        Predictor::new(model).unwrap();
    }
}
