//! `sentire corpus`: from a folder, or somebody's manifest, to a manifest in our form or a list of what is wrong with it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sentire::audio::has_audio_extension;
use sentire::corpus::check::{Severity, check};
use sentire::corpus::labels::Classes;
use sentire::corpus::layouts::{self, Layout};
use sentire::corpus::scan::{Naming, Scan, counts, relative_to, scan_by};
use sentire::corpus::side::{self, Labels};
use sentire::corpus::{self, Manifest, Utterance, audformat};
use sentire::error::{Error, Result};
use sentire::output;

use crate::cli::{Corpus, Form};
use crate::cmd::extract::note_findings;
use crate::cmd::{Console, Outcome, count, to_json};

pub fn run(args: &Corpus, console: &Console) -> Result<Outcome> {
    let asked = args.layouts.as_deref();
    let (known, name) = match asked {
        Some(path) if is_file_of_layouts(path) => {
            let mut all = layouts::read(Path::new(path))?;
            let own: Vec<String> = all.iter().map(|layout| layout.name().to_string()).collect();
            all.extend(
                Layout::all()
                    .iter()
                    .filter(|layout| !own.contains(&layout.name().to_string()))
                    .cloned(),
            );
            (all, "")
        }
        other => (Layout::all().to_vec(), other.unwrap_or("")),
    };
    let Some(dir) = &args.dir else {
        // Of a file of layouts one may be named as those that are built in are.
        let name = match (name, &args.layout[..]) {
            ("", [one]) if one != "auto" => one,
            (name, _) => name,
        };
        return print_layouts(&known, name, console);
    };
    if asked.is_some_and(|asked| !is_file_of_layouts(asked)) {
        return Err(Error::Usage(
            "--layouts beside a folder: expected a file of layouts (TOML); a layout is chosen with --layout".into(),
        ));
    }
    if dir.is_file() && args.layout.iter().any(|layout| layout != "auto") {
        return Err(Error::Usage(format!(
            "--layout reads the names in a folder, and {} is a manifest; name its folder, or leave --layout out",
            dir.display()
        )));
    }
    let form = form_of(args)?;
    if let Some(path) = &args.output {
        check_name(path, form)?;
        match form {
            Form::Audformat => audformat::check_folder(path, console.force)?,
            _ => output::check(path, console.force)?,
        }
    }
    let classes = args.labels.as_deref().map(Classes::parse).transpose()?;
    let naming = naming(&args.layout, &known)?;
    let mut found = match dir.is_file() {
        true => corpus::open(dir)?,
        false => scan_by(dir, &naming)?,
    };
    for file in &args.labels_from {
        let labels = Labels {
            file: file.clone(),
            key: args.key.clone(),
        };
        found
            .findings
            .extend(side::join(&mut found.manifest.utterances, &labels)?);
    }
    if let Some(classes) = classes {
        found
            .findings
            .extend(classes.put_in(&mut found.manifest.utterances));
    }
    note_findings(&found.findings, console);
    if let Some(rows) = args.dry_run {
        console.print(&first_names(&found.manifest, rows))?;
        console.note(&summary(&found.manifest));
        return Ok(Outcome::Done);
    }
    let checked = match args.check {
        true => Some(print_check(&found, args.json, console)?),
        false => None,
    };
    let is_check_alone = args.check && args.output.is_none();
    let manifest = match is_check_alone {
        true => found.manifest,
        false => written(found.manifest, dir, args.output.as_deref(), form, console)?,
    };
    let summary = checked.unwrap_or_else(|| summary(&manifest));
    match &args.output {
        Some(path) => console.note(&format!(
            "{summary} -> {0}; next: sentire extract {0}",
            path.display()
        )),
        None if args.check => console.note(&format!(
            "{summary}; next: sentire corpus {} -o manifest.csv",
            dir.display()
        )),
        None => console.note(&summary),
    }
    Ok(Outcome::Done)
}

fn is_file_of_layouts(path: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|ext| ext.eq_ignore_ascii_case("toml"))
}

/// Refuses names of outputs that are not those of what is written.
fn check_name(path: &Path, form: Form) -> Result<()> {
    let extension = path.extension().and_then(|ext| ext.to_str()).unwrap_or("");
    let is_other =
        OTHER_TABLES.contains(&extension.to_lowercase().as_str()) || has_audio_extension(path);
    let expected = match form {
        Form::Audformat if is_other => "the name of a folder",
        Form::Audformat => return Ok(()),
        _ if ends_in_slash(path) => "the name of a CSV, as a database is written --for audformat",
        _ if is_other => "the name of a CSV",
        _ => return Ok(()),
    };
    Err(Error::Usage(format!(
        "-o {}: expected {expected}",
        path.display()
    )))
}

/// Whether a person has marked a name as that of a folder.
fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with('/')
}

/// Endings of tables that a manifest is not.
const OTHER_TABLES: [&str; 9] = [
    "parquet", "xlsx", "xls", "ods", "arrow", "feather", "json", "toml", "yaml",
];

