//! Prices torn by a split they are not adjusted for.
//!
//! A split halves the price between one close and the next open and nothing else happens: the ratio is exact, the
//! bar's own range and its turnover (price times volume) are ordinary, and prices stay. A crash has a turnover and a
//! range of its own.

use super::super::finding::{Finding, Severity, counted};
use super::View;
use super::local::median_around;
use crate::market::Bar;

/// New shares for old ones.
const RATIOS: [(u32, u32); 21] = [
    (5, 4),
    (4, 3),
    (3, 2),
    (2, 1),
    (5, 2),
    (3, 1),
    (4, 1),
    (5, 1),
    (6, 1),
    (7, 1),
    (8, 1),
    (9, 1),
    (10, 1),
    (12, 1),
    (15, 1),
    (20, 1),
    (25, 1),
    (30, 1),
    (50, 1),
    (100, 1),
    (1000, 1),
];
/// The least change that is looked at, in logarithms; the smallest split listed makes 0.22.
const LEAST: f64 = 0.18;
/// Smaller tears are as often bad news: 4:3 makes 0.29, 3:2 makes 0.41.
const PLAIN: f64 = 0.35;
/// What opens are allowed to be off the exact ratio: so many of the usual nightly moves, within limits.
const NIGHTS: f64 = 6.0;
const EXACT: (f64, f64) = (0.01, 0.04);
/// A move of fewer usual nights than this needs no split to explain it.
const UNUSUAL: f64 = 6.0;
/// Ordinary is up to so many times the usual range and turnover.
const RANGE: f64 = 2.5;
const TURNOVER: f64 = 3.0;
/// And a range of this share of the tear says nothing of a crash.
const SMALL: f64 = 0.1;
/// Bars on either side that show what is usual, and bars on either side over which prices must stay.
const REACH: usize = 20;
const STAYS: usize = 10;

/// What a tear is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Split,
    /// Near a split's ratio, but not all else agrees.
    Unsure,
}

/// A place that may be a split.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split {
    /// The first bar at the new price.
    pub(super) bar: usize,
    /// New shares for old ones.
    pub(super) ratio: (u32, u32),
    pub(super) verdict: Verdict,
    /// What does not agree.
    pub(super) doubt: &'static str,
}

impl Split {
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.ratio.0, self.ratio.1)
    }
}

pub(super) fn find(view: &View<'_>) -> Vec<Split> {
    let bars = view.bars;
    // Splits come while a market is closed; a market that never closes may have one at any time.
    let opens: Vec<usize> =
        (1..bars.len()).filter(|&i| view.is_daily() || view.is_continuous() || view.after_pause(i)).collect();
    let night = |i: usize| (bars[i].open / bars[i - 1].close).ln();
    if !opens.iter().any(|&i| night(i).abs() >= LEAST) {
        return Vec::new();
    }
    let nights: Vec<f64> = opens.iter().map(|&i| night(i).abs()).collect();
    let ranges: Vec<f64> = opens.iter().map(|&i| (bars[i].high / bars[i].low).ln()).collect();
    let turnovers: Vec<f64> = opens.iter().map(|&i| bars[i].close * bars[i].volume).collect();
    let usual = |values: &[f64], at: usize| median_around(values, at, REACH);
    let told = view.adjusted.filter(|adjusted| adjusted.iter().zip(bars).any(|(a, bar)| *a != bar.close));
    let mut found = Vec::new();
    for (at, &bar) in opens.iter().enumerate().filter(|&(at, _)| nights[at] >= LEAST) {
        let tear = night(bar);
        let Some((ratio, off)) = nearest(tear) else { continue };
        if let Some(adjusted) = told {
            let factor = |i: usize| adjusted[i] / bars[i].close;
            // The adjusted closes know: their factor moves against the price at a split, and does not at a crash.
            if ((factor(bar) / factor(bar - 1)).ln() + tear).abs() < LEAST / 2.0 {
                found.push(Split { bar, ratio, verdict: Verdict::Split, doubt: "" });
            }
            continue;
        }
        // Few nights do not show what is usual.
        let night = if opens.len() < REACH { EXACT.1 / NIGHTS } else { usual(&nights, at).max(0.0025) };
        let level = |bars: &[Bar]| crate::stats::median(&bars.iter().map(|b| b.close).collect::<Vec<_>>());
        let (before, behind) = (&bars[bar.saturating_sub(STAYS)..bar], &bars[bar..(bar + STAYS).min(bars.len())]);
        let near = |level: f64, price: f64| (level / price).ln().abs() < tear.abs() / 3.0;
        let stays = near(level(before), bars[bar - 1].close) && near(level(behind), bars[bar].open);
        if off > (NIGHTS * night).clamp(EXACT.0, EXACT.1) || tear.abs() < UNUSUAL * night || !stays {
            continue;
        }
        let turnover = usual(&turnovers, at);
        let range = (RANGE * usual(&ranges, at)).max(tear.abs() * SMALL);
        let doubt = if tear.abs() < PLAIN {
            "so small a tear cannot be told from a move over night"
        } else if ranges[at] > range {
            "the bar's range is that of a crash or a rally"
        } else if turnover.is_nan() || turnover == 0.0 || turnovers[at] == 0.0 {
            "there is no volume to tell it from a crash or a rally"
        } else if turnovers[at] > TURNOVER * turnover {
            "its turnover is that of a crash or a rally"
        } else {
            ""
        };
        let verdict = if doubt.is_empty() { Verdict::Split } else { Verdict::Unsure };
        found.push(Split { bar, ratio, verdict, doubt });
    }
    found
}

/// The split nearest to a change of price (a logarithm), and how far it is off.
fn nearest(tear: f64) -> Option<((u32, u32), f64)> {
    let both = RATIOS.iter().flat_map(|&(new, old)| [(new, old), (old, new)]);
    let off = |(new, old): (u32, u32)| (tear + (f64::from(new) / f64::from(old)).ln()).abs();
    both.map(|ratio| (ratio, off(ratio))).min_by(|a, b| a.1.total_cmp(&b.1))
}

pub(super) fn finding(view: &View<'_>, splits: &[Split]) -> Option<Finding> {
    let sure: Vec<&Split> = splits.iter().filter(|split| split.verdict == Verdict::Split).collect();
    if sure.is_empty() {
        return None;
    }
    let each =
        sure.iter().take(5).map(|s| format!("{} at {}", s.name(), super::super::time_text(view.timestamps[s.bar])));
    let sentence = format!(
        "prices look torn by {} they are not adjusted for: {}",
        counted(sure.len(), "split"),
        each.collect::<Vec<_>>().join(", ")
    );
    let action = "training is refused until the prices are adjusted (a file with adj_close is adjusted when it is imported) \
                  or the finding is accepted with data.accept = [\"split\"]";
    let places = view.places(sure.iter().map(|split| split.bar));
    Some(Finding::in_series("split", Severity::Blocking, sure.len(), places, (sentence, action)))
}
