//! Datasets, reports, models, predictions.

use std::collections::BTreeMap;

use super::{Grid, Show, Shown, number, plot_reasons};
use crate::dataset::{Contrast, Dataset, Target};
use crate::evaluate::{Evaluation, ValueEvaluation};
use crate::model::{LearnedValue, Model};
use crate::plot::canvas::{escaped, percent};
use crate::predict::{Estimate, Prediction, Reason, Verdict};
use crate::report::{Report, TargetReport, ValueReport};

/// How many rows each speaker has of each class, or their mean numbers.
impl Show for Dataset {
    fn shown(&self) -> Shown {
        self.grid().shown()
    }
}

impl Dataset {
    fn grid(&self) -> Grid {
        let mut rows_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, speaker) in self.speaker_names().into_iter().enumerate() {
            rows_of.entry(speaker).or_default().push(row);
        }
        let names = match &self.target {
            Target::Classes(classes) => &classes.names,
            Target::Values(values) => &values.names,
        };
        let cell = |rows: &[usize], column: usize| match &self.target {
            Target::Classes(classes) => {
                let of_class = rows.iter().filter(|&&row| classes.y[row] == column);
                of_class.count().to_string()
            }
            Target::Values(values) => {
                let sum: f64 = rows.iter().map(|&row| values.y[(row, column)]).sum();
                number(sum / rows.len() as f64)
            }
        };
        let row = |(speaker, rows): (&String, &Vec<usize>)| {
            let cells = (0..names.len()).map(|column| cell(rows, column));
            [speaker.clone()].into_iter().chain(cells).collect()
        };
        const SPEAKERS: usize = 12;
        let more = match rows_of.len().checked_sub(SPEAKERS) {
            Some(more @ 1..) => format!("; {more} speakers more"),
            _ => String::new(),
        };
        Grid {
            names: ["speaker".to_string()]
                .into_iter()
                .chain(names.clone())
                .collect(),
            rows: rows_of.iter().take(SPEAKERS).map(row).collect(),
            note: format!(
                "{} rows, {} speakers, {} features{more}",
                self.len(),
                self.speaker_count(),
                self.feature_names.len()
            ),
        }
    }
}

/// The headline, the confusion matrix, the recalls.
impl Show for Report {
    fn shown(&self) -> Shown {
        let [low, high] = self.uar_ci95;
        let figures = vec![self.plot_confusion(), self.plot_recall()].shown();
        let html = format!(
            "<p><b>UAR {}</b> (95&nbsp;% interval {} to {}, chance {}), accuracy {}, macro-F1 {}; {} recordings of {} speakers, \
             {}, <code>--normalize {}</code></p>\n{}",
            percent(self.uar, 1),
            percent(low, 1),
            percent(high, 1),
            percent(self.chance, 1),
            percent(self.accuracy, 1),
            number(self.macro_f1),
            self.n,
            self.speakers,
            escaped(&self.model.to_string()),
            self.normalize,
            figures.html
        );
        Shown {
            html,
            plain: self.to_text(),
        }
    }
}

/// The CCC of each target with what belongs to it, predicted against true.
impl Show for ValueReport {
    fn shown(&self) -> Shown {
        let line = |target: &TargetReport| {
            let [low, high] = target.figures.ccc_ci95.map(number);
            format!(
                "<p><b>CCC of {} {}</b> (95&nbsp;% interval {low} to {high}), r {}, RMSE {}; the speakers' own means {}</p>\n{}",
                escaped(&target.name),
                number(target.figures.ccc),
                number(target.figures.pearson),
                number(target.figures.rmse),
                number(target.speaker_means_ccc),
                target.plot_predicted()
            )
        };
        Shown {
            html: self.targets.iter().map(line).collect::<Vec<_>>().join("\n"),
            plain: self.to_text(),
        }
    }
}

impl Show for ValueEvaluation {
    fn shown(&self) -> Shown {
        self.report.shown()
    }
}

impl Show for Evaluation {
    fn shown(&self) -> Shown {
        self.report.shown()
    }
}

/// Its card.
impl Show for Model {
    fn shown(&self) -> Shown {
        self.grid().shown()
    }
}

impl Model {
    fn grid(&self) -> Grid {
        let card = &self.card;
        let targets = self.targets();
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        let held_out = match &card.held_out {
            None if !targets.is_empty() => {
                let ccc = |target: &LearnedValue| {
                    let figures = target.held_out.as_ref()?;
                    Some(format!("{} {}", target.name, number(figures.ccc)))
                };
                let cccs: Vec<String> = targets.iter().filter_map(ccc).collect();
                match cccs.is_empty() {
                    true => "not measured: it knows one speaker".into(),
                    false => format!("CCC on training speakers held out: {}", cccs.join(", ")),
                }
            }
            Some(figures) => format!(
                "UAR {} ({} to {}) on training speakers held out in {} groups",
                percent(figures.uar, 1),
                percent(figures.uar_ci95[0], 1),
                percent(figures.uar_ci95[1], 1),
                figures.folds
            ),
            None => "not measured: it knows one speaker".into(),
        };
        let rows = [
            ("classifier", card.trained.to_string()),
            ("normalize", card.normalize.to_string()),
            match targets.is_empty() {
                true => ("classes", card.classes.join(", ")),
                false => ("numbers", names.join(", ")),
            },
            (
                "trained on",
                format!("{} recordings of {} speakers", card.n, card.speakers),
            ),
            ("features", self.feature_names.len().to_string()),
            ("held out", held_out),
            ("unsure below", percent(card.unsure_below, 1)),
            ("for", card.intended_use.clone()),
        ];
        Grid {
            names: vec!["model".into(), "".into()],
            rows: rows
                .map(|(name, value)| vec![name.to_string(), value])
                .to_vec(),
            note: String::new(),
        }
    }
}

