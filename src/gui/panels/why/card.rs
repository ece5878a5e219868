use std::fmt;
use std::sync::Arc;

use super::super::attention::{pooling_words, received};
use crate::backtest::{Prediction, Trade};
use crate::gui::state::Selection;
use crate::gui::theme::regime_name;
use crate::gui::widgets::{percent, price_text, short_time, signed_percent, signed_text};
use crate::tasks::{Contribution, Explanation, Gate, RunView};

/// Features and bars shown.
const FEATURES: usize = 8;
const BARS: usize = 6;

/// One line: a label, a number, what belongs to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Item {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) note: String,
    /// Colours the value where its sign matters.
    pub(super) sign: Option<f64>,
}

impl Item {
    fn new(label: impl Into<String>, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), note: note.into(), sign: None }
    }

    fn signed(self, sign: f64) -> Self {
        Self { sign: Some(sign).filter(|sign| sign.is_finite()), ..self }
    }
}

/// A bar the network looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Looked {
    pub(super) bar: usize,
    pub(super) lag: usize,
    pub(super) time: String,
    pub(super) weight: f64,
    /// Multiple of the uniform weight.
    pub(super) multiple: f64,
    pub(super) close: f64,
}

/// What the panel shows and the clipboard gets, made anew when the explanation or the selection changes.
#[derive(Debug, Default)]
pub(super) struct Card {
    why: Option<Arc<Explanation>>,
    of: (Option<usize>, Option<usize>, Option<usize>),
    pub(super) decision: String,
    pub(super) slice: String,
    pub(super) when: String,
    pub(super) problem: Option<String>,
    pub(super) forecast: Vec<Item>,
    /// Regime and its probability.
    pub(super) regimes: Vec<(usize, f64)>,
    pub(super) gates: Vec<Gate>,
    pub(super) pushed: Vec<Contribution>,
    pub(super) looked: Vec<Looked>,
    pub(super) looked_how: String,
    pub(super) baseline: Vec<Item>,
    pub(super) later: Vec<Item>,
}

impl Card {
    pub(super) fn set(&mut self, why: &Arc<Explanation>, run: &RunView, selection: &Selection) {
        let of = (selection.trade, selection.layer, selection.head);
        if self.of == of && self.why.as_ref().is_some_and(|old| Arc::ptr_eq(old, why)) {
            return;
        }
        *self = Self::new(why, run, selection);
        self.of = of;
        self.why = Some(Arc::clone(why));
    }

    fn new(why: &Explanation, run: &RunView, selection: &Selection) -> Self {
        let series = &run.collected.series;
        let time = |bar: usize| {
            series.bars().get(bar).map_or("-".to_owned(), |b| short_time(b.timestamp, series.timeframe.millis()))
        };
        let chosen =
            selection.trade.filter(|&trade| run.trades().get(trade).is_some_and(|t| t.decision_bar == why.bar));
        let cause = why.problem.clone().or_else(|| why.prediction.is_none().then(|| "none was stored".to_owned()));
        let close = series.bars().get(why.bar).map_or(f64::NAN, |bar| bar.close);
        let (looked, looked_how) = looked(why, run, selection);
        Self {
            decision: why.decision.to_owned(),
            slice: why.slice.clone(),
            when: format!("bar {} · opens {} UTC · decided at its close {}", why.bar, time(why.bar), price_text(close)),
            problem: cause.map(|cause| format!("No prediction for this bar: {cause}")),
            forecast: why.prediction.map(|p| forecast(&p, why, run)).unwrap_or_default(),
            regimes: why.regime_p.iter().copied().enumerate().filter(|(_, p)| p.is_finite()).collect(),
            gates: why.gates.clone(),
            pushed: why.contributions.iter().take(FEATURES).cloned().collect(),
            looked,
            looked_how,
            baseline: vec![
                Item::new("Classical rule", why.baseline.rule, ""),
                Item::new("Entry rate in training", percent(why.baseline.base_rate, 1), ""),
            ],
            later: later(why, run, chosen, &time),
            ..Self::default()
        }
    }
}

fn forecast(p: &Prediction, why: &Explanation, run: &RunView) -> Vec<Item> {
    let horizon = run.labels.horizon;
    // The spread of the sum of h one-bar returns without autocorrelation.
    let spread = p.volatility * (horizon as f64).sqrt();
    let band = format!("{} to {}", number(p.expected_return - spread), percent_signed(p.expected_return + spread));
    vec![
        Item::new("Entry probability", format!("{:.3}", p.entry_prob_calibrated), "calibrated"),
        Item::new("The same, raw", format!("{:.3}", p.entry_prob), ""),
        Item::new("Exit probability", format!("{:.3}", p.exit_prob), ""),
        Item::new(format!("Return in {horizon} bars"), percent_signed(p.expected_return), "expected")
            .signed(p.expected_return),
        Item::new("One-deviation band", band, ""),
        Item::new("Volatility per bar", percent(p.volatility, 2), ""),
        match why.size {
            Some(size) => Item::new("Size, share of equity", percent(size, 1), ""),
            None => Item::new("Size, share of equity", "none", ""),
        },
    ]
}

fn percent_signed(fraction: f64) -> String {
    signed_percent(fraction, 2)
}

/// The same without the unit, for the left end of a band.
fn number(fraction: f64) -> String {
    format!("{:+.2}", 100.0 * fraction)
}

