//! Makes what is shown of the open run's dataset: its features, and what labels and slices the next run would have.

use std::sync::Arc;

use super::board::Done;
use super::shell::Shell;
use super::state::{JobKind, Loadable};
use crate::tasks::columns_view;

impl Shell {
    pub(super) fn examine_columns(&mut self, now: f64) {
        let Some(run) = self.state.view.ready().map(Arc::clone) else { return };
        if matches!(self.state.columns, Loadable::Loading(_)) {
            return;
        }
        self.columns = self.start("features", JobKind::Columns, now, move |job| {
            let view = columns_view(&run.collected, &run.manifest.config, run.card.as_ref(), job)?;
            Ok(Done::Columns(Box::new(view)))
        });
        self.state.columns = match self.columns {
            Some(_) => Loadable::Loading("making the features".to_owned()),
            None => Loadable::Failed("no thread could be started".to_owned()),
        };
    }

    /// The features shown were another run's.
    pub(super) fn forget_columns(&mut self) {
        if let Some(job) = self.columns.take() {
            self.board.cancel(job);
        }
        self.state.columns = Loadable::Empty;
    }
}
