//! Figures of predictions and features.

use super::tables::scatter;
use crate::catalogue;
use crate::dataset::Contrast;
use crate::model::Projection;
use crate::plot::{self, Figure};
use crate::predict::{Prediction, Reason};

impl Prediction {
    /// The probability of each class, the largest first.
    pub fn plot(&self) -> Figure {
        let mut classes: Vec<(&String, &f64)> = self.probabilities.iter().collect();
        classes.sort_by(|a, b| b.1.total_cmp(a.1));
        let (names, p): (Vec<String>, Vec<f64>) =
            classes.into_iter().map(|(c, &p)| (c.clone(), p)).unzip();
        let title = format!("Probability of each of {} classes", names.len());
        let chance = 1.0 / names.len() as f64;
        plot::rates(&title, "probability (per cent)", &names, &p, &[], chance)
    }
}

impl Projection {
    /// The points, coloured by label.
    pub fn plot_labels(&self) -> Figure {
        self.plot(&self.labels)
    }

    /// The points, coloured by speaker.
    pub fn plot_speakers(&self) -> Figure {
        self.plot(&self.speakers)
    }

    fn plot(&self, words: &[String]) -> Figure {
        let axis = |name: &str, k: usize| {
            format!(
                "{name} principal component ({:.0} % of variance)",
                100.0 * self.explained[k]
            )
        };
        let names = [&*axis("first", 0), &*axis("second", 1)];
        scatter(&self.first, &self.second, words, names)
    }
}

/// What moved a prediction: bars to the right are for the predicted class, bars to the left against it.
pub fn plot_reasons(reasons: &[Reason]) -> Figure {
    let labels: Vec<String> = reasons.iter().map(Reason::to_text).collect();
    let effects: Vec<f64> = reasons.iter().map(|reason| reason.effect).collect();
    let unit = "weight of evidence for the answer (log-odds; 0.7 doubles the odds)";
    plot::bars("Reasons of a prediction", &labels, &effects, unit, 2)
}

/// The features that distinguish some rows from the others; `contrasts` are those of [`Dataset::contrasts`], or as many of
/// them as are wanted.
///
/// [`Dataset::contrasts`]: crate::dataset::Dataset::contrasts
pub fn plot_contrasts(contrasts: &[Contrast]) -> Figure {
    let meaning = |contrast: &Contrast| match catalogue::column(&contrast.feature) {
        Some(column) => column.meaning.clone(),
        None => contrast.feature.clone(),
    };
    let labels: Vec<String> = contrasts.iter().map(meaning).collect();
    let d: Vec<f64> = contrasts.iter().map(|contrast| contrast.d).collect();
    let unit = "difference of the means in standard deviations (Cohen's d)";
    plot::bars("Features that differ", &labels, &d, unit, 2)
}
