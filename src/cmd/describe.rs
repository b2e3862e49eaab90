//! `sentire describe`: what is in a table, a model, a recording or a feature set.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use sentire::audio::{self, MAX_DURATION_S, Quality, Rate, ReadOptions};
use sentire::catalogue::{Dictionary, Entry, FeatureSet, Lld, Statistic, StatisticGroup};
use sentire::error::{Error, Result};
use sentire::extract;
use sentire::model::{Description, Figures, Model, Sure, is_model};
use sentire::table::{plain_key, without_names};
use serde::Serialize;

use crate::cli::Describe;
use crate::cmd::{Console, Outcome, count, note_recognised, to_json};

pub fn run(args: &Describe, console: &Console) -> Result<Outcome> {
    let path = Path::new(&args.what);
    // A link to nothing is a file that cannot be opened.
    if path.symlink_metadata().is_err() {
        let sets = FeatureSet::parse_list(&args.what).map_err(|error| match error {
            Error::Usage(reason) => {
                Error::Usage(format!("{}: no such file, and {reason}", args.what))
            }
            other => other,
        })?;
        let sets: Vec<SetDescription> = sets.into_iter().map(SetDescription::of).collect();
        return match &sets[..] {
            [set] => print(console, args.json, set, SetDescription::to_text),
            _ => print(console, args.json, &sets, |sets| {
                let texts: Vec<String> = sets.iter().map(SetDescription::to_text).collect();
                texts.join("\n")
            }),
        };
    }
    if path.is_dir() {
        let table = TableDescription::of(path, console)?;
        return print(console, args.json, &table, TableDescription::to_text);
    }
    let mut start = Vec::new();
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    file.take(8)
        .read_to_end(&mut start)
        .map_err(Error::io(path))?;
    if start.starts_with(b"PAR1") {
        print(
            console,
            args.json,
            &TableDescription::of(path, console)?,
            TableDescription::to_text,
        )
    } else if is_model(&start) {
        let model = Model::load(path)?;
        print(console, args.json, &model.description(), card_text)
    } else {
        print(
            console,
            args.json,
            &RecordingDescription::of(path)?,
            RecordingDescription::to_text,
        )
    }
}

fn print<T: Serialize>(
    console: &Console,
    json: bool,
    what: &T,
    to_text: impl Fn(&T) -> String,
) -> Result<Outcome> {
    let text = match json {
        true => to_json(what),
        false => to_text(what),
    };
    console.print(&text)?;
    Ok(Outcome::Done)
}

/// The dictionary of a feature set.
#[derive(Serialize)]
struct SetDescription {
    set: String,
    features_version: u32,
    descriptors: Vec<Lld>,
    /// Their changes from frame to frame, where the set has a table of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deltas: Vec<Lld>,
    /// Name and definition of each statistic, by the group's name and `_statistics`.
    #[serde(flatten)]
    statistics: BTreeMap<String, Vec<[&'static str; 2]>>,
    features: Vec<String>,
    /// What is to be said of each, where the set has it entry by entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    dictionary: Option<Dictionary>,
    help: &'static str,
    #[serde(skip)]
    full_name: String,
    #[serde(skip)]
    groups: Vec<StatisticGroup>,
}

impl SetDescription {
    fn of(set: FeatureSet) -> SetDescription {
        let groups = set.statistics();
        let pairs = |group: &StatisticGroup| {
            let key = format!("{}_statistics", group.name);
            let statistics = group.statistics.iter().map(|s| [s.name, s.definition]);
            (key, statistics.collect())
        };
        SetDescription {
            set: set.to_string(),
            features_version: set.version(),
            descriptors: set.llds(),
            deltas: set.deltas(),
            statistics: groups.iter().map(pairs).collect(),
            features: set.names().collect(),
            dictionary: set.dictionary(),
            help: set.help(),
            full_name: set.full_name(),
            groups,
        }
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "{}: {} descriptors{} per frame, {} features per recording (version {})\n{}\n",
            self.full_name,
            self.descriptors.len(),
            match self.deltas.len() {
                0 => String::new(),
                n => format!(" and {n} deltas"),
            },
            self.features.len(),
            self.features_version,
            self.help
        );
        if let Some(dictionary) = &self.dictionary {
            text += &dictionary_text(dictionary);
            if !self.deltas.is_empty() {
                text += "\nDeltas (--level deltas), per frame\n";
            }
            for lld in &self.deltas {
                let _ = writeln!(text, "\n  {}\n    = {}", lld.name, lld.definition);
            }
            return text;
        }
        text += "\nDescriptors\n";
        for lld in &self.descriptors {
            let voiced = if lld.voiced_only {
                "; voiced frames only"
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "  {:26} {:22} {}{voiced}",
                lld.name, lld.unit, lld.definition
            );
        }
        for group in &self.groups {
            let _ = writeln!(text, "\n{}", group.title);
            for Statistic {
                name, definition, ..
            } in group.statistics
            {
                let _ = writeln!(text, "  {name:26} {definition}");
            }
        }
        text
    }
}

