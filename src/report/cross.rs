//! The cross-corpus matrix as text.

use std::fmt::Write;

use crate::model::Normalize;
use crate::report::{CrossCell, CrossCorpus};

impl CrossCorpus {
    /// The matrix as a page of text: a row for each way to train, a column for each test.
    pub fn to_text(&self) -> String {
        let counts = self
            .corpora
            .iter()
            .map(|name| format!("{name} {}", self.recordings[name]));
        let scaling = match self.normalize {
            Normalize::Train => "scaling fitted on the training speakers (protocol A)",
            Normalize::Speaker => {
                "each speaker scaled by their own unlabelled recordings (protocol B, transductive)"
            }
        };
        let mut text = format!(
            "{} corpora ({} recordings), {} shared classes: {}\n{} ({}), {scaling}\n",
            self.corpora.len(),
            counts.collect::<Vec<_>>().join(", "),
            self.classes.len(),
            self.classes.join(", "),
            self.model,
            self.features,
        );
        let width = self
            .corpora
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0)
            .max(20);
        let _ = write!(text, "\n{:1$}", "UAR, tested on", width + 2);
        for test in &self.corpora {
            let _ = write!(text, "{test:>22}");
        }
        text.push('\n');
        let alone = self
            .corpora
            .iter()
            .map(|name| (name.clone(), vec![name.clone()]));
        let ways = alone.collect::<Vec<_>>();
        for (name, train) in &ways {
            let cells = self
                .corpora
                .iter()
                .map(|test| self.cell(|cell| cell.test == *test && cell.train == *train));
            line(&mut text, &format!("trained on {name}"), width, cells);
        }
        if self.corpora.len() > 2 {
            let cells = self
                .corpora
                .iter()
                .map(|test| self.cell(|cell| cell.test == *test && cell.train.len() > 1));
            line(&mut text, "on all others", width, cells);
        }
        let chance = 1.0 / self.classes.len() as f64;
        let _ = writeln!(
            text,
            "\n95 % intervals resample speakers; chance {chance:.3}. A corpus on itself: speakers held out ({}).",
            self.within
        );
        if self.left_out > 0 {
            let _ = writeln!(
                text,
                "{} recordings of other classes left out",
                self.left_out
            );
        }
        text
    }

    fn cell(&self, is_it: impl Fn(&CrossCell) -> bool) -> Option<&CrossCell> {
        self.cells.iter().find(|cell| is_it(cell))
    }
}

fn line<'a>(
    text: &mut String,
    name: &str,
    width: usize,
    cells: impl Iterator<Item = Option<&'a CrossCell>>,
) {
    let width = width + 2;
    let _ = write!(text, "{name:width$}");
    for cell in cells {
        let shown = cell.map_or(String::new(), |cell| {
            let [low, high] = cell.uar_ci95;
            format!("{:.3} ({low:.2}-{high:.2})", cell.uar)
        });
        let _ = write!(text, "{shown:>22}");
    }
    text.push('\n');
}
