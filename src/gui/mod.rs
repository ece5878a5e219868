//! The window. Panels read [`AppState`] and push [`Command`]s; nothing here computes statistics, reads files in a frame or
//! starts threads: tasks do, on job threads.

mod app;
mod bars;
mod board;
mod command;
mod dataset;
mod dataset_desk;
mod desk;
mod dialogs;
mod execute;
mod formula_desk;
mod formulas;
mod indicators;
mod job_row;
mod library;
mod market;
mod market_desk;
mod open;
mod palette;
mod panels;
mod persist;
mod probe;
mod shell;
mod state;
mod theme;
mod widgets;
mod workspace;

pub use app::{OpenWindow, WindowError, open_window};
pub use command::{Command, Commands, Teach};
pub use dataset::DatasetState;
pub use dialogs::{SystemDialog, Wanted};
pub use formulas::{Editor, Formulas};
pub use indicators::{ChartLine, Chosen, Indicators, LineState, Place, Stored, Values};
pub use market::DataView;
pub use panels::{Header, Pane, Panel, Panels};
pub use persist::Saved;
pub use shell::Shell;
pub use state::{
    AppState, Cell, Hover, JobId, JobKind, JobRow, JobState, LiveTraining, Loadable, Note, RunScore, Selection,
    StageState,
};
pub use theme::{install as install_theme, regime_name};
pub use workspace::Workspace;
