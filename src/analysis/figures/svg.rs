//! A small SVG writer.

use std::fmt::Write as _;

use super::colormap::{BACKGROUND, Rgb, TEXT, WEAK};

const SANS: &str = "Inter, 'DejaVu Sans', sans-serif";
const MONO: &str = "'JetBrains Mono', 'DejaVu Sans Mono', monospace";

/// Where a text's position lies within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f64,
    pub(super) colour: Rgb,
    pub(super) anchor: Anchor,
    pub(super) mono: bool,
    pub(super) bold: bool,
}

impl Style {
    pub(super) const TITLE: Self = Self { size: 17.0, colour: TEXT, anchor: Anchor::Start, mono: false, bold: true };
    pub(super) const HEADING: Self = Self { size: 13.0, ..Self::TITLE };
    pub(super) const LABEL: Self = Self { size: 12.0, colour: WEAK, bold: false, ..Self::TITLE };
    pub(super) const TICK: Self = Self { size: 11.0, mono: true, ..Self::LABEL };

    pub(super) fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(super) fn coloured(self, colour: Rgb) -> Self {
        Self { colour, ..self }
    }
}

/// An SVG document being written; coordinates in pixels from the top left.
#[derive(Debug)]
pub(super) struct Svg {
    body: String,
}

impl Svg {
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut svg = Self { body: String::new() };
        svg.push(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#
        ));
        svg.rect([0.0, 0.0, width, height], BACKGROUND, 1.0);
        svg
    }

    fn push(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        writeln!(self.body, "{line}").ok();
    }

    pub(super) fn finish(mut self) -> String {
        self.body.push_str("</svg>\n");
        self.body
    }

    /// `[x, y, width, height]`
    pub(super) fn rect(&mut self, [x, y, w, h]: [f64; 4], fill: Rgb, opacity: f64) {
        let (w, h) = (w.max(0.0), h.max(0.0));
        self.push(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" fill="{}" fill-opacity="{opacity}"/>"#,
            hex(fill)
        ));
    }

    pub(super) fn frame(&mut self, [x, y, w, h]: [f64; 4], stroke: Rgb) {
        self.push(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" fill="none" stroke="{}"/>"#,
            hex(stroke)
        ));
    }

    pub(super) fn circle(&mut self, at: [f64; 2], radius: f64, fill: Rgb, opacity: f64) {
        let [x, y] = at;
        self.push(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{}" fill-opacity="{opacity}"/>"#,
            hex(fill)
        ));
    }

    pub(super) fn ring(&mut self, at: [f64; 2], radius: f64, stroke: Rgb) {
        let [x, y] = at;
        self.push(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="none" stroke="{}" stroke-width="1.2"/>"#,
            hex(stroke)
        ));
    }

    pub(super) fn line(&mut self, from: [f64; 2], to: [f64; 2], stroke: Rgb, width: f64) {
        self.stroke(&[from, to], stroke, width, "");
    }

    pub(super) fn dashed(&mut self, from: [f64; 2], to: [f64; 2], stroke: Rgb) {
        self.stroke(&[from, to], stroke, 1.0, r#" stroke-dasharray="4 4""#);
    }

    pub(super) fn polyline(&mut self, points: &[[f64; 2]], stroke: Rgb, width: f64) {
        self.stroke(points, stroke, width, "");
    }

    fn stroke(&mut self, points: &[[f64; 2]], stroke: Rgb, width: f64, more: &str) {
        let (points, stroke) = (list(points), hex(stroke));
        self.push(format_args!(
            r#"<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{width}"{more}/>"#
        ));
    }

    pub(super) fn polygon(&mut self, points: &[[f64; 2]], fill: Rgb, opacity: f64, stroke: Option<Rgb>) {
        let (points, fill) = (list(points), hex(fill));
        let stroke = stroke.map_or_else(|| "none".to_owned(), hex);
        self.push(format_args!(
            r#"<polygon points="{points}" fill="{fill}" fill-opacity="{opacity}" stroke="{stroke}" stroke-width="1.5"/>"#
        ));
    }

    /// A grid of `columns` cells to the row with its top left at `[x, y]`; `colour` gives one of few colours per cell.
    /// Neighbours of one colour in a row become one rectangle, all rectangles of one colour one path.
    pub(super) fn cells(
        &mut self,
        [x, y]: [f64; 2],
        [w, h]: [f64; 2],
        columns: usize,
        values: &[f64],
        colour: impl Fn(f64) -> Rgb,
    ) {
        let mut paths: std::collections::BTreeMap<Rgb, String> = std::collections::BTreeMap::new();
        for (r, row) in values.chunks_exact(columns.max(1)).enumerate() {
            let colours: Vec<Rgb> = row.iter().map(|v| colour(*v)).collect();
            let mut start = 0;
            for end in 1..=columns {
                if end == columns || colours[end] != colours[start] {
                    let (left, top, run) = (x + start as f64 * w, y + r as f64 * h, (end - start) as f64 * w);
                    let path = paths.entry(colours[start]).or_default();
                    write!(path, "M{left:.2} {top:.2}h{run:.2}v{h:.2}h-{run:.2}z").ok();
                    start = end;
                }
            }
        }
        for (colour, path) in paths {
            self.push(format_args!(r#"<path d="{path}" fill="{}" shape-rendering="crispEdges"/>"#, hex(colour)));
        }
    }

    pub(super) fn text(&mut self, [x, y]: [f64; 2], text: &str, style: Style) {
        self.text_with(&format!(r#"x="{x:.1}" y="{y:.1}""#), text, style);
    }

    /// Text read from bottom to top.
    pub(super) fn text_up(&mut self, [x, y]: [f64; 2], text: &str, style: Style) {
        self.text_with(&format!(r#"transform="translate({x:.1} {y:.1}) rotate(-90)""#), text, style);
    }

    fn text_with(&mut self, place: &str, text: &str, style: Style) {
        let Style { size, colour, anchor, mono, bold } = style;
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (family, weight) = (if mono { MONO } else { SANS }, if bold { 600 } else { 400 });
        self.push(format_args!(
            r#"<text {place} font-family="{family}" font-size="{size}" font-weight="{weight}" fill="{}" text-anchor="{anchor}">{}</text>"#,
            hex(colour),
            escape(text)
        ));
    }
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn list(points: &[[f64; 2]]) -> String {
    points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// Text as XML character data; control characters, which XML cannot hold, become spaces.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
