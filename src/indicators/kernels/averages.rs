//! Averages, sums and extremes of one column.

use super::ladder::LadderTiles;
use super::tiles::{AgeTiles, ExtremeTiles, History, TILE};
use super::{Columns, Out};
use crate::indicators::Args;
use crate::indicators::blocks::ladder::{Plain, Spread, Tilt};
use crate::indicators::blocks::{Blend, Cascade, Divisor, Ema, EqualRun, LineValue, Sma, WmaValue, deviation_of};

#[inline(always)]
pub(super) fn sma(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let n = Divisor::new(p.bars(0) as f64);
    let mut ladder = LadderTiles::new::<Plain>(p.bars(0));
    let mut means = [0.0; TILE];
    for tile in columns.close.chunks(TILE) {
        let [sums, _] = ladder.next::<Plain>(tile);
        for (mean, sum) in means.iter_mut().zip(sums) {
            *mean = n.divide(*sum);
        }
        out.extend_from_slice(&means[..tile.len()]);
    }
    true
}

#[inline(always)]
pub(super) fn wma(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let wma = WmaValue::new(p.bars(0));
    let mut ladder = LadderTiles::new::<Tilt>(p.bars(0));
    let mut values = [0.0; TILE];
    for tile in columns.close.chunks(TILE) {
        let [sums, weighted] = ladder.next::<Tilt>(tile);
        for (value, (&sum, &weighted)) in values.iter_mut().zip(sums.iter().zip(weighted)) {
            *value = wma.of(Tilt { sum, weighted });
        }
        out.extend_from_slice(&values[..tile.len()]);
    }
    true
}

#[inline(always)]
pub(super) fn line_end(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let line = LineValue::new(p.bars(0));
    let mut ladder = LadderTiles::new::<Tilt>(p.bars(0));
    let mut values = [0.0; TILE];
    for tile in columns.close.chunks(TILE) {
        let [sums, weighted] = ladder.next::<Tilt>(tile);
        for (value, (&sum, &weighted)) in values.iter_mut().zip(sums.iter().zip(weighted)) {
            *value = line.of(Tilt { sum, weighted }).end;
        }
        out.extend_from_slice(&values[..tile.len()]);
    }
    true
}

#[inline(always)]
pub(super) fn bollinger(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [mid, top, bot, std] = out else { return false };
    let (n, width) = (p.bars(0), p.real(1));
    let divisor = Divisor::new(n as f64);
    let mut ladder = LadderTiles::new::<Spread>(n);
    let mut run = EqualRun::default();
    let mut runs = [0.0; TILE];
    let mut rows = [[0.0; TILE]; 4];
    for tile in columns.close.chunks(TILE) {
        for (to, x) in runs.iter_mut().zip(tile) {
            *to = run.next(*x);
        }
        let [sums, squares] = ladder.next::<Spread>(tile);
        let [mids, tops, bots, stds] = &mut rows;
        for i in 0..TILE {
            let own = deviation_of(Spread { sum: sums[i], squares: squares[i] }, divisor);
            let own = if runs[i] >= n as f64 { 0.0 } else { own };
            let (mean, half) = (divisor.divide(sums[i]), width * own);
            (mids[i], tops[i], bots[i], stds[i]) = (mean, mean + half, mean - half, own);
        }
        for (out, row) in [&mut *mid, &mut *top, &mut *bot, &mut *std].into_iter().zip(&rows) {
            if let Some(out) = out {
                out.extend_from_slice(&row[..tile.len()]);
            }
        }
    }
    true
}

#[inline(always)]
pub(super) fn ema(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let mut average = Ema::new(p.bars(0));
    let mut values = [0.0; TILE];
    for tile in columns.close.chunks(TILE) {
        for (to, x) in values.iter_mut().zip(tile) {
            *to = average.next(*x);
        }
        out.extend_from_slice(&values[..tile.len()]);
    }
    true
}

#[inline(always)]
pub(super) fn tema(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let mut averages = Cascade::<3>::new(p.bars(0));
    let mut values = [0.0; TILE];
    for tile in columns.close.chunks(TILE) {
        for (to, x) in values.iter_mut().zip(tile) {
            let [e1, e2, e3] = averages.next(*x);
            *to = 3.0 * (e1 - e2) + e3;
        }
        out.extend_from_slice(&values[..tile.len()]);
    }
    true
}

