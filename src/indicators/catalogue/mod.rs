//! One folder per family, one file per indicator. A file and its name in the family's list make an indicator; browser,
//! documentation, tests, parameters, features and units follow from its definition.

use std::sync::OnceLock;

use super::instance::in_mode;
use super::{Definition, Instance, Mode};

/// Declares the indicators of a family: a module each, and the list of their definitions in this order.
macro_rules! family {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        pub(super) static DEFINITIONS: &[&crate::indicators::Definition] = &[$(&$name::DEFINITION),*];
    };
}

mod cycle;
mod momentum;
mod other;
mod regime;
mod trend;
mod volatility;
mod volume;

pub(super) use cycle::smooth_periods;
pub(super) use trend::stops;

/// Every indicator, family by family.
pub fn definitions() -> &'static [&'static Definition] {
    static ALL: OnceLock<Vec<&'static Definition>> = OnceLock::new();
    ALL.get_or_init(|| {
        let families = [
            cycle::DEFINITIONS,
            regime::DEFINITIONS,
            volatility::DEFINITIONS,
            momentum::DEFINITIONS,
            trend::DEFINITIONS,
            volume::DEFINITIONS,
            other::DEFINITIONS,
        ];
        families.into_iter().flatten().copied().collect()
    })
}

/// What is computed when nothing is chosen: every indicator with its default parameters and its other usual ones. In
/// compat mode, those the Python original had.
pub fn catalogue(mode: Mode) -> Vec<Instance> {
    let mut instances = Vec::new();
    for definition in definitions().iter().filter_map(|definition| in_mode(definition, mode)) {
        instances.push(Instance::default_of(definition, mode));
        instances.extend(definition.also.iter().map(|values| Instance::of(definition, values.to_vec(), mode)));
    }
    instances
}

/// The catalogue in standard mode.
pub fn default_catalogue() -> Vec<Instance> {
    catalogue(Mode::Standard)
}

/// Writes the first N lines. Copied from a slice, whose length is known when it runs, they would cost a call.
#[inline(always)]
fn put<const N: usize>(lines: &mut [f64], values: [f64; N]) {
    if let Some(lines) = lines.first_chunk_mut() {
        *lines = values;
    }
}
