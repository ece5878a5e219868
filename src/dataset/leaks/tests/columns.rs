//! Columns that know nothing of the future, computed from the bars or drawn.

use super::{Bar, Noise};

pub(super) fn returns(bars: &[Bar]) -> Vec<f64> {
    let step = |t: usize| if t == 0 { f64::NAN } else { (bars[t].close / bars[t - 1].close).ln() };
    (0..bars.len()).map(step).collect()
}

pub(super) fn closes(bars: &[Bar]) -> Vec<f64> {
    bars.iter().map(|b| b.close).collect()
}

/// `x[t + by]` at t; NaN past the ends.
pub(super) fn moved(x: &[f64], by: i64) -> Vec<f64> {
    let at = |t: usize| usize::try_from(t as i64 + by).ok().and_then(|s| x.get(s)).copied().unwrap_or(f64::NAN);
    (0..x.len()).map(at).collect()
}

/// A function of the `span` values up to t.
pub(super) fn rolling(x: &[f64], span: usize, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    (0..x.len()).map(|t| if t + 1 < span { f64::NAN } else { f(&x[t + 1 - span..=t]) }).collect()
}

pub(super) fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn deviation(x: &[f64]) -> f64 {
    let m = mean(x);
    (x.iter().map(|v| (v - m).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
}

fn smoothed(x: &[f64], weight: f64) -> Vec<f64> {
    let mut state = f64::NAN;
    x.iter()
        .map(|&v| {
            if !v.is_nan() {
                state = if state.is_nan() { v } else { state + weight * (v - state) };
            }
            state
        })
        .collect()
}

pub(super) fn rsi(bars: &[Bar]) -> Vec<f64> {
    let steps = returns(bars);
    let gain = smoothed(&steps.iter().map(|r| r.max(0.0)).collect::<Vec<_>>(), 1.0 / 14.0);
    let loss = smoothed(&steps.iter().map(|r| (-r).max(0.0)).collect::<Vec<_>>(), 1.0 / 14.0);
    (0..bars.len()).map(|t| if t < 14 { f64::NAN } else { 100.0 * gain[t] / (gain[t] + loss[t]) }).collect()
}

pub(super) fn average_range(bars: &[Bar]) -> Vec<f64> {
    smoothed(&bars.iter().map(|b| b.high - b.low).collect::<Vec<_>>(), 1.0 / 14.0)
}

/// Twenty-four honest columns.
pub(super) fn honest(bars: &[Bar], seed: u64) -> Vec<(String, Vec<f64>)> {
    let n = bars.len();
    let mut noise = Noise::new(seed ^ 0x5eed);
    let (close, steps) = (closes(bars), returns(bars));
    let volume: Vec<f64> = bars.iter().map(|b| b.volume).collect();
    let zip = |a: &[f64], b: &[f64], f: fn(f64, f64) -> f64| -> Vec<f64> {
        a.iter().zip(b).map(|(x, y)| f(*x, *y)).collect()
    };
    let rsi = rsi(bars);
    let last = |w: &[f64]| w[w.len() - 1];
    let mut flow = 0.0;
    let on_balance: Vec<f64> = (0..n)
        .map(|t| {
            flow += if t == 0 { 0.0 } else { steps[t].signum() * volume[t] };
            flow
        })
        .collect();
    let autoregressive = |noise: &mut Noise, weight: f64| {
        let mut state = 0.0;
        (0..n)
            .map(|_| {
                state = weight * state + noise.next();
                state
            })
            .collect::<Vec<f64>>()
    };
    let other_coin: Vec<f64> = {
        let mut level = 5.0;
        let scale = deviation(&steps[1..]);
        (0..n)
            .map(|t| {
                level += if t == 0 { 0.0 } else { 0.8 * steps[t] + 0.6 * scale * noise.next() };
                level.exp()
            })
            .collect()
    };
    let place = |w: &[f64]| w.iter().filter(|v| **v <= w[w.len() - 1]).count() as f64 / w.len() as f64;
    let stochastic = |t: usize| {
        let window = &bars[(t + 1).saturating_sub(14)..=t];
        let high = window.iter().map(|b| b.high).fold(f64::MIN, f64::max);
        let low = window.iter().map(|b| b.low).fold(f64::MAX, f64::min);
        (bars[t].close - low) / (high - low)
    };
    let expanding = |t: usize| {
        let seen = &rsi[14.min(t)..=t];
        if t < 60 { f64::NAN } else { (rsi[t] - mean(seen)) / deviation(seen) }
    };
    let named: Vec<(&str, Vec<f64>)> = vec![
        ("close", close.clone()),
        ("sma_20", rolling(&close, 20, mean)),
        ("ema_50_ratio", zip(&smoothed(&close, 2.0 / 51.0), &close, |m, c| m / c - 1.0)),
        ("rsi_14", rsi.clone()),
        ("return_1", steps.clone()),
        ("momentum_5", zip(&close, &moved(&close, -5), |a, b| a / b - 1.0)),
        ("momentum_20", zip(&close, &moved(&close, -20), |a, b| a - b)),
        ("atr_14", average_range(bars)),
        (
            "volatility",
            smoothed(&steps.iter().map(|r| r * r).collect::<Vec<_>>(), 0.06).iter().map(|v| v.sqrt()).collect(),
        ),
        ("volume", volume.clone()),
        ("volume_ratio", zip(&volume, &rolling(&volume, 20, mean), |v, m| (v / m).ln())),
        ("on_balance_volume", on_balance),
        ("bollinger_z", rolling(&close, 20, |w| (last(w) - mean(w)) / deviation(w))),
        ("stochastic_14", (0..n).map(stochastic).collect()),
        ("macd", zip(&smoothed(&close, 2.0 / 13.0), &smoothed(&close, 2.0 / 27.0), |a, b| a - b)),
        ("hour_sine", (0..n).map(|t| (std::f64::consts::TAU * (t % 6) as f64 / 6.0).sin()).collect()),
        ("hour", (0..n).map(|t| ((t % 6) * 4) as f64).collect()),
        ("weekday", (0..n).map(|t| ((t / 6) % 7) as f64).collect()),
        ("autoregressive", autoregressive(&mut noise, 0.9)),
        ("white", noise.many(n)),
        ("random_walk", autoregressive(&mut noise, 1.0)),
        ("other_coin", other_coin),
        ("oversold", rsi.iter().map(|v| if v.is_nan() { f64::NAN } else { f64::from(u8::from(*v < 40.0)) }).collect()),
        ("percent_rank_50", rolling(&close, 50, place)),
        ("return_lagged_3", moved(&steps, -3)),
        ("rsi_expanding_z", (0..n).map(expanding).collect()),
    ];
    named.into_iter().map(|(name, x)| (name.to_owned(), x)).collect()
}
