//! Findings on the decoded sound: which recordings cannot be used, are silent or clipped, and which are identical.

use std::collections::{BTreeMap, BTreeSet};

use crate::audio::{self, MAX_DURATION_S, Rate, ReadOptions};
use crate::corpus::check::Severity::{Error as Grave, Note, Warning};
use crate::corpus::check::{Finding, Kind, finding, recordings};
use crate::corpus::manifest::{Manifest, Utterance};
use crate::corpus::spelling::first;
use crate::error::{Error, Result};

/// A recording whose loud parts stay below counts as silent, in dB re full scale: 13 dB below the
/// quietest of RAVDESS, EmoDB and EMOVO, and 28 dB above the noise of 16 bits.
const SILENT_DB: f64 = -70.0;

/// A recording so far below the median of the others counts as quiet, in dB: as far as pauses lie
/// below speech (see [`crate::dsp::level::levels`]).
const QUIET_DB: f64 = 30.0;

/// A larger share of clipped samples counts as clipping. What is merely normalised to full scale
/// touches it in a few samples: at most 1 in 9000 in RAVDESS, EmoDB and EMOVO.
const CLIPPED_RATIO: f64 = 0.001;

/// Less is no speech, in seconds: a syllable takes 0.2 s (Greenberg 1999,
/// doi:10.1016/S0167-6393(99)00050-3).
const VERY_SHORT_S: f64 = 0.2;

/// How many times longer or shorter than the median is an outlier. Within RAVDESS, EmoDB and EMOVO
/// it is 5.1 at most.
const OUTLIER: f64 = 10.0;

/// A lower signal-to-noise ratio is an outlier where half of the recordings have
/// [`USUAL_SNR_DB`], in dB: the lowest in RAVDESS, EmoDB and EMOVO is 17.
const LOW_SNR_DB: f64 = 10.0;
const USUAL_SNR_DB: f64 = 20.0;

/// So many groups of the same sound are named one by one; more are told as one finding.
const GROUPS: usize = 10;

/// What is kept of a recording that was decoded.
pub struct Sound {
    pub audio_hash: String,
    pub sample_rate: u32,
    pub channels: usize,
    /// The channel that is taken because the mean of all nearly vanishes.
    pub instead_of_mean: Option<usize>,
    pub duration_s: f64,
    /// Share of samples at full scale or on flat tops.
    pub clipped_ratio: f64,
    pub loud_db: f64,
    pub snr_db: f64,
    /// Why it is not whole.
    pub broken: Option<String>,
}

/// Decodes a recording, and measures it at its own rate. One that breaks off is measured as far as
/// it goes.
pub fn listen(manifest: &Manifest, utterance: &Utterance) -> Result<Sound> {
    let read = |accept_truncated: bool| {
        let options = ReadOptions {
            rate: Rate::Native,
            accept_truncated,
            max_duration_s: Some(MAX_DURATION_S),
            ..ReadOptions::default()
        };
        // Its samples are not asked for.
        manifest
            .open(utterance, &options)
            .map(|reel| reel.recording)
    };
    let (recording, broken) = match read(false) {
        Ok(recording) => (recording, None),
        Err(error) => match read(true) {
            Ok(recording) if recording.truncated => (recording, Some(reason(&error))),
            _ => return Err(error),
        },
    };
    Ok(Sound {
        audio_hash: recording.audio_hash,
        sample_rate: recording.sample_rate,
        channels: recording.channels,
        instead_of_mean: recording.instead_of_mean,
        duration_s: recording.duration_s,
        clipped_ratio: recording.clipped_ratio.max(recording.flat_top_ratio),
        loud_db: recording.loud_db,
        snr_db: recording.snr_db,
        broken,
    })
}

