use eframe::egui::{self, Color32, Shape, Stroke, vec2};

use crate::analysis::calibration::{CalibrationReport, CalibrationVerdict};
use crate::gui::command::Commands;
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{Axes, Head, Look, PLOT_MIN, PlotRoom, Rows, badge, grouped, labelled, plain_interval, tip};
use crate::tasks::RunView;
use crate::tasks::{Filtered, FilteredBin, FilteredReliability};

/// One point of the diagram, of whole or filtered bars.
#[derive(Debug, Clone, Copy)]
struct Dot {
    p: f64,
    frequency: f64,
    n: usize,
    /// Of a calibrated forecaster around the stated probability, or of the frequency when filtered.
    range: (f64, f64),
}

fn dots(report: &CalibrationReport) -> Vec<Dot> {
    let dot = |b: &crate::analysis::calibration::ReliabilityBin| Dot {
        p: b.mean_p,
        frequency: b.frequency,
        n: b.n,
        range: (b.band_low, b.band_high),
    };
    report.bins.iter().map(dot).collect()
}

fn filtered_dots(found: &FilteredReliability) -> Vec<Dot> {
    let dot = |b: &FilteredBin| Dot {
        p: b.mean_p,
        frequency: b.frequency.estimate,
        n: b.n,
        range: (b.frequency.low, b.frequency.high),
    };
    found.bins.iter().map(dot).collect()
}

pub(super) fn ui(
    ui: &mut egui::Ui,
    run: &RunView,
    filtered: Option<&Filtered>,
    raw: &mut bool,
    unit: &mut bool,
    room: egui::Vec2,
    state: &AppState,
    _commands: &mut Commands,
) {
    let calibration = &run.calibration;
    let chosen = |calibrated: bool| -> Option<Vec<Dot>> {
        match filtered {
            Some(f) => if calibrated { &f.calibrated } else { &f.raw }.as_ref().map(filtered_dots),
            None => if calibrated { &calibration.calibrated } else { &calibration.raw }.as_ref().map(dots),
        }
    };
    let (main, other) = (chosen(!*raw), chosen(*raw));
    let Some(main) = main else {
        ui.add_space(8.0);
        let why = calibration.problem.as_deref().unwrap_or("the analysis left this part out");
        ui.weak(format!("No reliability diagram: {why}"));
        return;
    };
    verdict(ui, run, filtered, *raw, state);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let small = |text: &str| egui::RichText::new(text).size(11.5);
        for (choice, text, why) in [
            (false, "calibrated", "Temperature and isotonic curve, fitted on the calibration slice"),
            (true, "raw", "As the network states it"),
        ] {
            if ui.selectable_label(*raw == choice, small(text)).on_hover_text(why).clicked() {
                *raw = choice;
            }
        }
        ui.separator();
        ui.toggle_value(unit, small("0 to 1")).on_hover_text("Show the whole scale of probabilities on both axes");
    });
    let height = (0.6 * room.y).clamp(PLOT_MIN, 420.0);
    let axes = axes(ui, &main, vec2(room.x - 8.0, height), *unit);
    draw(ui, &axes, &main, other.as_deref(), filtered.is_some());
    let (low, high) = main.iter().fold((1.0, 0.0), |(l, h), dot| (f64::min(l, dot.p), f64::max(h, dot.p)));
    if high - low < 0.05 {
        let text =
            format!("All bins lie between {low:.4} and {high:.4}: the network hardly tells one bar from another");
        ui.label(egui::RichText::new(text).color(theme::WARN));
    }
    figures(ui, run, filtered);
}

