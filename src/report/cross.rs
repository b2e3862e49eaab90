//! The cross-corpus matrix as text.

use std::fmt::Write;

use crate::report::text::scaling;
use crate::report::{CrossCell, CrossCorpus};

impl CrossCorpus {
    /// The matrix as a page of text: a row for each way to train, a column for each test.
    pub fn to_text(&self) -> String {
        let counts = self
            .corpora
            .iter()
            .map(|name| format!("{name} {}", self.recordings[name]));
        let scaling = scaling(self.normalize);
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
        self.add_calibration(&mut text, width);
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

    /// What probabilities and `sure` are worth on a corpus that was not trained on.
    fn add_calibration(&self, text: &mut String, width: usize) {
        let others = |test: &String| {
            let by_many = self.corpora.len() > 2;
            let is_it = |cell: &CrossCell| {
                cell.test == *test
                    && !cell.train.contains(test)
                    && (cell.train.len() > 1) == by_many
            };
            self.cell(is_it)
        };
        let shown = |name: &str, of: &dyn Fn(&CrossCell) -> String| {
            let cells = self
                .corpora
                .iter()
                .map(|test| others(test).map_or(String::new(), of));
            let cells: String = cells.map(|cell| format!("{cell:>22}")).collect();
            format!("{name:0$}{cells}\n", width + 2)
        };
        let sure = |cell: &CrossCell| match cell.unsure.accuracy_of_sure {
            Some(right) => format!("{:.2} ({right:.2} right)", 1.0 - cell.unsure.share),
            None => "none".into(),
        };
        text.push('\n');
        text.push_str(&shown("ECE, others learned", &|cell| {
            format!("{:.3}", cell.ece)
        }));
        text.push_str(&shown("sure, others learned", &sure));
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
