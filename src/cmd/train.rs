//! `sentire train`: from features to a model.

use std::path::{Path, PathBuf};

use sentire::audit::{self, Finding};
use sentire::corpus::Layout;
use sentire::dataset::{Dataset, Target, Task};
use sentire::error::{Error, Result};
use sentire::evaluate::{self, Protocol};
use sentire::model::{self, Groups, LearnedValue, Model, ModelSpec, Normalize, TrainOptions};
use sentire::output;
use sentire::table::Table;

use crate::cli::{Learn, Train};
use crate::cmd::{Console, Outcome, count, read_table, say};

pub fn run(args: &Train, console: &Console) -> Result<Outcome> {
    output::check(&args.output, console.force)?;
    let inputs: Vec<&Path> = args.features.iter().map(PathBuf::as_path).collect();
    output::check_apart(&args.output, &inputs)?;
    let data = read(&args.features, &args.learn, console)?;
    warn(&data, &args.learn.spec(), &[args.normalize], console);
    // Training holds speakers out of inner folds, as far as there are several.
    let findings = match model::participants(&data, args.normalize)?.speaker_count() {
        1 => audit::audit(&data, &[]),
        _ => evaluate::leakage(&data, &protocol(&args.learn, args.normalize))?,
    };
    tell(&findings, console);
    audit::refuse(&findings, args.learn.allow_leakage)?;
    let mut model = train(
        &data,
        &args.learn,
        args.normalize,
        folds_of(args, &data, console)?,
    )?;
    for table in &args.unseen {
        let unseen = read(std::slice::from_ref(table), &args.learn, console)?;
        if let Some(name) = unseen
            .corpora
            .iter()
            .find(|name| data.corpora.contains(name))
        {
            return Err(Error::Usage(format!(
                "{}: --unseen wants a corpus that is not learned from, and {name} is",
                table.display()
            )));
        }
        let name = match unseen.corpora.is_empty() {
            true => table
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            false => unseen.corpora.join(", "),
        };
        let figures = model.figures_on(&unseen, args.learn.seed)?;
        model.card.unseen.insert(name, figures);
    }
    for (corpus, terms) in &args.licence {
        if !model.card.corpora.contains(corpus) {
            return Err(Error::Usage(format!(
                "--licence {corpus}=...: is no training corpus; these are {}",
                model.card.corpora.join(", ")
            )));
        }
        model.card.licences.insert(corpus.clone(), terms.clone());
    }
    if let Some(text) = &args.intended_use {
        model.card.intended_use.clone_from(text);
    }
    model.save(&args.output)?;
    let card = &model.card;
    let output = args.output.display();
    let held_out = match (&card.held_out, model.targets()) {
        (Some(figures), _) => format!(
            ", UAR {:.3} on training {}",
            figures.uar,
            match card.held_out_by {
                Groups::Speakers => format!("speakers held out in {} groups", figures.folds),
                Groups::Corpora => format!("corpora, {} of them, held out in turn", figures.folds),
            }
        ),
        (None, targets) => {
            let ccc = |target: &LearnedValue| {
                let figures = target.held_out.as_ref()?;
                Some(format!("{:.3} ({})", figures.ccc, target.name))
            };
            let cccs: Vec<String> = targets.iter().filter_map(ccc).collect();
            match cccs.is_empty() {
                true => String::new(),
                false => format!(", CCC {} on training speakers held out", cccs.join(", ")),
            }
        }
    };
    let learned = match model.targets() {
        [] => count(card.classes.len(), "class"),
        targets => count(targets.len(), "number"),
    };
    console.note(&format!(
        "{} trained on {} of {}, {learned}{held_out} -> {output}; next: sentire predict RECORDING -m {output}",
        card.trained,
        count(card.n, "recording"),
        count(card.speakers, "speaker"),
    ));
    Ok(Outcome::Done)
}

