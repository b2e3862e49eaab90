//! The report on predicted numbers: the JSON is this struct, and its text.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::ValueCurvePoint;
use super::text::{
    chosen, described, how_compared, in_sentence, learning_table, left_out_and_leakage,
    probability, scaling,
};
use crate::audit::Finding;
use crate::metrics::Comparison;
use crate::metrics::values::{Agreement, ValueFigures};
use crate::model::{ModelSpec, Normalize};
use crate::plot::{self, Figure};

/// The figures of one evaluation of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueReport {
    /// Concordance correlation coefficient (Lin 1989), in the mean over the targets, -1 to 1.
    pub ccc: f64,
    /// Each target.
    pub targets: Vec<TargetReport>,
    /// The folds.
    pub folds: Vec<ValueFold>,
    /// How speakers were held out: `loso`, `corpus`, `split`, or the number of folds.
    pub held_out: String,
    /// The protocol.
    pub normalize: Normalize,
    /// Feature sets.
    pub features: String,
    /// Feature columns.
    pub feature_names: Vec<String>,
    /// Learner and parameters, as they were asked for.
    pub model: ModelSpec,
    /// Whether each fold chose its parameters in folds of its own training speakers.
    pub tuned: bool,
    /// The features that matter most, where they were asked for.
    pub importance: Vec<ValueImportance>,
    /// Another model or feature set on the same folds, target by target, where one was asked for.
    pub comparison: Vec<ComparedValues>,
    /// What it does with fewer training speakers, target by target, where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learning_curve: Vec<ValueCurvePoint>,
    /// The mean CCC of a random split that ignores speakers, where it was asked for.
    pub random_split_ccc: Option<f64>,
    /// What the leakage audit found.
    pub leakage: Vec<Finding>,
    /// The columns that were learned, joined by commas.
    pub label: String,
    /// Names of the corpora.
    pub corpora: Vec<String>,
    /// Recordings tested: what all figures count.
    pub n: usize,
    /// Windows tested, where recordings were cut into windows; the mean of what is said of these counts.
    pub windows: Option<usize>,
    /// Speakers tested; all the unknown ones count as one.
    pub speakers: usize,
    /// Recordings neither trained nor tested on, because the column `split` marks them as something else.
    pub held_back: usize,
    /// Recordings left out: without a number, or, under protocol B, without a speaker.
    pub left_out: usize,
    /// Recordings without a speaker that took part as one group.
    pub speakerless: usize,
    /// Seed of everything random.
    pub seed: u64,
}

/// The figures of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetReport {
    /// What it measures.
    pub name: String,
    /// CCC with its interval, Pearson's r, RMSE, MAE. Who always says the training mean has a CCC of 0.
    #[serde(flatten)]
    pub figures: ValueFigures,
    /// The CCC of somebody who knows each speaker's true mean, and says nothing else.
    pub speaker_means_ccc: f64,
    /// Share of recordings whose true number lay within 1.645 standard errors of the predicted one, as each fold's model
    /// had them: .9 where they are right.
    pub held: f64,
    /// How far the raters agree, where several were taken together (in all labelled rows).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// Each speaker, by name.
    pub by_speaker: Vec<ValueGroup>,
    /// Each sex, where the table knows it.
    pub by_sex: Vec<ValueGroup>,
    /// Each corpus, where there are several.
    pub by_corpus: Vec<ValueGroup>,
    /// Truth and prediction of each recording, for the figures.
    #[serde(skip)]
    pub points: Vec<[f64; 2]>,
    /// Who speaks in each.
    #[serde(skip)]
    pub speakers: Vec<String>,
}

/// The figures of some of the recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueGroup {
    /// Who.
    pub name: String,
    /// Recordings.
    pub n: usize,
    /// CCC within them.
    pub ccc: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Mean of the predictions less that of the truth.
    pub bias: f64,
}

/// One fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueFold {
    /// The speaker or corpus left out, or the number of the fold.
    pub name: String,
    /// The speakers tested.
    pub speakers: Vec<String>,
    /// Recordings trained on.
    pub train: usize,
    /// Recordings tested on.
    pub test: usize,
    /// Root of the mean squared error of each target.
    pub rmse: BTreeMap<String, f64>,
    /// What was trained: the parameters chosen within the fold, where it was to choose.
    pub model: ModelSpec,
}

/// How much a feature matters on speakers that were not trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueImportance {
    /// The feature.
    pub feature: String,
    /// By how much the squared error rises, in variances of the target and in the mean over the targets, when the
    /// feature's values are shuffled among the held-out recordings of a fold (Breiman 2001).
    pub loss: f64,
    /// The target with which the feature correlates most, up or down.
    pub target: String,
    /// That correlation, over all recordings tested, -1 to 1.
    pub correlation: f64,
}

