//! What labels of one's own stand for: `W=angry,N=neutral`, or a table of two columns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::corpus::emotion::class_of;
use crate::corpus::manifest::{Sheet, Utterance, decode};
use crate::corpus::spelling::{first, folded, is_missing};
use crate::error::{Error, Result};

/// Labels and the classes that they stand for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Classes(BTreeMap<String, String>);

impl Classes {
    /// Reads `W=angry,N=neutral`; or, where `text` is the name of a file, its two columns, with a header or without. A class that is empty
    /// or NA leaves recordings of the label without an emotion.
    ///
    /// # Errors
    /// Where a pair has no `=`, a line not two cells, or a label stands for two classes.
    ///
    /// ```
    /// use sentire::corpus::labels::Classes;
    /// use sentire::prelude::*;
    ///
    /// let classes = Classes::parse("W=angry,N=neutral")?;
    /// let mut manifest = Manifest::from_reader("file,emotion\na.wav,w\nb.wav,Trauer\n".as_bytes())?;
    /// let notes = classes.put_in(&mut manifest.utterances);
    /// assert_eq!(manifest.utterances[0].emotion.as_deref(), Some("angry"));
    /// assert_eq!(manifest.utterances[1].emotion.as_deref(), Some("sad"), "as without");
    /// assert!(notes[0].contains("Trauer"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Classes> {
        let path = Path::new(text);
        let pairs = match path.is_file() {
            true => of_file(path)?,
            false => {
                let pair = |pair: &str| match pair.split_once('=') {
                    Some((label, class)) if !label.trim().is_empty() => {
                        Ok((label.trim().into(), class.trim().into()))
                    }
                    _ => Err(Error::Usage(format!(
                        "--labels: {pair:?} is neither LABEL=CLASS nor a file; expected such as W=angry,N=neutral, or a CSV of two columns"
                    ))),
                };
                text.split(',')
                    .map(pair)
                    .collect::<Result<Vec<(String, String)>>>()?
            }
        };
        let mut classes = BTreeMap::new();
        for (label, class) in pairs {
            if class.contains(['=', ';']) {
                return Err(Error::Usage(format!(
                    "--labels: {class:?} is no class; expected pairs with commas between them, such as W=angry,N=neutral"
                )));
            }
            let class = if is_missing(&class) {
                String::new()
            } else {
                class_of(&class)
            };
            if let Some(before) = classes.insert(label.clone(), class.clone())
                && before != class
            {
                return Err(Error::Usage(format!(
                    "--labels: {label:?} stands for {before:?} and for {class:?}; expected one class"
                )));
            }
        }
        Ok(Classes(classes))
    }

    /// Gives recordings the classes of their labels. Labels that are not listed keep what they stand for. Returns what a person should
    /// know: labels that are not listed, and listed ones that no recording has.
    pub fn put_in(&self, utterances: &mut [Utterance]) -> Vec<String> {
        let mut unlisted: BTreeMap<String, usize> = BTreeMap::new();
        let mut used: BTreeSet<&String> = BTreeSet::new();
        for utterance in utterances {
            let Some(label) = utterance
                .label_original
                .clone()
                .or(utterance.emotion.clone())
            else {
                continue;
            };
            // Letters may be told apart by their case; words seldom are.
            let alike = || self.0.iter().find(|(own, _)| folded(own) == folded(&label));
            match self.0.get_key_value(&label).or_else(alike) {
                Some((own, class)) => {
                    used.insert(own);
                    utterance.emotion = Some(class.clone()).filter(|class| !class.is_empty());
                    utterance.label_original = Some(label);
                }
                None => *unlisted.entry(label).or_default() += 1,
            }
        }
        let mut notes = Vec::new();
        if !unlisted.is_empty() {
            let names: Vec<String> = unlisted
                .iter()
                .map(|(label, n)| format!("{label} ({n})"))
                .collect();
            notes.push(format!(
                "labels that --labels does not list are kept as they are: {}",
                first(&names, 8)
            ));
        }
        let idle: Vec<String> = self
            .0
            .keys()
            .filter(|own| !used.contains(own))
            .cloned()
            .collect();
        if !idle.is_empty() {
            notes.push(format!(
                "labels of --labels that no recording has: {}",
                first(&idle, 8)
            ));
        }
        notes
    }
}

/// The two columns of a file; its first line is a header if it says so.
fn of_file(path: &Path) -> Result<Vec<(String, String)>> {
    let fault = |reason: String| Error::Manifest {
        path: path.to_path_buf(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let (text, _) = decode(&bytes).map_err(fault)?;
    let sheet = Sheet::of(&text, |_| false).map_err(fault)?;
    let Some(above) = sheet.header.first() else {
        return Err(fault(
            "is empty; expected lines of a label and its class".into(),
        ));
    };
    let is_header = [
        "label",
        "labels",
        "code",
        "class",
        "emotion",
        "label_original",
    ]
    .contains(&folded(above).as_str());
    let mut lines = Vec::new();
    if !is_header {
        lines.push((1, sheet.header.clone()));
    }
    let mut rows = sheet.rows();
    while let Some(row) = rows.next().map_err(fault)? {
        lines.push((row.line, row.cells));
    }
    let pair = |(line, cells): (usize, Vec<String>)| match &cells[..] {
        [label, class] => Ok((label.trim().to_string(), class.trim().to_string())),
        cells => Err(fault(format!(
            "line {line}: has {} cells; expected two, a label and its class",
            cells.len()
        ))),
    };
    lines.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterance(label: &str) -> Utterance {
        Utterance {
            label_original: Some(label.into()),
            emotion: Some("x".into()),
            ..Utterance::default()
        }
    }

    #[test]
    fn labels_become_classes_by_pairs_and_by_tables() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("classes.csv");
        for table in [
            "label;class\nW;Angry\nn;neutral\nQ;\n",
            "W\tAngry\nn\tneutral\nQ\tNA\n",
        ] {
            std::fs::write(&file, table).unwrap();
            let by_table = Classes::parse(file.to_str().unwrap()).unwrap();
            assert_eq!(by_table, Classes::parse("W=angry, n=Neutral,Q=").unwrap());
        }
        let mut all: Vec<Utterance> = ["W", "w", "N", "Q", "Z"].map(utterance).to_vec();
        let notes = Classes::parse("W=angry,w=calm,N=neutral,Q=,Y=happy")
            .unwrap()
            .put_in(&mut all);
        let classes: Vec<_> = all.iter().map(|u| u.emotion.as_deref()).collect();
        assert_eq!(
            classes,
            [
                Some("angry"),
                Some("calm"),
                Some("neutral"),
                None,
                Some("x")
            ]
        );
        assert_eq!(
            notes,
            [
                "labels that --labels does not list are kept as they are: Z (1)",
                "labels of --labels that no recording has: Y"
            ]
        );
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for wrong in ["W", "=angry", "W=angry,W=sad", "W=angry;N=neutral", ""] {
            assert!(Classes::parse(wrong).is_err(), "{wrong}");
        }
    }
}
