use super::atr::{Atr, brackets};
use super::{BacktestError, Decision, Direction, ExitReason, Kelly, OpenPosition, Strategy};
use crate::config::{BacktestConfig, RegimePolicy, Side, Sizing};
use crate::market::Bar;

/// What the network says at the close of one bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Raw entry probability.
    pub entry_prob: f64,
    /// Entry probability after calibration.
    pub entry_prob_calibrated: f64,
    /// Exit probability.
    pub exit_prob: f64,
    /// Expected return over the horizon, fraction.
    pub expected_return: f64,
    /// Root mean square one-bar log return expected over the horizon, fraction.
    pub volatility: f64,
    /// Size head, 0 to 1.
    pub size: f64,
    /// Most probable regime.
    pub regime: Option<usize>,
}

/// All the backtest knows of a network.
pub trait Predictor {
    /// The prediction from bars up to `t` alone; `None` where there is none.
    fn predict(&mut self, t: usize) -> Option<Prediction>;
}

/// Predictions made beforehand, one place per bar of the series.
impl Predictor for Vec<Option<Prediction>> {
    fn predict(&mut self, t: usize) -> Option<Prediction> {
        self.get(t).copied().flatten()
    }
}

/// What the calibration slice taught the strategy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calibrated {
    /// Calibrated entry probability that one in five calibration bars reached.
    pub entry_threshold: f64,
    /// Exit probability that one in five calibration bars reached.
    pub exit_threshold: f64,
    /// Standard deviation of the calibrated entry probabilities on the calibration slice; 0 counts as 1.
    pub entry_spread: f64,
    /// Standard deviation of the exit probabilities on the calibration slice; 0 counts as 1.
    pub exit_spread: f64,
    /// Sizes of long entries, for Kelly sizing.
    pub kelly_long: Option<Kelly>,
    /// Sizes of short entries, for Kelly sizing.
    pub kelly_short: Option<Kelly>,
}

/// Trades on a network's predictions.
///
/// Long entry: calibrated entry probability at or over the threshold. Short entry, when the configuration allows it:
/// exit probability at or over its threshold, for the exit label is a fall beyond noise. A threshold of 0 in the
/// configuration becomes the one fitted on the calibration slice, which one bar in five of that slice
/// reached. If both call, the one further over its threshold, in deviations of the calibration slice, wins. Each entry asks the regime policy; where the policy names regimes and the prediction has none, there is no
/// entry. Size after `backtest.sizing`, at most `max_size`.
///
/// Exit: after `max_bars` (or the horizon), at the opposite probability over `exit_threshold`, at an ATR(14) stop or
/// target measured from the deciding close. Before 14 true ranges are known nothing is opened that needs them.
#[derive(Debug)]
pub struct NetworkStrategy<P> {
    predictor: P,
    config: BacktestConfig,
    calibrated: Calibrated,
    long_threshold: f64,
    short_threshold: f64,
    max_bars: usize,
    bars_per_year: f64,
    atr: Atr,
}

impl<P: Predictor> NetworkStrategy<P> {
    /// `horizon` is the labels' h; `bars_per_year` turns per-bar into annual volatility.
    pub fn new(
        predictor: P,
        config: &BacktestConfig,
        calibrated: Calibrated,
        horizon: usize,
        bars_per_year: f64,
    ) -> Result<Self, BacktestError> {
        if config.sizing == Sizing::Kelly {
            if config.side != Side::Short && calibrated.kelly_long.is_none() {
                return Err(BacktestError::NoKelly { side: Direction::Long.name() });
            }
            if config.side != Side::Long && calibrated.kelly_short.is_none() {
                return Err(BacktestError::NoKelly { side: Direction::Short.name() });
            }
        }
        let threshold = |fitted: f64| if config.threshold > 0.0 { config.threshold } else { fitted };
        Ok(Self {
            predictor,
            long_threshold: threshold(calibrated.entry_threshold),
            short_threshold: threshold(calibrated.exit_threshold),
            max_bars: if config.max_bars > 0 { config.max_bars } else { horizon },
            config: config.clone(),
            calibrated,
            bars_per_year,
            atr: Atr::default(),
        })
    }

