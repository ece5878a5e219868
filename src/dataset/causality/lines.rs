use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use super::scene::{Tail, other_bars};
use super::{CausalVerdict, ColumnCausality, ColumnKind, LeakCause, same};
use crate::indicators::{Instance, Line, Lines, Runner};
use crate::market::Series;

/// Bars replayed at once, so that little memory is taken.
const PORTION: usize = 4096;

/// Runs indicators over bars once more and compares with what was stored, portion by portion.
pub struct LineReplay<'a> {
    instances: &'a [Instance],
    runner: Runner<'a>,
    series: &'a Series,
    cuts: Vec<usize>,
    seed: u64,
    tails: bool,
    /// Bars replayed so far.
    done: usize,
    columns: Vec<Progress>,
    found: Vec<Tail>,
}

impl std::fmt::Debug for LineReplay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineReplay").field("done", &self.done).finish_non_exhaustive()
    }
}

/// One line so far.
struct Progress {
    name: String,
    kind: ColumnKind,
    first: Option<usize>,
    infinite: Option<usize>,
    differs: Option<usize>,
    /// Replayed values from `differs` on.
    replayed: Vec<f64>,
}

/// What a replay of lines found.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// One verdict per line, in the indicators' order.
    pub columns: Vec<ColumnCausality>,
    /// Of lines stored otherwise, the first bar and the replayed values from there on.
    pub corrected: BTreeMap<String, (usize, Vec<f64>)>,
    /// Other bars behind each cut, where asked for.
    pub tails: Vec<Tail>,
}

impl<'a> LineReplay<'a> {
    /// Before the first bar of `series`; portions end at `cuts` (ascending). `tails` asks for other bars behind each.
    pub fn new(instances: &'a [Instance], series: &'a Series, cuts: &[usize], seed: u64, tails: bool) -> Self {
        let columns = instances
            .iter()
            .flat_map(|instance| {
                let kind = if instance.formula().is_some() { ColumnKind::Formula } else { ColumnKind::Line };
                instance.line_names().into_iter().map(move |name| (name, kind))
            })
            .map(|(name, kind)| Progress {
                name,
                kind,
                first: None,
                infinite: None,
                differs: None,
                replayed: Vec::new(),
            })
            .collect();
        let runner = Runner::new(instances);
        let cuts = cuts.to_vec();
        Self { instances, runner, series, cuts, seed, tails, done: 0, columns, found: Vec::new() }
    }

    /// Replays all bars against `stored`, whose values come in the indicators' order.
    pub fn all(mut self, stored: &Lines) -> Replayed {
        let values: Vec<&[f64]> = stored.columns.iter().map(|line| line.values.as_slice()).collect();
        self.step(&values);
        self.finish()
    }

    /// Replays the next bars: as many as each of `stored` has values, one per line in the indicators' order.
    pub fn step(&mut self, stored: &[&[f64]]) {
        let rows = stored.iter().map(|values| values.len()).min().unwrap_or(0);
        let (start, end) = (self.done, (self.done + rows).min(self.series.len()));
        while self.done < end {
            let cut = self.cuts.iter().copied().find(|&cut| cut > self.done).unwrap_or(end);
            let rows = self.done..end.min(cut).min(self.done + PORTION);
            let part = self.series.sliced(rows.clone());
            let lines = self.runner.run(part.bars(), &part.flows());
            let within = rows.start - start..rows.end - start;
            self.columns
                .par_iter_mut()
                .zip(&lines.columns)
                .zip(stored)
                .for_each(|((column, line), stored)| column.compare(&rows, &stored[within.clone()], &line.values));
            self.done = rows.end;
            if self.tails && self.cuts.contains(&self.done) {
                self.found.extend(self.tail());
            }
        }
    }

    /// Other bars behind the present one; nothing if there are none in the series.
    fn tail(&self) -> Option<Tail> {
        let bars = other_bars(self.series, self.done, self.seed).ok()?;
        let mut runner = Runner::new(self.instances);
        runner.restore(&self.runner.states()).then(|| {
            let lines = runner.run(bars.bars(), &bars.flows());
            Tail { at: self.done, bars, lines }
        })
    }

    /// The verdicts on the bars so far.
    pub fn finish(self) -> Replayed {
        let (bars, cuts) = (self.done, self.cuts.iter().filter(|&&cut| cut <= self.done).count());
        let mut corrected = BTreeMap::new();
        let verdict = |column: Progress| {
            let Progress { name, kind, first, infinite, differs, replayed } = column;
            let mut found = ColumnCausality::sound(&name, kind, first.unwrap_or(bars), bars, cuts);
            if let Some(at) = infinite.or(differs) {
                let (verdict, cause) = match infinite {
                    Some(_) => (CausalVerdict::NotFinite, None),
                    None => (CausalVerdict::Leaks, Some(LeakCause::Stored)),
                };
                found = ColumnCausality { verdict, cause, leaks_at: Some(at), ..found };
            }
            if let Some(at) = differs {
                corrected.insert(name, (at, replayed));
            }
            found
        };
        let columns = self.columns.into_iter().map(verdict).collect();
        Replayed { columns, corrected, tails: self.found }
    }
}

impl Progress {
    fn compare(&mut self, rows: &Range<usize>, stored: &[f64], replayed: &[f64]) {
        let place = |at: Option<usize>| at.map(|at| rows.start + at);
        if self.first.is_none() {
            self.first = place(stored.iter().position(|value| !value.is_nan()));
        }
        if self.infinite.is_none() {
            self.infinite = place(stored.iter().position(|value| value.is_infinite()));
        }
        if self.differs.is_some() {
            self.replayed.extend_from_slice(replayed);
        } else if let Some(at) = stored.iter().zip(replayed).position(|(a, b)| !same(*a, *b)) {
            self.differs = place(Some(at));
            self.replayed.extend_from_slice(&replayed[at..]);
        }
    }
}

impl Replayed {
    /// The lines of the first `bars` bars as the replay gives them; `stored` are those it was compared with.
    pub(super) fn truth(&self, stored: &Lines, bars: usize) -> Lines {
        let line = |line: &Line| {
            let mut values = Vec::with_capacity(bars + super::scene::OTHER_BARS);
            match self.corrected.get(&line.name) {
                Some((at, replayed)) if *at < bars => {
                    values.extend_from_slice(&line.values[..*at]);
                    values.extend_from_slice(&replayed[..bars - at]);
                }
                _ => values.extend_from_slice(&line.values[..bars]),
            }
            let Line { name, meaning, unit, internal, values: _ } = line;
            Line { name: name.clone(), meaning: meaning.clone(), unit: *unit, internal: *internal, values }
        };
        Lines { columns: stored.columns.par_iter().map(line).collect() }
    }
}
