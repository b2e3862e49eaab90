//! The figures of a report, as its page and notebooks show them.

use crate::model::Normalize;
use crate::plot::{self, Figure};
use crate::report::{Group, Report};

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
