//! The command line: arguments and help texts, nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sentire::audio::{Augmentation, Channel, Gain, Pauses, Rate, Segmentation, Turns};
use sentire::catalogue::{FeatureSet, computed};
use sentire::corpus::shard::ShardChoice;
use sentire::dataset::{LabelSpec, Task};
use sentire::evaluate::{FoldSpec, NormalizeSpec};
use sentire::extract::{Level, Limits};
use sentire::metrics::values::Raters;
use sentire::model::{Balance, Groups, ModelSpec, Normalize, learners};
#[cfg(feature = "frame")]
use sentire::summary::Condition;
use sentire::table::Encoding;

/// What stands on the terminal after `sentire` alone.
pub const FIRST_STEPS: &str = "\
Speech emotion recognition with classical means

  sentire demo                                 everything once, on a small built-in corpus
  sentire predict call.wav                     the emotion of a recording
  sentire score calls -o emotions.csv          the emotions of all recordings in a folder, as a table
  sentire extract RAVDESS -o ravdess.parquet   features of a corpus
  sentire evaluate ravdess.parquet             how well speakers are recognised that were not trained on

sentire --help lists all commands, and sentire COMMAND --help gives examples.
";

/// Speech emotion recognition with classical means: recordings to features, leak-free evaluation,
/// models, predictions.
#[derive(Debug, Parser)]
#[command(
    name = "sentire",
    version,
    after_help = "\
Examples:
  sentire demo                                        all of it once, on the built-in corpus
  sentire corpus RAVDESS -o ravdess.csv               a folder of recordings -> manifest
  sentire extract ravdess.csv -o ravdess.parquet      manifest -> features
  sentire evaluate ravdess.parquet --folds 6          features -> speaker-independent UAR
  sentire train ravdess.parquet -o model.sentire      features -> model
  sentire predict call.wav -m model.sentire           model + recording -> emotion
  sentire score calls -m model.sentire                model + folder -> table of emotions
  sentire export outputs/predictions.parquet -o x.csv table -> CSV, Arrow, folders for BI
  sentire serve -m model.sentire                      the same in a browser, and over HTTP"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Threads; the result is the same for any number [default: one per core]
    #[arg(short, long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Replace outputs that exist already
    #[arg(long, global = true)]
    pub force: bool,
    /// No progress bar, no closing line; errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more: the full text of internal errors
    #[arg(long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(Demo),
    Corpus(Corpus),
    Extract(Extract),
    Split(Split),
    Train(Train),
    Evaluate(Evaluate),
    Predict(Predict),
    Score(Score),
    Adapt(Adapt),
    #[cfg(feature = "frame")]
    Summary(Summary),
    Export(Export),
    Import(Import),
    #[cfg(feature = "mic")]
    Listen(Listen),
    #[cfg(feature = "serve")]
    Serve(Serve),
    Describe(Describe),
    Verify(Verify),
}

/// Recompute some rows of a table of features, and report whether they still hold
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire verify ravdess.parquet
  sentire verify outputs/features.parquet --root RAVDESS --rows 200
  sentire verify calls --root /data/calls --json        a folder of shards

