use serde::{Deserialize, Serialize};

use super::function::Memory;
use crate::indicators::blocks::{
    CompensatedSum, Cross, Deviation, Ema, Highest, LineFit, Lowest, RollingSum, Sma, SortedWindow, Wilder, Window, Wma,
};

/// The running state of a function that remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Cell {
    Sma(Sma),
    Ema(Ema),
    Wilder(Wilder),
    Wma(Wma),
    Sum(RollingSum),
    Deviation(Deviation),
    Highest(Highest),
    Lowest(Lowest),
    HighestAge(Highest),
    LowestAge(Lowest),
    Median(SortedWindow),
    Rank(SortedWindow, usize),
    Slope(LineFit),
    Cross(Cross),
    Since(Option<f64>),
    When(Window),
    Running(CompensatedSum),
}

impl Cell {
    /// `n` is the length, or how many events `valuewhen` looks back.
    pub(super) fn new(memory: Memory, n: usize) -> Self {
        match memory {
            Memory::Sma => Self::Sma(Sma::new(n)),
            Memory::Ema => Self::Ema(Ema::new(n)),
            Memory::Wilder => Self::Wilder(Wilder::new(n)),
            Memory::Wma => Self::Wma(Wma::new(n)),
            Memory::Sum => Self::Sum(RollingSum::new(n)),
            Memory::Deviation => Self::Deviation(Deviation::new(n)),
            Memory::Highest => Self::Highest(Highest::new(n)),
            Memory::Lowest => Self::Lowest(Lowest::new(n)),
            Memory::HighestAge => Self::HighestAge(Highest::new(n)),
            Memory::LowestAge => Self::LowestAge(Lowest::new(n)),
            Memory::Median => Self::Median(SortedWindow::new(n)),
            Memory::PercentRank => Self::Rank(SortedWindow::new(n), n),
            Memory::Slope => Self::Slope(LineFit::new(n)),
            Memory::Cross => Self::Cross(Cross::default()),
            Memory::Since => Self::Since(None),
            Memory::When => Self::When(Window::new(n + 1)),
            Memory::Running => Self::Running(CompensatedSum::default()),
        }
    }

    /// Numbers it may come to hold.
    pub(super) const fn size(memory: Memory, n: f64) -> f64 {
        match memory {
            Memory::Ema | Memory::Wilder | Memory::Cross | Memory::Since | Memory::Running => 4.0,
            Memory::Median | Memory::PercentRank => 3.0 * n,
            _ => 2.0 * n + 2.0,
        }
    }

    /// Takes the values of the next bar. A missing one gives a missing result and is not remembered.
    #[inline]
    pub(super) fn next(&mut self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sma(block) => block.next(a),
            Self::Ema(block) => block.next(a),
            Self::Wilder(block) => block.next(a),
            Self::Wma(block) => block.next(a),
            Self::Sum(block) => block.next(a),
            Self::Deviation(block) => block.next(a),
            Self::Highest(block) => block.next(a),
            Self::Lowest(block) => block.next(a),
            Self::HighestAge(block) => {
                if block.next(a).is_nan() {
                    f64::NAN
                } else {
                    block.age()
                }
            }
            Self::LowestAge(block) => {
                if block.next(a).is_nan() {
                    f64::NAN
                } else {
                    block.age()
                }
            }
            Self::Median(window) => {
                if window.push(a) {
                    window.median()
                } else {
                    f64::NAN
                }
            }
            Self::Rank(window, n) => {
                let share = window.up_to(a) as f64 / *n as f64;
                let full = window.as_slice().len() == *n;
                window.push(a);
                if full && !a.is_nan() { 100.0 * share } else { f64::NAN }
            }
            Self::Slope(fit) => fit.next(a).slope,
            Self::Cross(cross) => cross.next(a, b),
            Self::Since(bars) => since(bars, a),
            Self::When(window) => when(window, a, b),
            Self::Running(sum) => {
                if a.is_nan() {
                    return f64::NAN;
                }
                sum.add(a);
                sum.value()
            }
        }
    }
}

/// Time goes on while it is not known whether the condition holds.
fn since(bars: &mut Option<f64>, condition: f64) -> f64 {
    *bars = if condition == 1.0 { Some(0.0) } else { bars.map(|bars| bars + 1.0) };
    if condition.is_nan() { f64::NAN } else { bars.unwrap_or(f64::NAN) }
}

/// Keeps the values of the latest events and gives the oldest of them.
fn when(events: &mut Window, condition: f64, value: f64) -> f64 {
    if condition.is_nan() {
        return f64::NAN;
    }
    if condition == 1.0 {
        events.push(value);
    }
    if events.is_full() { events.as_slice()[0] } else { f64::NAN }
}