/// The same recordings, by two models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedValues {
    /// The other in words: its learner, its features, its table where it has one of its own.
    pub other: String,
    /// Its learner and parameters, as they were asked for.
    pub model: ModelSpec,
    /// Its feature sets.
    pub features: String,
    /// How many features it has.
    pub feature_count: usize,
    /// What is compared.
    pub target: String,
    /// CCC of the other with its interval, Pearson's r, RMSE, MAE.
    #[serde(flatten)]
    pub figures: ValueFigures,
    /// The difference of the two, and how far chance explains it.
    pub test: Comparison,
    /// The p-value after Holm's correction over all comparisons under its protocol, of every other and every target.
    pub p_holm: f64,
}

impl ComparedValues {
    /// The difference in a sentence without a full stop.
    pub(super) fn sentence(&self) -> String {
        let test = &self.test;
        let [low, high] = test.difference_ci95;
        let than = match test.difference {
            d if d > 0.0 => format!("CCC {d:.3} above that of"),
            d if d < 0.0 => format!("CCC {:.3} below that of", -d),
            _ => "the same CCC as".into(),
        };
        let p = in_sentence(test.p_value);
        // The customary bar.
        let verdict = match test.p_value {
            p if p < 0.05 => "more than chance explains",
            _ => "chance may explain it",
        };
        format!(
            "{}: {than} {} ({:.3}) on the same folds; 95 % interval of the difference {low:+.3} to {high:+.3}, {p}: {verdict}",
            self.target, self.other, self.figures.ccc
        )
    }
}

impl TargetReport {
    /// Predicted against true, a colour for each speaker; on the dashed line they are equal.
    pub fn plot_predicted(&self) -> Figure {
        let truth: Vec<f64> = self.points.iter().map(|point| point[0]).collect();
        let said: Vec<f64> = self.points.iter().map(|point| point[1]).collect();
        let (group, groups) = self.groups();
        let least = truth.iter().copied().fold(f64::INFINITY, f64::min);
        let most = truth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let names = [
            format!("true {}", self.name),
            format!("predicted {}", self.name),
        ];
        plot::scatter_along(
            (&truth, &said),
            &group,
            &groups,
            [&names[0], &names[1]],
            [(least, least), (most, most)],
        )
    }

    /// What was predicted too much or too little, by what is true; on the dashed line nothing.
    pub fn plot_residuals(&self) -> Figure {
        let truth: Vec<f64> = self.points.iter().map(|point| point[0]).collect();
        let error: Vec<f64> = self
            .points
            .iter()
            .map(|point| point[1] - point[0])
            .collect();
        let (group, groups) = self.groups();
        let least = truth.iter().copied().fold(f64::INFINITY, f64::min);
        let most = truth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let name = format!("true {}", self.name);
        plot::scatter_along(
            (&truth, &error),
            &group,
            &groups,
            [&name, "predicted less true"],
            [(least, 0.0), (most, 0.0)],
        )
    }

    /// The place of each recording's speaker among them, and their names.
    fn groups(&self) -> (Vec<usize>, Vec<String>) {
        let names: std::collections::BTreeSet<&String> = self.speakers.iter().collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let place = |name: &String| names.binary_search(name).unwrap_or(0);
        (self.speakers.iter().map(place).collect(), names)
    }
}

impl ValueReport {
    /// The lowest CCC of the targets.
    pub fn lowest_ccc(&self) -> f64 {
        let cccs = self.targets.iter().map(|target| target.figures.ccc);
        cccs.fold(f64::INFINITY, f64::min)
    }

