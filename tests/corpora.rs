//! Real corpora. They are not part of the repository: set `SENTIRE_CORPORA` to a folder with
//! `ravdess`, `emodb` and `emovo` (16 kHz FLAC under the original names). Without it these tests
//! say that they are skipped.

use sentire::report::Report;

use crate::sandbox::{Sandbox, corpus};

/// Folder to report, as a user types it.
fn report(sandbox: &Sandbox, folder: &std::path::Path, folds: &str, normalize: &str) -> Report {
    if !sandbox.path("f.parquet").exists() {
        sandbox
            .sentire(&format!("corpus {} -o m.csv", folder.display()))
            .exits(0);
        sandbox
            .sentire("extract m.csv --features rich -o f.parquet")
            .exits(0);
    }
    let run = sandbox.sentire(&format!(
        "evaluate f.parquet --folds {folds} --normalize {normalize} --json"
    ));
    serde_json::from_str(&run.exits(0).stdout).unwrap()
}

/// The figures that scikit-learn 1.9.1 gives on the same table by
/// `tests/reference/svc_on_table.py`, and the bars that a first version has to pass.
#[track_caller]
fn check(report: &Report, scikit_learn: f64, bar: f64) {
    assert!(
        (report.uar - scikit_learn).abs() <= 0.01,
        "UAR {} but SVC has {scikit_learn}",
        report.uar
    );
    assert!(report.uar >= bar, "UAR {} under {bar}", report.uar);
}

#[test]
fn ravdess_in_six_folds() {
    let Some(folder) = corpus("ravdess") else {
        return;
    };
    let sandbox = Sandbox::new();
    let a = report(&sandbox, &folder, "6", "corpus");
    assert_eq!((a.n, a.speakers, a.classes.len()), (1440, 24, 8));
    assert_eq!(a.folds[0].speakers, ["06", "12", "18", "24"]);
    check(&a, 0.5872, 0.52);
    check(&report(&sandbox, &folder, "6", "speaker"), 0.7018, 0.62);
}

#[test]
fn emodb_leaving_one_speaker_out() {
    let Some(folder) = corpus("emodb") else {
        return;
    };
    let sandbox = Sandbox::new();
    let a = report(&sandbox, &folder, "loso", "corpus");
    assert_eq!((a.n, a.speakers, a.classes.len()), (422, 10, 6));
    check(&a, 0.7875, 0.72);
    check(&report(&sandbox, &folder, "loso", "speaker"), 0.8486, 0.82);
}

#[test]
fn emovo_leaving_one_speaker_out() {
    let Some(folder) = corpus("emovo") else {
        return;
    };
    let sandbox = Sandbox::new();
    let a = report(&sandbox, &folder, "loso", "corpus");
    assert_eq!((a.n, a.speakers, a.classes.len()), (588, 6, 7));
    check(&a, 0.3452, 0.34);
    check(&report(&sandbox, &folder, "loso", "speaker"), 0.4609, 0.42);
}
