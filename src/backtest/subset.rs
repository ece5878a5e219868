use std::ops::Range;

use super::{Costs, EquityPoint, Simulation, Trade};
use crate::config::BacktestConfig;
use crate::market::Bar;

/// The account over the bars of `range` if, of one simulation's `trades`, only those that pass had been taken.
///
/// Each takes the share of the equity it took then, at the same prices, so their net returns stay and their money
/// compounds from the starting cash. Nothing takes the place of a trade left out, though its bars are then free. Bars
/// that reached stop and target both are not known by trade: none are counted.
pub fn subset(
    trades: &[Trade],
    passes: impl Fn(&Trade) -> bool,
    bars: &[Bar],
    range: Range<usize>,
    config: &BacktestConfig,
) -> Simulation {
    let fee = Costs::new(config).fee;
    let mut account = Account { bars, end: range.end.min(bars.len()), next: range.start, equity: Vec::new() };
    let mut taken = Vec::new();
    let (mut whole, mut own) = (config.initial_cash, config.initial_cash);
    for trade in trades {
        let share = if whole > 0.0 { own / whole } else { 0.0 };
        whole += trade.pnl;
        if !passes(trade) {
            continue;
        }
        let units = share * trade.units;
        let paid = units * trade.entry_price + units.abs() * trade.entry_price * fee;
        account.hold(trade.entry_bar, own, 0.0);
        account.hold(trade.exit_bar, own - paid, units);
        own += share * trade.pnl;
        let (fees, slippage, pnl) = (share * trade.fees, share * trade.slippage, share * trade.pnl);
        taken.push(Trade { units, fees, slippage, pnl, ..*trade });
    }
    account.hold(account.end, own, 0.0);
    Simulation { trades: taken, equity: account.equity, ambiguous_bars: 0, initial_cash: config.initial_cash }
}

struct Account<'a> {
    bars: &'a [Bar],
    end: usize,
    next: usize,
    equity: Vec<EquityPoint>,
}

impl Account<'_> {
    /// Marks every bar up to, and without, `until`.
    fn hold(&mut self, until: usize, cash: f64, position: f64) {
        let until = until.min(self.end);
        for bar in self.bars.get(self.next..until).unwrap_or_default() {
            let equity = cash + position * bar.close;
            self.equity.push(EquityPoint { timestamp: bar.timestamp, equity, cash, position, price: bar.close });
        }
        self.next = self.next.max(until);
    }
}
