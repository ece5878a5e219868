//! Where the network looked: every head of the selected window, or what bars receive on average over the test slice.

mod lags;
mod maps;
mod window;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::analysis::attention::{AttentionMaps, AttentionReport, NO_ATTENTION};
use crate::config::{Encoder, Pooling};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{badge, explained, message, run_or_message, slice_words};
use crate::tasks::RunView;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AttentionPanel {
    /// Shows the mean over test windows though a bar is selected.
    mean: bool,
    /// Every row of the map on a scale of its own.
    by_row: bool,
    #[serde(skip)]
    maps: maps::Maps,
    #[serde(skip)]
    lags: lags::Lags,
}

/// Which layer and which head (the mean of all when `None`) are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    layer: usize,
    head: Option<usize>,
    layers: usize,
    heads: usize,
}

impl Shown {
    fn new(state: &AppState, layers: usize, heads: usize) -> Self {
        let layer = state.selection.layer.unwrap_or(usize::MAX).min(layers.saturating_sub(1));
        Self { layer, head: state.selection.head.filter(|&head| head < heads), layers, heads }
    }

    fn words(self) -> String {
        match self.head {
            Some(head) => format!("layer {} · head {head}", self.layer),
            None => format!("layer {} · mean of {} heads", self.layer, self.heads),
        }
    }

    /// Heads that the picture averages.
    fn range(self) -> std::ops::Range<usize> {
        self.head.map_or(0..self.heads, |head| head..head + 1)
    }
}

impl Panel for AttentionPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        let model = &run.manifest.config.model;
        if model.encoder != Encoder::Transformer {
            message(ui, &format!("There is no map: {NO_ATTENTION}"), None, commands);
            return;
        }
        let shown = Shown::new(state, model.num_layers, model.num_heads);
        let mean = self.mean || state.selection.bar.is_none();
        self.controls(ui, state, shown, mean, commands);
        if mean {
            match &run.attention {
                Some(report) => self.lags.ui(ui, state, run, report, shown, commands),
                None => message(ui, "Attention over the test slice was not measured yet", Some(&ANALYZE), commands),
            }
            return;
        }
        let Some(why) = explained(ui, state, run, commands) else { return };
        let Some(attention) = &why.attention else {
            let cause = why.problem.as_deref().unwrap_or("the network gave no attention");
            message(ui, &format!("The network saw no window here: {cause}"), None, commands);
            return;
        };
        let shown = Shown::new(state, attention.layers, attention.heads);
        self.maps.set(ui.ctx(), why, attention, shown, self.by_row);
        window::ui(ui, &self.maps, state, run, shown, commands);
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(run) = state.run() else { return Header::default() };
        let model = &run.manifest.config.model;
        if model.encoder != Encoder::Transformer {
            return Header::default();
        }
        let shown = Shown::new(state, model.num_layers, model.num_heads);
        let slice = match state.explanation() {
            Some(why) if !self.mean => slice_words(&why.slice).0,
            _ => "mean over test windows".to_owned(),
        };
        Header { text: format!("{} · {slice}", shown.words()), badge: Some(stamp(run.attention.as_ref())) }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Hover a cell: both bars light up on the chart, with their values and the multiple of uniform",
            "Click a cell: pins it; click it again or press Esc to free it",
            "Click a small map: shows that head large; the first of a row is the mean of its heads",
            "Hover a strip: shows that bar on the chart; click selects it",
            "Test mean: what each bar receives by lag, averaged over the test windows",
            "Not used: putting uniform weights in place of attention does not raise the loss, so the maps explain nothing",
        ]
    }
}

const ANALYZE: Command = Command::RunStage(crate::runs::Stage::Analyze);

