//! Which features pushed: over the run with the measures of trust, or in the selected window.

mod list;
mod rows;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::analysis::attribution::{Importance, Target};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{badge, explained, message, percent, run_or_message, slice_words};
use crate::runs::Stage;

/// Features shown unless all are asked for or searched.
const TOP: usize = 30;

/// View state of the panel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct FeaturesPanel {
    /// The output whose features are shown.
    target: Target,
    /// The selected window instead of the run.
    window: bool,
    /// All features instead of the first.
    all: bool,
    #[serde(skip)]
    search: String,
    #[serde(skip)]
    list: list::List,
}

impl Default for FeaturesPanel {
    fn default() -> Self {
        Self { target: Target::Entry, window: false, all: false, search: String::new(), list: list::List::default() }
    }
}

impl Panel for FeaturesPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        self.controls(ui, state);
        let roomy = ui.available_height() > 180.0;
        if self.in_window(state) {
            let Some(why) = explained(ui, state, run, commands) else { return };
            if why.contributions.is_empty() {
                let cause = why.problem.as_deref().unwrap_or("the network gave no contributions");
                message(ui, &format!("No feature pushed here: {cause}"), None, commands);
                return;
            }
            self.list.of_window(why, &self.search, self.all);
        } else {
            let Some(importance) = self.importance(state) else {
                let analyze = Command::RunStage(Stage::Analyze);
                let next = (!run.manifest.has(Stage::Analyze)).then_some(&analyze);
                let text = format!("The features of the {} were not measured yet", word(self.target));
                message(ui, &text, next, commands);
                return;
            };
            trust(ui, importance, roomy);
            self.list.of_run(&run.manifest.id, importance, &self.search, self.all);
        }
        let foot = if roomy { 26.0 } else { 0.0 };
        let explanation = rows::ui(ui, &self.list, foot, state, commands);
        if roomy {
            self.foot(ui, explanation);
        }
    }

    fn header(&self, state: &AppState) -> Header {
        if state.run().is_none() {
            return Header::default();
        }
        if self.in_window(state) {
            let slice = state.explanation().map_or(String::new(), |why| format!(" · {}", slice_words(&why.slice).0));
            return Header::text(format!("entry logit{slice}"));
        }
        let Some(importance) = self.importance(state) else { return Header::default() };
        Header {
            text: format!("{} · {} test windows", word(self.target), importance.windows),
            badge: Some((importance.badge.clone(), importance.badge == "trusted")),
        }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Hover a feature: its line shows on the chart; click pins it, click again frees it",
            "Contributions are gradient × input; solid bar: signed mean, green pushes up and red down; pale bar: mean size",
            "This window: what each feature did to the entry logit at the selected bar",
            "Lag profile: how much bars count by their distance from the deciding bar",
            "Trusted: sums are complete, deleting the features in this order matters, and random weights rank them otherwise",
        ]
    }
}

/// What an output is called.
const fn word(target: Target) -> &'static str {
    match target {
        Target::Entry => "entry logit",
        Target::Exit => "exit logit",
        Target::Return => "expected return",
        Target::Volatility => "volatility",
    }
}

impl FeaturesPanel {
    fn in_window(&self, state: &AppState) -> bool {
        self.window && state.selection.bar.is_some()
    }

    fn importance<'a>(&self, state: &'a AppState) -> Option<&'a Importance> {
        state.run()?.importance.iter().find(|importance| importance.head == self.target)
    }

    fn controls(&mut self, ui: &mut egui::Ui, state: &AppState) {
        ui.horizontal_wrapped(|ui| {
            let window = self.in_window(state);
            if ui.add(egui::Button::selectable(!window, "Whole test")).clicked() {
                self.window = false;
            }
            let has_bar = state.selection.bar.is_some();
            if ui.add_enabled(has_bar, egui::Button::selectable(window, "This window")).clicked() {
                self.window = true;
            }
            ui.add_space(4.0);
            for (target, text) in [
                (Target::Entry, "Entry"),
                (Target::Exit, "Exit"),
                (Target::Return, "Return"),
                (Target::Volatility, "Volatility"),
            ] {
                let chosen = if window { Target::Entry } else { self.target };
                let possible = !window || target == Target::Entry;
                let button = ui.add_enabled(possible, egui::Button::selectable(target == chosen, text));
                if button.clicked() {
                    self.target = target;
                }
                button.on_disabled_hover_text("The contributions of one window are those to the entry logit");
            }
            let search = egui::TextEdit::singleline(&mut self.search).hint_text("Search").desired_width(104.0);
            let response = ui.add(search);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Search features"));
        });
    }

    fn foot(&mut self, ui: &mut egui::Ui, explanation: &str) {
        ui.horizontal(|ui| {
            if self.list.total > TOP && self.search.is_empty() {
                let text = if self.all { format!("First {TOP}") } else { format!("All {}", self.list.total) };
                if ui.small_button(text).clicked() {
                    self.all = !self.all;
                }
            }
            ui.add(egui::Label::new(egui::RichText::new(explanation).small().color(theme::WEAK)).truncate());
        });
    }
}

/// The measures behind the badge and, where there is room, what speaks against it.
fn trust(ui: &mut egui::Ui, importance: &Importance, roomy: bool) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        let good = importance.badge == "trusted";
        badge(ui, &importance.badge, if good { theme::UP } else { theme::WARN })
            .on_hover_text(if good { "No check speaks against it".to_owned() } else { importance.doubts.join("; ") });
        let optional = |value: Option<f64>| value.map_or("none".to_owned(), |value| format!("{value:+.2}"));
        let measure = |ui: &mut egui::Ui, text: String, help: &str| {
            ui.label(egui::RichText::new(text).font(theme::small()).color(theme::WEAK)).on_hover_text(help);
        };
        measure(
            ui,
            format!("gap {}", percent(importance.gap, 2)),
            "How far integrated gradients are from summing to the change of the output: median over windows, 10 % at most",
        );
        measure(
            ui,
            format!("deletion {}", optional(importance.deletion)),
            "How much sooner than in random order deleting features by importance moves the output; above 0 is good",
        );
        measure(
            ui,
            format!("random weights {}", optional(importance.randomised)),
            "Rank correlation with the importances of a network with random weights; 0.5 at most is good",
        );
    });
    for doubt in importance.doubts.iter().filter(|_| roomy) {
        ui.label(egui::RichText::new(format!("Doubt: {doubt}")).small().color(theme::WARN));
    }
}
