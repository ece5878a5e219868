use super::LeakKind;
use crate::market::Bar;
use crate::stats::{auc, correlation, std_population};

/// Share of values that must agree with a later one.
pub(super) const SAME_SHARE: f64 = 0.98;
/// Exact copies and means are looked for this many times further ahead than dependence.
const REACH: usize = 4;
/// Correlation from which a column is the outcome itself.
const SAME: f64 = 0.999;
/// AUC, or one minus it, from which two classes are cut out of the outcome by a threshold.
const CUT_OUT: f64 = 0.9995;
/// Rows of each class needed to believe it.
const LEAST_CLASS: usize = 20;

/// A column that is, exactly or nearly, a known function of later bars.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) kind: LeakKind,
    /// What it is, for the sentence.
    pub(super) what: String,
}

/// Looks for numbers of the bars or of other columns that stand too early, for means around the bar, and for outcomes, all
/// within `horizon` bars; exact ones within four times as many.
pub(super) fn recognise(
    bars: &[Bar],
    columns: &[(&str, &[f64])],
    name: &str,
    values: &[f64],
    horizon: usize,
) -> Option<Known> {
    let prices = bar_numbers(bars);
    // The next bar's return is the outcome and is better called so.
    let step = |t: usize| if t == 0 { f64::NAN } else { bars[t].close / bars[t - 1].close - 1.0 };
    let steps = ("one-bar return".to_owned(), (0..bars.len()).map(step).collect());
    let others: Vec<(String, Vec<f64>)> = columns
        .iter()
        .filter(|(other, _)| *other != name)
        .map(|(other, x)| (format!("column {other}"), x.to_vec()))
        .collect();
    let reach = REACH * horizon;
    early(&prices, values, reach)
        .or_else(|| averaged(prices.iter().chain([&steps]).chain(&others), values, reach))
        .or_else(|| outcome(bars, values, horizon))
        .or_else(|| early(&others, values, horizon))
}

/// Looks for prices and volumes that stand too early and for their means around the bar, whatever they foretell.
pub(super) fn recognise_exact(bars: &[Bar], values: &[f64], horizon: usize) -> Option<Known> {
    let reach = REACH * horizon;
    let numbers = bar_numbers(bars);
    early(&numbers, values, reach).or_else(|| averaged(numbers.iter(), values, reach))
}

fn bar_numbers(bars: &[Bar]) -> [(String, Vec<f64>); 4] {
    let number = |name: &str, of: fn(&Bar) -> f64| (name.to_owned(), bars.iter().map(of).collect());
    [number("close", |b| b.close), number("high", |b| b.high), number("low", |b| b.low), number("volume", |b| b.volume)]
}

/// Another column's numbers, of the bar furthest ahead.
fn early(sources: &[(String, Vec<f64>)], values: &[f64], horizon: usize) -> Option<Known> {
    let shifted = sources.iter().flat_map(|(source, x)| (1..=horizon).map(move |by| (source, x, by)));
    let furthest = shifted.filter(|(_, x, by)| stands_early(values, x, *by)).max_by_key(|(_, _, by)| *by);
    furthest.map(|(source, _, by)| Known {
        kind: LeakKind::Shifted { by: -(by as i64) },
        what: format!("it is the {source} of {} later", count(by)),
    })
}

fn averaged<'a>(
    mut sources: impl Iterator<Item = &'a (String, Vec<f64>)>,
    values: &[f64],
    horizon: usize,
) -> Option<Known> {
    sources.find_map(|(source, x)| {
        let window = 2 * centred_half(values, x, horizon)? + 1;
        let what = format!("it is the mean of the {source} over the {window} bars around the bar");
        Some(Known { kind: LeakKind::CentredMean { window }, what })
    })
}

/// Whether x\[t\] is source\[t + by\], judged where the source moves.
fn stands_early(x: &[f64], source: &[f64], by: usize) -> bool {
    let ahead = x.iter().zip(source).zip(source.get(by..).unwrap_or_default());
    let told = ahead.filter(|((v, now), then)| v.is_finite() && then.is_finite() && now != then);
    agrees(told.map(|((v, _), then)| (*v, *then, then.abs())))
}

/// Half the window of the centred mean of `source` that x is.
fn centred_half(x: &[f64], source: &[f64], horizon: usize) -> Option<usize> {
    let mut sums = vec![0.0];
    for v in source {
        sums.push(sums[sums.len() - 1] + if v.is_finite() { *v } else { 0.0 });
    }
    let first = source.iter().position(|v| v.is_finite())?;
    let unit = std_population(&source.iter().copied().filter(|v| v.is_finite()).collect::<Vec<_>>());
    (1..=horizon).find(|half| {
        let rows = first + half..x.len().saturating_sub(*half);
        let mean = |t: usize| (sums[t + half + 1] - sums[t - half]) / (2 * half + 1) as f64;
        agrees(rows.filter(|&t| x[t].is_finite()).map(|t| (x[t], mean(t), unit.min(mean(t).abs().max(1e-3 * unit)))))
    })
}