    /// The report as a page of text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let corpora = match self.corpora.is_empty() {
            true => String::new(),
            false => format!("{}: ", self.corpora.join(", ")),
        };
        let windows = self.windows.map_or(String::new(), |windows| {
            format!(" ({windows} windows, the mean of whose numbers counts)")
        });
        let _ = writeln!(
            text,
            "{corpora}{} recordings{windows}, {} speakers, numbers: {}\n{} features ({}), {}\n{}; {}\n",
            self.n,
            self.speakers,
            self.label.replace(',', ", "),
            self.feature_names.len(),
            self.features,
            self.model,
            self.folds_in_words(),
            scaling(self.normalize)
        );
        let longest = self
            .targets
            .iter()
            .map(|target| target.name.chars().count());
        let width = longest.max().unwrap_or(0).max(9);
        let _ = writeln!(
            text,
            "{:width$}    CCC  95 % interval        r   RMSE    MAE  by speaker's mean  within 90 %",
            ""
        );
        for target in &self.targets {
            let figures = &target.figures;
            let [low, high] = figures.ccc_ci95;
            let _ = writeln!(
                text,
                "{:width$} {:>6.3}  {low:>6.3} to {high:>6.3} {:>6.3} {:>6.3} {:>6.3} {:>18.3} {:>12.3}",
                target.name,
                figures.ccc,
                figures.pearson,
                figures.rmse,
                figures.mae,
                target.speaker_means_ccc,
                target.held
            );
        }
        let _ = writeln!(
            text,
            "(who always says the training mean has a CCC of 0; who knows each speaker's mean and says only that has the one in the \
             column; intervals resample speakers)"
        );
        if self.targets.len() > 1 {
            let _ = writeln!(text, "{:width$} {:>6.3}  in the mean", "CCC", self.ccc);
        }
        for target in &self.targets {
            if let Some(agreement) = &target.agreement {
                let _ = writeln!(text, "{}: {}", target.name, in_words(agreement));
            }
        }
        for target in &self.targets {
            for (what, groups) in [("sex", &target.by_sex), ("corpus", &target.by_corpus)] {
                if !groups.is_empty() {
                    let one = |group: &ValueGroup| {
                        format!("{} {:.3} ({})", group.name, group.ccc, group.n)
                    };
                    let listed: Vec<String> = groups.iter().map(one).collect();
                    let _ = writeln!(
                        text,
                        "{}, CCC by {what}: {}",
                        target.name,
                        listed.join(", ")
                    );
                }
            }
        }
        if let Some(ccc) = self.random_split_ccc {
            let _ = writeln!(
                text,
                "leaking: a random split would have shown a CCC of {ccc:.3} ({:+.3})",
                ccc - self.ccc
            );
        }
        match self.has_several_others() {
            true => self.compared_table(&mut text),
            false => {
                for compared in &self.comparison {
                    let _ = writeln!(text, "compared: {}", compared.sentence());
                }
            }
        }
        for target in &self.targets {
            let of_target = |point: &&ValueCurvePoint| point.target == target.name;
            let points = self.learning_curve.iter().filter(of_target);
            let points = points.map(|p| (p.share, p.speakers, p.ccc, p.ccc_ci95));
            learning_table(&mut text, &format!("CCC of {}", target.name), points);
        }
        if self.tuned {
            let _ = writeln!(text, "chosen: {}", self.chosen().join(", "));
        }
        let notes = left_out_and_leakage(self.left_out, self.speakerless, &self.leakage);
        if !notes.is_empty() {
            let _ = writeln!(text, "\n{}", notes.join("\n"));
        }
        text
    }

    /// Whether it is compared with more than one other: each has as many comparisons as there are targets.
    pub(super) fn has_several_others(&self) -> bool {
        self.comparison.len() > self.targets.len()
    }

    /// What several others do on the same folds, a line for each and target.
    fn compared_table(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n   CCC  95 % interval     difference  95 % interval         p  p (Holm)"
        );
        let within = |figures: &ValueFigures| {
            let [low, high] = figures.ccc_ci95;
            format!("{:>6.3}  {low:>6.3} to {high:>6.3}", figures.ccc)
        };
        for target in &self.targets {
            let name = described(&self.model, &self.features, self.feature_names.len());
            let _ = writeln!(
                text,
                "{} {:47}{}: {name}",
                within(&target.figures),
                "",
                target.name
            );
            for compared in self.comparison.iter().filter(|c| c.target == target.name) {
                let test = &compared.test;
                let [low, high] = test.difference_ci95;
                let _ = writeln!(
                    text,
                    "{}  {:>+10.3}  {low:>+6.3} to {high:>+6.3}  {}    {}  {}: {}",
                    within(&compared.figures),
                    test.difference,
                    probability(test.p_value),
                    probability(compared.p_holm),
                    target.name,
                    compared.other
                );
            }
        }
        let _ = writeln!(text, "({})", how_compared("CCC", self.comparison.len()));
    }

    /// The models that most folds chose, each with the number of its folds.
    pub(super) fn chosen(&self) -> Vec<String> {
        chosen(self.folds.iter().map(|fold| &fold.model))
    }

    pub(super) fn folds_in_words(&self) -> String {
        match &self.folds[..] {
            [fold] if self.held_out != "split" => format!(
                "trained on the {} recordings of other corpora, tested on the {} of {}",
                fold.train, fold.test, fold.name
            ),
            [split] => format!(
                "trained on the {} recordings marked `train`, tested on the {} marked `test`, {} others held back",
                split.train, split.test, self.held_back
            ),
            folds if self.held_out == "corpus" => {
                format!("{} folds, each a corpus left out", folds.len())
            }
            folds => format!("{} speaker-disjoint folds", folds.len()),
        }
    }
}

