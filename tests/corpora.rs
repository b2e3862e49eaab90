//! Real corpora. They are not part of the repository: set `SENTIRE_CORPORA` to a folder with
//! `ravdess`, `emodb` and `emovo` (16 kHz FLAC under the original names). Without it these tests
//! say that they are skipped.

use sentire::report::Report;

use crate::sandbox::{Sandbox, corpus};

/// The reports of both protocols, A and B, on a folder: `extract`, `evaluate` as a user types them.
fn reports(folder: &std::path::Path, folds: &str, features: &str, model: &str) -> [Report; 2] {
    let sandbox = Sandbox::new();
    let manifest = format!("corpus {} -o m.csv", folder.display());
    sandbox.sentire(&manifest).exits(0);
    let extract = format!("extract m.csv {features} -o f.parquet");
    sandbox.sentire(&extract).exits(0);
    ["corpus", "speaker"].map(|normalize| {
        let run = sandbox.sentire(&format!(
            "evaluate f.parquet --folds {folds} --normalize {normalize} {model} --json"
        ));
        serde_json::from_str(&run.exits(0).stdout).unwrap()
    })
}

/// The linear machine on `rich`: the figures that scikit-learn 1.9.1 gives on the same table by
/// `tests/reference/svc_on_table.py`, and the bars that a first version had to pass.
#[track_caller]
fn check_machine(folder: &std::path::Path, folds: &str, figures_and_bars: [(f64, f64); 2]) {
    let reports = reports(folder, folds, "--features rich", "--model svm");
    for (report, (expected, bar)) in reports.iter().zip(figures_and_bars) {
        let found = report.uar;
        assert!(found >= bar, "UAR {found} under {bar}");
        assert!(
            (found - expected).abs() <= 0.01,
            "UAR {found} but SVC has {expected}"
        );
    }
}

/// The default against the figures of the README less a point, as another processor may round otherwise.
#[track_caller]
fn check_default(folder: &std::path::Path, folds: &str, bars: [f64; 2]) -> Report {
    let [a, b] = reports(folder, folds, "", "");
    for (report, bar) in [&a, &b].into_iter().zip(bars) {
        assert!(report.uar >= bar, "UAR {} under {bar}", report.uar);
    }
    a
}

#[test]
fn ravdess_in_six_folds() {
    let Some(folder) = corpus("ravdess") else {
        return;
    };
    check_machine(&folder, "6", [(0.5872, 0.52), (0.7018, 0.62)]);
    let a = check_default(&folder, "6", [0.678, 0.754]);
    assert_eq!((a.n, a.speakers, a.classes.len()), (1440, 24, 8));
    assert_eq!(a.folds[0].speakers, ["06", "12", "18", "24"]);
}

#[test]
fn emodb_leaving_one_speaker_out() {
    let Some(folder) = corpus("emodb") else {
        return;
    };
    check_machine(&folder, "loso", [(0.7875, 0.72), (0.8486, 0.82)]);
    let a = check_default(&folder, "loso", [0.850, 0.891]);
    assert_eq!((a.n, a.speakers, a.classes.len()), (422, 10, 6));
}

#[test]
fn emovo_leaving_one_speaker_out() {
    let Some(folder) = corpus("emovo") else {
        return;
    };
    check_machine(&folder, "loso", [(0.3452, 0.34), (0.4609, 0.42)]);
    let a = check_default(&folder, "loso", [0.453, 0.555]);
    assert_eq!((a.n, a.speakers, a.classes.len()), (588, 6, 7));
}
