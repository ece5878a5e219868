use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::event::Job;
use super::formulas::rule_of_run;
use super::prepare::{Dataset, prepare_for};
use super::view::RunView;
use crate::analysis::attention::{AttentionMaps, attention_maps};
use crate::analysis::attribution::{Target, contributions};
use crate::backtest::{Decision, Direction, NetworkStrategy, Prediction, RuleStrategy, Strategy};
use crate::config::{RegimePolicy, Side};
use crate::market::Bar;
use crate::models::Network;
use crate::training::{Device, load_model};

/// What one feature did to the entry logit over the whole window.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Feature.
    pub name: String,
    /// Gradient times input on the entry logit, summed over the window; above 0 it pushed towards entry.
    pub value: f64,
}

/// One condition of the run's trading rules at a bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// What is asked, such as `entry probability`.
    pub name: String,
    /// What the bar shows; `None` where a number says nothing.
    pub value: Option<f64>,
    /// What the value is held against.
    pub threshold: Option<f64>,
    /// True if the condition holds.
    pub passed: bool,
    /// The condition in words.
    pub sentence: String,
}

/// What the yardsticks say about the same bar.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineOpinion {
    /// `enter long`, `enter short` or `stay out`: the classical rule without an open position.
    pub rule: &'static str,
    /// Share of entries among the training bars: what a forecaster without any input says.
    pub base_rate: f64,
}

/// Why the network decided as it did at the close of one bar.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The deciding bar.
    pub bar: usize,
    /// Bars the network saw, oldest first.
    pub window: Range<usize>,
    /// Why there is no prediction.
    pub problem: Option<String>,
    /// Slice the bar belongs to.
    pub slice: String,
    /// The forecast.
    pub prediction: Option<Prediction>,
    /// Filtered regime posterior.
    pub regime_p: Vec<f64>,
    /// Attention of the window.
    pub attention: Option<AttentionMaps>,
    /// Attention rollout, `[T]`, oldest bar first.
    pub rollout: Vec<f64>,
    /// Features by falling size of their contribution.
    pub contributions: Vec<Contribution>,
    /// Gradient times input on the entry logit, `[T, F]` row-major, oldest bar first; columns as in [`Explainer::names`].
    pub cells: Vec<f32>,
    /// `enter long`, `enter short` or `stay out`, without an open position.
    pub decision: &'static str,
    /// Share of the equity the entry would take.
    pub size: Option<f64>,
    /// Every condition of the rules, in the order they are asked.
    pub gates: Vec<Gate>,
    /// Rule and base rate.
    pub baseline: BaselineOpinion,
    /// What came of it: the label's forward return, where known.
    pub forward_return: Option<f64>,
}

/// A run's network with its inputs, ready to explain any bar.
pub struct Explainer {
    view: Arc<RunView>,
    network: Network,
    dataset: Dataset,
    /// The network's decisions without open position, per bar.
    decisions: Vec<Decision>,
    /// The rule's.
    rule: Vec<Decision>,
    thresholds: [f64; 2],
}

impl std::fmt::Debug for Explainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explainer").field("run", &self.view.manifest.id).finish_non_exhaustive()
    }
}

fn decide_all(strategy: &mut dyn Strategy, bars: &[Bar]) -> Vec<Decision> {
    (0..bars.len()).map(|t| strategy.decide(t, &bars[..=t], None)).collect()
}

fn words(decision: Decision) -> &'static str {
    match decision {
        Decision::Enter { side: Direction::Long, .. } => "enter long",
        Decision::Enter { side: Direction::Short, .. } => "enter short",
        Decision::Hold | Decision::Exit { .. } => "stay out",
    }
}

impl Explainer {
    /// Loads the network of an analysed run onto the CPU and prepares its inputs.
    pub fn load(view: Arc<RunView>, job: &Job) -> Result<Self> {
        let (card, network) = load_model(&view.dir.model_file(), &Device::Cpu)?;
        let dataset = prepare_for(&view.collected, card, &view.manifest.config.features, job)?;
        let (forecast, fitted) = view
            .forecast
            .as_ref()
            .zip(view.fitted.as_ref())
            .context("the run is not analysed yet: press Analyze first")?;
        let bars = view.collected.series.bars();
        let config = &view.manifest.config.backtest;
        let horizon = dataset.card.labels.prediction_horizon;
        let bars_per_year = dataset.card.bars_per_year;
        let mut strategy =
            NetworkStrategy::new(forecast.predictions(), config, fitted.calibrated(), horizon, bars_per_year)?;
        let thresholds = [strategy.long_threshold(), strategy.short_threshold()];
        let decisions = decide_all(&mut strategy, bars);
        let rule = rule_of_run(&view.dir, config)?;
        let rule = decide_all(&mut RuleStrategy::new(&rule, &view.collected.series, config), bars);
        Ok(Self { view, network, dataset, decisions, rule, thresholds })
    }

