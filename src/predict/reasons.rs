//! What moved a prediction, in plain words.
//!
//! The features of one family (pitch, loudness, rhythm...) are taken away, that is, set to what is usual for the model, and
//! the model predicts again: the drop in the odds of the predicted class is the effect of that family (occlusion;
//! Robnik-Šikonja & Kononenko 2008, "Explaining classifications for individual instances", where it is called weight of
//! evidence). It works in the same way for every classifier. Whole families are taken away because their features are
//! redundant: the others would stand in for a single one. Families differ in size, and their effects do not add up.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::{Features, Predictor};
use crate::catalogue::{self, Column, Family, FeatureSet, Plain};
use crate::error::{Error, Result};
use crate::model::{self, LearnedValue, Model, Normalize};

/// Of a recording of more windows so many, evenly spread, are asked for its reasons.
const MOST_WINDOWS: usize = 64;

/// Rows that the model is asked of at once.
const ASKED_AT_ONCE: usize = 256;

/// Of each family so many of them, or of its features where it has none, are asked which speaks for it: those
/// farthest from usual. Twice as many take twice the time, and a prediction would take longer than a client waits.
const FARTHEST: usize = 10;

/// A family of features that moved a prediction, and the feature that represents it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The family.
    pub family: Family,
    /// By how much it raises the log-odds ln(p / (1 - p)) of the predicted class; negative if it speaks against the class.
    /// 0.7 doubles the odds, 2.3 multiplies them by ten. For a model of numbers, by how much it raises the number, in
    /// standard deviations of the training recordings.
    pub effect: f64,
    /// The number that it moved most; `None` for a model of classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The feature that represents the family: among those farthest from usual, the one that on its own changes the prediction
    /// most in the same direction. Only means, medians and deviations are considered, if the family has any.
    pub feature: String,
    /// What that feature is; of a family whose single features nobody hears, what the family is.
    pub meaning: String,
    /// How far the feature lies from what is usual for the model, in standard deviations.
    pub deviation: f64,
    /// What is heard of the family, and how far it deviates: `pitch varies far more than usual (+2.1 sd)`; of a family whose single
    /// features nobody hears, how far these lie from usual (root mean square): `melody, 1.3 sd from usual`.
    pub text: String,
}

impl Reason {
    /// The reason in plain words, with the meaning of the feature.
    pub fn to_text(&self) -> String {
        match &self.target {
            None => format!("{}: {}", self.text, self.meaning),
            Some(target) => format!(
                "{} of {target}, {}: {}",
                self.side(),
                self.text,
                self.meaning
            ),
        }
    }

    /// Whether it raised or lowered the number.
    pub fn side(&self) -> &'static str {
        match self.effect > 0.0 {
            true => "raised",
            false => "lowered",
        }
    }
}

/// `pitch varies far more than usual (+2.1 sd)`.
fn in_words(family: Family, plain: Plain, deviation: f64) -> String {
    let varies = plain == Plain::Spread;
    let side = match (varies, deviation > 0.0) {
        (true, true) => "more",
        (true, false) => "less",
        (false, true) => "higher",
        (false, false) => "lower",
    };
    let far = match deviation.abs() {
        ..0.5 => "about as usual".to_string(),
        ..1.5 => format!("{side} than usual"),
        _ => format!("far {side} than usual"),
    };
    let heard = family.heard();
    match varies {
        true => format!("{heard} varies {far} ({deviation:+.1} sd)"),
        false => format!("{heard}, {far} ({deviation:+.1} sd)"),
    }
}

/// The features of a model, and what there is to be said of them.
#[derive(Debug)]
pub(super) struct Vocabulary {
    columns: Vec<&'static Column>,
    /// The places of each family's features among them.
    families: BTreeMap<Family, Vec<usize>>,
}

impl Vocabulary {
    /// Of features that the catalogue has, in these sets.
    fn new(sets: &[FeatureSet], names: &[String]) -> Vocabulary {
        let column =
            |name: &String| catalogue::column_of(sets, name).expect("a model's features are known");
        let columns: Vec<&Column> = names.iter().map(column).collect();
        let mut families: BTreeMap<Family, Vec<usize>> = BTreeMap::new();
        for (place, column) in columns.iter().enumerate() {
            families.entry(column.family).or_default().push(place);
        }
        Vocabulary { columns, families }
    }
}

