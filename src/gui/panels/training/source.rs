use super::figures::{epoch_place, step_place};
use crate::dataset::Slice;
use crate::gui::state::{AppState, JobId, JobRow, JobState};
use crate::gui::widgets::XAxis;
use crate::tasks::RunCurves;

/// Which training is shown when there are two: chosen by hand until a job starts or another run is opened.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) live: Option<bool>,
    job: Option<JobId>,
    run: Option<String>,
}

impl Choice {
    /// Follows what the user last asked to see: a job that started or a run that was opened.
    pub(super) fn follow(&mut self, state: &AppState) {
        let run = state.run().map(|run| run.manifest.id.clone());
        if self.job != state.live.job {
            *self = Self { live: None, job: state.live.job, run };
        } else if self.run != run {
            self.live = Some(false).filter(|_| !state.busy() && run.is_some());
            self.run = run;
        }
    }

    /// True if the training of this window is shown rather than the open run.
    pub(super) fn shows_live(&self, state: &AppState) -> bool {
        let ended = live_job(state).is_none_or(|job| job.state == JobState::Finished);
        let live = self.live.unwrap_or(state.live.job.is_some() && (state.run().is_none() || !ended));
        live && (state.busy() || !state.live.curves.epochs.is_empty() || !state.live.curves.steps.is_empty())
    }

    pub(super) fn source<'a>(&self, state: &'a AppState) -> Option<Source<'a>> {
        if self.shows_live(state) {
            return Some(Source {
                name: state.live.run.clone().unwrap_or_else(|| state.config.train.run_name.clone()),
                curves: &state.live.curves,
                job: live_job(state),
                validation: None,
            });
        }
        let run = state.run()?;
        Some(Source {
            name: run.manifest.id.clone(),
            curves: &run.curves,
            job: None,
            validation: run.card.as_ref().map(|card| card.slices.range(Slice::Validation).len()),
        })
    }
}

/// The curves shown and where they come from.
pub(super) struct Source<'a> {
    pub(super) name: String,
    pub(super) curves: &'a RunCurves,
    /// The job that makes them.
    pub(super) job: Option<&'a JobRow>,
    /// Windows of the validation slice, when known.
    pub(super) validation: Option<usize>,
}

impl Source<'_> {
    /// Place of the best epoch.
    pub(super) fn best(&self, axis: XAxis) -> Option<f64> {
        let best = self.curves.best()?.epoch;
        let at = self.curves.epochs.iter().position(|epoch| epoch.epoch == best)?;
        epoch_place(self.curves, at, axis)
    }

    /// Place of the last value.
    pub(super) fn last(&self, axis: XAxis) -> Option<f64> {
        let epoch = self.curves.epochs.len().checked_sub(1).and_then(|i| epoch_place(self.curves, i, axis));
        let step = self.curves.steps.len().checked_sub(1).and_then(|i| step_place(self.curves, i, axis));
        epoch.into_iter().chain(step).reduce(f64::max)
    }
}

pub(super) fn live_job(state: &AppState) -> Option<&JobRow> {
    let id = state.live.job?;
    state.jobs.iter().find(|job| job.id == id)
}