A row holds if its recording, between the row's start and end, has the same sound and gives the same numbers; differences below a ten thousandth count as rounding. Exits with 1 if any row does not hold. Sound that was added after the end of a row goes unnoticed.")]
pub struct Verify {
    /// Table written by `sentire extract`, or folder of its shards
    #[arg(value_name = "FEATURES.parquet")]
    pub table: PathBuf,
    /// Folder in which the relative names of recordings start, that of the manifest [default: that of the table]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// How many rows, at most
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows: u64,
    /// Seed of the choice of rows
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

/// Run everything once on the built-in synthetic corpus: features, evaluation, model, one prediction
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire demo
  sentire demo -o try-it")]
pub struct Demo {
    /// Folder for everything that it writes; an earlier demo in it is replaced
    #[arg(short, long, value_name = "DIR", default_value = "outputs/demo")]
    pub output: PathBuf,
}

/// List the recordings of a folder, with speaker and emotion read from their names or from files beside them, as a CSV
/// manifest
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire corpus RAVDESS -o ravdess.csv
  sentire corpus RAVDESS --check                      what is missing, broken, doubled, confounded
  sentire corpus recordings --layout folders > manifest.csv
  sentire corpus calls --layout '{agent}/{emotion}_{take}' --dry-run
  sentire corpus takes --layout '{speaker:4}{text:3}{emotion:1}{take}' --labels W=angry,N=neutral
  sentire corpus wav --labels-from labels.tsv --key '{id}' -o manifest.csv
  sentire corpus --layouts                            the corpora whose names are understood
  sentire corpus --layouts nemo                       where to get one, its licence, and what to type
  sentire corpus DIR -o db/                           a database that audformat.Database.load reads

A pattern names fields in braces. It is compared with the end of a path: its last part with the name of the file, the parts before a / with the folders above. {speaker} holds a character or more, and neither / nor the mark before or behind it; {speaker:4} four characters; {take:digits} and {emotion:letters} what they say; * and {*} anything; ** any number of folders. Fields that sentire knows are speaker, emotion, sex, text, intensity, take, style, language, corpus, split; others become columns. Recordings that follow no pattern stay in the list, without labels, and are counted.

A folder that holds db.yaml, or one folder of audb's cache, is read as a database of audformat; nkululeko's CSVs are manifests.")]
pub struct Corpus {
    /// Folder with recordings anywhere below it; or a manifest, to be checked or printed in our form
    #[arg(value_name = "DIR|MANIFEST.csv", required_unless_present = "layouts")]
    pub dir: Option<PathBuf>,
    /// How names are read: auto (by whichever layout they follow), folders (a folder for each emotion), the name of a layout (see
    /// --layouts), or a pattern such as '{speaker}_{emotion}_*'; may be repeated
    #[arg(long, default_value = "auto", value_name = "NAME|PATTERN")]
    pub layout: Vec<String>,
    /// List the layouts that are known; with a name, what is known of that corpus; with a file (TOML), add its layouts
    #[arg(long, value_name = "NAME|FILE.toml", num_args = 0..=1, default_missing_value = "")]
    pub layouts: Option<String>,
    /// What labels stand for, as pairs or as a table of two columns; others keep their own
    #[arg(long, value_name = "LABEL=CLASS[,...]|CSV")]
    pub labels: Option<String>,
    /// A table (CSV, TSV) that says more of the recordings, joined by their names; may be repeated
    #[arg(long, value_name = "FILE")]
    pub labels_from: Vec<PathBuf>,
    /// What in a line of --labels-from names the recording, made of columns: '{id}', 'dia{dialogue}_utt{turn:3}'
    #[arg(long, requires = "labels_from", value_name = "KEY")]
    pub key: Option<String>,
    /// Print how the first names are read, and write nothing
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "20", conflicts_with_all = ["check", "output"])]
    pub dry_run: Option<usize>,
    /// Decode every recording and print what is wrong with the corpus, instead of the manifest
    #[arg(long)]
    pub check: bool,
    /// Print the findings of --check as JSON
    #[arg(long, requires = "check")]
    pub json: bool,
    /// Where to write the manifest, or with a / at the end a database of audformat [default: standard output; with --check: nowhere]
    #[arg(short, long, value_name = "CSV|DIR/")]
    pub output: Option<PathBuf>,
    /// For which program: sentire; nkululeko, a CSV with a column gender; audformat, a folder with db.yaml [default: by --output]
    #[arg(long = "for", value_name = "PROGRAM")]
    pub form: Option<Form>,
}

/// For which program a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    Sentire,
    Nkululeko,
    Audformat,
}

/// Compute features of every recording of a manifest or folder, in parallel, into a Parquet table
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire extract ravdess.csv -o ravdess.parquet
  sentire extract recordings --rate native -j 4
  sentire extract ravdess.csv --features egemaps -o egemaps.parquet
  sentire extract ravdess.csv --level lld -o contours.parquet
  sentire extract ravdess.csv --trim --gain rms -o clean.parquet
  sentire extract calls --window 3 --hop 1.5 -o windows.parquet
  sentire extract calls --channel each --segment speech -o turns.parquet
  sentire extract calls.csv --shard 2/8 -o calls         the second of eight machines
  sentire extract --stdin-manifest --arrow-stdout < part.csv > part.arrows

A manifest is a CSV with commas, semicolons or tabs. It has a column `file` and, if known, `channel` (0, 1, ...), `start`, `end` (seconds, or times such as 0:00:01.25), `speaker`, `emotion`, `corpus`, `sex`. Other columns are carried along.

