use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "guppy",
    title: "Guppy multiple moving average",
    family: Family::Trend,
    formula: "twelve EMAs of c, traders' of lengths 3, 5, 8, 10, 12, 15, investors' of 30, 35, 40, 45, 50, 60; separation = mean of \
              the traders' - mean of the investors'; compression = population deviation of the twelve / their mean; order = pairs of neighbours in rising less those in falling order / 11",
    source: "D. Guppy, Trend Trading (2004)",
    params: &[],
    lines: &[
        LineSpec::output("compression", "Spread of the averages over their mean", Unit::RATIO, |_| LAST),
        LineSpec::output("separation", "Traders over investors", Unit::PRICE_DIFFERENCE, |_| LAST),
        LineSpec::output("order", "1 all averages ordered up, -1 all down", Unit::bounded(-1.0, 1.0), |_| LAST),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Guppy>(),
};

const LENGTHS: [usize; 12] = [3, 5, 8, 10, 12, 15, 30, 35, 40, 45, 50, 60];

/// Averages per group.
const GROUP: usize = 6;

/// First bar of the slowest.
const LAST: usize = LENGTHS[11] - 1;

#[derive(Serialize, Deserialize)]
struct Guppy {
    averages: [Ema; 12],
}

impl Build for Guppy {
    fn build(_: Args<'_>) -> Self {
        Self { averages: LENGTHS.map(Ema::new) }
    }
}

impl Indicator for Guppy {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mut values = [0.0; 12];
        for (value, average) in values.iter_mut().zip(&mut self.averages) {
            *value = average.next(bar.close);
        }
        // About the close, where the averages lie, so that nothing cancels.
        let mut offsets = values.map(|v| v - bar.close);
        let short = offsets[..GROUP].iter().sum::<f64>() / GROUP as f64;
        let long = offsets[GROUP..].iter().sum::<f64>() / GROUP as f64;
        if long.is_nan() {
            return;
        }
        let mean = f64::midpoint(short, long);
        for offset in &mut offsets {
            *offset = (*offset - mean) * (*offset - mean);
        }
        let deviation = (offsets.iter().sum::<f64>() / offsets.len() as f64).sqrt();
        let order: i32 =
            values.windows(2).map(|pair| i32::from(pair[0] > pair[1]) - i32::from(pair[0] < pair[1])).sum();
        lines[0] = ratio(deviation, bar.close + mean);
        lines[1] = short - long;
        lines[2] = f64::from(order) / (values.len() - 1) as f64;
    }
}
