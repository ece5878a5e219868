//! What is usual around a bar.

use crate::stats;

/// Values in a block whose usual size is taken together.
const BLOCK: usize = 32;
/// Share of the values that are usual.
const USUAL: f64 = 0.9;
/// Mean size of the smaller nine tenths of normal values, in standard deviations.
const NORMAL: f64 = 0.657;
/// In calm times deviations count from this share of the usual one of the whole series.
const CALM: f64 = 0.4;
/// And from this share of what comes after them.
const TURMOIL: f64 = 0.25;

/// Robust standard deviation in front of each value, from the sizes of the values in the two blocks before its own (at
/// the start: in the three first blocks); what comes after counts by a quarter, so that a crash is not excused by the turmoil
/// it begins.
///
/// The mean of the smaller nine tenths: unlike the median it stays above zero where most values are zero.
pub(super) fn deviations(values: &[f64]) -> Vec<f64> {
    let blocks: Vec<f64> = values.chunks(BLOCK).map(usual).collect();
    let floor = CALM * usual(values);
    let most = |near: &[f64]| near.iter().copied().fold(floor, f64::max);
    let usual: Vec<f64> = (0..blocks.len())
        .map(|block| {
            let before = if block < 2 { &blocks[..blocks.len().min(3)] } else { &blocks[block - 2..block] };
            let behind = &blocks[block..(block + 2).min(blocks.len())];
            most(before).max(TURMOIL * most(behind))
        })
        .collect();
    (0..values.len()).map(|i| usual[i / BLOCK]).collect()
}

fn usual(values: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    let count = ((sizes.len() as f64 * USUAL) as usize).max(1).min(sizes.len());
    if sizes.is_empty() {
        return 0.0;
    }
    sizes.select_nth_unstable_by(count - 1, f64::total_cmp);
    stats::mean(&sizes[..count]) / NORMAL
}

/// The middle of up to `reach` values on either side of `at`, itself left out; NaN without any.
pub(super) fn median_around(values: &[f64], at: usize, reach: usize) -> f64 {
    let from = at.saturating_sub(reach);
    let to = (at + reach + 1).min(values.len());
    stats::median(&(from..to).filter(|&i| i != at).map(|i| values[i]).collect::<Vec<_>>())
}
