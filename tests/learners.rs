//! What is made from the list of learners, and what must hold for each of them.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis};
use proptest::prelude::*;
use sentire::dataset::Dataset;
use sentire::model::learners::parameters::{Key, Kind};
use sentire::model::learners::{self, LEARNERS, Learner, Training};
use sentire::model::outputs::Outputs;
use sentire::model::{self, AUTO, Model, ModelSpec, Normalize};

use crate::properties::dataset;
use crate::sandbox::repository;

// Without `baselines` the list is shorter.
#[cfg(feature = "baselines")]
#[test]
fn the_page_has_the_table_that_the_list_makes() {
    const BEGIN: &str =
        "<!-- made by the list in src/model/learners: a test says how it should read -->\n";
    const END: &str = "<!-- end of what is made -->\n";
    let page = include_str!("../src/evaluate/README.md");
    let table = page
        .split_once(BEGIN)
        .and_then(|(_, after)| after.split_once(END));
    let (table, _) = table.expect("src/evaluate/README.md has the table between two comments");
    let made = learners::markdown();
    assert!(
        table == made,
        "the table of learners in src/evaluate/README.md should read\n\n{made}"
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
        let target = dataset(4, 0).target;
        for spec in tuned.candidates(&target).into_iter().chain([spec, tuned]) {
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
        assert_eq!(std::fs::read(&path).unwrap()[8], 4, "{name}");
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
        assert_eq!(bytes[8], 6);
        let again = Model::from_bytes(&bytes).unwrap();
        assert_eq!(again.probabilities(x.view(), &each), p, "{name}");
        assert_eq!(again.card, model.card);
    }
    let expected: Vec<f64> =
        serde_json::from_value(said["values"]["ridge-arousal"].clone()).unwrap();
    let path = folder.join("ridge-arousal.sentire");
    assert_eq!(std::fs::read(&path).unwrap()[8], 5);
    let model = Model::load(&path).unwrap();
    let values = model.values(x.view(), &each).column(0).to_vec();
    let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-6;
    assert!(values.iter().zip(&expected).all(close), "{values:?}");
    assert_eq!(model.to_bytes()[8], 7);
    let again = Model::from_bytes(&model.to_bytes()).unwrap();
    assert_eq!(again.values(x.view(), &each).column(0).to_vec(), values);
}

/// Every learner of classes, with each of the words that a key of it may be, and few trees and rounds, so that tests are
/// quick.
pub fn specs() -> Vec<ModelSpec> {
    let mut specs = specs_of(|learner| learner.classes.is_some());
    specs.extend(["svm:select=4,pca=3", "fusion:pca=3"].map(|spec| spec.parse().unwrap()));
    specs
}

/// The same of numbers.
pub fn specs_of_values() -> Vec<ModelSpec> {
    specs_of(|learner| learner.values.is_some())
}

fn specs_of(learns: fn(&Learner) -> bool) -> Vec<ModelSpec> {
    let of_learner = |learner: &Learner| {
        let words = learner.keys.iter().find_map(|key| match key.kind {
            Kind::Word(words) => Some(words.iter().map(|word| format!("{}={word},", key.name))),
            _ => None,
        });
        let words = words.map_or(vec![String::new()], Iterator::collect);
        let few = |key: &Key| match key.name {
            "trees" => Some("trees=15,"),
            "rounds" => Some("rounds=10,"),
            _ => None,
        };
        let few: String = learner.keys.iter().filter_map(few).collect();
        let spec = |words: String| format!("{}:{words}{few}", learner.name).parse().unwrap();
        words.into_iter().map(spec).collect::<Vec<ModelSpec>>()
    };
    let learners = LEARNERS.iter().filter(|learner| learns(learner));
    learners.flat_map(of_learner).collect()
}

/// A model whose file names one feature or class more, or fewer, than its parts are of, is refused, whatever checksum it has.
pub fn assert_parts_fit(model: &Model) {
    let changes: [fn(&mut Model); 4] = [
        |model| model.feature_names.truncate(model.feature_names.len() - 1),
        |model| model.feature_names.push("another".into()),
        |model| model.card.classes.truncate(model.card.classes.len() - 1),
        |model| {
            model.card.classes.push("another".into());
            model.card.class_counts.push(1);
        },
    ];
    // Of numbers there are no classes.
    let changes = &changes[..if model.card.classes.is_empty() { 2 } else { 4 }];
    for change in changes {
        let mut other = model.clone();
        change(&mut other);
        let refused = Model::from_bytes(&other.to_bytes()).unwrap_err();
        let (of, model) = ("has parts that do not fit together", &model.card.model);
        assert!(refused.starts_with(of), "{model}: {refused}");
    }
}

/// What a model says of each row alone.
fn of_rows(model: &Model, data: &Dataset) -> Array2<f64> {
    let rows: Vec<Vec<usize>> = (0..data.len()).map(|row| vec![row]).collect();
    model.probabilities(data.view(), &rows)
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What is trained, saved and loaded says the same to the bit, is the same for any number of threads, and
    /// mostly right.
    #[test]
    fn every_learner_keeps_what_it_promises(seed in 0_u64..1000) {
        let data = dataset(4, seed);
        for spec in specs() {
            for normalize in [Normalize::Train, Normalize::Speaker] {
                let train = || Model::train(&data, &spec, normalize, seed).unwrap();
                let (model, again) = (with_threads(1, train), with_threads(2, train));
                let bytes = model.to_bytes();
                prop_assert!(bytes == again.to_bytes(), "{}: bytes by threads", spec);
                let loaded = Model::from_bytes(&bytes).unwrap();
                prop_assert!(bytes == loaded.to_bytes(), "{}: bytes after loading", spec);
                assert_parts_fit(&model);
                let p = of_rows(&model, &data);
                prop_assert_eq!(&p, &of_rows(&loaded, &data), "{}", spec);
                for row in p.rows() {
                    prop_assert!((row.sum() - 1.0).abs() < 1e-9, "{}: {}", spec, row);
                    prop_assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{}: {}", spec, row);
                }
                // The data can be told apart, and these are its training rows. (Speakers who are scaled
                // alone are asked together.)
                let labels = p.rows().into_iter().map(model::best);
                let right = labels.zip(data.y()).filter(|(label, y)| label == *y).count();
                let is_known = normalize == Normalize::Speaker || right * 2 > data.len();
                prop_assert!(is_known, "{}: {} of {}", spec, right, data.len());
            }
        }
    }

    /// Columns that say nothing, and a single one that does.
    #[test]
    fn odd_columns_do_no_harm(seed in 0_u64..1000) {
        let data = dataset(4, seed);
        let with = |column: usize, value: f32| {
            let mut data = data.clone();
            data.x.column_mut(column).fill(value);
            data
        };
        let mut constant = data.clone();
        constant.x.fill(0.5);
        let mut single = data.clone();
        single.x = data.x.select(Axis(1), &[0]);
        single.feature_names.truncate(1);
        for spec in specs() {
            for odd in [&with(2, 7.0), &with(2, f32::NAN), &constant, &single] {
                let model = Model::train(odd, &spec, Normalize::Train, seed).unwrap();
                let p = of_rows(&model, odd);
                let is_whole = p.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-9);
                prop_assert!(is_whole, "{}: {}", spec, p);
            }
        }
    }

    /// A class that no training row has gets nothing of any classifier.
    #[test]
    fn a_class_that_was_not_seen_is_never_meant(seed in 0_u64..1000) {
        let mut data = dataset(4, seed);
        data.x.mapv_inplace(|value| if value.is_nan() { 0.0 } else { value });
        let y: Vec<usize> = data.y().iter().map(|&class| class + usize::from(class > 0)).collect();
        let shares = Array2::from_shape_fn((y.len(), 4), |(i, k)| f64::from(u8::from(y[i] == k)));
        let rows = Training {
            x: data.view(),
            names: &data.feature_names,
            y: &y,
            shares: shares.view(),
            classes: 4,
            speakers: &vec![0; data.len()],
            corpora: None,
            seed,
        };
        for spec in specs() {
            let spec = spec.for_features(&data.feature_names).unwrap();
            let classifier = model::fit_each(&[&spec], &rows).unwrap().remove(0);
            let is_nothing = match classifier.outputs(data.view()) {
                Outputs::Shares(shares) => shares.column(1).iter().all(|&share| share == 0.0),
                Outputs::Scores(scores) => scores.column(1).iter().all(|&s| s == f64::NEG_INFINITY),
                // The pairs 0 and 1, 1 and 2, 1 and 3.
                Outputs::Decisions(decisions) => {
                    [0, 3, 4].iter().all(|&pair| decisions.column(pair).iter().all(|d| d.is_nan()))
                }
                Outputs::Values(_) => false,
            };
            prop_assert!(is_nothing, "{}", spec);
        }
    }
}
