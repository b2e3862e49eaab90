//! Figures from plain slices, as SVG.
//!
//! Each function draws one [`Figure`]: one `<svg>` element without a header, to be put into a web page or shown in a
//! notebook. Text and axes are drawn in the `currentColor` of their surroundings on a transparent background, so a figure
//! suits light and dark pages; it is as wide as the space it is given, up to its natural size. The same slices give the
//! same bytes.
//!
//! Shares (recalls, probabilities) are passed as 0 to 1 and drawn as per cent. A value that is not finite is left out, and
//! the figure says so in its place. Labels may be any text: they are escaped, and shortened if they are too long.

pub(crate) mod canvas;
mod curve;
mod distribution;
mod matrix;
mod plane;
mod reliability;
mod scatter;
mod sound;

use std::fmt;
use std::path::Path;

use crate::error::Result;
use crate::output;
use canvas::{Canvas, H, Ink, Scale, percent, wrapped};

pub use curve::curve;
pub use distribution::distribution;
pub use matrix::confusion;
pub use reliability::reliability;
pub use scatter::{scatter, scatter_along};
pub use sound::{Contour, contours, spectrogram, waveform};

/// Width of most figures: at the 330 pixels of a phone its text still has nine.
const WIDTH: i32 = 440;
/// Size of text, and of text beside the matter.
const TEXT: f64 = 13.0;
const SMALL: f64 = 11.5;
/// Room between things.
const GAP: i32 = 8;
/// Room that labels of rows take at most.
const LABELS: i32 = 150;

/// A finished figure.
///
/// ```
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("uar.svg");
/// let figure = plot::interval("UAR", 0.688, [0.639, 0.733], 0.125);
/// assert!(figure.title().starts_with("UAR: 68.8"));
/// assert!(figure.svg().starts_with("<svg"));
/// figure.save(&path)?;
/// assert!(path.is_file());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    title: String,
    svg: String,
}

impl Figure {
    /// What it shows, in words, for readers who cannot see it.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The `<svg>` element.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Writes it to an SVG file, with dark lines on white.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let on_white = "style=\"background:#fff;color:#222;";
        let svg = self.svg.replacen("style=\"", on_white, 1);
        output::write(path.as_ref(), svg.as_bytes())
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.svg)
    }
}

/// `name` for the name of a file: letters and digits, and a hyphen for what else stands between them.
///
/// ```
/// use sentire::plot::file_name;
///
/// assert_eq!(file_name("../Café (2)"), "Café-2");
/// assert_eq!(file_name("..."), "figure");
/// ```
pub fn file_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    match words.is_empty() {
        true => "figure".into(),
        false => words.join("-"),
    }
}

/// One value with its interval on a line from 0 to 100 %, with a mark at chance level.
///
/// `value`, `interval` (its ends) and `chance` are shares, 0 to 1; `what` names the value in the title.
///
/// ```
/// use sentire::prelude::*;
///
/// let figure = plot::interval("UAR", 0.688, [0.639, 0.733], 0.125);
/// assert!(figure.title().contains("95 % interval 63.9"));
/// ```
pub fn interval(what: &str, value: f64, interval: [f64; 2], chance: f64) -> Figure {
    let title = format!(
        "{what}: {}, 95 % interval {} to {}, chance {}",
        percent(value, 1),
        percent(interval[0], 1),
        percent(interval[1], 1),
        percent(chance, 1)
    );
    let mut canvas = Canvas::new(WIDTH, 50);
    let x = Scale::new(0.0..1.0, 5..WIDTH - 6);
    let (line, below) = (14, 38);
    canvas.bar((x.at(0.0), line - 1), (x.at(1.0), line + 1), Ink::Faint);
    for tick in [0.0, 1.0] {
        canvas.bar(
            (x.at(tick), line - 4),
            (x.at(tick) + 1, line + 4),
            Ink::Faint,
        );
    }
    canvas.text("0", SMALL, Ink::Muted, (x.at(0.0), below), H::Left);
    canvas.text("100 %", SMALL, Ink::Muted, (x.at(1.0), below), H::Right);
    if chance.is_finite() {
        let at = x.at(chance);
        canvas.bar((at, line - 9), (at + 1, line + 10), Ink::Muted);
        // Beside the ends there is no room for it.
        let at = at.clamp(x.at(0.0) + 36, x.at(1.0) - 66);
        canvas.text("chance", SMALL, Ink::Muted, (at, below), H::Center);
    }
    whisker(&mut canvas, &x, value, interval, line, 4);
    canvas.finish(&title)
}

