//! What is put right in whole rows before they are bars: clocks, scale, adjusted prices, swapped volumes.

use super::super::finding::{Finding, NAMED, Severity, counted};
use super::super::time_text;
use super::rows::Rows;
use super::volumes::fits;
use super::zone::Zone;
use super::{Care, PriceScale, ReadOptions};
use crate::market::Extra;

const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;
/// Adjusted closes move against closes in steps: dividends and splits. With more steps than this share they are none.
const MOST_STEPS: f64 = 0.1;
/// Share of the rows that must tell base from quote volume before any is swapped.
const TELLING: f64 = 0.9;

/// And so many rows must be wrong: fewer may be chance.
const LEAST_SWAPPED: usize = 5;

/// What became of adjusted closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adjustment {
    /// There are none, or they equal the closes.
    None,
    Applied,
    Refused,
}

/// Turns clock times into UTC.
pub(super) fn clocks(rows: &mut Rows, zone: Zone, findings: &mut Vec<Finding>) {
    let naive = rows.naive == rows.len();
    if naive && zone != Zone::Utc {
        let skipped = zone.to_utc(&mut rows.time);
        if skipped > 0 {
            let sentence = format!(
                "{} fell into an hour that {zone} skips in spring: is it the right zone?",
                counted(skipped, "time")
            );
            findings.push(Finding::new("skipped_hour", Severity::Warning, skipped, sentence));
        }
    } else if zone != Zone::Utc {
        let sentence = format!("the times name their own zone, so --timezone {zone} does nothing");
        findings.push(Finding::new("timezone", Severity::Note, rows.len() - rows.naive, sentence));
    }
    midnights(rows, findings);
}

/// Days that begin at midnight of some place are dates: kept as such, not as 04:00 and 05:00 UTC.
fn midnights(rows: &mut Rows, findings: &mut Vec<Finding>) {
    let Some(offsets) = &rows.offsets else { return };
    let wall = |(time, offset): (&i64, &i16)| time + i64::from(*offset) * MINUTE;
    let local = rows.time.len() == offsets.len()
        && offsets.iter().any(|&offset| offset != 0)
        && rows.time.iter().zip(offsets).map(wall).all(|time| time.rem_euclid(DAY) == 0);
    if !local || rows.len() < 2 {
        return;
    }
    rows.time = rows.time.iter().zip(offsets).map(wall).collect();
    let sentence = "every time is midnight of its own zone: they were taken as dates";
    findings.push(Finding::new("dates", Severity::Note, rows.len(), sentence));
}

/// Multiplies prices and adjusted closes.
pub(super) fn scale(rows: &mut Rows, scale: PriceScale, findings: &mut Vec<Finding>) {
    let adjusted = rows.extras.iter_mut().filter(|(extra, _)| *extra == Extra::AdjClose).map(|(_, values)| values);
    for values in rows.prices[..4].iter_mut().chain(adjusted) {
        for price in values {
            *price = scale.apply(*price);
        }
    }
    let sentence = format!("prices were multiplied by {}", scale.factor());
    findings.push(Finding::new("scaled", Severity::Note, rows.len(), sentence));
}

