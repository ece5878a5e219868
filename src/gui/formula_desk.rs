//! Does what concerns formula files: commands, watching the folder, checking and saving on threads of their own.

use std::path::PathBuf;
use std::sync::Arc;

use super::command::Command;
use super::formulas::Editor;
use super::panels::Pane;
use super::shell::Shell;
use crate::jobs::{Job as Handle, Outcome, Worker, spawn};
use crate::tasks::{Checked, EXAMPLES, FormulaText, TaskEvent, check_formulas, save_formula, watch_formulas};

/// What a new formula begins with.
const TEMPLATE: &str = "\
title \"Distance from the mean\"
family momentum
param period = 20 from 2 to 500  # Length of the mean

mean = sma(close, period)        # Mean of the closes
output score = (close - mean) / stdev(close, period)  # Deviations above the mean
";
/// Outputs of an edited formula put on the chart by themselves.
const PREVIEWS: usize = 4;

/// What is at work for formulas.
#[derive(Debug, Default)]
pub(super) struct FormulaDesk {
    folder: PathBuf,
    watcher: Option<Handle<(), Vec<FormulaText>>>,
    checker: Option<Worker<Vec<(String, String)>, Checked>>,
    saver: Option<(String, Handle<PathBuf, TaskEvent>)>,
    /// Texts changed since the last check.
    changed: bool,
}

impl Drop for FormulaDesk {
    fn drop(&mut self) {
        if let Some(watcher) = &self.watcher {
            watcher.cancel();
        }
    }
}

impl Shell {
    /// Does a command on formulas; gives back any other.
    pub(super) fn run_formulas(&mut self, command: Command) -> Option<Command> {
        let formulas = &mut self.state.formulas;
        match command {
            Command::NewFormula(example) => {
                let found = example.and_then(|name| EXAMPLES.iter().find(|(id, _)| *id == name));
                let (wish, text) = found.copied().unwrap_or(("my_formula", TEMPLATE));
                let id = formulas.free_name(wish);
                self.edit(Editor { id, text: text.to_owned(), ..Editor::default() });
            }
            Command::OpenFormula(id) => {
                let file = formulas.files.iter().find(|file| file.id == id).cloned();
                if let Some(FormulaText { id, path, text }) = file {
                    let saved = text.clone();
                    self.edit(Editor { id, path: Some(path), text, saved, ..Editor::default() });
                }
            }
            Command::EditFormula(text) => {
                if let Some(open) = &mut formulas.open {
                    open.text = text;
                    self.formula_desk.changed = true;
                }
            }
            Command::NameFormula(id) => {
                if let Some(open) = &mut formulas.open {
                    open.id = id;
                    open.problem = None;
                    self.formula_desk.changed = true;
                }
            }
            Command::ReloadFormula => {
                if let Some(open) = &mut formulas.open {
                    let text = open.disk.take().unwrap_or_else(|| open.saved.clone());
                    open.text.clone_from(&text);
                    open.saved = text;
                    self.formula_desk.changed = true;
                }
            }
            Command::KeepFormula => {
                if let Some(open) = &mut formulas.open
                    && let Some(disk) = open.disk.take()
                {
                    open.saved = disk;
                }
            }
            Command::SaveFormula => self.save_formula(),
            Command::CloseFormula => {
                formulas.open = None;
                self.state.indicators.drop_previews();
                self.formula_desk.changed = true;
            }
            Command::PreviewFormula(on) => {
                formulas.preview = on;
                if on {
                    if let Some(open) = &mut formulas.open {
                        open.previewed = false;
                    }
                    self.preview_formula();
                } else {
                    self.state.indicators.drop_previews();
                }
            }
            other => return Some(other),
        }
        None
    }

    fn edit(&mut self, editor: Editor) {
        self.state.indicators.drop_previews();
        self.state.formulas.open = Some(editor);
        self.formula_desk.changed = true;
        if !self.visible().contains(&Pane::Formulas) {
            self.show_pane(Pane::Formulas);
        }
    }

    fn save_formula(&mut self) {
        let Some(open) = self.state.formulas.open.as_mut().filter(|_| self.formula_desk.saver.is_none()) else {
            return;
        };
        // What somebody else wrote is not lost without a word: the banner asks first.
        if open.disk.is_some() {
            return;
        }
        open.problem = None;
        let (workspace, id, text, old) =
            (self.state.workspace.clone(), open.id.clone(), open.text.clone(), open.path.clone());
        let kept = text.clone();
        let started = spawn("save formula", Arc::clone(&self.wake), move |_| {
            save_formula(&workspace, &id, &text, old.as_deref())
        });
        match started {
            Ok(handle) => self.formula_desk.saver = Some((kept, handle)),
            Err(err) => open.problem = Some(format!("cannot save: {err}")),
        }
    }