/// Whether nearly all pairs agree to six digits of their scale. Given up as soon as too many do not.
fn agrees(pairs: impl Iterator<Item = (f64, f64, f64)>) -> bool {
    let (mut told, mut wrong) = (0_usize, 0_usize);
    for (a, b, scale) in pairs {
        told += 1;
        wrong += usize::from((a - b).abs() > 1e-6 * scale);
        if wrong > LEAST_CLASS && wrong as f64 > 4.0 * (1.0 - SAME_SHARE) * told as f64 {
            return false;
        }
    }
    told >= LEAST_CLASS && wrong as f64 <= (1.0 - SAME_SHARE) * told as f64
}

fn outcome(bars: &[Bar], values: &[f64], horizon: usize) -> Option<Known> {
    let n = bars.len();
    let mut best: Option<(f64, Known)> = None;
    for h in 1..=horizon.min(n.saturating_sub(LEAST_CLASS)) {
        let rows: Vec<usize> = (0..n - h).filter(|&t| values[t].is_finite()).collect();
        let mine: Vec<f64> = rows.iter().map(|&t| values[t]).collect();
        let from_close: Vec<f64> = rows.iter().map(|&t| bars[t + h].close / bars[t].close - 1.0).collect();
        let from_open: Vec<f64> = rows.iter().map(|&t| bars[t + h].close / bars[t + 1].open - 1.0).collect();
        let logarithm: Vec<f64> = from_close.iter().map(|r| r.ln_1p()).collect();
        let swing = |t: usize| bars[t..=t + h].windows(2).map(|w| (w[1].close / w[0].close).ln().powi(2)).sum::<f64>();
        let volatility: Vec<f64> = rows.iter().map(|&t| swing(t).sqrt()).collect();
        let mut offer = |agreement: f64, text: &str| {
            if best.as_ref().is_none_or(|(so_far, _)| agreement > *so_far) {
                let what = format!("it is {text} over the {} after the bar", count(h));
                best = Some((agreement, Known { kind: LeakKind::EqualsLabel { horizon: h }, what }));
            }
        };
        let named = [
            (&from_close, "the return"),
            (&from_open, "the return from the next open"),
            (&logarithm, "the log return"),
            (&volatility, "the volatility"),
        ];
        for (label, text) in named {
            let agreement = correlation(&mine, label).abs();
            if agreement >= SAME {
                offer(agreement, text);
            }
        }
        for label in [&from_close, &from_open] {
            let signs: Vec<f64> = label.iter().map(|r| if *r == 0.0 { 0.0 } else { r.signum() }).collect();
            let agreement = correlation(&mine, &signs).abs();
            if agreement >= SAME {
                offer(agreement, "the direction");
            }
            if let Some(classes) = two_classes(&mine) {
                let area = auc(label, &classes);
                if area.max(1.0 - area) >= CUT_OUT {
                    offer(area.max(1.0 - area), "a threshold on the return");
                }
            }
        }
    }
    best.map(|(_, known)| known)
}

/// 0 and 1 for a column of exactly two values, each frequent enough.
fn two_classes(x: &[f64]) -> Option<Vec<f64>> {
    let first = *x.first()?;
    let other = *x.iter().find(|v| **v != first)?;
    let classes: Vec<f64> = x.iter().map(|v| f64::from(u8::from(*v == first.max(other)))).collect();
    let ones = classes.iter().sum::<f64>() as usize;
    let pure = x.iter().all(|v| *v == first || *v == other);
    (pure && ones >= LEAST_CLASS && x.len() - ones >= LEAST_CLASS).then_some(classes)
}

/// The horizon whose return `x` follows best, and that correlation.
pub(super) fn followed(returns: &[f64], x: &[f64], horizon: usize) -> (usize, f64) {
    let mut best = (1, 0.0);
    let mut sums = vec![0.0; returns.len()];
    for h in 1..=horizon.min(returns.len() - 1) {
        let rows = returns.len() - h;
        (0..rows).for_each(|t| sums[t] += returns[t + h]);
        let (mine, theirs): (Vec<f64>, Vec<f64>) =
            (0..rows).filter(|&t| x[t].is_finite()).map(|t| (x[t], sums[t])).unzip();
        if mine.len() > LEAST_CLASS && std_population(&mine) > 0.0 {
            let r = correlation(&mine, &theirs);
            if r.abs() > f64::abs(best.1) {
                best = (h, r);
            }
        }
    }
    best
}

pub(super) fn count(bars: usize) -> String {
    if bars == 1 { "1 bar".to_owned() } else { format!("{bars} bars") }
}
