//! The figures of a report, as its page and notebooks show them.

use crate::catalogue::{self, FeatureSet};
use crate::model::Normalize;
use crate::plot::{self, Figure};
use crate::report::{
    CrossCorpus, Group, Importance, Report, ValueImportance, ValueReport, described,
};

impl Report {
    /// The confusion matrix.
    pub fn plot_confusion(&self) -> Figure {
        plot::confusion(&self.classes, &self.confusion)
    }

    /// The UAR with its interval, and chance level.
    pub fn plot_uar(&self) -> Figure {
        plot::interval("UAR", self.uar, self.uar_ci95, self.chance)
    }

    /// The recall of each class with its interval.
    pub fn plot_recall(&self) -> Figure {
        let recall = |class: &String| self.recall.get(class).copied().unwrap_or(f64::NAN);
        let ends = |class: &String| {
            let ends = self.recall_ci95.get(class).copied();
            ends.unwrap_or([f64::NAN; 2])
        };
        plot::rates(
            &format!("Recall of each of {} classes", self.classes.len()),
            "recall (per cent of the class)",
            &self.classes,
            &self.classes.iter().map(recall).collect::<Vec<_>>(),
            &self.classes.iter().map(ends).collect::<Vec<_>>(),
            self.chance,
        )
    }

    /// The UAR of each speaker.
    pub fn plot_speakers(&self) -> Figure {
        self.plot_groups(&self.by_speaker)
    }

    /// The UAR of each of these groups.
    pub fn plot_groups(&self, groups: &[Group]) -> Figure {
        let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
        let uars: Vec<f64> = groups.iter().map(|group| group.uar).collect();
        let n: Vec<usize> = groups.iter().map(|group| group.n).collect();
        plot::groups(&names, &uars, &n, self.uar)
    }

    /// The reliability curve: how far the probabilities can be believed.
    pub fn plot_reliability(&self) -> Figure {
        let bins = self.calibration.bins.iter();
        let points: Vec<(f64, f64, usize)> = bins
            .map(|bin| (bin.confidence, bin.accuracy, bin.n))
            .collect();
        plot::reliability(&points, self.calibration.ece)
    }

    /// The UAR with fewer of the training speakers, and chance level.
    pub fn plot_learning_curve(&self) -> Figure {
        let points = self.learning_curve.iter();
        let per_cent = |share: f64| 100.0 * share;
        let points: Vec<(f64, f64, [f64; 2])> = points
            .map(|p| (per_cent(p.share), per_cent(p.uar), p.uar_ci95.map(per_cent)))
            .collect();
        plot::curve(
            &format!(
                "UAR by share of the training speakers, {} points",
                points.len()
            ),
            &points,
            per_cent(self.chance),
            ["training speakers (per cent)", "UAR (per cent)"],
        )
    }

    /// The UAR with its interval, and those of the models that it was compared with.
    pub fn plot_compared(&self) -> Figure {
        let own = described(&self.model, &self.features, self.feature_names.len());
        let others = self.comparisons.iter();
        let names = others.clone().map(|compared| compared.other.clone());
        let uars = others.clone().map(|compared| compared.uar);
        let ends = others.map(|compared| compared.uar_ci95);
        plot::rates(
            &format!("UAR of {} models", self.comparisons.len() + 1),
            "UAR (per cent), 95 % intervals over speakers",
            &std::iter::once(own).chain(names).collect::<Vec<_>>(),
            &std::iter::once(self.uar).chain(uars).collect::<Vec<_>>(),
            &std::iter::once(self.uar_ci95)
                .chain(ends)
                .collect::<Vec<_>>(),
            self.chance,
        )
    }

    /// The features that the model would miss most, in words, each with the class that it tells apart best.
    pub fn plot_importance(&self) -> Figure {
        let direction = |correlation: f64| match correlation {
            c if c > 0.0 => "higher in",
            c if c < 0.0 => "lower in",
            _ => "",
        };
        let sets = sets_of(&self.features);
        let label = |important: &Importance| {
            let words = in_words(&sets, &important.feature);
            match direction(important.correlation) {
                "" => words,
                direction => format!("{words}: {direction} {}", important.class),
            }
        };
        let bars = self.importance.iter().map(|i| (label(i), i.loss));
        importances(
            bars.unzip(),
            "loss of probability of the true class when the feature is shuffled",
        )
    }

    /// The figures of its page, each with a name for a file; those for which nothing was measured are left out.
    pub fn plots(&self) -> Vec<(String, Figure)> {
        let mut figures = vec![
            ("uar", self.plot_uar()),
            ("confusion", self.plot_confusion()),
            ("recall", self.plot_recall()),
        ];
        if !self.comparisons.is_empty() {
            figures.push(("compared", self.plot_compared()));
        }
        if !self.learning_curve.is_empty() {
            figures.push(("learning-curve", self.plot_learning_curve()));
        }
        if !self.by_speaker.is_empty() {
            figures.push(("speakers", self.plot_speakers()));
        }
        if !self.calibration.bins.is_empty() {
            figures.push(("reliability", self.plot_reliability()));
        }
        if !self.importance.is_empty() {
            figures.push(("importance", self.plot_importance()));
        }
        let named = |(name, figure): (&str, Figure)| (name.to_string(), figure);
        figures.into_iter().map(named).collect()
    }
}

