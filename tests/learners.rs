//! What is made from the list of learners, and what must hold for each of them.

use std::collections::BTreeMap;

use ndarray::Array2;
use sentire::model::learners::{self, LEARNERS};
use sentire::model::{AUTO, Model, ModelSpec};

use crate::sandbox::repository;

// Without `baselines` the list is shorter.
#[cfg(feature = "baselines")]
#[test]
fn the_readme_has_the_table_that_the_list_makes() {
    const BEGIN: &str =
        "<!-- made by the list in src/model/learners: a test says how it should read -->\n";
    const END: &str = "<!-- end of what is made -->\n";
    let readme = include_str!("../README.md");
    let table = readme
        .split_once(BEGIN)
        .and_then(|(_, after)| after.split_once(END));
    let (table, _) = table.expect("README.md has the table between two comments");
    let made = learners::markdown();
    assert!(
        table == made,
        "the table of classifiers in README.md should read\n\n{made}"
    );
}

#[test]
fn names_are_apart_and_defaults_are_what_is_printed() {
    let mut names: Vec<&str> = LEARNERS.iter().map(|learner| learner.name).collect();
    names.extend([AUTO, "default"]);
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
    for learner in LEARNERS {
        let name = learner.name;
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name.chars().all(is_plain), "{name}");
        for key in learner.keys {
            let read = key.read(key.default);
            assert_eq!(read.as_deref(), Ok(key.default), "{name}: {}", key.name);
        }
        let spec: ModelSpec = name.parse().unwrap();
        let tuned = ModelSpec {
            tune: true,
            ..spec.clone()
        };
        for spec in tuned.candidates().into_iter().chain([spec, tuned]) {
            let printed = spec.to_string();
            let again: ModelSpec = printed.parse().unwrap();
            assert_eq!(again.to_string(), printed);
            assert!(spec.tune || again == spec, "{printed}");
        }
        for (_, text) in learner.in_auto {
            assert_eq!(text.parse::<ModelSpec>().unwrap().learner, name);
        }
    }
}

#[test]
fn help_names_every_learner_and_key() {
    let sandbox = crate::sandbox::Sandbox::new();
    for command in ["train", "evaluate"] {
        let short = sandbox.sentire(&format!("{command} -h")).exits(0).stdout;
        let long = sandbox
            .sentire(&format!("{command} --help"))
            .exits(0)
            .stdout;
        for learner in LEARNERS {
            assert!(short.contains(learner.name), "{short}");
            assert!(long.contains(learner.help), "{long}");
            for key in learner.keys {
                assert!(
                    long.contains(&format!("{}={}", key.name, key.default)),
                    "{long}"
                );
            }
        }
    }
}

/// Models of the format before, and what the program that trained them said of some rows of features.
#[test]
fn models_of_the_format_before_are_read_and_say_the_same() {
    let folder = repository("tests/models");
    let said = std::fs::read(folder.join("said.json")).unwrap();
    let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
    let rows: Vec<Vec<f32>> = serde_json::from_value(said["rows"].clone()).unwrap();
    let models: BTreeMap<String, Vec<Vec<f64>>> =
        serde_json::from_value(said["probabilities"].clone()).unwrap();
    assert_eq!(models.len(), 8);
    let x = Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, f)| rows[i][f]);
    let each: Vec<Vec<usize>> = (0..rows.len()).map(|row| vec![row]).collect();
    for (name, expected) in models {
        let path = folder.join(format!("{name}.sentire"));
        assert_eq!(std::fs::read(&path).unwrap()[8], 3, "{name}");
        let model = Model::load(&path).unwrap();
        let p = model.probabilities(x.view(), &each);
        // In the same order of the same operations, but a processor with other vectors may round otherwise.
        let same = p.iter().zip(expected.iter().flatten());
        assert!(same.clone().count() == p.len() && p.len() == rows.len() * 4);
        assert!(
            same.into_iter().all(|(a, b)| (a - b).abs() < 1e-6),
            "{name}: {p}"
        );
        // Saved again it is of today's format, and the same to the bit.
        let bytes = model.to_bytes();
        assert_eq!(bytes[8], 4);
        let again = Model::from_bytes(&bytes).unwrap();
        assert_eq!(again.probabilities(x.view(), &each), p, "{name}");
        assert_eq!(again.card, model.card);
    }
}
