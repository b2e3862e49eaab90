//! Our numbers against those of other programs; `tests/reference/README.md` names them.

use ndarray::Array2;
use sentire::audio::{self, ReadOptions};
use sentire::catalogue::statistics::CONTOUR;
use sentire::dsp::stats;
use sentire::features::rich;
use sentire::functional::Scratch;
use sentire::metrics;
use sentire::model::learners::svm;
use sentire::model::learners::{Training, ValueTraining};
use sentire::model::outputs::{Outputs, softmax};
use sentire::model::{self, ModelSpec};
use sentire::scaler::Scaler;
use sentire::split;
use serde_json::Value;

use crate::sandbox::{demo_clip, repository};

fn read(name: &str) -> Value {
    let path = repository("tests/reference").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn words(value: &Value) -> Vec<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_str().unwrap().to_string())
        .collect()
}

/// Descriptors of librosa, the names of ours, and the absolute difference below which a relative
/// one means nothing. All must agree within 1e-3 of the larger magnitude.
const LIBROSA: [(&str, &[&str], f64); 11] = [
    // Single-precision FFT: 1e-7 of the frame's largest bin, which is far above its quiet bands;
    // in dB, where both stand 70 dB below the loudest, that is up to some thousandths of a dB.
    ("log_mel", &["log_mel_{}_db"], 5e-3),
    // Coefficients pass through 0; sums of 26 levels with the errors above.
    ("mfcc", &["mfcc_{}"], 5e-3),
    ("mfcc_delta", &["mfcc_{}"], 5e-3),
    // Single precision of a value near 1e-4.
    ("rms", &["rms"], 1e-7),
    // Counts: exact, but stored in single precision.
    ("zcr", &["zcr"], 1e-7),
    ("centroid", &["spectral_centroid_hz"], 0.0),
    ("bandwidth", &["spectral_bandwidth_hz"], 0.0),
    // A bin is 31.25 Hz: equal or wrong.
    (
        "rolloff",
        &[
            "spectral_rolloff_25_hz",
            "spectral_rolloff_50_hz",
            "spectral_rolloff_75_hz",
            "spectral_rolloff_90_hz",
        ],
        0.0,
    ),
    // Down to 1e-5, where the floor of 1e-10 in quiet bins is near the FFT's own rounding.
    ("flatness", &["spectral_flatness"], 1e-6),
    // Difference of two levels, one of them of the weakest bin of a band.
    ("contrast", &["spectral_contrast_{}_db"], 2e-2),
    // Shares of the strongest class, down to 1e-3.
    (
        "chroma",
        &[
            "chroma_c",
            "chroma_cs",
            "chroma_d",
            "chroma_ds",
            "chroma_e",
            "chroma_f",
            "chroma_fs",
            "chroma_g",
            "chroma_gs",
            "chroma_a",
            "chroma_as",
            "chroma_b",
        ],
        1e-5,
    ),
];

