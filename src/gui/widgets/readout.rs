use eframe::egui;
use std::sync::Arc;

use super::{badge, message};
use crate::dataset::Slice;
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::runs::Stage;
use crate::tasks::{Explanation, RunView};

/// A price with as many digits as its size needs and thousands apart.
pub(in crate::gui) fn price_text(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let digits = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    let whole = text.find('.').unwrap_or(text.len());
    let first = usize::from(text.starts_with('-'));
    let mut apart = String::with_capacity(text.len() + 4);
    for (i, letter) in text.char_indices() {
        if i > first && i < whole && (whole - i) % 3 == 0 {
            apart.push(',');
        }
        apart.push(letter);
    }
    apart
}

/// A signed value with three figures that count: `+0.92`, `-0.0123`, `+1.2e-5`.
pub(in crate::gui) fn signed_text(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "-".to_owned(),
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:+.0}"),
        size if size >= 0.1 => format!("{value:+.2}"),
        size if size >= 0.001 => format!("{value:+.4}"),
        _ => format!("{value:+.1e}"),
    }
}

/// A name that fits `width`: what has no room is cut from its middle, since the ends tell most.
pub(in crate::gui) fn name_galley(ui: &egui::Ui, name: &str, width: f32, color: egui::Color32) -> Arc<egui::Galley> {
    let font = egui::TextStyle::Body.resolve(ui.style());
    let lay = |text: String| ui.painter().layout_no_wrap(text, font.clone(), color);
    let whole = lay(name.to_owned());
    if whole.size().x <= width {
        return whole;
    }
    let letters: Vec<char> = name.chars().collect();
    let mut kept = (letters.len() as f32 * width / whole.size().x) as usize;
    loop {
        let (first, last) = (kept / 3, kept - kept / 3);
        let ends = letters[..first].iter().chain(&['…']).chain(&letters[letters.len() - last..]).collect();
        let galley = lay(ends);
        if galley.size().x <= width || kept == 0 {
            return galley;
        }
        kept -= 1;
    }
}

/// Words on a slice, and true if nothing was fitted on it.
pub(in crate::gui) fn slice_words(slice: &str) -> (String, bool) {
    match slice {
        "test" | "live" => (format!("{slice} · out of sample"), true),
        "" | "none" => ("between the slices".to_owned(), false),
        _ => (format!("{slice} · in sample"), false),
    }
}

/// The slice a bar belongs to, in the slice's colour.
pub(in crate::gui) fn slice_badge(ui: &mut egui::Ui, slice: &str) {
    let color = Slice::ALL.into_iter().find(|known| known.to_string() == slice).map_or(theme::WEAK, theme::slice);
    badge(ui, &slice_words(slice).0, color);
}

/// A label on the left, a number on the right and, where there is room, what belongs to it before it.
pub(in crate::gui) fn pair(ui: &mut egui::Ui, label: &str, value: egui::RichText, note: &str) {
    let width =
        |ui: &egui::Ui, text: &str, font| ui.painter().layout_no_wrap(text.to_owned(), font, theme::TEXT).size().x;
    let needed = width(ui, label, egui::TextStyle::Body.resolve(ui.style())) + width(ui, note, theme::mono());
    ui.allocate_ui_with_layout(
        egui::vec2(ui.available_width(), 20.0),
        egui::Layout::right_to_left(egui::Align::Center),
        |ui| {
            ui.add(egui::Label::new(value.monospace()));
            if !note.is_empty() && needed + 24.0 < ui.available_width() {
                ui.add(egui::Label::new(egui::RichText::new(note).monospace().color(theme::WEAK)));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add(egui::Label::new(label).truncate());
            });
        },
    );
}

/// A heading within a panel, with a remark at its right end: (words, true if good).
pub(in crate::gui) fn section(ui: &mut egui::Ui, title: &str, remark: Option<(&str, bool)>) {
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        ui.add(egui::Label::new(egui::RichText::new(title).size(11.0).color(theme::WEAK).strong()));
        if let Some((text, good)) = remark {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                badge(ui, text, if good { theme::UP } else { theme::WARN });
            });
        }
    });
}

/// What the network said about the selected bar; else draws why there is nothing. While the answer for a newly selected
/// bar is on its way the last one stays, dimmed and dead.
pub(in crate::gui) fn explained<'a>(
    ui: &mut egui::Ui,
    state: &'a AppState,
    run: &RunView,
    commands: &mut Commands,
) -> Option<&'a Arc<Explanation>> {
    let Some(bar) = state.selection.bar else {
        message(ui, "Click a bar or a trade on the chart", None, commands);
        return None;
    };
    match &state.why {
        Loadable::Ready(why) => {
            if why.bar != bar {
                ui.disable();
            }
            return Some(why);
        }
        Loadable::Empty => message(ui, "The network was not asked about this bar yet", None, commands),
        Loadable::Loading(what) => message(ui, &format!("Explaining the bar: {what}"), None, commands),
        Loadable::Failed(why) => {
            let analyze = Command::RunStage(Stage::Analyze);
            let next = (!run.manifest.has(Stage::Analyze)).then_some(&analyze);
            message(ui, &format!("The bar cannot be explained: {why}"), next, commands);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let prices = [37841.0, 999.94, 1.5, 0.01234, -1234567.0, -123.4, f64::NAN].map(price_text);
        assert_eq!(prices, ["37,841", "999.9", "1.50", "0.0123", "-1,234,567", "-123.4", "-"]);
        let signed = [0.92, -0.01234, 1.2e-5, 0.0, -250.4, f64::NAN].map(signed_text);
        assert_eq!(signed, ["+0.92", "-0.0123", "+1.2e-5", "0", "-250", "-"]);
        assert_eq!(slice_words("test"), ("test · out of sample".to_owned(), true));
        assert_eq!(slice_words("calibration"), ("calibration · in sample".to_owned(), false));
    }
}
