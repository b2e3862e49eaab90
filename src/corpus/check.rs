//! The corpus doctor: checks a corpus for errors and oddities before anything is learned from it.
//!
//! Every recording is decoded once, in parallel. Only a hash and a few figures of each are kept, so memory does not grow
//! with the length of the recordings. Findings concern the sound (unreadable, silent, clipped, identical, ...) or the
//! labels (recordings missing, classes too small, emotion tied to the speaker, ...).

mod balance;
mod labels;
mod published;
mod sound;
mod text;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::corpus::layouts::{Layout, Published};
use crate::corpus::scan::{Scan, left_out_message};

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Recordings looked at.
    pub recordings: usize,
    /// Length of all that decoded, in seconds.
    pub duration_s: f64,
    /// The layouts that the file names follow; empty if none was recognised.
    pub layouts: Vec<String>,
    /// Remarks on how names were read.
    pub notes: Vec<String>,
    /// Counts of recordings, corpus by corpus.
    pub corpora: Vec<Counts>,
    /// What is wrong or odd, the most serious first.
    pub findings: Vec<Finding>,
}

/// The recordings of one corpus.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Name of the corpus, null where it is unknown.
    pub corpus: Option<String>,
    /// `speech` or `song`, if file names distinguish them.
    pub style: Option<String>,
    /// Recordings.
    pub recordings: usize,
    /// Recordings of each emotion.
    pub emotions: BTreeMap<String, usize>,
    /// Recordings of each speaker.
    pub speakers: BTreeMap<String, usize>,
    /// Recordings of each speaker in each emotion.
    pub cells: BTreeMap<String, BTreeMap<String, usize>>,
    /// The counts that the makers of the corpus published; null if unknown.
    pub published: Option<Published>,
}

/// One thing that is wrong or odd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// How serious it is.
    pub severity: Severity,
    /// The finding in words.
    pub message: String,
    /// The recordings concerned, relative to the folder that was searched; empty if it concerns all recordings, or
    /// missing ones.
    pub files: Vec<String>,
    /// The numbers of recordings that are not as expected, for findings on such numbers.
    pub amounts: Vec<Amount>,
}

/// A number of recordings that is not as expected: of a corpus, a speaker, an emotion, or an emotion of a speaker. Null
/// fields do not restrict it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Name of the corpus.
    pub corpus: Option<String>,
    /// Who speaks.
    pub speaker: Option<String>,
    /// The emotion.
    pub emotion: Option<String>,
    /// Recordings that are there.
    pub found: usize,
    /// Recordings that were published, or the smallest useful number; null if there is no such number.
    pub expected: Option<usize>,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Recordings or labels are broken; repair them or leave them out.
    Error,
    /// Results from this corpus may mislead.
    Warning,
    /// Good to know.
    Note,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Cannot be opened or decoded.
    Unreadable,
    /// Holds no sample.
    Empty,
    /// Breaks off or is damaged; a part decodes.
    Truncated,
    /// Digital silence, or nearly so.
    Silent,
    /// Several recordings decode to the same samples.
    IdenticalAudio,
    /// Several recordings are named with the same speaker, emotion, sentence and take, but sound different.
    RepeatedName,
    /// The channels cancel each other when they are averaged.
    ChannelsCancel,
    /// Samples at full scale, or flat tops.
    Clipped,
    /// Too short to hold speech, or far shorter than the others.
    VeryShort,
    /// Far longer than the others.
    VeryLong,
    /// Far quieter than the others.
    Quiet,
    /// No pauses stand out from the sound, unlike in the others: noise, or music.
    LowSnr,
    /// Not all have the same sample rate.
    MixedRates,
    /// Not all have the same number of channels.
    MixedChannels,
    /// A published speaker without any recording here.
    MissingSpeaker,
    /// A published emotion without any recording here.
    MissingClass,
    /// Fewer recordings than were published.
    MissingRecordings,
    /// Files of kinds that are not decoded.
    LeftOut,
    /// More recordings than were published.
    Surplus,
    /// The emotion is unknown.
    NoEmotion,
    /// The speaker is unknown.
    NoSpeaker,
    /// There is only one emotion.
    SingleClass,
    /// There is only one speaker.
    SingleSpeaker,
    /// Emotions with too few recordings.
    FewClipsOfClass,
    /// Speakers with too few recordings.
    FewClipsOfSpeaker,
    /// An emotion that only one speaker expresses.
    SingleSpeakerClass,
    /// An emotion that fewer than half of the speakers express.
    ClassOfFewSpeakers,
    /// An emotion that some speakers lack.
    ClassMissingFromSpeakers,
    /// The speaker gives the emotion away.
    ConfoundedSpeaker,
    /// The sentence gives the emotion away.
    ConfoundedText,
}