The same command continues a run that was killed; until it is done, finished work is kept in X.parquet.parts. Once it is done, the same command recomputes only what has changed. Recordings that fail are listed in X.failures.parquet. Contours (--level lld) of a finished table are always recomputed.")]
pub struct Extract {
    /// Manifest (CSV with a column `file`) or folder of recordings
    #[arg(
        value_name = "MANIFEST.csv|DIR",
        required_unless_present = "stdin_manifest"
    )]
    pub input: Option<PathBuf>,
    /// Also rows for copies of each recording, as other places would have recorded it: telephone, opus (a voice message), noise, noise:DB
    /// (dB below the recording), reverb, gain, speed; a manifest's column `augment` asks for one copy per line
    #[arg(long, value_name = "HOW[,HOW]", value_delimiter = ',')]
    pub augment: Vec<Augmentation>,
    /// Read the manifest from standard input; relative names start at the current folder
    #[arg(long, conflicts_with = "input")]
    pub stdin_manifest: bool,
    #[arg(long, default_value = "default", value_name = "NAME[,NAME]", help = sets_help())]
    pub features: String,
    /// functionals: a row per recording; lld: a row per frame, of one set (by default, `rich`); deltas: a row per frame of the
    /// changes from frame to frame, for openSMILE's sets that have them
    #[arg(long, default_value = "functionals")]
    pub level: Level,
    /// Sample rate to resample to, in Hz, or `native` for each file's own
    #[arg(long, default_value = "16000", value_name = "HZ|native")]
    pub rate: Rate,
    /// Take the mean of all channels, this one (counted from 0), or each as a recording of its own; a manifest's column
    /// `channel` takes precedence
    #[arg(long, default_value = "mean", value_name = "N|mean|each")]
    pub channel: Channel,
    /// Keep the part that decodes of recordings that break off, marked in a column `truncated`, instead of refusing
    /// them
    #[arg(long)]
    pub accept_truncated: bool,
    /// Cut off the silence before and after the sound: what is more than 40 dB below the loudest 20 ms
    #[arg(long)]
    pub trim: bool,
    /// Bring each recording to the same level: peak, its largest sample to full scale; rms, its root mean square to
    /// -20 dB re full scale (`egemaps` clips what then exceeds full scale)
    #[arg(long, default_value = "none", value_name = "none|peak|rms")]
    pub gain: Gain,
    /// Pauses of recordings that are taken whole: keep; cut, those over 0.3 s to that, also before the first word and after the last,
    /// as `predict` and `score` do
    #[arg(long, default_value = "keep", value_name = "keep|cut")]
    pub pauses: Pauses,
    #[command(flatten)]
    pub cut: Cut,
    #[command(flatten)]
    pub limits: RecordingLimits,
    /// Ignore the work of earlier runs, compute everything
    #[arg(long)]
    pub fresh: bool,
    /// Compute only the i-th of n contiguous parts of the manifest, and write it into the folder -o, which every
    /// command reads as one table; with n alone, SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX selects the part
    /// [default: in a Slurm array job, the part of the task]
    #[arg(long, value_name = "i/n|n")]
    pub shard: Option<ShardChoice>,
    /// Write rows to standard output as they are computed, as an Arrow IPC stream; failures are only reported on
    /// standard error, and nothing is kept
    #[arg(long, conflicts_with_all = ["output", "fresh"])]
    pub arrow_stdout: bool,
    #[command(flatten)]
    pub storage: Storage,
    /// Where to write the table; with --shard, a folder
    #[arg(
        short,
        long,
        value_name = "PARQUET",
        default_value = "outputs/features.parquet"
    )]
    pub output: PathBuf,
}

fn sets_help() -> String {
    let names = |sets: &[FeatureSet]| {
        let names: Vec<String> = sets.iter().map(|set| set.full_name()).collect();
        names.join(", ")
    };
    let is_default = |set: &FeatureSet| FeatureSet::DEFAULT.contains(set);
    let others: Vec<FeatureSet> = computed().filter(|set| !is_default(set)).collect();
    format!(
        "Feature sets, separated by commas: {} (together the default), {}; see `sentire describe NAME`",
        names(&FeatureSet::DEFAULT),
        names(&others)
    )
}

/// How tables are stored.
#[derive(Debug, Args)]
pub struct Storage {
    /// How Parquet stores floats, with the same values: plain, which every program reads; split (BYTE_STREAM_SPLIT),
    /// which makes contours smaller and features larger, and which Spark before 4.3 and fastparquet cannot read
    #[arg(long, default_value = "plain", value_name = "plain|split")]
    pub encoding: Encoding,
}

/// Limits on a single recording.
#[derive(Debug, Args)]
pub struct RecordingLimits {
    /// Longest recording that is used, in seconds; for segments, the length of their file counts [default: 86400, a day]
    #[arg(long, value_name = "S")]
    pub max_duration: Option<f64>,
    /// Memory that one recording may take, in MB, as estimated from its length: an hour takes 810 as a whole, much less
    /// in windows (--window) [default: 1000]
    #[arg(long, value_name = "MB")]
    pub max_memory: Option<f64>,
}

impl RecordingLimits {
    /// The limits that the flags ask for.
    pub fn limits(&self) -> sentire::error::Result<Limits> {
        Limits::from_flags(self.max_duration, self.max_memory)
    }
}

/// Copy a table of features or a manifest with a column `split` that puts whole speakers into
/// training, validation and test parts
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire split ravdess.parquet -o ravdess-split.parquet
  sentire split ravdess.csv --train 0.8 --validation 0 --test 0.2 --seed 1 -o ravdess-split.csv
  sentire evaluate ravdess-split.parquet --folds split
  sentire evaluate emodb.parquet --label arousal,valence

