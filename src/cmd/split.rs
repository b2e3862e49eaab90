//! `sentire split`: divides the speakers of a table or a manifest into training, validation and test parts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use sentire::corpus::scan::relative_to;
use sentire::corpus::{Manifest, Utterance};
use sentire::error::{Error, Result};
use sentire::output;
use sentire::split::{self, PARTS, Shares};
use sentire::table::schema::INDEX;
use sentire::table::{self, Table};

use crate::cli::Split;
use crate::cmd::extract::note_findings;
use crate::cmd::{Console, Outcome, count};

/// The column that is written.
const COLUMN: &str = "split";
/// Further columns whose words are spread over the parts, where there are any.
const SPREAD: [&str; 2] = ["corpus", "sex"];
/// A share that misses what was asked for by more is pointed out.
const NOTABLE: f64 = 0.05;

pub fn run(args: &Split, console: &Console) -> Result<Outcome> {
    let shares = Shares::new(args.train, args.validation, args.test)?;
    output::check(&args.output, console.force)?;
    output::check_apart(&args.output, &[&args.input])?;
    let is_table = is_parquet(&args.input)?;
    let manifest = match is_table {
        true => None,
        false => Some(Manifest::read(&args.input)?),
    };
    if let Some(manifest) = &manifest {
        note_findings(&manifest.findings, console);
    }
    check_kind(&args.output, is_table)?;
    let words = match &manifest {
        Some(manifest) => Words::of_manifest(manifest, &args.label),
        None => Words::of_table(&args.input, &args.label)?,
    };
    if words.has_split {
        console.note("note: the column `split` that is there is replaced");
    }
    let parts = words.parts(&shares, args, console)?;
    let marks: Vec<Option<String>> = parts.iter().map(|&p| Some(PARTS[p].into())).collect();
    match manifest {
        None => {
            let index: Vec<&str> = INDEX.into_iter().chain(Utterance::FIELDS).collect();
            let split = (COLUMN, &marks[..]);
            let encoding = args.storage.encoding;
            table::copy_with_text(&args.input, &args.output, split, &index, encoding)?;
        }
        Some(mut manifest) => {
            for (utterance, mark) in manifest
                .utterances
                .iter_mut()
                .zip(marks.into_iter().flatten())
            {
                utterance.extra.insert(COLUMN.into(), mark);
            }
            let folder = args.output.parent().unwrap_or(Path::new(""));
            output::write(&args.output, &relative_to(manifest, folder)?.to_csv())?;
        }
    }
    let output = args.output.display();
    let next = match is_table {
        true => format!("sentire evaluate {output} --folds split"),
        false => format!("sentire extract {output}"),
    };
    console.note(&format!(
        "{} -> {output}; next: {next}",
        words.summary(&parts)
    ));
    Ok(Outcome::Done)
}

fn is_parquet(path: &Path) -> Result<bool> {
    if path.is_dir() {
        return Ok(true);
    }
    let mut start = Vec::new();
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    file.take(4)
        .read_to_end(&mut start)
        .map_err(Error::io(path))?;
    Ok(start == b"PAR1")
}

/// Refuses an output that bears the name of another kind of file than it will be.
fn check_kind(output: &Path, is_table: bool) -> Result<()> {
    let (kind, ending) = match is_table {
        true => ("table", "parquet"),
        false => ("manifest", "csv"),
    };
    let fits = output
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case(ending));
    if !fits {
        return Err(Error::Usage(format!(
            "{}: the copy of a {kind} is a {kind}; expected a name that ends in .{ending}",
            output.display()
        )));
    }
    Ok(())
}

/// What a division looks at.
struct Words {
    speakers: Vec<Option<String>>,
    label: Option<Vec<Option<String>>>,
    spread: Vec<Vec<Option<String>>>,
    has_split: bool,
}

impl Words {
    fn of_table(path: &Path, label: &str) -> Result<Words> {
        let names = ["file", "speaker", "corpus", "sex", label, COLUMN];
        let table = Table::read_columns(path, &names)?;
        let column = |name: &str| table.as_words(name).map(Cow::into_owned);
        Ok(Words::of(column, table.rows(), label))
    }