impl Predictor {
    /// The families that moved the prediction for recording number `which` (from 0) of `recordings`: at most `most`, the
    /// strongest first, whether for the predicted class or against it. As in [`predict`](Predictor::predict), a protocol-B
    /// model takes all recordings as those of one speaker; for other models only that one counts. An error if there is no
    /// such recording.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?;
    /// let recording = predictor.read("corpora/demo/f1_angry_s1.flac", &mut predictor.extractor())?;
    /// let strongest = predictor.reasons(&[recording], 0, 1)?.remove(0);
    /// assert!(strongest.text.starts_with(strongest.family.heard()));
    /// assert!(strongest.to_text().ends_with(&strongest.meaning));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reasons(
        &self,
        recordings: &[Features],
        which: usize,
        most: usize,
    ) -> Result<Vec<Reason>> {
        let Some(recording) = recordings.get(which).filter(|r| !r.windows.is_empty()) else {
            return Err(Error::Usage(format!(
                "there is no recording {which} with a window among the {} given",
                recordings.len()
            )));
        };
        let (recordings, which) = match self.model.card.normalize {
            Normalize::Train => (std::slice::from_ref(recording), 0),
            Normalize::Speaker | Normalize::Batch => (recordings, which),
        };
        let x = self.matrix(recordings)?;
        let first: usize = recordings[..which].iter().map(|r| r.windows.len()).sum();
        let windows = recording.windows.len();
        let every = windows.div_ceil(MOST_WINDOWS);
        let rows: Vec<usize> = (first..first + windows).step_by(every).collect();
        let asked = Asked::of(&self.model, x, rows);

        let names = &self.model.feature_names;
        let vocabulary = self
            .vocabulary
            .get_or_init(|| Vocabulary::new(&self.settings.sets, names));
        let Vocabulary { columns, families } = vocabulary;
        let of_families: Vec<&[usize]> = families.values().map(|places| &places[..]).collect();
        let effects = self
            .effects(&asked, &of_families)
            .into_iter()
            .map(strongest);
        let mut order: Vec<(Family, (usize, f64))> =
            families.keys().copied().zip(effects).collect();
        order.sort_by(|a, b| b.1.1.abs().total_cmp(&a.1.1.abs()));
        order.truncate(most);

        let deviations = self.model.deviations(asked.x.view());
        let deviation = |place: usize| {
            let of_rows = asked
                .rows
                .iter()
                .map(|&row| f64::from(deviations[(row, place)]));
            of_rows.sum::<f64>() / asked.rows.len() as f64
        };
        let deviation: Vec<f64> = (0..columns.len()).map(deviation).collect();
        let is_plain = |place: &&usize| columns[**place].plain.is_some();
        let targets = self.model.targets();
        let reason = |(family, (target, effect)): (Family, (usize, f64))| {
            let mut places: Vec<usize> =
                families[&family].iter().filter(is_plain).copied().collect();
            if places.is_empty() {
                places.clone_from(&families[&family]);
            }
            // One that is about as usual changes next to nothing by its absence.
            places.sort_by(|&a, &b| deviation[b].abs().total_cmp(&deviation[a].abs()));
            places.truncate(FARTHEST);
            let each: Vec<&[usize]> = places.chunks(1).collect();
            let alone = self.effects(&asked, &each);
            let alone: Vec<f64> = alone.iter().map(|effects| effects[target]).collect();
            let stronger = |best: usize, at: usize| {
                let is_stronger = effect.signum() * (alone[at] - alone[best]) > 0.0;
                if is_stronger { at } else { best }
            };
            let strongest = (0..places.len())
                .reduce(stronger)
                .expect("no family is empty");
            let place = places[strongest];
            let column = columns[place];
            let far = deviation[place];
            let meaning = &column.meaning;
            let (meaning, text) = match column.plain {
                Some(plain) if family.has_telling_features() => {
                    (meaning.clone(), in_words(family, plain, far))
                }
                _ => {
                    let of_family = &families[&family];
                    let squares = of_family.iter().map(|&place| deviation[place].powi(2));
                    let typical = (squares.sum::<f64>() / of_family.len() as f64).sqrt();
                    let text = format!("{}, {typical:.1} sd from usual", family.heard());
                    (family.meaning().to_string(), text)
                }
            };
            Reason {
                family,
                effect,
                target: targets.get(target).map(|target| target.name.clone()),
                meaning,
                deviation: far,
                text,
                feature: column.name.clone(),
            }
        };
        Ok(order.into_iter().map(reason).collect())
    }

    /// What the predicted class, or each number, loses without each of these groups of features of the recording. A
    /// missing feature is taken as usual by every model.
    fn effects(&self, asked: &Asked, without: &[&[usize]]) -> Vec<Vec<f64>> {
        // Under protocol B a row depends on all rows of its speaker, so each question wants all of them;
        // otherwise the rows of the recording do, and several questions are asked at once.
        let (own, rows) = match self.model.card.normalize {
            Normalize::Speaker | Normalize::Batch => (asked.x.clone(), asked.rows.clone()),
            Normalize::Train => {
                let own = asked.x.select(Axis(0), &asked.rows);
                (own, (0..asked.rows.len()).collect())
            }
        };
        let at_once = match self.model.card.normalize {
            Normalize::Speaker | Normalize::Batch => 1,
            Normalize::Train => (ASKED_AT_ONCE / rows.len()).max(1),
        };
        let effects_of = |groups: &[&[usize]]| {
            let mut reduced = Array2::zeros((groups.len() * own.nrows(), own.ncols()));
            let mut recordings = Vec::new();
            for (number, places) in groups.iter().enumerate() {
                let first = number * own.nrows();
                for (row, values) in own.rows().into_iter().enumerate() {
                    reduced.row_mut(first + row).assign(&values);
                }
                for &row in &rows {
                    places
                        .iter()
                        .for_each(|&place| reduced[(first + row, place)] = f32::NAN);
                }
                recordings.push(rows.iter().map(|row| first + row).collect());
            }
            let measured = asked.what.measure(&self.model, reduced.view(), &recordings);
            let effects = |without: Vec<f64>| {
                let pairs = asked.measured.iter().zip(without);
                pairs.map(|(with, without)| with - without).collect()
            };
            measured.into_iter().map(effects).collect::<Vec<Vec<f64>>>()
        };
        without.chunks(at_once).flat_map(effects_of).collect()
    }
}

