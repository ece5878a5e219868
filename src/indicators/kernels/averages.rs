//! Averages, sums and extremes of one column.

use super::ladder::LadderTiles;
use super::tiles::{AgeTiles, ExtremeTiles, History, TILE, Tiles};
use super::{Columns, Out};
use crate::indicators::Args;
use crate::indicators::blocks::ladder::{Plain, Spread, Tilt};
use crate::indicators::blocks::{Blend, Cascade, Divisor, Ema, EqualRun, LineValue, Sma, WmaValue, deviation_of};
use crate::indicators::catalogue::{smooth_periods, stops};

/// The tiles of a column with their first bars.
#[inline(always)]
pub(super) fn starts(column: &[f64]) -> impl Iterator<Item = (usize, &[f64])> {
    column.chunks(TILE).enumerate().map(|(i, tile)| (i * TILE, tile))
}

#[inline(always)]
pub(super) fn sma(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let n = Divisor::new(p.bars(0) as f64);
    let mut ladder = LadderTiles::new::<Plain>(p.bars(0));
    let mut means = [0.0; TILE];
    let mut tiles = Tiles::new(&columns.close, p.bars(0));
    for (start, tile) in starts(&columns.close) {
        let [sums, _] = ladder.next::<Plain>(tiles.at(start));
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
    let mut tiles = Tiles::new(&columns.close, p.bars(0));
    for (start, tile) in starts(&columns.close) {
        let [sums, weighted] = ladder.next::<Tilt>(tiles.at(start));
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
    let mut tiles = Tiles::new(&columns.close, p.bars(0));
    for (start, tile) in starts(&columns.close) {
        let [sums, weighted] = ladder.next::<Tilt>(tiles.at(start));
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
    let mut tiles = Tiles::new(&columns.close, n);
    for (start, tile) in starts(&columns.close) {
        // Without two equal values in a row no window is still.
        let moves = n > 1 && start > 0 && tile.iter().zip(&columns.close[start - 1..]).all(|(x, before)| x != before);
        if moves {
            run = EqualRun::of(tile[tile.len() - 1]);
            runs.fill(1.0);
        } else {
            for (to, x) in runs.iter_mut().zip(tile) {
                *to = run.next(*x);
            }
        }
        let [sums, squares] = ladder.next::<Spread>(tiles.at(start));
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
        values[..tile.len()].copy_from_slice(tile);
        average.run(&mut values[..tile.len()]);
        out.extend_from_slice(&values[..tile.len()]);
    }
    true
}

#[inline(always)]
pub(super) fn tema(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let mut averages = Cascade::<3>::new(p.bars(0));
    let mut values = [0.0; TILE];
    let start = (3 * (p.bars(0) - 1) + 1).min(columns.close.len());
    let (begin, rest) = columns.close.split_at(start);
    for x in begin {
        let [e1, e2, e3] = averages.next(*x);
        out.push(3.0 * (e1 - e2) + e3);
    }
    let Some((blend, [mut e1, mut e2, mut e3])) = averages.steady() else { return true };
    for tile in rest.chunks(TILE) {
        for (to, x) in values.iter_mut().zip(tile) {
            e1 = blend.step(e1, *x);
            e2 = blend.step(e2, e1);
            e3 = blend.step(e3, e2);
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
    let mut tiles = Tiles::new(&columns.close, period);
    let (mut history, mut volatility) = (History::new(period), LadderTiles::new::<Plain>(period));
    let mut mean = Sma::new(period);
    let mut value = f64::NAN;
    let (mut moves, mut constants) = ([0.0; TILE], [0.0; TILE]);
    for (first, tile) in starts(&columns.close) {
        let closes = tiles.at(first);
        let (now, before, start) = (closes.ago(0), closes.ago(1), closes.ago(period));
        for (to, (now, before)) in history.next().iter_mut().zip(now.iter().zip(before)) {
            *to = (now - before).abs();
        }
        let [sums, _] = volatility.next::<Plain>(history.view());
        for i in 0..TILE {
            let change = now[i] - start[i];
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
        let mut known = 0;
        while known < tile.len() && value.is_nan() {
            let first = mean.next(tile[known]);
            if !constants[known].is_nan() {
                value = first;
            }
            moves[known] = value;
            known += 1;
        }
        for i in known..tile.len() {
            value = Blend::new(constants[i]).step(value, tile[i]);
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
        let mut tiles = Tiles::new(&columns.high, p.bars(0));
        for (start, tile) in starts(&columns.high) {
            highest.next(tiles.at(start));
            upper.extend_from_slice(&highest.value[..tile.len()]);
        }
    }
    if let Some(lower) = lower {
        let mut lowest = ExtremeTiles::<false>::new(p.bars(0));
        let mut tiles = Tiles::new(&columns.low, p.bars(0));
        for (start, tile) in starts(&columns.low) {
            lowest.next(tiles.at(start));
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

#[inline(always)]
pub(super) fn parabolic_sar(p: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    stops(p, &columns.high, &columns.low, out);
    true
}

#[inline(always)]
pub(super) fn dominant_cycle(_: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    smooth_periods(&columns.close, out);
    true
}
