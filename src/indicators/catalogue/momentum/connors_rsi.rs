use serde::{Deserialize, Serialize};

use super::moves::Moves;
use crate::indicators::blocks::{Window, count_below, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "connors_rsi",
    title: "Connors RSI",
    family: Family::Momentum,
    formula: "streak = closes in a row above (positive) or below (negative) the one before, 0 after an equal one; rank \
              = 100 times the share of the rank_period one-bar rates of change before this one that are below it; crsi \
              = (RSI(c, rsi_period) + RSI(streak, streak_period) + rank) / 3",
    source: "L. Connors and C. Alvarez, An Introduction to ConnorsRSI (2012)",
    params: &[
        Param::bars("rsi_period", "Length of the index of the close", 3, 1),
        Param::bars("streak_period", "Length of the index of the streak", 2, 1),
        Param::bars("rank_period", "Rates of change among which the current one is ranked", 100, 1),
    ],
    lines: &[
        LineSpec::output("crsi", "Mean of the three parts, percent", Unit::PERCENT, |p| {
            p.bars(0).max(p.bars(1)).max(p.bars(2) + 1)
        }),
        LineSpec::internal("rsi", "Relative strength index of the close", Unit::PERCENT, |p| p.bars(0)),
        LineSpec::internal("streak", "Closes in a row in one direction", Unit::BARS, |_| 0),
        LineSpec::internal("streak_rsi", "Relative strength index of the streak", Unit::PERCENT, |p| p.bars(1)),
        LineSpec::internal("rank", "Rank of the rate of change, percent", Unit::PERCENT, |p| p.bars(2) + 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<ConnorsRsi>(),
};

#[derive(Serialize, Deserialize)]
struct ConnorsRsi {
    close: f64,
    moves: Moves,
    streak: f64,
    streak_moves: Moves,
    rates: Window,
    rank_period: f64,
}

impl Build for ConnorsRsi {
    fn build(p: Args<'_>) -> Self {
        Self {
            close: f64::NAN,
            moves: Moves::new(p.bars(0)),
            streak: 0.0,
            streak_moves: Moves::new(p.bars(1)),
            rates: Window::new(p.bars(2)),
            rank_period: p.real(2),
        }
    }
}

impl Indicator for ConnorsRsi {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = bar.close - self.close;
        let rate = ratio(change, self.close);
        self.close = bar.close;
        lines[2] = self.streak;
        if change.is_nan() {
            return;
        }
        let streak = if change > 0.0 {
            self.streak.max(0.0) + 1.0
        } else if change < 0.0 {
            self.streak.min(0.0) - 1.0
        } else {
            0.0
        };
        let rsi = self.moves.next(change).index();
        let streak_rsi = self.streak_moves.next(streak - self.streak).index();
        self.streak = streak;
        let below = 100.0 * count_below(self.rates.as_slice(), rate) as f64 / self.rank_period;
        let rank = if self.rates.is_full() { below } else { f64::NAN };
        self.rates.push(rate);
        let crsi = ((rsi + streak_rsi + rank) / 3.0).clamp(0.0, 100.0);
        put(lines, [crsi, rsi, streak, streak_rsi, rank]);
    }
}