#[test]
fn descriptors_equal_those_of_librosa() {
    let reference = read("librosa.json");
    assert!(
        reference["made_by"]
            .as_str()
            .unwrap()
            .starts_with("librosa 0.11")
    );
    let clips = reference["clips"].as_array().unwrap();
    assert!(clips.len() >= 5);
    let mut plan = rich::Plan::new(16_000);
    for clip in clips {
        let file = clip["file"].as_str().unwrap();
        let recording = audio::read(demo_clip(file), &ReadOptions::default()).unwrap();
        let table = plan.analyse(&recording.audio.samples).llds;
        assert_eq!(
            table.frames() as u64,
            clip["n_frames"].as_u64().unwrap(),
            "{file}"
        );
        let frames: Vec<usize> = numbers(&clip["frames"])
            .iter()
            .map(|&t| t as usize)
            .collect();
        for (theirs, ours, negligible) in LIBROSA {
            let rows = clip["descriptors"][theirs].as_array().unwrap();
            for (row, &frame) in rows.iter().zip(&frames) {
                for (k, expected) in numbers(row).into_iter().enumerate() {
                    let name = ours
                        .get(k)
                        .unwrap_or(&ours[0])
                        .replace("{}", &k.to_string());
                    let contour = table.contour(&name).unwrap_or_else(|| panic!("no {name}"));
                    let mut delta = Vec::new();
                    let found = if theirs.ends_with("_delta") {
                        stats::delta(contour, &mut delta);
                        delta[frame]
                    } else {
                        contour[frame]
                    };
                    let bound = (1e-3 * expected.abs()).max(negligible);
                    let difference = (f64::from(found) - expected).abs();
                    assert!(
                        difference <= bound,
                        "{file}, frame {frame}: {name} is {found}, librosa's {theirs}[{k}] is {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn mel_power_equals_librosas() {
    use sentire::dsp::{frame::Framing, spectrum::Spectrum};
    let reference = read("librosa.json");
    let framing = Framing::new(16_000, 0.025, 0.010);
    let mut spectrum = Spectrum::new(16_000, framing.width);
    let mfcc = sentire::lld::mfcc::Mfcc::new(spectrum.bins(), spectrum.bin_hz);
    let mut frame = vec![0.0; framing.width];
    for clip in reference["clips"].as_array().unwrap() {
        let path = demo_clip(clip["file"].as_str().unwrap());
        let samples = audio::read(&path, &ReadOptions::default())
            .unwrap()
            .audio
            .samples;
        let rows = clip["descriptors"]["mel"].as_array().unwrap();
        for (row, index) in rows.iter().zip(numbers(&clip["frames"])) {
            framing.copy(&samples, index as usize, &mut frame);
            spectrum.compute(&frame);
            let ours = mfcc.mel(&spectrum.power);
            let theirs = numbers(row);
            // The rounding of a single-precision FFT is relative to the frame's loudest band.
            let loudest = theirs.iter().copied().fold(0.0, f64::max);
            for (found, expected) in ours.into_iter().zip(theirs) {
                let bound = (1e-3 * expected).max(1e-7 * loudest);
                assert!(
                    (f64::from(found) - expected).abs() <= bound,
                    "{found} for {expected}"
                );
            }
        }
    }
}

#[test]
fn statistics_equal_those_of_numpy_and_scipy() {
    let reference = read("functionals.json");
    for contour in reference["contours"].as_array().unwrap() {
        let values: Vec<f32> = numbers(&contour["values"])
            .iter()
            .map(|&x| x as f32)
            .collect();
        let mut ours = Vec::new();
        // A hop of one second makes the slope one per frame.
        Scratch::default().contour_statistics(&values, 1.0, &mut ours);
        for (name, expected) in contour["functionals"].as_object().unwrap() {
            let column = if name == "slope" { "slope_per_s" } else { name };
            let at = CONTOUR
                .iter()
                .position(|statistic| statistic.name == column)
                .unwrap();
            match expected.as_f64() {
                None => assert!(ours[at].is_nan(), "{}: {name}", contour["name"]),
                Some(expected) => {
                    // Single precision of the result, and of a contour that is nearly constant.
                    let bound = 1e-6 * expected.abs().max(1.0);
                    let difference = (f64::from(ours[at]) - expected).abs();
                    assert!(
                        difference <= bound,
                        "{}: {name} {} for {expected}",
                        contour["name"],
                        ours[at]
                    );
                }
            }
        }
    }
}

/// The made-up clips of `svc.json`.
struct Clips {
    classes: Vec<String>,
    x: Array2<f32>,
    y: Vec<usize>,
}

fn class_indices(names: &Value, classes: &[String]) -> Vec<usize> {
    let index = |name: &String| classes.iter().position(|class| class == name).unwrap();
    words(names).iter().map(index).collect()
}

fn clips(reference: &Value) -> Clips {
    let classes = words(&reference["classes"]);
    let rows: Vec<Vec<f64>> = reference["X"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    let x = Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j] as f32);
    Clips {
        x,
        y: class_indices(&reference["y"], &classes),
        classes,
    }
}

#[test]
fn machines_predict_what_scikit_learns_svc_predicts() {
    let reference = read("svc.json");
    let Clips { classes, x, y } = clips(&reference);
    let theirs = cfg!(feature = "baselines").then_some("linfa-svm");
    for learner in ["svm"].into_iter().chain(theirs) {
        for case in reference["svc"].as_array().unwrap() {
            let kernel = match (case["kernel"].as_str().unwrap(), &case["gamma"]) {
                ("rbf", Value::String(gamma)) => format!("rbf,gamma={gamma}"),
                ("rbf", gamma) => format!("rbf,gamma={gamma}"),
                (kernel, _) => kernel.to_string(),
            };
            let spec = format!("{learner}:c={},kernel={kernel}", case["C"]);
            let folds = numbers(&reference["folds"][case["splitting"].as_str().unwrap()]);
            let expected = class_indices(&case["predictions"], &classes);
            let mut predicted = vec![usize::MAX; y.len()];
            for fold in 0..=folds.iter().copied().fold(0.0, f64::max) as usize {
                let (test, train): (Vec<usize>, Vec<usize>) =
                    (0..y.len()).partition(|&row| folds[row] as usize == fold);
                let scaler = Scaler::fit(x.view(), &train);
                let scaled = [&train, &test].map(|rows| scaler.apply(x.view(), rows));
                let y_train: Vec<usize> = train.iter().map(|&row| y[row]).collect();
                let outputs = outputs(&spec, &scaled, &y_train, classes.len(), 0);
                let Outputs::Decisions(decisions) = outputs else {
                    panic!("{spec} does not decide between pairs")
                };
                for (decisions, &row) in decisions.rows().into_iter().zip(&test) {
                    predicted[row] = svm::elected(&decisions.to_vec(), classes.len());
                }
            }
            assert_eq!(
                predicted, expected,
                "{} by {}, {spec}",
                case["name"], case["splitting"]
            );
            let uar = metrics::uar(&metrics::confusion(&y, &predicted, classes.len()));
            assert!((uar - case["balanced_accuracy"].as_f64().unwrap()).abs() < 1e-9);
        }
    }
}

/// What the learner that `spec` names, trained on the first of two tables, says of the second.
fn outputs(
    spec: &str,
    [train, test]: &[Array2<f32>; 2],
    y: &[usize],
    classes: usize,
    seed: u64,
) -> Outputs {
    let spec: ModelSpec = spec.parse().unwrap();
    let shares = Array2::from_shape_fn((y.len(), classes), |(i, k)| f64::from(u8::from(y[i] == k)));
    let rows = Training {
        x: train.view(),
        names: &[],
        y,
        shares: shares.view(),
        classes,
        speakers: &vec![0; y.len()],
        corpora: None,
        seed,
    };
    let trained = model::fit_each(&[&spec], &rows).unwrap().remove(0);
    trained.outputs(test.view())
}

#[test]
fn regressions_predict_what_scikit_learns_predict() {
    let reference = read("regressions.json");
    let table = read("svc.json");
    let Clips { x, .. } = clips(&table);
    let y = numbers(&reference["y"]);
    let folds = numbers(&table["folds"]["group_k_fold_3"]);
    let (test, train): (Vec<usize>, Vec<usize>) = (0..y.len()).partition(|&row| folds[row] == 0.0);
    let scaler = Scaler::fit(x.view(), &train);
    let [a, b] = [&train, &test].map(|rows| scaler.apply(x.view(), rows));
    let n = train.len() as f64;
    let mean = train.iter().map(|&row| y[row]).sum::<f64>() / n;
    let deviation = (train
        .iter()
        .map(|&row| (y[row] - mean).powi(2))
        .sum::<f64>()
        / n)
        .sqrt();
    let scaled = train.iter().map(|&row| (y[row] - mean) / deviation);
    let scaled = Array2::from_shape_vec((train.len(), 1), scaled.collect()).unwrap();
    let names: Vec<String> = (0..x.ncols()).map(|f| format!("f{f}")).collect();
    let rows = ValueTraining {
        x: a.view(),
        names: &names,
        y: scaled.view(),
        speakers: &vec![0; train.len()],
        seed: 0,
    };
    for case in reference["cases"].as_array().unwrap() {
        let model = case["model"].as_str().unwrap();
        if model.starts_with("linfa-") && !cfg!(feature = "baselines") {
            continue;
        }
        let spec: ModelSpec = model.parse().unwrap();
        let trained = model::fit_each_to_values(&[&spec], &rows)
            .unwrap()
            .remove(0);
        let said = trained.outputs(b.view()).into_values();
        let expected = numbers(&case["predictions"]);
        assert_eq!(expected.len(), said.len());
        // A solver's tolerance is 1e-3; coordinates descend to 1e-4.
        let bound = if model.starts_with("linfa-svr") {
            1e-2
        } else {
            1e-3
        };
        let far = said
            .iter()
            .zip(&expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(far < bound, "{model}: {far}");
    }
}

#[test]
fn folds_are_those_of_group_k_fold() {
    let reference = read("svc.json");
    for case in reference["group_k_fold"].as_array().unwrap() {
        let mut speakers = Vec::new();
        let mut fold_of = Vec::new();
        for speaker in case["speakers"].as_array().unwrap() {
            for _ in 0..speaker["clips"].as_u64().unwrap() {
                speakers.push(Some(speaker["speaker"].as_str().unwrap().to_string()));
                fold_of.push(speaker["fold"].as_u64().unwrap() as usize);
            }
        }
        let k = case["n_splits"].as_u64().unwrap() as usize;
        for (index, fold) in split::grouped_k_fold(&speakers, k)
            .unwrap()
            .iter()
            .enumerate()
        {
            assert!(
                fold.test.iter().all(|&row| fold_of[row] == index),
                "{}",
                case["name"]
            );
        }
    }
}

#[test]
fn the_forest_is_near_scikit_learns() {
    // On these 120 rows scikit-learn's seeds deviate by 2.1 points and ours by 1.4: the difference of
    // the means of 20 each has a standard error of 0.6. It is 0.1; `src/evaluate/README.md` says 1 at most.
    check_forest("forest", 20, 0.01);
}

#[cfg(feature = "baselines")]
#[test]
fn smartcores_forest_is_near_scikit_learns() {
    // Of 5 seeds, the standard error is 1 point.
    check_forest("smartcore-forest:trees=200", 5, 0.02);
}

/// The mean UAR of so many seeds, against that of scikit-learn's.
#[track_caller]
fn check_forest(spec: &str, seeds: u64, most: f64) {
    let reference = read("svc.json");
    let Clips { classes, x, y } = clips(&reference);
    let folds = numbers(&reference["folds"]["group_k_fold_3"]);
    let uars: Vec<f64> = (0..seeds)
        .map(|seed| {
            let mut predicted = vec![0; y.len()];
            for fold in 0..3 {
                let (test, train): (Vec<usize>, Vec<usize>) =
                    (0..y.len()).partition(|&row| folds[row] as usize == fold);
                let y_train: Vec<usize> = train.iter().map(|&row| y[row]).collect();
                let picked = [&train, &test].map(|rows| x.select(ndarray::Axis(0), rows));
                let outputs = outputs(spec, &picked, &y_train, classes.len(), seed);
                let Outputs::Shares(shares) = outputs else {
                    panic!("{spec} tells no shares")
                };
                for (shares, &row) in shares.rows().into_iter().zip(&test) {
                    predicted[row] = model::best(shares);
                }
            }
            metrics::uar(&metrics::confusion(&y, &predicted, classes.len()))
        })
        .collect();
    let mean = uars.iter().sum::<f64>() / uars.len() as f64;
    let theirs = reference["random_forest"]["mean"].as_f64().unwrap();
    assert!(
        (mean - theirs).abs() < most,
        "{spec}: UAR {mean} ({uars:?}), scikit-learn's forest {theirs}"
    );
}

/// The features, and the products of all two of them.
fn with_products(x: &Array2<f32>) -> Array2<f32> {
    let n = x.ncols();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))).collect();
    Array2::from_shape_fn((x.nrows(), n + pairs.len()), |(row, column)| {
        match column.checked_sub(n) {
            None => x[(row, column)],
            Some(at) => x[(row, pairs[at].0)] * x[(row, pairs[at].1)],
        }
    })
}

#[test]
fn classifiers_say_what_scikit_learns_say() {
    let reference = read("classifiers.json");
    let table = read("svc.json");
    let Clips { classes, x, y } = clips(&table);
    let folds = numbers(&table["folds"]["group_k_fold_3"]);
    let cases = reference["cases"].as_array().unwrap();
    assert!(cases.len() >= 12);
    for case in cases {
        let used: Vec<usize> = words(&case["classes"])
            .iter()
            .map(|name| classes.iter().position(|class| class == name).unwrap())
            .collect();
        let (test, train): (Vec<usize>, Vec<usize>) = (0..y.len())
            .filter(|&row| used.contains(&y[row]))
            .partition(|&row| folds[row] == 0.0);
        let scaler = Scaler::fit(x.view(), &train);
        let y_train: Vec<usize> = train.iter().map(|&row| y[row]).collect();
        let name = case["name"].as_str().unwrap();
        let is_of_library = name == "bayes" || name.starts_with("linfa-");
        if is_of_library && !cfg!(feature = "baselines") {
            continue;
        }
        // Naive Bayes sums squares of values that are in single precision here, over variances down to 0.1: 1e-6
        // apart, of sums up to 40.
        // scikit-learn's trees see single precision too, its regressions double: 1e-6 apart.
        let (spec, bound) = match name {
            "tree" => (format!("tree:max_depth={}", case["max_depth"]), 1e-6),
            "ridge" => (format!("ridge:alpha={}", case["alpha"]), 1e-5),
            "bayes" => {
                let smoothing = case["var_smoothing"].as_f64().unwrap();
                (format!("linfa-bayes:var_smoothing={smoothing}"), 1e-5)
            }
            "lda" => {
                let shrinkage = case["shrinkage"].to_string().replace('"', "");
                (format!("lda:shrinkage={shrinkage}"), 1e-5)
            }
            "linfa-knn" => {
                let [weights, metric] =
                    ["weights", "metric"].map(|key| case[key].as_str().unwrap());
                let keys = format!("k={},weights={weights},metric={metric}", case["k"]);
                (format!("linfa-knn:{keys}"), 1e-6)
            }
            "linfa-logistic" => (format!("linfa-logistic:c={}", case["c"]), 1e-4),
            _ => (format!("logistic:c={}", case["c"]), 1e-3),
        };
        let tables = [&train, &test].map(|rows| match case["wide"] == true {
            true => with_products(&scaler.apply(x.view(), rows)),
            false => scaler.apply(x.view(), rows),
        });
        let outputs = outputs(&spec, &tables, &y_train, classes.len(), 0);
        let (scores, sum) = match outputs {
            Outputs::Shares(shares) => (shares, 1.0),
            // Logarithms of probabilities, up to a number of each row.
            Outputs::Scores(scores) if name == "lda" => (softmax(scores.view(), 1.0), 1.0),
            Outputs::Scores(scores) => (scores, f64::NAN),
            Outputs::Decisions(_) | Outputs::Values(_) => panic!("{spec} scores no classes"),
        };
        let expected = case["probabilities"].as_array().unwrap();
        assert_eq!(expected.len(), test.len());
        for (row, expected) in expected.iter().enumerate() {
            for (&class, expected) in used.iter().zip(numbers(expected)) {
                let found = scores[(row, class)];
                assert!(
                    (found - expected).abs() < bound,
                    "{spec}, row {row}: {found} for {expected}"
                );
            }
            assert!(sum.is_nan() || (scores.row(row).sum() - sum).abs() < 1e-9);
        }
    }
}
