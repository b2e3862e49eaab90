//! The canvas of figures: bars, lines, dots and text at whole pixels, on top of plotters.
//!
//! Without a font backend plotters does not know how wide text is, so widths are estimated here, too wide rather than too
//! narrow.

use std::ops::Range;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use plotters::coord::Shift;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, RGBColor, SVGBackend};
use plotters::style::colors::colormaps::ViridisRGB;
use plotters::style::text_anchor::{Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBAColor, ShapeStyle, TextStyle};

use super::Figure;

pub use plotters::style::text_anchor::HPos as H;

/// Stands for the colour of the surroundings until the figure is finished.
const FOREGROUND: RGBColor = RGBColor(1, 2, 3);
const FOREGROUND_SVG: &str = "\"#010203\"";
/// Blue green in a mid-tone: contrast 4.5 to 1 on white, 4 on near-black (WCAG 2.1 asks 3 of
/// graphics).
const ACCENT: RGBColor = RGBColor(0x2a, 0x7f, 0x9e);
/// Mid-tones of different hues: each has a contrast of 3 to 1 or more both on white and on near-black.
pub const SERIES: [RGBColor; 8] = [
    RGBColor(0x2a, 0x7f, 0x9e),
    RGBColor(0xd0, 0x62, 0x1b),
    RGBColor(0x96, 0x62, 0xc8),
    RGBColor(0x3d, 0x8f, 0x43),
    RGBColor(0xc9, 0x4c, 0x66),
    RGBColor(0x93, 0x78, 0x2c),
    RGBColor(0x4f, 0x74, 0xd6),
    RGBColor(0x80, 0x80, 0x80),
];
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
    /// One of several things that are told apart, by number.
    Series(usize),
    /// A line on a picture, and the rim that sets it off.
    OnPicture,
    Rim,
    /// The colour that a picture gives to this value, 0 to 1.
    Viridis(f64),
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
            Ink::Series(number) => SERIES[number % SERIES.len()].mix(1.0),
            Ink::OnPicture => RGBColor(255, 255, 255).mix(1.0),
            Ink::Rim => RGBColor(0, 0, 0).mix(0.7),
            Ink::Viridis(value) => ViridisRGB::get_color(value as f32).mix(1.0),
        }
    }
}

/// Values to pixels.
pub struct Scale {
    values: RangedCoordf64,
    pixels: (i32, i32),
}

impl Scale {
    /// Round values along it, about as many as `most`.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        self.values.key_points(most)
    }

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
    /// What lies below all shapes.
    raster: Option<String>,
    shapes: Vec<Shape>,
}

enum Shape {
    Bar((i32, i32), (i32, i32), Ink),
    Line(Vec<(i32, i32)>, u32, Ink),
    Area(Vec<(i32, i32)>, Ink),
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
            raster: None,
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
            self.trace(points, 2, ink);
        }
    }

    /// A line through points, `width` pixels wide; a single point is a dot.
    pub fn trace(&mut self, points: &[(i32, i32)], width: u32, ink: Ink) {
        match *points {
            [] => {}
            [only] => self.dot(only, width / 2 + 1, ink),
            _ => self.shapes.push(Shape::Line(points.to_vec(), width, ink)),
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

    /// A mark of the series `number`, 8 pixels high: its shape tells series apart where colours do not.
    pub fn marker(&mut self, (x, y): (i32, i32), number: usize) {
        let ink = Ink::Series(number);
        let around =
            |offsets: &[(i32, i32)]| offsets.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        match number % 5 {
            0 => self.dot((x, y), 4, ink),
            1 => self.area(around(&[(-3, -3), (3, -3), (3, 3), (-3, 3)]), ink),
            2 => self.area(around(&[(0, -5), (5, 4), (-5, 4)]), ink),
            3 => self.area(around(&[(0, -5), (5, 0), (0, 5), (-5, 0)]), ink),
            _ => self.area(around(&[(0, 5), (5, -4), (-5, -4)]), ink),
        }
    }

    /// A filled polygon.
    pub fn area(&mut self, corners: Vec<(i32, i32)>, ink: Ink) {
        self.shapes.push(Shape::Area(corners, ink));
    }

    /// A picture below all shapes, stretched from its upper left to its lower right corner: rows from
    /// the top, values 0 to 1 in the colours of viridis.
    pub fn raster(
        &mut self,
        (left, top): (i32, i32),
        (right, bottom): (i32, i32),
        rows: &[Vec<f64>],
    ) {
        let (width, height) = (right - left, bottom - top);
        self.raster = Some(format!(
            "<image x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             href=\"data:image/png;base64,{}\"/>",
            BASE64.encode(png_of(rows))
        ));
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
    pub fn finish(self, title: &str) -> Figure {
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
        let readable_title = readable(title);
        let title = escaped(&readable_title);
        let raster = self.raster.unwrap_or_default();
        // Up to a sixth larger than drawn where there is room.
        let most = width + width / 6;
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"100%\" \
             style=\"max-width:{most}px\" role=\"img\" aria-label=\"{title}\" \
             font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\">\n\
             <title>{title}</title>{raster}{inner}"
        );
        Figure {
            title: readable_title,
            svg,
        }
    }
}

/// What stands for a figure of nothing.
pub fn empty(width: i32, title: &str) -> Figure {
    let mut canvas = Canvas::new(width, 32);
    canvas.text("not measured", 13.0, Ink::Muted, (2, 16), H::Left);
    canvas.finish(title)
}

impl Shape {
    fn draw(self, area: &DrawingArea<SVGBackend, Shift>) {
        let drawn = match self {
            Shape::Bar(from, to, ink) => area.draw(&Rectangle::new([from, to], filled(ink))),
            Shape::Line(points, width, ink) => {
                area.draw(&PathElement::new(points, ink.color().stroke_width(width)))
            }
            Shape::Area(corners, ink) => area.draw(&Polygon::new(corners, filled(ink))),
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

/// A picture of `rows`, values 0 to 1 in the colours of viridis; what is not a number is grey.
fn png_of(rows: &[Vec<f64>]) -> Vec<u8> {
    const LEVELS: u8 = 254;
    let color = |level: u8| {
        let color = ViridisRGB::get_color(f32::from(level) / f32::from(LEVELS));
        [color.0, color.1, color.2]
    };
    let palette: Vec<u8> = (0..=LEVELS).flat_map(color).chain([0x80; 3]).collect();
    let level = |value: &f64| match value.is_nan() {
        true => LEVELS + 1,
        false => (value.clamp(0.0, 1.0) * f64::from(LEVELS)).round() as u8,
    };
    let pixels: Vec<u8> = rows.iter().flatten().map(level).collect();
    let width = rows.first().map_or(0, Vec::len);
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width as u32, rows.len() as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette);
    let mut writer = encoder.write_header().expect("a picture has pixels");
    writer
        .write_image_data(&pixels)
        .expect("a vector can be written to");
    drop(writer);
    png
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

/// `text` as markup holds it.
pub fn escaped(text: &str) -> String {
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

/// Verdana and DejaVu Sans, the widest that stand in for a system's font, against Helvetica.
const WIDEST: f64 = 1.06;

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
    text.chars().map(em).sum::<f64>() * size * WIDEST
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