/// An error without the name of the file, which stands beside it.
fn reason(error: &Error) -> String {
    match error {
        Error::Audio { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

/// Findings on recordings and what was heard of each.
pub fn findings(utterances: &[Utterance], heard: &[Result<Sound>]) -> Vec<Finding> {
    let mut findings = unusable(utterances, heard);
    let sounds: Vec<(&Utterance, &Sound)> = utterances
        .iter()
        .zip(heard)
        .filter_map(|(utterance, heard)| Some((utterance, heard.as_ref().ok()?)))
        .collect();
    findings.extend(levels(&sounds));
    findings.extend(identical(&sounds));
    findings.extend(repeated(&sounds));
    findings.extend(mixed(Kind::MixedRates, &sounds, |s| {
        (s.sample_rate as usize, format!("at {} Hz", s.sample_rate))
    }));
    findings.extend(mixed(Kind::MixedChannels, &sounds, |s| {
        let what = if s.channels == 1 {
            "channel"
        } else {
            "channels"
        };
        (s.channels, format!("with {} {what}", s.channels))
    }));
    findings
}

/// Recordings that cannot be decoded whole, together where the reason is the same.
fn unusable(utterances: &[Utterance], heard: &[Result<Sound>]) -> Vec<Finding> {
    let mut by_reason: BTreeMap<(Kind, String), Vec<String>> = BTreeMap::new();
    for (utterance, heard) in utterances.iter().zip(heard) {
        let fault = match heard {
            Ok(sound) => sound.broken.clone().map(|broken| (Kind::Truncated, broken)),
            Err(error) if audio::is_empty(error) => Some((Kind::Empty, reason(error))),
            Err(error) => Some((Kind::Unreadable, reason(error))),
        };
        if let Some(fault) = fault {
            by_reason
                .entry(fault)
                .or_default()
                .push(utterance.file.clone());
        }
    }
    let told = |((kind, reason), files): ((Kind, String), Vec<String>)| {
        let message = format!("{}: {reason}", recordings(files.len()));
        finding(kind, Grave, message, files)
    };
    by_reason.into_iter().map(told).collect()
}

/// Recordings that are silent, clipped, or unlike the others in level, noise or length.
fn levels(sounds: &[(&Utterance, &Sound)]) -> Vec<Finding> {
    let is_silent = |s: &Sound| s.loud_db < SILENT_DB;
    let audible = || sounds.iter().map(|(_, s)| *s).filter(|s| !is_silent(s));
    let loud_db = median(audible().map(|s| s.loud_db));
    let snr_db = median(audible().map(snr_db_of));
    let duration_s = median(sounds.iter().map(|(_, s)| s.duration_s));
    let files_where = |holds: &dyn Fn(&Sound) -> bool| -> Vec<String> {
        let such = sounds.iter().filter(|(_, sound)| holds(sound));
        such.map(|(utterance, _)| utterance.file.clone()).collect()
    };
    let worst = audible().map(|s| s.clipped_ratio);
    let cases: [(Kind, _, Vec<String>, String); 7] = [
        (
            Kind::Silent,
            Grave,
            files_where(&is_silent),
            format!("silent, the loud parts stay below {SILENT_DB} dB re full scale"),
        ),
        (
            Kind::ChannelsCancel,
            Warning,
            files_where(&|s| s.instead_of_mean.is_some()),
            "channels that cancel each other when they are averaged; one of them is taken".into(),
        ),
        (
            Kind::Clipped,
            Warning,
            files_where(&|s| !is_silent(s) && s.clipped_ratio > CLIPPED_RATIO),
            format!(
                "clipped, up to {:.1} % of the samples at full scale or on a flat top (tolerated: {} %)",
                100.0 * worst.fold(0.0, f64::max),
                100.0 * CLIPPED_RATIO
            ),
        ),
        (
            Kind::VeryShort,
            Warning,
            files_where(&|s| s.duration_s < VERY_SHORT_S.max(duration_s / OUTLIER)),
            format!(
                "very short, less than {:.2} s (median of all: {duration_s:.2} s)",
                VERY_SHORT_S.max(duration_s / OUTLIER)
            ),
        ),
        (
            Kind::VeryLong,
            Warning,
            files_where(&|s| s.duration_s > duration_s * OUTLIER),
            format!(
                "very long, more than {:.1} s (median of all: {duration_s:.2} s)",
                duration_s * OUTLIER
            ),
        ),
        (
            Kind::Quiet,
            Note,
            files_where(&|s| !is_silent(s) && s.loud_db < loud_db - QUIET_DB),
            format!(
                "quiet, more than {QUIET_DB} dB below the median ({loud_db:.0} dB re full scale)"
            ),
        ),
        (
            Kind::LowSnr,
            Note,
            // What is shorter than a syllable need not have a pause.
            files_where(&|s| {
                let noisy = snr_db >= USUAL_SNR_DB && snr_db_of(s) < LOW_SNR_DB;
                noisy && !is_silent(s) && s.duration_s >= VERY_SHORT_S
            }),
            format!(
                "noisy, loud and quiet parts less than {LOW_SNR_DB} dB apart (median of all: {snr_db:.0} dB)"
            ),
        ),
    ];
    cases
        .into_iter()
        .filter(|(_, _, files, _)| !files.is_empty())
        .map(|(kind, severity, files, what)| {
            let message = format!("{}: {what}", recordings(files.len()));
            finding(kind, severity, message, files)
        })
        .collect()
}

/// Infinite where the pauses are digital silence.
fn snr_db_of(sound: &Sound) -> f64 {
    if sound.snr_db.is_nan() {
        f64::INFINITY
    } else {
        sound.snr_db
    }
}

/// The middle of `values`; 0 where there are none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Recordings whose samples, rate and channels are the same. Silence is told elsewhere.
fn identical(sounds: &[(&Utterance, &Sound)]) -> Vec<Finding> {
    let mut groups: BTreeMap<_, Vec<&Utterance>> = BTreeMap::new();
    for (utterance, sound) in sounds.iter().filter(|(_, s)| s.loud_db > f64::NEG_INFINITY) {
        // The hash is of all channels of a file; a line of the manifest may be of one.
        let key = (
            sound.audio_hash.as_str(),
            sound.sample_rate,
            sound.channels,
            utterance.channel,
        );
        groups.entry(key).or_default().push(utterance);
    }
    let groups = groups.into_values().filter(|group| group.len() > 1);
    let (differ, mut agree): (Vec<_>, Vec<_>) = groups
        .map(|group| (differences(&group), group))
        .partition(|(differences, _)| !differences.is_empty());
    let names = |group: &[&Utterance]| group.iter().map(|u| u.file.clone()).collect::<Vec<_>>();
    let mut findings = Vec::new();
    for (differences, group) in differ {
        let contradict = differences
            .iter()
            .any(|(field, _)| ["emotion", "speaker"].contains(field));
        let (severity, says) = match contradict {
            true => (Grave, "whose labels contradict each other"),
            false => (Warning, "whose labels differ"),
        };
        let fields: Vec<String> = differences.into_iter().map(|(_, values)| values).collect();
        let message = format!(
            "the same sound under {} names {says}: {}",
            group.len(),
            fields.join("; ")
        );
        findings.push(finding(
            Kind::IdenticalAudio,
            severity,
            message,
            names(&group),
        ));
    }
    agree.sort_by(|(_, a), (_, b)| a[0].file.cmp(&b[0].file));
    if agree.len() > GROUPS {
        let files: Vec<String> = agree.iter().flat_map(|(_, group)| names(group)).collect();
        let message = format!(
            "{} sounds are there more than once, {} in all; keep one of each",
            agree.len(),
            recordings(files.len())
        );
        findings.push(finding(Kind::IdenticalAudio, Warning, message, files));
    } else {
        findings.extend(agree.iter().map(|(_, group)| {
            let message = format!("the same sound under {} names", group.len());
            finding(Kind::IdenticalAudio, Warning, message, names(group))
        }));
    }
    findings
}

/// The fields in which labels of the same sound differ, each with its values. What is unknown
/// contradicts nothing.
fn differences(group: &[&Utterance]) -> Vec<(&'static str, String)> {
    let values = |field: usize| {
        let known = group.iter().filter_map(|u| u.fields()[field]);
        known.collect::<BTreeSet<_>>()
    };
    Utterance::FIELDS
        .into_iter()
        .enumerate()
        .map(|(field, name)| (name, values(field)))
        .filter(|(name, values)| values.len() > 1 && *name != "label_original")
        .map(|(name, values)| {
            let values: Vec<&str> = values.into_iter().collect();
            (name, format!("{name} {}", values.join(" or ")))
        })
        .collect()
}

/// Recordings whose names say the same of speaker, emotion, sentence and take, but which sound
/// different. Only names of known corpora say so much.
fn repeated(sounds: &[(&Utterance, &Sound)]) -> Option<Finding> {
    let mut groups: BTreeMap<_, Vec<&(&Utterance, &Sound)>> = BTreeMap::new();
    for sound in sounds
        .iter()
        .filter(|(u, _)| u.text.is_some() && u.language.is_some())
    {
        groups.entry(sound.0.fields()).or_default().push(sound);
    }
    let files: Vec<String> = groups
        .into_values()
        .filter(|group| {
            group
                .iter()
                .any(|(_, s)| s.audio_hash != group[0].1.audio_hash)
        })
        .flat_map(|group| group.into_iter().map(|(u, _)| u.file.clone()))
        .collect();
    (!files.is_empty()).then(|| {
        let message = format!(
            "{} have the same speaker, emotion, sentence and take as another, but sound different",
            recordings(files.len())
        );
        finding(Kind::RepeatedName, Warning, message, files)
    })
}

/// Recordings that are unlike most: `property` gives what is compared, and its name.
fn mixed(
    kind: Kind,
    sounds: &[(&Utterance, &Sound)],
    property: impl Fn(&Sound) -> (usize, String),
) -> Option<Finding> {
    let mut groups: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    for (utterance, sound) in sounds {
        let group = groups.entry(property(sound)).or_default();
        group.push(utterance.file.clone());
    }
    let usual = groups
        .iter()
        .max_by_key(|(value, files)| (files.len(), value.0))
        .map(|(value, _)| value.clone())?;
    let most = groups.remove(&usual)?.len();
    let odd: Vec<String> = groups
        .iter()
        .map(|((_, name), files)| format!("{} {name}", files.len()))
        .collect();
    (!odd.is_empty()).then(|| {
        let message = format!("{} {}, but {}", recordings(most), usual.1, first(&odd, 8));
        let files = groups.into_values().flatten().collect();
        finding(kind, Warning, message, files)
    })
}