/// Shares with their 95 % intervals, one row for each in the given order, with a line at chance level.
///
/// `values`, `intervals` (their ends) and `chance` are shares, 0 to 1; the slices are as long as
/// `labels`, but `intervals` may be empty. `axis` names the values.
///
/// ```
/// use sentire::prelude::*;
///
/// let emotions = ["angry", "sad"].map(String::from);
/// let intervals = [[0.8, 0.95], [0.5, 0.7]];
/// let figure = plot::rates("Recall", "recall (per cent)", &emotions, &[0.9, 0.6], &intervals, 0.5);
/// assert!(emotions.iter().all(|emotion| figure.svg().contains(emotion)));
/// ```
pub fn rates(
    title: &str,
    axis: &str,
    labels: &[String],
    values: &[f64],
    intervals: &[[f64; 2]],
    chance: f64,
) -> Figure {
    if labels.is_empty() {
        return canvas::empty(WIDTH, title);
    }
    let row = 28;
    // Names of models are long; what they have in common hides what differs.
    let left = label_width_up_to(labels, 2 * LABELS);
    let width = WIDTH + (left - LABELS - 2 * GAP).max(0);
    let (top, right) = (24, width - 56);
    let bottom = top + row * labels.len() as i32;
    let mut canvas = Canvas::new(width, bottom + 44);
    let x = Scale::new(0.0..1.0, left..right);
    per_cent_axis(&mut canvas, &x, top..bottom, axis);
    mark(&mut canvas, &x, top..bottom, chance, "chance");
    for (place, label) in labels.iter().enumerate() {
        let y = top + row * place as i32 + row / 2;
        row_label(&mut canvas, label, left, y);
        let value = values.get(place).copied().unwrap_or(f64::NAN);
        let ends = intervals.get(place).copied().unwrap_or([f64::NAN; 2]);
        if value.is_finite() {
            whisker(&mut canvas, &x, value, ends, y, 4);
            let text = percent(value, 0);
            canvas.text(&text, TEXT, Ink::Text, (width - 4, y), H::Right);
        } else {
            let at = (x.at(0.0) + GAP, y);
            canvas.text("not measured", SMALL, Ink::Muted, at, H::Left);
        }
    }
    canvas.finish(title)
}