/// What inner folds hold out. Corpora that are scaled whole are held out whole.
fn folds_of(args: &Train, data: &Dataset, console: &Console) -> Result<Groups> {
    let is_batch = args.normalize == Normalize::Batch;
    match (args.folds, data.corpora.len()) {
        (Some(Groups::Corpora), n @ ..2) => Err(Error::Usage(format!(
            "--folds corpus holds out one corpus at a time, and the tables name {n} in the column `corpus`; expected at least two"
        ))),
        (Some(Groups::Speakers), 2..) if is_batch => Err(Error::Usage(
            "--folds speaker: with --normalize batch speakers would be scaled together with those of the training; expected corpus".into(),
        )),
        (Some(groups), _) => Ok(groups),
        (None, 2..) if is_batch => Ok(Groups::Corpora),
        (None, _) => {
            if is_batch {
                console.note(
                    "warning: one corpus, scaled whole: its figures are of speakers scaled together with those of the training, and say \
                     little of other corpora",
                );
            }
            Ok(Groups::Speakers)
        }
    }
}

/// Trains, and puts into the card what is known of the corpora.
pub fn train(data: &Dataset, learn: &Learn, normalize: Normalize, folds: Groups) -> Result<Model> {
    let options = TrainOptions {
        normalize,
        inner: folds,
        balance: learn.balance,
        seed: learn.seed,
    };
    let mut model = Model::train_with(data, &learn.spec(), &options)?;
    let licence = |name: &String| {
        let layout = Layout::all().iter().find(|layout| layout.name() == name)?;
        Some((name.clone(), layout.licence()?.to_string()))
    };
    model.card.licences = model.card.corpora.iter().filter_map(licence).collect();
    Ok(model)
}

/// The labelled rows of tables, with the classes that were asked for.
pub fn read(paths: &[PathBuf], learn: &Learn, console: &Console) -> Result<Dataset> {
    let tables = paths.iter().map(|path| read_table(path, console));
    let tables: Vec<Table> = tables.collect::<Result<_>>()?;
    let named: Vec<(&Path, &Table)> = paths.iter().map(PathBuf::as_path).zip(&tables).collect();
    let data = Dataset::from_tables(&named, learn.label_spec())?;
    if let Target::Values(values) = &data.target
        && learn.task == Task::Auto
    {
        console.note(&format!(
            "note: `{}` {} learned as {} (--task classes learns classes)",
            values.names.join("`, `"),
            if values.names.len() == 1 { "is" } else { "are" },
            if values.names.len() == 1 {
                "a number"
            } else {
                "numbers"
            },
        ));
    }
    if data.has_shares() && learn.task == Task::Auto {
        console.note(&format!(
            "note: `{}` is empty; the shares of raters in the columns `p_<class>` are learned (--task classes learns words)",
            data.label
        ));
    }
    data.with_classes_mapped(&learn.map)
}

/// One speaker left out at a time, as `learn` has it otherwise.
pub fn protocol(learn: &Learn, normalize: Normalize) -> Protocol {
    Protocol {
        normalize,
        balance: learn.balance,
        seed: learn.seed,
        allow_leakage: learn.allow_leakage,
        ..Protocol::default()
    }
}

/// Prints what the leakage audit found; errors even when quiet.
pub fn tell(findings: &[Finding], console: &Console) {
    for finding in findings {
        match finding.is_error {
            true => say(&format!("leakage: {}", finding.message)),
            false => console.note(&format!("warning: {}", finding.message)),
        }
    }
}

/// Says which feature groups the model does without, and which recordings are left out under `protocols`.
pub fn warn(data: &Dataset, spec: &ModelSpec, protocols: &[Normalize], console: &Console) {
    // What cannot be used at all is an error later.
    let usable = spec.for_features(&data.feature_names);
    if let Some(usable) = usable.ok().filter(|usable| usable != spec) {
        console.note(&format!(
            "note: the table lacks some feature groups that the model can use; it is trained as {usable} (extract with --features default for all)"
        ));
    }
    if data.unlabelled > 0 {
        let recordings = count(data.unlabelled, "recording");
        console.note(&format!("note: {recordings} without a label left out"));
    }
    let speakerless = data.speakerless();
    if speakerless > 0 && protocols.contains(&Normalize::Speaker) {
        let recordings = count(speakerless, "recording");
        console.note(&format!(
            "warning: {recordings} without a speaker left out under --normalize speaker: there is nothing to scale them by"
        ));
    }
}