/// How far raters agree.
pub(super) fn in_words(agreement: &Agreement) -> String {
    let figure = |value: Option<f64>| value.map_or("not measured".into(), |v| format!("{v:.3}"));
    format!(
        "{} raters, Cronbach's alpha {} (on the {} rows that all rated), CCC of two of them in the mean {}",
        agreement.raters,
        figure(agreement.alpha),
        agreement.rated_by_all,
        figure(agreement.pairwise_ccc)
    )
}

/// Two targets, two speakers.
#[cfg(test)]
pub(super) fn example() -> ValueReport {
    let group = |name: &str| ValueGroup {
        name: name.into(),
        n: 2,
        ccc: 0.5,
        rmse: 0.2,
        bias: -0.1,
    };
    let target = |name: &str, ccc: f64| TargetReport {
        name: name.into(),
        figures: ValueFigures {
            ccc,
            ccc_ci95: [ccc - 0.1, ccc + 0.1],
            pearson: ccc + 0.05,
            rmse: 0.25,
            mae: 0.2,
        },
        speaker_means_ccc: 0.12,
        held: 0.9,
        agreement: None,
        by_speaker: vec![group("s1"), group("<s2>")],
        by_sex: vec![group("female")],
        by_corpus: Vec::new(),
        points: vec![[0.0, 0.1], [0.5, 0.4], [0.2, 0.3], [0.9, 0.6]],
        speakers: ["s1", "s1", "<s2>", "<s2>"].map(String::from).to_vec(),
    };
    let fold = |name: &str| ValueFold {
        name: name.into(),
        speakers: vec![name.into()],
        train: 2,
        test: 2,
        rmse: [("arousal".to_string(), 0.2)].into(),
        model: "ridge:alpha=1".parse().expect("a model"),
    };
    ValueReport {
        ccc: 0.6,
        targets: vec![target("arousal", 0.8), target("valence", 0.4)],
        folds: vec![fold("s1"), fold("<s2>")],
        held_out: "loso".into(),
        normalize: Normalize::Train,
        features: "rich".into(),
        feature_names: vec!["f0_hz_mean".into()],
        model: "ridge".parse().expect("a model"),
        tuned: true,
        importance: vec![ValueImportance {
            feature: "f0_hz_mean".into(),
            loss: 0.03,
            target: "arousal".into(),
            correlation: 0.6,
        }],
        comparison: vec![ComparedValues {
            other: "fusion".into(),
            model: "fusion".parse().expect("a model"),
            features: "rich".into(),
            feature_count: 1,
            target: "valence".into(),
            figures: ValueFigures {
                ccc: 0.45,
                ccc_ci95: [0.4, 0.5],
                pearson: 0.5,
                rmse: 0.3,
                mae: 0.2,
            },
            test: Comparison {
                difference: -0.05,
                difference_ci95: [-0.1, 0.02],
                p_value: 0.25,
            },
            p_holm: 0.25,
        }],
        learning_curve: Vec::new(),
        random_split_ccc: Some(0.7),
        leakage: Vec::new(),
        label: "arousal,valence".into(),
        corpora: vec!["demo".into()],
        n: 4,
        windows: None,
        speakers: 2,
        held_back: 0,
        left_out: 1,
        speakerless: 0,
        seed: 7,
    }
}

#[test]
fn a_line_for_each_target_and_figure() {
    let text = example().to_text();
    for line in [
        "demo: 4 recordings, 2 speakers, numbers: arousal, valence",
        "2 speaker-disjoint folds; scaling fitted on the training speakers (protocol A)",
        "arousal    0.800   0.700 to  0.900  0.850  0.250  0.200              0.120        0.900",
        "CCC        0.600  in the mean",
        "valence, CCC by sex: female 0.500 (2)",
        "leaking: a random split would have shown a CCC of 0.700 (+0.100)",
        "compared: valence: CCC 0.050 below that of fusion (0.450) on the same folds; 95 % interval of the difference -0.100 to +0.020, \
         p = 0.250: chance may explain it",
        "chosen: ridge:alpha=1 (2 of 2 folds)",
        "1 recordings left out (no label, or no speaker to scale by)",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\nin\n{text}");
    }
}
