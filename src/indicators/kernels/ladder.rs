use super::tiles::{History, TILE, View};
use crate::indicators::blocks::ladder::Sums;

/// [`Ladder`](crate::indicators::blocks::ladder::Ladder) over columns: every second rung is kept, the others are made
/// again where they are needed.
pub(super) struct LadderTiles {
    n: usize,
    /// The numbers of parts of 4, 16 ... values.
    levels: Vec<[History; 2]>,
    sums: [Vec<f64>; 2],
}

impl LadderTiles {
    pub(super) fn new<S: Sums>(n: usize) -> Self {
        let second = || if S::WIDTH == 2 { History::new(n) } else { History::none() };
        Self {
            n,
            levels: (0..levels(n)).map(|_| [History::new(n), second()]).collect(),
            sums: [vec![0.0; TILE], vec![0.0; TILE]],
        }
    }

    /// Takes a tile of values, NaN before the first, and gives both numbers of the sums.
    #[inline(always)]
    pub(super) fn next<S: Sums>(&mut self, x: View<'_>) -> [&[f64]; 2] {
        self.push::<S>(x);
        self.sums::<S>(x, self.n)
    }

    /// Takes a tile of values, NaN before the first.
    #[inline(always)]
    pub(super) fn push<S: Sums>(&mut self, x: View<'_>) {
        for level in 0..self.levels.len() {
            let (below, above) = self.levels.split_at_mut(level);
            let [first, second] = &mut above[0];
            let second = if S::WIDTH == 2 { second.next() } else { &mut [] };
            Parts::new(x, below, level).quadruple::<S>(first.next(), second);
        }
    }

    /// Both numbers of the sums of the last `n` values, at most those the ladder was made for; `x` is the tile pushed.
    #[inline(always)]
    pub(super) fn sums<S: Sums>(&mut self, x: View<'_>, n: usize) -> [&[f64]; 2] {
        let [first, second] = &mut self.sums;
        let parts = Parts::new(x, &self.levels, levels(n));
        let mut covered = match n / parts.size {
            1 => {
                if parts.single {
                    one::<S, true>(parts.ago(0), first, second);
                } else {
                    one::<S, false>(parts.ago(0), first, second);
                }
                parts.size
            }
            2 | 3 => {
                parts.pair::<S>(first, second);
                2 * parts.size
            }
            _ => {
                parts.quadruple::<S>(first, second);
                4 * parts.size
            }
        };
        let mut rungs = (0..covered.ilog2()).rev().filter(|rung| n >> rung & 1 == 1).peekable();
        while let Some(rung) = rungs.next() {
            let parts = Parts::new(x, &self.levels, rung as usize / 2);
            let sizes = [covered as f64, (1_u64 << rung) as f64];
            if rung % 2 == 0 {
                if parts.single {
                    join_one::<S, true>(parts.ago(covered), sizes, first, second);
                } else {
                    join_one::<S, false>(parts.ago(covered), sizes, first, second);
                }
            } else if rungs.next_if_eq(&(rung - 1)).is_some() {
                let size = parts.size;
                let three = [parts.ago(covered), parts.ago(covered + size), parts.ago(covered + 2 * size)];
                if parts.single {
                    join_three::<S, true>(three, sizes, first, second);
                } else {
                    join_three::<S, false>(three, sizes, first, second);
                }
                covered += size;
            } else {
                let pair = [parts.ago(covered), parts.ago(covered + parts.size)];
                if parts.single {
                    join_two::<S, true>(pair, sizes, first, second);
                } else {
                    join_two::<S, false>(pair, sizes, first, second);
                }
            }
            covered += 1 << rung;
        }
        let [first, second] = &self.sums;
        [first, second]
    }
}

/// Levels that are kept for windows of `n` values.
#[inline(always)]
fn levels(n: usize) -> usize {
    (n.ilog2() as usize).saturating_sub(1) / 2
}

/// Parts of `size` values each, one per bar; the second numbers of single values, and of sums without any, are never
/// read.
#[derive(Clone, Copy)]
struct Parts<'a> {
    first: View<'a>,
    second: View<'a>,
    single: bool,
    size: usize,
}

impl<'a> Parts<'a> {
    /// Of level 0, the values `x` themselves, or of a level that is kept.
    #[inline(always)]
    fn new(x: View<'a>, levels: &'a [[History; 2]], level: usize) -> Self {
        let single = level == 0;
        let first = if single { x } else { levels[level - 1][0].view() };
        let second = if single || levels[level - 1][1].is_none() { first } else { levels[level - 1][1].view() };
        Self { first, second, single, size: 1 << (2 * level) }
    }

    /// Parts of twice the size.
    #[inline(always)]
    fn pair<S: Sums>(self, first: &mut [f64], second: &mut [f64]) {
        let parts = [self.ago(0), self.ago(self.size)];
        if self.single {
            two::<S, true>(parts, 1.0, first, second);
        } else {
            two::<S, false>(parts, self.size as f64, first, second);
        }
    }

