use std::collections::BTreeMap;

use super::fault::Faults;
use super::limits::{check_given, check_lengths, check_room};
use super::lower::Lowered;
use super::plan::{Id, Op};
use super::pure::apply;
use super::quantity::{Dims, Form, Quantity};
use super::rules::{memory_quantity, pure_quantity};
use crate::indicators::Param;

/// Rounds after which a weight that still changes is settled by where it is heading.
const SETTLED: usize = 4;
/// Rounds after which past values that read each other are given up.
const ROUNDS: usize = 64;

/// The quantity of every operation, and how many numbers the formula can come to hold; unit errors and impossible
/// lengths are reported.
pub(super) fn infer(lowered: &Lowered, params: &[Param], faults: &mut Faults) -> (Vec<Quantity>, f64) {
    let mut quantities = vec![Quantity::UNKNOWN; lowered.ops.len()];
    let mut faulty: BTreeMap<Id, String> = BTreeMap::new();
    let mut circles: BTreeMap<Id, Circle> =
        lowered.ops.iter().enumerate().filter_map(|(i, located)| read_later(i, located.op)).collect();
    for round in 0..=ROUNDS {
        let mut moved = None;
        for (i, located) in lowered.ops.iter().enumerate().filter(|_| !faults.is_full()) {
            if faulty.contains_key(&i) {
                continue;
            }
            let context = Context { lowered, params, quantities: &quantities, circles: &circles };
            let mut quantity = context.quantity(i).unwrap_or_else(|message| {
                faulty.insert(i, message);
                Quantity::UNKNOWN
            });
            if let Some(circle) = circles.get_mut(&i) {
                quantity = circle.settle(quantity, quantities[i], round);
            }
            if !alike(quantity, quantities[i]) {
                moved = moved.or(Some(located.at));
            }
            quantities[i] = quantity;
        }
        match moved {
            None => break,
            Some(at) if round == ROUNDS => {
                faults.add(at, "this depends on its own past in too long a circle: assign it in fewer steps");
            }
            Some(_) => {}
        }
    }
    for (i, message) in faulty {
        faults.add(lowered.ops[i].at, message);
    }
    check_lengths(lowered, &quantities, faults);
    check_given(lowered, &quantities, faults);
    let room = check_room(lowered, &quantities, faults);
    (quantities, room)
}

/// A value that is read before it is computed.
#[derive(Debug, Clone, Copy, Default)]
struct Circle {
    step: f64,
    running: bool,
}

fn read_later(i: Id, op: Op) -> Option<(Id, Circle)> {
    match op {
        Op::Past { of, .. } if of >= i => Some((of, Circle::default())),
        _ => None,
    }
}

impl Circle {
    /// Takes the value's weight to where it is heading: to its limit, or, if steps do not shrink, nowhere.
    fn settle(&mut self, next: Quantity, before: Quantity, round: usize) -> Quantity {
        let step = next.weight - before.weight;
        let share = step / std::mem::replace(&mut self.step, step);
        if round >= SETTLED && next.dims == before.dims && !alike(next, before) {
            if next.form == before.form && share.abs() < 0.999 {
                return Quantity { weight: next.weight + step * share / (1.0 - share), ..next };
            }
            self.running = true;
        }
        if !self.running {
            return next;
        }
        let form = if next.dims == Some(Dims::PLAIN) { Form::Plain } else { Form::Running };
        Quantity { form, weight: 0.0, ..next.free() }
    }
}

fn alike(a: Quantity, b: Quantity) -> bool {
    let near = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-6 * (1.0 + a.abs().max(b.abs()));
    a.dims == b.dims
        && a.form == b.form
        && a.vouched == b.vouched
        && near(a.weight, b.weight)
        && a.low == b.low
        && a.high == b.high
}

struct Context<'a> {
    lowered: &'a Lowered,
    params: &'a [Param],
    quantities: &'a [Quantity],
    circles: &'a BTreeMap<Id, Circle>,
}

impl Context<'_> {
    fn quantity(&self, i: Id) -> Result<Quantity, String> {
        let q = |id: Id| self.quantities[id];
        match self.lowered.ops[i].op {
            Op::Number(bits) => Ok(Quantity::number(f64::from_bits(bits))),
            Op::Missing => Ok(Quantity::UNKNOWN),
            Op::Param(p) => {
                let Param { default, min, max, whole, .. } = self.params[p];
                let dims = Some(Dims::PLAIN);
                Ok(Quantity::new(dims, Form::Constant { whole }, default).within(min, max))
            }
            Op::Column(column) => Ok(column.quantity()),
            Op::Line { nested, line } => {
                Ok(Quantity::of_unit(self.lowered.nested[nested].origin.about().lines[line].unit))
            }
            Op::Past { of, .. } if of < i => Ok(q(of).varying()),
            // Bounds that lean on themselves prove nothing.
            Op::Past { of, .. } => {
                let past = q(of).varying();
                Ok(if past.form == Form::Flag || self.circles.get(&of).is_some_and(|circle| circle.running) {
                    past
                } else {
                    past.free()
                })
            }
            Op::Pure(pure, args) => {
                let [a, b, c] = args.map(q);
                let result = pure_quantity(pure, a, b, c)?;
                if result.is_constant() && a.low == a.high && b.low == b.high && c.low == c.high {
                    let value = apply(pure, a.low, b.low, c.low);
                    if !value.is_finite() {
                        return Err("this has no finite value on any bar".to_owned());
                    }
                }
                Ok(result)
            }
            Op::Memory(memory, [a, b], n) => {
                let n = n.map_or(Quantity::number(0.0), q);
                memory_quantity(memory, q(a), q(b), n)
            }
        }
    }
}
