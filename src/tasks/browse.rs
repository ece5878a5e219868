use anyhow::Result;

use super::collect::Collected;
use super::event::Job;
use crate::indicators::{Instance, Line, Lines, Mode, Runner};

/// Bars computed between two looks at the cancel token.
const PORTION: usize = 65_536;
/// Columns of a sparkline.
pub const SPARK: usize = 72;

/// A line at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct LineLook {
    /// Share of bars without a value.
    pub missing: f64,
    /// Least value; infinite without any.
    pub least: f64,
    /// Largest value; minus infinity without any.
    pub largest: f64,
    /// (least, largest) per column as shares of the whole range; none where all is missing.
    pub spark: Vec<Option<(f32, f32)>>,
}

impl LineLook {
    /// Of one value per bar.
    pub fn new(values: &[f64]) -> Self {
        let known = || values.iter().copied().filter(|v| v.is_finite());
        let least = known().fold(f64::INFINITY, f64::min);
        let largest = known().fold(f64::NEG_INFINITY, f64::max);
        let span = if largest > least { largest - least } else { 1.0 };
        let spark = values
            .chunks(values.len().div_ceil(SPARK).max(1))
            .map(|block| {
                let known = || block.iter().copied().filter(|v| v.is_finite());
                let (lo, hi) = (known().reduce(f64::min)?, known().reduce(f64::max)?);
                Some((((lo - least) / span) as f32, ((hi - least) / span) as f32))
            })
            .collect();
        let missing = (values.len() - known().count()) as f64 / values.len().max(1) as f64;
        Self { missing, least, largest, spark }
    }
}

/// All lines of one indicator over the bars that are looked at.
#[derive(Debug, Clone)]
pub struct InstanceLines {
    /// The lines in declared order; empty when the capture has them.
    pub lines: Lines,
    /// One look per declared line.
    pub looks: Vec<LineLook>,
}

/// True if the capture holds the lines of `instance`: it is a member of the catalogue or a formula of the run.
pub fn is_captured(collected: &Collected, instance: &Instance) -> bool {
    let same = |hash: &str| collected.library.formulas().iter().any(|formula| formula.hash() == hash);
    instance.mode() == Mode::Standard
        && instance.formula().is_none_or(|formula| same(formula.hash()))
        && instance.line_names().first().is_some_and(|name| collected.lines.get(name).is_some())
}

/// Lines of `instance` over all bars, a portion at a time so that it can be cancelled, with a look at each.
pub fn instance_lines(collected: &Collected, instance: &Instance, job: &Job) -> Result<InstanceLines> {
    if is_captured(collected, instance) {
        let look = |name: &String| {
            collected.lines.get(name).map_or_else(|| LineLook::new(&[]), |line| LineLook::new(&line.values))
        };
        return Ok(InstanceLines { lines: Lines::default(), looks: instance.line_names().iter().map(look).collect() });
    }
    let (bars, flows) = (collected.series.bars(), collected.series.flows());
    let one = std::slice::from_ref(instance);
    let mut runner = Runner::new(one);
    let mut lines = runner.run(&[], &[]);
    lines.columns.iter_mut().for_each(|line| line.values.reserve_exact(bars.len()));
    for from in (0..bars.len()).step_by(PORTION) {
        job.check()?;
        job.progress(from as u64, bars.len() as u64, "computing indicators");
        let to = bars.len().min(from + PORTION);
        let portion = runner.run(&bars[from..to], flows.get(from..to).unwrap_or(&[]));
        for (line, part) in lines.columns.iter_mut().zip(&portion.columns) {
            line.values.extend_from_slice(&part.values);
        }
    }
    job.check()?;
    let looks = lines.columns.iter().map(|line: &Line| LineLook::new(&line.values)).collect();
    Ok(InstanceLines { lines, looks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_keep_spikes_and_count_the_missing() {
        let mut values = vec![1.0; 720];
        values[0] = f64::NAN;
        values[355] = 9.0;
        values[700..].fill(f64::NAN);
        let look = LineLook::new(&values);
        assert_eq!((look.missing, look.least, look.largest), (21.0 / 720.0, 1.0, 9.0));
        assert_eq!(look.spark.len(), SPARK);
        assert_eq!((look.spark[0], look.spark[35], look.spark[71]), (Some((0.0, 0.0)), Some((0.0, 1.0)), None));
        assert_eq!(LineLook::new(&[]).spark, []);
        assert!(LineLook::new(&[f64::NAN]).least.is_infinite());
    }
}