Shares are shares of rows, met as closely as whole speakers allow; among the divisions that come close, one is chosen that spreads each class, corpus and sex evenly. Features extracted from a manifest keep its column `split`.")]
pub struct Split {
    /// Table written by `sentire extract`, or manifest
    #[arg(value_name = "FEATURES.parquet|MANIFEST.csv")]
    pub input: PathBuf,
    /// Share of rows to train on
    #[arg(long, default_value_t = 0.7, value_name = "SHARE")]
    pub train: f64,
    /// Share of rows to choose and tune on
    #[arg(long, default_value_t = 0.15, value_name = "SHARE")]
    pub validation: f64,
    /// Share of rows to test on
    #[arg(long, default_value_t = 0.15, value_name = "SHARE")]
    pub test: f64,
    /// Column with the labels, all of which should be in every part
    #[arg(long, default_value = "emotion", value_name = "COLUMN")]
    pub label: String,
    /// Seed of the division; another seed gives another one
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    #[command(flatten)]
    pub storage: Storage,
    /// Where to write the copy, of the same kind as the input
    #[arg(short, long, value_name = "PARQUET|CSV")]
    pub output: PathBuf,
}

/// Train a model on tables of features
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire train ravdess.parquet -o model.sentire
  sentire train ravdess.parquet emodb.parquet --map calm=neutral
  sentire train ravdess.parquet --model svm:kernel=rbf --tune
  sentire train ravdess.parquet --model auto --seed 7
  sentire train ravdess.parquet --unseen emodb.parquet   figures on both in the card

Parameters, calibration and the threshold of `unsure` are determined on groups of training speakers held out in turn; the model's card (`sentire describe`) has the figures.")]
pub struct Train {
    /// Tables written by `sentire extract`
    #[arg(value_name = "FEATURES.parquet", required = true)]
    pub features: Vec<PathBuf>,
    #[command(flatten)]
    pub learn: Learn,
    /// train: one scaling, of the training recordings (`corpus` means the same); speaker: each speaker scaled
    /// by their own recordings, at prediction too; batch: each corpus by its own recordings, and so the folder that is scored
    #[arg(long, default_value = "train", value_name = "train|speaker|batch")]
    pub normalize: Normalize,
    /// What is held out to choose parameters, to calibrate probabilities and to find what is unsure: speakers, or whole corpora, for a
    /// model that is to meet other corpora [default: speaker; corpus with --normalize batch and several corpora]
    #[arg(long, value_name = "speaker|corpus")]
    pub folds: Option<Groups>,
    /// Table of a corpus that is not trained on: the card reports the figures on it too
    #[arg(long, value_name = "FEATURES.parquet")]
    pub unseen: Vec<PathBuf>,
    /// Terms of a training corpus, as stated in the card; those of corpora with a layout are known
    #[arg(long, value_name = "CORPUS=TERMS", value_parser = parse_mapping)]
    pub licence: Vec<(String, String)>,
    /// Intended use, as stated in the card [default: a text for models trained on acted speech]
    #[arg(long, value_name = "TEXT")]
    pub intended_use: Option<String>,
    /// Where to write the model
    #[arg(
        short,
        long,
        value_name = "SENTIRE",
        default_value = "outputs/model.sentire"
    )]
    pub output: PathBuf,
}

/// Measure how well a model recognises speakers that it was not trained on
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire evaluate ravdess.parquet --folds 6 -o report
  sentire evaluate ravdess.parquet --folds 6 -o results.tex    a table for the paper
  sentire evaluate emodb.parquet --folds loso --normalize both
  sentire evaluate ravdess.parquet --model svm:kernel=rbf --tune
  sentire evaluate ravdess.parquet --model forest --compare default
  sentire evaluate ravdess.parquet --compare egemaps.parquet --compare compare.parquet
  sentire evaluate ravdess.parquet emodb.parquet --test-corpus emodb --map calm=neutral
  sentire evaluate ravdess.parquet emodb.parquet emovo.parquet --cross-corpus
  sentire evaluate ravdess-split.parquet --folds split

Speakers are never split: --folds K makes K groups of whole speakers, loso leaves out one speaker at a time, corpus leaves out one corpus at a time, split trains on the rows that the column `split` marks `train` and tests on those marked `test` (see `sentire split`). Everything is fitted and chosen on the training speakers of each fold. The windows of a recording count as one recording, by the mean of their probabilities.

