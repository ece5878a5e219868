//! Does what concerns files of bars: looking at them, choosing how they are read, showing and writing them.

use std::path::PathBuf;

use super::board::Done;
use super::command::Command;
use super::market::DataView;
use super::panels::Pane;
use super::shell::Shell;
use super::state::{JobKind, Loadable};
use crate::config::DataConfig;
use crate::tasks::{Looked, delete_from_library, import, look_at_file, read_options};

impl Shell {
    /// Does a command on files of bars; gives back any other.
    pub(super) fn run_market(&mut self, command: Command, now: f64) -> Option<Command> {
        match command {
            Command::InspectData(path) => self.inspect(path, now),
            Command::ReadDataAs(choices) => self.look(DataConfig::clone(&choices), now),
            Command::ShowBars(bar) => self.show_bars(bar),
            Command::AcceptFinding(name, on) => self.accept(&name, on),
            Command::SaveBars(path) => self.save_bars(path, now),
            Command::DeleteStored(path) => {
                let workspace = self.state.workspace.clone();
                self.start("delete", JobKind::DeleteStored, now, move |_| {
                    delete_from_library(&workspace, &path).map(|_| Done::Deleted)
                });
            }
            other => return Some(other),
        }
        None
    }

    /// Looks at a file, reading it by guesses only.
    pub(super) fn inspect(&mut self, path: PathBuf, now: f64) {
        self.show_pane(Pane::Data);
        let choices = DataConfig { file: path.display().to_string(), ..DataConfig::default() };
        self.state.data = Some(DataView::new(path, choices.clone()));
        self.look(choices, now);
    }

    fn look(&mut self, choices: DataConfig, now: f64) {
        let Some(path) = self.state.data.as_ref().map(|data| data.path.clone()) else { return };
        if let Some(before) = self.inspects.take() {
            self.board.cancel(before);
        }
        let mut config = self.state.config.clone();
        config.data.clone_from(&choices);
        let workspace = self.state.workspace.clone();
        self.inspects = self.start("inspect", JobKind::Inspect, now, move |job| {
            look_at_file(&workspace, &path, &config, job).map(|looked| Done::Looked(Box::new(looked)))
        });
        let Some(data) = &mut self.state.data else { return };
        data.choices = choices;
        data.saved = None;
        data.report = match self.inspects {
            Some(_) => Loadable::Loading("reading bars".to_owned()),
            None => Loadable::Failed("no thread could be started".to_owned()),
        };
    }

    /// Takes in what looking at a file found; bars that can be used are those of the next run.
    pub(super) fn take_look(&mut self, looked: Looked) {
        let Some(data) = &mut self.state.data else { return };
        let was_shown = data.is_shown(self.state.view.ready());
        data.guess = looked.guess;
        data.bars = looked.bars;
        match looked.report {
            Ok(report) => {
                self.state.config.data = data.choices.clone();
                data.report = Loadable::Ready(report);
            }
            Err(problem) => data.report = Loadable::Failed(problem),
        }
        // Nothing that was opened on purpose goes from the chart.
        let nothing = matches!(self.state.view, Loadable::Empty | Loadable::Failed(_));
        if was_shown || nothing {
            self.show_bars(None);
        }
    }

    fn show_bars(&mut self, bar: Option<usize>) {
        let Some(data) = &self.state.data else { return };
        let Some(bars) = data.bars.clone() else { return };
        if !data.is_shown(self.state.view.ready()) {
            self.state.demo = false;
            self.show_run(bars);
        }
        if let Some(bar) = bar {
            self.select_bar(bar, true);
        }
    }

    fn accept(&mut self, name: &str, on: bool) {
        let accepted = |list: &mut Vec<String>| {
            list.retain(|known| known != name);
            if on {
                list.push(name.to_owned());
            }
        };
        accepted(&mut self.state.config.data.accept);
        if let Some(data) = &mut self.state.data {
            accepted(&mut data.choices.accept);
        }
    }

    fn save_bars(&mut self, path: PathBuf, now: f64) {
        let Some(data) = &mut self.state.data else { return };
        data.saved = None;
        let options = match read_options(&data.choices) {
            Ok(options) => options,
            Err(problem) => {
                data.saved = Some(Err(format!("{problem:#}")));
                return;
            }
        };
        let file = data.path.clone();
        self.start("save bars", JobKind::SaveBars, now, move |job| {
            import(&file, &path, &options, job).map(|_| Done::Saved(path))
        });
    }

    /// Takes in where bars were written.
    pub(super) fn take_saved_bars(&mut self, saved: Result<PathBuf, String>) {
        if let Some(data) = &mut self.state.data {
            data.saved = Some(saved);
        }
        self.refresh_runs();
    }
}