/// A dictionary as text for the terminal.
fn dictionary_text(dictionary: &Dictionary) -> String {
    let mut text = format!(
        "\nNumbers in brackets are sections of {}.\n",
        dictionary.source
    );
    for (title, entries) in [
        ("Descriptors", &dictionary.descriptors),
        ("Features", &dictionary.features),
    ] {
        let _ = writeln!(text, "\n{title}");
        for entry in entries {
            let Entry {
                name,
                unit,
                meaning,
                definition,
                range,
                deviation,
            } = entry;
            let _ = writeln!(text, "\n  {name} [{unit}]\n    {meaning}");
            let _ = writeln!(text, "    = {definition}\n    range: {range}");
            if let Some(deviation) = deviation {
                let _ = writeln!(text, "    not as published: {deviation}");
            }
        }
    }
    text
}

/// What is in a Parquet table.
#[derive(Serialize)]
struct TableDescription {
    rows: usize,
    columns: usize,
    features: usize,
    metadata: BTreeMap<String, String>,
    #[cfg(feature = "frame")]
    statistics: sentire::frame::Statistics,
}

impl TableDescription {
    fn of(path: &Path, console: &Console) -> Result<TableDescription> {
        let (table, recognised) = extract::read_table(path)?;
        note_recognised(path, recognised.as_ref(), console);
        let features = table.feature_names().map_or(0, |names| names.len());
        #[cfg(feature = "frame")]
        let statistics = sentire::frame::statistics(&table)?;
        let mut metadata = without_names(table.metadata.clone());
        if let Some(recognised) = &recognised {
            metadata.retain(|key, _| !recognised.assumed.contains_key(key));
        }
        Ok(TableDescription {
            rows: table.rows(),
            columns: table.stored_columns(),
            features,
            metadata,
            #[cfg(feature = "frame")]
            statistics,
        })
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "{} rows, {} columns, {} of them features\n",
            self.rows, self.columns, self.features
        );
        for (key, value) in &self.metadata {
            let _ = writeln!(text, "  {:18} {value}", plain_key(key));
        }
        #[cfg(feature = "frame")]
        self.statistics_text(&mut text);
        text
    }

    #[cfg(feature = "frame")]
    fn statistics_text(&self, text: &mut String) {
        let statistics = &self.statistics;
        let [shortest, median, longest] = statistics.duration_s;
        if !median.is_nan() {
            let _ = writeln!(
                text,
                "\nRecordings of {shortest:.2} to {longest:.2} s, median {median:.2} s"
            );
        }
        for (title, groups) in [
            ("corpus", &statistics.corpus),
            ("emotion", &statistics.emotion),
            ("speaker", &statistics.speaker),
        ] {
            if groups.is_empty() {
                continue;
            }
            let _ = writeln!(
                text,
                "\n{title:20} {:>8} {:>10} {:>8}",
                "rows", "minutes", "mean s"
            );
            for group in groups {
                let name = group.name.as_deref().unwrap_or("(none)");
                let _ = writeln!(
                    text,
                    "  {name:18} {:>8} {:>10.1} {:>8.2}",
                    group.rows,
                    group.total_s / 60.0,
                    group.mean_s
                );
            }
        }
        if !statistics.most_nulls.is_empty() {
            let _ = writeln!(text, "\nmost nulls");
            for odd in &statistics.most_nulls {
                let _ = writeln!(
                    text,
                    "  {:42} {:>8} of {} rows",
                    odd.feature, odd.value, self.rows
                );
            }
        }
        if !statistics.least_variance.is_empty() {
            let _ = writeln!(
                text,
                "\nleast variance (standard deviation over largest magnitude)"
            );
            for odd in &statistics.least_variance {
                let _ = writeln!(text, "  {:42} {:>8.4}", odd.feature, odd.value);
            }
        }
    }
}

fn figures_text(figures: &Figures) -> String {
    let [low, high] = figures.uar_ci95;
    let Figures {
        uar, accuracy, ece, ..
    } = figures;
    let sure = match figures.sure {
        Some(Sure {
            share,
            accuracy: Some(accuracy),
        }) => format!(", sure of {share:.2}, {accuracy:.2} of these right"),
        Some(_) => ", sure of none".into(),
        None => String::new(),
    };
    format!("UAR {uar:.3} ({low:.3} to {high:.3}), accuracy {accuracy:.3}, ECE {ece:.3}{sure}")
}