    /// Takes in what the threads did and asks for checks; never waits.
    pub(super) fn serve_formulas(&mut self) {
        self.watch();
        let news = self.formula_desk.watcher.as_ref().and_then(|watcher| watcher.drain().last());
        if let Some(files) = news {
            self.take_files(files);
        }
        self.take_saved();
        if self.formula_desk.checker.is_none() && self.formula_desk.changed {
            let checker = Worker::start(
                "formulas",
                Arc::clone(&self.wake),
                || Ok(()),
                |(), named: Vec<_>| Ok(check_formulas(&named)),
            );
            match checker {
                Ok(checker) => self.formula_desk.checker = Some(checker),
                Err(err) => {
                    self.state.say(true, format!("cannot check formulas: {err}"));
                    self.formula_desk.changed = false;
                }
            }
        }
        let Some(checker) = &self.formula_desk.checker else { return };
        if std::mem::take(&mut self.formula_desk.changed) {
            checker.ask(self.state.formulas.named());
        }
        if let Some(Ok(checked)) = checker.poll() {
            let formulas = &mut self.state.formulas;
            formulas.faults = checked.faults.into_iter().collect();
            let ids: Vec<String> = formulas.named().into_iter().map(|(id, _)| id).collect();
            self.state.indicators.take_library(checked.library, &ids);
            self.preview_formula();
        }
    }

    fn watch(&mut self) {
        if self.state.workspace.as_os_str().is_empty() {
            return;
        }
        let folder = self.state.workspace.join("formulas");
        if folder == self.formula_desk.folder {
            return;
        }
        if let Some(old) = self.formula_desk.watcher.take() {
            old.cancel();
        }
        self.formula_desk.folder.clone_from(&folder);
        let started = spawn("watch formulas", Arc::clone(&self.wake), move |job| watch_formulas(&folder, job));
        match started {
            Ok(watcher) => self.formula_desk.watcher = Some(watcher),
            Err(err) => self.state.say(true, format!("cannot watch formulas: {err}")),
        }
    }

    fn take_files(&mut self, files: Vec<FormulaText>) {
        let formulas = &mut self.state.formulas;
        if let Some(open) = &mut formulas.open
            && let Some(file) = files.iter().find(|file| Some(&file.path) == open.path.as_ref())
            && file.text != open.saved
            && file.text != open.before
        {
            if open.text == open.saved {
                open.text.clone_from(&file.text);
                open.saved.clone_from(&file.text);
            } else {
                open.disk = Some(file.text.clone());
            }
        }
        formulas.files = files;
        self.formula_desk.changed = true;
    }

    fn take_saved(&mut self) {
        let Some((text, handle)) = &self.formula_desk.saver else { return };
        let Some(outcome) = handle.poll() else { return };
        if let Some(open) = &mut self.state.formulas.open {
            match outcome {
                Outcome::Finished(path) => {
                    open.path = Some(path);
                    open.before = std::mem::replace(&mut open.saved, text.clone());
                }
                Outcome::Cancelled => {}
                Outcome::Failed(err) => open.problem = Some(format!("{err:#}")),
                Outcome::Panicked(text) => open.problem = Some(format!("a defect in the program stopped it: {text}")),
            }
        }
        self.formula_desk.saver = None;
    }

    /// Puts the outputs of the edited formula on the chart, once it is sound.
    fn preview_formula(&mut self) {
        let formulas = &mut self.state.formulas;
        let Some(open) = formulas.open.as_mut().filter(|_| formulas.preview) else { return };
        if formulas.faults.contains_key(&open.id) {
            return;
        }
        let indicators = &mut self.state.indicators;
        let Some(instance) = indicators.formula(&open.id).cloned() else { return };
        let about = instance.definition();
        let before = indicators.on_chart.len();
        indicators.on_chart.retain(|line| {
            let own = line.instance.as_ref().is_some_and(|i| i.definition().id == open.id);
            !(own && line.preview) || about.lines.iter().any(|spec| spec.name == line.line())
        });
        let renamed = indicators.on_chart.len() < before;
        let shown =
            indicators.on_chart.iter().any(|l| l.instance.as_ref().is_some_and(|i| i.definition().id == open.id));
        if shown || (open.previewed && !renamed) {
            open.previewed = true;
            return;
        }
        open.previewed = true;
        for line in about.lines.iter().filter(|line| !line.internal).take(PREVIEWS) {
            indicators.add(&format!("{}.{}", open.id, line.name));
            if let Some(line) = indicators.on_chart.last_mut() {
                line.preview = true;
                line.instance = Some(instance.clone());
            }
        }
    }
}
