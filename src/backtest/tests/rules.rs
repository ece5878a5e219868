use std::sync::Arc;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::super::atr::{Atr, brackets};
use super::*;
use crate::config::Side;
use crate::indicators::{Formula, Library, Lines, compute, parse_instance};
use crate::market::Series;

fn walk(n: usize, seed: u64) -> Series {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut close: f64 = 100.0;
    let ohlc: Vec<[f64; 4]> = (0..n)
        .map(|_| {
            let open = close * (0.01 * (rng.random::<f64>() - 0.5)).exp();
            close = open * (0.06 * (rng.random::<f64>() - 0.5)).exp();
            let (up, down) = (0.02 * rng.random::<f64>(), 0.02 * rng.random::<f64>());
            [open, open.max(close) * (1.0 + up), open.min(close) * (1.0 - down), close]
        })
        .collect();
    Series::new("TEST", "1h".parse().unwrap(), bars(&ohlc)).unwrap()
}

fn rule(text: &str) -> Result<Rule, BacktestError> {
    Rule::new(Arc::new(Formula::read("mine", text.as_bytes(), &Library::default()).unwrap()))
}

fn trades(text: &str, series: &Series, config: &BacktestConfig) -> Vec<Trade> {
    let mut strategy = RuleStrategy::new(&rule(text).unwrap(), series, config);
    simulate(series.bars(), 0..series.len(), &mut strategy, config).trades
}

/// The standard rule, written out.
struct ByHand {
    lines: Lines,
    config: BacktestConfig,
    atr: Atr,
}

impl ByHand {
    fn new(series: &Series, config: &BacktestConfig) -> Self {
        let instances = ["rsx", "wavetrend", "squeeze_volatility"].map(|id| parse_instance(id).unwrap());
        Self { lines: compute(&instances, series), config: config.clone(), atr: Atr::default() }
    }

    fn at(&self, name: &str, t: usize) -> f64 {
        self.lines.get(name).unwrap().values[t]
    }
}

impl Strategy for ByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn decide(&mut self, t: usize, bars: &[Bar], position: Option<&OpenPosition>) -> Decision {
        let atr = self.atr.at(bars);
        let spread = |t: usize| self.at("wavetrend.WT1", t) - self.at("wavetrend.WT2", t);
        let Some(before) = t.checked_sub(1) else { return Decision::Hold };
        let side = match (spread(before), spread(t)) {
            (was, is) if was <= 0.0 && is > 0.0 => Direction::Long,
            (was, is) if was >= 0.0 && is < 0.0 => Direction::Short,
            _ => return Decision::Hold,
        };
        if position.is_some_and(|open| open.side == side) {
            return Decision::Hold;
        }
        let allowed = match side {
            Direction::Long => self.config.side != Side::Short,
            Direction::Short => self.config.side != Side::Long,
        };
        let agrees = self.at("squeeze_volatility.squeeze_on", t) == 0.0
            && side.sign() * self.at("wavetrend.WT1", t) < 0.0
            && side.sign() * (self.at("rsx.rsx", t) - 50.0) < 0.0;
        if allowed
            && agrees
            && let Some((stop, target)) = brackets(&self.config, side, bars[t].close, atr)
        {
            return Decision::Enter { side, size: self.config.max_size, stop, target, regime: None };
        }
        if position.is_some() { EXIT } else { Decision::Hold }
    }
}

#[test]
fn the_standard_rule_trades_as_written_out() {
    let mut all = 0;
    for seed in 0..4 {
        let series = walk(3000, seed);
        for side in [Side::Long, Side::Short, Side::Both] {
            for (stop_atr, target_atr) in [(0.0, 0.0), (2.0, 0.0), (2.0, 3.0)] {
                let config = BacktestConfig { side, stop_atr, target_atr, max_size: 0.9, ..Default::default() };
                let mut ours = RuleStrategy::new(&Rule::standard().unwrap(), &series, &config);
                let found = simulate(series.bars(), 0..series.len(), &mut ours, &config);
                let wanted = simulate(series.bars(), 0..series.len(), &mut ByHand::new(&series, &config), &config);
                assert_eq!(found, wanted);
                all += found.trades.len();
            }
        }
    }
    assert!(all > 500, "{all} trades");
}