fn card_text(model: &Description) -> String {
    let Description { card, targets } = model;
    let protocol = match card.normalize {
        _ if card.adapted.is_some() => {
            "C: features scaled by the recordings of one place, for good"
        }
        sentire::model::Normalize::Train => "A: features scaled by the training speakers",
        sentire::model::Normalize::Speaker => {
            "B: each speaker scaled by their own recordings, at prediction too"
        }
        sentire::model::Normalize::Batch => {
            "C: each corpus scaled by its own recordings, a folder that is scored too"
        }
    };
    let counts: Vec<String> = card
        .classes
        .iter()
        .zip(&card.class_counts)
        .map(|(class, n)| format!("{class} ({n})"))
        .collect();
    let corpora = if card.corpora.is_empty() {
        "unnamed".to_string()
    } else {
        card.corpora.join(", ")
    };
    let trained = match card.model == card.trained {
        true => card.trained.to_string(),
        false => format!("{} (chosen by {})", card.trained, card.model),
    };
    let mut lines = vec![
        ("model", trained),
        match targets.is_empty() {
            true => ("classes", format!("{}: {}", card.label, counts.join(", "))),
            false => ("numbers", card.label.replace(',', ", ")),
        },
        ("protocol", protocol.to_string()),
        (
            "trained on",
            format!(
                "{corpora}: {} recordings of {} speakers",
                card.n, card.speakers
            ),
        ),
    ];
    if !card.licences.is_empty() {
        let licences = card
            .licences
            .iter()
            .map(|(corpus, terms)| format!("{corpus}: {terms}"));
        lines.push(("licences", licences.collect::<Vec<_>>().join("; ")));
    }
    for target in *targets {
        lines.push((
            "number",
            format!(
                "{}: {:.3} to {:.3} in training, mean {:.3}, standard deviation {:.3}; a prediction's standard error is {:.3}",
                target.name,
                target.smallest,
                target.largest,
                target.mean,
                target.deviation,
                target.spread
            ),
        ));
        if let Some(figures) = &target.held_out {
            let [low, high] = figures.ccc_ci95;
            lines.push((
                "held out",
                format!(
                    "{}: CCC {:.3} ({low:.3} to {high:.3}), r {:.3}, RMSE {:.3}, on training speakers, each predicted by a model of others",
                    target.name, figures.ccc, figures.pearson, figures.rmse
                ),
            ));
        }
    }
    if let Some(figures) = &card.held_out {
        let chosen = match card.model == card.trained {
            true => "",
            false => "; slightly optimistic, as the model was chosen by them",
        };
        lines.push((
            "held out",
            format!(
                "{}, on {} {}, each recognised by a model of the others{chosen}",
                figures_text(figures),
                figures.folds,
                match card.by_corpus.is_empty() {
                    true => "groups of training speakers",
                    false => "training corpora",
                }
            ),
        ));
        let recall = figures
            .recall
            .iter()
            .map(|(class, recall)| format!("{class} {recall:.2}"));
        lines.push(("recall", recall.collect::<Vec<_>>().join(", ")));
    }
    for (corpus, figures) in &card.by_corpus {
        lines.push((
            "corpus held out",
            format!("{corpus}: {}", figures_text(figures)),
        ));
    }
    if let Some(figures) = &card.alone {
        let figures = figures_text(figures);
        lines.push(("one at a time", format!("{figures}, likewise held out")));
    }
    for (corpus, figures) in &card.alone_by_corpus {
        lines.push((
            "one at a time",
            format!("{corpus}: {}", figures_text(figures)),
        ));
    }
    if let Some(adapted) = &card.adapted {
        let labels = match &adapted.figures {
            Some(figures) => format!(
                ", calibrated by {} labels: {}, each recording by what the others teach",
                adapted.labelled,
                figures_text(figures)
            ),
            None => String::new(),
        };
        lines.push((
            "adapted",
            format!("scaled by {} rows of one place{labels}", adapted.rows),
        ));
    }
    for (corpus, figures) in &card.unseen {
        let classes = count(figures.recall.len(), "class");
        let figures = figures_text(figures);
        lines.push((
            "unseen",
            format!("{corpus}, not learned from: {figures}, in {classes}"),
        ));
    }
    if targets.is_empty() {
        lines.push((
            "unsure",
            format!("below a probability of {:.2}", card.unsure_below),
        ));
    }
    for (class, words) in &card.label_meaning {
        lines.push(("meaning", format!("{class}: {}", words.join(", "))));
    }
    lines.extend([
        ("intended use", card.intended_use.clone()),
        ("seed", card.seed.to_string()),
        ("made by", format!("sentire {}", card.sentire)),
    ]);
    if let Some(date) = &card.date {
        lines.push(("date", date.clone()));
    }
    let features = card
        .features
        .iter()
        .map(|(key, value)| (plain_key(key), value.clone()));
    lines.extend(features.filter(|(key, _)| *key != "version"));
    lines
        .iter()
        .map(|(key, value)| format!("{key:18} {value}\n"))
        .collect()
}

