use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingScore, Window};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "volume_zscore",
    title: "Volume score and rank",
    family: Family::Volume,
    formula: "z = (v - mean) / std of the last period volumes, population; rank = percent of the other rank_period - 1 \
              last volumes that are below v, ties counting half",
    source: "Standard score and percentile rank",
    params: &[
        Param::bars("period", "Bars of the score", 50, 2),
        Param::bars("rank_period", "Bars of the rank", 100, 2),
    ],
    lines: &[
        LineSpec::output("z", "Deviations of the volume from its mean", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::output("rank", "Rank of the volume, percent", Unit::PERCENT, |p| p.bars(1) - 1),
        LineSpec::internal("mean", "Mean volume", Unit::VOLUME, |p| p.bars(0) - 1),
        LineSpec::internal("std", "Deviation of the volume", Unit::VOLUME_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<VolumeScore>(),
};

#[derive(Serialize, Deserialize)]
struct VolumeScore {
    score: RollingScore,
    last: Window,
}

impl Build for VolumeScore {
    fn build(p: Args<'_>) -> Self {
        Self { score: RollingScore::new(p.bars(0)), last: Window::new(p.bars(1)) }
    }
}

impl Indicator for VolumeScore {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let score = self.score.next(bar.volume);
        self.last.push(bar.volume);
        if self.last.is_full() {
            // One pass over values side by side costs less than keeping them sorted.
            let values = self.last.as_slice();
            let below = values.iter().filter(|v| **v < bar.volume).count();
            let above = values.iter().filter(|v| **v > bar.volume).count();
            let others = (values.len() - 1) as f64;
            lines[1] = 50.0 + 50.0 * ((below as f64 - above as f64) / others);
        }
        lines[0] = score.z;
        lines[2..].copy_from_slice(&[score.mean, score.deviation]);
    }
}
