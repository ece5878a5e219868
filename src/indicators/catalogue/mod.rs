//! One file per indicator. The list below is the order of the catalogue.

use super::{Definition, Instance};

mod adx;
mod atr;
mod bollinger;
mod cyber_cycle;
mod damiani_volatmeter;
mod hurst_exponent;
mod kama;
mod macd;
mod obv;
mod rsi;
mod rsx;
mod schaff_trend_cycle;
mod squeeze_volatility;
mod supertrend;
mod wavetrend;

static DEFINITIONS: &[&Definition] = &[
    &cyber_cycle::DEFINITION,
    &hurst_exponent::DEFINITION,
    &atr::DEFINITION,
    &damiani_volatmeter::DEFINITION,
    &squeeze_volatility::DEFINITION,
    &bollinger::DEFINITION,
    &rsi::DEFINITION,
    &rsx::DEFINITION,
    &wavetrend::DEFINITION,
    &macd::DEFINITION,
    &kama::DEFINITION,
    &schaff_trend_cycle::DEFINITION,
    &supertrend::DEFINITION,
    &adx::DEFINITION,
    &obv::DEFINITION,
];

/// Every indicator, in catalogue order.
pub fn definitions() -> &'static [&'static Definition] {
    DEFINITIONS
}

/// What is computed when nothing is chosen: every indicator with its default parameters and its other usual ones.
pub fn default_catalogue() -> Vec<Instance> {
    let mut instances = Vec::new();
    for definition in definitions() {
        instances.push(Instance::default_of(definition));
        instances.extend(definition.also.iter().map(|values| Instance::of(definition, values.to_vec())));
    }
    instances
}
