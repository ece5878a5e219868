use super::atr::{Atr, brackets};
use super::{Decision, Direction, ExitReason, OpenPosition, Strategy};
use crate::config::{BacktestConfig, Side};
use crate::market::Bar;

/// The indicator lines the rule reads, one value per bar of the series, NaN where undefined.
#[derive(Debug, Clone, Copy)]
pub struct RuleColumns<'a> {
    /// RSX, 0 to 100.
    pub rsx: &'a [f64],
    /// WaveTrend's fast line, 0 neutral.
    pub wt1: &'a [f64],
    /// WaveTrend's slow line.
    pub wt2: &'a [f64],
    /// Not 0 while the volatility squeeze is on.
    pub squeeze_on: &'a [f64],
}

/// The classical rule the network is measured against: buy a turn upwards from oversold, once volatility is released.
///
/// Long when wt1 crosses above wt2 while wt1 < 0, RSX is below 50 and no squeeze is on; short as the mirror image.
/// Always `max_size`. Closed by the opposite cross or an ATR(14) stop or target. Missing values give no signal.
#[derive(Debug)]
pub struct RuleStrategy<'a> {
    columns: RuleColumns<'a>,
    config: BacktestConfig,
    atr: Atr,
}

impl<'a> RuleStrategy<'a> {
    /// Takes direction, size and stop distances from the configuration.
    pub fn new(columns: RuleColumns<'a>, config: &BacktestConfig) -> Self {
        Self { columns, config: config.clone(), atr: Atr::default() }
    }

    /// Which way wt1 crosses wt2 at the close of bar `t`.
    fn cross(&self, t: usize) -> Option<Direction> {
        let before = t.checked_sub(1)?;
        let RuleColumns { wt1, wt2, .. } = self.columns;
        let was = wt1.get(before)? - wt2.get(before)?;
        let is = wt1.get(t)? - wt2.get(t)?;
        if was <= 0.0 && is > 0.0 {
            Some(Direction::Long)
        } else if was >= 0.0 && is < 0.0 {
            Some(Direction::Short)
        } else {
            None
        }
    }

    /// Whether the other two indicators agree with a turn this way.
    fn agrees(&self, t: usize, side: Direction) -> bool {
        let RuleColumns { rsx, wt1, squeeze_on, .. } = self.columns;
        let (Some(rsx), Some(wt1), Some(squeeze)) = (rsx.get(t), wt1.get(t), squeeze_on.get(t)) else { return false };
        let allowed = match side {
            Direction::Long => self.config.side != Side::Short,
            Direction::Short => self.config.side != Side::Long,
        };
        allowed && *squeeze == 0.0 && side.sign() * wt1 < 0.0 && side.sign() * (rsx - 50.0) < 0.0
    }
}

impl Strategy for RuleStrategy<'_> {
    fn name(&self) -> &'static str {
        "rule"
    }

    fn decide(&mut self, t: usize, bars: &[Bar], position: Option<&OpenPosition>) -> Decision {
        let atr = self.atr.at(bars);
        let Some(side) = self.cross(t) else { return Decision::Hold };
        if position.is_some_and(|open| open.side == side) {
            return Decision::Hold;
        }
        if self.agrees(t, side)
            && let Some((stop, target)) = brackets(&self.config, side, bars[t].close, atr)
        {
            return Decision::Enter { side, size: self.config.max_size, stop, target, regime: None };
        }
        if position.is_some() { Decision::Exit { reason: ExitReason::Signal } } else { Decision::Hold }
    }
}
