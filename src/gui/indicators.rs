//! What the window knows of indicators: the known ones, the one looked at, the lines on the chart and what was computed
//! for them. Plain data; `desk.rs` moves it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::{AppState, Loadable};
use crate::indicators::{Instance, Kind, Library, Mode, Param, Unit, default_catalogue, definitions, parse_instance};
use crate::tasks::{InstanceLines, is_captured};

/// Where a line is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Prices over the candles, all else in a pane shared with the like lines of its indicator.
    #[default]
    Auto,
    /// Over the candles; what is no price is scaled to the height.
    Over,
    /// In a pane of its own.
    Own,
}

/// One line on the chart.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChartLine {
    /// `rsi_14.rsi` of the capture, `rsi(period=9).rsi` otherwise.
    pub name: String,
    /// Where it is drawn.
    pub place: Place,
    /// Colour by number.
    pub color: usize,
    /// Changes with the parameters that are being edited.
    #[serde(skip)]
    pub follows: bool,
    /// Drawn for as long as its formula is edited.
    #[serde(skip)]
    pub preview: bool,
    /// The indicator, if there is one of this name.
    #[serde(skip)]
    pub instance: Option<Instance>,
    /// Key of the result last drawn: it stays until the next one is there.
    #[serde(skip)]
    pub shown: Option<String>,
}

impl ChartLine {
    /// Name of its indicator with parameters.
    pub fn indicator(&self) -> &str {
        self.name.rsplit_once('.').map_or(&self.name, |(indicator, _)| indicator)
    }

    /// Name within its indicator.
    pub fn line(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(_, line)| line)
    }
}

/// The values of a line on the chart.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// One per bar.
    pub bars: &'a [f64],
    /// Kind and scale law.
    pub unit: Unit,
    /// One-line meaning.
    pub meaning: &'a str,
    /// Changes whenever the values do.
    pub stamp: u64,
}

/// What is to be said of a line on the chart.
#[derive(Debug, Clone, Copy)]
pub enum LineState<'a> {
    /// Drawn; true while newer values are on their way.
    Ready(Values<'a>, bool),
    /// On its way.
    Computing,
    /// It cannot be drawn, with the reason.
    Failed(&'a str),
}

/// What was computed for an indicator.
#[derive(Debug)]
pub struct Stored {
    /// Never used twice.
    pub stamp: u64,
    /// The lines.
    pub result: Loadable<Arc<InstanceLines>>,
}

/// The indicator looked at.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// With the last good parameters.
    pub instance: Instance,
    /// What its lines are called on the chart, up to the dot.
    pub name: String,
    /// Parameters as typed.
    pub draft: Vec<String>,
    /// What is wrong with each.
    pub faults: Vec<Option<String>>,
}

impl Chosen {
    /// As it is, nothing edited.
    pub fn new(instance: Instance) -> Self {
        let draft: Vec<String> = instance.params().iter().map(|(_, value)| value.to_string()).collect();
        Self { name: spoken(&instance), faults: vec![None; draft.len()], draft, instance }
    }

    /// True if a parameter is not its default.
    pub fn is_tuned(&self) -> bool {
        let defaults = self.instance.definition().params.iter().map(|p| p.default.to_string());
        defaults.zip(&self.draft).any(|(default, text)| default != *text)
    }

    /// Name of a line on the chart.
    pub fn line_name(&self, line: &str) -> String {
        format!("{}.{line}", self.name)
    }
}

/// Everything about indicators.
#[derive(Debug)]
pub struct Indicators {
    /// Every indicator, with default parameters.
    pub known: Vec<Instance>,
    /// The catalogue with the formulas that are sound.
    pub library: Library,
    /// The one looked at.
    pub chosen: Option<Chosen>,
    /// Lines on the chart, in the order they were added.
    pub on_chart: Vec<ChartLine>,
    /// What was computed over the bars of the open run, by key of the indicator.
    pub store: BTreeMap<String, Stored>,
}

impl Default for Indicators {
    fn default() -> Self {
        let known = definitions().iter().filter_map(|definition| parse_instance(definition.id).ok()).collect();
        let library = Library::default();
        let mut made = Self { known, library, chosen: None, on_chart: Vec::new(), store: BTreeMap::new() };
        for name in ["kama.kama", "rsx.rsx"] {
            made.add(name);
        }
        made
    }
}

impl Indicators {
    /// Puts a line on the chart; false if it was there already.
    pub fn add(&mut self, name: &str) -> bool {
        if let Some(line) = self.on_chart.iter_mut().find(|line| line.name == name) {
            (line.follows, line.preview) = (false, false);
            return false;
        }
        let color =
            (0..=self.on_chart.len()).find(|color| self.on_chart.iter().all(|line| line.color != *color)).unwrap_or(0);
        let mut line = ChartLine { name: name.to_owned(), color, ..ChartLine::default() };
        line.instance = self.find(line.indicator());
        self.on_chart.push(line);
        true
    }

