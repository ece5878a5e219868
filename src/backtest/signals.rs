use serde::{Deserialize, Serialize};

use super::{BacktestError, Decision, Direction, ExitReason, OpenPosition, Strategy};
use crate::market::Bar;

/// One decision from a file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Open time of the deciding bar, UTC milliseconds; the order fills at the next bar's open.
    pub timestamp: i64,
    /// Which way to enter; `None` closes the open position.
    pub side: Option<Direction>,
    /// Share of the equity, above 0 and at most 1; not read when closing.
    pub size: f64,
    /// Stop price.
    pub stop: Option<f64>,
    /// Target price.
    pub target: Option<f64>,
}

/// Plays signals from a file.
#[derive(Debug, Clone)]
pub struct SignalStrategy {
    decisions: Vec<(usize, Decision)>,
    next: usize,
}

impl SignalStrategy {
    /// Places each signal on its bar. Refuses disorder, times without a bar, sizes outside (0, 1] and prices that are
    /// not positive.
    pub fn from_signals(bars: &[Bar], signals: &[Signal]) -> Result<Self, BacktestError> {
        let mut decisions = Vec::with_capacity(signals.len());
        for (i, signal) in signals.iter().enumerate() {
            let (row, timestamp) = (i + 1, signal.timestamp);
            if i > 0 && timestamp <= signals[i - 1].timestamp {
                return Err(BacktestError::Disorder { row, timestamp });
            }
            let Ok(bar) = bars.binary_search_by_key(&timestamp, |bar| bar.timestamp) else {
                return Err(BacktestError::NoSuchBar { row, timestamp });
            };
            decisions.push((bar, decision(row, signal)?));
        }
        Ok(Self { decisions, next: 0 })
    }
}

fn decision(row: usize, signal: &Signal) -> Result<Decision, BacktestError> {
    let Signal { timestamp: _, side, size, stop, target } = *signal;
    let Some(side) = side else { return Ok(Decision::Exit { reason: ExitReason::Signal }) };
    if !(size > 0.0 && size <= 1.0) {
        return Err(BacktestError::BadSignal { row, column: "size", value: size, needed: "above 0 and at most 1" });
    }
    for (column, price) in [("stop", stop), ("target", target)] {
        if let Some(value) = price
            && !(value.is_finite() && value > 0.0)
        {
            return Err(BacktestError::BadSignal { row, column, value, needed: "a positive price or left empty" });
        }
    }
    Ok(Decision::Enter { side, size, stop, target, regime: None })
}

impl Strategy for SignalStrategy {
    fn name(&self) -> &'static str {
        "signals"
    }

    fn decide(&mut self, t: usize, _bars: &[Bar], _position: Option<&OpenPosition>) -> Decision {
        while let Some(&(bar, decision)) = self.decisions.get(self.next) {
            if bar > t {
                break;
            }
            self.next += 1;
            // Signals before the simulated range are gone, not late.
            if bar == t {
                return decision;
            }
        }
        Decision::Hold
    }
}
