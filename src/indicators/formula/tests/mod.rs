use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::indicators::tests::{random_bars, series};
use crate::indicators::{Instance, Library, Unit, compute};
use crate::market::Series;

mod by_hand;
mod errors;
mod library;
mod properties;
mod units;

const RSI_DIVERGENCE: &str = include_str!("../../../../assets/formulas/rsi_swing_divergence.indicator");
const RELEASED_TURN: &str = include_str!("../../../../assets/formulas/released_turn.indicator");
const CHANNEL_BREAKOUT: &str = include_str!("../../../../assets/formulas/channel_breakout.indicator");

fn read(text: &str) -> Formula {
    Formula::read("mine", text.as_bytes(), &Library::default()).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

fn instance(text: &str) -> Instance {
    Instance::of_formula(Arc::new(read(text)))
}

/// The lines of a formula by name.
fn lines_of(text: &str, series: &Series) -> BTreeMap<String, Vec<f64>> {
    let lines = compute(&[instance(text)], series).columns;
    lines.into_iter().map(|line| (line.name.trim_start_matches("mine.").to_owned(), line.values)).collect()
}

fn units_of(text: &str) -> BTreeMap<String, Unit> {
    read(text).about().lines.iter().map(|line| (line.name.to_string(), line.unit)).collect()
}

/// Equal bits, or both missing.
fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
}
