//! What must hold of an evaluation whatever the table is: windows, several corpora, missing labels and speakers, classes
//! of any size, 1 to 400 features, nulls and constant columns.
//!
//! 64 tables for each property, or as many as `SENTIRE_CASES` says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sentire::dataset::{Dataset, Row};
use sentire::evaluate::{self, Evaluation, FoldSpec, OutOfFold, Protocol};
use sentire::model::{self, Balance, CalibratedPipeline, ModelSpec, Normalize};
use sentire::split::{self, PARTS, Shares};
use sentire::table::{Column, FEATURES_KEY, Part, Table};

fn cases() -> ProptestConfig {
    let asked = std::env::var("SENTIRE_CASES").ok();
    let asked = asked.map(|n| n.parse().expect("SENTIRE_CASES is a number of cases"));
    ProptestConfig {
        // The same tables in every run: those that are new come with more of them.
        rng_seed: RngSeed::Fixed(0),
        failure_persistence: None,
        ..ProptestConfig::with_cases(asked.unwrap_or(64))
    }
}

/// What a generated table is like.
#[derive(Debug, Clone)]
struct Shape {
    /// Speakers of each corpus, who bear the same names in all.
    speakers: usize,
    corpora: usize,
    recordings: usize,
    /// Most windows of a recording.
    windows: usize,
    classes: usize,
    features: usize,
    /// Shares of recordings without a label, a speaker and a corpus, and of features that are null.
    unlabelled: f64,
    speakerless: f64,
    corpusless: f64,
    null: f64,
    seed: u64,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let share = || prop_oneof![Just(0.0), 0.05..0.4];
    let features = prop_oneof![4 => 1_usize..20, 1 => 20_usize..=400];
    let counts = (2_usize..5, 1_usize..4, 8_usize..28, 1_usize..4, 2_usize..5);
    let shares = (share(), share(), share(), share());
    (counts, features, shares, any::<u64>()).prop_map(|(counts, features, shares, seed)| Shape {
        speakers: counts.0,
        corpora: counts.1,
        recordings: counts.2,
        windows: counts.3,
        classes: counts.4,
        features,
        unlabelled: shares.0,
        speakerless: shares.1,
        corpusless: shares.2,
        null: shares.3,
        seed,
    })
}

/// How a protocol holds speakers out; of what a table does not have, the first.
fn protocols() -> impl Strategy<Value = Protocol> {
    let folds = prop_oneof![
        Just(FoldSpec::Loso),
        (2_usize..4).prop_map(FoldSpec::K),
        Just(FoldSpec::Split),
        Just(FoldSpec::Corpus),
        Just(FoldSpec::TestCorpus("corpus 1".into())),
    ];
    let normalize = prop_oneof![
        Just(Normalize::Train),
        Just(Normalize::Speaker),
        Just(Normalize::Batch)
    ];
    let balance = prop_oneof![Just(Balance::Class), Just(Balance::CorpusAndClass)];
    (folds, normalize, balance, 0_u64..10).prop_map(|(folds, normalize, balance, seed)| Protocol {
        folds: match (normalize, folds) {
            (Normalize::Batch, FoldSpec::Loso | FoldSpec::K(_) | FoldSpec::Split) => {
                FoldSpec::Corpus
            }
            (_, folds) => folds,
        },
        normalize,
        balance,
        seed,
        // Few features, or constant ones, make equal rows, which the audit takes for one recording on two sides.
        allow_leakage: true,
        importance: false,
    })
}

/// Learners that learn fast, and of these those that find their one optimum to the last digits. A support vector machine
/// stops within 1e-3 of it: where speakers have one recording each and are scaled by it, all decisions are smaller than
/// that, and no answer but one of equals.
const FAST: [&str; 3] = ["ridge", "logistic:c=1", "svm:kernel=linear,c=0.1"];
const EXACT: [&str; 2] = ["ridge", "logistic:c=1"];

