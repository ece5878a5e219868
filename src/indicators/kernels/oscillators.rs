//! Oscillators and averages of several columns.

use super::averages::starts;
use super::ladder::LadderTiles;
use super::tiles::{ExtremeTiles, History, TILE, Tiles, View};
use super::{Columns, Out};
use crate::indicators::Args;
use crate::indicators::blocks::ladder::{Plain, hole};
use crate::indicators::blocks::{Divisor, Wilder};

/// Writes the rows of a tile to the columns that are wanted.
#[inline(always)]
fn give<const N: usize>(out: Out<'_>, rows: [&[f64]; N], count: usize) {
    for (out, row) in out.iter_mut().zip(rows) {
        if let Some(out) = out {
            out.extend_from_slice(&row[..count]);
        }
    }
}

/// a / b; missing when b is zero.
#[inline(always)]
fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { f64::NAN } else { a / b }
}

/// True if a value is missing after the first `known` bars of all.
#[inline(always)]
fn has_hole(values: &[f64], at: usize, first: usize) -> bool {
    let from = first.saturating_sub(at).min(values.len());
    values[from..].iter().fold(false, |hole, value| hole | value.is_nan())
}

#[inline(always)]
pub(super) fn rsi(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let mut closes = Tiles::new(&columns.close, 1);
    let (mut up, mut down) = (Wilder::new(p.bars(0)), Wilder::new(p.bars(0)));
    let (mut ups, mut downs) = ([0.0; TILE], [0.0; TILE]);
    for (start, tile) in starts(&columns.close) {
        let close = closes.at(start);
        let (now, before) = (close.ago(0), close.ago(1));
        for i in 0..TILE {
            let change = now[i] - before[i];
            let missing = hole(change);
            ups[i] = if change > 0.0 { change } else { missing };
            downs[i] = if change < 0.0 { -change } else { missing };
        }
        Wilder::run_both([&mut up, &mut down], &mut ups[..tile.len()], &mut downs[..tile.len()]);
        for i in 0..TILE {
            let whole = ups[i] + downs[i];
            ups[i] = if whole == 0.0 { 50.0 } else { 100.0 * (ups[i] / whole) };
        }
        give(out, [&ups], tile.len());
    }
    true
}

/// The true ranges of a tile; missing on the first bar of all.
#[inline(always)]
fn true_ranges(high: &[f64], low: &[f64], before: &[f64], ranges: &mut [f64]) {
    let (low, before, ranges) = (&low[..high.len()], &before[..high.len()], &mut ranges[..high.len()]);
    for i in 0..high.len() {
        ranges[i] = true_range(high[i], low[i], before[i]);
    }
}

/// From the lower of low and close before to the higher of high and close before; missing with the latter.
#[inline(always)]
fn true_range(high: f64, low: f64, before: f64) -> f64 {
    let top = if before > high { before } else { high };
    let bottom = if before < low { before } else { low };
    (top - bottom) + hole(before)
}

#[inline(always)]
pub(super) fn atr(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let mut closes = Tiles::new(&columns.close, 1);
    let mut average = Wilder::new(p.bars(0));
    let mut values = [0.0; TILE];
    for (start, high) in starts(&columns.high) {
        let before = closes.at(start).ago(1);
        let bars = high.iter().zip(&columns.low[start..]).zip(before);
        average.run_over(bars.map(|((high, low), before)| true_range(*high, *low, *before)), &mut values[..high.len()]);
        give(out, [&values], high.len());
    }
    true
}

#[inline(always)]
pub(super) fn adx(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let wilder = || Wilder::new(p.bars(0));
    let (mut plus, mut minus, mut atr, mut average) = (wilder(), wilder(), wilder(), wilder());
    let (mut highs, mut lows) = (Tiles::new(&columns.high, 1), Tiles::new(&columns.low, 1));
    let mut closes = Tiles::new(&columns.close, 1);
    let (mut up, mut down, mut ranges) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
    for (start, high) in starts(&columns.high) {
        let low = &columns.low[start..start + high.len()];
        true_ranges(high, low, closes.at(start).ago(1), &mut ranges);
        let (before_high, before_low) = (highs.at(start).ago(1), lows.at(start).ago(1));
        for i in 0..high.len() {
            let (rise, fall) = (high[i] - before_high[i], before_low[i] - low[i]);
            let missing = hole(rise);
            up[i] = if rise > fall && rise > 0.0 { rise } else { missing };
            down[i] = if fall > rise && fall > 0.0 { fall } else { missing };
        }
        Wilder::run_both([&mut plus, &mut minus], &mut up[..high.len()], &mut down[..high.len()]);
        atr.run(&mut ranges[..high.len()]);
        for i in 0..TILE {
            let total = up[i] + down[i];
            let share = 100.0 * ((up[i] - down[i]).abs() / total);
            up[i] = if total == 0.0 { 0.0 * ratio(100.0, ranges[i]) } else { share };
        }
        for dx in &mut up[..high.len()] {
            *dx = average.next(*dx);
        }
        give(out, [&up], high.len());
    }
    true
}

