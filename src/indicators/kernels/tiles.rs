//! Blocks over whole columns, a tile at a time, bit-equal to the streaming blocks: the same operations in the same order,
//! several bars at once.

use crate::indicators::blocks::ladder::hole;

/// Bars worked on at once: what a tile needs stays in the first cache level.
pub(super) const TILE: usize = 512;

/// A column of one tile behind the end of the tile before it.
pub(super) struct History {
    past: usize,
    values: Vec<f64>,
}

impl History {
    /// That looks back up to `past` bars; before the first bar all is NaN.
    pub(super) fn new(past: usize) -> Self {
        Self { past, values: vec![f64::NAN; past + TILE] }
    }

    /// Without room for anything.
    pub(super) const fn none() -> Self {
        Self { past: 0, values: Vec::new() }
    }

    /// True without room for anything.
    #[inline(always)]
    pub(super) fn is_none(&self) -> bool {
        self.values.is_empty()
    }

    /// Makes room for the next tile and gives it.
    #[inline(always)]
    pub(super) fn next(&mut self) -> &mut [f64] {
        self.values.copy_within(TILE.., 0);
        &mut self.values[self.past..]
    }

    /// Takes the next tile of `x`, which may be shorter if it is the last.
    #[inline(always)]
    pub(super) fn push(&mut self, x: &[f64]) {
        self.next()[..x.len()].copy_from_slice(x);
    }

    /// The last `n` values up to bar `i` of the tile.
    #[inline(always)]
    pub(super) fn window(&self, i: usize, n: usize) -> &[f64] {
        &self.values[self.past + i + 1 - n..=self.past + i]
    }

    /// The tile as it was `lag` bars ago.
    #[inline(always)]
    pub(super) fn ago(&self, lag: usize) -> &[f64] {
        self.view().ago(lag)
    }

    /// The tile and its past.
    #[inline(always)]
    pub(super) fn view(&self) -> View<'_> {
        View { past: self.past, values: &self.values }
    }
}

/// A tile and its past, where they lie.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    past: usize,
    values: &'a [f64],
}

impl<'a> View<'a> {
    /// The tile as it was `lag` bars ago.
    #[inline(always)]
    pub(super) fn ago(self, lag: usize) -> &'a [f64] {
        &self.values[self.past - lag..][..TILE]
    }
}

/// A column given tile by tile without copying it, but for the first and the last tile.
pub(super) struct Tiles<'a> {
    column: &'a [f64],
    past: usize,
    ends: Vec<f64>,
}

impl<'a> Tiles<'a> {
    /// Of `column`, looking back up to `past` bars.
    pub(super) fn new(column: &'a [f64], past: usize) -> Self {
        Self { column, past, ends: vec![f64::NAN; past + TILE] }
    }

    /// The tile that begins at bar `start`; before the first bar all is NaN, behind the last anything.
    #[inline(always)]
    pub(super) fn at(&mut self, start: usize) -> View<'_> {
        let Self { column, past, ends } = self;
        let end = start + TILE;
        if start >= *past && end <= column.len() {
            return View { past: *past, values: &column[start - *past..end] };
        }
        let from = start.saturating_sub(*past);
        let known = &column[from..end.min(column.len())];
        let offset = *past - (start - from);
        ends[offset..offset + known.len()].copy_from_slice(known);
        View { past: *past, values: ends }
    }
}

/// Highest (`HIGH`) or lowest of the last n values over columns.
pub(super) struct ExtremeTiles<const HIGH: bool> {
    n: usize,
    /// Extremes of 4, 16 ... values.
    levels: Vec<History>,
    /// The extremes of the tile.
    pub(super) value: Vec<f64>,
}

/// Windows that cover a longer one in one pass, at most.
const COVER: usize = 8;

impl<const HIGH: bool> ExtremeTiles<HIGH> {
    pub(super) fn new(n: usize) -> Self {
        let mut levels = Vec::new();
        while n.div_ceil(4_usize.pow(levels.len() as u32)) > COVER {
            levels.push(History::new(n));
        }
        Self { n, levels, value: vec![0.0; TILE] }
    }

