use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, LineFit, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "linear_regression",
    title: "Linear regression",
    family: Family::Momentum,
    formula: "least-squares line a + slope j through the last period closes, j = 1 to period; end = its value at the \
              newest close; deviation = c - end; r2 = share of the variance of the closes that the line explains; \
              standard_error = sqrt(sum of squared residuals / (period - 2))",
    source: "C. F. Gauss, Theoria motus corporum coelestium (1809); on prices T. S. Chande and S. Kroll, The New \
             Technical Trader (1994)",
    params: &[Param::bars("period", "Closes of the line", 14, 3)],
    lines: &[
        LineSpec::output("slope", "Rise of the line per bar", Unit::PRICE_DIFFERENCE, first),
        LineSpec::output("r2", "Share of variance explained", Unit::bounded(0.0, 1.0), first),
        LineSpec::output("end", "Line at the newest close", Unit::PRICE, first),
        LineSpec::output("deviation", "Close above the line", Unit::PRICE_DIFFERENCE, first),
        LineSpec::output(
            "standard_error",
            "Standard error of the closes about the line",
            Unit::PRICE_DIFFERENCE,
            first,
        ),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<LinearRegression>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct LinearRegression {
    line: LineFit,
    deviation: Deviation,
    steps: f64,
    freedom: f64,
}

impl Build for LinearRegression {
    fn build(p: Args<'_>) -> Self {
        let n = p.real(0);
        Self {
            line: LineFit::new(p.bars(0)),
            deviation: Deviation::new(p.bars(0)),
            // Variance of 1 to n, and what makes a mean of squares one over n - 2.
            steps: (n * n - 1.0) / 12.0,
            freedom: n / (n - 2.0),
        }
    }
}

impl Indicator for LinearRegression {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let line = self.line.next(bar.close);
        let std = self.deviation.next(bar.close);
        let variance = std * std;
        let explained = line.slope * line.slope * self.steps;
        let r2 = ratio(explained, variance).clamp(0.0, 1.0);
        let left = variance - explained;
        let standard_error = (if left < 0.0 { 0.0 } else { left } * self.freedom).sqrt();
        put(lines, [line.slope, r2, line.end, bar.close - line.end, standard_error]);
    }
}
