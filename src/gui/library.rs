//! The runs, series and captures of the workspace, read on a thread of their own: there may be many, on a slow disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::panels::Pane;
use super::shell::Shell;
use super::state::{Loadable, RunScore};
use crate::data::LibraryListing;
use crate::jobs::Worker;
use crate::runs::{RunEntry, RunStatus, list_runs, read_lines};
use crate::tasks::{Job, LibraryRequest, library};

/// Which folder to read, and how far its finished runs were trained: what they wrote does not change.
#[derive(Debug)]
pub(super) struct Wanted {
    workspace: PathBuf,
    known: BTreeMap<String, RunScore>,
}

/// What the folder holds.
#[derive(Debug)]
pub(super) struct Shelf {
    workspace: PathBuf,
    runs: Vec<RunEntry>,
    broken: Vec<String>,
    scores: BTreeMap<String, RunScore>,
    stored: Result<LibraryListing, String>,
}

impl Shelf {
    fn read(wanted: Wanted) -> Self {
        let (runs, broken) = list_runs(&wanted.workspace);
        let score = |run: &RunEntry| {
            let known = wanted.known.get(&run.manifest.id).copied();
            known.unwrap_or_else(|| RunScore::new(&read_lines(&run.dir.metrics_file())))
        };
        Self {
            scores: runs.iter().map(|run| (run.manifest.id.clone(), score(run))).collect(),
            broken: broken.iter().map(ToString::to_string).collect(),
            runs,
            stored: stored(&wanted.workspace),
            workspace: wanted.workspace,
        }
    }
}

fn stored(workspace: &Path) -> Result<LibraryListing, String> {
    let request = LibraryRequest { workspace: workspace.to_owned(), library: None };
    library(&request, &Job::detached()).map_err(|err| format!("{err:#}"))
}

impl Shell {
    /// Asks for the list of runs; the latest question wins.
    pub(super) fn refresh_runs(&mut self) {
        if self.library.is_none() {
            let wake = Arc::clone(&self.wake);
            self.library = Worker::start("runs", wake, || Ok(()), |(), wanted| Ok(Shelf::read(wanted)))
                .map_err(|err| self.state.say(true, format!("the runs cannot be listed: {err}")))
                .ok();
        }
        if let Some(library) = &self.library {
            let state = &mut self.state;
            state.listing = true;
            let finished = state.runs.iter().filter(|run| run.manifest.status == RunStatus::Finished);
            let known = finished.filter_map(|run| {
                let id = &run.manifest.id;
                Some((id.clone(), *state.run_scores.get(id)?))
            });
            library.ask(Wanted { workspace: state.workspace.clone(), known: known.collect() });
        }
    }

    /// Another folder becomes the workspace; its newest run is opened once the list is there.
    pub(super) fn change_workspace(&mut self, folder: &Path) {
        folder.clone_into(&mut self.state.workspace);
        self.refresh_runs();
        self.moved_in = true;
    }

    /// Takes the list in when it is there.
    pub(super) fn take_runs(&mut self, now: f64) {
        let Some(answer) = self.library.as_ref().and_then(Worker::poll) else { return };
        let shelf = match answer {
            Ok(shelf) => shelf,
            Err(problem) => {
                self.state.listing = false;
                return self.state.say(true, format!("the runs cannot be listed: {problem}"));
            }
        };
        if shelf.workspace != self.state.workspace {
            // The answer for the present workspace is still to come.
            return;
        }
        self.state.listing = false;
        self.state.runs = shelf.runs;
        self.state.broken_runs = shelf.broken;
        self.state.run_scores = shelf.scores;
        self.state.stored = match shelf.stored {
            Ok(stored) => Loadable::Ready(stored),
            Err(problem) => Loadable::Failed(problem),
        };
        if std::mem::take(&mut self.moved_in) {
            if let Some(newest) = self.state.runs.first().map(|run| run.dir.path().to_owned()) {
                self.open_run_folder(newest, now);
            } else {
                self.show_pane(Pane::Runs);
                let folder = self.state.workspace.display().to_string();
                self.state.say(false, format!("{folder} is the workspace now; it holds no runs yet"));
            }
        }
    }
}
