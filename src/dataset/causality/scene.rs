use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::indicators::Lines;
use crate::market::{Bar, Series, SeriesError};

/// Bars that are put behind a cut in place of the real ones.
pub(super) const OTHER_BARS: usize = 64;

/// Other bars behind a cut, and the lines over them.
#[derive(Debug, Clone)]
pub struct Tail {
    /// Bars before the cut.
    pub at: usize,
    /// The bars behind it, with kept columns; as many as there really are, at most 64.
    pub bars: Series,
    /// The indicators' lines on these bars, after those before the cut.
    pub lines: Lines,
}

/// Bars that go on from bar `at - 1` in another way than `series` does: half as high again, wilder, on three times the
/// volume.
pub(super) fn other_bars(series: &Series, at: usize, seed: u64) -> Result<Series, SeriesError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ at as u64);
    let real = series.sliced(at..at + OTHER_BARS);
    let mut close = series.bars()[at.saturating_sub(1)].close * 1.5;
    let bars = real
        .bars()
        .iter()
        .map(|real| {
            let open = close;
            close *= 1.0 + rng.random_range(-0.05..0.05);
            let reach = 1.0 + rng.random_range(0.0..0.02);
            let (high, low) = (open.max(close) * reach, open.min(close) / reach);
            Bar { open, high, low, close, volume: 3.0 * real.volume + 1.0, timestamp: real.timestamp }
        })
        .collect();
    let mut made = Series::new(&series.symbol, series.timeframe, bars)?;
    for (extra, values) in real.extras() {
        made = made.with_extra(extra, values.iter().map(|value| 3.0 * value + 1.0).collect())?;
    }
    Ok(made)
}

/// The bars before the cut of `tail`, then its own.
pub(super) fn continued(series: &Series, tail: &Tail) -> Result<Series, SeriesError> {
    let bars = [&series.bars()[..tail.at], tail.bars.bars()].concat();
    let mut made = Series::new(&series.symbol, series.timeframe, bars)?;
    for (extra, values) in series.extras() {
        let behind = tail.bars.extra(extra).unwrap_or_default();
        made = made.with_extra(extra, [&values[..tail.at], behind].concat())?;
    }
    Ok(made)
}