#[test]
fn a_rule_enters_and_leaves_at_the_next_open() {
    let config = BacktestConfig { side: Side::Both, ..free() };
    let prices = [100.0, 101.0, 102.0, 103.0, 102.0, 101.0, 100.0, 101.0];
    let series = Series::new("X", "1h".parse().unwrap(), flat(&prices)).unwrap();
    let up = "long_entry = close > close[1] and close[1] > close[2]\nlong_exit = close < close[1]";
    let found = trades(up, &series, &config);
    let [trade] = found[..] else { panic!("{found:?}") };
    assert_eq!((trade.decision_bar, trade.entry_bar, trade.exit_bar, trade.reason), (2, 3, 5, ExitReason::Signal));
    let both = format!("{up}\nshort_entry = close < close[1]");
    let found: Vec<_> = trades(&both, &series, &config).iter().map(|t| (t.side, t.entry_bar, t.reason)).collect();
    assert_eq!(found, [(Direction::Long, 3, ExitReason::Reverse), (Direction::Short, 5, ExitReason::End)]);
    let short_only = BacktestConfig { side: Side::Short, ..config.clone() };
    assert!(trades(&both, &series, &short_only).iter().all(|t| t.side == Direction::Short));
    let torn = "long_entry = close > close[1]\nshort_entry = close > close[1]";
    assert!(trades(torn, &series, &config).is_empty(), "both at once say nothing");
    assert!(!trades(torn, &series, &short_only).is_empty(), "unless only one is allowed");
}

#[test]
fn size_stop_and_target_are_the_rules_own() {
    let ohlc: Vec<[f64; 4]> = (0..40).map(|i| [100.0, 101.0, 99.0, 100.0 + f64::from(i % 2)]).collect();
    let series = Series::new("X", "1h".parse().unwrap(), bars(&ohlc)).unwrap();
    let config = BacktestConfig { max_size: 0.5, stop_atr: 2.0, target_atr: 2.0, ..free() };
    let decide = |text: &str, t: usize| {
        RuleStrategy::new(&rule(text).unwrap(), &series, &config).decide(t, &series.bars()[..=t], None)
    };
    let enter = |size, stop, target| Decision::Enter { side: Direction::Long, size, stop, target, regime: None };
    let entry = "long_entry = close > open";
    let Decision::Enter { size, stop: Some(stop), target: Some(target), .. } = decide(entry, 21) else { panic!() };
    assert!(size == 0.5 && stop < 100.0 && target > 102.0, "the configuration's");
    assert_eq!(decide(entry, 5), Decision::Hold, "the average true range is not known yet");
    let own = format!("{entry}\nsize = 0.25\nstop = low - as_price(1)\ntarget = high[1]");
    assert_eq!(decide(&own, 5), enter(0.25, Some(98.0), Some(101.0)));
    assert_eq!(decide(&own, 21), enter(0.25, Some(98.0), Some(101.0)));
    let half = format!("{entry}\nstop = low");
    let Decision::Enter { stop, target: Some(_), .. } = decide(&half, 21) else { panic!() };
    assert_eq!(stop, Some(99.0));
    assert_eq!(decide(&format!("{own}[9]\nsize2 = 1"), 5), Decision::Hold, "no target is known");
    assert_eq!(decide(&format!("{entry}\nsize = (close - open) / close * 0"), 21), Decision::Hold, "nothing to buy");
    assert_eq!(
        decide(&format!("{entry}\nsize = close / open * 7\nstop = low\ntarget = high"), 21),
        enter(0.5, Some(99.0), Some(101.0))
    );
}

#[test]
fn later_bars_never_change_a_rules_trades() {
    let text = include_str!("../../../assets/formulas/channel_breakout.indicator");
    let config = BacktestConfig { side: Side::Both, ..Default::default() };
    let series = walk(1500, 9);
    let full = trades(text, &series, &config);
    assert!(full.len() > 20, "{}", full.len());
    for cut in [200, 777, 1400] {
        let part = trades(text, &series.truncated(cut), &config);
        let before: Vec<_> = full.iter().filter(|t| t.exit_bar + 1 < cut).collect();
        assert_eq!(part.iter().filter(|t| t.exit_bar + 1 < cut).collect::<Vec<_>>(), before);
    }
}

#[test]
fn formulas_that_are_no_rules_are_refused_with_their_place() {
    let refusal = |text: &str| rule(text).unwrap_err().to_string();
    let no_entry = "the rule mine: line 1, column 1: a rule assigns long_entry or short_entry, or both";
    assert_eq!(refusal("a = close"), no_entry);
    assert_eq!(
        refusal("a = close\nlong_entry = close - open"),
        "the rule mine: line 2, column 1: long_entry must be a condition, as in close > open, but is difference price"
    );
    assert!(
        refusal("long_entry = close > open\n stop = close / open").contains("line 2, column 2: stop must be a price")
    );
    assert!(refusal("long_entry = close > open\nsize = volume").contains("size must be a share of the equity"));
}
