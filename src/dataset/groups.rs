use std::f64::consts::TAU;

use rustfft::num_complex::Complex;

use crate::config::FeatureGroup::{self, Calendar, Hurst, Pairs, Returns, Spectral, Squeeze, Volatility};
use crate::indicators::{Kind, Line, Lines};
use crate::market::Bar;
use crate::stats::{correlation, mean, std_population};

use super::columns::Column;
use super::labels::ewma_volatility;
use super::scales::{ATR_PERIOD, Scales};
use super::stationary::stationary;
use super::window_stats::FLAT;

/// Bars of the pair and volatility windows.
pub(super) const PAIR_BARS: usize = 20;
/// Log differences under the Fourier transform.
pub(super) const SPECTRAL_BARS: usize = 64;
/// Horizons of the log returns.
pub(super) const RETURN_BARS: [usize; 7] = [1, 2, 3, 5, 10, 20, 50];
const SQUEEZE_CAP: usize = 10;
const SQUEEZE_LONG: usize = 3;
const DAY_MS: i64 = 86_400_000;

/// The lines that are paired: indicator, and the names its main line goes by.
const PAIRED: [(&str, &[&str]); 5] = [
    ("rsx", &["rsx"]),
    ("schaff_trend_cycle", &["schaff", "stc"]),
    ("wavetrend", &["wt1"]),
    HURST,
    ("damiani_volatmeter", &["vol", "v"]),
];
const HURST: (&str, &[&str]) = ("hurst_exponent", &["hurst"]);

/// The columns of one group other than lines, changes and windows, which follow each line.
pub(super) fn columns(group: FeatureGroup, bars: &[Bar], lines: &Lines, scales: &Scales) -> Vec<Column> {
    match group {
        FeatureGroup::Lines | FeatureGroup::Changes | FeatureGroup::Windows => Vec::new(),
        Pairs => pairs(lines, scales),
        Spectral => spectral(&scales.close),
        Hurst => hurst(lines),
        Volatility => volatility(scales),
        Squeeze => squeeze(lines),
        Returns => returns(&scales.close),
        Calendar => calendar(bars),
    }
}

/// The main line of the first instance of an indicator: one of `names`, else its first usual output.
fn main_line<'a>(lines: &'a Lines, (id, names): (&str, &[&str])) -> Option<&'a Line> {
    let instance = lines.columns.iter().filter_map(|line| {
        let (found, name) = line.name.split_once('.')?;
        let rest = found.strip_prefix(id)?;
        (rest.is_empty() || rest.starts_with('_')).then_some((name, line))
    });
    let named = instance.clone().find(|(name, _)| names.iter().any(|n| n.eq_ignore_ascii_case(name)));
    named.or_else(|| instance.clone().find(|(_, line)| !line.internal)).map(|(_, line)| line)
}

/// Correlation and ratio of the values as they are, spread of the stationary columns, which share a scale.
fn pairs(lines: &Lines, scales: &Scales) -> Vec<Column> {
    let found: Vec<(&Line, usize, Vec<f64>)> = PAIRED
        .iter()
        .filter_map(|&wanted| main_line(lines, wanted))
        .filter(|line| line.unit.price == 0 && line.unit.volume == 0)
        .filter_map(|line| {
            let column = stationary(line).into_iter().next()?;
            let mut values = Vec::new();
            column.values(&line.values, scales, 0..line.values.len(), &mut values);
            Some((line, column.warm_up, values))
        })
        .collect();
    let mut out = Vec::new();
    for (i, (a, a_begins, a_stationary)) in found.iter().enumerate() {
        for (b, b_begins, b_stationary) in &found[i + 1..] {
            let name = format!("{}~{}", a.name, b.name);
            let (x, y) = (&a.values, &b.values);
            let begins = *a_begins.max(b_begins);
            let mut column = |part: &str, texts: [&str; 2], warm_up: usize, values: Vec<f64>| {
                out.push(Column::new(Pairs, Some(&a.name), format!("{name}.{part}"), texts, warm_up, values));
            };
            let correlations =
                trailing(x.len(), PAIR_BARS, |rows| varying_correlation(&x[rows.clone()], &y[rows])).collect();
            let texts = ["Pearson correlation of a and b over 20 bars", "-1 to 1"];
            column("correlation", texts, begins + PAIR_BARS - 1, correlations);
            let ratio = |(p, q): (&f64, &f64)| if q.abs() <= 1e-10 { f64::NAN } else { (p / q).clamp(-100.0, 100.0) };
            column("ratio", ["a / b within +-100", "ratio"], begins, x.iter().zip(y).map(ratio).collect());
            let spread = a_stationary.iter().zip(b_stationary).map(|(p, q)| p - q).collect();
            column("spread", ["stationary a - stationary b", "difference of ratios"], begins, spread);
        }
    }
    out
}