    /// Feature names: the columns of [`Explanation::cells`].
    pub fn names(&self) -> &[String] {
        self.dataset.inputs.names()
    }

    /// Explains the decision at the close of bar `t`; a bar without prediction is explained by its cause.
    pub fn explain(&self, t: usize) -> Result<Explanation> {
        let seq_len = self.dataset.card.model.seq_len;
        let forecast = self.view.forecast.as_ref().context("the run is not analysed yet")?;
        let problem = self.dataset.inputs.window_problem(t, seq_len);
        let prediction = forecast.timestamp.get(t).and_then(|_| forecast.prediction(t));
        let decision = self.decisions.get(t).copied().unwrap_or(Decision::Hold);
        let mut why = Explanation {
            bar: t,
            window: (t + 1).saturating_sub(seq_len)..t + 1,
            slice: forecast.slice.get(t).cloned().unwrap_or_default(),
            prediction,
            regime_p: forecast.regime_p.iter().filter_map(|p| p.get(t).copied()).collect(),
            attention: None,
            rollout: Vec::new(),
            contributions: Vec::new(),
            cells: Vec::new(),
            decision: words(decision),
            size: if let Decision::Enter { size, .. } = decision { Some(size) } else { None },
            gates: prediction.map(|p| self.gates(&p, decision)).unwrap_or_default(),
            baseline: BaselineOpinion {
                rule: words(self.rule.get(t).copied().unwrap_or(Decision::Hold)),
                base_rate: self.dataset.card.entry_base_rate,
            },
            forward_return: self.view.labels.forward_return.get(t).copied().filter(|r| r.is_finite()),
            problem,
        };
        if why.problem.is_none() {
            why.attention = attention_maps(&self.network, &self.dataset.inputs, t)?;
            why.rollout = why.attention.as_ref().map(AttentionMaps::rollout).unwrap_or_default();
            why.cells = contributions(&self.network, &self.dataset.inputs, t, Target::Entry)?;
            why.contributions = self.by_feature(&why.cells);
        }
        Ok(why)
    }

    fn by_feature(&self, cells: &[f32]) -> Vec<Contribution> {
        let names = self.names();
        let mut sums = vec![0.0; names.len()];
        for row in cells.chunks(names.len()) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        let mut all: Vec<Contribution> =
            names.iter().zip(sums).map(|(name, value)| Contribution { name: name.clone(), value }).collect();
        all.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
        all
    }

    /// The rules of [`NetworkStrategy`] one by one, for the side that is nearer to its threshold.
    fn gates(&self, p: &Prediction, decision: Decision) -> Vec<Gate> {
        let config = &self.view.manifest.config.backtest;
        let [long, short] = self.thresholds;
        let shorts = config.side == Side::Short
            || (config.side == Side::Both && p.exit_prob - short > p.entry_prob_calibrated - long);
        let (name, value, threshold) = if shorts {
            ("exit probability", p.exit_prob, short)
        } else {
            ("entry probability", p.entry_prob_calibrated, long)
        };
        let side = if shorts { "short" } else { "long" };
        let policy = match p.regime {
            Some(regime) => config.regime_policy(regime),
            None if config.regimes.is_empty() && config.regime_scale.is_empty() => RegimePolicy::Trade,
            None => RegimePolicy::Skip,
        };
        let regime = p.regime.map_or("no regime".to_owned(), |regime| format!("regime {regime}"));
        let regime_sentence = match policy {
            RegimePolicy::Trade => format!("{regime} is traded"),
            RegimePolicy::Scale(share) => format!("{regime} is traded at {:.0} % of the size", 100.0 * share),
            RegimePolicy::Skip => format!("{regime} is not traded"),
        };
        let enters = matches!(decision, Decision::Enter { .. });
        let before = value >= threshold && policy != RegimePolicy::Skip;
        let size = if let Decision::Enter { size, .. } = decision { Some(size) } else { None };
        vec![
            Gate {
                name: name.to_owned(),
                value: Some(value),
                threshold: Some(threshold),
                passed: value >= threshold,
                sentence: format!("a {side} entry needs {threshold:.3} or more"),
            },
            Gate {
                name: "regime".to_owned(),
                value: None,
                threshold: None,
                passed: policy != RegimePolicy::Skip,
                sentence: regime_sentence,
            },
            Gate {
                name: "size and stop".to_owned(),
                value: size,
                threshold: Some(0.0),
                passed: enters,
                sentence: match (enters, before) {
                    (true, _) => "the size is above 0 and the stop is known".to_owned(),
                    (false, true) => "the sizing asks for nothing, or the stop is not known yet".to_owned(),
                    (false, false) => "not asked, since a condition before it fails".to_owned(),
                },
            },
        ]
    }
}
