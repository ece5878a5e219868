use std::ops::Range;

use super::Labels;

/// Class balance over some rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseRate {
    /// Rows with both labels.
    pub n: usize,
    /// Share whose entry is 1; NaN without rows.
    pub entry: f64,
    /// Share whose exit is 1; NaN without rows.
    pub exit: f64,
    /// Share whose entry and exit are both 0; NaN without rows.
    pub neither: f64,
}

impl Labels {
    /// Shares of entries and exits among the labelled bars of `rows`.
    pub fn base_rate(&self, rows: Range<usize>) -> BaseRate {
        let pairs = self.entry[rows.clone()].iter().zip(&self.exit[rows]);
        let (mut n, mut entries, mut exits, mut neither) = (0_usize, 0_usize, 0_usize, 0_usize);
        for (entry, exit) in pairs.filter(|(entry, exit)| !entry.is_nan() && !exit.is_nan()) {
            let (entry, exit) = (*entry > 0.5, *exit > 0.5);
            n += 1;
            entries += usize::from(entry);
            exits += usize::from(exit);
            neither += usize::from(!entry && !exit);
        }
        let share = |count: usize| count as f64 / n as f64;
        BaseRate { n, entry: share(entries), exit: share(exits), neither: share(neither) }
    }

    /// Class balance over time: of every `block` bars of `rows`, the last block being shorter where it does not go up.
    pub fn balance(&self, rows: Range<usize>, block: usize) -> Vec<(Range<usize>, BaseRate)> {
        rows.clone()
            .step_by(block.max(1))
            .map(|start| {
                let part = start..rows.end.min(start.saturating_add(block.max(1)));
                (part.clone(), self.base_rate(part))
            })
            .collect()
    }
}
