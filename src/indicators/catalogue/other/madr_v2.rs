use serde::{Deserialize, Serialize};

use super::wave::flag;
use crate::indicators::blocks::{Deviation, Ema, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "madr_v2",
    title: "Moving average deviation rate, smoothed",
    family: Family::Other,
    formula: "rolling_mean = EMA(h, window); deviation = h - rolling_mean; madr_raw = deviation / rolling_mean; madr = \
              EMA(madr_raw, window / 2 rounded down); dynamic_threshold = mult STD(madr, window); buy_signal = madr < \
              -dynamic_threshold; sell_signal = madr > dynamic_threshold",
    source: "The Python original, with a threshold that is reached",
    params: PARAMS,
    lines: &[
        LineSpec::output("madr", "High above its average, fraction, smoothed", Unit::RATIO, first_smooth),
        LineSpec::output("buy_signal", "1 when madr lies far below 0", Unit::FLAG, first_threshold),
        LineSpec::output("sell_signal", "1 when madr lies far above 0", Unit::FLAG, first_threshold),
        LineSpec::internal("rolling_mean", "Average high", Unit::PRICE, first_mean),
        LineSpec::internal("deviation", "High above its average", Unit::PRICE_DIFFERENCE, first_mean),
        LineSpec::internal("madr_raw", "High above its average, fraction", Unit::RATIO, first_mean),
        LineSpec::internal("dynamic_threshold", "Deviation of madr, by mult", Unit::RATIO, first_threshold),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<MadrV2<false>>(),
};

const PARAMS: &[Param] = &[WINDOW, Param::real("mult", "Deviations from 0 to a signal", 2.0, 0.0, 100.0)];
const WINDOW: Param = Param::bars("window", "Length of the averages and of the deviation", 42, 2);

/// Seven deviations, which are next to never reached; madr waits for its threshold.
static ORIGINAL: Definition = Definition {
    source: "The Python original",
    params: &[WINDOW, Param::real("mult", "Deviations from 0 to a signal", 7.0, 0.0, 100.0)],
    lines: &[
        LineSpec::output("madr", "High above its average, fraction, smoothed", Unit::RATIO, first_threshold),
        LineSpec::output("buy_signal", "1 when madr lies far below 0", Unit::FLAG, first_threshold),
        LineSpec::output("sell_signal", "1 when madr lies far above 0", Unit::FLAG, first_threshold),
        LineSpec::internal("rolling_mean", "Average high", Unit::PRICE, first_mean),
        LineSpec::internal("deviation", "High above its average", Unit::PRICE_DIFFERENCE, first_mean),
        LineSpec::internal("madr_raw", "High above its average, fraction", Unit::RATIO, first_mean),
        LineSpec::internal("dynamic_threshold", "Deviation of madr, by mult", Unit::RATIO, first_threshold),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<MadrV2<true>>(),
    ..DEFINITION
};

fn first_mean(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

fn first_smooth(p: Args<'_>) -> usize {
    first_mean(p) + p.bars(0) / 2 - 1
}

fn first_threshold(p: Args<'_>) -> usize {
    first_smooth(p) + p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct MadrV2<const ORIGINAL: bool> {
    mean: Ema,
    smooth: Ema,
    deviation: Deviation,
    mult: f64,
}

impl<const ORIGINAL: bool> Build for MadrV2<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let window = p.bars(0);
        Self {
            mean: Ema::new(window),
            smooth: Ema::new(window / 2),
            deviation: Deviation::new(window),
            mult: p.real(1),
        }
    }
}

impl<const ORIGINAL: bool> Indicator for MadrV2<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mean = self.mean.next(bar.high);
        let deviation = bar.high - mean;
        let raw = ratio(deviation, mean);
        let madr = self.smooth.next(raw);
        let threshold = self.mult * self.deviation.next(madr);
        let shown = if ORIGINAL && threshold.is_nan() { f64::NAN } else { madr };
        let (buy, sell) = (flag(threshold, madr < -threshold), flag(threshold, madr > threshold));
        put(lines, [shown, buy, sell, mean, deviation, raw, threshold]);
    }
}
