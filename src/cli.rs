//! The command line: arguments and help texts, nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sentire::audio::{Gain, Rate};
use sentire::catalogue::{FeatureSet, computed};
use sentire::corpus::Layout;
use sentire::corpus::shard::ShardChoice;
use sentire::evaluate::{FoldSpec, NormalizeSpec};
use sentire::extract::{Level, Limits};
use sentire::model::{ModelSpec, Normalize, learners};
use sentire::table::Encoding;

/// Speech emotion recognition with classical means: recordings to features, leak-free evaluation,
/// models, predictions.
#[derive(Debug, Parser)]
#[command(
    name = "sentire",
    version,
    after_help = "\
Examples:
  sentire demo                                        see all of it on the built-in corpus
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
    /// Say more: the whole text of internal errors
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
    Export(Export),
    #[cfg(feature = "mic")]
    Listen(Listen),
    #[cfg(feature = "serve")]
    Serve(Serve),
    Describe(Describe),
    Verify(Verify),
}

/// Compute some rows of a table of features again, and say whether they still hold
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire verify ravdess.parquet
  sentire verify outputs/features.parquet --root RAVDESS --rows 200
  sentire verify calls --root /data/calls --json        a folder of shards

A row holds if its recording, from where to where the row says, has the same sound and gives the same numbers; differences below a ten thousandth are rounding. Exits with 1 if any row does not. What a recording gained behind the end of its row is not seen.")]
pub struct Verify {
    /// Table written by `sentire extract`, or folder of its shards
    #[arg(value_name = "FEATURES.parquet")]
    pub table: PathBuf,
    /// Where the relative names of recordings start: the manifest's folder [default: the table's]
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

/// Run everything once on the synthetic corpus that is built in: features, evaluation, model, one
/// prediction
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire demo
  sentire demo -o try-it")]
pub struct Demo {
    /// Folder for all that it writes; what an earlier demo left there is replaced
    #[arg(short, long, value_name = "DIR", default_value = "outputs/demo")]
    pub output: PathBuf,
}

/// List the recordings of a folder, with speaker and emotion read from their names, as a CSV
/// manifest
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire corpus RAVDESS -o ravdess.csv
  sentire corpus RAVDESS --check                      what is missing, broken, doubled, confounded
  sentire corpus recordings --layout folders > manifest.csv")]
pub struct Corpus {
    /// Folder with the recordings, anywhere below it; or a manifest, to be printed in our form or checked
    #[arg(value_name = "DIR|MANIFEST.csv")]
    pub dir: PathBuf,
    #[arg(long, default_value = "auto", value_parser = parse_layout, help = layouts_help())]
    pub layout: LayoutChoice,
    /// Decode every recording and print what is wrong with the corpus, instead of the manifest
    #[arg(long)]
    pub check: bool,
    /// Print the findings of --check as JSON
    #[arg(long, requires = "check")]
    pub json: bool,
    /// Where to write the manifest [default: standard output; with --check: nowhere]
    #[arg(short, long, value_name = "CSV")]
    pub output: Option<PathBuf>,
}

fn layouts_help() -> String {
    let known = Layout::ALL.map(|layout| layout.to_string());
    let known = known.join(", ");
    format!("How names are to be read: auto, {known} (folders: a folder for each emotion)")
}

/// `--layout`: one of the layouts, or whichever the names follow.
#[derive(Debug, Clone, Copy)]
pub enum LayoutChoice {
    Auto,
    Named(Layout),
}

fn parse_layout(name: &str) -> Result<LayoutChoice, sentire::error::Error> {
    if name == "auto" {
        Ok(LayoutChoice::Auto)
    } else {
        name.parse().map(LayoutChoice::Named)
    }
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
  sentire extract calls.csv --shard 2/8 -o calls         the second of eight machines
  sentire extract --stdin-manifest --arrow-stdout < part.csv > part.arrows

A manifest is a CSV, by commas, semicolons or tabs, with a column `file`; if known `channel` (0, 1, ...), `start`, `end` (seconds, or clocks such as 0:00:01.25), `speaker`, `emotion`, `corpus`, `sex`. Other columns are carried along.

A run that was killed goes on with the same command; until it is done, what is finished is kept in X.parquet.parts. When it is done, the same command again redoes only what has changed. Recordings that fail are listed in X.failures.parquet. Contours (--level lld) of a finished table are always computed anew.")]
pub struct Extract {
    /// Manifest (CSV with a column `file`) or folder of recordings
    #[arg(
        value_name = "MANIFEST.csv|DIR",
        required_unless_present = "stdin_manifest"
    )]
    pub input: Option<PathBuf>,
    /// Read the manifest from standard input; relative names start at the current folder
    #[arg(long, conflicts_with = "input")]
    pub stdin_manifest: bool,
    #[arg(long, default_value = "default", value_name = "NAME[,NAME]", help = sets_help())]
    pub features: String,
    /// functionals: a row per recording; lld: a row per frame, of one set (by default, `rich`)
    #[arg(long, default_value = "functionals")]
    pub level: Level,
    /// Sample rate to resample to, in Hz, or `native` for each file's own
    #[arg(long, default_value = "16000", value_name = "HZ|native")]
    pub rate: Rate,
    /// Take this channel, counted from 0, instead of the mean of all; a manifest's column `channel` goes before it
    #[arg(long, value_name = "N")]
    pub channel: Option<usize>,
    /// Keep what decodes of recordings that break off, marked in a column `truncated`, instead of
    /// refusing them
    #[arg(long)]
    pub accept_truncated: bool,
    /// Leave out the silence before and after the sound: what is more than 40 dB below its loudest
    /// 20 ms
    #[arg(long)]
    pub trim: bool,
    /// Bring each recording to the same level: peak, its largest sample to full scale; rms, its
    /// root mean square to -20 dB re full scale (`egemaps` clips what then lies beyond full scale)
    #[arg(long, default_value = "none", value_name = "none|peak|rms")]
    pub gain: Gain,
    /// A row for each window of this many seconds; evaluation takes the windows of a recording
    /// together
    #[arg(long, value_name = "S")]
    pub window: Option<f64>,
    /// Seconds from the beginning of one window to that of the next [default: those of --window]
    #[arg(long, value_name = "S")]
    pub hop: Option<f64>,
    #[command(flatten)]
    pub limits: RecordingLimits,
    /// Ignore what an earlier run left, compute everything
    #[arg(long)]
    pub fresh: bool,
    /// Compute the i-th of n contiguous parts of the manifest, and write it into the folder -o, which is then
    /// read as one table; with n alone SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX says which [default: in an
    /// array job of Slurm, that of the task]
    #[arg(long, value_name = "i/n|n")]
    pub shard: Option<ShardChoice>,
    /// Write rows to standard output as they come, as an Arrow IPC stream; failures go to standard error
    /// alone, and nothing is kept
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
    /// How Parquet stores floats, which changes none: plain, which every program reads; split (BYTE_STREAM_SPLIT), which
    /// makes contours smaller and views larger, and Spark before 4.3 and fastparquet cannot read
    #[arg(long, default_value = "plain", value_name = "plain|split")]
    pub encoding: Encoding,
}

