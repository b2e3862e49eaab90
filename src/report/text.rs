//! The report as text: what a terminal shows.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Compared, Group, Report};
use crate::audit::Finding;
use crate::model::{ModelSpec, Normalize};

/// Groups, or models, that a line lists at most.
const LISTED: usize = 6;

impl Report {
    /// The report as a page of text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.heading(&mut text);
        self.figures(&mut text);
        if self.comparisons.len() > 1 {
            self.compared_table(&mut text);
        }
        let points = self.learning_curve.iter();
        let points = points.map(|p| (p.share, p.speakers, p.uar, p.uar_ci95));
        learning_table(&mut text, "UAR", points);
        text.push('\n');
        self.confusion_table(&mut text);
        let notes = self.notes();
        if !notes.is_empty() {
            let _ = writeln!(text, "\n{}", notes.join("\n"));
        }
        text
    }

    /// What was tested, with what, and how.
    fn heading(&self, text: &mut String) {
        let corpora = if self.corpora.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.corpora.join(", "))
        };
        let scaling = scaling(self.normalize);
        let windows = self.windows.map_or(String::new(), |windows| {
            format!(" ({windows} windows, the mean of whose probabilities counts)")
        });
        let folds = match &self.folds[..] {
            // Cross-validation has two folds at least.
            [fold] if self.held_out != "split" => format!(
                "trained on the {} recordings of other corpora, tested on the {} of {}; {} of classes that only one side has left out",
                fold.train, fold.test, fold.name, self.held_back
            ),
            [split] => format!(
                "trained on the {} recordings marked `train`, tested on the {} marked `test`, {} others held back",
                split.train, split.test, self.held_back
            ),
            folds if self.held_out == "corpus" => format!(
                "{} folds, each a corpus left out; {} recordings of classes that not all have left out",
                folds.len(),
                self.held_back
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
        ];
        let _ = writeln!(text, "{}\n", lines.join("\n"));
    }

    /// One figure a line; what was not measured has none.
    fn figures(&self, text: &mut String) {
        let [low, high] = self.uar_ci95;
        let mut line = |name: &str, rest: String| {
            let _ = writeln!(text, "{name:<9} {rest}");
        };
        line(
            "UAR",
            format!(
                "{:.3}   95 % interval {low:.3} to {high:.3} (speakers resampled), chance {:.3}",
                self.uar, self.chance
            ),
        );
        line("accuracy", format!("{:.3}", self.accuracy));
        line("macro F1", format!("{:.3}", self.macro_f1));
        if !self.calibration.bins.is_empty() {
            let calibration = &self.calibration;
            let [low, high] = calibration.ece_ci95;
            line(
                "ECE",
                format!(
                    "{:.3}   95 % interval {low:.3} to {high:.3}, Brier score {:.3}",
                    calibration.ece, calibration.brier
                ),
            );
            let others = match self.unsure.accuracy_of_sure {
                Some(accuracy) => format!("accuracy of the others {accuracy:.3}"),
                None => "no others".into(),
            };
            line(
                "unsure",
                format!("{:.3}   of the recordings; {others}", self.unsure.share),
            );
        }
        for (name, groups) in [("sex", &self.by_sex), ("corpus", &self.by_corpus)] {
            if !groups.is_empty() {
                line(name, listed(groups));
            }
        }
        if let Some((best, worst)) = extremes(&self.by_speaker) {
            line(
                "speakers",
                format!(
                    "UAR {:.3} ({}, the best) to {:.3} ({}, the worst)",
                    best.uar, best.name, worst.uar, worst.name
                ),
            );
        }
        if let Some(uar) = self.random_split_uar {
            line(
                "leaking",
                format!(
                    "random split {uar:.3} (what leaking would be worth: {:+.1} points)",
                    points(uar - self.uar)
                ),
            );
        }
        if let [compared] = &self.comparisons[..] {
            line("compared", compared.sentence(|uar| format!("{uar:.3}")));
        }
        if let Some(labels) = self.of_shares() {
            line("labels", labels.to_string());
        }
        if self.tuned {
            line("chosen", self.chosen().join(", "));
        }
    }

    /// What several others do on the same folds, a line each.
    fn compared_table(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n  UAR  95 % interval   difference  95 % interval       p  p (Holm)"
        );
        let within = |uar: f64, [low, high]: [f64; 2]| format!("{uar:.3}  {low:.3} to {high:.3}");
        let own = within(self.uar, self.uar_ci95);
        let name = described(&self.model, &self.features, self.feature_names.len());
        let _ = writeln!(text, "{own} {:45}{name}", "");
        for compared in &self.comparisons {
            let test = &compared.test;
            let [low, high] = test.difference_ci95;
            let _ = writeln!(
                text,
                "{}  {:>+10.1}  {:>+5.1} to {:>+5.1}  {}    {}  {}",
                within(compared.uar, compared.uar_ci95),
                points(test.difference),
                points(low),
                points(high),
                probability(test.p_value),
                probability(compared.p_holm),
                compared.other
            );
        }
        let _ = writeln!(
            text,
            "({})",
            how_compared("points of UAR", self.comparisons.len())
        );
    }

    /// How labels that are shares of raters were learned, in words.
    pub(super) fn of_shares(&self) -> Option<&'static str> {
        Some(match self.shares_learned? {
            true => "shares of raters, learned as shares; figures are of the class that most chose",
            false => "shares of raters, of which the class that most chose was learned",
        })
    }

    /// The models that most folds chose, each with the number of its folds.
    pub(super) fn chosen(&self) -> Vec<String> {
        chosen(self.folds.iter().map(|fold| &fold.model))
    }

    /// Recordings that were treated otherwise than the rest, and what the audit found.
    fn notes(&self) -> Vec<String> {
        left_out_and_leakage(self.left_out, self.speakerless, &self.leakage)
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

/// Whose recordings scaled the features, in words.
pub(super) fn scaling(normalize: Normalize) -> &'static str {
    match normalize {
        Normalize::Train => "scaling fitted on the training speakers (protocol A)",
        Normalize::Speaker => {
            "each speaker scaled by their own unlabelled recordings (protocol B, transductive)"
        }
        Normalize::Batch => {
            "each corpus scaled by its own unlabelled recordings (protocol C, transductive)"
        }
    }
}

