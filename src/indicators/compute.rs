use rayon::prelude::*;

use super::{Instance, Line, LineSpec, Lines, Stream};
use crate::market::{Bar, Flow, Series};

/// Grows whenever any line's values change for the same bars and parameters, so that cached captures are recomputed.
pub const CATALOGUE_VERSION: u32 = 3;

/// Every line of `instances` over all bars, in the order of `instances`. Each indicator runs in its own loop, in
/// parallel with the others; the values do not depend on the number of threads.
pub fn compute(instances: &[Instance], series: &Series) -> Lines {
    let mut runner = Runner::new(instances);
    runner.run(series.bars(), &series.flows())
}

/// Indicators that take bars in portions: what they give together is what [`compute`] gives at once, to the last bit.
pub struct Runner<'a> {
    instances: &'a [Instance],
    streams: Vec<Box<dyn Stream>>,
    without: &'a (dyn Fn(&str) -> bool + Sync),
}

impl std::fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("instances", &self.instances.len()).finish()
    }
}

impl<'a> Runner<'a> {
    /// Before the first bar.
    pub fn new(instances: &'a [Instance]) -> Self {
        Self { instances, streams: instances.iter().map(Instance::start).collect(), without: &|_| false }
    }

    /// Leaves out the lines whose names (`id.line`) `without` holds of.
    #[must_use]
    pub fn without(self, without: &'a (dyn Fn(&str) -> bool + Sync)) -> Self {
        Self { without, ..self }
    }

    /// The lines of the next bars; `flows` is as long as `bars` or empty.
    pub fn run(&mut self, bars: &[Bar], flows: &[Flow]) -> Lines {
        let pairs = self.instances.par_iter().zip(&mut self.streams);
        let without = self.without;
        let columns: Vec<Vec<Line>> =
            pairs.map(|(instance, stream)| lines_of(instance, stream.as_mut(), without, bars, flows)).collect();
        Lines { columns: columns.into_iter().flatten().collect() }
    }

    /// The state of every indicator after the bars so far, in the order of the instances.
    pub fn states(&self) -> Vec<Vec<u8>> {
        self.streams.iter().map(|stream| stream.state()).collect()
    }

    /// Goes on from states taken with [`Runner::states`] from the same instances; false if they are not of these.
    pub fn restore(&mut self, states: &[Vec<u8>]) -> bool {
        states.len() == self.streams.len()
            && self.streams.iter_mut().zip(states).all(|(stream, state)| stream.restore(state).is_ok())
    }
}

fn lines_of(
    instance: &Instance,
    stream: &mut dyn Stream,
    without: &dyn Fn(&str) -> bool,
    bars: &[Bar],
    flows: &[Flow],
) -> Vec<Line> {
    let specs = instance.definition().lines;
    let line = |(name, spec): (String, &LineSpec)| {
        let (meaning, unit, internal) = (spec.meaning.clone(), spec.unit, spec.internal);
        (!without(&name)).then(|| Line { name, meaning, unit, internal, values: vec![f64::NAN; bars.len()] })
    };
    let mut lines: Vec<Option<Line>> = instance.line_names().into_iter().zip(specs).map(line).collect();
    let mut columns: Vec<Option<&mut [f64]>> =
        lines.iter_mut().map(|line| line.as_mut().map(|line| line.values.as_mut_slice())).collect();
    stream.run(bars, flows, &mut columns);
    lines.into_iter().flatten().collect()
}

/// Stable text of version, indicators, parameters and formulas: equal keys on equal bars mean equal lines.
pub fn catalogue_key(instances: &[Instance]) -> String {
    let mut key = format!("v{CATALOGUE_VERSION}");
    for instance in instances {
        key.push(';');
        key.push_str(&instance.key());
    }
    key
}