/// What one recording may cost.
#[derive(Debug, Args)]
pub struct RecordingLimits {
    /// Longest recording that is used, in seconds; of segments, the file that they are in counts [default: 86400, a day]
    #[arg(long, value_name = "S")]
    pub max_duration: Option<f64>,
    /// Memory that one recording may take, in MB, as estimated from its length: an hour taken whole takes 810, in
    /// windows (--window) much less [default: 1000]
    #[arg(long, value_name = "MB")]
    pub max_memory: Option<f64>,
}

impl RecordingLimits {
    /// The limits, as the flags say.
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

Shares are of rows, as near as whole speakers come to them; of the divisions that come near, one in which each class, corpus and sex is spread alike. A column `split` of a manifest comes with its features.")]
pub struct Split {
    /// Table written by `sentire extract`, or manifest
    #[arg(value_name = "FEATURES.parquet|MANIFEST.csv")]
    pub input: PathBuf,
    /// Share of rows to train on
    #[arg(long, default_value_t = 0.7, value_name = "SHARE")]
    pub train: f64,
    /// Share of rows to choose and tune by
    #[arg(long, default_value_t = 0.15, value_name = "SHARE")]
    pub validation: f64,
    /// Share of rows to test on
    #[arg(long, default_value_t = 0.15, value_name = "SHARE")]
    pub test: f64,
    /// Column whose words are to be in every part
    #[arg(long, default_value = "emotion", value_name = "COLUMN")]
    pub label: String,
    /// Seed: another one, another division
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

Parameters, calibration and the threshold of `unsure` are chosen in groups of training speakers held out in turn; the model's card (`sentire describe`) has their figures.")]
pub struct Train {
    /// Tables written by `sentire extract`
    #[arg(value_name = "FEATURES.parquet", required = true)]
    pub features: Vec<PathBuf>,
    #[command(flatten)]
    pub learn: Learn,
    /// train: one scaling, of the training recordings (`corpus` means the same); speaker: each speaker scaled
    /// by their own recordings, at prediction too
    #[arg(long, default_value = "train", value_name = "train|speaker")]
    pub normalize: Normalize,
    /// Table of a corpus that is not learned from: the card has the figures on it, too
    #[arg(long, value_name = "FEATURES.parquet")]
    pub unseen: Vec<PathBuf>,
    /// What the card says of the model's use [default: that of all models trained on acted speech]
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
  sentire evaluate emodb.parquet --folds loso --normalize both
  sentire evaluate ravdess.parquet --model svm:kernel=rbf --tune
  sentire evaluate ravdess.parquet --model forest --compare default
  sentire evaluate ravdess.parquet --compare egemaps.parquet
  sentire evaluate ravdess.parquet emodb.parquet --test-corpus emodb --map calm=neutral
  sentire evaluate ravdess.parquet emodb.parquet emovo.parquet --cross-corpus
  sentire evaluate ravdess-split.parquet --folds split

Speakers are never split: --folds K makes K groups of whole speakers, loso leaves one speaker out at a time, corpus one corpus, split trains on the rows that the column `split` marks `train` and tests on those marked `test` (see `sentire split`). All that is fitted or chosen is so on the training speakers of each fold. Windows of a recording count as one, by the mean of their probabilities.")]
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
    /// by their own recordings (uses the test speaker's unlabelled audio); both: both, side by side
    #[arg(long, default_value = "train", value_name = "train|speaker|both")]
    pub normalize: NormalizeSpec,
    /// Train on the other corpora, test on this one, in the classes that both have
    #[arg(long, value_name = "NAME", conflicts_with_all = ["folds", "cross_corpus"])]
    pub test_corpus: Option<String>,
    /// Train on each corpus and on all but one, test on each: the whole matrix, in the classes that
    /// all have
    #[arg(long, conflicts_with_all = ["compare", "show_leak"])]
    pub cross_corpus: bool,
    /// Compare with another model, or with another table of the same recordings, on the same folds
    #[arg(long, value_name = "MODEL|FEATURES.parquet")]
    pub compare: Option<String>,
    /// Measure also what a random split, which ignores speakers, would have claimed
    #[arg(long)]
    pub show_leak: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 if the UAR is below this (0 to 1); with --normalize both, that of `train`
    #[arg(long, value_name = "UAR", conflicts_with = "cross_corpus")]
    pub fail_under: Option<f64>,
    #[command(flatten)]
    pub storage: Storage,
    /// Folder for report.html, report.txt, report.json and predictions.parquet (with --cross-corpus:
    /// all but the last)
    #[arg(short, long, value_name = "DIR")]
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
    /// Choose the parameters by speaker-disjoint folds of the training speakers
    #[arg(long)]
    pub tune: bool,
    /// Column that holds what is to be recognised
    #[arg(long, default_value = "emotion", value_name = "COLUMN")]
    pub label: String,
    /// Call one class by the name of another, as in calm=neutral; an empty name leaves it out
    #[arg(long, value_name = "FROM=TO", value_delimiter = ',', value_parser = parse_mapping)]
    pub map: Vec<(String, String)>,
    /// Go on even if the leakage audit finds that no figure can be trusted
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
    /// The model, as all its flags say.
    pub fn spec(&self) -> ModelSpec {
        let mut spec = self.model.clone();
        spec.tune |= self.tune;
        spec
    }
}

/// Recognise the emotion of recordings
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire predict call.wav                            by the model that is built in
  sentire predict call.wav -m model.sentire
  sentire predict *.flac -m model.sentire --json
  sentire predict long-call.wav -m model.sentire --window 3 --hop 1.5
  ffmpeg -i call.m4a -f wav - | sentire predict - -m model.sentire")]
pub struct Predict {
    /// Recordings; `-` reads one from standard input
    #[arg(value_name = "AUDIO", required = true)]
    pub audio: Vec<PathBuf>,
    /// Model written by `sentire train` [default: the one that is built in]
    #[arg(short, long, value_name = "SENTIRE")]
    pub model: Option<PathBuf>,
    /// Recognise a recording by the mean over windows of this many seconds, and say what each window is
    /// recognised as [default: as the model was trained]
    #[arg(long, value_name = "S")]
    pub window: Option<f64>,
    /// Seconds from the beginning of one window to that of the next [default: those of --window]
    #[arg(long, value_name = "S")]
    pub hop: Option<f64>,
    /// Keep what decodes of recordings that break off, marked in `truncated` (--json), instead of refusing them
    #[arg(long)]
    pub accept_truncated: bool,
    #[command(flatten)]
    pub limits: RecordingLimits,
    /// One JSON object per recording and line
    #[arg(long)]
    pub json: bool,
}

/// Recognise the emotions of all recordings of a folder or manifest, in parallel, into a table
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire score calls -m model.sentire
  sentire score calls.csv -m model.sentire -o scores.csv
  sentire score calls -m model.sentire --window 3 --hop 1.5 -o timeline.parquet
  sentire score calls.csv -m speaker-model.sentire --speaker-column caller
  sentire score calls.csv -m model.sentire --long -o stacked.csv
  sentire score calls.csv -m model.sentire --partition-by corpus -o scores

The same command again scores only what has changed (Parquet, one row for each recording or window). Recordings that fail are listed in X.failures.parquet.")]
pub struct Score {
    /// Manifest (CSV with a column `file`) or folder of recordings
    #[arg(value_name = "MANIFEST.csv|DIR")]
    pub input: PathBuf,
    /// Model written by `sentire train` [default: the one that is built in]
    #[arg(short, long, value_name = "SENTIRE")]
    pub model: Option<PathBuf>,
    /// A row for each window of this many seconds, rather than one for each recording
    #[arg(long, value_name = "S")]
    pub window: Option<f64>,
    /// Seconds from the beginning of one window to that of the next [default: those of --window]
    #[arg(long, value_name = "S")]
    pub hop: Option<f64>,
    /// Keep what decodes of recordings that break off, marked in the column `truncated`, instead of refusing them
    #[arg(long)]
    pub accept_truncated: bool,
    #[command(flatten)]
    pub limits: RecordingLimits,
    /// Column of the manifest that says who speaks: a model trained with --normalize speaker scales the
    /// recordings of each speaker together, and wants at least 8
    #[arg(long, value_name = "COLUMN")]
    pub speaker_column: Option<String>,
    /// A row for each recording and class, with columns `class` and `probability`, as charts want it
    #[arg(long)]
    pub long: bool,
    /// Write a folder of Parquet files, one for each value of this column; the files keep the column
    #[arg(long, value_name = "COLUMN")]
    pub partition_by: Option<String>,
    /// Ignore what an earlier run left, score everything
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

/// Recognise emotions as the microphone hears them, a line per window
#[cfg(feature = "mic")]
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire listen
  sentire listen -m model.sentire --window 2 --hop 0.5")]
pub struct Listen {
    /// Model written by `sentire train` [default: the one that is built in]
    #[arg(short, long, value_name = "SENTIRE")]
    pub model: Option<PathBuf>,
    /// Seconds that are recognised at a time
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    pub window: f64,
    /// Seconds from one line to the next
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub hop: f64,
    /// End after so many seconds [default: when the microphone goes away, or by Ctrl-C]
    #[arg(long, value_name = "S")]
    pub duration: Option<f64>,
    /// One JSON object per window and line
    #[arg(long)]
    pub json: bool,
}

/// Turn a table into what charts and other programs want: some columns, stacked, joined with
/// predictions, in folders; Parquet, CSV or Arrow
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire export features.parquet --columns speaker,emotion,'f0_*' -o pitch.csv
  sentire export features.parquet --join predictions.parquet -o both.parquet
  sentire export predictions.parquet --long -o stacked.csv
  sentire export features.parquet --columns 'f0_hz_*' --long --partition-by emotion -o pitch

Views (covariance and kernels), which are lists of thousands of numbers, are left out. Only this command and `score` replace a folder (--force), and of it only what they wrote.")]
pub struct Export {
    /// Table written by `sentire extract`, `score` or `evaluate`
    #[arg(value_name = "TABLE.parquet")]
    pub table: PathBuf,
    /// These columns only, in the order of the table, besides file, start and end; `f0_*` stands for
    /// all that begin with f0_
    #[arg(long, value_name = "NAME[,NAME]", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// A row for each row and feature, with columns `feature` and `value`; of predictions one for each
    /// class, with columns `class` and `probability`
    #[arg(long)]
    pub long: bool,
    /// Put the columns of this table beside it, by file, start and end
    #[arg(long, value_name = "PREDICTIONS.parquet")]
    pub join: Option<PathBuf>,
    /// Write a folder of Parquet files, one for each value of this column; the files keep the column
    #[arg(long, value_name = "COLUMN")]
    pub partition_by: Option<String>,
    #[command(flatten)]
    pub storage: Storage,
    /// Where to write: Parquet, CSV or Arrow by the extension; with --partition-by a folder
    #[arg(short, long, value_name = "PARQUET|CSV|ARROW|DIR")]
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

GET /api/openapi.json describes all of it. Recordings are kept in memory while they are computed, and nowhere else. For each request a line of JSON on standard error, unless --quiet. HTTP is not encrypted: beyond this machine put a proxy with TLS before it.")]
pub struct Serve {
    /// Model written by `sentire train`
    #[arg(short, long, value_name = "SENTIRE")]
    pub model: Option<PathBuf>,
    /// Port to listen on; 0 takes one that is free
    #[arg(long, env = "PORT", default_value_t = 8080, value_name = "PORT")]
    pub port: u16,
    /// Address to listen on; 127.0.0.1 is for this machine alone, 0.0.0.0 for all that can reach it
    #[arg(
        long,
        env = "HOST",
        default_value = "127.0.0.1",
        value_name = "ADDRESS"
    )]
    pub host: String,
    /// What clients must present: as bearer token, or as password of any user
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
}

/// Say what is in a table, a model, a recording or a feature set
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sentire describe rich
  sentire describe egemaps
  sentire describe outputs/features.parquet
  sentire describe model.sentire
  sentire describe call.wav")]
pub struct Describe {
    /// A file (told by its content), or names of feature sets, separated by commas
    #[arg(value_name = "FILE|SET")]
    pub what: String,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
