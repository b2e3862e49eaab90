//! `sentire train`: features to a model.

use sentire::dataset::Dataset;
use sentire::error::Result;
use sentire::model::{Model, Normalize};
use sentire::output;

use crate::cli::Train;
use crate::cmd::{Console, Outcome, count};

pub fn run(args: &Train, console: &Console) -> Result<Outcome> {
    output::check(&args.output, console.force)?;
    output::check_apart(&args.output, &[&args.features])?;
    let data = Dataset::read(&[&args.features], &args.learn.label)?;
    warn(&data, &[args.normalize], console);
    let model = Model::train(&data, &args.learn.model, args.normalize, args.learn.seed)?;
    model.save(&args.output)?;
    let card = &model.card;
    let output = args.output.display();
    console.note(&format!(
        "{} trained on {} of {}, {} -> {output}; next: sentire predict RECORDING -m {output}",
        card.model,
        count(card.n, "recording"),
        count(card.speakers, "speaker"),
        count(card.classes.len(), "class"),
    ));
    Ok(Outcome::Done)
}

/// Says which recordings cannot be used as they are under `protocols`.
pub fn warn(data: &Dataset, protocols: &[Normalize], console: &Console) {
    if data.unlabelled > 0 {
        let recordings = count(data.unlabelled, "recording");
        console.note(&format!("note: {recordings} without a label left out"));
    }
    let speakerless = data.speakerless();
    if speakerless == 0 {
        return;
    }
    for normalize in protocols {
        let treatment = match normalize {
            Normalize::Corpus => "are treated as one speaker",
            Normalize::Speaker => "left out, since there is nothing to scale them by",
        };
        let recordings = count(speakerless, "recording");
        console.note(&format!(
            "warning: {recordings} without a speaker {treatment}"
        ));
    }
}
