//! The notebooks as they are committed: short cells, with outputs, without errors. `notebooks/start
//! --check` runs them.

use std::path::{Path, PathBuf};

use sentire::prelude::*;
use serde_json::Value;

fn notebooks() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "ipynb"))
        // Those of the people who work here have names of their own.
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('0'))
        })
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let notebook = serde_json::from_str(&text).unwrap();
        (path, notebook)
    };
    paths.into_iter().map(read).collect()
}

/// A text that a notebook keeps as a list of lines.
fn text(lines: &Value) -> String {
    let lines = lines.as_array().expect("a list of lines");
    lines.iter().map(|line| line.as_str().unwrap()).collect()
}

#[test]
fn notebooks_are_committed_with_their_outputs() {
    let notebooks = notebooks();
    assert_eq!(notebooks.len(), 6);
    for (path, notebook) in notebooks {
        let name = path.file_name().unwrap().to_string_lossy();
        let cells = notebook["cells"].as_array().unwrap();
        let code: Vec<&Value> = cells.iter().filter(|c| c["cell_type"] == "code").collect();
        assert!(cells.len() > code.len() + 4, "{name}: prose between cells");
        let mut figures = 0;
        for (number, cell) in code.iter().enumerate() {
            let place = format!("{name}, cell {}", number + 1);
            let source = text(&cell["source"]);
            assert!(source.lines().count() <= 15, "{place} is long");
            let outputs = cell["outputs"].as_array().unwrap();
            // The first asks for sentire and names the corpus.
            assert_eq!(outputs.is_empty(), number == 0, "{place}: outputs");
            for output in outputs {
                assert_ne!(output["output_type"], "error", "{place}");
                assert_ne!(output["name"], "stderr", "{place}");
                if let Some(data) = output.get("data") {
                    assert!(data.get("text/plain").is_some(), "{place}");
                    let html = data
                        .get("text/html")
                        .unwrap_or_else(|| panic!("{place}: no HTML"));
                    figures += text(html).matches("<svg ").count();
                }
            }
        }
        assert!(figures > 0, "{name} shows no figure");
        let first = text(&code[0]["source"]);
        assert!(
            first.starts_with(":dep sentire = { path = \"..\", default-features = false, "),
            "{name}: {first}"
        );
        // Paths of the machine that ran it have no place in it.
        assert!(
            !notebook.to_string().contains("/home/") && !notebook.to_string().contains("/root/"),
            "{name}"
        );
    }
}

#[test]
fn features_are_kept_for_the_same_sound_and_settings_alone() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/demo");
    let mut manifest = corpus::open(demo.join("manifest.csv")).unwrap().manifest;
    manifest.utterances.truncate(3);
    let sandbox = tempfile::tempdir().unwrap();
    let out = sandbox.path().join("features.parquet");
    let settings = Settings {
        sets: vec![FeatureSet::EGEMAPS],
        ..Settings::default()
    };
    let summary = extract::update(&manifest, &settings, &out).unwrap();
    assert_eq!((summary.recordings, summary.reused), (3, 0));
    let table = Table::read(&out).unwrap();
    let summary = extract::update(&manifest, &settings, &out).unwrap();
    assert_eq!((summary.recordings, summary.reused), (3, 3));
    assert_eq!(Table::read(&out).unwrap(), table);
    let louder = Settings {
        gain: Gain::Peak,
        ..settings.clone()
    };
    let refused = extract::update(&manifest, &louder, &out)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("was made with gain none, now gain is peak"),
        "{refused}"
    );
    std::fs::write(&out, "somebody's notes").unwrap();
    let refused = extract::update(&manifest, &settings, &out)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("exists already"), "{refused}");
    assert_eq!(std::fs::read(&out).unwrap(), b"somebody's notes");
    manifest
        .utterances
        .iter_mut()
        .for_each(|u| u.file = "missing.flac".into());
    let nothing = extract::update(&manifest, &settings, sandbox.path().join("new.parquet"));
    let nothing = nothing.unwrap_err().to_string();
    assert!(
        nothing.contains("no recording could be used, 3 recordings failed"),
        "{nothing}"
    );
}

#[test]
fn a_manifest_is_read_in_its_order_with_failures_in_place() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/demo");
    let mut manifest = corpus::open(demo.join("manifest.csv")).unwrap().manifest;
    let settings = Settings {
        sets: vec![FeatureSet::EGEMAPS],
        ..Settings::default()
    };
    let sandbox = tempfile::tempdir().unwrap();
    let out = sandbox.path().join("features.parquet");
    extract::update(&manifest, &settings, &out).unwrap();
    let data = Dataset::new(&Table::read(&out).unwrap(), "emotion").unwrap();
    let model = Model::train(
        &data,
        &"ridge:alpha=100".parse().unwrap(),
        Normalize::Train,
        0,
    );
    let predictor = Predictor::new(model.unwrap()).unwrap();

    manifest.utterances.truncate(4);
    manifest.utterances[1].file = "missing.flac".into();
    manifest.utterances[2].end = Some(0.5);
    let read = predictor.read_all(&manifest);
    assert!(
        matches!(&read[1], Err(Error::Audio { .. })),
        "{:?}",
        read[1]
    );
    let read: Vec<Features> = read.into_iter().flatten().collect();
    assert_eq!(read[0].file, manifest.utterances[0].file);
    assert_eq!(read[1].duration_s, 0.5);
    let whole = predictor
        .read(
            manifest.path(&manifest.utterances[0]),
            &mut predictor.extractor(),
        )
        .unwrap();
    assert_eq!(read[0].windows, whole.windows);
    let predictions = predictor.predict(&read).unwrap();
    let table = predict::to_table(&predictions);
    assert_eq!(table.rows(), 3);
    let classes: Vec<String> = predictions[0]
        .probabilities
        .keys()
        .map(|c| format!("p_{c}"))
        .collect();
    for row in 0..3 {
        let sum: f64 = classes
            .iter()
            .map(|name| table.numbers(name).unwrap()[row])
            .sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }
    // A recording is no corpus.
    let error = corpus::open(demo.join("f1_sad_s1.flac"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("is a recording; expected a folder"),
        "{error}"
    );
}