/// The label, the verdicts, the probabilities.
impl Show for Prediction {
    fn shown(&self) -> Shown {
        let number = |(name, estimate): (&String, &Estimate)| {
            let [low, high] = estimate.interval().map(number);
            format!("{name} {} ({low} to {high})", number(estimate.value))
        };
        let said = match &self.label {
            Some(label) => label.clone(),
            None => self
                .values
                .iter()
                .map(number)
                .collect::<Vec<_>>()
                .join(", "),
        };
        let mut verdict = format!("{}: {said}", self.file);
        verdict.push_str(match self.verdict {
            Verdict::NoSpeech => "no speech",
            Verdict::OutOfDomain => ", a guess: it has not heard recordings like this",
            Verdict::Unsure => ", a guess: it is unsure",
            Verdict::Sure => "",
        });
        if self.truncated {
            verdict.push_str(", breaks off");
        }
        let Shown { html, plain } = Shown::line(verdict);
        Shown {
            html: format!("{html}\n{}", self.plot()),
            plain,
        }
    }
}

impl Show for Vec<Prediction> {
    fn shown(&self) -> Shown {
        crate::predict::to_table(self).shown()
    }
}

impl Show for Vec<Reason> {
    fn shown(&self) -> Shown {
        let line = |reason: &Reason| format!("{:+.2}: {}", reason.effect, reason.to_text());
        Shown {
            html: plot_reasons(self).to_string(),
            plain: self.iter().map(line).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// The features that differ most.
impl Show for Vec<Contrast> {
    fn shown(&self) -> Shown {
        grid_of_contrasts(self).shown()
    }
}

fn grid_of_contrasts(contrasts: &[Contrast]) -> Grid {
    const SHOWN: usize = 10;
    let row = |contrast: &Contrast| {
        let Contrast {
            feature,
            d,
            mean,
            mean_of_others,
        } = contrast;
        vec![
            feature.clone(),
            format!("{d:+.2}"),
            number(*mean),
            number(*mean_of_others),
        ]
    };
    Grid {
        names: ["feature", "d", "mean", "mean of the others"]
            .map(String::from)
            .to_vec(),
        rows: contrasts.iter().take(SHOWN).map(row).collect(),
        note: format!("{} features", contrasts.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::tests::assert_well_formed;

    #[test]
    fn predictions_name_their_class_and_verdicts() {
        let prediction = Prediction {
            file: "<x>.wav".into(),
            label: Some("sad".into()),
            values: BTreeMap::new(),
            probabilities: [("sad".to_string(), 0.7), ("angry".to_string(), 0.3)].into(),
            unsure: true,
            out_of_domain: false,
            verdict: Verdict::Unsure,
            speech_s: 1.5,
            channel: None,
            copy_of: None,
            channels_differ: false,
            model: "svm".into(),
            model_id: String::new(),
            sets: String::new(),
            version: String::new(),
            duration_s: 2.0,
            quality: Default::default(),
            truncated: false,
            channels_cancel: false,
            reasons: Vec::new(),
            windows: Vec::new(),
        };
        let html = prediction.shown().html;
        assert_well_formed(&html, &[]);
        assert!(html.contains("&lt;x&gt;.wav: sad, a guess: it is unsure"));
        assert!(
            html.find(">\nsad").unwrap() < html.find(">\nangry").unwrap(),
            "the surest first"
        );
        assert_well_formed(&vec![prediction].shown().html, &[]);
    }

    #[test]
    fn a_dataset_counts_classes_by_speaker() {
        let mut data = crate::dataset::tests::of_labels(&[0, 1, 1], 2);
        data.speakers = vec![Some("s".into()), Some("s".into()), None];
        let text = data.shown().plain;
        assert!(text.contains("unknown  0"), "{text}");
        assert!(text.lines().nth(1).unwrap().starts_with("s "), "{text}");
    }

    #[test]
    fn reasons_and_contrasts_read_in_words() {
        let reason = Reason {
            family: crate::catalogue::Family::Pitch,
            effect: 0.12,
            target: None,
            feature: "f0_hz_mean".into(),
            meaning: "mean of the pitch (Hz)".into(),
            deviation: 2.13,
            text: "pitch, far higher than usual (+2.1 sd)".into(),
        };
        assert_eq!(
            reason.to_text(),
            "pitch, far higher than usual (+2.1 sd): mean of the pitch (Hz)"
        );
        assert_well_formed(&vec![reason].shown().html, &[]);
        let contrast = Contrast {
            feature: "f0_hz_mean".into(),
            d: -1.5,
            mean: 100.0,
            mean_of_others: 200.0,
        };
        assert_well_formed(&vec![contrast.clone()].shown().html, &[]);
        let figure = super::super::plot_contrasts(&[contrast]);
        assert!(figure.svg().contains("(Hz)"), "{}", figure.svg());
    }
}
