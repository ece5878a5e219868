//! What is wrong with bars: where on a strip of time, and in sentences.

use eframe::egui::{self, Color32, RichText, Sense, pos2, vec2};

use crate::data::{Finding, ReadReport, Severity};
use crate::gui::command::{Command, Commands};
use crate::gui::theme;
use crate::gui::widgets::{badge, number, thousands};

const STRIP: f32 = 26.0;

/// How findings are shown.
pub(super) struct Findings<'a> {
    pub(super) report: &'a ReadReport,
    /// Names accepted for the next run; `None` where nothing is to be accepted.
    pub(super) accepted: Option<&'a [String]>,
    /// What brings a bar into the middle of the chart.
    pub(super) go: &'a dyn Fn(usize) -> Command,
}

const fn color(severity: Severity) -> Color32 {
    match severity {
        Severity::Note => theme::ACCENT,
        Severity::Warning => theme::WARN,
        Severity::Blocking => theme::DOWN,
    }
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Blocking => "blocking",
    }
}

impl Findings<'_> {
    pub(super) fn ui(&self, ui: &mut egui::Ui, salt: &str, commands: &mut Commands) {
        ui.push_id(salt, |ui| {
            if self.report.findings.is_empty() {
                let text = RichText::new("Nothing looks wrong with these bars").color(theme::lighten(theme::UP));
                ui.label(text);
                return;
            }
            self.strip(ui, commands);
            for finding in &self.report.findings {
                self.finding(ui, finding, commands);
            }
        });
    }

    /// Places over time, the graver in front.
    fn strip(&self, ui: &mut egui::Ui, commands: &mut Commands) {
        let (response, painter) = ui.allocate_painter(vec2(ui.available_width(), STRIP), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Findings over time"));
        let rect = response.rect.shrink2(vec2(0.0, 3.0));
        painter.rect_filled(rect, 2.0, theme::RAISED);
        let scale = rect.width() / self.report.rows.max(1) as f32;
        let mut places: Vec<_> =
            self.report.findings.iter().flat_map(|f| f.places.iter().map(move |place| (f, place))).collect();
        places.sort_by_key(|(finding, _)| finding.severity);
        for (finding, place) in &places {
            let x = rect.left() + place.bar as f32 * scale;
            let width = (place.bars as f32 * scale).clamp(1.5, (rect.right() - x).max(1.5));
            let mark = egui::Rect::from_min_size(pos2(x, rect.top()), vec2(width, rect.height()));
            let ink = color(finding.severity);
            let ink = if finding.severity == Severity::Note { ink.gamma_multiply(0.45) } else { ink };
            painter.rect_filled(mark, 0.0, ink);
        }
        let Some(pointer) = response.hover_pos() else { return };
        let near = |place: usize| (rect.left() + place as f32 * scale - pointer.x).abs();
        let nearest = places.iter().min_by(|a, b| near(a.1.bar).total_cmp(&near(b.1.bar)));
        let Some((finding, place)) = nearest.filter(|(_, place)| near(place.bar) < 6.0) else { return };
        if response.clicked() {
            commands.push((self.go)(place.bar.min(self.report.rows.saturating_sub(1))));
        }
        let time = self.time(&crate::data::time_text(place.timestamp));
        response.on_hover_text(format!("{} at {time}: click to go there", finding.name));
    }

    fn time(&self, text: &str) -> String {
        time_of(text, &self.report.timeframe)
    }

    fn finding(&self, ui: &mut egui::Ui, finding: &Finding, commands: &mut Commands) {
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            badge(ui, word(finding.severity), color(finding.severity));
            ui.label(RichText::new(&finding.name).monospace());
            ui.label(number(format!("× {}", thousands(finding.count))).color(theme::WEAK));
            for (i, text) in finding.first.iter().enumerate() {
                let Some(place) = finding.places.get(i) else {
                    ui.label(number(self.time(text)).color(theme::WEAK));
                    continue;
                };
                let link = egui::Button::new(number(self.time(text)).color(theme::lighten(theme::ACCENT))).frame(false);
                if ui.add(link).on_hover_text("Goes there on the chart").clicked() {
                    commands.push((self.go)(place.bar.min(self.report.rows.saturating_sub(1))));
                }
            }
        });
        let mut text = finding.sentence.clone();
        if !finding.action.is_empty() {
            text = format!("{text}; {}", finding.action);
        }
        ui.add(egui::Label::new(RichText::new(text).color(theme::TEXT)).wrap());
        let Some(accepted) = self.accepted.filter(|_| finding.severity == Severity::Blocking) else { return };
        let mut on = accepted.contains(&finding.name);
        let text = format!("Train on these bars all the same (accept {})", finding.name);
        if ui.checkbox(&mut on, text).changed() {
            commands.push(Command::AcceptFinding(finding.name.clone(), on));
        }
    }
}

/// ISO text without what says nothing at this timeframe: seconds mostly, the time of day for days and longer.
pub(super) fn time_of(text: &str, timeframe: &str) -> String {
    let text = text.replace('T', " ").replace('Z', "");
    if timeframe.ends_with(['d', 'w']) {
        return text.replace(" 00:00:00", "");
    }
    // The seconds of `04:00:00`, also where more follows.
    let seconds = text.match_indices(":00").map(|(at, _)| at).find(|&at| at == 16);
    seconds.map_or_else(|| text.clone(), |at| format!("{}{}", &text[..at], &text[at + 3..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_show_what_counts() {
        assert_eq!(time_of("2020-01-02T00:00:00Z (3 bars)", "1d"), "2020-01-02 (3 bars)");
        assert_eq!(time_of("2020-01-02T04:00:00Z", "4h"), "2020-01-02 04:00");
        assert_eq!(time_of("2020-01-02T04:15:00Z (2 bars)", "15m"), "2020-01-02 04:15 (2 bars)");
        assert_eq!(time_of("2020-01-02T04:15:30Z", "1s"), "2020-01-02 04:15:30");
    }
}