impl AttentionPanel {
    fn controls(&mut self, ui: &mut egui::Ui, state: &AppState, shown: Shown, mean: bool, commands: &mut Commands) {
        ui.horizontal_wrapped(|ui| {
            let has_bar = state.selection.bar.is_some();
            if ui.add_enabled(has_bar, egui::Button::selectable(!mean, "This window")).clicked() {
                self.mean = false;
            }
            if ui.add(egui::Button::selectable(mean, "Test mean")).clicked() {
                self.mean = true;
            }
            let layers = (0..shown.layers).map(|layer| (layer, format!("Layer {layer}"))).collect();
            if let Some(layer) = chooser(ui, "Choose layer", &shown.layer, layers) {
                commands.push(Command::SelectLayer(Some(layer)));
            }
            let name = |head: Option<usize>| head.map_or("Head mean".to_owned(), |head| format!("Head {head}"));
            let heads =
                std::iter::once(None).chain((0..shown.heads).map(Some)).map(|head| (head, name(head))).collect();
            if let Some(head) = chooser(ui, "Choose head", &shown.head, heads) {
                commands.push(Command::SelectHead(head));
            }
            if !mean {
                ui.checkbox(&mut self.by_row, "Scale by row")
                    .on_hover_text("Every row on a scale of its own: shows where each bar looks most");
            }
        });
    }
}

/// A drop-down list called `name`; gives what was clicked.
fn chooser<T: PartialEq>(ui: &mut egui::Ui, name: &str, chosen: &T, choices: Vec<(T, String)>) -> Option<T> {
    let text = choices.iter().find(|(value, _)| value == chosen).map_or(String::new(), |(_, text)| text.clone());
    let mut clicked = None;
    let list = egui::ComboBox::from_id_salt(name).width(72.0).selected_text(text).show_ui(ui, |ui| {
        for (value, text) in choices {
            if ui.selectable_label(value == *chosen, text).clicked() {
                clicked = Some(value);
            }
        }
    });
    list.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, name));
    clicked
}

/// Whether the maps mean anything to the network: (words, true if they do).
pub(super) fn stamp(report: Option<&AttentionReport>) -> (String, bool) {
    match report {
        Some(report) => {
            let word = if report.used { "used" } else { "not used" };
            (format!("{word}: {:+.4} loss if uniform", report.loss_uniform_delta.estimate), report.used)
        }
        None => ("use not measured".to_owned(), false),
    }
}

/// Weight each bar of the window receives from one head or the mean of all, oldest first.
pub(super) fn received(maps: &AttentionMaps, layer: usize, head: Option<usize>) -> Vec<f64> {
    let heads = head.map_or(0..maps.heads, |head| head..head + 1);
    let share = 1.0 / heads.len().max(1) as f64;
    let mut sum = vec![0.0; maps.seq_len];
    for head in heads {
        for (sum, weight) in sum.iter_mut().zip(maps.received(layer, head)) {
            *sum += share * weight;
        }
    }
    sum
}

/// Which query rows count for the strip.
pub(super) fn pooling_words(run: &RunView) -> &'static str {
    match run.manifest.config.model.pooling {
        Pooling::Mean => "mean over query rows",
        Pooling::Last => "last query row",
        Pooling::Attention => "query rows weighed as pooling weighs them",
    }
}

/// The stamp with its interval, and the figures of what is shown, all over the test windows.
fn honesty(ui: &mut egui::Ui, report: Option<&AttentionReport>, shown: Shown) {
    let (text, good) = stamp(report);
    let Some(report) = report else {
        badge(ui, &text, theme::WARN);
        return;
    };
    ui.horizontal_wrapped(|ui| {
        badge(ui, &text, if good { theme::UP } else { theme::WARN }).on_hover_text(&report.sentence);
        let all = &report.loss_uniform_delta;
        ui.label(small(format!("{:+.4} to {:+.4} · {} test windows", all.low, all.high, report.windows)));
    });
    let mean = |table: &[Vec<f64>]| {
        let row = table.get(shown.layer).and_then(|row| row.get(shown.range())).unwrap_or(&[]);
        row.iter().sum::<f64>() / row.len() as f64
    };
    let alone =
        shown.head.and_then(|head| report.head_delta.get(shown.layer)?.get(head)).map_or_else(String::new, |d| {
            format!("this head alone {:+.4} ({:+.4} to {:+.4}) · ", d.estimate, d.low, d.high)
        });
    let words = format!(
        "{alone}{:.1} bars back on average · {:.0} % within 3 bars · entropy {:.0} % of uniform",
        mean(&report.mean_distance),
        100.0 * mean(&report.near_share),
        100.0 * mean(&report.entropy)
    );
    ui.label(small(words));
}

fn small(text: impl Into<String>) -> egui::RichText {
    egui::RichText::new(text).font(theme::small()).color(theme::WEAK)
}
