use super::LeakKind;
use crate::market::Bar;
use crate::stats::{auc, correlation, std_population};

/// Share of values that must agree with a later bar's.
const SAME_SHARE: f64 = 0.98;
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

/// Looks for a bar's own numbers, `1..=horizon` bars early, and for outcomes over as many bars.
pub(super) fn recognise(bars: &[Bar], values: &[f64], horizon: usize) -> Option<Known> {
    bar_value(bars, values, horizon).or_else(|| outcome(bars, values, horizon))
}

fn bar_value(bars: &[Bar], values: &[f64], horizon: usize) -> Option<Known> {
    let numbers: [(&str, fn(&Bar) -> f64); 4] =
        [("close", |b| b.close), ("high", |b| b.high), ("low", |b| b.low), ("volume", |b| b.volume)];
    for (name, number) in numbers {
        for by in 1..=horizon.min(bars.len() - 1) {
            let (mut same, mut told) = (0_usize, 0_usize);
            for (t, value) in values[..bars.len() - by].iter().enumerate().filter(|(_, v)| v.is_finite()) {
                let (then, now) = (number(&bars[t + by]), number(&bars[t]));
                // Where nothing changed, nothing can be told.
                if then != now {
                    told += 1;
                    same += usize::from((value - then).abs() <= 1e-6 * then.abs());
                }
            }
            if told >= LEAST_CLASS && same as f64 >= SAME_SHARE * told as f64 {
                let what = format!("it is the {name} of {} later", count(by));
                return Some(Known { kind: LeakKind::Shifted { by: -(by as i64) }, what });
            }
        }
    }
    None
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
