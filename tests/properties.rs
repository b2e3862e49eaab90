//! What must hold for any data: nothing leaks, nothing depends on threads, nothing is lost by
//! saving.

use ndarray::Array2;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use sentire::dataset::{Classes, Dataset, Row, Target};
use sentire::evaluate::{self, Evaluation, FoldSpec, Protocol};
use sentire::model::{self, Model, ModelSpec, Normalize};
use sentire::table::Part;

use crate::learners::specs;

/// A made-up table: `speakers` of differing numbers of clips, three overlapping classes, gaps.
pub fn dataset(speakers: usize, seed: u64) -> Dataset {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let (mut rows, mut y, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for speaker in 0..speakers {
        let offset: f32 = random.gen_range(-1.0..1.0);
        for clip in 0..9 + 3 * (speaker % 3) {
            let class = clip % 3;
            for feature in 0..6 {
                let noise: f32 = random.gen_range(-1.5..1.5);
                let value = offset + noise + if feature == class { 1.5 } else { 0.0 };
                rows.push(if random.gen_bool(0.02) {
                    f32::NAN
                } else {
                    value
                });
            }
            y.push(class);
            names.push(Some(format!("s{speaker}")));
        }
    }
    Dataset {
        x: Array2::from_shape_vec((y.len(), 6), rows).unwrap(),
        recordings: (0..y.len()).collect(),
        rows: (0..y.len())
            .map(|row| Row {
                recording: Part {
                    file: format!("{row}.wav"),
                    ..Part::default()
                },
                ..Row::default()
            })
            .collect(),
        target: Target::Classes(Classes {
            names: ["angry", "happy", "sad"].map(str::to_string).to_vec(),
            y,
            shares: None,
        }),
        speakers: names,
        corpora: Vec::new(),
        feature_names: (0..6).map(|f| format!("f{f}")).collect(),
        label: "emotion".into(),
        unlabelled: 0,
        metadata: Default::default(),
    }
}

/// Every classifier with all that may be chosen in training.
fn tuned() -> Vec<ModelSpec> {
    let tuned = |(at, spec): (usize, ModelSpec)| ModelSpec {
        tune: true,
        select: (at % 2 == 0).then_some(4 + at / 2 % 2),
        ..spec
    };
    let of_one_group = "fusion:views=statistics,select=4".parse().unwrap();
    let tuned = specs().into_iter().enumerate().map(tuned);
    tuned.chain([of_one_group]).collect()
}

/// What a model says of each row alone.
fn of_rows(model: &Model, data: &Dataset) -> Array2<f64> {
    let rows: Vec<Vec<usize>> = (0..data.len()).map(|row| vec![row]).collect();
    model.probabilities(data.view(), &rows)
}

fn evaluated(
    data: &Dataset,
    spec: &ModelSpec,
    folds: FoldSpec,
    normalize: Normalize,
    seed: u64,
) -> Evaluation {
    let protocol = Protocol {
        folds,
        normalize,
        seed,
        importance: true,
        ..Protocol::default()
    };
    evaluate::evaluate(data, spec, &protocol).unwrap()
}

/// What the model of the fold in which speaker s0 is tested says of recordings of theirs.
fn said_of_s0(data: &Dataset, spec: &ModelSpec) -> Vec<(String, usize, Vec<f64>)> {
    let protocol = Protocol {
        seed: 3,
        allow_leakage: true,
        ..Protocol::default()
    };
    let evaluation = evaluate::evaluate(data, spec, &protocol).unwrap();
    let own = evaluation
        .predictions
        .into_iter()
        .filter(|v| v.fold == "s0");
    let mut own: Vec<_> = own
        .map(|v| (v.row.recording.file, v.predicted, v.probabilities))
        .collect();
    own.sort_by(|a, b| a.0.cmp(&b.0));
    own
}

fn assert_same(a: &[(String, usize, Vec<f64>)], b: &[(String, usize, Vec<f64>)], spec: &ModelSpec) {
    assert_eq!(a.len(), b.len());
    for ((file, said, p), (other_file, other_said, q)) in a.iter().zip(b) {
        assert_eq!((file, said), (other_file, other_said), "{spec}");
        // A row's place in a matrix product moves its last bits.
        assert!(
            p.iter().zip(q).all(|(p, q)| (p - q).abs() < 1e-5),
            "{spec}: {p:?} {q:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Under protocol A a test row is judged by itself alone: whatever happens to the other rows of
    /// its speaker, its prediction stays.
    #[test]
    fn other_rows_of_the_test_speaker_change_no_prediction(seed in 0_u64..1000, speakers in 3_usize..6) {
        let data = dataset(speakers, seed);
        let test: Vec<usize> = (0..data.len()).filter(|&row| data.speakers[row].as_deref() == Some("s0")).collect();
        // Every other row of the speaker is replaced by something absurd, with another label; all
        // are in reverse order.
        let mut changed = data.clone();
        for &row in test.iter().step_by(2) {
            changed.x.row_mut(row).fill(1e6);
            changed.classes_mut().y[row] = (data.y()[row] + 1) % 3;
        }
        let order: Vec<usize> = test.iter().rev().copied().chain(test.len()..data.len()).collect();
        let permuted = changed.select(&order);
        let kept: Vec<&String> = test.iter().skip(1).step_by(2).map(|&row| &data.rows[row].recording.file).collect();
        for spec in specs().into_iter().chain(tuned()) {
            let of_kept = |data: &Dataset| {
                let mut own = said_of_s0(data, &spec);
                own.retain(|(file, _, _)| kept.contains(&file));
                own
            };
            assert_same(&of_kept(&data), &of_kept(&permuted), &spec);
        }
    }

    /// Nor do the labels of rows that are neither trained nor tested on, or of the test rows
    /// themselves, even if they are of a class that no training row has.
    #[test]
    fn labels_outside_the_training_rows_change_no_prediction(seed in 0_u64..1000) {
        let mut data = dataset(5, seed);
        data.classes_mut().names.push("surprised".into());
        for row in 0..data.len() {
            let part = match data.speakers[row].as_deref() {
                Some("s0") => "test",
                Some("s1") => "validation",
                _ => "train",
            };
            data.rows[row].split = Some(part.into());
        }
        let mut changed = data.clone();
        for row in 0..data.len() {
            if changed.rows[row].split.as_deref() != Some("train") && row % 2 == 0 {
                changed.classes_mut().y[row] = 3;
            }
        }
        for spec in specs().into_iter().chain(tuned()) {
            let said = |data: &Dataset| -> Vec<Vec<f64>> {
                let tested = evaluated(data, &spec, FoldSpec::Split, Normalize::Train, 3).predictions;
                tested.into_iter().map(|v| v.probabilities).collect()
            };
            let (before, after) = (said(&data), said(&changed));
            prop_assert_eq!(&before, &after, "{}", spec);
            prop_assert!(before.iter().all(|p| p[3] == 0.0), "{}", spec);
        }
    }

    /// Permuting the rows of the test speaker changes no prediction for any of them.
    #[test]
    fn the_order_of_the_test_speakers_rows_does_not_matter(seed in 0_u64..1000) {
        let data = dataset(4, seed);
        let test = data.speakers.iter().filter(|s| s.as_deref() == Some("s0")).count();
        let order: Vec<usize> = (0..test).rev().chain(test..data.len()).collect();
        for spec in specs().into_iter().chain(tuned()) {
            assert_same(&said_of_s0(&data, &spec), &said_of_s0(&data.select(&order), &spec), &spec);
        }
    }
}

/// What an evaluation says of a recording's windows is what a model trained on the same speakers
/// says: the class with the largest mean of probabilities.
#[test]
fn windows_are_judged_together_as_a_trained_model_judges_them() {
    for seed in 0..4 {
        let mut data = dataset(4, seed);
        // Speakers have 9, 12 or 15 rows of classes 0, 1, 2, 0, ...; those of a speaker and class
        // become windows of two recordings.
        let mut numbers = std::collections::HashMap::new();
        for row in 0..data.len() {
            let key = (data.speakers[row].clone(), data.y()[row], row % 2);
            let next = numbers.len();
            data.recordings[row] = *numbers.entry(key).or_insert(next);
        }
        for spec in specs() {
            let evaluation = evaluated(&data, &spec, FoldSpec::Loso, Normalize::Train, 3);
            let report = &evaluation.report;
            assert_eq!(
                (report.n, report.windows),
                (numbers.len(), Some(data.len()))
            );
            assert_eq!(report.confusion.iter().flatten().sum::<usize>(), report.n);
            let mut said = evaluation.predictions.iter();
            for recording in data.by_recording(&(0..data.len()).collect::<Vec<_>>()) {
                let speaker = &data.speakers[recording[0]];
                let others: Vec<usize> = (0..data.len())
                    .filter(|&row| data.speakers[row] != *speaker)
                    .collect();
                let model =
                    Model::train(&data.select(&others), &spec, Normalize::Train, 3).unwrap();
                let p = model.probabilities(data.view(), std::slice::from_ref(&recording));
                let said = said.next().unwrap();
                assert_eq!(said.row, data.rows[recording[0]]);
                assert_eq!(said.predicted, model::best(p.row(0)), "{spec}");
            }
        }
    }
}

#[test]
fn a_training_row_matters_and_the_seed_of_a_forest_too() {
    let data = dataset(4, 1);
    let mut changed = data.clone();
    changed.x.row_mut(0).fill(1e3);
    for spec in specs() {
        let probabilities = |data: &Dataset, seed: u64| {
            let model = Model::train(data, &spec, Normalize::Train, seed).unwrap();
            of_rows(&model, &dataset(4, 1))
        };
        let first = probabilities(&data, 1);
        assert_ne!(first, probabilities(&changed, 1), "{spec}");
        let is_random = ["forest", "boost", "smartcore-forest"].contains(&spec.learner);
        assert_eq!(first != probabilities(&data, 2), is_random, "{spec}");
    }
}

#[test]
fn classes_that_only_unknown_speakers_have_are_left_out_under_protocol_b() {
    let mut data = dataset(4, 1);
    for row in 0..data.len() {
        if data.y()[row] == 1 {
            data.speakers[row] = None;
        }
    }
    let spec = &specs()[1];
    let b = evaluated(&data, spec, FoldSpec::Loso, Normalize::Speaker, 3).report;
    assert_eq!(b.classes, ["angry", "sad"]);
    assert!(b.recall.values().all(|recall| recall.is_finite()));
    let model = Model::train(&data, spec, Normalize::Speaker, 3).unwrap();
    assert_eq!(model.card.classes, ["angry", "sad"]);
}

#[test]
fn threads_change_no_byte_of_model_or_report() {
    let data = dataset(6, 5);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let all = specs().into_iter().chain(tuned());
            all.chain(["auto".parse().unwrap()])
                .map(|spec| {
                    let spec = &spec;
                    let model = Model::train(&data, spec, Normalize::Train, 9)
                        .unwrap()
                        .to_bytes();
                    let evaluation = evaluated(&data, spec, FoldSpec::K(3), Normalize::Speaker, 9);
                    (model, serde_json::to_string(&evaluation.report).unwrap())
                })
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn damaged_models_are_refused_in_one_line() {
    let svm = "svm".parse().unwrap();
    let bytes = Model::train(&dataset(4, 2), &svm, Normalize::Train, 0)
        .unwrap()
        .to_bytes();
    let say = |bytes: &[u8]| Model::from_bytes(bytes).unwrap_err();
    for cut in [0, 5, 8, 20, 51, 52, 100, bytes.len() - 1] {
        let said = say(&bytes[..cut]);
        let expected = if cut < 8 {
            "is not a sentire model"
        } else {
            "breaks off"
        };
        assert!(
            said.starts_with(expected) && !said.contains('\n'),
            "{cut} bytes: {said}"
        );
    }
    let mut newer = bytes.clone();
    newer[8] = 200;
    assert!(say(&newer).starts_with("is a model of format 200; this sentire reads formats 4 to 7"));
    // A word of the card replaced, and a checksum to it: a classifier that this program does not have.
    let mut other = bytes.clone();
    let at = other.windows(4).position(|w| w == b"svm:").unwrap();
    other[at..at + 4].copy_from_slice(b"knn:");
    let checksum = blake3::hash(&other[52..]);
    other[20..52].copy_from_slice(checksum.as_bytes());
    let lacks =
        "has a classifier that this sentire lacks (model \"knn:kernel=linear,c=0.01\": unknown";
    assert!(say(&other).starts_with(lacks), "{}", say(&other));
    let mut older = bytes.clone();
    older[8] = 1;
    assert!(say(&older).starts_with("is a model of format 1, from an older sentire"));
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(say(&longer).starts_with("is damaged"));
    for at in (20..bytes.len()).step_by(97) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        assert!(say(&flipped).starts_with("is damaged"), "byte {at}");
    }
    assert!(say(b"PK\x03\x04").starts_with("is not a sentire model"));
}