    /// Takes a tile of values; the extremes are in `value`.
    #[inline(always)]
    pub(super) fn next(&mut self, x: View<'_>) {
        let mut size = 1;
        for level in 0..self.levels.len() {
            let (below, above) = self.levels.split_at_mut(level);
            let from = below.last().map_or(x, History::view);
            cover::<HIGH, 4>(from, [0, size, 2 * size, 3 * size], above[0].next());
            size *= 4;
        }
        let from = self.levels.last().map_or(x, History::view);
        let last = self.n - size;
        let at = |k: usize| (k * size).min(last);
        match self.n.div_ceil(size) {
            1 => self.value.copy_from_slice(from.ago(0)),
            2 => cover::<HIGH, 2>(from, [0, at(1)], &mut self.value),
            3 => cover::<HIGH, 3>(from, [0, at(1), at(2)], &mut self.value),
            4 => cover::<HIGH, 4>(from, [0, at(1), at(2), at(3)], &mut self.value),
            5 => cover::<HIGH, 5>(from, [0, at(1), at(2), at(3), at(4)], &mut self.value),
            6 => cover::<HIGH, 6>(from, [0, at(1), at(2), at(3), at(4), at(5)], &mut self.value),
            7 => cover::<HIGH, 7>(from, [0, at(1), at(2), at(3), at(4), at(5), at(6)], &mut self.value),
            _ => cover::<HIGH, 8>(from, [0, at(1), at(2), at(3), at(4), at(5), at(6), last], &mut self.value),
        }
    }
}

/// The furthest of the values `lags` bars ago.
#[inline(always)]
fn cover<const HIGH: bool, const N: usize>(from: View<'_>, lags: [usize; N], to: &mut [f64]) {
    let mut past = [from.ago(0); N];
    for k in 1..N {
        past[k] = from.ago(lags[k]);
    }
    let to = &mut to[..TILE];
    for i in 0..TILE {
        let mut value = past[0][i];
        for values in &past[1..] {
            value = further::<HIGH>(value, values[i]);
        }
        to[i] = value;
    }
}

/// The further of two values, the older where they are equal or one is missing: one instruction for many lanes. Equal
/// values differ in the sign of zero only, and no price is zero.
#[inline(always)]
fn further<const HIGH: bool>(new: f64, old: f64) -> f64 {
    let keep = if HIGH { new > old } else { new < old };
    if keep { new } else { old }
}

/// Bars since the latest extreme of the last n values, over columns.
pub(super) struct AgeTiles<const HIGH: bool> {
    n: usize,
    levels: Vec<[History; 2]>,
    /// The ages of the tile.
    pub(super) age: Vec<f64>,
}

impl<const HIGH: bool> AgeTiles<HIGH> {
    pub(super) fn new(n: usize) -> Self {
        let level = |_| [History::new(n), History::new(n)];
        Self { n, levels: (0..=n.ilog2()).map(level).collect(), age: vec![0.0; TILE] }
    }

    /// Takes a tile of values; the ages are in `age`.
    #[inline(always)]
    pub(super) fn next(&mut self, x: &[f64]) {
        let [value, age] = &mut self.levels[0];
        value.push(x);
        age.next().fill(0.0);
        for rung in 0..self.levels.len() - 1 {
            let (below, above) = self.levels.split_at_mut(rung + 1);
            let (from, lag) = (&below[rung], 1_usize << rung);
            let [value, age] = &mut above[0];
            let (value, age) = (&mut value.next()[..TILE], &mut age.next()[..TILE]);
            let (new, new_age) = (from[0].ago(0), from[1].ago(0));
            let (old, old_age) = (from[0].ago(lag), from[1].ago(lag));
            for i in 0..TILE {
                let keep = keeps::<HIGH>(new[i], old[i]);
                value[i] = if keep { new[i] } else { old[i] };
                age[i] = if keep { new_age[i] } else { old_age[i] + lag as f64 };
            }
        }
        let top = self.levels.len() - 1;
        let (from, lag) = (&self.levels[top], self.n - (1 << top));
        let (new, new_age) = (from[0].ago(0), from[1].ago(0));
        let (old, old_age) = (from[0].ago(lag), from[1].ago(lag));
        let age = &mut self.age[..TILE];
        for i in 0..TILE {
            let keep = keeps::<HIGH>(new[i], old[i]);
            // Before the window is full the older value is missing, and so is the age.
            age[i] = if keep { new_age[i] } else { old_age[i] + lag as f64 } + hole(old[i]);
        }
    }
}

#[inline(always)]
fn keeps<const HIGH: bool>(new: f64, old: f64) -> bool {
    if HIGH { new >= old } else { new <= old }
}