    /// Parts of four times the size.
    #[inline(always)]
    fn quadruple<S: Sums>(self, first: &mut [f64], second: &mut [f64]) {
        let parts = [self.ago(0), self.ago(self.size), self.ago(2 * self.size), self.ago(3 * self.size)];
        if self.single {
            four::<S, true>(parts, 1.0, first, second);
        } else {
            four::<S, false>(parts, self.size as f64, first, second);
        }
    }

    #[inline(always)]
    fn ago(self, lag: usize) -> Part<'a> {
        Part { first: self.first.ago(lag), second: self.second.ago(lag) }
    }
}

/// The parts of a tile.
#[derive(Clone, Copy)]
struct Part<'a> {
    first: &'a [f64],
    second: &'a [f64],
}

impl Part<'_> {
    #[inline(always)]
    fn at<S: Sums, const SINGLE: bool>(self, i: usize) -> S {
        if S::WIDTH == 1 || SINGLE { S::one(self.first[i]) } else { S::of([self.first[i], self.second[i]]) }
    }
}

/// Keeps the sums of bar `i`.
#[inline(always)]
fn keep<S: Sums>(sums: S, i: usize, first: &mut [f64], second: &mut [f64]) {
    let parts = sums.parts();
    first[i] = parts[0];
    if S::WIDTH == 2 {
        second[i] = parts[1];
    }
}

/// The sums as kept.
#[inline(always)]
fn kept<S: Sums>(i: usize, first: &[f64], second: &[f64]) -> S {
    if S::WIDTH == 2 { S::of([first[i], second[i]]) } else { S::of([first[i], 0.0]) }
}

/// Cuts both to the length the loops count on.
#[inline(always)]
fn cut<'a, S: Sums>(first: &'a mut [f64], second: &'a mut [f64]) -> (&'a mut [f64], &'a mut [f64]) {
    (&mut first[..TILE], if S::WIDTH == 2 { &mut second[..TILE] } else { second })
}

#[inline(always)]
fn one<S: Sums, const SINGLE: bool>(a: Part<'_>, first: &mut [f64], second: &mut [f64]) {
    let (first, second) = cut::<S>(first, second);
    for i in 0..TILE {
        keep(a.at::<S, SINGLE>(i), i, first, second);
    }
}

#[inline(always)]
fn two<S: Sums, const SINGLE: bool>([a, b]: [Part<'_>; 2], size: f64, first: &mut [f64], second: &mut [f64]) {
    let (first, second) = cut::<S>(first, second);
    for i in 0..TILE {
        keep(a.at::<S, SINGLE>(i).double(b.at::<S, SINGLE>(i), size), i, first, second);
    }
}

#[inline(always)]
fn four<S: Sums, const SINGLE: bool>([a, b, c, d]: [Part<'_>; 4], size: f64, first: &mut [f64], second: &mut [f64]) {
    let (first, second) = cut::<S>(first, second);
    for i in 0..TILE {
        let newer = a.at::<S, SINGLE>(i).double(b.at::<S, SINGLE>(i), size);
        let older = c.at::<S, SINGLE>(i).double(d.at::<S, SINGLE>(i), size);
        keep(newer.double(older, 2.0 * size), i, first, second);
    }
}

#[inline(always)]
fn join_one<S: Sums, const SINGLE: bool>(a: Part<'_>, [n, m]: [f64; 2], first: &mut [f64], second: &mut [f64]) {
    let (first, second) = cut::<S>(first, second);
    for i in 0..TILE {
        let sums = kept::<S>(i, first, second).join(n, a.at::<S, SINGLE>(i), m);
        keep(sums, i, first, second);
    }
}

#[inline(always)]
fn join_two<S: Sums, const SINGLE: bool>(
    [a, b]: [Part<'_>; 2],
    [n, m]: [f64; 2],
    first: &mut [f64],
    second: &mut [f64],
) {
    let (first, second) = cut::<S>(first, second);
    for i in 0..TILE {
        let part = a.at::<S, SINGLE>(i).double(b.at::<S, SINGLE>(i), 0.5 * m);
        let sums = kept::<S>(i, first, second).join(n, part, m);
        keep(sums, i, first, second);
    }
}

/// A pair of parts and, behind it, one more: two rungs of the window in one pass.
#[inline(always)]
fn join_three<S: Sums, const SINGLE: bool>(
    [a, b, c]: [Part<'_>; 3],
    [n, m]: [f64; 2],
    first: &mut [f64],
    second: &mut [f64],
) {
    let (first, second) = cut::<S>(first, second);
    for i in 0..TILE {
        let part = a.at::<S, SINGLE>(i).double(b.at::<S, SINGLE>(i), 0.5 * m);
        let sums = kept::<S>(i, first, second).join(n, part, m);
        keep(sums.join(n + m, c.at::<S, SINGLE>(i), 0.5 * m), i, first, second);
    }
}
