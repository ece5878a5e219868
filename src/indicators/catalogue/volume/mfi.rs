use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, RollingSum, typical_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, Kind, LineSpec, Param, Unit};
use crate::market::Bar;

const MONEY: Unit = Unit { kind: Kind::Difference, price: 1, volume: 1 };

pub(super) static DEFINITION: Definition = Definition {
    id: "mfi",
    title: "Money flow index",
    family: Family::Volume,
    formula: "tp = (h + l + c) / 3; flow = tp v with the sign of tp - tp[-1]; positive and negative = sums of the rising \
              and of the falling flow over period; mfi = 100 positive / (positive + negative), 50 when no money flowed",
    source: "G. Quong and A. Soudack, Volume-Weighted RSI: Money Flow, Technical Analysis of Stocks & Commodities (1989)",
    params: &[Param::bars("period", "Bars summed", 14, 1)],
    lines: &[
        LineSpec::output("mfi", "Share of upward money flow, percent", Unit::PERCENT, |p| p.bars(0)),
        LineSpec::internal("flow", "Money with the sign of the bar's change", MONEY, |_| 1),
        LineSpec::internal("positive", "Money on rising bars", MONEY, |p| p.bars(0)),
        LineSpec::internal("negative", "Money on falling bars", MONEY, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<MoneyFlowIndex>(),
};

#[derive(Serialize, Deserialize)]
struct MoneyFlowIndex {
    previous: Lag,
    positive: RollingSum,
    negative: RollingSum,
}

impl Build for MoneyFlowIndex {
    fn build(p: Args<'_>) -> Self {
        Self { previous: Lag::new(1), positive: RollingSum::new(p.bars(0)), negative: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for MoneyFlowIndex {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = typical_price(bar);
        let change = price - self.previous.next(price);
        let money = price * bar.volume;
        // An infinite product would stay in the sums for good.
        if change.is_nan() || !money.is_finite() {
            return;
        }
        let (up, down) = if change > 0.0 {
            (money, 0.0)
        } else if change < 0.0 {
            (0.0, money)
        } else {
            (0.0, 0.0)
        };
        let (positive, negative) = (self.positive.next(up), self.negative.next(down));
        let total = positive + negative;
        let mfi = if total == 0.0 { 50.0 } else { (100.0 * (positive / total)).clamp(0.0, 100.0) };
        put(lines, [mfi, up - down, positive, negative]);
    }
}
