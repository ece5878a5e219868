use serde::{Deserialize, Serialize};

/// Which way the strategy may trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Buy first.
    Long,
    /// Sell first.
    Short,
    /// Either.
    Both,
}

/// How much of the equity a position takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizing {
    /// Always `max_size`.
    Fixed,
    /// Predicted volatility scaled to `volatility_target`.
    Volatility,
    /// Half Kelly on calibrated returns.
    Kelly,
    /// The network's size head.
    SizeHead,
}

/// What is done with entries in one regime.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegimePolicy {
    /// Take them.
    Trade,
    /// Take them at this share of their size.
    Scale(f64),
    /// Leave them.
    Skip,
}

/// How the network trades on paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BacktestConfig {
    /// Cash at the start.
    pub initial_cash: f64,
    /// Fee per side, basis points of the traded value.
    pub fee_bps: f64,
    /// Half the bid-ask spread, basis points.
    pub half_spread_bps: f64,
    /// Slippage beyond the spread, basis points.
    pub slippage_bps: f64,
    /// Allowed direction.
    pub side: Side,
    /// Position sizing.
    pub sizing: Sizing,
    /// Largest position as a share of equity.
    pub max_size: f64,
    /// Annualised volatility aimed at by `volatility` sizing.
    pub volatility_target: f64,
    /// Calibrated entry probability needed; 0 takes the one that a fifth of the calibration bars reached.
    pub threshold: f64,
    /// Exit probability that closes a long position; 0 turns the exit off.
    pub exit_threshold: f64,
    /// Bars after which a position is closed; 0 takes the prediction horizon.
    pub max_bars: usize,
    /// Stop distance in ATR(14); 0 for none.
    pub stop_atr: f64,
    /// Target distance in ATR(14); 0 for none.
    pub target_atr: f64,
    /// Regimes traded; empty trades all.
    pub regimes: Vec<usize>,
    /// Share of the size taken per regime id (as text key), for example `{ "3" = 0.5 }`; 0 skips.
    pub regime_scale: std::collections::BTreeMap<String, f64>,
    /// Formula file of the rule traded beside the network; relative paths start at the configuration file's folder. The
    /// standard rule when empty.
    pub rule: String,
}

impl Default for BacktestConfig {
    fn default() -> Self {
        Self {
            initial_cash: 10_000.0,
            fee_bps: 10.0,
            half_spread_bps: 1.0,
            slippage_bps: 2.0,
            side: Side::Long,
            sizing: Sizing::Volatility,
            max_size: 1.0,
            volatility_target: 0.30,
            threshold: 0.0,
            exit_threshold: 0.0,
            max_bars: 0,
            stop_atr: 2.0,
            target_atr: 0.0,
            regimes: Vec::new(),
            regime_scale: std::collections::BTreeMap::new(),
            rule: String::new(),
        }
    }
}

impl BacktestConfig {
    /// Cost of entering and leaving, as a fraction of the traded value.
    pub fn round_trip_cost(&self) -> f64 {
        2.0 * (self.fee_bps + self.half_spread_bps + self.slippage_bps) / 1e4
    }

    /// What to do with an entry in `regime`.
    pub fn regime_policy(&self, regime: usize) -> RegimePolicy {
        if !self.regimes.is_empty() && !self.regimes.contains(&regime) {
            return RegimePolicy::Skip;
        }
        match self.regime_scale.get(&regime.to_string()) {
            Some(&0.0) => RegimePolicy::Skip,
            Some(&share) if share != 1.0 => RegimePolicy::Scale(share),
            _ => RegimePolicy::Trade,
        }
    }
}