    /// True if the line is on the chart.
    pub fn shows(&self, name: &str) -> bool {
        self.on_chart.iter().any(|line| line.name == name)
    }

    /// The indicator a text names.
    pub fn find(&self, text: &str) -> Option<Instance> {
        self.library.parse_instance(text, Mode::Standard).ok()
    }

    /// The formula of this id, as it was when it was last sound.
    pub fn formula(&self, id: &str) -> Option<&Instance> {
        self.known.iter().find(|instance| instance.formula().is_some_and(|formula| formula.id() == id))
    }

    /// Takes the lines of the edited formula off the chart, unless they were put there on purpose.
    pub(super) fn drop_previews(&mut self) {
        self.on_chart.retain(|line| !line.preview);
    }

    /// Takes formulas in; those of `ids` that are not sound at present stay as they were.
    pub(super) fn take_library(&mut self, library: Library, ids: &[String]) {
        self.library = library;
        let old: Vec<Instance> = self.known.iter().filter(|i| i.formula().is_some()).cloned().collect();
        self.known.retain(|instance| instance.formula().is_none());
        for id in ids {
            let new = self.library.formulas().iter().find(|formula| formula.id() == id);
            let new = new.map(|formula| Instance::of_formula(Arc::clone(formula)));
            let last = || old.iter().find(|instance| instance.definition().id == id).cloned();
            self.known.extend(new.or_else(last));
        }
        let gone = |instance: &Instance| instance.formula().is_some_and(|f| !ids.iter().any(|id| id == f.id()));
        let mut lines = std::mem::take(&mut self.on_chart);
        for line in &mut lines {
            if line.instance.as_ref().is_some_and(gone) {
                line.instance = None;
            }
            line.instance = self.find(line.indicator()).or(line.instance.take());
        }
        self.on_chart = lines;
        if let Some(chosen) = self.chosen.take().filter(|chosen| !gone(&chosen.instance)) {
            let new = self.find(&chosen.name).filter(|_| chosen.instance.formula().is_some());
            self.chosen = Some(match new {
                Some(instance) if instance.key() != chosen.instance.key() => Chosen::new(instance),
                _ => chosen,
            });
        }
    }

    /// The lines to keep over a restart.
    pub(super) fn save(&self) -> String {
        let kept: Vec<&ChartLine> = self.on_chart.iter().filter(|line| !line.preview).collect();
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// Takes the lines kept over a restart, those that can be read.
    pub(super) fn load(&mut self, text: &str) {
        let Ok(kept) = serde_json::from_str::<Vec<serde_json::Value>>(text) else { return };
        self.on_chart.clear();
        for line in kept.into_iter().filter_map(|value| serde_json::from_value::<ChartLine>(value).ok()) {
            if line.line().is_empty() || self.shows(&line.name) {
                continue;
            }
            self.add(&line.name);
            if let Some(new) = self.on_chart.last_mut() {
                (new.place, new.color) = (line.place, line.color % 1024);
            }
        }
    }

    /// Everything that is to be computed: indicators of the chart and the one looked at.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Instance> {
        let chosen = self.chosen.iter().map(|chosen| &chosen.instance);
        self.on_chart.iter().filter_map(|line| line.instance.as_ref()).chain(chosen)
    }

    /// The result for an indicator.
    pub fn result(&self, instance: &Instance) -> Option<&Loadable<Arc<InstanceLines>>> {
        self.store.get(&key(instance)).map(|stored| &stored.result)
    }
}

/// Equal keys mean equal lines on equal bars.
pub(super) fn key(instance: &Instance) -> String {
    instance.key()
}

/// The id of a member of the catalogue; else the indicator with the parameters that are not its defaults.
pub(super) fn spoken(instance: &Instance) -> String {
    let text = instance.to_string();
    let definition = instance.definition();
    let plain = instance.params().iter().zip(definition.params).all(|((_, value), p)| *value == p.default);
    if plain || default_catalogue().iter().any(|member| member.to_string() == text) {
        return instance.id().to_owned();
    }
    let mut name = format!("{}(", definition.id);
    let changed = instance.params().into_iter().zip(definition.params).filter(|((_, value), p)| *value != p.default);
    for (i, ((param, value), _)) in changed.enumerate() {
        let comma = if i > 0 { "," } else { "" };
        write!(name, "{comma}{param}={value}").ok();
    }
    name.push(')');
    name
}

