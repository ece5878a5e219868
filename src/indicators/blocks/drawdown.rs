use serde::{Deserialize, Serialize};

/// Highest, lowest and deepest fall of consecutive prices.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Piece {
    high: f64,
    low: f64,
    /// A later price over an earlier one, the smallest; 1 when none fell.
    kept: f64,
}

impl Piece {
    fn of(price: f64) -> Self {
        Self { high: price, low: price, kept: 1.0 }
    }

    /// These prices and then those of `later`.
    fn then(self, later: Self) -> Self {
        Self {
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            kept: self.kept.min(later.kept).min(later.low / self.high),
        }
    }
}

/// Deepest fall from an earlier to a later one of the last n prices, in constant time on average: a queue of two stacks
/// that keep what their prices amount to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaxDrawdown {
    /// The older prices, newest first: each with all that came after it in this stack.
    older: Vec<Piece>,
    /// The newer prices, oldest first.
    newer: Vec<f64>,
    /// What the newer prices amount to.
    recent: Option<Piece>,
    n: usize,
}

impl MaxDrawdown {
    /// Over `n` prices.
    pub fn new(n: usize) -> Self {
        Self { older: Vec::with_capacity(n), newer: Vec::with_capacity(n), recent: None, n }
    }

    /// Takes the next price, unless it is missing; the fall, between -1 and 0, from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, price: f64) -> f64 {
        if price.is_nan() {
            return f64::NAN;
        }
        if self.older.len() + self.newer.len() == self.n {
            self.drop_oldest();
        }
        self.newer.push(price);
        let recent = self.recent.map_or(Piece::of(price), |recent| recent.then(Piece::of(price)));
        self.recent = Some(recent);
        if self.older.len() + self.newer.len() < self.n {
            return f64::NAN;
        }
        self.older.last().map_or(recent, |older| older.then(recent)).kept - 1.0
    }

    fn drop_oldest(&mut self) {
        if self.older.is_empty() {
            for &price in self.newer.iter().rev() {
                let piece = Piece::of(price);
                self.older.push(self.older.last().map_or(piece, |later| piece.then(*later)));
            }
            self.newer.clear();
            self.recent = None;
        }
        self.older.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_fall_equals_a_search() {
        let x: Vec<f64> = (0..300_i32).map(|i| 50.0 + f64::from(i * 7919 % 101) + 0.3 * f64::from(i)).collect();
        for n in [1, 2, 3, 7, 40] {
            let mut fall = MaxDrawdown::new(n);
            for i in 0..x.len() {
                let found = fall.next(x[i]);
                fall.next(f64::NAN);
                if i + 1 < n {
                    assert!(found.is_nan());
                    continue;
                }
                let window = &x[i + 1 - n..=i];
                let falls = (0..n).flat_map(|a| (a..n).map(move |b| window[b] / window[a] - 1.0));
                assert_eq!(found, falls.fold(0.0, f64::min), "{n} at {i}");
            }
        }
    }
}
