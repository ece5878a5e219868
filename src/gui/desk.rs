//! Does what concerns indicators: commands, and lines computed one indicator at a time on a thread of their own.

use std::sync::Arc;

use super::command::Command;
use super::indicators::{ChartLine, Chosen, Place, Stored, fault, key, spoken};
use super::panels::Pane;
use super::shell::Shell;
use super::state::Loadable;
use crate::indicators::Instance;
use crate::jobs::{Job as Handle, Outcome, spawn};
use crate::tasks::{InstanceLines, TaskEvent, instance_lines, is_captured};

/// Results kept beside those on screen.
const SPARE: usize = 8;

/// The one computation at work.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Bars the results belong to.
    fingerprint: String,
    job: Option<(String, Handle<InstanceLines, TaskEvent>)>,
    stamp: u64,
}

impl Desk {
    /// Computes nothing more.
    fn stop(&mut self) {
        if let Some((_, handle)) = self.job.take() {
            handle.cancel();
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shell {
    /// Does a command on indicators; gives back any other.
    pub(super) fn run_indicators(&mut self, command: Command) -> Option<Command> {
        let indicators = &mut self.state.indicators;
        match command {
            Command::AddLine(name) => {
                indicators.add(&name);
            }
            Command::RemoveLine(name) => indicators.on_chart.retain(|line| line.name != name),
            Command::PlaceLine(name, place) => place_line(&mut indicators.on_chart, &name, place),
            Command::ClearLines => indicators.on_chart.clear(),
            Command::ChooseIndicator(name) => {
                if let Some(instance) = indicators.find(&name) {
                    self.choose(instance);
                    if !self.visible().contains(&Pane::Indicators) {
                        self.show_pane(Pane::Indicators);
                    }
                }
            }
            Command::TuneIndicator { param, text } => self.tune(param, text),
            Command::ResetIndicator => {
                let id = indicators.chosen.as_ref().map(|chosen| chosen.instance.definition().id.to_owned());
                if let Some(instance) = id.and_then(|id| indicators.find(&id)) {
                    self.retarget(Chosen::new(instance));
                }
            }
            other => return Some(other),
        }
        None
    }

    fn choose(&mut self, instance: Instance) {
        // What was edited before stays on the chart.
        self.state.indicators.on_chart.iter_mut().for_each(|line| line.follows = false);
        self.state.indicators.chosen = Some(Chosen::new(instance));
    }

    fn tune(&mut self, param: usize, text: String) {
        let Some(mut chosen) = self.state.indicators.chosen.clone() else { return };
        let definition = chosen.instance.definition();
        if param >= chosen.draft.len() {
            return;
        }
        chosen.draft[param] = text;
        let faults: Vec<_> = definition.params.iter().zip(&chosen.draft).map(|(p, text)| fault(p, text)).collect();
        let good = faults.iter().all(Option::is_none);
        let given: Vec<String> = definition
            .params
            .iter()
            .zip(&chosen.draft)
            .map(|(p, text)| format!("{}={}", p.name, text.trim()))
            .collect();
        let text = format!("{}({})", definition.id, given.join(","));
        let instance = self.state.indicators.find(&text).filter(|_| good);
        chosen.faults = faults;
        match instance {
            Some(instance) => {
                chosen.name = spoken(&instance);
                chosen.instance = instance;
                self.retarget(chosen);
            }
            None => self.state.indicators.chosen = Some(chosen),
        }
    }

    /// Lines that follow the edited parameters change with them; the first edit puts the first output on the chart.
    fn retarget(&mut self, chosen: Chosen) {
        let indicators = &mut self.state.indicators;
        let mut names: Vec<String> = Vec::new();
        let id = chosen.instance.definition().id;
        let own = |line: &ChartLine| line.instance.as_ref().is_some_and(|i| i.definition().id == id);
        for line in indicators.on_chart.iter_mut().filter(|line| line.follows && own(line)) {
            line.name = chosen.line_name(line.line());
            line.instance = Some(chosen.instance.clone());
            names.push(line.name.clone());
        }
        // An equal line that the user put there stands for it.
        let fixed: Vec<String> =
            indicators.on_chart.iter().filter(|line| !line.follows).map(|line| line.name.clone()).collect();
        indicators.on_chart.retain(|line| !line.follows || !fixed.contains(&line.name));
        let output =
            chosen.instance.definition().lines.iter().find(|line| !line.internal).map(|line| line.name.to_string());
        if names.is_empty()
            && let Some(name) = output.map(|line| chosen.line_name(&line))
            && !chosen.instance.definition().lines.iter().any(|line| indicators.shows(&chosen.line_name(&line.name)))
        {
            indicators.add(&name);
            if let Some(line) = indicators.on_chart.last_mut() {
                line.follows = true;
                line.instance = Some(chosen.instance.clone());
            }
        }
        indicators.chosen = Some(chosen);
    }

    /// Computes what chart and browser want and what is not known yet; never waits.
    pub(super) fn serve_lines(&mut self) {
        let Some(view) = self.state.view.ready().cloned() else { return };
        if self.desk.fingerprint != view.collected.fingerprint {
            self.desk.stop();
            self.desk.fingerprint.clone_from(&view.collected.fingerprint);
            self.state.indicators.store.clear();
        }
        self.take_lines();
        let indicators = &mut self.state.indicators;
        for line in &mut indicators.on_chart {
            let known = line
                .instance
                .as_ref()
                .map(key)
                .filter(|key| indicators.store.get(key).is_some_and(|stored| stored.result.ready().is_some()));
            line.shown = known.or(line.shown.take());
        }
        let chosen = indicators.chosen.as_ref().map(|chosen| key(&chosen.instance));
        let missing: Vec<Instance> = indicators
            .wanted()
            .filter(|instance| {
                let key = key(instance);
                let known = indicators.store.get(&key).is_some_and(|s| !matches!(s.result, Loadable::Loading(_)));
                // The capture has its lines; only the browser asks for a look at them.
                !known && (chosen.as_ref() == Some(&key) || !is_captured(&view.collected, instance))
            })
            .cloned()
            .collect();
        if let Some((at, _)) = &self.desk.job
            && !missing.iter().any(|instance| key(instance) == *at)
        {
            self.desk.stop();
        }
        if self.desk.job.is_some() {
            return;
        }
        self.forget_lines();
        let Some(instance) = missing.into_iter().next() else { return };
        let at = key(&instance);
        self.desk.stamp += 1;
        let stamp = self.desk.stamp;
        let started = spawn("indicator lines", Arc::clone(&self.wake), move |job| {
            instance_lines(&view.collected, &instance, job)
        });
        let result = match started {
            Ok(handle) => {
                self.desk.job = Some((at.clone(), handle));
                Loadable::Loading("computing".to_owned())
            }
            Err(err) => Loadable::Failed(format!("cannot compute: {err}")),
        };
        self.state.indicators.store.insert(at, Stored { stamp, result });
    }

    fn take_lines(&mut self) {
        let Some((at, handle)) = &self.desk.job else { return };
        let Some(outcome) = handle.poll() else { return };
        let result = match outcome {
            Outcome::Finished(lines) => Some(Loadable::Ready(Arc::new(lines))),
            Outcome::Cancelled => None,
            Outcome::Failed(err) => Some(Loadable::Failed(format!("{err:#}"))),
            Outcome::Panicked(text) => Some(Loadable::Failed(format!("a defect in the program stopped it: {text}"))),
        };
        match (self.state.indicators.store.get_mut(at), result) {
            (Some(stored), Some(result)) => stored.result = result,
            _ => {
                self.state.indicators.store.remove(at);
            }
        }
        self.desk.job = None;
    }

    /// Drops the oldest results that nothing on screen needs.
    fn forget_lines(&mut self) {
        let indicators = &mut self.state.indicators;
        let wanted: Vec<String> = indicators.wanted().map(key).collect();
        let shown: Vec<String> = indicators.on_chart.iter().filter_map(|line| line.shown.clone()).collect();
        indicators.store.retain(|_, stored| !matches!(stored.result, Loadable::Loading(_)));
        let mut spare: Vec<(u64, String)> = indicators
            .store
            .iter()
            .filter(|(key, _)| !wanted.contains(key) && !shown.contains(key))
            .map(|(key, stored)| (stored.stamp, key.clone()))
            .collect();
        spare.sort_unstable();
        for (_, key) in spare.iter().take(spare.len().saturating_sub(SPARE)) {
            indicators.store.remove(key);
        }
    }
}

fn place_line(lines: &mut [ChartLine], name: &str, place: Place) {
    if let Some(line) = lines.iter_mut().find(|line| line.name == name) {
        line.place = place;
    }
}
