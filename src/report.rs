//! Reports: the figures of an evaluation, as text and as JSON. The JSON is this struct.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::metrics::Confusion;
use crate::model::{ModelSpec, Normalize};

/// The figures of one evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Unweighted average recall over all held-out recordings pooled, 0 to 1.
    pub uar: f64,
    /// 95 % interval of the UAR, by resampling speakers.
    pub uar_ci95: [f64; 2],
    /// Share of recordings recognised.
    pub accuracy: f64,
    /// Mean F1 of the classes.
    pub macro_f1: f64,
    /// UAR of guessing.
    pub chance: f64,
    /// The classes, sorted.
    pub classes: Vec<String>,
    /// Share of each class that was recognised.
    pub recall: BTreeMap<String, f64>,
    /// Rows: truth, columns: prediction, both in the order of `classes`.
    pub confusion: Confusion,
    /// The folds.
    pub folds: Vec<FoldReport>,
    /// The protocol.
    pub normalize: Normalize,
    /// Feature sets.
    pub features: String,
    /// Feature columns.
    pub feature_names: Vec<String>,
    /// Classifier and parameters.
    pub model: ModelSpec,
    /// The column that was learned.
    pub label: String,
    /// Names of the corpora.
    pub corpora: Vec<String>,
    /// Recordings tested: what all figures count.
    pub n: usize,
    /// Windows tested, where recordings were cut into windows; a recording is then recognised by
    /// the mean of its windows' probabilities.
    pub windows: Option<usize>,
    /// Speakers tested; all the unknown ones count as one.
    pub speakers: usize,
    /// Recordings neither trained nor tested on, because the column `split` marks them as something
    /// else (validation).
    pub held_back: usize,
    /// Recordings left out: without a label, or, under protocol B, without a speaker.
    pub left_out: usize,
    /// Recordings without a speaker that took part as one group.
    pub speakerless: usize,
    /// Seed of everything random.
    pub seed: u64,
}

/// One fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldReport {
    /// The speaker left out, or the number of the fold.
    pub name: String,
    /// The speakers tested.
    pub speakers: Vec<String>,
    /// Recordings trained on.
    pub train: usize,
    /// Recordings tested on.
    pub test: usize,
    /// UAR of this fold alone.
    pub uar: f64,
}

impl Report {
    /// The report as a page of text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let corpora = if self.corpora.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.corpora.join(", "))
        };
        let scaling = match self.normalize {
            Normalize::Corpus => "scaling fitted on the training speakers (protocol A)",
            Normalize::Speaker => {
                "each speaker scaled by their own unlabelled recordings (protocol B, transductive)"
            }
        };
        let [low, high] = self.uar_ci95;
        let windows = self.windows.map_or(String::new(), |windows| {
            format!(" ({windows} windows, the mean of whose probabilities counts)")
        });
        let folds = match &self.folds[..] {
            // Cross-validation has two folds at least.
            [split] => format!(
                "trained on the {} recordings marked `train`, tested on the {} marked `test`, {} others held back",
                split.train, split.test, self.held_back
            ),
            folds => format!("{} speaker-disjoint folds", folds.len()),
        };
        let lines = [
            format!(
                "{corpora}{} recordings{windows}, {} speakers, {} classes",
                self.n,
                self.speakers,
                self.classes.len()
            ),
            format!(
                "{} features ({}), {}",
                self.feature_names.len(),
                self.features,
                self.model
            ),
            format!("{folds}; {scaling}"),
            String::new(),
            format!(
                "UAR       {:.3}   95 % interval {low:.3} to {high:.3} (speakers resampled), chance {:.3}",
                self.uar, self.chance
            ),
            format!("accuracy  {:.3}", self.accuracy),
            format!("macro F1  {:.3}", self.macro_f1),
            String::new(),
        ];
        text.push_str(&lines.join("\n"));
        text.push('\n');
        self.confusion_table(&mut text);
        let mut left_out = Vec::new();
        if self.left_out > 0 {
            left_out.push(format!(
                "{} recordings left out (no label, or no speaker to scale by)",
                self.left_out
            ));
        }
        if self.speakerless > 0 {
            left_out.push(format!(
                "{} recordings without a speaker treated as one speaker",
                self.speakerless
            ));
        }
        if !left_out.is_empty() {
            let _ = writeln!(text, "\n{}", left_out.join("; "));
        }
        text
    }

    /// Rows are truth, columns predictions; the last column is the recall.
    fn confusion_table(&self, text: &mut String) {
        let width = self
            .classes
            .iter()
            .map(|class| class.chars().count())
            .max()
            .unwrap_or(0)
            .max(6);
        let header: String = self
            .classes
            .iter()
            .map(|class| format!(" {class:>width$}"))
            .collect();
        let _ = writeln!(text, "{:width$} {header} {:>7}", "", "recall");
        for (class, row) in self.classes.iter().zip(&self.confusion) {
            let counts: String = row.iter().map(|n| format!(" {n:>width$}")).collect();
            let recall = self.recall.get(class).copied().unwrap_or(f64::NAN);
            let _ = writeln!(text, "{class:width$} {counts} {recall:>7.3}");
        }
    }
}
