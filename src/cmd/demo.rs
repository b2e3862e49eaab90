//! `sentire demo`: everything once, on the built-in corpus.

use std::path::Path;

use include_dir::{Dir, include_dir};
use sentire::corpus::Manifest;
use sentire::dataset::Dataset;
use sentire::error::{Error, Result};
use sentire::evaluate::{self, Protocol};
use sentire::extract::{self, Extraction, Settings};
use sentire::job::{Earlier, Job};
use sentire::model::{Model, ModelSpec, Normalize};
use sentire::output;
use sentire::predict::Predictor;
use sentire::table::Encoding;

use crate::cli::Demo;
use crate::cmd::{Console, Outcome, count, evaluate::write_report, extract::watched, predict};

/// Synthetic speech of 8 voices in 4 emotions; see its README.
static CORPUS: Dir = include_dir!("$CARGO_MANIFEST_DIR/corpora/demo");
const SEED: u64 = 0;
/// Marks a folder as the demo's own. Only in such a folder, or a new one, are files replaced.
const MARK: &str = ".sentire-demo";

pub fn run(args: &Demo, console: &Console) -> Result<Outcome> {
    let dir = &args.output;
    claim(dir)?;
    let recordings = dir.join("recordings");
    for file in CORPUS
        .files()
        .filter(|file| file.path().extension().is_none_or(|e| e != "py"))
    {
        output::write(&recordings.join(file.path()), file.contents())?;
    }
    let manifest = Manifest::read(&recordings.join("manifest.csv"))?;
    let settings = Settings::default();
    let features = dir.join("features.parquet");
    let job = Job::begin(&features, &settings.made_with(), Earlier::Replace)?;
    let extraction = Extraction {
        manifest: &manifest,
        settings: &settings,
        shard: None,
        encoding: Encoding::Plain,
    };
    let failures = extract::failures_path(&features);
    let summary = watched(&manifest, console, |on_event| {
        extract::run(&extraction, job, &failures, on_event)
    })?
    .unless_empty(&features)?;

    let data = Dataset::read(&[&features], "emotion")?;
    let spec = ModelSpec::default();
    let protocol = Protocol {
        importance: true,
        ..Protocol::default()
    };
    let evaluation = evaluate::evaluate(&data, &spec, &protocol)?;
    let report = evaluation.report.clone();
    let command = format!(
        "sentire evaluate {} --folds loso --model {spec}",
        features.display()
    );
    let report_folder = dir.join("report");
    write_report(&report_folder, &[evaluation], &command, Encoding::Plain)?;

    let model = Model::train(&data, &spec, Normalize::Train, SEED)?;
    let model_path = dir.join("model.sentire");
    model.save(&model_path)?;

    // The prediction is of a voice that the model has not heard: it is trained again without.
    let held_out = &manifest.utterances[0];
    let others: Vec<usize> = (0..data.len())
        .filter(|&row| data.speakers[row] != held_out.speaker)
        .collect();
    let without = Model::train(&data.select(&others), &spec, Normalize::Train, SEED)?;
    let predictor = Predictor::new(without)?;
    let recording = predictor.read(manifest.path(held_out), &mut predictor.extractor())?;
    let prediction = &predictor.predict(std::slice::from_ref(&recording))?[0];
    output::write(
        &dir.join("prediction.json"),
        predict::line(prediction, true).as_bytes(),
    )?;

    let shown = dir.display();
    console.print(&format!(
        "Demo on synthetic speech (espeak-ng): it shows the steps, not how people feel.\n\n\
         features    {}, {} -> {shown}/features.parquet\n\
         evaluation  each speaker recognised by a model trained on the others -> {shown}/report/report.html\n\n{}\n\
         model       {} -> {shown}/model.sentire\n\
         prediction  by a model that has not heard speaker {}:\n            {}\n\
         Next, on recordings of your own:\n  sentire corpus DIR -o manifest.csv\n  sentire extract manifest.csv\n  \
         sentire evaluate outputs/features.parquet\n",
        count(summary.recordings, "recording"),
        count(summary.features, "feature"),
        indent(&report.to_text()),
        model.card.trained,
        held_out.speaker.as_deref().unwrap_or("unknown"),
        predict::line(prediction, false),
    ))?;
    Ok(Outcome::Done)
}

/// Marks `dir` as the demo's; refuses a folder that holds anything else than an earlier demo.
fn claim(dir: &Path) -> Result<()> {
    let occupied = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied && !dir.join(MARK).exists() {
        return Err(Error::Usage(format!(
            "{}: holds something other than an earlier demo; choose another folder with -o",
            dir.display()
        )));
    }
    output::write(&dir.join(MARK), b"")
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.is_empty() {
                "\n".to_string()
            } else {
                format!("  {line}\n")
            }
        })
        .collect()
}