fn specs(of: &'static [&'static str]) -> impl Strategy<Value = ModelSpec> {
    prop::sample::select(of).prop_map(|spec| spec.parse().unwrap())
}

/// What a recording of a generated table is.
struct Recording {
    corpus: Option<String>,
    speaker: Option<String>,
    class: Option<usize>,
    windows: usize,
}

/// Recordings of a shape. The first four of each corpus are of two speakers and two classes, so that there is something to
/// learn when one of either is held out.
fn recordings(shape: &Shape, random: &mut ChaCha8Rng) -> Vec<Recording> {
    let all = shape.recordings.max(4 * shape.corpora);
    let recording = |number: usize| {
        let is_given = number < 4 * shape.corpora;
        let corpus = match is_given {
            true => number / 4,
            false => random.gen_range(0..shape.corpora),
        };
        let (speaker, class) = match is_given {
            true => (number / 2 % 2, number % 2),
            // Of the first classes there are more.
            false => (
                random.gen_range(0..shape.speakers),
                (random.gen_range(0.0_f64..1.0).powi(2) * shape.classes as f64) as usize,
            ),
        };
        let mut is_there = |share: f64| !random.gen_bool(share) || is_given;
        Recording {
            corpus: is_there(shape.corpusless).then(|| format!("corpus {corpus}")),
            speaker: is_there(shape.speakerless).then(|| format!("speaker {speaker}")),
            class: is_there(shape.unlabelled).then_some(class),
            windows: random.gen_range(1..=shape.windows),
        }
    };
    (0..all).map(recording).collect()
}

/// The values of a feature: classes and speakers differ in it, or it is constant, or null, or of another size.
fn feature(rows: &[&Recording], null: f64, random: &mut ChaCha8Rng) -> Vec<f32> {
    let (kind, class_of_feature) = (random.gen_range(0..8), random.gen_range(0..3));
    let value = |recording: &&Recording| {
        let is_class = recording.class == Some(class_of_feature);
        let number = recording
            .speaker
            .as_ref()
            .and_then(|name| name.bytes().last());
        let offset = number.unwrap_or(0) % 3;
        let noise: f32 = random.gen_range(-1.0..1.0);
        let value = noise + f32::from(offset) + if is_class { 1.5 } else { 0.0 };
        match kind {
            _ if random.gen_bool(null) => f32::NAN,
            0 => 3.25,
            1 => f32::NAN,
            2 => 1e6 * value,
            3 => value.round(),
            4 => 1e-6 * value + 100.0,
            _ => value,
        }
    };
    rows.iter().map(value).collect()
}

fn table(shape: &Shape) -> Table {
    let mut random = ChaCha8Rng::seed_from_u64(shape.seed);
    let recordings = recordings(shape, &mut random);
    let numbered = recordings.iter().enumerate();
    let mut rows: Vec<(usize, usize)> = numbered
        .flat_map(|(number, recording)| (0..recording.windows).map(move |w| (number, w)))
        .collect();
    if random.gen_bool(0.5) {
        rows.shuffle(&mut random);
    }
    let of_rows: Vec<&Recording> = rows
        .iter()
        .map(|&(number, _)| &recordings[number])
        .collect();
    // Two recordings are parts of one file.
    let files = rows
        .iter()
        .map(|(number, _)| Some(format!("{}.wav", number / 2)));
    let start_s = |number: usize| (number % 2) as f64 * 60.0;
    let times = |of: &dyn Fn(usize, usize) -> f64| {
        Column::Double(rows.iter().map(|&(number, w)| of(number, w)).collect())
    };
    let words = |of: &dyn Fn(&Recording) -> Option<String>| {
        Column::Text(of_rows.iter().map(|recording| of(recording)).collect())
    };
    let mut columns = vec![
        ("file".to_string(), Column::Text(files.collect())),
        ("start".into(), times(&|n, w| start_s(n) + w as f64)),
        ("end".into(), times(&|n, w| start_s(n) + w as f64 + 1.0)),
        (
            "corpus".into(),
            words(&|recording| recording.corpus.clone()),
        ),
        (
            "speaker".into(),
            words(&|recording| recording.speaker.clone()),
        ),
        (
            "emotion".into(),
            words(&|recording| Some(format!("class {}", recording.class?))),
        ),
    ];
    if shape.windows > 1 {
        columns.push(("utterance_start".into(), times(&|n, _| start_s(n))));
        columns.push(("utterance_end".into(), times(&|n, _| start_s(n) + 60.0)));
    }
    let names: Vec<String> = (0..shape.features).map(|f| format!("f{f}")).collect();
    for name in &names {
        let values = feature(&of_rows, shape.null, &mut random);
        columns.push((name.clone(), Column::Float(values)));
    }
    let names = serde_json::to_string(&names).unwrap();
    Table {
        columns,
        metadata: [(FEATURES_KEY.to_string(), names)].into(),
    }
}

