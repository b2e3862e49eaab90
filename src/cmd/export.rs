//! `sentire export`: from a table to what charts and other programs need.

use std::path::Path;

use sentire::corpus::manifest::timedelta;
use sentire::error::{Error, Result};
use sentire::output;
use sentire::table::schema::{END, OF_WINDOWS, START};
use sentire::table::{Column, Encoding, Table};

use crate::cli::Export;
use crate::cmd::{Console, Outcome, count, read_table};

pub fn run(args: &Export, console: &Console) -> Result<Outcome> {
    let by = args.partition_by.as_deref();
    let target = Target::new(&args.output, by, args.storage.encoding, console.force)?;
    let mut inputs = vec![args.table.as_path()];
    inputs.extend(args.join.as_deref());
    output::check_apart(&args.output, &inputs)?;
    let mut table = read_table(&args.table, console)?;
    if let Some(other) = &args.join {
        table = super::joined(&table, &read_table(other, console)?)?;
    }
    if !args.columns.is_empty() {
        table = table.matching(&args.columns)?;
    }
    if args.timedelta {
        let is_csv = args
            .output
            .extension()
            .is_some_and(|ext| ext.eq_ignore_ascii_case("csv"));
        if !is_csv {
            return Err(Error::Usage(
                "--timedelta is for CSV; other tables keep times as numbers of seconds".into(),
            ));
        }
        write_out_times(&mut table);
    }
    rename(&mut table, &args.rename)?;
    if args.long {
        table = super::stacked(&table)?;
    }
    target.write(&table)?;
    console.note(&format!(
        "{} of {} -> {}",
        count(table.rows(), "row"),
        count(table.flat().count(), "column"),
        args.output.display()
    ));
    Ok(Outcome::Done)
}

/// Writes the times of rows out as pandas does.
fn write_out_times(table: &mut Table) {
    for (name, column) in &mut table.columns {
        if let Column::Double(seconds) = column
            && [START, END, OF_WINDOWS[0], OF_WINDOWS[1]].contains(&name.as_str())
        {
            let times = seconds.iter().map(|&s| s.is_finite().then(|| timedelta(s)));
            *column = Column::Text(times.collect());
        }
    }
}

/// Gives columns other names, all at once. Those that are not there, and names that two would have, are errors.
fn rename(table: &mut Table, names: &[(String, String)]) -> Result<()> {
    let refused = |(from, to): &(String, String), reason: &str| {
        Err(Error::Usage(format!("--rename {from}={to}: {reason}")))
    };
    let features = table.feature_names().unwrap_or_default();
    for pair in names {
        if pair.1.is_empty() {
            return refused(pair, "expected a name behind =");
        }
        if features.contains(&pair.0) {
            return refused(
                pair,
                "a feature keeps its name, by which other commands know it",
            );
        }
        if table.column(&pair.0).is_none() {
            return refused(pair, "the table has no such column");
        }
    }
    for (name, _) in &mut table.columns {
        if let Some((_, to)) = names.iter().find(|(from, _)| from == name) {
            name.clone_from(to);
        }
    }
    for pair in names {
        let is_it = |(name, _): &&(String, _)| name.eq_ignore_ascii_case(&pair.1);
        if table.columns.iter().filter(is_it).count() > 1 {
            return refused(pair, "two columns would have that name");
        }
    }
    Ok(())
}

/// Where a table goes, and in which form.
pub struct Target<'a> {
    path: &'a Path,
    partition_by: Option<&'a str>,
    encoding: Encoding,
}

impl<'a> Target<'a> {
    /// Checks that it can be written, before the work begins.
    pub fn new(
        path: &'a Path,
        partition_by: Option<&'a str>,
        encoding: Encoding,
        force: bool,
    ) -> Result<Target<'a>> {
        match partition_by {
            Some(_) => output::check_folder(path, force)?,
            None => {
                Table::check_extension(path)?;
                output::check(path, force)?;
            }
        }
        Ok(Target {
            path,
            partition_by,
            encoding,
        })
    }

    /// Writes the table: without its views, which charts cannot use.
    pub fn write(&self, table: &Table) -> Result<()> {
        match self.partition_by {
            Some(column) => table.write_partitioned_encoded(self.path, column, self.encoding),
            None => table.without_views().write_as(self.path, self.encoding),
        }
    }
}
