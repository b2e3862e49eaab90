//! The doctor's findings as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::corpus::check::{Check, Counts, Finding, Severity, recordings};
use crate::corpus::spelling::first;

/// A table of speakers and emotions is shown up to so many rows and columns.
const MOST_SPEAKERS: usize = 30;
const MOST_EMOTIONS: usize = 12;

/// So many findings of one kind are shown, and so many files of each.
const MOST_OF_A_KIND: usize = 8;
const MOST_FILES: usize = 4;

impl Check {
    /// Tables of counts, and the findings, as lines of text.
    pub fn to_text(&self) -> String {
        let minutes = self.duration_s / 60.0;
        let mut text = format!("{}, {minutes:.1} minutes\n", recordings(self.recordings));
        for counts in self.corpora.iter().filter(|c| !c.emotions.is_empty()) {
            text.push('\n');
            counts.write(&mut text);
        }
        let number = |severity, noun: &str| match self.count(severity) {
            1 => format!("1 {noun}"),
            n => format!("{n} {noun}s"),
        };
        let _ = match self.findings.len() {
            0 => writeln!(text, "\nNothing found."),
            _ => writeln!(
                text,
                "\nFound: {}, {}, {}",
                number(Severity::Error, "error"),
                number(Severity::Warning, "warning"),
                number(Severity::Note, "note")
            ),
        };
        for same in self
            .findings
            .chunk_by(|a, b| (a.severity, a.kind) == (b.severity, b.kind))
        {
            for finding in same.iter().take(MOST_OF_A_KIND) {
                finding.write(&mut text);
            }
            if let Some(more) = same.get(MOST_OF_A_KIND..).filter(|more| !more.is_empty()) {
                let _ = writeln!(
                    text,
                    "         and {} more of this kind (--json)",
                    more.len()
                );
            }
        }
        text
    }
}

impl Finding {
    fn write(&self, text: &mut String) {
        let word = |value: serde_json::Value| value.as_str().unwrap_or("").to_string();
        let severity = word(serde_json::json!(self.severity));
        let kind = word(serde_json::json!(self.kind));
        let _ = writeln!(text, "{severity:<8} {kind}: {}", self.message);
        if !self.files.is_empty() {
            let _ = writeln!(text, "         {}", first(&self.files, MOST_FILES));
        }
    }
}

impl Counts {
    fn write(&self, text: &mut String) {
        let parts = [self.corpus.as_deref(), self.style.as_deref()];
        let name: Vec<&str> = parts.into_iter().flatten().collect();
        let name = match name.is_empty() {
            true => "corpus unknown".to_string(),
            false => name.join(" "),
        };
        let _ = writeln!(
            text,
            "{name}: {}, {} speakers, {} emotions",
            recordings(self.recordings),
            self.speakers.len(),
            self.emotions.len()
        );
        if let Some(published) = &self.published {
            let mut said = recordings(published.recordings);
            if let Some(voices) = published.voices {
                let _ = write!(said, ", {voices} speakers");
            }
            if !published.emotions.is_empty() {
                let _ = write!(said, ", {} emotions", published.emotions.len());
            }
            let _ = writeln!(text, "published: {said}");
        }
        let header = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
        let emotions = self.emotion_names();
        let published = |emotion: &str| {
            let published = self.published.as_ref()?;
            let is_known = !published.emotions.is_empty();
            is_known.then(|| published.emotions.get(emotion).copied().unwrap_or(0))
        };
        let number = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
        let of_published = if self.published.is_some() {
            "published"
        } else {
            ""
        };
        let speakers = self.speaker_rows(&emotions);
        let mut rows = Vec::new();
        if speakers.len() <= MOST_SPEAKERS && emotions.len() <= MOST_EMOTIONS {
            rows.push(
                [
                    header(&[""]),
                    header(&emotions),
                    header(&["all", of_published]),
                ]
                .concat(),
            );
            rows.extend(speakers);
            let total = |emotion: &&str| self.emotions.get(*emotion).copied().unwrap_or(0);
            let mut row = vec!["all".to_string()];
            row.extend(emotions.iter().map(|e| total(e).to_string()));
            let of = self.published.as_ref().map(|p| p.recordings);
            row.extend([self.recordings.to_string(), number(of)]);
            rows.push(row);
            if self.published.is_some() {
                let mut row = vec!["published".to_string()];
                row.extend(emotions.iter().map(|e| number(published(e))));
                row.push(number(of));
                rows.push(row);
            }
        } else {
            rows.push(header(&["", "recordings", "speakers", of_published]));
            for emotion in emotions {
                let speak = |row: &&BTreeMap<String, usize>| row.contains_key(emotion);
                rows.push(vec![
                    emotion.to_string(),
                    self.emotions.get(emotion).copied().unwrap_or(0).to_string(),
                    self.cells.values().filter(speak).count().to_string(),
                    number(published(emotion)),
                ]);
            }
        }
        write_table(text, &rows);
    }

    /// Recordings per emotion, in all, and published, of each speaker; neighbours that have the
    /// same numbers share a row.
    fn speaker_rows(&self, emotions: &[&str]) -> Vec<Vec<String>> {
        let numbers = |(speaker, n): (&String, &usize)| {
            let cell = |emotion: &&str| self.cells.get(speaker)?.get(*emotion).copied();
            let mut row: Vec<String> = emotions
                .iter()
                .map(|emotion| cell(emotion).unwrap_or(0).to_string())
                .collect();
            let published = self.published.as_ref().map(|p| &p.speakers);
            let published = published.filter(|speakers| !speakers.is_empty());
            let of = published.map(|speakers| speakers.get(speaker).copied().unwrap_or(0));
            row.extend([n.to_string(), of.map_or(String::new(), |n| n.to_string())]);
            (speaker.clone(), row)
        };
        let rows: Vec<(String, Vec<String>)> = self.speakers.iter().map(numbers).collect();
        rows.chunk_by(|a, b| a.1 == b.1)
            .map(|same| {
                let (first, last) = (&same[0], &same[same.len() - 1]);
                let name = match same.len() {
                    1 => first.0.clone(),
                    _ => format!("{} to {}, each", first.0, last.0),
                };
                [vec![name], first.1.clone()].concat()
            })
            .collect()
    }

    /// Those that are there, and those that were published.
    fn emotion_names(&self) -> Vec<&str> {
        let published = self.published.iter().flat_map(|p| p.emotions.keys());
        let mut names: Vec<&str> = self
            .emotions
            .keys()
            .chain(published)
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Columns aligned: the first to the left, numbers to the right.
fn write_table(text: &mut String, rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