impl Check {
    /// Number of findings of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        let same = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(same).count()
    }
}

/// Examines a corpus: decodes every recording, counts, and compares with the published counts. Recordings that fail are
/// findings, not errors. `on_done` is called after each recording, from the threads of the current Rayon pool.
///
/// ```
/// use sentire::corpus::check::{Severity, check};
/// use sentire::prelude::*;
///
/// let demo = corpus::open("corpora/demo/manifest.csv")?;
/// let found = check(&demo, &|| {});
/// assert_eq!(found.recordings, 128);
/// assert_eq!(found.corpora[0].emotions["sad"], 32);
/// assert_eq!(found.count(Severity::Error), 0);
/// # Ok::<(), Error>(())
/// ```
pub fn check(scan: &Scan, on_done: &(dyn Fn() + Sync)) -> Check {
    let manifest = &scan.manifest;
    let heard: Vec<_> = manifest
        .utterances
        .par_iter()
        .map(|utterance| {
            let heard = sound::listen(manifest, utterance);
            on_done();
            heard
        })
        .collect();
    let corpora = labels::counts(scan);
    let mut findings = sound::findings(&manifest.utterances, &heard);
    findings.extend(labels::findings(&manifest.utterances, &corpora));
    findings.extend(left_out_message(&scan.left_out).map(|message| {
        let files = scan.left_out.clone();
        finding(Kind::LeftOut, Severity::Warning, message, files)
    }));
    let of_copies = copies(scan, &findings);
    findings.extend(of_copies);
    findings.sort_by(|a, b| (a.severity, a.kind, &a.files).cmp(&(b.severity, b.kind, &b.files)));
    Check {
        recordings: manifest.utterances.len(),
        duration_s: heard.iter().flatten().map(|sound| sound.duration_s).sum(),
        layouts: scan.layouts.iter().map(|l| l.name().to_string()).collect(),
        notes: scan.findings.clone(),
        corpora,
        findings,
    }
}

/// What is known of copies of those corpora that differ from what was published.
fn copies(scan: &Scan, findings: &[Finding]) -> Vec<Finding> {
    let differs = |layout: &&Layout| {
        let is_of = |amount: &Amount| amount.corpus.as_deref() == Some(layout.name());
        findings
            .iter()
            .any(|finding| finding.amounts.iter().any(is_of))
    };
    let note = |layout: &Layout| {
        let message = format!("of copies of {layout} it is known: {}", layout.copies()?);
        Some(finding(
            Kind::MissingRecordings,
            Severity::Note,
            message,
            Vec::new(),
        ))
    };
    scan.layouts
        .iter()
        .filter(differs)
        .filter_map(note)
        .collect()
}

fn finding(kind: Kind, severity: Severity, message: String, files: Vec<String>) -> Finding {
    Finding {
        kind,
        severity,
        message,
        files,
        amounts: Vec::new(),
    }
}

/// `1 recording`, `2 recordings`.
fn recordings(n: usize) -> String {
    format!("{n} recording{}", if n == 1 { "" } else { "s" })
}
