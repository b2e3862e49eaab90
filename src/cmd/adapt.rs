//! `sentire adapt`: a model for one place.

use std::path::Path;

use sentire::error::{Error, Result};
use sentire::output;
use sentire::score;

use crate::cli::Adapt;
use crate::cmd::extract::{load_manifest, watched};
use crate::cmd::{Console, Outcome, count, load_predictor};

/// Stands for the model that is built in.
const BUILT_IN: &str = "default";

pub fn run(args: &Adapt, console: &Console) -> Result<Outcome> {
    let path = (args.model != Path::new(BUILT_IN)).then_some(args.model.as_path());
    let inputs: Vec<&Path> = path.into_iter().chain([args.input.as_path()]).collect();
    output::check_apart(&args.output, &inputs)?;
    output::check_free(&args.output, console.force)?;
    let segmentation = args.cut.segmentation()?;
    let mut predictor = load_predictor(path, console)?.with_limits(args.limits.limits()?);
    if let Some(segmentation) = segmentation {
        predictor = predictor.with_segmentation(segmentation);
    }
    if let Some(channel) = args.channel {
        predictor = predictor.with_channel(channel);
    }
    let manifest = load_manifest(&args.input, &args.output, console)?;
    let manifest = predictor.settings().lines_of(manifest);
    let (model, summary) = watched(&manifest, console, |on_event| {
        score::adapt(&manifest, &predictor, on_event)
    })?;
    model.save(&args.output)?;
    let adapted = model.card.adapted.as_ref().ok_or_else(|| {
        Error::Data("the adapted model does not say what it was adapted by".into())
    })?;
    let calibrated = match &adapted.figures {
        None => String::new(),
        Some(figures) => {
            let sure = match figures
                .sure
                .and_then(|sure| Some((sure.share, sure.accuracy?)))
            {
                Some((share, right)) => format!("sure of {share:.2}, {right:.2} of these right"),
                None => "sure of none".into(),
            };
            format!(
                ", calibrated by {}: UAR {:.3}, {sure}",
                count(adapted.labelled, "label"),
                figures.uar
            )
        }
    };
    let shown = args.output.display();
    console.note(&format!(
        "adapted by {} of {}{calibrated} -> {shown}; next: sentire score {} -m {shown}",
        count(adapted.rows, "row"),
        count(summary.recordings, "recording"),
        args.input.display()
    ));
    Ok(Outcome::after(summary.failed))
}