Tables of results have a row for each model and protocol: UAR (or CCC) with its interval, recordings, speakers, folds, the recall of each class. results.tex needs no package: \\input{results}.")]
pub struct Evaluate {
    /// Tables written by `sentire extract`
    #[arg(value_name = "FEATURES.parquet", required = true)]
    pub features: Vec<PathBuf>,
    #[command(flatten)]
    pub learn: Learn,
    /// loso, a number of folds, corpus, or split
    #[arg(long, default_value = "loso", value_name = "loso|K|corpus|split")]
    pub folds: FoldSpec,
    /// train: scaling fitted on the training speakers (`corpus` means the same); speaker: each speaker scaled
    /// by their own recordings (uses the test speaker's unlabelled audio); both: these two, side by side; batch: each corpus by its own
    /// recordings (uses the test corpus's unlabelled audio), where whole corpora are held out
    #[arg(long, default_value = "train", value_name = "train|speaker|both|batch")]
    pub normalize: NormalizeSpec,
    /// Train on the other corpora, test on this one, in the classes that both have
    #[arg(long, value_name = "NAME", conflicts_with_all = ["folds", "cross_corpus"])]
    pub test_corpus: Option<String>,
    /// Train on each corpus and on all but one, test on each: the whole matrix, in the classes that all corpora have
    #[arg(long, conflicts_with_all = ["compare", "show_leak"])]
    pub cross_corpus: bool,
    /// Compare with another model, or with another table of the same recordings, on the same folds; may be repeated, and p-values are
    /// then corrected for the number of comparisons by Holm's method
    #[arg(long, value_name = "MODEL|FEATURES.parquet")]
    pub compare: Vec<String>,
    /// Also report what it does with 25, 50 and 75 % of the training speakers of each fold, drawn by --seed, as if there were no others
    #[arg(long, conflicts_with = "cross_corpus")]
    pub learning_curve: bool,
    /// Also report what a random split, which ignores speakers, would have claimed
    #[arg(long)]
    pub show_leak: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 if the UAR is below this (0 to 1), or the CCC of any number; with --normalize both, that of `train`
    #[arg(long, value_name = "UAR", conflicts_with = "cross_corpus")]
    pub fail_under: Option<f64>,
    #[command(flatten)]
    pub storage: Storage,
    /// Folder for report.html, report.txt, report.json, results.csv, results.tex, figures/*.svg and predictions.parquet (the last not
    /// with --cross-corpus); or a name that ends in .csv or .tex, for the table of results alone
    #[arg(short, long, value_name = "DIR|CSV|TEX")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Learn {
    #[arg(
        long,
        default_value = "default",
        value_name = "NAME[:KEY=VALUE,...]",
        help = learners::summary(),
        long_help = learners::help()
    )]
    pub model: ModelSpec,
    /// Choose the parameters in speaker-disjoint folds of the training speakers
    #[arg(long)]
    pub tune: bool,
    /// Column with the labels to be recognised; several columns of numbers are learned together, as in arousal,valence
    #[arg(long, default_value = "emotion", value_name = "COLUMN[,COLUMN]")]
    pub label: String,
    /// Learn classes, numbers, or the shares of raters who chose each class, in the columns p_<class>; auto: numbers if the
    /// column has more than 12 different ones, shares if it is empty and there are such columns
    #[arg(
        long,
        default_value = "auto",
        value_name = "auto|classes|shares|values"
    )]
    pub task: Task,
    /// Combine the ratings in the columns NAME_1, NAME_2, ... into the NAME of --label: by their mean, or weighted by how well
    /// each rater agrees with all (ewe; Grimm & Kroschel 2005)
    #[arg(long, value_name = "mean|ewe")]
    pub raters: Option<Raters>,
    /// Rename a class, also to join it with another, as in calm=neutral; an empty name leaves it out
    #[arg(long, value_name = "FROM=TO", value_delimiter = ',', value_parser = parse_mapping)]
    pub map: Vec<(String, String)>,
    /// What weighs alike in training: classes; or classes, and within each the corpora that have it
    #[arg(long, default_value = "class", value_name = "class|corpus,class")]
    pub balance: Balance,
    /// Go on even if the leakage audit finds that figures cannot be trusted
    #[arg(long)]
    pub allow_leakage: bool,
    /// Seed of everything random
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
}

fn parse_mapping(text: &str) -> Result<(String, String), String> {
    let (from, to) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?}: expected FROM=TO"))?;
    Ok((from.trim().to_string(), to.trim().to_string()))
}

impl Learn {
    /// The model that the flags ask for.
    pub fn spec(&self) -> ModelSpec {
        let mut spec = self.model.clone();
        spec.tune |= self.tune;
        spec
    }

    /// What is learned, as all flags say.
    pub fn label_spec(&self) -> LabelSpec {
        LabelSpec {
            task: self.task,
            raters: self.raters,
            ..self.label.as_str().into()
        }
    }
}

/// Recognise the emotion of recordings
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire predict call.wav                            with the built-in model
  sentire predict call.wav -m model.sentire
  sentire predict *.flac -m model.sentire --json
  sentire predict long-call.wav -m model.sentire --window 3 --hop 1.5
  sentire predict call.wav --channel each --segment speech
  ffmpeg -i call.m4a -f wav - | sentire predict - -m model.sentire")]
pub struct Predict {
    /// Recordings; `-` reads one from standard input
    #[arg(value_name = "AUDIO", required = true)]
    pub audio: Vec<PathBuf>,
    /// Model written by `sentire train` [default: the built-in one]
    #[arg(short, long, value_name = "SENTIRE")]
    pub model: Option<PathBuf>,
    /// Take the mean of all channels, this one (counted from 0), or each as a recording of its own [default: as the model
    /// was trained]
    #[arg(long, value_name = "N|mean|each")]
    pub channel: Option<Channel>,
    #[command(flatten)]
    pub cut: Cut,
    /// Pauses of recordings that are not cut: cut, those over 0.3 s to that, also before the first word and after the last; keep
    #[arg(long, default_value = "cut", value_name = "keep|cut")]
    pub pauses: Pauses,
    /// Keep the part that decodes of recordings that break off, marked in `truncated` (--json), instead of refusing
    /// them
    #[arg(long)]
    pub accept_truncated: bool,
    #[command(flatten)]
    pub limits: RecordingLimits,
    /// Print a line of JSON for each recording
    #[arg(long)]
    pub json: bool,
}

