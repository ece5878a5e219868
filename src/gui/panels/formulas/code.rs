use std::ops::Range;

use eframe::egui::{self, Align2, Color32, Stroke, TextFormat, pos2, text::LayoutJob};

use crate::gui::theme;
use crate::indicators::formula::FormulaError;

const GUTTER: f32 = 36.0;
/// Words of the language.
const WORDS: &[&str] =
    &["title", "family", "source", "param", "from", "to", "output", "if", "then", "else", "and", "or", "not", "na"];

/// Text with line numbers, errors underlined and marked in the margin.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// Line and column to go to.
    wanted: Option<(usize, usize)>,
}

impl Code {
    /// Moves the cursor at the next frame.
    pub(super) fn go(&mut self, line: usize, column: usize) {
        self.wanted = Some((line, column));
    }

    /// Draws `text`; gives the new text when it was edited.
    pub(super) fn ui(&mut self, ui: &mut egui::Ui, text: &str, faults: &[FormulaError], height: f32) -> Option<String> {
        let mut edited = text.to_owned();
        let mut layouter = |ui: &egui::Ui, text: &dyn egui::TextBuffer, _wrap: f32| {
            ui.fonts_mut(|fonts| fonts.layout_job(job(text.as_str(), faults)))
        };
        let area = egui::ScrollArea::both().id_salt("code").auto_shrink(false).max_height(height);
        let wanted = self.wanted.take();
        area.show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                let (gutter, _) = ui.allocate_exact_size(egui::vec2(GUTTER, 1.0), egui::Sense::hover());
                let field = egui::TextEdit::multiline(&mut edited)
                    .code_editor()
                    .id_salt("formula text")
                    .desired_rows((height / 16.0) as usize)
                    .desired_width(ui.available_width())
                    .layouter(&mut layouter);
                let mut output = field.show(ui);
                let response = output.response.response.clone();
                response.widget_info(|| {
                    let mut info = egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, true, "Formula text");
                    info.current_text_value = Some(text.to_owned());
                    info
                });
                if let Some((line, column)) = wanted {
                    let at = egui::text::CCursor::new(chars_before(text, line, column));
                    output.state.cursor.set_char_range(Some(egui::text::CCursorRange::one(at)));
                    output.state.clone().store(ui.ctx(), response.id);
                    response.request_focus();
                }
                numbers(ui, &output.galley, output.galley_pos, gutter.left(), faults);
            });
        });
        (edited != text).then_some(edited)
    }
}

fn numbers(ui: &egui::Ui, galley: &egui::Galley, at: egui::Pos2, left: f32, faults: &[FormulaError]) {
    for (i, row) in galley.rows.iter().enumerate() {
        let y = at.y + row.rect().center().y;
        let bad = faults.iter().any(|fault| fault.line == i + 1);
        let ink = if bad { theme::lighten(theme::DOWN) } else { theme::WEAK };
        if bad {
            ui.painter().circle_filled(pos2(left + 5.0, y), 3.0, theme::DOWN);
        }
        ui.painter().text(pos2(left + GUTTER - 6.0, y), Align2::RIGHT_CENTER, i + 1, theme::small(), ink);
    }
}

/// Characters before a place, line and column from 1.
fn chars_before(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
    before + column - 1
}

/// Bytes of the word that begins at a place; of its last character when the line ends there.
fn word_at(text: &str, line: usize, column: usize) -> Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let content = rest.split('\n').next().unwrap_or_default();
    let at = content.char_indices().nth(column.saturating_sub(1)).map(|(at, _)| at);
    let Some(at) = at else {
        let last = content.char_indices().last().map_or(0, |(at, _)| at);
        return start + last..start + content.len();
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let tail = &content[at..];
    let word: usize = tail.chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
    let one = tail.chars().next().map_or(0, char::len_utf8);
    start + at..start + at + word.max(one)
}

fn job(text: &str, faults: &[FormulaError]) -> LayoutJob {
    let mut marks: Vec<Range<usize>> = faults.iter().map(|fault| word_at(text, fault.line, fault.column)).collect();
    marks.sort_by_key(|mark| mark.start);
    let mut job = LayoutJob::default();
    for (range, color) in colored(text) {
        // A piece is cut where an underline begins or ends.
        let mut at = range.start;
        while at < range.end {
            let inside = marks.iter().find(|mark| mark.contains(&at));
            let next = marks.iter().map(|mark| mark.start).find(|start| *start > at);
            let end = inside.map_or_else(|| next.unwrap_or(range.end), |mark| mark.end).min(range.end);
            let underline = if inside.is_some() { Stroke::new(1.5, theme::DOWN) } else { Stroke::NONE };
            let format = TextFormat { font_id: theme::mono(), color, underline, ..TextFormat::default() };
            job.append(&text[at..end], 0.0, format);
            at = end;
        }
    }
    if text.is_empty() {
        job.append("", 0.0, TextFormat::simple(theme::mono(), theme::TEXT));
    }
    job
}

/// All of `text` in pieces of one colour each.
fn colored(text: &str) -> Vec<(Range<usize>, Color32)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.chars().next().unwrap_or(' ');
        let until = |stop: &dyn Fn(char) -> bool| rest.find(stop).unwrap_or(rest.len());
        let (len, color) = if first == '#' {
            (until(&|c| c == '\n'), theme::WEAK)
        } else if first == '"' {
            let close = rest[1..].find(['"', '\n']).map_or(rest.len(), |end| end + 2);
            (close.min(rest.len()), theme::lighten(theme::UP))
        } else if first.is_alphabetic() || first == '_' {
            let len = until(&|c| !(c.is_alphanumeric() || c == '_'));
            let word = WORDS.contains(&&rest[..len]);
            (len, if word { theme::lighten(theme::ACCENT) } else { theme::TEXT })
        } else if first.is_ascii_digit() {
            (until(&|c| !(c.is_ascii_digit() || c == '.' || c == '_')), theme::WARN)
        } else {
            let len = until(&|c| c.is_alphanumeric() || matches!(c, '#' | '"' | '_'));
            (len, theme::TEXT)
        };
        let len = if len == 0 { first.len_utf8() } else { len };
        pieces.push((at..at + len, color));
        at += len;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_laid_out_whatever_is_wrong() {
        for text in ["", "a = clsoe # ä\n\"x\nb = 1.5 *", "é", "\n\n", "title \"ü", "x = close[-1]\n"] {
            for (line, column) in [(1, 1), (1, 5), (2, 1), (2, 99), (9, 9)] {
                let fault = FormulaError { line, column, message: String::new() };
                assert_eq!(job(text, &[fault.clone(), fault]).text, text, "{text} {line} {column}");
            }
        }
    }

    #[test]
    fn marks_stand_under_the_word() {
        let text = "a = clsoe\nb = ä + xyz";
        assert_eq!(&text[word_at(text, 1, 5)], "clsoe");
        assert_eq!(&text[word_at(text, 2, 9)], "xyz");
        assert_eq!(&text[word_at(text, 2, 12)], "z", "at the end of a line");
        assert_eq!(chars_before(text, 2, 9), 18);
    }
}