    fn of_manifest(manifest: &Manifest, label: &str) -> Words {
        let column = |name: &str| {
            let field = Utterance::FIELDS.iter().position(|field| *field == name);
            let word = |u: &Utterance| match field {
                Some(field) => u.fields()[field].map(str::to_string),
                None => u.extra.get(name).cloned(),
            };
            let words: Vec<Option<String>> = manifest.utterances.iter().map(word).collect();
            words.iter().any(Option::is_some).then_some(words)
        };
        Words::of(column, manifest.utterances.len(), label)
    }

    fn of(column: impl Fn(&str) -> Option<Vec<Option<String>>>, rows: usize, label: &str) -> Words {
        let [corpus, speaker] =
            ["corpus", "speaker"].map(|name| column(name).unwrap_or(vec![None; rows]));
        let named = corpus.iter().zip(&speaker);
        let named = named.map(|(corpus, speaker)| (corpus.as_deref(), speaker.as_deref()));
        Words {
            speakers: split::speakers(named),
            label: column(label),
            spread: SPREAD.iter().filter_map(|name| column(name)).collect(),
            has_split: column(COLUMN).is_some(),
        }
    }

    /// The part of each row; says what could not be had.
    fn parts(&self, shares: &Shares, args: &Split, console: &Console) -> Result<Vec<usize>> {
        let strata: Vec<Vec<Option<String>>> =
            self.label.iter().chain(&self.spread).cloned().collect();
        let parts = split::parts(&self.speakers, &strata, shares, args.seed)?;
        let unknown = self.speakers.iter().filter(|s| s.is_none()).count();
        if unknown > 0 {
            console.note(&format!(
                "warning: {} without a speaker may be of anyone; they are all in one part",
                count(unknown, "row")
            ));
        }
        match &self.label {
            None => console.note(&format!(
                "warning: no column `{}`; what is to be recognised may be missing from a part (--label)",
                args.label
            )),
            Some(words) => {
                for (part, word) in missing(words, &parts) {
                    console.note(&format!(
                        "warning: no {} {word:?} in {}",
                        args.label, PARTS[part]
                    ));
                }
            }
        }
        for (part, share) in shares.of_parts().into_iter().enumerate() {
            let found = share_of(&parts, part);
            if (found - share).abs() > NOTABLE {
                console.note(&format!(
                    "warning: {} has {:.1} % of the rows instead of {:.1} %; speakers stay whole, and these come no nearer",
                    PARTS[part],
                    100.0 * found,
                    100.0 * share
                ));
            }
        }
        Ok(parts)
    }

    /// Rows, speakers and share of each part.
    fn summary(&self, parts: &[usize]) -> String {
        let mut speakers: BTreeMap<usize, BTreeSet<&Option<String>>> = BTreeMap::new();
        for (part, speaker) in parts.iter().zip(&self.speakers) {
            speakers.entry(*part).or_default().insert(speaker);
        }
        let of_part = |(part, speakers): (usize, BTreeSet<_>)| {
            format!(
                "{} {} of {} ({:.1} %)",
                PARTS[part],
                count(parts.iter().filter(|&&p| p == part).count(), "row"),
                count(speakers.len(), "speaker"),
                100.0 * share_of(parts, part)
            )
        };
        let of_parts: Vec<String> = speakers.into_iter().map(of_part).collect();
        of_parts.join(", ")
    }
}

fn share_of(parts: &[usize], part: usize) -> f64 {
    parts.iter().filter(|&&p| p == part).count() as f64 / parts.len() as f64
}

/// Words that a part in use does not have.
fn missing<'a>(words: &'a [Option<String>], parts: &[usize]) -> Vec<(usize, &'a str)> {
    let mut used: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (&part, word) in parts.iter().zip(words) {
        used.entry(part).or_default().extend(word.as_deref());
    }
    let all: BTreeSet<&str> = words.iter().flatten().map(String::as_str).collect();
    used.iter()
        .flat_map(|(&part, found)| all.difference(found).map(move |word| (part, *word)))
        .collect()
}
