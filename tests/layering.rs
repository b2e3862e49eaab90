//! The layers: the signal half and the learning half meet only in the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SIGNAL: [&str; 5] = ["audio", "dsp", "lld", "functional", "features"];
const LEARNING: [&str; 8] = [
    "dataset", "split", "scaler", "model", "metrics", "audit", "evaluate", "report",
];
/// May be imported from anywhere: what can be computed, errors, and how files are written.
const GROUND: [&str; 3] = ["catalogue", "error", "output"];

/// What each module of the library may import, besides itself and the ground.
fn allowed(module: &str) -> Vec<&'static str> {
    match module {
        "catalogue" | "error" | "output" => vec![],
        "dsp" => vec![],
        "audio" => vec!["dsp"],
        "lld" => vec!["dsp"],
        "functional" => vec!["dsp"],
        "features" => vec!["audio", "dsp", "lld", "functional"],
        "corpus" => vec!["audio", "dsp"],
        "table" => vec![],
        "job" => vec!["table"],
        "extract" => vec!["audio", "corpus", "features", "job", "table"],
        "verify" => vec!["audio", "corpus", "extract", "features", "table"],
        "dataset" => vec!["split", "table"],
        "frame" => vec!["table"],
        "split" | "scaler" | "metrics" => vec![],
        "model" => vec!["dataset", "metrics", "scaler", "split", "table"],
        "audit" => vec!["dataset", "metrics", "split"],
        "evaluate" => vec![
            "audit", "dataset", "metrics", "model", "report", "split", "table",
        ],
        "plot" => vec![],
        "report" => vec!["audit", "metrics", "model", "plot"],
        "predict" => vec!["audio", "corpus", "extract", "features", "model", "table"],
        "score" => vec![
            "audio", "corpus", "extract", "features", "job", "model", "predict", "table",
        ],
        "serve" => vec![
            "audio", "extract", "features", "lld", "model", "predict", "table",
        ],
        // Shows values of every module, and nobody asks it.
        "notebook" => vec![
            "audio", "corpus", "dataset", "dsp", "evaluate", "extract", "features", "lld", "model",
            "plot", "predict", "report", "table",
        ],
        other => panic!("module {other} has no place in the layers yet; give it one here"),
    }
}

/// Libraries that one half alone may see.
const LIBRARIES: [(&[&str], &[&str]); 11] = [
    (&["plotters"], &["plot"]),
    (&["faer"], &["dsp", "model"]),
    (&["hessboost"], &["model"]),
    (&["pulp"], &["dsp"]),
    (&["ropus"], &["audio"]),
    (
        &["symphonia", "realfft", "rubato"],
        &["audio", "dsp", "lld"],
    ),
    (
        &["ndarray", "linfa", "linfa_svm", "smartcore"],
        &["dataset", "scaler", "model", "predict"],
    ),
    (&["aubio_rs"], &["lld"]),
    (&["polars"], &["frame", "notebook"]),
    (&["arrow", "parquet"], &["table"]),
    (
        &["axum", "hyper", "hyper_util", "tokio", "tower_http"],
        &["serve"],
    ),
];

/// The text of every file of the library, by top module; tests below the code are left out.
fn sources() -> BTreeMap<String, String> {
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let below = path.strip_prefix(&root).unwrap();
            let module = below
                .iter()
                .next()
                .unwrap()
                .to_str()
                .unwrap()
                .trim_end_matches(".rs");
            if ["main", "cli", "cmd", "lib"].contains(&module) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            sources
                .entry(module.to_string())
                .or_default()
                .push_str(code);
        }
    }
    sources
}

/// Every name that follows `crate::` in code: `use crate::a::{...}`, and paths in the middle of it.
fn imports(code: &str) -> BTreeSet<&str> {
    let code_lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code_lines
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .next()
                .unwrap()
        })
        .collect()
}

#[test]
fn modules_import_only_what_their_layer_may_see() {
    for (module, code) in sources() {
        for import in imports(&code) {
            let fine =
                import == module || GROUND.contains(&import) || allowed(&module).contains(&import);
            assert!(
                fine,
                "{module} imports {import}, which its layer may not see"
            );
        }
    }
}

#[test]
fn the_two_halves_never_meet() {
    for half in [SIGNAL.as_slice(), &LEARNING] {
        let other = if half == SIGNAL {
            LEARNING.as_slice()
        } else {
            &SIGNAL
        };
        for module in half {
            for import in allowed(module) {
                assert!(
                    !other.contains(&import),
                    "{module} may import {import} of the other half"
                );
            }
        }
    }
}

#[test]
fn libraries_stay_in_their_rooms() {
    for (module, code) in sources() {
        for (libraries, rooms) in LIBRARIES {
            for library in libraries {
                let used = code.contains(&format!("use {library}::"))
                    || code.contains(&format!(" {library}::"))
                    || code.contains(&format!("({library}::"));
                assert!(
                    !used || rooms.contains(&module.as_str()),
                    "{module} uses {library}"
                );
            }
        }
        for library in ["clap", "anyhow", "indicatif"] {
            assert!(
                !code.contains(&format!("{library}::")),
                "{module} of the library uses {library}"
            );
        }
    }
}