/// The UAR of each group (speaker, sex, corpus), the best on top, with a line at the overall UAR.
///
/// `values` and `mean` are shares, 0 to 1; `n` counts the recordings of each group. The slices are as
/// long as `names`.
///
/// ```
/// use sentire::prelude::*;
///
/// let speakers = ["anna", "ben"].map(String::from);
/// let figure = plot::groups(&speakers, &[0.7, 0.9], &[60, 60], 0.8);
/// let place = |name: &str| figure.svg().find(name);
/// assert!(place("ben") < place("anna"), "the best comes first");
/// ```
pub fn groups(names: &[String], values: &[f64], n: &[usize], mean: f64) -> Figure {
    let title = format!(
        "UAR of each of {} groups; over all recordings {}",
        names.len(),
        percent(mean, 1)
    );
    if names.is_empty() {
        return canvas::empty(WIDTH, &title);
    }
    let mut rows: Vec<(&str, f64, usize)> = names
        .iter()
        .enumerate()
        .map(|(place, name)| {
            let value = values.get(place).copied().unwrap_or(f64::NAN);
            (name.as_str(), value, n.get(place).copied().unwrap_or(0))
        })
        .collect();
    // Not finite comes last; equals in the order of their names.
    let height = |value: f64| if value.is_finite() { value } else { -1.0 };
    rows.sort_by(|a, b| height(b.1).total_cmp(&height(a.1)).then(a.0.cmp(b.0)));

    let (row, size) = match rows.len() {
        0..=12 => (24, TEXT),
        13..=40 => (19, SMALL),
        _ => (15, 10.5),
    };
    let alike = n.iter().all(|count| Some(count) == n.first());
    let left = label_width(names);
    let (top, right) = (24, if alike { WIDTH - 56 } else { WIDTH - 92 });
    let bottom = top + row * rows.len() as i32;
    let mut canvas = Canvas::new(WIDTH, bottom + 44);
    let x = Scale::new(0.0..1.0, left..right);
    let each = match n.first() {
        Some(count) if alike => format!("UAR (per cent), {count} recordings each"),
        _ => "UAR (per cent)".to_string(),
    };
    per_cent_axis(&mut canvas, &x, top..bottom, &each);
    mark(&mut canvas, &x, top..bottom, mean, "all");
    if !alike {
        let at = (WIDTH - 4, top - 12);
        canvas.text("recordings", SMALL, Ink::Muted, at, H::Right);
    }
    for (place, (name, value, count)) in rows.into_iter().enumerate() {
        let y = top + row * place as i32 + row / 2;
        let name = canvas::fitted(name, f64::from(left - 2 * GAP), size);
        canvas.text(&name, size, Ink::Text, (left - GAP, y), H::Right);
        if value.is_finite() {
            if mean.is_finite() {
                let (from, to) = (x.at(value.min(mean)), x.at(value.max(mean)));
                canvas.bar((from, y - 1), (to, y), Ink::Soft);
            }
            canvas.dot((x.at(value), y), 4, Ink::Accent);
            let text = percent(value, 0);
            canvas.text(&text, size, Ink::Text, (right + 48, y), H::Right);
        } else {
            let at = (x.at(0.0) + GAP, y);
            canvas.text("not measured", size, Ink::Muted, at, H::Left);
        }
        if !alike {
            let at = (WIDTH - 4, y);
            canvas.text(&count.to_string(), size, Ink::Muted, at, H::Right);
        }
    }
    canvas.finish(&title)
}

/// Horizontal bars in the given order, each below its label.
///
/// `values` may have any unit and sign; `unit` labels the axis, and values are printed with `digits` decimals. A label may
/// be a sentence: it gets up to three lines. The slices have the same length.
///
/// ```
/// use sentire::prelude::*;
///
/// let families = ["pitch", "loudness"].map(String::from);
/// let figure = plot::bars("What moved it", &families, &[1.25, -0.5], "log odds", 2);
/// assert!(figure.svg().contains("1.25") && figure.svg().contains("log odds"));
/// ```
pub fn bars(title: &str, labels: &[String], values: &[f64], unit: &str, digits: usize) -> Figure {
    if labels.is_empty() {
        return canvas::empty(WIDTH, title);
    }
    let lines: Vec<Vec<String>> = labels
        .iter()
        .map(|label| wrapped(label, f64::from(WIDTH - 8), TEXT, 3))
        .collect();
    let (line, bar, between) = (17, 9, 13);
    let height: i32 = lines
        .iter()
        .map(|lines| line * lines.len() as i32 + bar + between)
        .sum();
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let most = finite().fold(0.0, f64::max);
    let least = finite().fold(0.0, f64::min);
    let most = if most > least { most } else { least + 1.0 };
    let mut canvas = Canvas::new(WIDTH, height + 26);
    let x = Scale::new(least..most, 2..WIDTH - 62);
    let mut y = 0;
    for (place, lines) in lines.iter().enumerate() {
        for text in lines {
            canvas.text(text, TEXT, Ink::Text, (2, y + line / 2 + 1), H::Left);
            y += line;
        }
        let value = values.get(place).copied().unwrap_or(f64::NAN);
        let (from, to) = match value.is_finite() {
            true => (x.at(value.min(0.0)), x.at(value.max(0.0))),
            false => (x.at(0.0), x.at(0.0)),
        };
        let ink = if value < 0.0 { Ink::Soft } else { Ink::Accent };
        canvas.bar((from, y + 2), (to.max(from + 1), y + 2 + bar), ink);
        let at = (to + GAP, y + 2 + bar / 2 + 1);
        canvas.text(
            &canvas::number(value, digits),
            SMALL,
            Ink::Muted,
            at,
            H::Left,
        );
        y += bar + between;
    }
    canvas.text(unit, SMALL, Ink::Muted, (2, height + 12), H::Left);
    canvas.finish(title)
}