/// Missing also where a side is flat but for rounding.
fn varying_correlation(x: &[f64], y: &[f64]) -> f64 {
    let flat = std_population(x) <= FLAT || std_population(y) <= FLAT;
    if flat { f64::NAN } else { correlation(x, y).clamp(-1.0, 1.0) }
}

/// `f` of the rows `t + 1 - w..=t` for every t, NaN before the first full window.
fn trailing(n: usize, w: usize, mut f: impl FnMut(std::ops::Range<usize>) -> f64) -> impl Iterator<Item = f64> {
    (0..n).map(move |t| if t + 1 < w { f64::NAN } else { f(t + 1 - w..t + 1) })
}

/// Period of the strongest of the frequencies k / 64, k = 1..=32, and Shannon entropy of their powers over ln 32.
fn spectral(close: &[f64]) -> Vec<Column> {
    let steps = log_returns(close, 1);
    let transform = rustfft::FftPlanner::new().plan_fft_forward(SPECTRAL_BARS);
    let mut buffer = vec![Complex::default(); SPECTRAL_BARS];
    let mut scratch = vec![Complex::default(); transform.get_inplace_scratch_len()];
    let mut periods = Vec::with_capacity(close.len());
    let entropies: Vec<f64> = trailing(close.len(), SPECTRAL_BARS, |rows| {
        let centre = mean(&steps[rows.clone()]);
        for (cell, &step) in buffer.iter_mut().zip(&steps[rows]) {
            *cell = Complex::new(step - centre, 0.0);
        }
        transform.process_with_scratch(&mut buffer, &mut scratch);
        let powers = &buffer[1..=SPECTRAL_BARS / 2];
        let total: f64 = powers.iter().map(|p| p.norm_sqr()).sum();
        // A flat or straight series leaves rounding noise only.
        if total.is_nan() || total <= 1e-24 {
            periods.push(f64::NAN);
            return f64::NAN;
        }
        let (mut best, mut entropy) = (0, 0.0);
        for (i, power) in powers.iter().map(|p| p.norm_sqr()).enumerate() {
            if power > powers[best].norm_sqr() {
                best = i;
            }
            let share = power / total;
            if share > 0.0 {
                entropy -= share * share.ln();
            }
        }
        periods.push((1.0 + SPECTRAL_BARS as f64 / (best + 1) as f64).ln());
        entropy / (powers.len() as f64).ln()
    })
    .collect();
    let warmup = close.len().min(SPECTRAL_BARS - 1);
    periods.splice(0..0, std::iter::repeat_n(f64::NAN, warmup));
    let column = |part: &str, texts: [&str; 2], values: Vec<f64>| {
        Column::new(Spectral, None, format!("spectral.{part}"), texts, SPECTRAL_BARS, values)
    };
    vec![
        column("period", ["ln(1 + dominant period) of 64 log differences", "log bars"], periods),
        column("entropy", ["spectral entropy of 64 log differences, 0 to 1", "0 to 1"], entropies),
    ]
}

/// The exponent itself is a line.
fn hurst(lines: &Lines) -> Vec<Column> {
    let Some(line) = main_line(lines, HURST) else { return Vec::new() };
    let begins = begins(&line.values);
    let column = |part: &str, texts: [&str; 2], f: fn(f64) -> f64| {
        let values = line.values.iter().map(|&h| if h.is_nan() { h } else { f(h) });
        Column::new(Hurst, Some(&line.name), format!("{}.{part}", line.name), texts, begins, values)
    };
    vec![
        column("trending", ["1 if H > 0.55", "flag"], |h| f64::from(u8::from(h > 0.55))),
        column("reverting", ["1 if H < 0.45", "flag"], |h| f64::from(u8::from(h < 0.45))),
        column("distance", ["|H - 0.5|", "Hurst exponent"], |h| (h - 0.5).abs()),
    ]
}

