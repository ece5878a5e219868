use std::ops::Range;

use super::broker::{Broker, Order};
use super::{Costs, Direction, EquityPoint, ExitReason, OpenPosition, Trade};
use crate::config::BacktestConfig;
use crate::market::Bar;

/// What to do at the next open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Nothing.
    Hold,
    /// Open a position. With one open the same way it does nothing; with one open the other way it closes that first.
    Enter {
        /// Which way.
        side: Direction,
        /// Share of the equity, above 0; more than 1 is cut to 1.
        size: f64,
        /// Price that ends the position at a loss, watched from the fill on; on the wrong side of the fill it ends the
        /// position at once.
        stop: Option<f64>,
        /// Price that ends the position at a gain, watched from the fill on.
        target: Option<f64>,
        /// Regime to note on the trade.
        regime: Option<usize>,
    },
    /// Close the open position, if there is one.
    Exit {
        /// Why.
        reason: ExitReason,
    },
}

/// Decides at each close.
pub trait Strategy {
    /// Name in reports.
    fn name(&self) -> &str;

    /// The decision at the close of bar `t`: `bars` ends with it (`bars.len() == t + 1`).
    fn decide(&mut self, t: usize, bars: &[Bar], position: Option<&OpenPosition>) -> Decision;
}

/// What a strategy did with the starting cash.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Round trips in the order of their exits.
    pub trades: Vec<Trade>,
    /// One point per bar of the range.
    pub equity: Vec<EquityPoint>,
    /// Bars that reached stop and target both and were counted as stops.
    pub ambiguous_bars: usize,
    /// Cash at the start.
    pub initial_cash: f64,
}

impl Simulation {
    /// Net return of each bar, the first against the starting cash; 0 after ruin.
    pub fn returns(&self) -> Vec<f64> {
        let mut before = self.initial_cash;
        self.equity
            .iter()
            .map(|point| {
                let change = if before > 0.0 { point.equity / before - 1.0 } else { 0.0 };
                before = point.equity;
                change
            })
            .collect()
    }
}

/// Trades `strategy` over the bars of `range` (cut to the series).
///
/// A decision at the close of t fills at the open of t + 1; then stop and target are watched within the bar. The last
/// bar of the range takes no decision, for its fill would lie outside: an open position ends at its close (`end`). A
/// position whose losses have eaten the equity ends at that close (`ruin`), and nothing follows.
pub fn simulate<S: Strategy + ?Sized>(
    bars: &[Bar],
    range: Range<usize>,
    strategy: &mut S,
    config: &BacktestConfig,
) -> Simulation {
    let end = range.end.min(bars.len());
    let start = range.start.min(end);
    let mut broker = Broker::new(Costs::new(config), config.initial_cash);
    let mut equity = Vec::with_capacity(end - start);
    let mut pending = Decision::Hold;
    for t in start..end {
        fill(&mut broker, bars, t, pending);
        broker.hold(bars, t);
        let bar = &bars[t];
        let last = t + 1 == end;
        if last {
            broker.close(bars, t, bar.close, ExitReason::End);
        }
        let mut point = broker.mark(bar);
        if point.equity <= 0.0 && broker.position.is_some() {
            broker.close(bars, t, bar.close, ExitReason::Ruin);
            point = broker.mark(bar);
        }
        equity.push(point);
        let idle = last || point.equity <= 0.0;
        pending = if idle { Decision::Hold } else { strategy.decide(t, &bars[..=t], broker.position.as_ref()) };
    }
    let Broker { trades, ambiguous_bars, .. } = broker;
    Simulation { trades, equity, ambiguous_bars, initial_cash: config.initial_cash }
}

fn fill(broker: &mut Broker, bars: &[Bar], t: usize, pending: Decision) {
    match pending {
        Decision::Hold => {}
        Decision::Exit { reason } => broker.close(bars, t, bars[t].open, reason),
        Decision::Enter { side, size, stop, target, regime } => {
            if broker.position.is_some_and(|open| open.side != side) {
                broker.close(bars, t, bars[t].open, ExitReason::Reverse);
            }
            broker.open(&Order { side, size, stop, target, regime }, t, &bars[t]);
        }
    }
}
