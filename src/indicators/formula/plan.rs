use super::column::Column;
use super::function::{Memory, Pure};
use super::pure::apply;
use crate::indicators::instance::Origin;
use crate::indicators::{Args, Instance, Mode};

/// Number of an operation, and of the register that holds its result.
pub(super) type Id = usize;

/// One step of the calculation of a bar. What it reads comes before it, earlier bars excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Op {
    /// A number, by its bits.
    Number(u64),
    /// Never known.
    Missing,
    Param(usize),
    Column(Column),
    /// A line of a nested indicator.
    Line {
        nested: usize,
        line: usize,
    },
    /// Arguments a function has not are the first again.
    Pure(Pure, [Id; 3]),
    /// With its length or count, if it has one.
    Memory(Memory, [Id; 2], Option<Id>),
    /// The result of an operation `n` bars ago; the operation may come later in the order.
    Past {
        of: Id,
        n: Id,
    },
}

/// An indicator that a formula reads.
#[derive(Debug, Clone)]
pub(super) struct Nested {
    pub origin: Origin,
    /// Operations that give its parameters.
    pub values: Vec<Id>,
}

/// A formula as a list of operations.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub ops: Vec<Op>,
    pub nested: Vec<Nested>,
    /// The operation behind each line.
    pub lines: Vec<Id>,
    /// Bounds that an average of bounded values is held within, against rounding.
    pub held: Vec<Option<(f64, f64)>>,
}

/// Where a value begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    /// The first bar that can have a value.
    pub bar: usize,
    /// Whether that bar has one, whatever the data (zero divisors apart).
    pub exact: bool,
}

impl First {
    fn later(self, bars: usize) -> Self {
        Self { bar: self.bar + bars, ..self }
    }

    fn both(self, other: Self) -> Self {
        Self { bar: self.bar.max(other.bar), exact: self.exact && other.exact }
    }
}

impl Plan {
    /// The operations' values that do not change from bar to bar.
    pub(super) fn constants(&self, args: Args<'_>) -> Vec<Option<f64>> {
        let mut values: Vec<Option<f64>> = Vec::with_capacity(self.ops.len());
        for op in &self.ops {
            let value = match *op {
                Op::Number(bits) => Some(f64::from_bits(bits)),
                Op::Param(i) => Some(args.real(i)),
                Op::Pure(pure, [a, b, c]) => match (values[a], values[b], values[c]) {
                    (Some(a), Some(b), Some(c)) => Some(apply(pure, a, b, c)),
                    _ => None,
                },
                _ => None,
            };
            values.push(value);
        }
        values
    }

    /// The nested indicators with their parameters.
    pub(super) fn instances(&self, constants: &[Option<f64>]) -> Vec<Instance> {
        let value = |id: &Id| constants[*id].unwrap_or(f64::NAN);
        let instance = |nested: &Nested| {
            Instance::of(nested.origin.clone(), nested.values.iter().map(value).collect(), Mode::Standard)
        };
        self.nested.iter().map(instance).collect()
    }

    /// Where every operation begins; absent for one that is missing on every bar.
    pub(super) fn firsts(&self, args: Args<'_>) -> Vec<Option<First>> {
        let constants = self.constants(args);
        let nested: Vec<Vec<First>> = self.instances(&constants).iter().map(Instance::firsts).collect();
        let mut firsts: Vec<Option<First>> = vec![None; self.ops.len()];
        // A value that waits for its own past begins where it does without; each round lets one more of a circle know.
        loop {
            let mut changed = false;
            for i in 0..self.ops.len() {
                let first = self.first(i, &firsts, &constants, &nested);
                changed |= first != firsts[i];
                firsts[i] = first;
            }
            if !changed {
                return firsts;
            }
        }
    }

    fn first(
        &self,
        i: Id,
        firsts: &[Option<First>],
        constants: &[Option<f64>],
        nested: &[Vec<First>],
    ) -> Option<First> {
        const START: First = First { bar: 0, exact: true };
        let bars = |id: Id| constants[id].map_or(0, |n| n as usize);
        if let Some(value) = constants[i] {
            return (!value.is_nan()).then_some(START);
        }
        match self.ops[i] {
            Op::Number(_) | Op::Param(_) | Op::Column(_) => Some(START),
            Op::Missing => None,
            Op::Line { nested: k, line } => nested[k].get(line).copied(),
            Op::Past { of, n } => firsts[of].map(|first| first.later(bars(n))),
            Op::Pure(Pure::Known, [x, default, _]) => match (firsts[x], firsts[default]) {
                (Some(a), Some(b)) => Some(if a.bar < b.bar { a } else { b }),
                (a, b) => a.or(b),
            },
            Op::Pure(Pure::Choose, [condition, yes, no]) => {
                let condition = firsts[condition]?;
                match (firsts[yes], firsts[no]) {
                    (Some(a), Some(b)) if a.bar.max(b.bar) <= condition.bar => Some(condition.both(a).both(b)),
                    (Some(a), Some(b)) => Some(First { bar: condition.bar.max(a.bar.min(b.bar)), exact: false }),
                    (a, b) => a.or(b).map(|one| First { bar: condition.bar.max(one.bar), exact: false }),
                }
            }
            Op::Pure(_, [a, b, c]) => Some(firsts[a]?.both(firsts[b]?).both(firsts[c]?)),
            Op::Memory(memory, [a, b], n) => {
                let input = firsts[a]?.both(firsts[b]?);
                let n = n.map_or(0, bars);
                Some(match memory {
                    Memory::Running => input,
                    Memory::Cross => input.later(1),
                    Memory::PercentRank => input.later(n),
                    Memory::Since | Memory::When => First { bar: input.bar + n, exact: false },
                    _ => input.later(n.saturating_sub(1)),
                })
            }
        }
    }
}