/// The first bar with a value; the number of bars if there is none.
fn begins(values: &[f64]) -> usize {
    values.iter().position(|x| x.is_finite()).unwrap_or(values.len())
}

fn volatility(scales: &Scales) -> Vec<Column> {
    let atr = &scales.atr;
    let column = |part: &str, texts: [&str; 2], bars: usize, values: Vec<f64>| {
        Column::new(Volatility, None, format!("volatility.{part}"), texts, ATR_PERIOD + bars - 1, values)
    };
    let level = atr.iter().zip(&scales.close).map(|(a, c)| a / c).collect();
    let relative = trailing(atr.len(), PAIR_BARS, |rows| atr[rows.end - 1] / mean(&atr[rows])).collect();
    let varying =
        trailing(atr.len(), PAIR_BARS, |rows| std_population(&atr[rows.clone()]) / mean(&atr[rows])).collect();
    vec![
        column("level", ["ATR(14) / close", "share of the close"], 1, level),
        column("relative", ["ATR(14) / its mean over 20 bars", "ratio"], PAIR_BARS, relative),
        column("varying", ["std / mean of ATR(14) over 20 bars", "ratio"], PAIR_BARS, varying),
    ]
}

/// One pair of columns per flag line called `squeeze_on`.
fn squeeze(lines: &Lines) -> Vec<Column> {
    let flags = lines.columns.iter().filter(|line| line.unit.kind == Kind::Flag && line.name.ends_with(".squeeze_on"));
    flags
        .flat_map(|line| {
            let x = &line.values;
            let run = |t: usize| x[..=t].iter().rev().take(SQUEEZE_CAP).take_while(|&&on| on == 1.0).count();
            let column = |part: &str, texts: [&str; 2], f: fn(usize) -> f64| {
                let values = (0..x.len()).map(|t| if x[t].is_nan() { f64::NAN } else { f(run(t)) });
                Column::new(Squeeze, Some(&line.name), format!("{}.{part}", line.name), texts, begins(x), values)
            };
            let share = |n: usize| n as f64 / SQUEEZE_CAP as f64;
            [
                column("run", ["bars in a row with the squeeze on / 10, at most 1", "0 to 1"], share),
                column("long", ["1 from the 3rd bar of a squeeze on", "flag"], |n| {
                    f64::from(u8::from(n >= SQUEEZE_LONG))
                }),
            ]
        })
        .collect()
}

fn log_returns(close: &[f64], w: usize) -> Vec<f64> {
    (0..close.len()).map(|t| if t < w { f64::NAN } else { (close[t] / close[t - w]).ln() }).collect()
}

fn returns(close: &[f64]) -> Vec<Column> {
    let sigma = ewma_volatility(close);
    let sigma_begins = begins(&sigma);
    RETURN_BARS
        .iter()
        .map(|&w| {
            let scale = (w as f64).sqrt();
            let steps = log_returns(close, w);
            let values = steps.iter().zip(&sigma).map(|(r, s)| r / (s * scale));
            let formula = format!("ln(close / close[-{w}]) / (EWMA(0.94) volatility sqrt({w}))");
            let texts = [formula.as_str(), "sqrt-horizon sigmas"];
            Column::new(Returns, None, format!("return_{w}"), texts, w.max(sigma_begins), values)
        })
        .collect()
}

/// Of the open time, UTC.
fn calendar(bars: &[Bar]) -> Vec<Column> {
    let day = |t: i64| t.rem_euclid(DAY_MS) as f64 / DAY_MS as f64;
    // The epoch was a Thursday; 0 is Monday.
    let week = |t: i64| (t.div_euclid(DAY_MS) + 3).rem_euclid(7) as f64 / 7.0;
    let column = |name: &str, formula: &str, f: &dyn Fn(i64) -> f64| {
        Column::new(Calendar, None, name, [formula, "-1 to 1"], 0, bars.iter().map(|b| f(b.timestamp)))
    };
    vec![
        column("hour.sin", "sin(2 pi time of day)", &|t| (TAU * day(t)).sin()),
        column("hour.cos", "cos(2 pi time of day)", &|t| (TAU * day(t)).cos()),
        column("weekday.sin", "sin(2 pi weekday / 7)", &|t| (TAU * week(t)).sin()),
        column("weekday.cos", "cos(2 pi weekday / 7)", &|t| (TAU * week(t)).cos()),
    ]
}