/// What is wrong with a parameter as typed, in a sentence.
pub(super) fn fault(param: &Param, text: &str) -> Option<String> {
    let wanted = if param.whole { "a whole number" } else { "a number" };
    let range = format!("{wanted} from {} to {}", param.min, param.max);
    let name = &param.name;
    match text.trim().parse::<f64>() {
        Ok(value) if !(param.min..=param.max).contains(&value) => {
            Some(format!("{name} is {value}, which is outside its range: give {range}"))
        }
        Ok(value) if param.whole && value.fract() != 0.0 => Some(format!("{name} is {value}, not whole: give {range}")),
        Ok(_) => None,
        Err(_) => Some(format!("{name} is `{}`, not a number: give {range}", text.trim())),
    }
}

/// True for a line on the axis of prices.
pub(super) fn is_price(unit: Unit) -> bool {
    matches!(unit.kind, Kind::Level | Kind::Copy) && unit.price == 1 && unit.volume == 0
}

impl AppState {
    /// The values of a line on the chart, or why there are none.
    pub fn line_state<'a>(&'a self, line: &'a ChartLine) -> LineState<'a> {
        let Some(run) = self.run() else { return LineState::Computing };
        let Some(instance) = &line.instance else {
            return match run.collected.lines.get(&line.name) {
                Some(found) => captured(found),
                None => LineState::Failed("there is no such line: its indicator was renamed or its formula is gone"),
            };
        };
        if is_captured(&run.collected, instance) {
            return match run.collected.lines.get(&format!("{}.{}", instance.id(), line.line())) {
                Some(found) => captured(found),
                None => LineState::Failed("the indicator has no line of this name"),
            };
        }
        let now = self.indicators.store.get(&key(instance));
        let place = |stored: &'a Stored, waits: bool| {
            let columns = &stored.result.ready()?.lines.columns;
            let found =
                columns.iter().find(|l| l.name.rsplit_once('.').is_some_and(|(_, name)| name == line.line()))?;
            let values = Values { bars: &found.values, unit: found.unit, meaning: &found.meaning, stamp: stored.stamp };
            Some(LineState::Ready(values, waits))
        };
        match now {
            Some(Stored { result: Loadable::Failed(why), .. }) => LineState::Failed(why),
            Some(stored @ Stored { result: Loadable::Ready(_), .. }) => {
                place(stored, false).unwrap_or(LineState::Failed("the indicator has no line of this name"))
            }
            _ => {
                let last = line.shown.as_ref().and_then(|key| self.indicators.store.get(key));
                last.and_then(|stored| place(stored, true)).unwrap_or(LineState::Computing)
            }
        }
    }
}

fn captured(line: &crate::indicators::Line) -> LineState<'_> {
    let values = Values { bars: &line.values, unit: line.unit, meaning: &line.meaning, stamp: 0 };
    LineState::Ready(values, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lines_lead_back_to_their_indicators() {
        let spoken = |text: &str| spoken(&parse_instance(text).unwrap());
        assert_eq!(spoken("rsi"), "rsi_14");
        assert_eq!(spoken("rsi(period=9)"), "rsi(period=9)");
        assert_eq!(spoken("macd(fast=5)"), "macd(fast=5)");
        for instance in &Indicators::default().known {
            let again = parse_instance(&super::spoken(instance)).unwrap();
            assert_eq!(again.to_string(), instance.to_string());
        }
    }

    #[test]
    fn lines_come_back_after_a_restart_and_garbage_does_no_harm() {
        let mut before = Indicators::default();
        assert!(before.add("rsi(period=9).rsi") && !before.add("rsi(period=9).rsi"));
        before.on_chart[2].place = Place::Over;
        let mut after = Indicators::default();
        after.load(&before.save());
        let names = |i: &Indicators| i.on_chart.iter().map(|l| (l.name.clone(), l.place, l.color)).collect::<Vec<_>>();
        assert_eq!(names(&after), names(&before));
        assert!(after.on_chart[2].instance.is_some());
        after.load(r#"[{"name":"rsi_14.rsi","place":"nowhere"},7,{"name":"nodot"},{"name":"gone.line"}]"#);
        assert_eq!(after.on_chart.len(), 1);
        assert!(after.on_chart[0].instance.is_none());
        for garbage in ["", "{", "null", "7"] {
            after.load(garbage);
            assert_eq!(after.on_chart.len(), 1, "{garbage}");
        }
    }

    #[test]
    fn bad_parameters_get_a_sentence() {
        let rsi = parse_instance("rsi").unwrap();
        let said = |text: &str| fault(&rsi.definition().params[0], text).unwrap_or_default();
        assert_eq!(said("9"), "");
        assert_eq!(said("nine"), "period is `nine`, not a number: give a whole number from 1 to 10000");
        assert_eq!(said("2.5"), "period is 2.5, not whole: give a whole number from 1 to 10000");
        assert_eq!(said("0"), "period is 0, which is outside its range: give a whole number from 1 to 10000");
        assert!(said("NaN").contains("outside its range") && said("9,5").contains("not a number"));
    }
}