    /// The calibrated entry probability a long entry needs.
    pub fn long_threshold(&self) -> f64 {
        self.long_threshold
    }

    /// The exit probability a short entry needs.
    pub fn short_threshold(&self) -> f64 {
        self.short_threshold
    }

    fn exit(&self, t: usize, open: &OpenPosition, prediction: Option<Prediction>) -> Decision {
        if t + 1 - open.entry_bar >= self.max_bars {
            return Decision::Exit { reason: ExitReason::Horizon };
        }
        let against = prediction.map(|p| match open.side {
            Direction::Long => p.exit_prob,
            Direction::Short => p.entry_prob_calibrated,
        });
        let limit = self.config.exit_threshold;
        if limit > 0.0 && against.is_some_and(|probability| probability >= limit) {
            return Decision::Exit { reason: ExitReason::Probability };
        }
        Decision::Hold
    }

    fn side(&self, p: &Prediction) -> Option<Direction> {
        let unit = |spread: f64| if spread > 0.0 { spread } else { 1.0 };
        let long = (p.entry_prob_calibrated - self.long_threshold) / unit(self.calibrated.entry_spread);
        let short = (p.exit_prob - self.short_threshold) / unit(self.calibrated.exit_spread);
        let long = (self.config.side != Side::Short && long >= 0.0).then_some(long);
        let short = (self.config.side != Side::Long && short >= 0.0).then_some(short);
        match (long, short) {
            (Some(long), Some(short)) if short > long => Some(Direction::Short),
            (Some(_), _) => Some(Direction::Long),
            (None, Some(_)) => Some(Direction::Short),
            (None, None) => None,
        }
    }

    fn regime_share(&self, regime: Option<usize>) -> f64 {
        let policy = match regime {
            Some(regime) => self.config.regime_policy(regime),
            None if self.config.regimes.is_empty() && self.config.regime_scale.is_empty() => RegimePolicy::Trade,
            None => RegimePolicy::Skip,
        };
        match policy {
            RegimePolicy::Trade => 1.0,
            RegimePolicy::Scale(share) => share,
            RegimePolicy::Skip => 0.0,
        }
    }

    fn size(&self, p: &Prediction, side: Direction) -> f64 {
        let most = self.config.max_size;
        let wanted = match self.config.sizing {
            Sizing::Fixed => most,
            Sizing::Volatility => self.config.volatility_target / (p.volatility * self.bars_per_year.sqrt()),
            Sizing::Kelly => {
                let (kelly, expected) = match side {
                    Direction::Long => (&self.calibrated.kelly_long, p.expected_return),
                    Direction::Short => (&self.calibrated.kelly_short, -p.expected_return),
                };
                kelly.as_ref().map_or(0.0, |kelly| kelly.size(expected, p.volatility, self.config.round_trip_cost()))
            }
            Sizing::SizeHead => p.size,
        };
        // Negative and NaN sizes open nothing; zero volatility asks for infinity and gets the most.
        if wanted > 0.0 { wanted.min(most) } else { 0.0 }
    }

    fn enter(&self, p: &Prediction, close: f64, atr: Option<f64>) -> Decision {
        let Some(side) = self.side(p) else { return Decision::Hold };
        let size = self.size(p, side) * self.regime_share(p.regime);
        match brackets(&self.config, side, close, atr) {
            Some((stop, target)) if size > 0.0 => Decision::Enter { side, size, stop, target, regime: p.regime },
            _ => Decision::Hold,
        }
    }
}

impl<P: Predictor> Strategy for NetworkStrategy<P> {
    fn name(&self) -> &'static str {
        "network"
    }

    fn decide(&mut self, t: usize, bars: &[Bar], position: Option<&OpenPosition>) -> Decision {
        let atr = self.atr.at(bars);
        let prediction = self.predictor.predict(t);
        match (position, prediction) {
            (Some(open), prediction) => self.exit(t, open, prediction),
            (None, Some(p)) => self.enter(&p, bars[t].close, atr),
            (None, None) => Decision::Hold,
        }
    }
}
