//! Planted markets: bars whose edge, lag, regimes and probabilities are known because they were put there, and the best
//! forecast that anybody can make from those bars.
//!
//! Bar t is drawn from the seed and t alone (one ChaCha stream per bar) and from the bars before it, so the first n bars
//! of a longer market are the market of n bars. Bars are one hour long, open at the close before them and trade around
//! the clock. The reach of high and low and the ordinary volume depend on returns already visible only: they look like a
//! market's and tell nothing more.
//!
//! | kind | what is planted |
//! | --- | --- |
//! | `lag` | a bar of several times the usual volume pushes the return `lag + 1` bars later its own way |
//! | `divergence` | a new low in price that RSI does not confirm is followed by rising bars, a new high by falling ones |
//! | `regimes` | hidden Markov states, each with its drift and volatility, left after `dwell` bars on average |
//! | `probability` | each bar's outcome, up or down by more than 1.2 %, is tossed with a probability the bars show |
//! | `noise` | nothing: independent normal returns of one volatility |

mod divergence;
mod draw;
mod filter;
mod lag;
mod probability;
mod regimes;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::draw::Generator;
use self::filter::Filter;
use super::{Bar, Series, Timeframe};

/// Standard deviation of one bar's log return where nothing is planted.
const SIGMA: f64 = 0.008;
/// Usual volume of a bar, in units of the asset.
const VOLUME: f64 = 1000.0;
/// First open.
const START_PRICE: f64 = 100.0;
/// 2020-01-01T00:00:00Z, a Wednesday.
const START_TIME: i64 = 1_577_836_800_000;
const HOUR: i64 = 3_600_000;

/// What is planted, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Market {
    /// A high-volume bar at t pushes the return of bar t + lag + 1 in its own direction.
    Lag {
        /// Bars between the event and the last close before its effect; 0 for an effect on the next bar.
        lag: usize,
        /// Push, in standard deviations of a bar's return.
        strength: f64,
    },
    /// Price and RSI(14) disagree at an extreme; the following bars drift against the extreme.
    Divergence {
        /// Drift per bar, in standard deviations of a bar's return.
        strength: f64,
    },
    /// Hidden states in turn.
    Regimes {
        /// Number of states. State 0 rises and is calm, the last falls and is wild.
        states: usize,
        /// Mean number of bars in a state.
        dwell: f64,
        /// Drift per bar of state 0, in standard deviations of the usual return; the last state has its negative.
        strength: f64,
    },
    /// Outcomes tossed with a probability that returns and volume show.
    Probability {
        /// Slope of the log-odds; 0 tosses fair coins.
        strength: f64,
    },
    /// Independent returns.
    Noise,
}

/// Parameters as a user gives them; what is left out takes the kind's default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MarketOptions {
    /// For `lag`: bars, default 7.
    pub lag: Option<usize>,
    /// For all but `noise`: default 1.5 (`lag`, `probability`), 1 (`divergence`), 0.3 (`regimes`).
    pub strength: Option<f64>,
    /// For `regimes`: default 3.
    pub states: Option<usize>,
    /// For `regimes`: bars, default 50.
    pub dwell: Option<f64>,
}

/// Why there is no such market.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SynthError {
    /// A kind nobody planted.
    #[error("there is no planted market {name:?}; choose lag, divergence, regimes, probability or noise")]
    UnknownKind {
        /// What was asked for.
        name: String,
    },
    /// A parameter of another kind.
    #[error("{parameter} means nothing in a {kind} market; leave it out")]
    Unused {
        /// Parameter name.
        parameter: &'static str,
        /// Kind of market.
        kind: &'static str,
    },
    /// A parameter out of its range.
    #[error("{parameter} is {found}, but must lie between {low} and {high}")]
    Range {
        /// Parameter name.
        parameter: &'static str,
        /// What was given.
        found: f64,
        /// Smallest allowed value.
        low: f64,
        /// Largest allowed value.
        high: f64,
    },
    /// Drift that carried the price out of the range of numbers.
    #[error("the price leaves the range of numbers at bar {bar}; ask for fewer bars or a smaller strength")]
    PriceRange {
        /// First bar without a valid price.
        bar: usize,
    },
}

/// Bars and what is true of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Planted {
    /// The bars.
    pub series: Series,
    /// Columns of one value per bar, NaN where the kind plants no such thing.
    ///
    /// - `truth_trigger`: 1 or -1 where bar t is an event that will push up or down, else 0.
    /// - `truth_lag`: how many bars before t the event lies that drives the return of t + 1; NaN where none does.
    /// - `truth_regime`: the state that bar t was drawn in, from 0.
    /// - `truth_probability`: with which bar t + 1 rises, as tossed.
    pub truth: Vec<(&'static str, Vec<f64>)>,
}