/// The bars that received most from the layer and head shown.
fn looked(why: &Explanation, run: &RunView, selection: &Selection) -> (Vec<Looked>, String) {
    let Some(maps) = why.attention.as_ref().filter(|maps| maps.layers > 0 && maps.seq_len > 0) else {
        return (Vec::new(), String::new());
    };
    let layer = selection.layer.unwrap_or(usize::MAX).min(maps.layers - 1);
    let head = selection.head.filter(|&head| head < maps.heads);
    let weights = received(maps, layer, head);
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
    let series = &run.collected.series;
    let rows = order.into_iter().take(BARS).filter_map(|place| {
        let bar = why.window.start + place;
        let shown = series.bars().get(bar)?;
        Some(Looked {
            bar,
            lag: why.bar - bar,
            time: short_time(shown.timestamp, series.timeframe.millis()),
            weight: weights[place],
            multiple: weights[place] * weights.len() as f64,
            close: shown.close,
        })
    });
    let which = head.map_or(format!("mean of {} heads", maps.heads), |head| format!("head {head}"));
    (rows.collect(), format!("layer {layer} · {which} · {}", pooling_words(run)))
}

fn later(why: &Explanation, run: &RunView, chosen: Option<usize>, time: &dyn Fn(usize) -> String) -> Vec<Item> {
    let horizon = run.labels.horizon;
    let forward = match why.forward_return {
        Some(value) => {
            Item::new(format!("Return in {horizon} bars"), percent_signed(value), "as labelled").signed(value)
        }
        None => Item::new(format!("Return in {horizon} bars"), "not known", ""),
    };
    let at_bar = chosen.or_else(|| run.trades().iter().position(|trade| trade.decision_bar == why.bar));
    let Some((place, trade)) = at_bar.and_then(|place| Some((place, run.trades().get(place)?))) else {
        return vec![forward, Item::new("Trade", "none", no_trade(why, run))];
    };
    let mut items = vec![forward];
    items.extend(result(place, trade, time));
    items
}

fn no_trade(why: &Explanation, run: &RunView) -> String {
    let open = run.trades().iter().position(|trade| (trade.entry_bar..trade.exit_bar).contains(&why.bar));
    match (open, why.slice.as_str()) {
        (Some(trade), _) => format!("trade {trade} was open"),
        (None, "test" | "live") => String::new(),
        (None, _) => "only the test slice is traded".to_owned(),
    }
}

fn result(place: usize, trade: &Trade, time: &dyn Fn(usize) -> String) -> Vec<Item> {
    let fill = |bar: usize, price: f64| format!("{} at {}", time(bar), price_text(price));
    vec![
        Item::new(
            format!("Trade {place}, {}", trade.side.name()),
            percent_signed(trade.net_return),
            format!("after costs, {} bars", trade.exit_bar - trade.entry_bar),
        )
        .signed(trade.net_return),
        Item::new("Profit", format!("{:+.2}", trade.pnl), format!("fees {:.2}", trade.fees)).signed(trade.pnl),
        Item::new("Entry", fill(trade.entry_bar, trade.entry_price), ""),
        Item::new("Exit", fill(trade.exit_bar, trade.exit_price), ""),
        Item::new("Closed by", trade.reason.name(), ""),
        Item::new("Worst and best", format!("{} to {}", number(trade.mae), percent_signed(trade.mfe)), ""),
    ]
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = |f: &mut fmt::Formatter<'_>, items: &[Item]| -> fmt::Result {
            for Item { label, value, note, .. } in items {
                let gap = if note.is_empty() { "" } else { "  " };
                writeln!(f, "  {label}: {value}{gap}{note}")?;
            }
            Ok(())
        };
        writeln!(f, "{} ({} slice)", self.decision, self.slice)?;
        writeln!(f, "{}", self.when)?;
        if let Some(problem) = &self.problem {
            writeln!(f, "{problem}")?;
        }
        items(f, &self.forecast)?;
        for (regime, p) in &self.regimes {
            writeln!(f, "  {}: {p:.3}", regime_name(*regime))?;
        }
        if !self.gates.is_empty() {
            writeln!(f, "Gates")?;
        }
        for gate in &self.gates {
            writeln!(f, "  {}: {}, {}", gate.name, if gate.passed { "passed" } else { "failed" }, gate_numbers(gate))?;
            writeln!(f, "    {}", gate.sentence)?;
        }
        if !self.pushed.is_empty() {
            writeln!(f, "Features that pushed the entry logit")?;
        }
        for pushed in &self.pushed {
            writeln!(f, "  {}: {}", pushed.name, signed_text(pushed.value))?;
        }
        if !self.looked.is_empty() {
            writeln!(f, "Bars it looked at: {}", self.looked_how)?;
        }
        for Looked { lag, time, weight, multiple, close, .. } in &self.looked {
            let close = price_text(*close);
            writeln!(f, "  lag {lag}, {time}: weight {weight:.4}, {multiple:.1}x uniform, close {close}")?;
        }
        writeln!(f, "Baseline's opinion")?;
        items(f, &self.baseline)?;
        writeln!(f, "What came of it, known only later")?;
        items(f, &self.later)
    }
}

/// Value against threshold.
pub(super) fn gate_numbers(gate: &Gate) -> String {
    match (gate.value, gate.threshold) {
        (Some(value), Some(threshold)) => {
            // A value at its threshold needs more digits to show on which side it is.
            let digits = if (value - threshold).abs() < 0.001 { 6 } else { 3 };
            format!("{value:.digits$} against {threshold:.digits$}")
        }
        (Some(value), None) => format!("{value:.3}"),
        (None, Some(threshold)) => format!("none against {threshold:.3}"),
        (None, None) => String::new(),
    }
}
