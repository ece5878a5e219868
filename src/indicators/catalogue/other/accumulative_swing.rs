use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, Total, Wma};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, Kind, LineSpec, Param, Unit};
use crate::market::Bar;

const RANGE: Unit = Unit::PRICE_DIFFERENCE;

pub(super) static DEFINITION: Definition = Definition {
    id: "accumulative_swing",
    title: "Accumulative swing index",
    family: Family::Other,
    formula: "a = |h - c[-1]|; b = |l - c[-1]|; k = max(a, b); r = a - b/2 + q when a is the largest of a, b and h - l, b - \
              a/2 + q when b is, h - l + q else, q = |c[-1] - o[-1]| / 4; si = 50 (c - c[-1] + (c - o) / 2 + (c[-1] - \
              o[-1]) / 4) / r k / t, 0 where r = 0, with the limit move t = limit c[-1]; asi = running sum of si",
    source: "J. W. Wilder, New Concepts in Technical Trading Systems (1978); his limit move is an amount set by the exchange",
    params: &[Param::real("limit", "Limit move as a share of the close before", 0.1, 0.0001, 10.0)],
    lines: &[
        LineSpec::output("asi", "Swing index so far", Unit { kind: Kind::Cumulative, price: 0, volume: 0 }, |_| 1),
        LineSpec::internal("si", "Swing index of the bar", Unit::RATIO, |_| 1),
        LineSpec::internal("r", "Range the swing is measured by", RANGE, |_| 1),
        LineSpec::internal("k", "Larger reach beyond the close before", RANGE, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<AccumulativeSwing>(),
};

#[derive(Serialize, Deserialize)]
struct AccumulativeSwing {
    limit: f64,
    /// Open and close of the bar before.
    before: Option<(f64, f64)>,
    total: Total,
}

impl Build for AccumulativeSwing {
    fn build(p: Args<'_>) -> Self {
        Self { limit: p.real(0), before: None, total: Total::default() }
    }
}

impl Indicator for AccumulativeSwing {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let Some((open, close)) = self.before.replace((bar.open, bar.close)) else { return };
        let (a, b, range) = ((bar.high - close).abs(), (bar.low - close).abs(), bar.high - bar.low);
        let k = a.max(b);
        let reach = if a >= b && a >= range {
            a - 0.5 * b
        } else if b >= range {
            b - 0.5 * a
        } else {
            range
        };
        let r = reach + 0.25 * (close - open).abs();
        let swing = bar.close - close + 0.5 * (bar.close - bar.open) + 0.25 * (close - open);
        let si = if r > 0.0 { 50.0 * (swing / r) * (k / (self.limit * close)) } else { 0.0 };
        put(lines, [self.total.next(si), si, r, k]);
    }
}

/// A weighted mean of bodies plus a sum of ranges: nothing is accumulated and no swing measured.
static ORIGINAL: Definition = Definition {
    formula: "asi = WMA(c - o, period) + SUM(h - l, period)",
    source: "The Python original, under the name of Wilder's index",
    params: &[Param::bars("period", "Bars weighted and summed", 14, 1)],
    lines: &[LineSpec::output("asi", "Weighted body plus ranges", RANGE, |p| p.bars(0) - 1)],
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Original {
    body: Wma,
    range: RollingSum,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self { body: Wma::new(p.bars(0)), range: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = self.body.next(bar.close - bar.open) + self.range.next(bar.high - bar.low);
    }
}
