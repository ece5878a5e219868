use crate::data::ReadReport;
use crate::dataset::Slice;
use crate::gui::theme;
use crate::gui::widgets::{number, short_time, thousands};
use crate::tasks::RunView;
use crate::training::ModelCard;
use eframe::egui;

fn row(ui: &mut egui::Ui, name: &str, found: impl Into<String>, worry: bool) {
    ui.label(egui::RichText::new(name).color(theme::WEAK));
    let color = if worry { theme::WARN } else { theme::TEXT };
    ui.add(egui::Label::new(number(found).color(color)).wrap());
    ui.end_row();
}

/// What was found in a file of bars.
pub(super) fn report(ui: &mut egui::Ui, salt: &str, found: &ReadReport) {
    let time = |text: &str| text.replace('T', " ").trim_end_matches('Z').to_owned();
    let none_or = |n: usize| if n == 0 { "none".to_owned() } else { thousands(n) };
    egui::Grid::new(("report", salt)).num_columns(2).min_row_height(20.0).spacing([12.0, 0.0]).show(ui, |ui| {
        row(ui, "bars", format!("{} of {} {}", thousands(found.rows), found.symbol, found.timeframe), false);
        row(ui, "range (UTC)", format!("{} to {}", time(&found.start), time(&found.end)), false);
        row(ui, "calendar", &found.calendar, false);
        row(ui, "missing bars", gaps(found), found.gaps.missing_bars > 0);
        row(ui, "off the grid", none_or(found.off_grid), found.off_grid > 0);
        row(ui, "without volume", none_or(found.zero_volume), found.zero_volume > 0);
        if found.sorted_rows + found.duplicates_dropped > 0 {
            let words = format!("{} rows moved, {} duplicates left out", found.sorted_rows, found.duplicates_dropped);
            row(ui, "repaired", words, true);
        }
        row(ui, "more columns kept", listed(&found.extras), false);
        row(ui, "columns left out", listed(&found.dropped_columns), false);
    });
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn gaps(found: &ReadReport) -> String {
    if found.gaps.missing_bars == 0 {
        return "none".to_owned();
    }
    let places: Vec<String> = found
        .gaps
        .first
        .iter()
        .map(|gap| format!("{} after {}", gap.missing, gap.after.replace('T', " ").trim_end_matches('Z')))
        .collect();
    let named: usize = found.gaps.first.iter().map(|gap| gap.missing).sum();
    let rest = found.gaps.missing_bars.saturating_sub(named);
    let more = if rest > 0 { format!("; {} more later", thousands(rest)) } else { String::new() };
    format!("{}: {}{more}", thousands(found.gaps.missing_bars), places.join("; "))
}

/// Which bars teach, select, calibrate and judge.
pub(super) fn slices(ui: &mut egui::Ui, run: &RunView) {
    let Some(card) = &run.card else {
        ui.label(egui::RichText::new("The bars are cut into slices when the run is trained").color(theme::WEAK));
        return;
    };
    let (bars, frame) = (run.collected.series.bars(), run.collected.series.timeframe.millis());
    let time = |bar: usize| bars.get(bar).map_or_else(String::new, |bar| short_time(bar.timestamp, frame));
    egui::ScrollArea::horizontal().id_salt("slices").show(ui, |ui| table(ui, card, &time));
    let purged: usize = card.slices.purged.iter().map(|range| range.len()).sum();
    let sentence = format!(
        "{} bars at the three boundaries belong to no slice, so that no label of horizon {} reaches into the next",
        thousands(purged),
        card.slices.horizon
    );
    ui.add(egui::Label::new(egui::RichText::new(sentence).color(theme::WEAK)).wrap());
}

fn table(ui: &mut egui::Ui, card: &ModelCard, time: &dyn Fn(usize) -> String) {
    egui::Grid::new("slices").num_columns(5).min_row_height(22.0).spacing([12.0, 0.0]).show(ui, |ui| {
        for name in ["slice", "bars", "first (UTC)", "last (UTC)", "use"] {
            ui.label(egui::RichText::new(name).color(theme::WEAK).size(11.5));
        }
        ui.end_row();
        for slice in Slice::ALL {
            let range = card.slices.range(slice);
            let (name, using) = words(slice);
            ui.label(
                egui::RichText::new(format!("{}  {name}", slice.letter())).color(theme::lighten(theme::slice(slice))),
            );
            ui.label(number(thousands(range.len())));
            ui.label(number(time(range.start)));
            ui.label(number(time(range.end.saturating_sub(1))));
            ui.label(egui::RichText::new(using).color(theme::WEAK));
            ui.end_row();
        }
        let live = &card.slices.live;
        ui.label("L  live");
        ui.label(number(thousands(live.len())));
        ui.label(number(if live.is_empty() { String::new() } else { time(live.start) }));
        ui.label(number(if live.is_empty() { String::new() } else { time(live.end - 1) }));
        ui.label(egui::RichText::new("outcome not known yet").color(theme::WEAK));
        ui.end_row();
    });
}

const fn words(slice: Slice) -> (&'static str, &'static str) {
    match slice {
        Slice::Train => ("train", "teaches (in sample)"),
        Slice::Validation => ("validation", "stops the training"),
        Slice::Calibration => ("calibration", "calibrates probabilities and sizes"),
        Slice::Test => ("test", "judges (out of sample)"),
    }
}