/// The place of the largest effect, up or down, and it; the first of equals.
fn strongest(effects: Vec<f64>) -> (usize, f64) {
    let stronger = |a: (usize, f64), b: (usize, f64)| if b.1.abs() > a.1.abs() { b } else { a };
    effects
        .into_iter()
        .enumerate()
        .reduce(stronger)
        .unwrap_or((0, 0.0))
}

/// The logarithm of the odds of a probability; certainty counts as all but a millionth.
fn log_odds(p: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

/// One recording, among others, and what the model said of it.
struct Asked {
    /// Windows of all recordings x features.
    x: Array2<f32>,
    /// The windows of this one.
    rows: Vec<usize>,
    what: Measure,
    /// What that was of all features.
    measured: Vec<f64>,
}

/// What is asked of a model when it is asked for its reasons.
enum Measure {
    /// The logarithm of the odds of this class.
    Class(usize),
    /// Each number, in standard deviations over the training recordings.
    Values,
}

impl Measure {
    /// A list for each recording.
    fn measure(
        &self,
        model: &Model,
        x: ArrayView2<f32>,
        recordings: &[Vec<usize>],
    ) -> Vec<Vec<f64>> {
        match self {
            Measure::Class(class) => {
                let p = model.probabilities(x, recordings);
                p.column(*class)
                    .iter()
                    .map(|&p| vec![log_odds(p)])
                    .collect()
            }
            Measure::Values => {
                let values = model.values(x, recordings);
                let in_deviations = |(value, target): (&f64, &LearnedValue)| {
                    value / target.deviation.max(f64::MIN_POSITIVE)
                };
                let of_recording = |values: ArrayView1<f64>| {
                    values
                        .iter()
                        .zip(model.targets())
                        .map(in_deviations)
                        .collect()
                };
                values.rows().into_iter().map(of_recording).collect()
            }
        }
    }
}

impl Asked {
    fn of(model: &Model, x: Array2<f32>, rows: Vec<usize>) -> Asked {
        let recording = std::slice::from_ref(&rows);
        let what = match model.targets() {
            [] => Measure::Class(model::best(model.probabilities(x.view(), recording).row(0))),
            _ => Measure::Values,
        };
        let measured = what.measure(model, x.view(), recording).remove(0);
        Asked {
            x,
            rows,
            what,
            measured,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Settings;
    use crate::model::Model;

    /// A predictor for which nothing but the mean pitch tells class 1 from class 0, and a recording.
    fn by_pitch(normalize: Normalize) -> (Predictor, Features) {
        let settings = Settings::default();
        let y: Vec<usize> = (0..48).map(|row| row % 2).collect();
        let mut data = crate::dataset::tests::of_labels(&y, 2);
        data.feature_names = settings.feature_names();
        data.metadata = settings.to_metadata();
        data.speakers = (0..48).map(|row| Some((row / 8).to_string())).collect();
        let names = &data.feature_names;
        let telling = names.iter().position(|n| n == "f0_hz_mean").unwrap();
        let idle = names.iter().position(|n| n == "rms_mean").unwrap();
        data.x = Array2::zeros((48, names.len()));
        for row in 0..48 {
            data.x[(row, telling)] = 100.0 + 50.0 * (row % 2) as f32;
            data.x[(row, idle)] = (row * 7 % 11) as f32;
        }
        let spec = "svm:kernel=linear,c=1".parse().unwrap();
        let model = Model::train(&data, &spec, normalize, 0).unwrap();
        let places = (0..8)
            .map(|at| (f64::from(at), f64::from(at) + 1.0))
            .collect();
        let mut windows = vec![vec![0.0; data.feature_names.len()]; 8];
        for (number, window) in windows.iter_mut().enumerate() {
            window[telling] = 150.0;
            window[idle] = number as f32;
        }
        let features = Features {
            file: "x".into(),
            duration_s: 8.0,
            places,
            speech_s: vec![1.0; windows.len()],
            instead_of_mean: None,
            channel: None,
            copy_of: None,
            channels_differ: false,
            is_narrow: false,
            quality: Default::default(),
            windows,
            truncated: false,
        };
        (Predictor::new(model).unwrap(), features)
    }

    #[test]
    fn the_feature_that_decides_is_the_reason() {
        let (predictor, features) = by_pitch(Normalize::Train);
        let reasons = predictor
            .reasons(std::slice::from_ref(&features), 0, 3)
            .unwrap();
        assert_eq!(reasons.len(), 3);
        let first = &reasons[0];
        assert_eq!(
            (first.family, &*first.feature),
            (Family::Pitch, "f0_hz_mean")
        );
        assert!(first.effect > 1.0, "{first:?}");
        // Means of 100 and 150, half of the rows each: 150 is one deviation up.
        assert!((first.deviation - 1.0).abs() < 1e-6, "{first:?}");
        assert!(
            first
                .to_text()
                .starts_with("pitch, higher than usual (+1.0 sd): arithmetic mean "),
            "{}",
            first.to_text()
        );
        assert!(reasons[1].effect.abs() < 0.05, "{:?}", reasons[1]);
    }

    #[test]
    fn a_model_that_scales_by_speaker_wants_a_call() {
        let (predictor, features) = by_pitch(Normalize::Speaker);
        let telling = predictor
            .model
            .feature_names
            .iter()
            .position(|n| n == "f0_hz_mean");
        let telling = telling.unwrap();
        // A call of eight recordings, one of which is higher than the others.
        let recording = |number: usize| {
            let mut window = features.windows[number].clone();
            window[telling] = if number == 5 { 150.0 } else { 100.0 };
            Features {
                places: vec![(0.0, 1.0)],
                windows: vec![window],
                speech_s: vec![1.0],
                ..features.clone()
            }
        };
        let call: Vec<Features> = (0..8).map(recording).collect();
        let reasons = predictor.reasons(&call, 5, 1).unwrap();
        assert_eq!(reasons[0].feature, "f0_hz_mean");
        // Seven at 100, one at 150: mean 106.25, deviation 16.54.
        assert!((reasons[0].deviation - 2.6458).abs() < 1e-3, "{reasons:?}");
        assert!(predictor.reasons(&call, 0, 1).unwrap()[0].deviation < 0.0);
        let error = predictor.reasons(&call[..3], 0, 2).unwrap_err().to_string();
        assert!(error.contains("needs at least 8"), "{error}");
        let error = predictor.reasons(&call, 8, 2).unwrap_err().to_string();
        assert!(error.contains("no recording 8"), "{error}");
    }
}
