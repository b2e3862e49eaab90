//! How values are shown in a notebook: evcxr calls [`Show::evcxr_display`] on the last expression of a cell (cargo feature
//! `notebook`).
//!
//! Tables become HTML, figures inline SVG; each has a text version too, for readers without either. Also here are the
//! figures of recordings and tables, which [`plot`](crate::plot) draws from plain slices.

mod figures;
#[cfg(feature = "frame")]
mod frames;
mod learning;
mod sound;
mod tables;

use std::fmt::Write as _;
use std::io::Write as _;

pub use figures::{plot_contrasts, plot_reasons};

use crate::plot::Figure;
use crate::plot::canvas::escaped;

/// Shows a value under its cell.
pub trait Show {
    /// How the value is shown.
    fn shown(&self) -> Shown;

    /// Called by evcxr: prints the value in the form that evcxr's protocol requires.
    fn evcxr_display(&self) {
        let Shown { html, plain } = self.shown();
        let mut stdout = std::io::stdout().lock();
        // Nobody to show it to is no reason to stop.
        let _ = write!(
            stdout,
            "EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT text/plain\n{}\nEVCXR_END_CONTENT\n",
            html.trim_end(),
            plain.trim_end()
        );
    }
}

/// How a value is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// As HTML.
    pub html: String,
    /// As text, for readers without HTML.
    pub plain: String,
}

impl Shown {
    /// A line of text.
    fn line(plain: String) -> Shown {
        let html = format!("<p>{}</p>", escaped(&plain));
        Shown { html, plain }
    }
}

impl Show for Figure {
    fn shown(&self) -> Shown {
        Shown {
            html: self.svg().to_string(),
            plain: format!("[{}]", self.title()),
        }
    }
}

/// Figures side by side, if there is room.
impl Show for Vec<Figure> {
    fn shown(&self) -> Shown {
        let cell =
            |figure: &Figure| format!("<div style=\"flex:1 1 380px;min-width:0\">{figure}</div>");
        let cells: String = self.iter().map(cell).collect();
        let plain: Vec<String> = self.iter().map(|figure| figure.shown().plain).collect();
        Shown {
            html: format!("<div style=\"display:flex;flex-wrap:wrap;gap:24px\">{cells}</div>"),
            plain: plain.join("\n"),
        }
    }
}

/// More rows than this scroll.
const TALL: usize = 14;

/// A word longer than this is a sentence.
const SENTENCE: usize = 40;

/// A table of words: names of columns, and rows. Numbers are set to the right.
struct Grid {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    /// What stands below it.
    note: String,
}

impl Grid {
    fn shown(&self) -> Shown {
        Shown {
            html: self.html(),
            plain: self.plain(),
        }
    }

    fn html(&self) -> String {
        // A long one scrolls.
        let height = if self.rows.len() > TALL {
            "max-height:26em;"
        } else {
            ""
        };
        let mut html = format!("<div style=\"{height}overflow:auto\"><table><thead><tr>");
        for name in &self.names {
            let _ = write!(html, "<th style=\"text-align:left\">{}</th>", escaped(name));
        }
        html.push_str("</tr></thead><tbody>\n");
        // Columns of numbers are set to the right.
        let is_number = |word: &String| {
            word.is_empty()
                || word
                    .trim_end_matches(['%', '\u{a0}'])
                    .parse::<f64>()
                    .is_ok()
        };
        let sides: Vec<&str> = (0..self.names.len())
            .map(|k| match self.rows.iter().all(|row| is_number(&row[k])) {
                true => "right",
                false => "left",
            })
            .collect();
        for row in &self.rows {
            html.push_str("<tr>");
            for (word, side) in row.iter().zip(&sides) {
                // Sentences break, words do not.
                let wrap = match word.chars().count() {
                    ..=SENTENCE => "nowrap",
                    _ => "normal",
                };
                let _ = write!(
                    html,
                    "<td style=\"text-align:{side};white-space:{wrap}\">{}</td>",
                    escaped(word)
                );
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody></table></div>");
        if !self.note.is_empty() {
            let _ = write!(html, "\n<p>{}</p>", escaped(&self.note));
        }
        html
    }

    fn plain(&self) -> String {
        let width = |k: usize| {
            let of_rows = self.rows.iter().map(|row| row[k].chars().count());
            of_rows
                .chain([self.names[k].chars().count()])
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.names.len()).map(width).collect();
        let line = |words: &Vec<String>| {
            let padded = words
                .iter()
                .zip(&widths)
                .map(|(word, &wide)| format!("{word:wide$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_string()
        };
        let lines = [&self.names].into_iter().chain(&self.rows).map(line);
        let mut lines: Vec<String> = lines.collect();
        if !self.note.is_empty() {
            lines.push(self.note.clone());
        }
        lines.join("\n")
    }
}

/// A number with about four digits that matter.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    match value.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e6).contains(&size) => {
            let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{value:.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
                false => text,
            }
        }
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::tests::assert_well_formed;

    #[test]
    fn numbers_are_as_long_as_they_matter() {
        let shown = [0.0, 1.0, 1234.56, 0.012345, 3e-7, -2.5, 1e9, f64::NAN].map(number);
        let expected = ["0", "1", "1235", "0.01235", "3.00e-7", "-2.5", "1.00e9", ""];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_grid_is_escaped_and_aligned() {
        let grid = Grid {
            names: vec!["<a>".into(), "n".into()],
            rows: vec![
                vec!["x & y".into(), "12".into()],
                vec!["".into(), "50\u{a0}%".into()],
            ],
            note: "2 rows".into(),
        };
        let html = grid.html();
        assert_well_formed(&html, &[]);
        assert!(
            html.contains("<td style=\"text-align:right;white-space:nowrap\">50\u{a0}%</td>"),
            "{html}"
        );
        assert_eq!(
            grid.plain(),
            "<a>    n\nx & y  12\n       50\u{a0}%\n2 rows"
        );
    }
}
