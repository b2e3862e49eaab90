//! What each part of the default buys: the tables of `src/evaluate/README.md`, on corpora that lie in folders of one
//! folder.
//!
//! ```sh
//! cargo bench --bench ablation -- CORPORA            # ravdess, emodb and emovo below CORPORA
//! cargo bench --bench ablation -- CORPORA ravdess    # one of them
//! ```
//!
//! RAVDESS in 6 speaker-disjoint folds, the others leaving one speaker out; protocols A and B; 95 %
//! intervals resample speakers.

use std::path::{Path, PathBuf};

use sentire::prelude::*;

/// Name in the table, feature set, classifier.
const STEPS: [(&str, FeatureSet, &str); 15] = [
    ("eGeMAPSv02, linear SVM", FeatureSet::EGEMAPS, "svm"),
    ("`rich`, linear SVM", FeatureSet::RICH, "svm"),
    (
        "`rich`, RBF kernel ridge regression",
        FeatureSet::RICH,
        "fusion:views=statistics,power=1",
    ),
    (
        "... of signed powers",
        FeatureSet::RICH,
        "fusion:views=statistics",
    ),
    (
        "... + source",
        FeatureSet::RICH,
        "fusion:views=statistics+source",
    ),
    (
        "... + filter",
        FeatureSet::RICH,
        "fusion:views=statistics+source+filter",
    ),
    (
        "... + covariance",
        FeatureSet::COVARIANCE,
        "fusion:views=statistics+source+filter+covariance",
    ),
    (
        "... + spectral kernels",
        FeatureSet::SPECTRAL_KERNELS,
        "fusion:views=statistics+source+filter+covariance+spectral_kernels",
    ),
    (
        "... + prosodic kernels: the default",
        FeatureSet::PROSODIC_KERNELS,
        "fusion",
    ),
    ("source alone", FeatureSet::RICH, "fusion:views=source"),
    ("filter alone", FeatureSet::RICH, "fusion:views=filter"),
    (
        "covariance alone",
        FeatureSet::COVARIANCE,
        "fusion:views=covariance",
    ),
    (
        "spectral kernels alone",
        FeatureSet::SPECTRAL_KERNELS,
        "fusion:views=spectral_kernels",
    ),
    (
        "prosodic kernels alone",
        FeatureSet::PROSODIC_KERNELS,
        "fusion:views=prosodic_kernels",
    ),
    (
        "all features, linear SVM",
        FeatureSet::PROSODIC_KERNELS,
        "svm",
    ),
];

fn main() -> Result<()> {
    let mut given = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let Some(folder) = given.next().map(PathBuf::from) else {
        println!(
            "skipped: the ablation, which needs a folder with ravdess, emodb, emovo: cargo bench --bench ablation -- FOLDER"
        );
        return Ok(());
    };
    let only: Vec<String> = given.collect();
    let names = ["ravdess", "emodb", "emovo"];
    for name in names
        .into_iter()
        .filter(|name| only.is_empty() || only.iter().any(|o| o == name))
    {
        of_corpus(name, &folder.join(name))?;
    }
    Ok(())
}

/// Prints the table of one corpus.
fn of_corpus(name: &str, folder: &Path) -> Result<()> {
    let dir = tempfile::tempdir().map_err(|cause| Error::Usage(cause.to_string()))?;
    let path = dir.path().join("features.parquet");
    let settings = Settings {
        sets: [&[FeatureSet::EGEMAPS], &FeatureSet::DEFAULT[..]].concat(),
        ..Settings::default()
    };
    extract::update(&scan(folder, None)?.manifest, &settings, &path)?;
    let table = Table::read(&path)?;
    let folds = if name == "ravdess" {
        FoldSpec::K(6)
    } else {
        FoldSpec::Loso
    };
    println!("\n| {name} | UAR, A | UAR, B |\n|---|---|---|");
    for (step, last, spec) in STEPS {
        let data = Dataset::new(&with_sets_until(&table, last)?, "emotion")?;
        let figure = |normalize| -> Result<String> {
            let protocol = Protocol {
                folds: folds.clone(),
                normalize,
                ..Protocol::default()
            };
            let report = evaluate(&data, &spec.parse()?, &protocol)?.report;
            let [low, high] = report.uar_ci95;
            Ok(format!("{:.3} ({low:.3} to {high:.3})", report.uar))
        };
        let (a, b) = (figure(Normalize::Train)?, figure(Normalize::Speaker)?);
        println!("| {step} | {a} | {b} |");
    }
    Ok(())
}

/// The table with the features of `egemaps` alone, or of the default's sets up to `last`.
fn with_sets_until(table: &Table, last: FeatureSet) -> Result<Table> {
    let until = FeatureSet::DEFAULT.iter().position(|set| *set == last);
    let sets = match until {
        Some(until) => FeatureSet::DEFAULT[..=until].to_vec(),
        None => vec![last],
    };
    let all = table.feature_names().unwrap_or_default();
    let wanted: Vec<String> = sets.iter().flat_map(|set| set.names()).collect();
    let columns = table.columns.iter().map(|(name, _)| name.as_str());
    let others = columns.filter(|name| !all.iter().any(|feature| feature == name));
    let names: Vec<&str> = others.chain(wanted.iter().map(String::as_str)).collect();
    table.select_columns(&names)
}
