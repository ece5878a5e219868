use std::ops::Range;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{Decision, Direction, ExitReason, OpenPosition, Strategy};
use crate::config::Side;
use crate::market::Bar;

/// Buys with everything at the first open and never sells.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuyAndHold {
    bought: bool,
}

impl Strategy for BuyAndHold {
    fn name(&self) -> &'static str {
        "buy and hold"
    }

    fn decide(&mut self, _t: usize, _bars: &[Bar], _position: Option<&OpenPosition>) -> Decision {
        if std::mem::replace(&mut self.bought, true) {
            return Decision::Hold;
        }
        Decision::Enter { side: Direction::Long, size: 1.0, stop: None, target: None, regime: None }
    }
}

/// As many trades as another strategy made, at random times.
#[derive(Debug, Clone)]
pub struct RandomEntries {
    entries: Vec<(usize, Direction)>,
    next: usize,
    hold_bars: usize,
    size: f64,
}

impl RandomEntries {
    /// Draws `count` decision bars within `range`, each trade held `hold_bars` bars (at least 1) without overlap; fewer
    /// if more do not fit. Every set of times that fits is equally likely. `side` `both` tosses a coin per trade.
    pub fn new(range: Range<usize>, count: usize, hold_bars: usize, side: Side, size: f64, seed: u64) -> Self {
        let hold_bars = hold_bars.max(1);
        // The last bar decides nothing; each trade but the last keeps `hold_bars` bars from deciding.
        let room = range.len().saturating_sub(1);
        let count = count.min((room + hold_bars) / (hold_bars + 1));
        let slots = if count == 0 { 0 } else { room - (count - 1) * hold_bars };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut entries = Vec::with_capacity(count);
        // Selection sampling (Knuth, The Art of Computer Programming, vol. 2, algorithm 3.4.2 S).
        for slot in 0..slots {
            let wanted = count - entries.len();
            if rng.random_range(0..slots - slot) < wanted {
                let direction = match side {
                    Side::Long => Direction::Long,
                    Side::Short => Direction::Short,
                    Side::Both => [Direction::Long, Direction::Short][usize::from(rng.random::<bool>())],
                };
                entries.push((range.start + slot + entries.len() * hold_bars, direction));
            }
        }
        Self { entries, next: 0, hold_bars, size }
    }
}

impl Strategy for RandomEntries {
    fn name(&self) -> &'static str {
        "random"
    }

    fn decide(&mut self, t: usize, _bars: &[Bar], position: Option<&OpenPosition>) -> Decision {
        if let Some(open) = position {
            let over = t >= open.decision_bar + self.hold_bars;
            return if over { Decision::Exit { reason: ExitReason::Horizon } } else { Decision::Hold };
        }
        match self.entries.get(self.next) {
            Some(&(bar, side)) if bar <= t => {
                self.next += 1;
                Decision::Enter { side, size: self.size, stop: None, target: None, regime: None }
            }
            _ => Decision::Hold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_entries_are_as_many_as_asked_and_apart() {
        for seed in 0..20 {
            let random = RandomEntries::new(100..200, 12, 7, Side::Both, 1.0, seed);
            let bars: Vec<usize> = random.entries.iter().map(|entry| entry.0).collect();
            assert_eq!(bars.len(), 12);
            assert!(bars[0] >= 100 && bars[11] < 199, "{bars:?}");
            assert!(bars.windows(2).all(|pair| pair[1] - pair[0] > 7), "{bars:?}");
        }
        // 99 deciding bars hold 25 trades of 3 bars (24 x 4 + 1), not 40.
        assert_eq!(RandomEntries::new(0..100, 40, 3, Side::Long, 1.0, 1).entries.len(), 25);
        assert!(RandomEntries::new(5..5, 3, 3, Side::Long, 1.0, 1).entries.is_empty());
    }
}