/// The labelled rows of a table, divided by speakers into the parts that the column `split` has.
fn dataset(table: &Table) -> Dataset {
    let mut data = Dataset::new(table, "emotion").unwrap();
    let shares = Shares::new(0.6, 0.0, 0.4).unwrap();
    // Protocol B leaves unknown speakers out: known ones are to be in both parts.
    let known = |row: &usize| data.speakers[*row].is_some();
    let known: Vec<usize> = (0..data.len()).filter(known).collect();
    let speakers: Vec<_> = known
        .iter()
        .map(|&row| data.speakers[row].clone())
        .collect();
    let parts = split::parts(&speakers, &[], &shares, 1).unwrap();
    for (&row, part) in known.iter().zip(parts) {
        data.rows[row].split = Some(PARTS[part].into());
    }
    data
}

/// Which recording a row is of.
fn key(row: &Row) -> Part {
    // Without windows each row is a recording, and those of a file begin at different times.
    row.recording.clone()
}

/// The rows that an evaluation uses, ready to be learned from: under protocol B those of known speakers, and where corpora
/// are held out those of classes that they share.
fn usable(data: &Dataset, protocol: &Protocol) -> Dataset {
    let known = model::participants(data, protocol.normalize).unwrap();
    let prepared = model::scaled(&known, protocol.normalize).into_owned();
    let classes_of = |is_of: &dyn Fn(&str) -> bool| -> BTreeSet<usize> {
        let rows = (0..prepared.len()).filter(|&row| {
            let corpus = prepared.rows[row].corpus.as_deref();
            corpus.is_some_and(is_of)
        });
        rows.map(|row| prepared.y()[row]).collect()
    };
    let shared: BTreeSet<usize> = match &protocol.folds {
        FoldSpec::Corpus => {
            let corpora = prepared.corpora.iter();
            let each = corpora.map(|name| classes_of(&|corpus| corpus == name));
            each.reduce(|a, b| &a & &b).unwrap()
        }
        FoldSpec::TestCorpus(name) => {
            &classes_of(&|corpus| corpus == name) & &classes_of(&|corpus| corpus != name)
        }
        _ => return prepared,
    };
    let is_used =
        |&row: &usize| shared.contains(&prepared.y()[row]) && prepared.rows[row].corpus.is_some();
    let rows: Vec<usize> = (0..prepared.len()).filter(is_used).collect();
    prepared.select(&rows).without_empty_classes()
}

/// Rows to train on and rows to test on.
struct Sides {
    train: Vec<usize>,
    test: Vec<usize>,
}

/// The sides of each fold, by its name: the tested recordings as the evaluation says, and all others, or where the table
/// says which, those.
fn sides(data: &Dataset, evaluation: &Evaluation, folds: &FoldSpec) -> BTreeMap<String, Sides> {
    let predictions = evaluation.predictions.iter();
    let tested_in: HashMap<_, &str> = predictions
        .map(|said| (key(&said.row), said.fold.as_str()))
        .collect();
    let names = evaluation.report.folds.iter().map(|fold| &fold.name);
    names
        .map(|name| {
            let is_tested =
                |row: &usize| tested_in.get(&key(&data.rows[*row])) == Some(&name.as_str());
            let (test, mut train): (Vec<usize>, Vec<usize>) = (0..data.len()).partition(is_tested);
            if *folds == FoldSpec::Split {
                train.retain(|&row| data.rows[row].split.as_deref() == Some("train"));
            }
            (name.clone(), Sides { train, test })
        })
        .collect()
}

