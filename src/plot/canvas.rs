//! What figures are drawn on: bars, lines, dots and text at whole pixels, over plotters.
//!
//! plotters without a font backend does not know how wide text is, so the widths are estimated here,
//! rather too wide than too narrow.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::element::{Circle, DashedPathElement, PathElement, Rectangle, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, RGBColor, SVGBackend};
use plotters::style::text_anchor::{Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBAColor, ShapeStyle, TextStyle};

pub use plotters::style::text_anchor::HPos as H;

/// Stands for the colour of the surroundings until the figure is finished.
const FOREGROUND: RGBColor = RGBColor(1, 2, 3);
const FOREGROUND_SVG: &str = "\"#010203\"";
/// Blue green in a mid-tone: contrast 4.5 to 1 on white, 4 on near-black (WCAG 2.1 asks 3 of
/// graphics).
const ACCENT: RGBColor = RGBColor(0x2a, 0x7f, 0x9e);
/// plotters divides sizes by this on the way into SVG.
const PLOTTERS_TEXT: f64 = 1.24;

/// What a thing is drawn in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ink {
    /// Text to be read first.
    Text,
    /// Text and lines beside the matter.
    Muted,
    /// What can hardly be seen, and need not.
    Faint,
    /// Lines of a grid.
    Grid,
    /// The matter.
    Accent,
    /// What stands behind the matter.
    Soft,
    /// The accent, as dense as this: 0 to 1.
    Shade(f64),
}

impl Ink {
    fn color(self) -> RGBAColor {
        match self {
            Ink::Text => FOREGROUND.mix(1.0),
            Ink::Muted => FOREGROUND.mix(0.68),
            Ink::Faint => FOREGROUND.mix(0.35),
            Ink::Grid => FOREGROUND.mix(0.12),
            Ink::Accent => ACCENT.mix(1.0),
            Ink::Soft => ACCENT.mix(0.42),
            Ink::Shade(density) => ACCENT.mix((density * 1000.0).round() / 1000.0),
        }
    }
}

/// Values to pixels.
pub struct Scale {
    values: RangedCoordf64,
    pixels: (i32, i32),
}

impl Scale {
    /// `values` onto `pixels`; the latter may run backwards, as heights do.
    pub fn new(values: Range<f64>, pixels: Range<i32>) -> Scale {
        Scale {
            values: values.into(),
            pixels: (pixels.start, pixels.end),
        }
    }

    /// The pixel of `value`; values outside go to the nearer end.
    pub fn at(&self, value: f64) -> i32 {
        let range = self.values.range();
        self.values
            .map(&value.clamp(range.start, range.end), self.pixels)
    }
}

/// A figure in the making. Shapes are kept, and drawn when it is finished.
pub struct Canvas {
    size: (i32, i32),
    shapes: Vec<Shape>,
}

enum Shape {
    Bar((i32, i32), (i32, i32), Ink),
    Line(Vec<(i32, i32)>, Ink),
    Dashed((i32, i32), (i32, i32), Ink),
    Dot((i32, i32), u32, Ink),
    Text {
        text: String,
        size: f64,
        ink: Ink,
        at: (i32, i32),
        anchor: H,
        upright: bool,
    },
}

impl Canvas {
    pub fn new(width: i32, height: i32) -> Canvas {
        Canvas {
            size: (width, height),
            shapes: Vec::new(),
        }
    }

    /// A filled rectangle from its upper left to its lower right corner.
    pub fn bar(&mut self, from: (i32, i32), to: (i32, i32), ink: Ink) {
        self.shapes.push(Shape::Bar(from, to, ink));
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(i32, i32)], ink: Ink) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line(points.to_vec(), ink));
        }
    }

    /// A dashed line.
    pub fn dashed(&mut self, from: (i32, i32), to: (i32, i32), ink: Ink) {
        self.shapes.push(Shape::Dashed(from, to, ink));
    }

    /// A disc.
    pub fn dot(&mut self, at: (i32, i32), radius: u32, ink: Ink) {
        self.shapes.push(Shape::Dot(at, radius, ink));
    }

    /// One line of text, `size` pixels high, centred on the height of `at`.
    pub fn text(&mut self, text: &str, size: f64, ink: Ink, at: (i32, i32), anchor: H) {
        self.any_text(text, size, ink, at, anchor, false);
    }

    /// Text that runs from below upwards, with its middle at `at`.
    pub fn upright(&mut self, text: &str, size: f64, ink: Ink, at: (i32, i32), anchor: H) {
        self.any_text(text, size, ink, at, anchor, true);
    }

    fn any_text(
        &mut self,
        text: &str,
        size: f64,
        ink: Ink,
        at: (i32, i32),
        anchor: H,
        upright: bool,
    ) {
        let text = readable(text);
        if !text.is_empty() {
            self.shapes.push(Shape::Text {
                text,
                size,
                ink,
                at,
                anchor,
                upright,
            });
        }
    }

    /// The figure. `title` says what it shows to those who do not see it.
    pub fn finish(self, title: &str) -> String {
        let (width, height) = self.size;
        let mut svg = String::new();
        {
            let size = (width as u32, height as u32);
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            for shape in self.shapes {
                shape.draw(&area);
            }
            area.present().expect("a string can be written to");
        }
        // The backend's own opening tag fixes the size in pixels; the rest is as it wrote it, but
        // for what it cannot say. Labels cannot hit these patterns: in them `"` is escaped.
        let inner = svg.split_once('>').map_or("", |(_, inner)| inner);
        let inner = inner
            .replace(FOREGROUND_SVG, "\"currentColor\"")
            .replace(" font-family=\"sans-serif\"", "")
            // The middle of digits and capitals, not of small letters.
            .replace("dy=\"0.5ex\"", "dy=\"0.35em\"");
        let title = escaped(&readable(title));
        // Up to a sixth larger than drawn where there is room.
        let most = width + width / 6;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"100%\" \
             style=\"max-width:{most}px\" role=\"img\" aria-label=\"{title}\" \
             font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\">\n\
             <title>{title}</title>{inner}"
        )
    }
}

