use rayon::prelude::*;

use super::{Instance, Line, Lines, Stream};
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
}

impl std::fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("instances", &self.instances.len()).finish()
    }
}

impl<'a> Runner<'a> {
    /// Before the first bar.
    pub fn new(instances: &'a [Instance]) -> Self {
        Self { instances, streams: instances.iter().map(Instance::start).collect() }
    }

    /// The lines of the next bars; `flows` is as long as `bars` or empty.
    pub fn run(&mut self, bars: &[Bar], flows: &[Flow]) -> Lines {
        let pairs = self.instances.par_iter().zip(&mut self.streams);
        let columns: Vec<Vec<Line>> =
            pairs.map(|(instance, stream)| lines_of(instance, stream.as_mut(), bars, flows)).collect();
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

fn lines_of(instance: &Instance, stream: &mut dyn Stream, bars: &[Bar], flows: &[Flow]) -> Vec<Line> {
    let specs = instance.definition().lines;
    let mut values: Vec<Vec<f64>> = specs.iter().map(|_| vec![f64::NAN; bars.len()]).collect();
    let mut columns: Vec<Option<&mut [f64]>> = values.iter_mut().map(|column| Some(column.as_mut_slice())).collect();
    stream.run(bars, flows, &mut columns);
    let named = instance.line_names().into_iter().zip(specs).zip(values);
    named
        .map(|((name, spec), values)| Line {
            name,
            meaning: spec.meaning.clone(),
            unit: spec.unit,
            internal: spec.internal,
            values,
        })
        .collect()
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