/// What is in a recording.
#[derive(Serialize)]
struct RecordingDescription {
    file: String,
    duration_s: f64,
    channels_cancel: bool,
    truncated: bool,
    #[serde(flatten)]
    quality: Quality,
    /// Of a recording of several channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    each_channel: Vec<ChannelDescription>,
}

/// What is on a channel.
#[derive(Serialize)]
struct ChannelDescription {
    channel: usize,
    /// Level of the loud parts in dB re full scale; null for digital silence.
    loud_db: Option<f64>,
    speech_ratio: f64,
    snr_db: Option<f64>,
    bandwidth_hz: Option<f64>,
    /// The earlier channel that it repeats.
    copy_of: Option<usize>,
    /// Whether it repeats it upside down.
    is_inverted: bool,
}

impl ChannelDescription {
    fn of(path: &Path, options: &ReadOptions, channel: usize) -> Result<ChannelDescription> {
        let options = ReadOptions {
            channel: Some(channel),
            each_channel: true,
            ..*options
        };
        let recording = audio::open(path, &options)?.recording;
        Ok(ChannelDescription {
            channel,
            loud_db: finite(recording.loud_db),
            speech_ratio: recording.speech_ratio,
            snr_db: finite(recording.snr_db),
            bandwidth_hz: finite(recording.bandwidth_hz),
            copy_of: recording.copy_of,
            is_inverted: recording.is_inverted,
        })
    }

    fn to_text(&self) -> String {
        let Some(loud_db) = self.loud_db else {
            return "digital silence".into();
        };
        let speech = format!("{loud_db:.1} dB, {:.0} % speech", self.speech_ratio * 100.0);
        match (self.copy_of, self.is_inverted) {
            (Some(of), false) => format!("{speech}, a copy of channel {of}"),
            (Some(of), true) => format!("{speech}, a copy of channel {of} upside down (inverted)"),
            (None, _) => speech,
        }
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

impl RecordingDescription {
    fn of(path: &Path) -> Result<RecordingDescription> {
        let options = ReadOptions {
            rate: Rate::Native,
            accept_truncated: true,
            max_duration_s: Some(MAX_DURATION_S),
            ..ReadOptions::default()
        };
        let recording = audio::open(path, &options)?.recording;
        let channels = match recording.channels {
            1 => 0..0,
            channels => 0..channels,
        };
        let each_channel = channels.map(|channel| ChannelDescription::of(path, &options, channel));
        Ok(RecordingDescription {
            each_channel: each_channel.collect::<Result<_>>()?,
            file: path.display().to_string(),
            duration_s: recording.duration_s,
            channels_cancel: recording.instead_of_mean.is_some(),
            truncated: recording.truncated,
            quality: recording.quality(),
        })
    }

    fn to_text(&self) -> String {
        let snr = self
            .quality
            .snr_db
            .map_or("undefined (digital silence)".to_string(), |db| {
                format!("{db:.1} dB")
            });
        let bandwidth = match self.quality.bandwidth_hz {
            Some(hz) => format!("up to {:.1} kHz", hz / 1000.0),
            None => "none that comes and goes".to_string(),
        };
        let lines = [
            (
                "length",
                format!(
                    "{:.3} s{}",
                    self.duration_s,
                    if self.truncated {
                        ", then it breaks off"
                    } else {
                        ""
                    }
                ),
            ),
            ("sample rate", format!("{} Hz", self.quality.sample_rate)),
            (
                "channels",
                format!(
                    "{}{}",
                    self.quality.channels,
                    if self.channels_cancel {
                        ", which cancel each other when they are averaged; the rest is of one of them"
                    } else {
                        ""
                    }
                ),
            ),
            (
                "clipped",
                format!("{:.3} % of the samples", self.quality.clipped_ratio * 100.0),
            ),
            (
                "speech",
                format!("{:.0} % of the time", self.quality.speech_ratio * 100.0),
            ),
            ("signal-to-noise", snr),
            ("sound", bandwidth),
            ("audio hash", self.quality.audio_hash.clone()),
        ];
        let line = |key: &str, value: &str| format!("{key:18} {value}\n");
        let of_channels = self.each_channel.iter();
        let of_channels =
            of_channels.map(|of| line(&format!("channel {}", of.channel), &of.to_text()));
        let lines = lines.iter().map(|(key, value)| line(key, value));
        lines.chain(of_channels).collect()
    }
}
