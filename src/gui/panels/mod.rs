//! One file per panel. A panel reads the state, keeps a little view state of its own and pushes commands.

mod attention;
mod backtest;
mod calibration;
mod chart;
mod config;
mod data;
mod features;
mod folds;
mod formulas;
mod health;
mod indicators;
mod jobs;
mod labels;
mod regimes;
mod runs;
mod trades;
mod training;
mod why;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::command::Commands;
use super::state::AppState;

/// What stands in a panel's title bar beside its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// A few words about what is shown.
    pub text: String,
    /// A remark that weakens or supports it: (words, true if good).
    pub badge: Option<(String, bool)>,
}

impl Header {
    /// Words without a badge.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), badge: None }
    }
}

/// One panel. Its fields are its view state: small, serialisable, disposable; caches are skipped by serde.
pub trait Panel {
    /// Draws the body; called only when there is room for it.
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands);

    /// The words beside the title.
    fn header(&self, state: &AppState) -> Header;

    /// Its gestures, one sentence each, behind the "?".
    fn help(&self) -> &'static [&'static str];
}

macro_rules! panels {
    ($($pane:ident $field:ident $type:ty, $title:literal, $meaning:literal;)*) => {
        /// A panel's name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Pane {
            $(#[doc = $meaning] $pane,)*
        }

        impl Pane {
            /// All panels.
            pub const ALL: [Self; [$($title),*].len()] = [$(Self::$pane),*];

            /// The word in its title bar.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$pane => $title,)* }
            }
        }

        /// The view states of all panels.
        #[derive(Debug, Default)]
        pub struct Panels {
            $(#[doc = $meaning] pub $field: $type,)*
        }

        impl Panels {
            /// The panel called `pane`.
            pub fn get_mut(&mut self, pane: Pane) -> &mut dyn Panel {
                match pane { $(Pane::$pane => &mut self.$field,)* }
            }

            /// Each panel's view state as JSON, by name.
            pub(super) fn save(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($field), serde_json::to_string(&self.$field).unwrap_or_default()),)*]
            }

            /// Takes what can be read; the rest starts as new.
            pub(super) fn load(&mut self, read: &dyn Fn(&str) -> Option<String>) {
                $(if let Some(state) = read(stringify!($field)).and_then(|text| serde_json::from_str(&text).ok()) {
                    self.$field = state;
                })*
            }
        }
    };
}

panels! {
    Chart chart chart::ChartPanel, "Chart", "Candles, lines, trades, strips.";
    Attention attention attention::AttentionPanel, "Attention", "Which bars the network looked at.";
    Features features features::FeaturesPanel, "Features", "Which features pushed.";
    Regimes regimes regimes::RegimesPanel, "Regimes", "States of the market in the latent space.";
    Calibration calibration calibration::CalibrationPanel, "Calibration", "Whether probabilities are true.";
    Training training training::TrainingPanel, "Training", "Losses and monitors by epoch.";
    Backtest backtest backtest::BacktestPanel, "Backtest", "Equity, drawdown and statistics.";
    Trades trades trades::TradesPanel, "Trades", "The network's trades.";
    Why why why::WhyPanel, "Why", "The decision at the selected bar.";
    Data data data::DataPanel, "Data", "Files of bars.";
    Labels labels labels::LabelsPanel, "Labels", "What the network is asked to foresee.";
    Folds folds folds::FoldsPanel, "Folds", "Which bars teach, select, calibrate and judge.";
    Runs runs runs::RunsPanel, "Runs", "Runs of the workspace.";
    Jobs jobs jobs::JobsPanel, "Jobs", "Work in progress.";
    Config config config::ConfigPanel, "Config", "The next run.";
    Indicators indicators indicators::IndicatorsPanel, "Indicators", "Every indicator: search, parameters, lines.";
    Formulas formulas formulas::FormulasPanel, "Formulas", "Indicators of your own, as text.";
    Health health health::HealthPanel, "Health", "What the program stands on.";
}