/// How recordings are cut: into stretches of speech, windows, or windows within stretches of speech.
#[derive(Debug, Args)]
pub struct Cut {
    /// A row for each stretch of speech: min (0.3), max (15) and gap (0.5) are the shortest and the longest stretch and the
    /// longest pause within one, in seconds
    #[arg(long, value_name = "speech[:min=S,max=S,gap=S]")]
    pub segment: Option<Turns>,
    /// A row for each window of this many seconds, with --segment within each stretch of speech; a recording is recognised
    /// by the mean of its rows
    #[arg(long, value_name = "S")]
    pub window: Option<f64>,
    /// Seconds from the beginning of one window to that of the next [default: those of --window]
    #[arg(long, value_name = "S")]
    pub hop: Option<f64>,
}

impl Cut {
    /// What the flags ask for; `None` where there are none.
    pub fn segmentation(&self) -> sentire::error::Result<Option<Segmentation>> {
        let windows = Segmentation::from_flags(self.window, self.hop)?;
        Ok(match (self.segment, windows) {
            (Some(turns), windows) => Some(windows.within(turns)),
            (None, Segmentation::Whole) => None,
            (None, windows) => Some(windows),
        })
    }
}

/// Recognise the emotions of all recordings of a folder or manifest, in parallel, into a table
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire score calls -m model.sentire
  sentire score calls.csv -m model.sentire -o scores.csv
  sentire score calls -m model.sentire --window 3 --hop 1.5 -o timeline.parquet
  sentire score calls --channel each --segment speech -o turns.parquet
  sentire score calls.csv -m speaker-model.sentire --speaker-column caller
  sentire score calls.csv -m model.sentire --long -o stacked.csv
  sentire score calls.csv -m model.sentire --partition-by corpus -o scores

The same command again scores only what has changed (for Parquet with one row for each recording or window). Recordings that fail are listed in X.failures.parquet.")]
pub struct Score {
    /// Manifest (CSV with a column `file`) or folder of recordings
    #[arg(value_name = "MANIFEST.csv|DIR")]
    pub input: PathBuf,
    /// Model written by `sentire train` [default: the built-in one]
    #[arg(short, long, value_name = "SENTIRE")]
    pub model: Option<PathBuf>,
    /// Take the mean of all channels, this one (counted from 0), or each as a recording of its own; a manifest's column
    /// `channel` takes precedence [default: as the model was trained]
    #[arg(long, value_name = "N|mean|each")]
    pub channel: Option<Channel>,
    #[command(flatten)]
    pub cut: Cut,
    /// Pauses of recordings that are not cut: cut, those over 0.3 s to that, also before the first word and after the last; keep
    #[arg(long, default_value = "cut", value_name = "keep|cut")]
    pub pauses: Pauses,
    /// Keep the part that decodes of recordings that break off, marked in the column `truncated`, instead of refusing
    /// them
    #[arg(long)]
    pub accept_truncated: bool,
    #[command(flatten)]
    pub limits: RecordingLimits,
    /// train: features are scaled as the training recordings are; batch: by mean and deviation of all recordings that are scored here,
    /// at least 30, with a model trained with --normalize batch [default: as the model was trained; train with the built-in one]
    #[arg(long, value_name = "train|batch")]
    pub normalize: Option<Normalize>,
    /// Column of the manifest with the speakers: a model trained with --normalize speaker scales the recordings of each
    /// speaker together, and needs at least 8 of each
    #[arg(long, value_name = "COLUMN")]
    pub speaker_column: Option<String>,
    /// A row for each recording and class, with columns `class` and `probability`, for charts
    #[arg(long)]
    pub long: bool,
    /// Write a folder of Parquet files, one for each value of this column; the files keep the column
    #[arg(long, value_name = "COLUMN")]
    pub partition_by: Option<String>,
    /// Ignore the work of earlier runs, score everything
    #[arg(long)]
    pub fresh: bool,
    #[command(flatten)]
    pub storage: Storage,
    /// Where to write the table: Parquet, or CSV or Arrow by the extension; with --partition-by a folder
    #[arg(
        short,
        long,
        value_name = "PARQUET|CSV|ARROW|DIR",
        default_value = "outputs/predictions.parquet"
    )]
    pub output: PathBuf,
}

/// Adapt a model to one place: what is usual in its recordings scales the features from now on
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire adapt default calls -o mine.sentire          the built-in model
  sentire adapt model.sentire labelled.csv -o mine.sentire
  sentire score calls -m mine.sentire

