//! What a user can ask for, one function each; the command line and the window call the same ones. Clock, device and
//! disk meet here; everything below is a function of its inputs.

mod analyze;
mod backtest;
mod bars_view;
mod browse;
mod collect;
mod columns_view;
mod demo;
mod doctor;
mod event;
mod explain;
mod figures;
mod filter;
mod filtered;
mod fitted;
mod folds_view;
mod forecast;
mod formula_files;
mod formulas;
mod labels_view;
mod leaks;
mod library;
mod lines;
mod market_files;
mod predict;
mod prepare;
mod run;
mod signals;
mod synth;
mod teach;
mod train;
mod view;
mod window;

pub use analyze::AnalysisSummary;
pub use backtest::{BacktestSummary, read_reports};
pub use bars_view::{Looked, look_at_file};
pub use browse::{InstanceLines, LineLook, SPARK, instance_lines, is_captured};
pub use collect::{Captured, CollectRequest, Collected, capture, collect};
pub use columns_view::{ColumnView, ColumnsView, columns_of_run, columns_view};
pub use demo::extract_demo;
pub use doctor::{Check, doctor};
pub use event::{Job, TaskEvent};
pub use explain::{BaselineOpinion, Contribution, Explainer, Explanation, Gate};
pub use filter::{Filter, FilteredBacktest, FilteredRun};
pub use filtered::{Filtered, FilteredBin, FilteredReliability};
pub use fitted::Fitted;
pub use folds_view::{FoldCutter, FoldsView};
pub use forecast::{Forecast, read_forecast};
pub use formula_files::{Checked, EXAMPLES, FormulaText, check_formulas, delete_formula, save_formula, watch_formulas};
pub use formulas::{CheckedLine, FormulaCheck, check_formula, load_formulas};
pub use labels_view::{LabelsRequest, LabelsView, MoveHistogram};
pub use leaks::{LeakCheck, check_leaks};
pub use library::{Deleted, LibraryRequest, delete_from_library, library};
pub use lines::{LineSelection, LineSpeed, bars_for_bench, compute_lines, measure_columns, measure_lines};
pub use market_files::{
    ImportSpeed, export, import, import_into, inspect, measure_import, preview, read_options, resample_file,
};
pub use predict::{PredictRequest, PredictionRecord, predict};
pub use prepare::{Dataset, prepare};
pub use run::{OpenRun, RunRequest, RunSummary, open_run, run, stage_of_run};
pub use signals::{SignalsRequest, SignalsSummary, backtest_signals};
pub use synth::{SynthRequest, planted_market, synthesize};
pub use view::{CalibrationView, LatentPoint, RegimesReport, RunView, SimulationView, look, open_view};
pub use window::{WindowAttention, window_attention};
