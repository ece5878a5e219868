//! Which volume is in the base asset and which in the quote currency.

use super::names::plain;
use super::values::median;

/// Share of a sample that must fit.
const FITS: f64 = 0.4;
/// Bars that must tell.
const EVIDENCE: usize = 5;
/// Endings of columns that hold a volume, but not the whole one.
const PARTS: [&str; 14] =
    ["buy", "sell", "ask", "bid", "ma", "sma", "ema", "avg", "mean", "change", "delta", "up", "down", "adi"];

/// Two volumes of one bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) base: usize,
    pub(super) quote: usize,
    /// Base units in one unit of the base column: 100 where it counts lots.
    pub(super) lot: f64,
}

/// True for `volume_btc` and `Volume USDT`, whole volumes in some unit.
pub(super) fn is_volume_in(name: &str) -> bool {
    let plain = plain(name);
    let unit = plain.strip_prefix("volume_").or_else(|| plain.strip_prefix("vol_"));
    unit.is_some_and(|unit| {
        (2..=6).contains(&unit.len()) && unit.bytes().all(|b| b.is_ascii_alphanumeric()) && !PARTS.contains(&unit)
    })
}

/// Finds among `candidates` two columns of which one is the other times the price.
pub(super) fn pair(numbers: &[Vec<f64>], close: usize, candidates: &[usize]) -> Option<Pair> {
    let mut best: Option<(f64, Pair)> = None;
    for &base in candidates {
        for &quote in candidates.iter().filter(|&&quote| quote != base) {
            for lot in [1.0, 100.0] {
                let fits = share(&numbers[base], &numbers[quote], &numbers[close], lot);
                if best.is_none_or(|(most, _)| fits > most) {
                    best = Some((fits, Pair { base, quote, lot }));
                }
            }
        }
    }
    best.filter(|(fits, _)| *fits >= FITS).map(|(_, pair)| pair)
}

/// Share of the bars with volume at which `quote` is `base` times the price, give or take a bar's movement.
pub(super) fn share(base: &[f64], quote: &[f64], close: &[f64], lot: f64) -> f64 {
    let rows = || base.iter().zip(quote).zip(close).filter(|((b, q), c)| **b > 0.0 && **q > 0.0 && **c > 0.0);
    let fits = rows().filter(|((b, q), c)| fits(**b * lot, **q, **c)).count();
    let count = rows().count();
    // Near a price of one both are the same.
    let level = median(close.to_vec()).unwrap_or(1.0);
    if count < EVIDENCE || (level * lot).ln().abs() < 0.5 { 0.0 } else { fits as f64 / count as f64 }
}

/// True if `quote` is about `base` times `price`.
pub(super) fn fits(base: f64, quote: f64, price: f64) -> bool {
    (quote / (base * price)).ln().abs() < 0.3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_and_quote_are_told_by_the_price() {
        let close: Vec<f64> = (0..50).map(|i| 8000.0 + f64::from(i)).collect();
        let base: Vec<f64> = (0..50).map(|i| 1.0 + f64::from(i % 7)).collect();
        let quote: Vec<f64> = base.iter().zip(&close).map(|(b, c)| b * c * 1.01).collect();
        let trades: Vec<f64> = base.iter().map(|b| (b * 10.0).round()).collect();
        let numbers = [close, quote, trades, base];
        assert_eq!(pair(&numbers, 0, &[1, 2, 3]), Some(Pair { base: 3, quote: 1, lot: 1.0 }));
        assert_eq!(pair(&numbers, 0, &[2, 3]), None);
        let lots: Vec<f64> = numbers[3].iter().map(|b| b / 100.0).collect();
        assert_eq!(pair(&[numbers[0].clone(), numbers[1].clone(), lots], 0, &[1, 2]).unwrap().lot, 100.0);
    }

    #[test]
    fn units_are_told_from_parts() {
        assert!(is_volume_in("volume_btc") && is_volume_in("Volume USDT"));
        assert!(!is_volume_in("volume") && !is_volume_in("volume_sma") && !is_volume_in("buy_volume"));
    }
}