#[inline(always)]
pub(super) fn stochastic(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let (n, fast, slow) = (p.bars(0), p.bars(1), p.bars(2));
    let (mut highs, mut lows) = (Tiles::new(&columns.high, n), Tiles::new(&columns.low, n));
    let (mut highest, mut lowest) = (ExtremeTiles::<true>::new(n), ExtremeTiles::<false>::new(n));
    let (mut k_tiles, mut d_tiles) = (History::new(fast), History::new(slow));
    let (mut fast_sum, mut slow_sum) = (LadderTiles::new::<Plain>(fast), LadderTiles::new::<Plain>(slow));
    let (fast, slow) = (Divisor::new(fast as f64), Divisor::new(slow as f64));
    let (mut ks, mut ds) = ([0.0; TILE], [0.0; TILE]);
    for (at, tile) in columns.close.chunks(TILE).enumerate() {
        let range = at * TILE..at * TILE + tile.len();
        highest.next(highs.at(range.start));
        lowest.next(lows.at(range.start));
        for i in 0..tile.len() {
            let low = lowest.value[i];
            ks[i] = 100.0 * ratio(tile[i] - low, highest.value[i] - low);
        }
        if has_hole(&ks[..tile.len()], range.start, n - 1) {
            return false;
        }
        k_tiles.push(&ks);
        let [sums, _] = fast_sum.next::<Plain>(k_tiles.view());
        for (k, sum) in ks.iter_mut().zip(sums) {
            *k = fast.divide(*sum).clamp(0.0, 100.0);
        }
        d_tiles.push(&ks);
        let [sums, _] = slow_sum.next::<Plain>(d_tiles.view());
        for (d, sum) in ds.iter_mut().zip(sums) {
            *d = slow.divide(*sum).clamp(0.0, 100.0);
        }
        give(out, [&ks, &ds], tile.len());
    }
    true
}

#[inline(always)]
pub(super) fn williams_r(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let (mut highs, mut lows) = (Tiles::new(&columns.high, p.bars(0)), Tiles::new(&columns.low, p.bars(0)));
    let (mut highest, mut lowest) = (ExtremeTiles::<true>::new(p.bars(0)), ExtremeTiles::<false>::new(p.bars(0)));
    let mut values = [0.0; TILE];
    for (at, tile) in columns.close.chunks(TILE).enumerate() {
        let range = at * TILE..at * TILE + tile.len();
        highest.next(highs.at(range.start));
        lowest.next(lows.at(range.start));
        for i in 0..tile.len() {
            let high = highest.value[i];
            values[i] = -100.0 * ratio(high - tile[i], high - lowest.value[i]);
        }
        give(out, [&values], tile.len());
    }
    true
}

/// (high + low + close) / 3 of a tile.
#[inline(always)]
fn typical_prices(columns: &Columns, range: std::ops::Range<usize>, prices: &mut [f64; TILE]) {
    let bars = columns.high[range.clone()].iter().zip(&columns.low[range.clone()]).zip(&columns.close[range]);
    for (price, ((high, low), close)) in prices.iter_mut().zip(bars) {
        *price = (high + low + close) / 3.0;
    }
}

/// The sum of |x - mean| over the last `n` values for every bar of a tile, added up in the order of
/// [`sum_of`](crate::indicators::blocks::sum_of).
#[inline(always)]
fn distances(values: View<'_>, n: usize, means: &[f64; TILE], to: &mut [f64; TILE]) {
    let [mut a, mut b, mut c, mut d] = [[0.0; TILE]; 4];
    let mut rest = [0.0; TILE];
    let fours = n / 4 * 4;
    for k in (0..fours).step_by(4) {
        let [u, v, w, x] = [0, 1, 2, 3].map(|part| values.ago(n - 1 - k - part));
        for i in 0..TILE {
            a[i] += (u[i] - means[i]).abs();
            b[i] += (v[i] - means[i]).abs();
            c[i] += (w[i] - means[i]).abs();
            d[i] += (x[i] - means[i]).abs();
        }
    }
    for k in fours..n {
        for ((rest, x), mean) in rest.iter_mut().zip(values.ago(n - 1 - k)).zip(means) {
            *rest += (x - mean).abs();
        }
    }
    for i in 0..TILE {
        to[i] = (a[i] + b[i]) + (c[i] + d[i]) + rest[i];
    }
}