/// An evaluation, or `None` where there are fewer corpora, or speakers, than are to be held out, or a fold has one class
/// to train on.
fn evaluated(data: &Dataset, spec: &ModelSpec, protocol: &Protocol) -> Option<Evaluation> {
    match evaluate::evaluate(data, spec, protocol) {
        Ok(evaluation) => Some(evaluation),
        Err(error) => {
            let said = error.to_string();
            let holds_corpora =
                matches!(protocol.folds, FoldSpec::Corpus | FoldSpec::TestCorpus(_));
            if let Err(refused) = spec.check_balance(&data.target, protocol.balance) {
                assert_eq!(refused.to_string(), said);
                return None;
            }
            let fine = match protocol.folds {
                FoldSpec::K(k) => {
                    let known = model::participants(data, protocol.normalize).unwrap();
                    known.speaker_count() < k && said.contains("speaker")
                        || said.contains("the training rows hold one class only")
                }
                FoldSpec::Split => said.contains("the training rows hold one class only"),
                _ if holds_corpora => data.corpora.len() < 2 && said.contains("at least two"),
                _ => false,
            };
            assert!(fine, "{said}");
            None
        }
    }
}

/// The mean of the recalls of classes that occur.
fn uar(data: &Dataset, evaluation: &Evaluation) -> f64 {
    let recalls = (0..data.classes().len()).filter_map(|class| {
        let of_class = evaluation
            .predictions
            .iter()
            .filter(|said| said.truth == class);
        let (right, all) = of_class.fold((0, 0), |(right, all), said| {
            (right + usize::from(said.predicted == class), all + 1)
        });
        (all > 0).then(|| right as f64 / all as f64)
    });
    let recalls: Vec<f64> = recalls.collect();
    recalls.iter().sum::<f64>() / recalls.len() as f64
}

fn bytes(data: &Dataset, train: &[usize], spec: &ModelSpec, protocol: &Protocol) -> Vec<u8> {
    let (trained, _) =
        CalibratedPipeline::fit(data, train, spec, &protocol.train_options()).unwrap();
    postcard::to_stdvec(&trained).unwrap()
}