/// Features in words, and what is lost without each.
fn importances((labels, losses): (Vec<String>, Vec<f64>), what: &str) -> Figure {
    let title = format!("Importance of {} features", labels.len());
    plot::bars(&title, &labels, &losses, what, 4)
}

impl ValueReport {
    /// The features that the model would miss most, in words, each with the number that it goes with most.
    pub fn plot_importance(&self) -> Figure {
        let sets = sets_of(&self.features);
        let label = |important: &ValueImportance| {
            let words = in_words(&sets, &important.feature);
            match important.correlation {
                c if c > 0.0 => format!("{words}: rises with {}", important.target),
                c if c < 0.0 => format!("{words}: falls with {}", important.target),
                _ => words,
            }
        };
        let bars = self.importance.iter().map(|i| (label(i), i.loss));
        importances(
            bars.unzip(),
            "rise of the squared error, in variances, when the feature is shuffled",
        )
    }

    /// The CCC of a target with fewer of the training speakers.
    pub fn plot_learning_curve(&self, target: &str) -> Figure {
        let points = self.learning_curve.iter().filter(|p| p.target == target);
        let points: Vec<(f64, f64, [f64; 2])> = points
            .map(|p| (100.0 * p.share, p.ccc, p.ccc_ci95))
            .collect();
        plot::curve(
            &format!(
                "CCC of {target} by share of the training speakers, {} points",
                points.len()
            ),
            &points,
            f64::NAN,
            ["training speakers (per cent)", "CCC"],
        )
    }

    /// The figures of its page, each with a name for a file.
    pub fn plots(&self) -> Vec<(String, Figure)> {
        let mut figures = Vec::new();
        for target in self
            .targets
            .iter()
            .filter(|_| !self.learning_curve.is_empty())
        {
            let name = plot::file_name(&target.name);
            let curve = self.plot_learning_curve(&target.name);
            figures.push((format!("{name}-learning-curve"), curve));
        }
        for target in &self.targets {
            let name = plot::file_name(&target.name);
            figures.push((format!("{name}-predicted"), target.plot_predicted()));
            figures.push((format!("{name}-residuals"), target.plot_residuals()));
        }
        if !self.importance.is_empty() {
            figures.push(("importance".into(), self.plot_importance()));
        }
        figures
    }
}

impl CrossCorpus {
    /// The confusion matrix of each pairing, with a name for a file.
    pub fn plots(&self) -> Vec<(String, Figure)> {
        let mut figures = Vec::new();
        for cell in &self.cells {
            let train = match &cell.train[..] {
                [one] => plot::file_name(one),
                _ => "others".into(),
            };
            let name = format!("confusion-{train}-{}", plot::file_name(&cell.test));
            figures.push((name, plot::confusion(&self.classes, &cell.confusion)));
        }
        figures
    }
}

/// What a feature of these sets is, in words; its name, where nobody knows.
fn in_words(sets: &[FeatureSet], feature: &str) -> String {
    let column = catalogue::column_of(sets, feature);
    column.map_or(feature.to_string(), |column| column.meaning.clone())
}

/// The sets that a report names, of whatever version.
fn sets_of(named: &str) -> Vec<FeatureSet> {
    let names = named.split(',').filter_map(|set| set.split('@').next());
    names.filter_map(|name| name.trim().parse().ok()).collect()
}

/// The UARs of several evaluations with their intervals. Each is named by its classifier, and by its protocol and features
/// if these differ.
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
/// let of = |spec: &str| evaluate(&data, &spec.parse()?, &Protocol::default());
/// let figure = plot_uars(&[of("ridge")?.report, of("svm")?.report]);
/// assert_eq!(figure.title(), "UAR of 2 evaluations");
/// # Ok::<(), Error>(())
/// ```
pub fn plot_uars(reports: &[Report]) -> Figure {
    let differ = |of: fn(&Report) -> String| reports.iter().any(|r| of(r) != of(&reports[0]));
    let protocols = differ(|report| report.normalize.to_string());
    let features = differ(|report| report.features.clone());
    let label = |report: &Report| {
        let mut label = report.model.to_string();
        if features {
            label = format!("{}, {label}", report.features);
        }
        match report.normalize {
            _ if !protocols => label,
            Normalize::Train => format!("A, {label}"),
            Normalize::Speaker => format!("B, {label}"),
            Normalize::Batch => format!("C, {label}"),
        }
    };
    // Evaluations of different classes have no chance in common.
    let chance = match reports
        .iter()
        .map(|report| report.chance)
        .collect::<Vec<_>>()[..]
    {
        [first, ref others @ ..] if others.iter().all(|&other| other == first) => first,
        _ => f64::NAN,
    };
    plot::rates(
        &format!("UAR of {} evaluations", reports.len()),
        "UAR (per cent), 95 % intervals over speakers",
        &reports.iter().map(label).collect::<Vec<_>>(),
        &reports.iter().map(|report| report.uar).collect::<Vec<_>>(),
        &reports
            .iter()
            .map(|report| report.uar_ci95)
            .collect::<Vec<_>>(),
        chance,
    )
}