/// Multiplies prices by adjusted close over close, so that splits and dividends do not read as crashes.
pub(super) fn adjust(rows: &mut Rows, refused: bool, findings: &mut Vec<Finding>) -> Adjustment {
    let Some((_, adjusted)) = rows.extras.iter_mut().find(|(extra, _)| *extra == Extra::AdjClose) else {
        return Adjustment::None;
    };
    let close = &rows.prices[3];
    let differs: usize = adjusted.iter().zip(close).filter(|(adjusted, close)| adjusted != close).count();
    if differs == 0 {
        return Adjustment::None;
    }
    if refused {
        let sentence = "prices are kept as traded although adj_close differs from close: splits will read as crashes";
        findings.push(Finding::new("unadjusted", Severity::Warning, differs, sentence));
        return Adjustment::Refused;
    }
    let ratios: Vec<f64> = adjusted.iter().zip(close).map(|(adjusted, close)| adjusted / close).collect();
    let missing = ratios.iter().filter(|ratio| !(**ratio > 0.0 && ratio.is_finite())).count();
    let steps = ratios.windows(2).filter(|pair| (pair[1] / pair[0]).ln().abs() > 0.01).count();
    if missing > 0 {
        let sentence = format!(
            "prices were not adjusted: adj_close is missing in {}; complete it, or leave it out with --map adj_close=none",
            counted(missing, "row")
        );
        findings.push(Finding::new("unadjusted", Severity::Warning, missing, sentence));
        return Adjustment::None;
    }
    if steps as f64 > MOST_STEPS * ratios.len() as f64 && ratios.len() > 20 {
        let sentence =
            "prices were not adjusted: adj_close does not follow close in steps, as dividends and splits make it";
        findings.push(Finding::new("unadjusted", Severity::Warning, steps, sentence));
        return Adjustment::None;
    }
    for values in &mut rows.prices[..4] {
        values.iter_mut().zip(&ratios).for_each(|(price, ratio)| *price *= ratio);
    }
    // The same bits: what is adjusted is not adjusted again.
    adjusted.clone_from(&rows.prices[3]);
    let (least, most) = ratios.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), r| (a.min(*r), b.max(*r)));
    let sentence = format!(
        "prices of {} were adjusted for splits and dividends by adj_close / close ({least:.4} to {most:.4}); \
         volume is as in the file; --no-adjust keeps prices as traded",
        counted(differs, "row")
    );
    findings.push(Finding::new("adjusted", Severity::Note, differs, sentence));
    Adjustment::Applied
}

/// Puts base and quote volume back where a stretch of rows has them the other way round.
pub(super) fn volumes(rows: &mut Rows, repair: bool, findings: &mut Vec<Finding>) {
    let Some((_, quote)) = rows.extras.iter_mut().find(|(extra, _)| *extra == Extra::QuoteVolume) else { return };
    let [_, _, _, close, base] = &mut rows.prices;
    let mut right = 0;
    let mut wrong = Vec::new();
    let mut silent = 0;
    for row in 0..close.len() {
        let (b, q, c) = (base[row], quote[row], close[row]);
        let known = b > 0.0 && q > 0.0 && c > 0.0 && c.ln().abs() > 0.5;
        match known {
            false => silent += 1,
            true if fits(b, q, c) || fits(b * 100.0, q, c) => right += 1,
            true if fits(q, b, c) => wrong.push(row),
            true => {}
        }
    }
    let telling = close.len() - silent;
    if wrong.len() < LEAST_SWAPPED || ((right + wrong.len()) as f64) < TELLING * telling as f64 {
        return;
    }
    let runs = wrong.iter().enumerate().filter(|(i, row)| *i == 0 || wrong[i - 1] + 1 != **row);
    let first: Vec<String> = runs.map(|(_, &row)| format!("from {}", time_text(rows.time[row]))).take(NAMED).collect();
    let done = if repair {
        for &row in &wrong {
            std::mem::swap(&mut base[row], &mut quote[row]);
        }
        "they were swapped back"
    } else {
        "`glassbox data import` swaps them back"
    };
    let sentence = format!(
        "volume and quote volume of {} stand in each other's column, as the price shows; {done}",
        counted(wrong.len(), "row")
    );
    findings.push(Finding::new("swapped_volumes", Severity::Warning, wrong.len(), sentence).at(first.into_iter()));
}

/// Everything that options ask for, in order.
pub(super) fn all(
    rows: &mut Rows,
    options: &ReadOptions,
    refused: bool,
    care: Care,
    findings: &mut Vec<Finding>,
) -> Adjustment {
    clocks(rows, options.timezone.unwrap_or_default(), findings);
    if let Some(factor) = options.price_scale {
        scale(rows, factor, findings);
    }
    let adjustment = adjust(rows, refused, findings);
    volumes(rows, care != Care::Strict, findings);
    adjustment
}