/// What stands for a figure of nothing.
pub fn empty(width: i32, title: &str) -> String {
    let mut canvas = Canvas::new(width, 32);
    canvas.text("not measured", 13.0, Ink::Muted, (2, 16), H::Left);
    canvas.finish(title)
}

impl Shape {
    fn draw(self, area: &DrawingArea<SVGBackend, Shift>) {
        let drawn = match self {
            Shape::Bar(from, to, ink) => area.draw(&Rectangle::new([from, to], filled(ink))),
            Shape::Line(points, ink) => {
                area.draw(&PathElement::new(points, ink.color().stroke_width(2)))
            }
            Shape::Dashed(from, to, ink) => {
                let style = ink.color().stroke_width(1);
                area.draw(&DashedPathElement::new([from, to], 3, 3, style))
            }
            Shape::Dot(at, radius, ink) => area.draw(&Circle::new(at, radius, filled(ink))),
            Shape::Text {
                text,
                size,
                ink,
                at,
                anchor,
                upright,
            } => {
                let font = ("sans-serif", size * PLOTTERS_TEXT).into_font();
                let font = match upright {
                    true => font.transform(FontTransform::Rotate270),
                    false => font,
                };
                let color = ink.color();
                let style = TextStyle::from(font)
                    .color(&color)
                    .pos(Pos::new(anchor, VPos::Center));
                area.draw(&Text::new(text, at, style))
            }
        };
        drawn.expect("a string can be written to");
    }
}

fn filled(ink: Ink) -> ShapeStyle {
    ink.color().filled()
}

/// `text` on one line, without what XML cannot hold.
fn readable(text: &str) -> String {
    let visible = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(visible).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// `share` as per cent with `digits` after the point.
pub fn percent(share: f64, digits: usize) -> String {
    match share.is_finite() {
        true => format!("{:.digits$}\u{a0}%", share * 100.0),
        false => "not measured".into(),
    }
}

/// `value` with `digits` after the point.
pub fn number(value: f64, digits: usize) -> String {
    match value.is_finite() {
        true => format!("{value:.digits$}"),
        false => "not measured".into(),
    }
}

/// About how wide `text` is at `size` pixels, rather too wide: the advances of Helvetica by kind of
/// letter, and a little more, as system fonts differ.
pub fn width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | '|' | '\'' | '.' | ',' | ':' | ';' | '!' => 0.30,
        'f' | 't' | 'r' | 'I' | ' ' | '\u{a0}' | '(' | ')' | '[' | ']' | '-' | '/' => 0.37,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.0,
        'A'..='Z' => 0.72,
        // Han, kana and whatever else is as wide as high.
        '\u{1100}'.. => 1.05,
        _ => 0.59,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// `text`, shortened to `room` pixels with an ellipsis where it is wider.
pub fn fitted(text: &str, room: f64, size: f64) -> String {
    if width(text, size) <= room {
        return text.to_string();
    }
    let mut short = String::new();
    for c in text.chars() {
        if width(&short, size) + width("…m", size) > room {
            break;
        }
        short.push(c);
    }
    format!("{}…", short.trim_end())
}

/// `text` broken between words into at most `most` lines of `room` pixels.
pub fn wrapped(text: &str, room: f64, size: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let last = lines.len() == most;
        match lines.last_mut() {
            Some(line) if last || width(line, size) + width(word, size) + size < room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines.iter().map(|line| fitted(line, room, size)).collect()
}
