use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Highest, Lowest};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const PRICE: Unit = Unit::PRICE;

pub(super) static DEFINITION: Definition = Definition {
    id: "fibonacci_levels",
    title: "Fibonacci levels",
    family: Family::Other,
    formula: "highest = HH(h, period); lowest = LL(l, period); fib23, fib38, fib50, fib61, fib78 = highest - f (highest - \
              lowest) with f = 0.236, 0.382, 0.5, 0.618, 0.786",
    source: "Retracements of common practice, powers of the golden section",
    params: &[Param::bars("period", "Bars of the range", 14, 1)],
    lines: &[
        LineSpec::output("fib23", "Level 23.6 % below the highest", PRICE, first),
        LineSpec::output("fib38", "Level 38.2 % below the highest", PRICE, first),
        LineSpec::output("fib50", "Level 50 % below the highest", PRICE, first),
        LineSpec::output("fib61", "Level 61.8 % below the highest", PRICE, first),
        LineSpec::output("fib78", "Level 78.6 % below the highest", PRICE, first),
        LineSpec::internal("highest", "Highest high", PRICE, first),
        LineSpec::internal("lowest", "Lowest low", PRICE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<FibonacciLevels>(),
};

const SHARES: [f64; 5] = [0.236, 0.382, 0.5, 0.618, 0.786];

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct FibonacciLevels {
    highest: Highest,
    lowest: Lowest,
}

impl Build for FibonacciLevels {
    fn build(p: Args<'_>) -> Self {
        Self { highest: Highest::new(p.bars(0)), lowest: Lowest::new(p.bars(0)) }
    }
}

impl Indicator for FibonacciLevels {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (highest, lowest) = (self.highest.next(bar.high), self.lowest.next(bar.low));
        for (line, share) in lines.iter_mut().zip(SHARES) {
            *line = highest - share * (highest - lowest);
        }
        lines[5..].copy_from_slice(&[highest, lowest]);
    }
}
