//! Cycle measures over columns.

use super::averages::starts;
use super::tiles::{History, TILE, Tiles};
use super::{Columns, Out};
use crate::indicators::Args;
use crate::indicators::catalogue::{FIRST_PERIOD, Homodyne, UNKNOWN_PERIOD, advance, detrend, smoother, transform};

/// What is long done before the measured period is known is made for a tile at once; the rest waits for it bar by bar.
#[inline(always)]
pub(super) fn dominant_cycle(_: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    let [Some(out)] = out else { return false };
    let mut closes = Tiles::new(&columns.close, 3);
    let (mut smooths, mut detrenders, mut quadratures) = (History::new(6), History::new(9), History::new(6));
    let mut detrended = [0.0; TILE];
    let mut homodyne = Homodyne::new();
    let mut smooth_period = UNKNOWN_PERIOD;
    for (start, tile) in starts(&columns.close) {
        let view = closes.at(start);
        let (a, b, c, d) = (view.ago(0), view.ago(1), view.ago(2), view.ago(3));
        let smooth = &mut smooths.next()[..TILE];
        for i in 0..TILE {
            smooth[i] = (4.0 * a[i] + 3.0 * b[i] + 2.0 * c[i] + d[i]) / 10.0;
        }
        let (a, c, e, g) = (smooths.ago(0), smooths.ago(2), smooths.ago(4), smooths.ago(6));
        for i in 0..TILE {
            detrended[i] = detrend(a[i], c[i], e[i], g[i]);
        }
        detrenders.next();
        quadratures.next();
        for i in 0..tile.len() {
            let gain = homodyne.gain();
            let detrender = detrended[i] * gain;
            let d = detrenders.put(i, detrender);
            let q1 = transform(detrender, d[7], d[5], d[3]) * gain;
            let q = quadratures.put(i, q1);
            let across = transform(q1, q[4], q[2], q[0]);
            let ahead = transform(d[6], d[4], d[2], d[0]);
            let known = !across.is_nan();
            if known {
                homodyne.turn(advance(d[6], q1, ahead, across, gain));
                smooth_period = smoother(homodyne.period, smooth_period);
            }
            out.push(if known && start + i >= FIRST_PERIOD { smooth_period } else { f64::NAN });
        }
    }
    true
}