proptest! {
    #![proptest_config(cases())]

    /// Every usable recording is tested once, or if the table says so, or if it is of the corpus that is held out; what it
    /// is called is what a model says that was trained on the other side alone, which shares no speaker, no recording and,
    /// where corpora are held out, no corpus with it. UAR counts recordings.
    #[test]
    fn recordings_are_tested_once_by_a_model_of_the_other_side(
        shape in shapes(),
        protocol in protocols(),
        spec in specs(&FAST),
    ) {
        let data = dataset(&table(&shape));
        let Some(evaluation) = evaluated(&data, &spec, &protocol) else {
            return Ok(());
        };
        let data = usable(&data, &protocol);
        let is_to_be_tested = |row: &Row| match &protocol.folds {
            FoldSpec::Split => row.split.as_deref() == Some("test"),
            FoldSpec::TestCorpus(name) => row.corpus.as_ref() == Some(name),
            _ => true,
        };
        let expected: BTreeSet<_> = data.rows.iter().filter(|row| is_to_be_tested(row)).map(key).collect();
        let tested: Vec<_> = evaluation.predictions.iter().map(|said| key(&said.row)).collect();
        prop_assert_eq!(tested.len(), expected.len());
        prop_assert_eq!(tested.into_iter().collect::<BTreeSet<_>>(), expected);

        let folds = sides(&data, &evaluation, &protocol.folds);
        prop_assert_eq!(folds.len(), evaluation.report.folds.len());
        for fold in &evaluation.report.folds {
            let Sides { train, test } = &folds[&fold.name];
            prop_assert!(!train.is_empty() && !test.is_empty());
            let of = |rows: &[usize]| -> BTreeSet<usize> { rows.iter().map(|&row| data.recordings[row]).collect() };
            prop_assert!(of(train).is_disjoint(&of(test)));
            prop_assert_eq!((fold.train, fold.test), (of(train).len(), of(test).len()));
            for &row in test {
                // Nobody knows whether the unknown of two corpora are one.
                let by_corpora = matches!(protocol.folds, FoldSpec::Corpus | FoldSpec::TestCorpus(_));
                let may_return = by_corpora && data.speakers[row].is_none();
                let other = |&other: &usize| data.speakers[other] != data.speakers[row] || may_return;
                prop_assert!(train.iter().all(other), "{:?} on both sides", data.speakers[row]);
                let other = |&other: &usize| data.rows[other].corpus != data.rows[row].corpus;
                prop_assert!(!by_corpora || train.iter().all(other));
            }
            let (trained, _) = CalibratedPipeline::fit(&data, train, &spec, &protocol.train_options()).unwrap();
            let recordings = data.by_recording(test);
            let p = trained.probabilities(data.view(), &recordings);
            let of_fold = evaluation.predictions.iter().filter(|said| said.fold == fold.name);
            let said: HashMap<_, &Vec<f64>> = of_fold.map(|said| (key(&said.row), &said.probabilities)).collect();
            for (recording, p) in recordings.iter().zip(p.rows()) {
                prop_assert_eq!(said[&key(&data.rows[recording[0]])], &p.to_vec());
            }
        }
        prop_assert_eq!(evaluation.report.n, evaluation.predictions.len());
        prop_assert!((evaluation.report.uar - uar(&data, &evaluation)).abs() < 1e-12);
    }

    /// A fold's model is to the byte the one that its training rows alone make, whatever the labels and features of others
    /// are: so scaling, too, is fitted on these.
    #[test]
    fn no_row_but_those_of_the_training_changes_a_byte_of_a_model(
        shape in shapes(),
        protocol in protocols(),
        spec in specs(&FAST),
        seed in any::<u64>(),
    ) {
        let data = dataset(&table(&shape));
        let Some(evaluation) = evaluated(&data, &spec, &protocol) else {
            return Ok(());
        };
        let used = usable(&data, &protocol);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let folds: Vec<Sides> = sides(&used, &evaluation, &protocol.folds).into_values().collect();
        let Sides { train, .. } = folds.choose(&mut random).unwrap();
        let expected = bytes(&used, train, &spec, &protocol);

        let alone = used.select(train);
        let all: Vec<usize> = (0..alone.len()).collect();
        prop_assert!(bytes(&alone, &all, &spec, &protocol) == expected);

        // Under protocols B and C the features are changed before speakers, or corpora, are scaled by their own; those of one speaker
        // are on one side, and those of one corpus where corpora are held out.
        let trained_on: BTreeSet<_> = train.iter().map(|&row| key(&used.rows[row])).collect();
        let mut changed = data.clone();
        for row in 0..data.len() {
            let is_of_trained = |speaker: &Option<String>| {
                train.iter().any(|&row| used.speakers[row] == *speaker)
            };
            let is_of_trained_corpus = |corpus: &Option<String>| {
                train.iter().any(|&row| used.rows[row].corpus == *corpus)
            };
            let scales = match protocol.normalize {
                Normalize::Train => false,
                Normalize::Speaker => is_of_trained(&data.speakers[row]),
                Normalize::Batch => is_of_trained_corpus(&data.rows[row].corpus),
            };
            if !trained_on.contains(&key(&data.rows[row])) && !scales {
                let absurd = [f32::NAN, -1e9, 1e9][random.gen_range(0..3)];
                changed.x.row_mut(row).fill(absurd);
            }
        }
        let mut changed = usable(&changed, &protocol);
        for row in 0..changed.len() {
            if !trained_on.contains(&key(&changed.rows[row])) {
                changed.classes_mut().y[row] = random.gen_range(0..data.classes().len());
            }
        }
        prop_assert!(bytes(&changed, train, &spec, &protocol) == expected);
    }

    #[test]
    fn threads_change_nothing(shape in shapes(), protocol in protocols(), spec in specs(&FAST)) {
        let data = dataset(&table(&shape));
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let evaluation = pool.install(|| evaluated(&data, &spec, &protocol))?;
            let report = serde_json::to_string(&evaluation.report).unwrap();
            let said = evaluation.predictions.into_iter().map(|said| (said.predicted, said.probabilities));
            Some((report, said.collect::<Vec<_>>()))
        };
        prop_assert_eq!(with(1), with(3));
    }

    /// The order of rows changes the last bits of sums, and so answers between classes that are as good as equally
    /// probable, but no others. Of few answers calibration may have learned that even such are mostly right: then one class
    /// is said as surely as the other was.
    #[test]
    fn the_order_of_rows_changes_no_answer(
        shape in shapes(),
        protocol in protocols(),
        spec in specs(&EXACT),
        seed in any::<u64>(),
    ) {
        let data = dataset(&table(&shape));
        let mut order: Vec<usize> = (0..data.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let other = evaluated(&data.select(&order), &spec, &protocol);
        let (Some(one), Some(other)) = (evaluated(&data, &spec, &protocol), other) else {
            return Ok(());
        };
        prop_assert_eq!(one.predictions.len(), other.predictions.len());
        let said: HashMap<_, _> = other.predictions.iter().map(|said| (key(&said.row), said)).collect();
        let mut are_same = true;
        for a in &one.predictions {
            let b = said[&key(&a.row)];
            prop_assert_eq!((a.truth, &a.fold), (b.truth, &b.fold));
            let lead = |said: &OutOfFold| said.probabilities[a.predicted] - said.probabilities[b.predicted];
            let is_mirrored = (lead(a) + lead(b)).abs() < CLOSE && lead(a) < MIRRORED;
            let is_tie = lead(a).min(-lead(b)) < CLOSE || is_mirrored;
            prop_assert!(is_tie, "{:?} {:?}", a.probabilities, b.probabilities);
            are_same &= a.predicted == b.predicted;
        }
        prop_assert!(!are_same || one.report.uar == other.report.uar);
    }

    /// An unknown speaker is one more under protocol A; under protocol B their recordings are left out and counted.
    #[test]
    fn unknown_speakers_are_one_or_left_out(shape in shapes(), seed in 0_u64..10) {
        let spec = "ridge".parse().unwrap();
        let data = dataset(&table(&shape));
        let protocol = |normalize| Protocol { normalize, seed, allow_leakage: true, ..Protocol::default() };
        let a = evaluated(&data, &spec, &protocol(Normalize::Train)).unwrap();
        let unknown = |evaluation: &Evaluation| {
            let unknown = evaluation.predictions.iter().filter(|said| said.speaker.is_none());
            unknown.map(|said| (key(&said.row), said.fold.clone())).collect::<BTreeMap<_, _>>()
        };
        let of_unknown = data.rows.iter().zip(&data.speakers).filter(|(_, speaker)| speaker.is_none());
        let expected: BTreeMap<_, _> = of_unknown.map(|(row, _)| (key(row), "unknown".to_string())).collect();
        prop_assert_eq!(unknown(&a), expected.clone());
        let in_fold = a.predictions.iter().filter(|said| said.fold == "unknown");
        prop_assert_eq!(in_fold.count(), expected.len());
        prop_assert_eq!((a.report.speakerless, a.report.left_out), (expected.len(), data.unlabelled));

        let b = evaluated(&data, &spec, &protocol(Normalize::Speaker)).unwrap();
        prop_assert!(unknown(&b).is_empty());
        prop_assert_eq!(b.report.left_out, data.unlabelled + expected.len());
        prop_assert_eq!(b.report.n + expected.len(), a.report.n);
    }

    /// Rows without a label change no figure, be they of speakers that there are, or of another corpus.
    #[test]
    fn rows_without_a_label_change_no_figure(
        shape in shapes(),
        protocol in protocols(),
        spec in specs(&FAST),
        seed in any::<u64>(),
    ) {
        let shape = Shape { unlabelled: 0.0, ..shape };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let labelled = table(&shape);
        let n = labelled.rows();
        // Copies of rows, of other recordings, among the others; their features are absurd.
        let added = random.gen_range(1..4);
        let mut order: Vec<usize> = (0..n + added).collect();
        order.shuffle(&mut random);
        let from: Vec<usize> = order.iter().map(|&place| if place < n { place } else { (place * 7) % n }).collect();
        let is_new: Vec<bool> = order.iter().map(|&place| place >= n).collect();
        let mut longer = Table {
            columns: labelled.columns.iter().map(|(name, column)| (name.clone(), column.select(&from))).collect(),
            metadata: labelled.metadata.clone(),
        };
        let is_elsewhere = random.gen_bool(0.3);
        for (name, column) in &mut longer.columns {
            for place in (0..from.len()).filter(|&place| is_new[place]) {
                match column {
                    Column::Text(words) => match name.as_str() {
                        "file" => words[place] = Some(format!("new {place}.wav")),
                        "emotion" => words[place] = None,
                        "corpus" if is_elsewhere => words[place] = Some("elsewhere".into()),
                        _ => (),
                    },
                    Column::Float(values) => values[place] = 1e9,
                    _ => (),
                }
            }
        }
        // The same rows in that order, without those.
        let old: Vec<usize> = (0..from.len()).filter(|&place| !is_new[place]).collect();
        let shorter = Table {
            columns: longer.columns.iter().map(|(name, column)| (name.clone(), column.select(&old))).collect(),
            metadata: longer.metadata.clone(),
        };
        let one = evaluated(&dataset(&shorter), &spec, &protocol);
        let other = evaluated(&dataset(&longer), &spec, &protocol);
        prop_assert_eq!(one.is_some(), other.is_some());
        if let (Some(one), Some(mut other)) = (one, other) {
            prop_assert_eq!(other.report.left_out, one.report.left_out + added);
            other.report.left_out = one.report.left_out;
            prop_assert_eq!(&other.predictions, &one.predictions);
            let text = |evaluation: &Evaluation| serde_json::to_string(&evaluation.report).unwrap();
            prop_assert_eq!(text(&other), text(&one));
        }
    }

    /// A division into parts splits no speaker, and so no recording, whatever shares and words are asked for.
    #[test]
    fn parts_split_no_speaker(shape in shapes(), shares in (0.1_f64..0.8, 0.0_f64..0.2), seed in any::<u64>()) {
        let data = dataset(&table(&shape));
        let shares = Shares::new(shares.0, shares.1, 1.0 - shares.0 - shares.1).unwrap();
        let labels = data.labels().into_iter().map(Some).collect();
        let Ok(parts) = split::parts(&data.speakers, &[labels], &shares, seed) else {
            prop_assert!(data.speaker_count() < 3);
            return Ok(());
        };
        let (mut of_speakers, mut of_recordings) = (HashMap::new(), HashMap::new());
        for (row, &part) in parts.iter().enumerate() {
            prop_assert_eq!(*of_speakers.entry(&data.speakers[row]).or_insert(part), part);
            prop_assert_eq!(*of_recordings.entry(data.recordings[row]).or_insert(part), part);
        }
    }
}

/// Classes whose probabilities differ by less are as good as equally probable.
const CLOSE: f64 = 1e-2;
/// By how much a class may lead that another order of rows says to trail as far.
const MIRRORED: f64 = 0.2;
