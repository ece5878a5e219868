use crate::stats::{mean, quantile_sorted, std_population};

/// Least volatility, so that a market at rest has thresholds off its own price.
const LEAST_VOLATILITY: f64 = 1e-6;
/// Volatilities beyond the mean return that a threshold lies at least.
const MARGIN: f64 = 0.75;
const TAKE_PROFIT_QUANTILE: f64 = 0.6;
const STOP_LOSS_QUANTILE: f64 = 0.4;
/// Latest place of the extreme return for a score of 1 and of 0.7, counted from 0 at the bar after t.
const TAKE_PROFIT_BY: [usize; 2] = [10, 20];
const STOP_LOSS_BY: [usize; 2] = [7, 14];
/// The score of an extreme that comes late.
const LATE: f64 = 0.7;
/// Returns in each half of what "let run" compares.
const STRETCH: usize = 10;
/// Returns in each half of what "regime change" compares.
const CALM: usize = 5;
const BREAK: f64 = 1.8;

/// How far and how soon the closes after each bar run either way; NaN where undefined.
///
/// With R the returns from close\[t\] to each of the next h closes, mu their mean and sigma the volatility known at t:
/// the take-profit threshold is max(60 % quantile of R, mu + 0.75 sigma), the stop-loss threshold min(40 % quantile,
/// mu - 0.75 sigma). Entry is 1 where `take_profit` is above 0 and exit where `stop_loss` is: a late extreme was one all the
/// same, and base rates, AUC and calibration need classes. Both can be 1.
///
/// Source: the context-aware labels of the Python original, with the volatility of t in place of a centred one.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextScores {
    /// 1 if the highest return reaches its threshold and comes within 11 bars, 0.7 within 21, else 0.
    pub take_profit: Vec<f64>,
    /// 1 if the lowest return reaches its threshold and comes within 8 bars, 0.7 within 15, else 0.
    pub stop_loss: Vec<f64>,
    /// Whether holding on paid. From h = 20: 0.5 if the mean return of bars 11 to 20 exceeds that of bars 1 to 10, 1 if
    /// it also exceeds half the take-profit threshold, else 0. Below: 1 if the highest return reaches that threshold.
    pub let_run: Vec<f64>,
    /// 1 if the returns of bars 6 to 10 spread more than 1.8 times as much as those of bars 1 to 5, else 0; from h = 10.
    pub regime_change: Vec<f64>,
}

/// The scores of one bar.
pub(super) struct Context {
    pub(super) take_profit: f64,
    pub(super) stop_loss: f64,
    pub(super) let_run: f64,
    pub(super) regime_change: f64,
    /// Take-profit threshold, as a return.
    pub(super) above: f64,
    /// Stop-loss threshold, as a return.
    pub(super) below: f64,
}

impl Context {
    /// `ahead`: returns from the bar to each later close, at least one.
    pub(super) fn new(ahead: &[f64], volatility: f64) -> Self {
        let margin = MARGIN * volatility.max(LEAST_VOLATILITY);
        let mut sorted = ahead.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        let middle = mean(ahead);
        let above = quantile_sorted(&sorted, TAKE_PROFIT_QUANTILE).max(middle + margin);
        let below = quantile_sorted(&sorted, STOP_LOSS_QUANTILE).min(middle - margin);
        let place = |value: f64| ahead.iter().position(|&r| r == value).unwrap_or(0);
        let soon = |at: usize, by: [usize; 2]| match at {
            at if at <= by[0] => 1.0,
            at if at <= by[1] => LATE,
            _ => 0.0,
        };
        Self {
            take_profit: if high >= above { soon(place(high), TAKE_PROFIT_BY) } else { 0.0 },
            stop_loss: if low <= below { soon(place(low), STOP_LOSS_BY) } else { 0.0 },
            let_run: let_run(ahead, high, above),
            regime_change: regime_change(ahead),
            above,
            below,
        }
    }
}

fn let_run(ahead: &[f64], high: f64, above: f64) -> f64 {
    let Some(far) = ahead.get(STRETCH..2 * STRETCH).map(mean) else { return f64::from(u8::from(high >= above)) };
    match mean(&ahead[..STRETCH]) {
        near if far <= near => 0.0,
        _ if far > above / 2.0 => 1.0,
        _ => 0.5,
    }
}

fn regime_change(ahead: &[f64]) -> f64 {
    let Some(later) = ahead.get(CALM..2 * CALM) else { return f64::NAN };
    f64::from(u8::from(std_population(later) > BREAK * std_population(&ahead[..CALM])))
}
