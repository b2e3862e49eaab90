//! A corpus compared with the counts that its makers published.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::check::Severity::Warning;
use crate::corpus::check::{Amount, Counts, Finding, Kind, finding, recordings};
use crate::corpus::layouts::Published;
use crate::corpus::manifest::Utterance;
use crate::corpus::spelling::first;

/// What is missing from a corpus, or is there beyond what its makers published. Copies of a
/// recording count once.
pub fn against_published(
    own: &[&Utterance],
    counts: &Counts,
    published: &Published,
) -> Vec<Finding> {
    let found = Found::of(own, counts, published);
    let mut findings: Vec<Finding> = found.absent_speakers().into_iter().collect();
    findings.extend(found.absent_emotions());
    findings.extend(found.missing_recordings());
    findings.extend(found.surplus());
    findings
}

/// The recordings that are there, beside those that were published.
struct Found<'a> {
    counts: &'a Counts,
    published: &'a Published,
    recordings: usize,
    emotions: BTreeMap<&'a str, usize>,
    speakers: BTreeMap<&'a str, usize>,
    /// By speaker and emotion.
    cells: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Found<'a> {
    fn of(own: &[&'a Utterance], counts: &'a Counts, published: &'a Published) -> Found<'a> {
        let distinct: BTreeSet<_> = own.iter().map(|u| (u.fields(), &u.extra)).collect();
        let mut found = Found {
            counts,
            published,
            recordings: distinct.len(),
            emotions: BTreeMap::new(),
            speakers: BTreeMap::new(),
            cells: BTreeMap::new(),
        };
        for (fields, _) in distinct {
            let (speaker, emotion) = (fields[1].unwrap_or(""), fields[2].unwrap_or(""));
            *found.emotions.entry(emotion).or_default() += 1;
            *found.speakers.entry(speaker).or_default() += 1;
            *found.cells.entry((speaker, emotion)).or_default() += 1;
        }
        found
    }

    fn of_emotion(&self, name: &str) -> usize {
        self.emotions.get(name).copied().unwrap_or(0)
    }

    fn of_speaker(&self, name: &str) -> usize {
        self.speakers.get(name).copied().unwrap_or(0)
    }

    fn warning(&self, kind: Kind, message: String, amounts: Vec<Amount>) -> Finding {
        let corpus = match (&self.counts.corpus, &self.counts.style) {
            (Some(corpus), Some(style)) => format!("{corpus} {style}"),
            (corpus, _) => corpus.clone().unwrap_or_default(),
        };
        Finding {
            amounts,
            ..finding(kind, Warning, format!("{corpus}: {message}"), Vec::new())
        }
    }

    fn amount(
        &self,
        speaker: Option<&str>,
        emotion: Option<&str>,
        found: usize,
        expected: usize,
    ) -> Amount {
        Amount {
            corpus: self.counts.corpus.clone(),
            speaker: speaker.map(str::to_string),
            emotion: emotion.map(str::to_string),
            found,
            expected: Some(expected),
        }
    }

    fn amounts_of_emotions(&self, of: &[(&str, usize, usize)]) -> Vec<Amount> {
        let amount = |&(e, n, of): &(&str, usize, usize)| self.amount(None, Some(e), n, of);
        of.iter().map(amount).collect()
    }

    fn amounts_of_speakers(&self, of: &[(&str, usize, usize)]) -> Vec<Amount> {
        let amount = |&(s, n, of): &(&str, usize, usize)| self.amount(Some(s), None, n, of);
        of.iter().map(amount).collect()
    }

    /// Speakers of whom nothing is there.
    fn absent_speakers(&self) -> Option<Finding> {
        let speakers = self.published.speakers.iter();
        let absent: Vec<(&str, usize, usize)> = speakers
            .filter(|(name, _)| self.of_speaker(name) == 0)
            .map(|(name, &n)| (name.as_str(), 0, n))
            .collect();
        if absent.is_empty() {
            return self.fewer_speakers();
        }
        let names: Vec<String> = absent.iter().map(|(name, ..)| name.to_string()).collect();
        let message = format!(
            "nothing of {} of the {} published speakers: {}",
            absent.len(),
            self.published.speakers.len(),
            first(&names, 24)
        );
        let amounts = self.amounts_of_speakers(&absent);
        Some(self.warning(Kind::MissingSpeaker, message, amounts))
    }

    /// Whether neither speakers nor emotions were counted by those who published the corpus.
    fn only_total_is_known(&self) -> bool {
        self.published.speakers.is_empty() && self.published.emotions.is_empty()
    }

    /// Fewer speakers than were published, of whom no names were.
    fn fewer_speakers(&self) -> Option<Finding> {
        let here = self.speakers.keys().filter(|name| !name.is_empty()).count();
        let all = self
            .published
            .voices
            .filter(|_| self.published.speakers.is_empty())?;
        (0 < here && here < all).then(|| {
            let message = format!("{here} of the {all} published speakers");
            self.warning(Kind::MissingSpeaker, message, Vec::new())
        })
    }

    /// Emotions of which nothing is there.
    fn absent_emotions(&self) -> impl Iterator<Item = Finding> {
        let emotions = self.published.emotions.iter();
        let absent = emotions.filter(move |(emotion, _)| self.of_emotion(emotion) == 0);
        absent.map(move |(emotion, &n)| {
            let message = format!("no recording of {emotion}, of {n} that were published");
            let amounts = vec![self.amount(None, Some(emotion), 0, n)];
            self.warning(Kind::MissingClass, message, amounts)
        })
    }

    /// Recordings that are missing of speakers and emotions of which others are there.
    fn missing_recordings(&self) -> Option<Finding> {
        let (short, amounts) = match self.published.balanced {
            true => self.short_cells(),
            false => self.short_sums(),
        };
        if short.is_empty()
            && self.only_total_is_known()
            && self.recordings < self.published.recordings
        {
            let message = format!(
                "{} of {} that were published",
                recordings(self.recordings),
                self.published.recordings
            );
            let amounts = vec![self.amount(None, None, self.recordings, self.published.recordings)];
            return Some(self.warning(Kind::MissingRecordings, message, amounts));
        }
        if short.is_empty() {
            return None;
        }
        let message = format!(
            "{} of {} that were published: {}",
            recordings(self.recordings),
            self.published.recordings,
            first(&short, 24)
        );
        Some(self.warning(Kind::MissingRecordings, message, amounts))
    }

    /// What is missing of each speaker and emotion, in words and numbers, where all have as many.
    fn short_cells(&self) -> (Vec<String>, Vec<Amount>) {
        let Published {
            speakers, emotions, ..
        } = self.published;
        let (mut short, mut amounts) = (Vec::new(), Vec::new());
        for speaker in speakers.keys().filter(|s| self.of_speaker(s) > 0) {
            let here = emotions.iter().filter(|(e, _)| self.of_emotion(e) > 0);
            for (emotion, all) in here {
                let cell = self.cells.get(&(speaker.as_str(), emotion.as_str()));
                let n = cell.copied().unwrap_or(0);
                let each = all / speakers.len();
                if n < each {
                    short.push(format!("speaker {speaker} {emotion} {n} of {each}"));
                    amounts.push(self.amount(Some(speaker), Some(emotion), n, each));
                }
            }
        }
        (short, amounts)
    }

    /// What is missing of each emotion, and of each speaker, in words and numbers.
    fn short_sums(&self) -> (Vec<String>, Vec<Amount>) {
        let all_speakers: usize = self.published.speakers.values().sum();
        let gaps = all_speakers.saturating_sub(self.published.recordings);
        let of_emotions = shortfall(&self.published.emotions, |e| self.of_emotion(e), 0);
        let of_speakers = shortfall(&self.published.speakers, |s| self.of_speaker(s), gaps);
        let mut short: Vec<String> = of_emotions.iter().map(of_published).collect();
        if !of_speakers.is_empty() {
            let of_speakers: Vec<String> = of_speakers.iter().map(of_published).collect();
            short.push(format!("by speaker {}", first(&of_speakers, 24)));
        }
        let mut amounts = self.amounts_of_emotions(&of_emotions);
        amounts.extend(self.amounts_of_speakers(&of_speakers));
        (short, amounts)
    }

    /// Emotions and speakers of which more is there than was published.
    fn surplus(&self) -> Option<Finding> {
        let emotions = beyond(&self.emotions, &self.published.emotions);
        let speakers = beyond(&self.speakers, &self.published.speakers);
        let more = emotions.iter().chain(&speakers).map(of_published);
        let more: Vec<String> = more.collect();
        if more.is_empty()
            && self.only_total_is_known()
            && self.recordings > self.published.recordings
        {
            let message = format!(
                "{}, {} were published",
                recordings(self.recordings),
                self.published.recordings
            );
            let amounts = vec![self.amount(None, None, self.recordings, self.published.recordings)];
            return Some(self.warning(Kind::Surplus, message, amounts));
        }
        if more.is_empty() {
            return None;
        }
        let mut amounts = self.amounts_of_emotions(&emotions);
        amounts.extend(self.amounts_of_speakers(&speakers));
        let message = format!("more recordings than were published: {}", first(&more, 24));
        Some(self.warning(Kind::Surplus, message, amounts))
    }
}

/// A name, the recordings that are there, and those that were published, in words.
fn of_published((name, n, of): &(&str, usize, usize)) -> String {
    format!("{name} {n} of {of}")
}

/// What is there beyond what was published: name, recordings, and those published.
fn beyond<'a>(
    found: &BTreeMap<&'a str, usize>,
    published: &BTreeMap<String, usize>,
) -> Vec<(&'a str, usize, usize)> {
    if published.is_empty() {
        return Vec::new();
    }
    let known = |name: &str| published.get(name).copied().unwrap_or(0);
    let named = found.iter().filter(|(name, _)| !name.is_empty());
    let all = named.map(|(&name, &n)| (name, n, known(name)));
    all.filter(|(_, n, known)| n > known).collect()
}

/// What is there, but less than was published: name, recordings, and those published; nothing where
/// no more than `gaps` are missing in all.
fn shortfall(
    published: &BTreeMap<String, usize>,
    found: impl Fn(&str) -> usize,
    gaps: usize,
) -> Vec<(&str, usize, usize)> {
    let missing = |(name, n): (&String, &usize)| n.saturating_sub(found(name));
    if published.iter().map(missing).sum::<usize>() <= gaps {
        return Vec::new();
    }
    let short = published
        .iter()
        .filter(|&(name, &n)| (1..n).contains(&found(name)));
    short
        .map(|(name, &n)| (name.as_str(), found(name), n))
        .collect()
}