#[inline(always)]
pub(super) fn kama(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let period = p.bars(0);
    let gain = |n: usize| 2.0 / (n as f64 + 1.0);
    let (fast, slow) = (gain(p.bars(1)), gain(p.bars(2)));
    let (mut closes, mut volatility) = (History::new(period), LadderTiles::new::<Plain>(period));
    let mut mean = Sma::new(period);
    let mut value = f64::NAN;
    let (mut moves, mut constants) = ([0.0; TILE], [0.0; TILE]);
    for tile in columns.close.chunks(TILE) {
        closes.push(tile);
        let (before, start) = (closes.ago(1), closes.ago(period));
        for i in 0..tile.len() {
            moves[i] = (tile[i] - before[i]).abs();
        }
        let [sums, _] = volatility.next::<Plain>(&moves[..tile.len()]);
        for i in 0..tile.len() {
            let change = tile[i] - start[i];
            let er = change.abs() / sums[i];
            let er = if change == 0.0 {
                0.0
            } else if er > 1.0 {
                1.0
            } else {
                er
            };
            let gain = er * (fast - slow) + slow;
            constants[i] = gain * gain;
        }
        for (i, x) in tile.iter().enumerate() {
            if value.is_nan() {
                let first = mean.next(*x);
                if !constants[i].is_nan() {
                    value = first;
                }
            } else {
                value = Blend::new(constants[i]).step(value, *x);
            }
            moves[i] = value;
        }
        out.extend_from_slice(&moves[..tile.len()]);
    }
    true
}

#[inline(always)]
pub(super) fn macd(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [macd, signal, hist] = out else { return false };
    let (mut fast, mut slow, mut average) = (Ema::new(p.bars(0)), Ema::new(p.bars(1)), Ema::new(p.bars(2)));
    let mut rows = [[0.0; TILE]; 3];
    for tile in columns.close.chunks(TILE) {
        let [macds, signals, hists] = &mut rows;
        for (i, x) in tile.iter().enumerate() {
            let value = fast.next(*x) - slow.next(*x);
            let average = average.next(value);
            (macds[i], signals[i], hists[i]) = (value, average, value - average);
        }
        for (out, row) in [&mut *macd, &mut *signal, &mut *hist].into_iter().zip(&rows) {
            if let Some(out) = out {
                out.extend_from_slice(&row[..tile.len()]);
            }
        }
    }
    true
}

#[inline(always)]
pub(super) fn roc(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let (close, lag) = (&columns.close, p.bars(0).min(columns.close.len()));
    out.resize(lag, f64::NAN);
    let mut values = [0.0; TILE];
    for (now, before) in close[lag..].chunks(TILE).zip(close.chunks(TILE)) {
        for (to, (now, before)) in values.iter_mut().zip(now.iter().zip(before)) {
            // No price is zero.
            *to = (now - before) / before;
        }
        out.extend_from_slice(&values[..now.len()]);
    }
    true
}

#[inline(always)]
pub(super) fn donchian(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [upper, lower] = out else { return false };
    if let Some(upper) = upper {
        let mut highest = ExtremeTiles::<true>::new(p.bars(0));
        for tile in columns.high.chunks(TILE) {
            highest.next(tile);
            upper.extend_from_slice(&highest.value[..tile.len()]);
        }
    }
    if let Some(lower) = lower {
        let mut lowest = ExtremeTiles::<false>::new(p.bars(0));
        for tile in columns.low.chunks(TILE) {
            lowest.next(tile);
            lower.extend_from_slice(&lowest.value[..tile.len()]);
        }
    }
    true
}

#[inline(always)]
pub(super) fn aroon(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [osc, up, down] = out else { return false };
    let (period, percent) = (p.real(0), 100.0 / p.real(0));
    let (mut highest, mut lowest) = (AgeTiles::<true>::new(p.bars(0) + 1), AgeTiles::<false>::new(p.bars(0) + 1));
    let mut rows = [[0.0; TILE]; 3];
    for (high, low) in columns.high.chunks(TILE).zip(columns.low.chunks(TILE)) {
        highest.next(high);
        lowest.next(low);
        let [oscs, ups, downs] = &mut rows;
        for i in 0..TILE {
            let [old_high, old_low] = [highest.age[i], lowest.age[i]];
            (ups[i], downs[i]) = (fresh(percent, period, old_high), fresh(percent, period, old_low));
            oscs[i] = ups[i] - downs[i];
        }
        for (out, row) in [&mut *osc, &mut *up, &mut *down].into_iter().zip(&rows) {
            if let Some(out) = out {
                out.extend_from_slice(&row[..high.len()]);
            }
        }
    }
    true
}

/// What is left of the period, percent; missing with the age.
#[inline(always)]
fn fresh(percent: f64, period: f64, age: f64) -> f64 {
    let value = percent * (period - age);
    if value > 100.0 { 100.0 } else { value }
}