The model must have been trained with --normalize batch. 30 recordings or more, of many people and all moods, as they come there; labels are not needed. Where 24 recordings or more have one (the column `emotion` of a manifest, in the words of the model), probabilities are calibrated by them, so that `sure` holds there; the closing line says how well, each recording by what the others teach.")]
pub struct Adapt {
    /// Model written by `sentire train`; `default` for the built-in one
    #[arg(value_name = "SENTIRE")]
    pub model: PathBuf,
    /// Manifest (CSV with a column `file`) or folder of recordings
    #[arg(value_name = "MANIFEST.csv|DIR")]
    pub input: PathBuf,
    /// Take the mean of all channels, this one (counted from 0), or each as a recording of its own [default: as the model was trained]
    #[arg(long, value_name = "N|mean|each")]
    pub channel: Option<Channel>,
    #[command(flatten)]
    pub cut: Cut,
    #[command(flatten)]
    pub limits: RecordingLimits,
    /// Where to write the adapted model
    #[arg(short, long, value_name = "SENTIRE")]
    pub output: PathBuf,
}

/// Sum up predictions: seconds and shares of each emotion by customer, agent, day or whatever the table has
#[cfg(feature = "frame")]
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire summary predictions.parquet
  sentire summary turns.parquet --by file,channel -o calls.parquet
  sentire summary turns.parquet --by customer --label angry
  sentire summary turns.parquet --by agent --where channel=0 --where 'speech_s>1'

A row counts as long as somebody speaks in it. The seconds and shares of a label are those of rows whose verdict is `sure`; the trend is the label's share in the last third of each recording less that in the first.")]
pub struct Summary {
    /// Table written by `sentire score`
    #[arg(value_name = "PREDICTIONS")]
    pub table: PathBuf,
    /// A row for each combination of words in these columns
    #[arg(
        long,
        value_name = "COLUMN[,COLUMN]",
        value_delimiter = ',',
        default_value = "file"
    )]
    pub by: Vec<String>,
    /// Use only rows that meet this: COLUMN=WORD, COLUMN!=WORD, COLUMN>NUMBER or COLUMN<NUMBER; may be given several times
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<Condition>,
    /// Rank by the share of this label
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,
    #[command(flatten)]
    pub storage: Storage,
    /// Where to write the table: Parquet, or CSV or Arrow by the extension [default: as text on standard output]
    #[arg(short, long, value_name = "PARQUET|CSV|ARROW")]
    pub output: Option<PathBuf>,
}

/// Recognise emotions live from the microphone, a line per window
#[cfg(feature = "mic")]
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire listen
  sentire listen -m model.sentire --window 2 --hop 0.5")]
pub struct Listen {
    /// Model written by `sentire train` [default: the built-in one]
    #[arg(short, long, value_name = "SENTIRE")]
    pub model: Option<PathBuf>,
    /// Length of the window that is recognised at a time, in seconds
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    pub window: f64,
    /// Seconds from one line to the next
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub hop: f64,
    /// End after this many seconds [default: when the microphone is removed, or on Ctrl-C]
    #[arg(long, value_name = "S")]
    pub duration: Option<f64>,
    /// Print a line of JSON for each window
    #[arg(long)]
    pub json: bool,
}

/// Export a table for charts and other programs: some columns, stacked, joined with predictions, in folders; as Parquet,
/// CSV, ARFF or Arrow
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire export features.parquet --columns speaker,emotion,'f0_*' -o pitch.csv
  sentire export features.parquet --join predictions.parquet -o both.parquet
  sentire export predictions.parquet --long -o stacked.csv
  sentire export features.parquet -o features.arff
  sentire export features.parquet --columns 'f0_hz_*' --long --partition-by emotion -o pitch

Columns of lists (covariance and kernels), which hold thousands of numbers, are left out. Only this command and `score` replace a folder (--force), and they remove only what they wrote.")]
pub struct Export {
    /// Table written by `sentire extract`, `score` or `evaluate`
    #[arg(value_name = "TABLE.parquet")]
    pub table: PathBuf,
    /// Only these columns, in the order of the table, after file, start and end; `f0_*` stands for all that begin with
    /// f0_
    #[arg(long, value_name = "NAME[,NAME]", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// A row for each row and feature, with columns `feature` and `value`; for predictions a row for each class, with
    /// columns `class` and `probability`
    #[arg(long)]
    pub long: bool,
    /// Rename columns, as in start=begin_s,end=end_s: `start` and `end` are words of SQL
    #[arg(long, value_name = "FROM=TO", value_delimiter = ',', value_parser = parse_mapping)]
    pub rename: Vec<(String, String)>,
    /// To CSV: write times as pandas, audformat and opensmile-python read them: 0 days 00:00:01.500000000
    #[arg(long)]
    pub timedelta: bool,
    /// Add the columns of this table, joined by file, start and end
    #[arg(long, value_name = "PREDICTIONS.parquet")]
    pub join: Option<PathBuf>,
    /// Write a folder of Parquet files, one for each value of this column; the files keep the column
    #[arg(long, value_name = "COLUMN")]
    pub partition_by: Option<String>,
    #[command(flatten)]
    pub storage: Storage,
    /// Where to write: Parquet, CSV, ARFF (of Weka) or Arrow by the extension; with --partition-by a folder
    #[arg(short, long, value_name = "PARQUET|CSV|ARFF|ARROW|DIR")]
    pub output: PathBuf,
}