/// The conclusion in words, with what it stands on.
fn verdict(ui: &mut egui::Ui, run: &RunView, filtered: Option<&Filtered>, raw: bool, state: &AppState) {
    let calibration = &run.calibration;
    if let Some(found) = filtered {
        let words = super::filter_words(&state.selection.regimes);
        let text = format!(
            "Test bars of {words}: n {}, worth {} independent ones. Whiskers are 95 % intervals from that number; verdict, \
             band and chance level need the whole slice",
            grouped(found.n as f64, 0),
            grouped(found.n_eff, 0)
        );
        ui.label(egui::RichText::new(text).color(theme::WEAK));
        return;
    }
    let report = if raw { &calibration.raw } else { &calibration.calibrated };
    let Some(report) = report else { return };
    ui.horizontal_wrapped(|ui| {
        let (words, color) = match report.verdict {
            CalibrationVerdict::WellCalibrated => ("well calibrated", theme::UP),
            CalibrationVerdict::Unresolved => ("no resolution shown", theme::WARN),
            CalibrationVerdict::Overconfident => ("overconfident", theme::WARN),
            CalibrationVerdict::Underconfident => ("underconfident", theme::WARN),
            CalibrationVerdict::Biased => ("biased", theme::WARN),
        };
        badge(ui, words, color);
        ui.label(&report.sentence);
    });
}

fn axes(ui: &mut egui::Ui, dots: &[Dot], size: egui::Vec2, unit: bool) -> Axes {
    let room = PlotRoom::new(ui, "Reliability diagram", size);
    if unit {
        return room.axes((0.0, 1.0), (0.0, 1.0));
    }
    let wide = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let pad = (0.06 * (high - low)).max(1e-4);
        (low - pad, high + pad)
    };
    let x = wide(&mut dots.iter().map(|dot| dot.p));
    let y = wide(&mut dots.iter().flat_map(|dot| [dot.p, dot.frequency, dot.range.0, dot.range.1]));
    room.axes(x, (y.0.max(0.0), y.1.min(1.0)))
}

fn draw(ui: &egui::Ui, axes: &Axes, main: &[Dot], other: Option<&[Dot]>, whiskers: bool) {
    axes.grid_x(ui, &labelled(&axes.x_ticks(), 1.0));
    axes.grid_y(ui, &labelled(&axes.y_ticks(), 1.0));
    let painter = axes.painter(ui);
    if whiskers {
        for dot in main {
            let x = axes.x_at(dot.p);
            let stroke = Stroke::new(1.5, theme::ACCENT.gamma_multiply(0.5));
            painter.vline(x, axes.y_at(dot.range.1)..=axes.y_at(dot.range.0), stroke);
        }
    } else {
        // Between neighbouring bins the band is a trapezium.
        let fill = theme::ACCENT.gamma_multiply(0.16);
        for pair in main.windows(2) {
            let [a, b] = [pair[0], pair[1]];
            let corners = vec![
                axes.at(a.p, a.range.0),
                axes.at(a.p, a.range.1),
                axes.at(b.p, b.range.1),
                axes.at(b.p, b.range.0),
            ];
            painter.add(Shape::convex_polygon(corners, fill, Stroke::NONE));
        }
    }
    let (from, to) = (axes.x_of(axes.rect.left()), axes.x_of(axes.rect.right()));
    let diagonal = [axes.at(from, from), axes.at(to, to)];
    painter.extend(Shape::dashed_line(&diagonal, Stroke::new(1.0, theme::WEAK), 4.0, 4.0));
    let line = |dots: &[Dot]| dots.iter().map(|dot| axes.at(dot.p, dot.frequency)).collect::<Vec<_>>();
    // Only as far as it lies in the same range: else it would be a stray stroke.
    let near: Vec<Dot> = other.into_iter().flatten().filter(|dot| (from..=to).contains(&dot.p)).copied().collect();
    if near.len() > 1 {
        painter.line(line(&near), Stroke::new(1.0, theme::WEAK.gamma_multiply(0.5)));
    }
    painter.line(line(main), Stroke::new(1.5, theme::ACCENT));
    for dot in main {
        painter.circle_filled(axes.at(dot.p, dot.frequency), 3.0, theme::ACCENT);
    }
    axes.captions(ui, "stated probability", "entry was right");
    let Some(pointer) = axes.response.hover_pos() else { return };
    let nearest = main.iter().min_by(|a, b| {
        let far = |dot: &Dot| axes.at(dot.p, dot.frequency).distance(pointer);
        far(a).total_cmp(&far(b))
    });
    if let Some(dot) = nearest {
        painter.circle_stroke(axes.at(dot.p, dot.frequency), 5.5, Stroke::new(1.5, theme::STRONG));
        let range = if whiskers { "95 % interval" } else { "band if calibrated" };
        tip(
            &axes.response,
            &[
                (format!("stated {:.4}", dot.p), theme::STRONG),
                (format!("right {:.3} of {} bars", dot.frequency, grouped(dot.n as f64, 0)), theme::ACCENT),
                (format!("{range} {:.3} to {:.3}", dot.range.0, dot.range.1), theme::WEAK),
            ],
        );
    }
}

