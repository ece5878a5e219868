//! Are the probabilities true? The calibrator fitted on the calibration slice and the report on a later one.

mod calibrator;
mod report;

pub use calibrator::{Calibrator, Isotonic};
pub(crate) use report::log_loss;
pub use report::{CalibrationReport, CalibrationVerdict, ReliabilityBin};

use thiserror::Error;

/// Why a calibrator or a calibration report could not be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CalibrationError {
    /// The slices differ in length.
    #[error("{forecasts} forecasts came with {labels} labels; pass one label per forecast")]
    Length {
        /// Forecasts given.
        forecasts: usize,
        /// Labels given.
        labels: usize,
    },
    /// A forecast that is not a number, or a probability outside 0..=1.
    #[error("forecast {row} is {value}, which is no valid forecast; leave bars without a prediction out")]
    Forecast {
        /// Place in the slice.
        row: usize,
        /// The forecast.
        value: f64,
    },
    /// Labels of one kind only.
    #[error(
        "all {n} labels of the slice are the same, so calibration cannot be judged; use a longer slice or another label"
    )]
    OneClass {
        /// Labels given.
        n: usize,
    },
}

fn check(forecasts: &[f64], labels: &[bool], valid: impl Fn(f64) -> bool) -> Result<(), CalibrationError> {
    if forecasts.len() != labels.len() {
        return Err(CalibrationError::Length { forecasts: forecasts.len(), labels: labels.len() });
    }
    if let Some(row) = forecasts.iter().position(|f| !valid(*f)) {
        return Err(CalibrationError::Forecast { row, value: forecasts[row] });
    }
    let positives = labels.iter().filter(|l| **l).count();
    if positives == 0 || positives == labels.len() {
        return Err(CalibrationError::OneClass { n: labels.len() });
    }
    Ok(())
}

/// Logistic function.
pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Log odds, with probabilities kept a millionth away from certainty.
pub(crate) fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}
