//! How many recordings a corpus holds according to its makers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::corpus::layouts::held::listed;

/// How many recordings a corpus holds according to its makers. What they did not publish is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// All of them.
    pub recordings: usize,
    /// Per emotion.
    pub emotions: BTreeMap<String, usize>,
    /// Per speaker. For CREMA-D an upper bound: 20 of these recordings were never published.
    pub speakers: BTreeMap<String, usize>,
    /// Whether every speaker expresses each emotion equally often.
    pub balanced: bool,
    /// How many people speak; null if that was not published.
    #[serde(default)]
    pub voices: Option<usize>,
}

/// The counts as they stand in a file of layouts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Of which style, where there are several.
    style: Option<String>,
    recordings: usize,
    speakers: Option<Speakers>,
    #[serde(default)]
    emotions: BTreeMap<String, usize>,
    /// Recordings of each speaker in each emotion.
    #[serde(default)]
    each: BTreeMap<String, usize>,
    /// Recordings of each speaker.
    of_each: Option<usize>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Speakers {
    Number(usize),
    Names(Vec<String>),
    Counts(BTreeMap<String, usize>),
}

impl Published {
    /// What the makers of the corpus published, of `style` where there are several; the first where none is asked
    /// for. `all` are the speakers, as far as they are known.
    pub(super) fn of(
        counted: &[Counted],
        all: Vec<String>,
        style: Option<&str>,
    ) -> Option<Published> {
        let is_asked = |counted: &&Counted| match (style, &counted.style) {
            (Some(style), Some(own)) => style == own,
            _ => true,
        };
        let counted = counted.iter().find(is_asked)?;
        let names = match &counted.speakers {
            Some(Speakers::Names(names)) => listed(names),
            Some(Speakers::Number(n)) => {
                if all.len() == *n {
                    all
                } else {
                    Vec::new()
                }
            }
            Some(Speakers::Counts(_)) => Vec::new(),
            None => all,
        };
        let per_speaker: usize = counted.each.values().sum();
        let of_each = counted.of_each.or((per_speaker > 0).then_some(per_speaker));
        let speakers: BTreeMap<String, usize> = match (&counted.speakers, of_each) {
            (Some(Speakers::Counts(counts)), _) => counts.clone(),
            (_, Some(n)) => names.iter().map(|name| (name.clone(), n)).collect(),
            (_, None) => BTreeMap::new(),
        };
        let voices = match &counted.speakers {
            Some(Speakers::Number(n)) => Some(*n),
            Some(Speakers::Counts(counts)) => Some(counts.len()),
            _ => (!names.is_empty()).then_some(names.len()),
        };
        let of_all = |(emotion, n): (&String, &usize)| (emotion.clone(), n * voices.unwrap_or(0));
        let emotions = match counted.each.is_empty() || voices.is_none() {
            true => counted.emotions.clone(),
            false => counted.each.iter().map(of_all).collect(),
        };
        Some(Published {
            recordings: counted.recordings,
            emotions,
            balanced: per_speaker > 0 && !speakers.is_empty(),
            speakers,
            voices,
        })
    }
}
