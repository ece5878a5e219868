mod fills;
mod properties;
mod reports;
mod rules;
mod strategies;

use super::*;
use crate::config::BacktestConfig;
use crate::market::Bar;

const HOUR: i64 = 3_600_000;

/// Plays a list of decisions, one per bar from bar 0.
struct Script(Vec<Decision>);

impl Strategy for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn decide(&mut self, t: usize, bars: &[Bar], _position: Option<&OpenPosition>) -> Decision {
        assert_eq!(bars.len(), t + 1, "a strategy sees bars up to its own");
        self.0.get(t).copied().unwrap_or(Decision::Hold)
    }
}

fn bars(ohlc: &[[f64; 4]]) -> Vec<Bar> {
    let bar = |(i, &[open, high, low, close]): (usize, &[f64; 4])| Bar {
        timestamp: i as i64 * HOUR,
        open,
        high,
        low,
        close,
        volume: 1.0,
    };
    ohlc.iter().enumerate().map(bar).collect()
}

fn flat(prices: &[f64]) -> Vec<Bar> {
    bars(&prices.iter().map(|&p| [p; 4]).collect::<Vec<_>>())
}

fn free() -> BacktestConfig {
    BacktestConfig { fee_bps: 0.0, half_spread_bps: 0.0, slippage_bps: 0.0, stop_atr: 0.0, ..Default::default() }
}

fn enter(side: Direction, size: f64) -> Decision {
    Decision::Enter { side, size, stop: None, target: None, regime: None }
}

fn guarded(side: Direction, stop: f64, target: f64) -> Decision {
    Decision::Enter { side, size: 1.0, stop: Some(stop), target: Some(target), regime: None }
}

const EXIT: Decision = Decision::Exit { reason: ExitReason::Signal };

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}