/// The models that most of the folds chose, each with the number of its folds.
pub(super) fn chosen<'a>(models: impl ExactSizeIterator<Item = &'a ModelSpec>) -> Vec<String> {
    let all = models.len();
    let mut folds: BTreeMap<String, usize> = BTreeMap::new();
    for model in models {
        *folds.entry(model.to_string()).or_default() += 1;
    }
    let mut folds: Vec<(String, usize)> = folds.into_iter().collect();
    folds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = folds.len().saturating_sub(LISTED);
    let mut chosen: Vec<String> = folds
        .into_iter()
        .take(LISTED)
        .map(|(model, count)| format!("{model} ({count} of {all} folds)"))
        .collect();
    if more > 0 {
        chosen.push(format!("and {more} more"));
    }
    chosen
}

/// Recordings that were treated otherwise than the rest, and what the audit found.
pub(super) fn left_out_and_leakage(
    left_out: usize,
    speakerless: usize,
    leakage: &[Finding],
) -> Vec<String> {
    let mut others = Vec::new();
    if left_out > 0 {
        others.push(format!(
            "{left_out} recordings left out (no label, or no speaker to scale by)"
        ));
    }
    if speakerless > 0 {
        others.push(format!(
            "{speakerless} recordings without a speaker treated as one speaker"
        ));
    }
    let mut notes = Vec::new();
    if !others.is_empty() {
        notes.push(others.join("; "));
    }
    if leakage.iter().any(|finding| finding.is_error) {
        notes.push("These figures cannot be trusted:".into());
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = leakage.iter().partition(|finding| finding.is_error);
    for (kind, findings) in [("error", errors), ("warning", warnings)] {
        for finding in findings {
            notes.push(format!("{kind}: {}", finding.message));
        }
    }
    notes
}

impl Compared {
    /// The difference in a sentence without a full stop; `uar` writes the other's UAR.
    pub(super) fn sentence(&self, uar: impl Fn(f64) -> String) -> String {
        let test = &self.test;
        let [low, high] = test.difference_ci95;
        let difference = points(test.difference);
        let than = match difference {
            d if d > 0.0 => format!("{d:.1} points better than"),
            d if d < 0.0 => format!("{:.1} points worse than", -d),
            _ => "no better and no worse than".into(),
        };
        let p = in_sentence(test.p_value);
        // The customary bar.
        let verdict = match test.p_value {
            p if p < 0.05 => "more than chance explains",
            _ => "chance may explain it",
        };
        format!(
            "{than} {} (UAR {}) on the same folds; 95 % interval of the difference {:+.1} to {:+.1} points, {p}: {verdict}",
            self.other,
            uar(self.uar),
            points(low),
            points(high)
        )
    }
}

/// What a figure is with so many of the training speakers, a line for each share: the share, how many speakers, the figure and its ends.
pub(super) fn learning_table(
    text: &mut String,
    figure: &str,
    points: impl Iterator<Item = (f64, f64, f64, [f64; 2])>,
) {
    let mut lines = String::new();
    for (share, speakers, value, [low, high]) in points {
        let share = format!("{:.0} % ({speakers:.1})", share * 100.0);
        let _ = writeln!(lines, "{share:>19}  {value:>6.3}  {low:.3} to {high:.3}");
    }
    if !lines.is_empty() {
        let _ = write!(
            text,
            "\ntraining speakers of a fold, {figure}, 95 % interval\n{lines}"
        );
    }
}

/// A model with its features, in a few words.
pub fn described(model: &ModelSpec, features: &str, feature_count: usize) -> String {
    format!("{model} on {feature_count} features ({features})")
}

/// What stands in a table of comparisons.
pub(super) fn how_compared(unit: &str, comparisons: usize) -> String {
    format!(
        "difference: the first less each other, in {unit}; p: by swapping the predictions of whole speakers; Holm: corrected for \
         {comparisons} comparisons"
    )
}

/// A p-value to three digits, five letters wide.
pub(super) fn probability(p: f64) -> String {
    match p {
        p if p < 0.001 => "<.001".into(),
        p => format!("{p:.3}"),
    }
}

/// The same in a sentence.
pub(super) fn in_sentence(p: f64) -> String {
    match p {
        p if p < 0.001 => "p < 0.001".into(),
        p => format!("p = {p:.3}"),
    }
}

/// A difference of shares in points, to a tenth; a zero has no sign.
pub(super) fn points(difference: f64) -> f64 {
    (difference * 1000.0).round() / 10.0 + 0.0
}

/// `female 0.640 (720), male 0.590 (720)`.
fn listed(groups: &[Group]) -> String {
    let one = |group: &Group| format!("{} {:.3} ({})", group.name, group.uar, group.n);
    let mut text = groups
        .iter()
        .take(LISTED)
        .map(one)
        .collect::<Vec<_>>()
        .join(", ");
    if groups.len() > LISTED {
        let _ = write!(text, " and {} more", groups.len() - LISTED);
    }
    text
}

/// Those with the highest and the lowest UAR, where there are two at least.
fn extremes(groups: &[Group]) -> Option<(&Group, &Group)> {
    let measured = || groups.iter().filter(|group| group.uar.is_finite());
    let best = measured().max_by(|a, b| a.uar.total_cmp(&b.uar))?;
    let worst = measured().min_by(|a, b| a.uar.total_cmp(&b.uar))?;
    (best.name != worst.name).then_some((best, worst))
}

#[cfg(test)]
mod tests {
    use crate::audit::Finding;
    use crate::model::Normalize;
    use crate::report::{bare, example};

    #[test]
    fn every_figure_has_its_line() {
        let text = example(Normalize::Train).to_text();
        let expected = "\
UAR       0.600   95 % interval 0.500 to 0.700 (speakers resampled), chance 0.333
accuracy  0.610
macro F1  0.590
ECE       0.041   95 % interval 0.030 to 0.060, Brier score 0.560
unsure    0.100   of the recordings; accuracy of the others 0.660
sex       female 0.650 (60), male 0.550 (30)
speakers  UAR 0.700 (s2, the best) to 0.500 (s1, the worst)
leaking   random split 0.750 (what leaking would be worth: +15.0 points)
compared  3.0 points better than logistic:c=1 (UAR 0.570) on the same folds; 95 % interval of the difference -1.0 to +7.0 points, p = 0.210: chance may explain it
chosen    svm:kernel=linear,c=1 (2 of 3 folds), svm:kernel=linear,c=0.1 (1 of 3 folds)
";
        assert!(text.contains(expected), "{text}");
        assert!(text.lines().count() <= 25, "{text}");
    }

    #[test]
    fn what_was_not_measured_has_no_line() {
        let text = bare(Normalize::Speaker).to_text();
        for name in [
            "ECE", "unsure", "sex", "corpus", "leaking", "compared", "chosen", "error", "NaN",
        ] {
            let begins = |line: &str| line.starts_with(name);
            assert!(!text.lines().any(begins), "{name} in {text}");
        }
        assert!(text.contains("protocol B, transductive"));
    }

    #[test]
    fn leakage_stands_at_the_end_errors_first() {
        let mut report = example(Normalize::Train);
        let finding = |is_error, message: &str| Finding {
            is_error,
            kind: "kind".into(),
            message: message.into(),
        };
        report.leakage = vec![finding(false, "one text"), finding(true, "one voice")];
        let text = report.to_text();
        let end = "\nThese figures cannot be trusted:\nerror: one voice\nwarning: one text\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn several_comparisons_are_a_line_each_with_p_before_and_after_holm() {
        let mut report = example(Normalize::Train);
        let mut other = crate::report::compared("tree", 0.4, 0.0002);
        other.p_holm = 0.0004;
        report.comparisons.push(other);
        let text = report.to_text();
        for line in [
            "  UAR  95 % interval   difference  95 % interval       p  p (Holm)",
            "0.600  0.500 to 0.700                                              svm:kernel=linear,c=0.01 on 2 features (rich)",
            "0.570  0.470 to 0.670        +3.0   -1.0 to  +7.0  0.210    0.210  logistic:c=1",
            "0.400  0.300 to 0.500       +20.0  +16.0 to +24.0  <.001    <.001  tree",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\nin\n{text}");
        }
        assert!(text.contains("corrected for 2 comparisons)"), "{text}");
        assert!(!text.contains("compared  "));
    }

    #[test]
    fn a_learning_curve_is_a_line_for_each_share() {
        let mut report = example(Normalize::Train);
        report.learning_curve = vec![crate::report::CurvePoint {
            share: 0.25,
            speakers: 2.5,
            recordings: 20.0,
            uar: 0.5,
            uar_ci95: [0.4, 0.6],
        }];
        let text = report.to_text();
        let expected = "training speakers of a fold, UAR, 95 % interval\n         25 % (2.5)   0.500  0.400 to 0.600\n";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_comparison_says_who_is_better() {
        let mut compared = example(Normalize::Train).comparison.unwrap();
        let say = |compared: &super::Compared| compared.sentence(|uar| format!("{uar}"));
        compared.test.difference = -0.02;
        compared.test.p_value = 0.0002;
        let text = say(&compared);
        assert!(text.starts_with("2.0 points worse than logistic:c=1 (UAR 0.57)"));
        assert!(
            text.ends_with("p < 0.001: more than chance explains"),
            "{text}"
        );
        compared.test.difference = 0.0;
        assert!(say(&compared).starts_with("no better and no worse than"));
    }
}
