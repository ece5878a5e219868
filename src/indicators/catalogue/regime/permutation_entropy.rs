use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{CompensatedSum, Window};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const SHARE: Unit = Unit::bounded(0.0, 1.0);

pub(super) static DEFINITION: Definition = Definition {
    id: "permutation_entropy",
    title: "Permutation entropy",
    family: Family::Regime,
    formula: "the pattern of a bar is the order by size of the last order closes, equal ones in order of time; p = \
              share of each pattern among the last period; entropy = -sum(p ln p) / ln(order!); seen = patterns that \
              occurred / order!; direction = share of the all-rising less that of the all-falling pattern",
    source: "C. Bandt and B. Pompe, Permutation entropy, Physical Review Letters 88 (2002)",
    params: &[
        Param::whole("order", "Closes in a pattern", 4, 2, 7),
        Param::bars("period", "Patterns in the window", 120, 10),
    ],
    lines: &[
        LineSpec::output("entropy", "0 one pattern only, 1 all equally often", SHARE, first),
        LineSpec::output("direction", "Rising less falling patterns", Unit::bounded(-1.0, 1.0), first),
        LineSpec::internal("seen", "Share of the possible patterns that occurred", SHARE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Permutation>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 2
}

#[derive(Serialize, Deserialize)]
struct Permutation {
    closes: Window,
    patterns: Window,
    counts: Vec<u32>,
    /// n ln n by n.
    terms: Vec<f64>,
    /// Sum of the terms of all counts.
    sum: CompensatedSum,
    seen: usize,
}

impl Build for Permutation {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(1);
        let term = |n: usize| if n < 2 { 0.0 } else { n as f64 * (n as f64).ln() };
        Self {
            closes: Window::new(p.bars(0)),
            patterns: Window::new(period),
            counts: vec![0; (1..=p.bars(0)).product()],
            terms: (0..=period + 1).map(term).collect(),
            sum: CompensatedSum::default(),
            seen: 0,
        }
    }
}

impl Indicator for Permutation {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        self.closes.push(bar.close);
        if !self.closes.is_full() {
            return;
        }
        let pattern = pattern(self.closes.as_slice());
        let count = &mut self.counts[pattern];
        self.sum.add(self.terms[*count as usize + 1] - self.terms[*count as usize]);
        self.seen += usize::from(*count == 0);
        *count += 1;
        if let Some(leaving) = self.patterns.push(pattern as f64) {
            let count = &mut self.counts[leaving as usize];
            self.sum.add(self.terms[*count as usize - 1] - self.terms[*count as usize]);
            *count -= 1;
            self.seen -= usize::from(*count == 0);
        }
        if self.patterns.is_full() {
            let n = self.patterns.len() as f64;
            let kinds = self.counts.len();
            let entropy = (n.ln() - self.sum.value() / n) / (kinds as f64).ln();
            let direction = (f64::from(self.counts[0]) - f64::from(self.counts[kinds - 1])) / n;
            put(lines, [entropy.clamp(0.0, 1.0), direction, self.seen as f64 / kinds as f64]);
        }
    }
}

/// Number of the order of `x` among all orders: 0 all rising, the last all falling.
fn pattern(x: &[f64]) -> usize {
    let mut code = 0;
    for (i, value) in x.iter().enumerate() {
        let later = &x[i + 1..];
        let below = later.iter().filter(|v| **v < *value).count();
        code = code * (later.len() + 1) + below;
    }
    code
}
