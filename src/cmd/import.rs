//! `sentire import`: features of another program, as a table to train and evaluate on.

use sentire::catalogue::FeatureSet;
use sentire::corpus;
use sentire::error::{Error, Result};
use sentire::extract::{self, Declared};
use sentire::output;

use crate::cli::Import;
use crate::cmd::{Console, Outcome, count};

pub fn run(args: &Import, console: &Console) -> Result<Outcome> {
    let declared = declared(args)?;
    let is_parquet = args
        .output
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    if !is_parquet {
        return Err(Error::Usage(format!(
            "{}: expected a name that ends in .parquet, which keeps what the columns are",
            args.output.display()
        )));
    }
    output::check(&args.output, console.force)?;
    let mut inputs = vec![args.table.as_path()];
    inputs.extend(args.manifest.as_deref());
    output::check_apart(&args.output, &inputs)?;
    let scan = args.manifest.as_ref().map(corpus::open).transpose()?;
    if let (Some(scan), Some(path)) = (&scan, &args.manifest) {
        for finding in &scan.manifest.findings {
            console.note(&format!("note: {}: {finding}", path.display()));
        }
    }
    let manifest = scan.as_ref().map(|scan| &scan.manifest);
    let imported = extract::import(&args.table, manifest, &declared)?;
    for note in &imported.notes {
        console.note(&format!("note: {}: {note}", args.table.display()));
    }
    imported
        .table
        .write_encoded(&args.output, args.storage.encoding)?;
    console.note(&format!(
        "{} of {} -> {}; next: sentire evaluate {}",
        count(imported.table.rows(), "row"),
        count(imported.features, "feature"),
        args.output.display(),
        args.output.display()
    ));
    Ok(Outcome::Done)
}

/// What the columns are taken for.
fn declared(args: &Import) -> Result<Declared> {
    if let Some(names) = &args.features {
        return Ok(Declared::Sets(FeatureSet::parse_list(names)?));
    }
    let name = args.name.trim();
    if name.is_empty() || name.contains([',', '@']) || name.parse::<FeatureSet>().is_ok() {
        return Err(Error::Usage(format!(
            "--name {name}: expected a name without , and @ that is none of our sets (--features {name} declares that the columns are those of a set)"
        )));
    }
    Ok(Declared::Foreign(name.into()))
}