/// A dot, and a line from one end of its interval to the other.
fn whisker(canvas: &mut Canvas, x: &Scale, value: f64, ends: [f64; 2], y: i32, radius: u32) {
    if let [low, high] = ends
        && low.is_finite()
        && high.is_finite()
    {
        canvas.bar((x.at(low), y - 1), (x.at(high), y + 2), Ink::Soft);
        for end in [low, high] {
            canvas.bar((x.at(end), y - 4), (x.at(end) + 1, y + 5), Ink::Accent);
        }
    }
    if value.is_finite() {
        canvas.dot((x.at(value), y), radius, Ink::Accent);
    }
}

/// Grid, ticks and name of an axis of per cent below rows.
fn per_cent_axis(canvas: &mut Canvas, x: &Scale, rows: std::ops::Range<i32>, name: &str) {
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = x.at(tick);
        canvas.bar((at, rows.start), (at + 1, rows.end), Ink::Grid);
        let text = format!("{:.0}", tick * 100.0);
        canvas.text(&text, SMALL, Ink::Muted, (at, rows.end + 13), H::Center);
    }
    let middle = (x.at(0.5), rows.end + 33);
    canvas.text(name, SMALL, Ink::Muted, middle, H::Center);
}

/// A named line across rows.
fn mark(canvas: &mut Canvas, x: &Scale, rows: std::ops::Range<i32>, value: f64, name: &str) {
    if !value.is_finite() {
        return;
    }
    let at = x.at(value);
    canvas.dashed((at, rows.start - 3), (at, rows.end), Ink::Muted);
    let text = format!("{name} {}", percent(value, 1));
    // It stays within the figure, whatever the value.
    let half = (canvas::width(&text, SMALL) / 2.0) as i32 + 2;
    let at = at.clamp(half, WIDTH - half);
    canvas.text(&text, SMALL, Ink::Muted, (at, rows.start - 12), H::Center);
}

/// The label of a row, to the left of the axis that begins at `left`.
fn row_label(canvas: &mut Canvas, label: &str, left: i32, y: i32) {
    let label = canvas::fitted(label, f64::from(left - 2 * GAP), TEXT);
    canvas.text(&label, TEXT, Ink::Text, (left - GAP, y), H::Right);
}

/// Room that the labels of rows want.
fn label_width(labels: &[String]) -> i32 {
    label_width_up_to(labels, LABELS)
}