#[inline(always)]
pub(super) fn cci(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let (n, factor) = (p.bars(0), p.real(1));
    let divisor = Divisor::new(n as f64);
    let mut ladder = LadderTiles::new::<Plain>(n);
    let mut history = History::new(n);
    let [mut prices, mut means, mut values] = [[0.0; TILE]; 3];
    for (at, tile) in columns.close.chunks(TILE).enumerate() {
        let range = at * TILE..at * TILE + tile.len();
        typical_prices(columns, range, &mut prices);
        history.push(&prices);
        let [sums, _] = ladder.next::<Plain>(history.view());
        for (mean, sum) in means.iter_mut().zip(sums) {
            *mean = divisor.divide(*sum);
        }
        distances(history.view(), n, &means, &mut values);
        for i in 0..TILE {
            let (mean, meandev) = (means[i], values[i] / n as f64);
            let known = meandev > 4.0 * f64::EPSILON * mean;
            values[i] = if known { (prices[i] - mean) / (factor * meandev) } else { f64::NAN };
        }
        give(out, [&values], tile.len());
    }
    true
}

#[inline(always)]
pub(super) fn ultimate(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let periods = [p.bars(0), p.bars(1), p.bars(2)];
    let longest = periods[0].max(periods[1]).max(periods[2]);
    let (mut pressures, mut ranges) = (LadderTiles::new::<Plain>(longest), LadderTiles::new::<Plain>(longest));
    let mut closes = Tiles::new(&columns.close, 1);
    let (mut pressure_tiles, mut range_tiles) = (History::new(longest), History::new(longest));
    let (mut pressure, mut range) = ([0.0; TILE], [0.0; TILE]);
    let mut shares = [[0.0; TILE]; 3];
    for (start, tile) in starts(&columns.close) {
        let before = &closes.at(start).ago(1)[..tile.len()];
        let low = &columns.low[start..start + tile.len()];
        true_ranges(&columns.high[start..start + tile.len()], low, before, &mut range);
        for i in 0..tile.len() {
            let bottom = if before[i] < low[i] { before[i] } else { low[i] };
            pressure[i] = (tile[i] - bottom) + hole(before[i]);
        }
        pressure_tiles.push(&pressure);
        range_tiles.push(&range);
        pressures.push::<Plain>(pressure_tiles.view());
        ranges.push::<Plain>(range_tiles.view());
        for (share, n) in shares.iter_mut().zip(periods) {
            let [parts, _] = pressures.sums::<Plain>(pressure_tiles.view(), n);
            let [wholes, _] = ranges.sums::<Plain>(range_tiles.view(), n);
            for i in 0..TILE {
                share[i] = ratio(parts[i], wholes[i]).clamp(0.0, 1.0);
            }
        }
        let [av1, av2, av3] = &shares;
        for i in 0..TILE {
            pressure[i] = (100.0 / 7.0 * (4.0 * av1[i] + 2.0 * av2[i] + av3[i])).clamp(0.0, 100.0);
        }
        give(out, [&pressure], tile.len());
    }
    true
}

#[inline(always)]
pub(super) fn mfi(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let n = p.bars(0);
    let (mut positive, mut negative) = (LadderTiles::new::<Plain>(n), LadderTiles::new::<Plain>(n));
    let (mut history, mut up_tiles, mut down_tiles) = (History::new(1), History::new(n), History::new(n));
    let (mut prices, mut ups, mut downs) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
    for (at, volume) in columns.volume.chunks(TILE).enumerate() {
        let range = at * TILE..at * TILE + volume.len();
        typical_prices(columns, range.clone(), &mut prices);
        history.push(&prices[..volume.len()]);
        let before = history.ago(1);
        for i in 0..volume.len() {
            let (change, money) = (prices[i] - before[i], prices[i] * volume[i]);
            let missing = hole(change);
            ups[i] = if change > 0.0 { money } else { missing };
            downs[i] = if change < 0.0 { money } else { missing };
        }
        if has_hole(&ups[..volume.len()], range.start, 1) || ups.iter().chain(&downs).any(|x| x.is_infinite()) {
            return false;
        }
        up_tiles.push(&ups);
        down_tiles.push(&downs);
        let [positives, _] = positive.next::<Plain>(up_tiles.view());
        let [negatives, _] = negative.next::<Plain>(down_tiles.view());
        for i in 0..TILE {
            let total = positives[i] + negatives[i];
            ups[i] = if total == 0.0 { 50.0 } else { (100.0 * (positives[i] / total)).clamp(0.0, 100.0) };
        }
        give(out, [&ups], volume.len());
    }
    true
}

#[inline(always)]
pub(super) fn obv(_: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let mut closes = Tiles::new(&columns.close, 1);
    let mut total = f64::NAN;
    let mut totals = [0.0; TILE];
    for (start, tile) in starts(&columns.close) {
        let volume = &columns.volume[start..start + tile.len()];
        let before = &closes.at(start).ago(1)[..tile.len()];
        for i in 0..tile.len() {
            let change = tile[i] - before[i];
            totals[i] = if change == 0.0 { 0.0 } else { volume[i].copysign(change) };
        }
        let mut start = 0;
        if total.is_nan() {
            total = volume[0];
            totals[0] = total;
            start = 1;
        }
        for flow in &mut totals[start..tile.len()] {
            total += *flow;
            *flow = total;
        }
        give(out, [&totals], tile.len());
    }
    true
}
