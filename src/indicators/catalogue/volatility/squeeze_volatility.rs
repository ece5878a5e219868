use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, Highest, LineFit, Lowest, Sma, TrueRange, TwoMomentDeviation, Wilder};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "squeeze_volatility",
    title: "Squeeze momentum",
    family: Family::Volatility,
    formula: "Bollinger SMA(c, period) +- mult STD(c, period); Keltner ma +- mult_kc rma, ma = SMA(c, period_kc), rma \
              = SMA(tr, period_kc); squeezed when both Bollinger bands lie inside the Keltner channel, released when \
              both lie outside; y = c - ((HH(h, period_kc) + LL(l, period_kc)) / 2 + ma) / 2; hist = last point of the \
              least-squares line through period_kc values of y",
    source: "LazyBear, Squeeze Momentum Indicator, TradingView (2014), after J. F. Carter, Mastering the Trade (2005)",
    params: &[
        Param::bars("period", "Length of the Bollinger bands", 20, 2),
        Param::real("mult", "Deviations from the mean to a Bollinger band", 2.0, 0.1, 20.0),
        Param::bars("period_kc", "Length of the Keltner channel and of the momentum", 20, 2),
        Param::real("mult_kc", "Ranges from the mean to a Keltner band", 1.5, 0.1, 20.0),
    ],
    lines: &[
        LineSpec::output("hist", "Momentum, smoothed by a line", Unit::PRICE_DIFFERENCE, |p| 2 * (p.bars(2) - 1)),
        LineSpec::output("sqz", "0 when squeezed, else 1", Unit::FLAG, first_state),
        LineSpec::output("squeeze_on", "1 when squeezed", Unit::FLAG, first_state),
        LineSpec::output("squeeze_off", "1 when released", Unit::FLAG, first_state),
        LineSpec::internal("y", "Momentum before smoothing", Unit::PRICE_DIFFERENCE, |p| p.bars(2) - 1),
        LineSpec::internal("ma", "Middle of the Keltner channel", Unit::PRICE, |p| p.bars(2) - 1),
        LineSpec::internal("rma", "Mean true range", Unit::PRICE_DIFFERENCE, |p| p.bars(2)),
        LineSpec::internal("bb_top", "Upper Bollinger band", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("bb_bot", "Lower Bollinger band", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("kc_top", "Upper Keltner band", Unit::PRICE, |p| p.bars(2)),
        LineSpec::internal("kc_bot", "Lower Keltner band", Unit::PRICE, |p| p.bars(2)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Squeeze>(),
};

fn first_state(p: Args<'_>) -> usize {
    p.bars(2).max(p.bars(0) - 1)
}

#[derive(Serialize, Deserialize)]
struct Squeeze {
    mean: Sma,
    deviation: Deviation,
    width: f64,
    mean_kc: Sma,
    range: TrueRange,
    mean_range: Sma,
    width_kc: f64,
    highest: Highest,
    lowest: Lowest,
    line: LineFit,
}

impl Build for Squeeze {
    fn build(p: Args<'_>) -> Self {
        let (period, period_kc) = (p.bars(0), p.bars(2));
        Self {
            mean: Sma::new(period),
            deviation: Deviation::new(period),
            width: p.real(1),
            mean_kc: Sma::new(period_kc),
            range: TrueRange::default(),
            mean_range: Sma::new(period_kc),
            width_kc: p.real(3),
            highest: Highest::new(period_kc),
            lowest: Lowest::new(period_kc),
            line: LineFit::new(period_kc),
        }
    }
}

impl Indicator for Squeeze {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (mean, half) = (self.mean.next(bar.close), self.width * self.deviation.next(bar.close));
        let (bb_top, bb_bot) = (mean + half, mean - half);
        let (ma, rma) = (self.mean_kc.next(bar.close), self.mean_range.next(self.range.next(bar).range));
        let (kc_top, kc_bot) = (ma + self.width_kc * rma, ma - self.width_kc * rma);
        let middle = f64::midpoint(self.highest.next(bar.high), self.lowest.next(bar.low));
        let y = bar.close - f64::midpoint(middle, ma);
        let hist = self.line.next(y).end;
        let known = !(bb_top.is_nan() || kc_top.is_nan());
        let flag = |state: bool| if known { f64::from(state) } else { f64::NAN };
        let on = bb_bot > kc_bot && bb_top < kc_top;
        let off = bb_bot < kc_bot && bb_top > kc_top;
        let states = [flag(!on), flag(on), flag(off)];
        put(lines, [hist, states[0], states[1], states[2], y, ma, rma, bb_top, bb_bot, kc_top, kc_bot]);
    }
}

/// The original smooths the range twice, takes y as 0 until everything is known, so that the first fits run through
/// those zeros, and cancels digits in the deviation.
static ORIGINAL: Definition = Definition {
    formula: "Bollinger SMA(c, period) +- mult STD(c, period), STD from two moments; Keltner ma +- mult_kc rma, ma = \
              SMA(c, period_kc), rma = SMA(ATR(period_kc), period_kc); sqz = 0 when both Bollinger bands lie inside \
              the Keltner channel, else 1; y = 0 until all are known, then c - ((HH(h, period_kc) + LL(l, period_kc)) \
              / 2 + ma) / 2; hist = last point of the least-squares line through period_kc values of y",
    source: "The Python original",
    lines: &[
        LineSpec::output("hist", "Momentum, smoothed by a line", Unit::PRICE_DIFFERENCE, first_original),
        LineSpec::output("sqz", "0 when squeezed, else 1", Unit::FLAG, first_original),
        LineSpec::internal("y", "Momentum before smoothing", Unit::PRICE_DIFFERENCE, |_| 0),
        LineSpec::internal("ma", "Middle of the Keltner channel", Unit::PRICE, |p| p.bars(2) - 1),
        LineSpec::internal("rma", "Range, smoothed twice", Unit::PRICE_DIFFERENCE, |p| 2 * p.bars(2) - 1),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<OriginalSqueeze>(),
    ..DEFINITION
};

fn first_original(p: Args<'_>) -> usize {
    (2 * p.bars(2) - 1).max(p.bars(0) - 1)
}

#[derive(Serialize, Deserialize)]
struct OriginalSqueeze {
    mean: Sma,
    deviation: TwoMomentDeviation,
    width: f64,
    mean_kc: Sma,
    range: TrueRange,
    average_range: Wilder,
    mean_range: Sma,
    width_kc: f64,
    highest: Highest,
    lowest: Lowest,
    line: LineFit,
}

impl Build for OriginalSqueeze {
    fn build(p: Args<'_>) -> Self {
        let (period, period_kc) = (p.bars(0), p.bars(2));
        Self {
            mean: Sma::new(period),
            deviation: TwoMomentDeviation::new(period),
            width: p.real(1),
            mean_kc: Sma::new(period_kc),
            range: TrueRange::default(),
            average_range: Wilder::new(period_kc),
            mean_range: Sma::new(period_kc),
            width_kc: p.real(3),
            highest: Highest::new(period_kc),
            lowest: Lowest::new(period_kc),
            line: LineFit::new(period_kc),
        }
    }
}

impl Indicator for OriginalSqueeze {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (mean, half) = (self.mean.next(bar.close), self.width * self.deviation.next(bar.close));
        let ma = self.mean_kc.next(bar.close);
        let rma = self.mean_range.next(self.average_range.next(self.range.next(bar).range));
        let half_kc = self.width_kc * rma;
        let middle = f64::midpoint(self.highest.next(bar.high), self.lowest.next(bar.low));
        let known = !(half.is_nan() || rma.is_nan());
        let y = if known { bar.close - f64::midpoint(middle, ma) } else { 0.0 };
        let hist = self.line.next(y).end;
        lines[2..].copy_from_slice(&[y, ma, rma]);
        if known {
            let on = mean - half > ma - half_kc && mean + half < ma + half_kc;
            lines[..2].copy_from_slice(&[hist, f64::from(!on)]);
        }
    }
}