/// For which program the manifest is written.
fn form_of(args: &Corpus) -> Result<Form> {
    let output = args.output.as_ref();
    let is_folder = output.is_some_and(|path| path.is_dir() || ends_in_slash(path));
    match args.form {
        None if is_folder => Ok(Form::Audformat),
        None => Ok(Form::Sentire),
        Some(Form::Audformat) if args.output.is_none() => Err(Error::Usage(
            "--for audformat writes a folder; name it with -o".into(),
        )),
        Some(form) => Ok(form),
    }
}

/// By which layouts names are read.
fn naming(asked: &[String], known: &[Layout]) -> Result<Naming> {
    if asked.iter().any(|name| name == "auto") {
        return match asked.len() {
            1 => Ok(Naming::Among(known.to_vec())),
            _ => Err(Error::Usage(
                "--layout auto tries every layout; expected it alone".into(),
            )),
        };
    }
    let asked = asked.iter().map(|name| layouts::asked(known, name));
    asked.collect::<Result<Vec<Layout>>>().map(Naming::By)
}

/// Writes the manifest, and returns it with its names relative to where it was written.
fn written(
    manifest: Manifest,
    dir: &Path,
    output: Option<&Path>,
    form: Form,
    console: &Console,
) -> Result<Manifest> {
    let folder = match (form, output) {
        (Form::Audformat, Some(output)) => output.to_path_buf(),
        (_, output) => output
            .and_then(Path::parent)
            .map(PathBuf::from)
            .unwrap_or_default(),
    };
    let manifest = relative_to(manifest, &folder)?;
    let csv = match form {
        Form::Nkululeko => manifest.to_nkululeko_csv(),
        _ => manifest.to_csv(),
    };
    match (form, output) {
        (Form::Audformat, Some(output)) => {
            let name = |path: &Path| {
                Some(
                    path.canonicalize()
                        .ok()?
                        .file_stem()?
                        .to_string_lossy()
                        .into_owned(),
                )
            };
            let corpus = manifest.utterances.iter().find_map(|u| u.corpus.clone());
            let name = corpus
                .or_else(|| name(dir))
                .unwrap_or_else(|| "corpus".into());
            audformat::write(&manifest, &name, output)?;
            let is_absolute = |u: &&Utterance| Path::new(&u.file).is_absolute();
            if let Some(one) = manifest.utterances.iter().find(is_absolute) {
                console.note(&format!(
                    "note: recordings do not lie below {}, and are named in full ({}): the database cannot be moved to another machine",
                    output.display(),
                    one.file
                ));
            }
        }
        (_, Some(output)) => output::write(output, &csv)?,
        (_, None) => console.print(&String::from_utf8_lossy(&csv))?,
    }
    Ok(manifest)
}

fn summary(manifest: &Manifest) -> String {
    let (speakers, emotions) = counts(manifest);
    format!(
        "{}, {}, {}",
        count(manifest.utterances.len(), "recording"),
        count(speakers, "speaker"),
        count(emotions, "emotion")
    )
}

/// How the first names are read.
fn first_names(manifest: &Manifest, rows: usize) -> String {
    let mut text = String::new();
    for utterance in manifest.utterances.iter().take(rows) {
        let _ = writeln!(text, "{}", utterance.file);
        let fields = Utterance::FIELDS.into_iter().zip(utterance.fields());
        let mut said: Vec<String> = fields
            .filter_map(|(name, held)| Some(format!("{name} {}", held?)))
            .collect();
        said.extend(
            utterance
                .extra
                .iter()
                .map(|(name, held)| format!("{name} {held}")),
        );
        let says = match said.is_empty() {
            true => "nothing is read".to_string(),
            false => said.join(", "),
        };
        let _ = writeln!(text, "    {says}");
    }
    match manifest.utterances.len().saturating_sub(rows) {
        0 => {}
        more => {
            let _ = writeln!(text, "and {more} more");
        }
    }
    text
}

/// All layouts in a table, or what is known of one.
fn print_layouts(known: &[Layout], name: &str, console: &Console) -> Result<Outcome> {
    if !name.is_empty() {
        console.print(&layouts::named(known, name)?.to_text())?;
        return Ok(Outcome::Done);
    }
    let mut sorted: Vec<&Layout> = known.iter().collect();
    sorted.sort_by_key(|layout| layout.name());
    let width = sorted
        .iter()
        .map(|layout| layout.name().len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for layout in &sorted {
        let _ = writeln!(
            text,
            "{:width$}  {:3}  {}",
            layout.name(),
            layout.language().unwrap_or("-"),
            layout.title()
        );
    }
    console.print(&text)?;
    console.note(&format!(
        "{}; of one: sentire corpus --layouts NAME; of one's own: --layout '{{speaker}}_{{emotion}}_*', or --layouts FILE.toml",
        count(sorted.len(), "layout")
    ));
    Ok(Outcome::Done)
}

/// Examines the corpus and prints what is found; returns the closing line.
fn print_check(found: &Scan, json: bool, console: &Console) -> Result<String> {
    let bar = console.progress(found.manifest.utterances.len());
    let check = check(found, &|| bar.inc(1));
    bar.finish_and_clear();
    console.print(&if json {
        to_json(&check)
    } else {
        check.to_text()
    })?;
    Ok(format!(
        "{} checked: {}, {}, {}",
        count(check.recordings, "recording"),
        count(check.count(Severity::Error), "error"),
        count(check.count(Severity::Warning), "warning"),
        count(check.count(Severity::Note), "note")
    ))
}