const HEADS: [Head<'static>; 3] = [
    Head { title: "test, out of sample", width: 140.0, meaning: "Every figure is of the test slice" },
    Head { title: "calibrated", width: 130.0, meaning: "After the calibrator of the calibration slice" },
    Head { title: "raw", width: 130.0, meaning: "As the network states it" },
];

fn figures(ui: &mut egui::Ui, run: &RunView, filtered: Option<&Filtered>) {
    ui.add_space(4.0);
    egui::ScrollArea::horizontal().show(ui, |ui| {
        ui.vertical(|ui| {
            let rows = Rows::new(ui, &HEADS);
            let mut row = |name: &str, values: [Option<String>; 2]| {
                let [calibrated, raw] = values.map(|value| value.unwrap_or_else(|| "-".to_owned()));
                let ink = |text, color: Color32| (text, color);
                let cells = [ink(name.to_owned(), theme::WEAK), ink(calibrated, theme::TEXT), ink(raw, theme::WEAK)];
                rows.row(ui, &cells, Look::default(), false);
            };
            if let Some(found) = filtered {
                let pair = |value: &dyn Fn(&FilteredReliability) -> String| {
                    [&found.calibrated, &found.raw].map(|r| r.as_ref().map(value))
                };
                row("calibration error", pair(&|r| format!("{:.4}", r.ece)));
                row("Brier score", pair(&|r| format!("{:.4}", r.brier)));
                row("reliability, low is good", pair(&|r| format!("{:.5}", r.unreliability)));
                row("resolution, high is good", pair(&|r| format!("{:.5}", r.resolution)));
                row("uncertainty", pair(&|r| format!("{:.4}", r.uncertainty)));
                return;
            }
            let both = [&run.calibration.calibrated, &run.calibration.raw];
            let mut report = |name: &str, value: &dyn Fn(&CalibrationReport) -> Option<String>| {
                row(name, both.map(|report| report.as_ref().and_then(value)));
            };
            report("bars, effective", &|r| Some(format!("{}, {}", grouped(r.n as f64, 0), grouped(r.n_eff, 0))));
            report("calibration error", &|r| Some(format!("{:.4}", r.ece)));
            report("95 % of chance below", &|r| Some(format!("{:.4}", r.ece_null95)));
            report("Brier score", &|r| Some(format!("{:.4}", r.brier)));
            report("reliability, low is good", &|r| Some(format!("{:.5}", r.reliability)));
            report("resolution, high is good", &|r| Some(format!("{:.5}", r.resolution)));
            report("uncertainty", &|r| Some(format!("{:.4}", r.uncertainty)));
            report("log loss, nats", &|r| Some(format!("{:.4}", r.log_loss)));
            report("slope, right at 1", &|r| r.slope.map(|slope| plain_interval(slope, 2)));
            report("intercept, right at 0", &|r| Some(plain_interval(r.intercept, 2)));
        });
    });
}
