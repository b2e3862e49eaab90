//! The model file: a magic word, a format number, a checksum, then the model in a compact binary form (postcard). It holds
//! data only, no code.

use std::path::Path;

use crate::error::{Error, Result};
use crate::model::{Card, Domain, Model, ModelSpec, Trained, former};
use crate::output;

const MAGIC: &[u8; 8] = b"sentire\n";
/// Of models of classes. Rises when programs of the format before can no longer read the file; those of this one can
/// read both.
const FORMAT: u32 = 6;
/// Of models of numbers.
const OF_VALUES: u32 = 7;
/// The formats that are read, in words.
const READ: &str = "4 to 7";
/// Magic, format, length of the model, its BLAKE3.
const HEADER: usize = 8 + 4 + 8 + 32;

/// Whether a file that begins like this is a model.
///
/// ```
/// assert!(!sentire::model::is_model(b"RIFF"));
/// assert!(sentire::model::is_model(b"sentire\n"));
/// ```
pub fn is_model(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

/// Why the classifier that the card asks for is none, where that is so.
fn unknown_classifier(body: &[u8]) -> Option<String> {
    // The card begins with the version and the classifier.
    let (_, spec): (&str, &str) = postcard::from_bytes(body).ok()?;
    let parsed: Result<ModelSpec> = spec.parse();
    Some(parsed.err()?.to_string())
}

/// A model of what stands in a file.
fn of_parts<T>(
    (card, feature_names, trained, domain): (Card, Vec<String>, T, Domain),
    kind: fn(T) -> Trained,
) -> Model {
    Model {
        card,
        feature_names,
        trained: kind(trained),
        domain,
        id: None,
    }
}

fn id(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_string()
}

impl Model {
    /// The model as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Model {
            card,
            feature_names,
            domain,
            ..
        } = self;
        let (format, body) = match &self.trained {
            Trained::Classes(trained) => {
                let body = postcard::to_stdvec(&(card, feature_names, trained, domain));
                (FORMAT, body)
            }
            Trained::Values(trained) => {
                let body = postcard::to_stdvec(&(card, feature_names, trained, domain));
                (OF_VALUES, body)
            }
        };
        let body = body.expect("a model can be written to memory");
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend(MAGIC);
        bytes.extend(format.to_le_bytes());
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(blake3::hash(&body).as_bytes());
        bytes.extend(body);
        bytes
    }

    /// A name that no other model has: the first 16 hexadecimal digits of the BLAKE3 of its file, in the format that it was
    /// read from.
    pub fn id(&self) -> String {
        self.id.clone().unwrap_or_else(|| id(&self.to_bytes()))
    }

    /// Reads a model from the bytes of its file; the error says what is wrong with them.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// assert!(Model::from_bytes(b"RIFF").unwrap_err().starts_with("is not a sentire model"));
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, String> {
        if !is_model(bytes) {
            return Err(
                "is not a sentire model; expected a file written by `sentire train`".into(),
            );
        }
        let cut = || format!("breaks off after {} bytes; copy it again", bytes.len());
        let header = bytes.get(8..HEADER).ok_or_else(cut)?;
        let format = u32::from_le_bytes(header[..4].try_into().expect("four bytes"));
        if format < former::FORMAT {
            return Err(format!(
                "is a model of format {format}, from an older sentire; this one reads formats {READ}, train it again"
            ));
        }
        if format > OF_VALUES {
            return Err(format!(
                "is a model of format {format}; this sentire reads formats {READ}, use a newer one"
            ));
        }
        let len = u64::from_le_bytes(header[4..12].try_into().expect("eight bytes"));
        let body = &bytes[HEADER..];
        if (body.len() as u64) < len {
            return Err(cut());
        }
        if body.len() as u64 != len || blake3::hash(body).as_bytes() != &header[12..] {
            return Err("is damaged (its checksum does not match); copy it again".into());
        }
        let model = match format {
            former::FORMAT | former::OF_VALUES => former::read(body, format),
            FORMAT => postcard::from_bytes(body)
                .map(|parts| of_parts(parts, |trained| Trained::Classes(Box::new(trained)))),
            _ => postcard::from_bytes(body)
                .map(|parts| of_parts(parts, |trained| Trained::Values(Box::new(trained)))),
        };
        let mut model = model.map_err(|cause| match unknown_classifier(body) {
            Some(reason) => format!("has a classifier that this sentire lacks ({reason})"),
            None => format!("cannot be read ({cause}); train it again"),
        })?;
        if !model.fits() {
            return Err("has parts that do not fit together; train it again".into());
        }
        model.id = Some(id(bytes));
        Ok(model)
    }

    /// Whether all its parts are of the same features and classes. No checksum shows it: whoever writes a file writes that,
    /// too.
    fn fits(&self) -> bool {
        let (features, classes) = (self.feature_names.len(), self.card.classes.len());
        let trained_fits = match &self.trained {
            Trained::Classes(trained) => {
                self.card.class_counts.len() == classes && trained.fits(features, classes)
            }
            Trained::Values(trained) => trained.fits(features),
        };
        trained_fits && self.domain.fits(features)
    }

    /// Writes the model to `path`.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let features = dir.path().join("demo.parquet");
    /// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    /// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    /// # extract::update(&demo, &egemaps, &features)?;
    /// # let data = Dataset::read(&[&features], "emotion")?;
    /// # let path = dir.path().join("model.sentire");
    /// let model = Model::train(&data, &"ridge".parse()?, Normalize::Train, 0)?;
    /// model.save(&path)?;
    /// assert_eq!(Model::load(&path)?.id(), model.id());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        output::write(path, &self.to_bytes())
    }

    /// Reads the model at `path`. An error if the file is damaged, is not a model, or has a format or a classifier that
    /// this program does not know.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// // A recording is no model.
    /// let refused = Model::load("corpora/demo/f1_angry_s1.flac").unwrap_err();
    /// assert!(refused.to_string().contains("is not a sentire model"));
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Model> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        Model::from_bytes(&bytes).map_err(|reason| Error::Model {
            path: path.to_path_buf(),
            reason,
        })
    }
}