impl Market {
    /// Names of the kinds.
    pub const KINDS: [&'static str; 5] = ["lag", "divergence", "regimes", "probability", "noise"];

    /// The market called `kind` with its parameters.
    ///
    /// # Errors
    /// An unknown kind, a parameter that the kind does not have, or one out of range.
    pub fn named(kind: &str, options: &MarketOptions) -> Result<Self, SynthError> {
        let MarketOptions { lag, strength, states, dwell } = *options;
        let market = match kind {
            "lag" => Self::Lag { lag: lag.unwrap_or(7), strength: strength.unwrap_or(1.5) },
            "divergence" => Self::Divergence { strength: strength.unwrap_or(1.0) },
            "regimes" => Self::Regimes {
                states: states.unwrap_or(3),
                dwell: dwell.unwrap_or(50.0),
                strength: strength.unwrap_or(0.3),
            },
            "probability" => Self::Probability { strength: strength.unwrap_or(1.5) },
            "noise" => Self::Noise,
            name => return Err(SynthError::UnknownKind { name: name.to_owned() }),
        };
        let regimes = matches!(market, Self::Regimes { .. });
        let given = [
            ("lag", lag.is_some(), matches!(market, Self::Lag { .. })),
            ("strength", strength.is_some(), !matches!(market, Self::Noise)),
            ("states", states.is_some(), regimes),
            ("dwell", dwell.is_some(), regimes),
        ];
        if let Some((parameter, ..)) = given.into_iter().find(|(_, given, used)| *given && !used) {
            return Err(SynthError::Unused { parameter, kind: market.kind() });
        }
        market.check()?;
        Ok(market)
    }

    /// Its kind's name.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Lag { .. } => "lag",
            Self::Divergence { .. } => "divergence",
            Self::Regimes { .. } => "regimes",
            Self::Probability { .. } => "probability",
            Self::Noise => "noise",
        }
    }

    fn check(&self) -> Result<(), SynthError> {
        let range = |parameter, found: f64, low: f64, high: f64| {
            if (low..=high).contains(&found) { Ok(()) } else { Err(SynthError::Range { parameter, found, low, high }) }
        };
        match *self {
            Self::Lag { lag, strength } => {
                range("lag", lag as f64, 0.0, 1000.0)?;
                range("strength", strength, 0.0, 5.0)
            }
            Self::Divergence { strength } | Self::Probability { strength } => range("strength", strength, 0.0, 5.0),
            Self::Regimes { states, dwell, strength } => {
                range("states", states as f64, 2.0, 8.0)?;
                range("dwell", dwell, 1.0, 100_000.0)?;
                range("strength", strength, 0.0, 5.0)
            }
            Self::Noise => Ok(()),
        }
    }

    /// The best forecast: per bar t the chance that ln(close\[t + horizon\] / close\[t\]) exceeds `thresholds[t]`, given
    /// the bars up to t and the parameters (not the truth). NaN where the threshold is NaN.
    ///
    /// `bars` are those of the market from its first bar on. With horizon 1 it is exact for every kind. Beyond, `lag` is
    /// exact up to horizon `lag + 1`, `noise` always; the others replace what is not decided yet by its moments.
    ///
    /// # Panics
    /// If the horizon is 0, or bars and thresholds differ in number.
    pub fn chance_above(&self, bars: &[Bar], horizon: usize, thresholds: &[f64]) -> Vec<f64> {
        assert!(horizon > 0, "a forecast looks at least one bar ahead");
        assert_eq!(bars.len(), thresholds.len(), "one threshold per bar");
        let mut filter = Filter::new(self);
        bars.iter()
            .zip(thresholds)
            .map(|(bar, &threshold)| {
                filter.observe(bar);
                if threshold.is_nan() { f64::NAN } else { filter.chance_above(horizon, threshold) }
            })
            .collect()
    }

    /// [`Self::chance_above`] of zero over one bar: how likely the next bar rises.
    pub fn chance_of_rise(&self, bars: &[Bar]) -> Vec<f64> {
        self.chance_above(bars, 1, &vec![0.0; bars.len()])
    }
}

/// Draws a market of `bars` bars. The same market, seed and number give the same bits, fewer bars a prefix of them.
///
/// # Errors
/// Parameters out of range, no bars, or a price that drifted out of the range of numbers.
pub fn synth(market: &Market, bars: usize, seed: u64) -> Result<Planted, SynthError> {
    market.check()?;
    if bars == 0 {
        return Err(SynthError::Range { parameter: "bars", found: 0.0, low: 1.0, high: u32::MAX.into() });
    }
    let mut generator = Generator::new(market, seed);
    let mut drawn = Vec::with_capacity(bars);
    let mut columns = ["truth_trigger", "truth_lag", "truth_regime", "truth_probability"]
        .map(|name| (name, Vec::with_capacity(bars)));
    for t in 0..bars {
        let (bar, truth) = generator.draw(t);
        drawn.push(bar);
        for ((_, column), value) in columns.iter_mut().zip([truth.trigger, truth.lag, truth.regime, truth.probability])
        {
            column.push(value);
        }
    }
    let out_of_range = |b: &Bar| !(b.low > 0.0 && b.high.is_finite());
    if let Some(bar) = drawn.iter().position(out_of_range) {
        return Err(SynthError::PriceRange { bar });
    }
    let timeframe = Timeframe::from_millis(HOUR).unwrap_or_else(|| unreachable!("an hour is positive"));
    let series = Series::new(format!("SYNTH-{}", market.kind().to_uppercase()), timeframe, drawn)
        .unwrap_or_else(|err| unreachable!("drawn bars are valid: {err}"));
    Ok(Planted { series, truth: columns.into() })
}

/// What is true of one bar.
#[derive(Debug, Clone, Copy)]
struct Truth {
    trigger: f64,
    lag: f64,
    regime: f64,
    probability: f64,
}

impl Truth {
    const NONE: Self = Self { trigger: f64::NAN, lag: f64::NAN, regime: f64::NAN, probability: f64::NAN };
}

/// Chance that a normal variable of this mean and standard deviation exceeds `threshold`.
fn normal_above(threshold: f64, mean: f64, std: f64) -> f64 {
    0.5 * statrs::function::erf::erfc((threshold - mean) / (std * std::f64::consts::SQRT_2))
}