/// Take in features that another program computed, joined to a manifest, as a table to train and evaluate on
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire import opensmile.csv --manifest emodb.csv -o emodb-opensmile.parquet
  sentire import IS13.arff --manifest emodb.csv --name is13 -o is13.parquet
  sentire import egemaps.parquet --manifest emodb.csv --features egemaps -o egemaps.parquet
  sentire evaluate is13.parquet --compare emodb.parquet

Read are CSV (opensmile-python's with file, start, end; any other with a column `file` and numbers), Parquet, and ARFF of Weka and openSMILE. Rows are joined to lines of the manifest by file, and by start and end where they are given (seconds, or times such as 0 days 00:00:01.5); 0 and NaT, or nothing, is the whole recording. A file is found by its name, or by the end of its path; where two would fit, nothing is guessed. Several rows within one line become its windows. Lines without features and features without a line are counted and left out. Columns of numbers are features, but for those that the manifest has too, and such as class and frameTime.

A model that is trained on features of another program cannot predict recordings here, and says so; unless --features declares that they are those of one of our sets.")]
pub struct Import {
    /// Table of features of another program: CSV, Parquet or ARFF
    #[arg(value_name = "CSV|PARQUET|ARFF")]
    pub table: PathBuf,
    /// Manifest (CSV with a column `file`) or folder of recordings that says who speaks, and what the labels are [default: what the table
    /// itself says in columns such as speaker and emotion]
    #[arg(long, value_name = "MANIFEST.csv|DIR")]
    pub manifest: Option<PathBuf>,
    /// What the features are called in reports
    #[arg(
        long,
        value_name = "NAME",
        default_value = "imported",
        conflicts_with = "features"
    )]
    pub name: String,
    /// Declare that the columns are features of these sets, at 16 kHz, as `sentire extract` would compute them: a model may then predict
    /// recordings
    #[arg(long, value_name = "SET[,SET]")]
    pub features: Option<String>,
    #[command(flatten)]
    pub storage: Storage,
    /// Where to write the table
    #[arg(short, long, value_name = "PARQUET")]
    pub output: PathBuf,
}

/// Recognise the emotion of recordings in a browser, and over HTTP
#[cfg(feature = "serve")]
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire serve -m model.sentire                      then open http://127.0.0.1:8080
  curl -F file=@call.wav http://127.0.0.1:8080/api/predict
  sentire serve -m model.sentire --host 0.0.0.0 --token SECRET
  curl -H 'Authorization: Bearer SECRET' -T call.wav -X POST http://HOST:8080/api/predict

GET /api/openapi.json describes the interface. Recordings are kept while they are computed, in memory or, long ones and those of /api/score, in temporary files. Each request is logged as a line of JSON on standard error, unless --quiet. HTTP is not encrypted: beyond this machine put a proxy with TLS in front of it.")]
pub struct Serve {
    /// Model written by `sentire train`
    #[arg(short, long, value_name = "SENTIRE")]
    pub model: Option<PathBuf>,
    /// Port to listen on; 0 picks a free one
    #[arg(long, env = "PORT", default_value_t = 8080, value_name = "PORT")]
    pub port: u16,
    /// Address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for everybody who can reach it
    #[arg(
        long,
        env = "HOST",
        default_value = "127.0.0.1",
        value_name = "ADDRESS"
    )]
    pub host: String,
    /// Token that clients must present, as a bearer token or as the password of any user
    #[arg(
        long,
        env = "SENTIRE_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub token: Option<String>,
    /// Largest body that is read, in MB
    #[arg(long, default_value_t = 50, value_name = "MB", value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub max_body_mb: u16,
    /// Longest recording that is decoded, in seconds
    #[arg(long, default_value_t = 600.0, value_name = "S")]
    pub max_duration: f64,
    /// Recordings that may wait to be computed; more are asked to come again
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub queue: u16,
    /// Origin of pages elsewhere that may ask, as in https://example.org (repeatable)
    #[arg(long = "allow-origin", value_name = "URL")]
    pub allow_origin: Vec<String>,
    /// Name under which a proxy on this machine passes requests on (repeatable)
    #[arg(long = "public-host", value_name = "NAME")]
    pub public_host: Vec<String>,
}

/// Describe a table, a model, a recording or a feature set
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire describe rich
  sentire describe egemaps
  sentire describe outputs/features.parquet
  sentire describe model.sentire
  sentire describe call.wav")]
pub struct Describe {
    /// A file (recognised by its content), or names of feature sets, separated by commas
    #[arg(value_name = "FILE|SET")]
    pub what: String,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