fn label_width_up_to(labels: &[String], most: i32) -> i32 {
    let widest = labels
        .iter()
        .map(|label| canvas::width(label, TEXT).ceil() as i32)
        .max();
    widest.unwrap_or(0).clamp(24, most) + 2 * GAP
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Panics where tags do not close in order, an attribute is not quoted, or a character should
    /// have been escaped. Tags in `open` need no end.
    pub(crate) fn assert_well_formed(markup: &str, open: &[&str]) {
        let mut stack = Vec::new();
        let mut parts = markup.split('<');
        assert_eq!(parts.next(), Some(""), "text before the first tag");
        for part in parts {
            let (tag, text) = part.split_once('>').expect("a tag ends");
            assert!(
                tag == "style" || !text.contains('>'),
                "a bare > in {text:?}"
            );
            for entity in part.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;", "apos;", "nbsp;", "#39;"];
                let known = known.iter().any(|name| entity.starts_with(name));
                assert!(known, "a bare & in {part:?}");
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
            assert!(!tag.contains("NaN"), "<{tag}>");
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(stack.pop(), Some(name), "</{name}>"),
                None if tag.ends_with('/') => {}
                None => {
                    let name = tag.split([' ', '\n']).next().expect("a name");
                    if !open.contains(&name) {
                        stack.push(name);
                    }
                }
            }
        }
        assert!(stack.is_empty(), "left open: {stack:?}");
        let odd = |c: char| c.is_control() && !"\n\t".contains(c);
        assert!(!markup.contains(odd), "a control character");
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| word.to_string()).collect()
    }

    fn contour(name: &str, values: &[f32]) -> Contour {
        Contour {
            name: name.into(),
            unit: "<unit>".into(),
            values: values.to_vec(),
        }
    }

    /// A spectrogram of three bands whose level rises with frequency and time.
    fn three_bands(frames: usize, f0_hz: &[f32], range_db: f64) -> Figure {
        let levels = |k: usize| (0..3).map(|band| (band + k) as f32 - 60.0).collect();
        let level_db: Vec<Vec<f32>> = (0..frames).map(levels).collect();
        spectrogram(&level_db, &[100.0, 1000.0, 4000.0], 0.01, f0_hz, range_db)
    }

    /// The places of all text at the end of the line, by row: (x, y, text).
    fn texts(svg: &str) -> Vec<(i32, i32, String)> {
        let attribute = |tag: &str, name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        svg.split("<text")
            .skip(1)
            .map(|part| {
                let (tag, rest) = part.split_once('>').unwrap();
                let text = rest.split('<').next().unwrap().trim().to_string();
                (attribute(tag, "x"), attribute(tag, "y"), text)
            })
            .collect()
    }

    #[test]
    fn labels_that_look_like_markup_are_text() {
        let nasty = words(&["<script>alert(1)</script>", "a\"b'c&d", "\u{0}\n\u{7}", ""]);
        let counts = vec![vec![1, 2, 3, 4]; 4];
        let shares = [0.1, 0.2, f64::NAN, f64::INFINITY];
        let intervals = [[0.0, 0.3], [0.1, f64::NAN], [f64::NAN; 2], [0.9, 1.0]];
        for svg in [
            confusion(&nasty, &counts),
            rates("<title>", "<axis>", &nasty, &shares, &intervals, 0.25),
            groups(&nasty, &shares, &[1, 2, 3, 4], f64::NAN),
            bars("<title>", &nasty, &shares, "<unit>", 2),
            distribution(&nasty, &vec![shares.to_vec(); 4], "<axis>"),
            scatter((&shares, &shares), &[0, 1, 2, 3], &nasty, ["<x>", "y & z"]),
            contours(&[contour("<name>", &[1.0, f32::NAN, 2.0, 3.0])], 0.01),
            interval("<what> & \"why\"", 0.5, [0.4, 0.6], 0.2),
            reliability(&[(0.5, f64::NAN, 3), (0.7, 0.6, 3)], f64::NAN),
        ] {
            assert_well_formed(svg.svg(), &[]);
            assert!(!svg.svg().contains("<script"), "{svg}");
            assert!(svg.svg().contains("viewBox=\"0 0 ") && svg.svg().contains("role=\"img\""));
            assert!(svg.svg().contains("aria-label=\"") && svg.svg().contains("<title>"));
        }
    }

    #[test]
    fn figures_of_nothing_say_so() {
        for svg in [
            confusion(&[], &[]),
            rates("", "", &[], &[], &[], f64::NAN),
            groups(&[], &[], &[], f64::NAN),
            reliability(&[], f64::NAN),
            bars("", &[], &[], "", 0),
            waveform(&[], 0),
            three_bands(0, &[], 80.0),
            distribution(&words(&["a"]), &[vec![f64::NAN]], "x"),
            scatter((&[], &[]), &[], &[], ["x", "y"]),
            contours(&[], 0.01),
        ] {
            assert_well_formed(svg.svg(), &[]);
            assert!(svg.svg().contains("not measured"), "{svg}");
        }
    }

    #[test]
    fn colours_are_those_of_the_surroundings_and_one_accent() {
        let svg = confusion(&words(&["a", "b"]), &[vec![3, 1], vec![0, 4]]);
        assert!(svg.svg().contains("\"currentColor\""));
        for part in svg.svg().split("\"#").skip(1) {
            assert_eq!(&part[..6], "2A7F9E");
        }
        // A label that reads like the stand-in of the colour stays as it is.
        let svg = confusion(&words(&["\"#010203\"", "b"]), &[vec![3, 1], vec![0, 4]]);
        assert!(svg.svg().contains("&quot;#010203&quot;"), "{svg}");
    }

    #[test]
    fn a_hundred_speakers_have_a_row_each_from_best_to_worst() {
        let names: Vec<String> = (0..100)
            .map(|n| format!("a speaker with a long name {n:02}"))
            .collect();
        let values: Vec<f64> = (0..100).map(|n| f64::from(n * 37 % 100) / 100.0).collect();
        let n: Vec<usize> = (0..100).map(|n| 40 + n).collect();
        let svg = groups(&names, &values, &n, 0.5);
        assert_well_formed(svg.svg(), &[]);
        let texts = texts(svg.svg());
        let rows: Vec<&(i32, i32, String)> = texts
            .iter()
            .filter(|(_, _, text)| text.starts_with("a speaker"))
            .collect();
        assert_eq!(rows.len(), 100);
        // Rows are farther apart than their letters are high.
        assert!(rows.windows(2).all(|two| two[1].1 - two[0].1 >= 12));
        let percents: Vec<&str> = texts
            .iter()
            .filter_map(|(_, _, text)| text.strip_suffix("\u{a0}%"))
            .filter(|text| !text.contains("all"))
            .collect();
        assert_eq!((percents[0], percents[99]), ("99", "0"));
        // Names are shortened to the room left of the axis.
        let row = rows[0];
        assert!(canvas::width(&row.2, 10.5) <= f64::from(row.0), "{row:?}");
    }

    #[test]
    fn labels_of_classes_stay_within_the_figure() {
        let classes = words(&["twenty letters or so", "a", "WWWWWWWWWWWWWWWWWWWW"]);
        let svg = confusion(&classes, &vec![vec![1; 3]; 3]);
        for (x, y, text) in texts(svg.svg()) {
            assert!(x >= 0 && y >= 0, "{text} at {x}, {y}");
            if classes.contains(&text) {
                assert!(canvas::width(&text, TEXT) <= f64::from(x.max(y)), "{text}");
            }
        }
        assert!(svg.svg().contains("twenty letters or so"));
        assert!(svg.svg().contains("WWWW…") || svg.svg().contains("W…"));
    }

    #[test]
    fn a_cell_tells_the_share_of_its_row_and_the_count() {
        let svg = confusion(&words(&["a", "b"]), &[vec![3, 1], vec![0, 4]]);
        let texts: Vec<String> = texts(svg.svg())
            .into_iter()
            .map(|(_, _, text)| text)
            .collect();
        let cells = &texts[texts.len() - 8..];
        let expected = ["75 %", "3", "25 %", "1", "0 %", "0", "100 %", "4"];
        assert_eq!(cells.join("|").replace('\u{a0}', " "), expected.join("|"));
    }

    #[test]
    fn long_labels_break_into_two_lines() {
        let lines = canvas::wrapped("one two three four five six seven", 60.0, 13.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
        assert_eq!(canvas::wrapped("", 60.0, 13.0, 2), Vec::<String>::new());
    }

    #[test]
    fn a_spectrogram_is_a_picture_with_two_axes() {
        let f0 = [f32::NAN, 100.0, 120.0, f32::NAN, 90.0];
        let figure = three_bands(5, &f0, 20.0);
        assert_well_formed(figure.svg(), &[]);
        assert_eq!(figure.svg().matches("<image ").count(), 1);
        let texts: Vec<String> = texts(figure.svg()).into_iter().map(|t| t.2).collect();
        for text in [
            "1000",
            "time (s)",
            "frequency (Hz, mel scale)",
            "F0 (Hz), white line",
        ] {
            assert!(texts.iter().any(|t| t == text), "{text} of {texts:?}");
        }
        // The upper left pixel is the first moment of the highest band, the lower right the last of
        // the lowest: both 4 dB below the loudest, at .8 of the range.
        let png = figure
            .svg()
            .split_once("base64,")
            .unwrap()
            .1
            .split('"')
            .next()
            .unwrap();
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, png).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut levels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut levels).unwrap();
        assert_eq!((reader.info().width, reader.info().height), (5, 3));
        assert_eq!((levels[0], levels[4], levels[14]), (203, 254, 229));
    }

    #[test]
    fn a_long_recording_is_drawn_with_as_many_points_as_there_is_room_for() {
        let minute: Vec<f32> = (0..960_000).map(|k| (k as f32 * 0.05).sin()).collect();
        assert!(waveform(&minute, 16_000).svg().len() < 30_000);
        let many: Vec<f32> = (0..360_000).map(|k| (k as f32 * 0.3).sin()).collect();
        assert!(contours(&[contour("x", &many)], 0.01).svg().len() < 60_000);
        let hour = three_bands(360_000, &[], 80.0);
        assert!(hour.svg().len() < 20_000, "{}", hour.svg().len());
    }

    #[test]
    fn silence_is_drawn_at_its_level() {
        let silence = spectrogram(
            &[vec![-100.0; 3], vec![-100.0; 3]],
            &[1.0, 2.0, 3.0],
            0.01,
            &[],
            70.0,
        );
        assert!(silence.svg().contains("-100 dB"), "{}", silence.svg());
        assert!(waveform(&[0.0; 900], 16_000).svg().contains("<polygon"));
    }

    #[test]
    fn long_names_of_axes_stay_within_the_figure() {
        let name = "75th less 25th percentile of the mean frequency, weighted by magnitude (Hz), in voiced frames";
        let figure = distribution(&words(&["a"]), &[vec![1.0, 2.0]], &name.repeat(2));
        let names: Vec<String> = texts(figure.svg())
            .into_iter()
            .filter(|(_, _, text)| text.contains("percentile") || text.contains("frames"))
            .map(|(_, _, text)| text)
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.iter().all(|line| canvas::width(line, SMALL) <= 460.0));
    }

    #[test]
    fn contours_are_broken_where_they_are_undefined() {
        let figure = contours(
            &[contour(
                "f0",
                &[1.0, 2.0, f32::NAN, 3.0, 4.0, f32::NAN, 5.0],
            )],
            0.01,
        );
        assert_eq!(figure.svg().matches("<polyline").count(), 2);
        assert_eq!(figure.svg().matches("<circle").count(), 1);
        let nothing = contours(&[contour("f0", &[f32::NAN; 3])], 0.01);
        assert!(nothing.svg().contains("not defined in any frame"));
    }

    #[test]
    fn series_differ_in_colour_and_shape() {
        let at = [0.0, 1.0];
        let figure = scatter((&at, &at), &[0, 1], &words(&["a", "b"]), ["x", "y"]);
        let colours: std::collections::BTreeSet<&str> = figure
            .svg()
            .split("fill=\"#")
            .skip(1)
            .map(|part| &part[..6])
            .collect();
        assert_eq!(colours.len(), 2);
        assert!(figure.svg().contains("<circle") && figure.svg().contains("<polygon"));
    }
}
