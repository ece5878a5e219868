//! What a user can ask for, one function each; the command line and the window call the same ones. Clock, device and
//! disk meet here; everything below is a function of its inputs.

mod analyze;
mod backtest;
mod collect;
mod demo;
mod doctor;
mod event;
mod explain;
mod figures;
mod filtered;
mod fitted;
mod forecast;
mod lines;
mod market_files;
mod predict;
mod prepare;
mod run;
mod signals;
mod train;
mod view;
mod window;

pub use analyze::AnalysisSummary;
pub use backtest::{BacktestSummary, read_reports};
pub use collect::{CollectRequest, Collected, collect};
pub use demo::extract_demo;
pub use doctor::{Check, doctor};
pub use event::{Job, TaskEvent};
pub use explain::{BaselineOpinion, Contribution, Explainer, Explanation, Gate};
pub use filtered::{Filtered, FilteredBin, FilteredReliability};
pub use fitted::Fitted;
pub use forecast::{Forecast, read_forecast};
pub use lines::compute_lines;
pub use market_files::{export, import, inspect, preview};
pub use predict::{PredictRequest, PredictionRecord, predict};
pub use prepare::{Dataset, prepare};
pub use run::{OpenRun, RunRequest, RunSummary, open_run, run, stage_of_run};
pub use signals::{SignalsRequest, SignalsSummary, backtest_signals};
pub use view::{CalibrationView, LatentPoint, RegimesReport, RunView, SimulationView, look, open_view};
pub use window::{WindowAttention, window_attention};
