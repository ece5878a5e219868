use super::ladder::LadderTiles;
use super::tiles::{ExtremeTiles, TILE};
use super::{Columns, Out};
use crate::indicators::Args;
use crate::indicators::blocks::ladder::{Plain, Tilt};
use crate::indicators::blocks::{Divisor, Ema, WmaValue, smooth};

#[inline(always)]
pub(super) fn sma(p: Args<'_>, columns: &Columns, out: Out<'_>) {
    let Some(out) = &mut out[0] else { return };
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
}

#[inline(always)]
pub(super) fn wma(p: Args<'_>, columns: &Columns, out: Out<'_>) {
    let Some(out) = &mut out[0] else { return };
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
}

#[inline(always)]
pub(super) fn ema(p: Args<'_>, columns: &Columns, out: Out<'_>) {
    let Some(out) = &mut out[0] else { return };
    let n = p.bars(0);
    let gain = 2.0 / (n as f64 + 1.0);
    let (start, rest) = columns.close.split_at(n.min(columns.close.len()));
    let mut first = Ema::new(n);
    for x in start {
        out.push(first.next(*x));
    }
    let mut y = out.last().copied().unwrap_or(f64::NAN);
    let mut tile_out = [0.0; TILE];
    for tile in rest.chunks(TILE) {
        for (to, x) in tile_out.iter_mut().zip(tile) {
            y = smooth(y, *x, gain);
            *to = y;
        }
        out.extend_from_slice(&tile_out[..tile.len()]);
    }
}

#[inline(always)]
pub(super) fn donchian(p: Args<'_>, columns: &Columns, out: Out<'_>) {
    let [upper, lower] = out else { return };
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
}
