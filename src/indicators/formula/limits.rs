//! What lengths and parameters may be, and how much a formula may hold.

use super::fault::Faults;
use super::function::Memory;
use super::lower::Lowered;
use super::memory::Cell;
use super::plan::{Id, Op};
use super::quantity::{Form, Quantity};

/// Longest length and furthest past.
const LONGEST: f64 = 10_000.0;
/// Numbers that all windows together may hold: 32 MiB.
const ROOM: f64 = 4_194_304.0;
/// What an indicator takes whatever its parameters.
const INDICATOR: f64 = 256.0;

/// Lengths are whole, constant and within bounds, whatever the parameters.
pub(super) fn check_lengths(lowered: &Lowered, quantities: &[Quantity], faults: &mut Faults) {
    for (i, located) in lowered.ops.iter().enumerate() {
        let (n, least, what) = match located.op {
            Op::Past { of, n } => (n, if of < i { 0.0 } else { 1.0 }, "the number of bars back"),
            Op::Memory(Memory::Slope, _, Some(n)) => (n, 2.0, "the length"),
            Op::Memory(Memory::When, _, Some(n)) => (n, 0.0, "the number of events back"),
            Op::Memory(_, _, Some(n)) => (n, 1.0, "the length"),
            _ => continue,
        };
        let q = quantities[n];
        let message = if q.form == Form::Unknown {
            continue;
        } else if !q.is_constant() {
            format!("{what} must be a number or a parameter, not a value that changes from bar to bar")
        } else if matches!(located.op, Op::Past { .. }) && q.high < 0.0 {
            "this looks ahead: [n] counts bars back, so n is 0 or more; [1] is the bar before".to_owned()
        } else if !q.is_whole() {
            format!("{what} must be whole: round(x) or floor(x) makes it so")
        } else if q.low < least || q.high > LONGEST {
            let (range, always) = if q.low == q.high {
                (format!("is {}", q.low), "")
            } else {
                (format!("can be {} to {}", q.low, q.high), ", for every value of the parameters")
            };
            format!("{what} {range}, but must be {least} to {LONGEST}{always}")
        } else {
            continue;
        };
        faults.add(located.length_at, message);
    }
}

/// Parameters of nested indicators are within their ranges, whatever the formula's own parameters.
pub(super) fn check_given(lowered: &Lowered, quantities: &[Quantity], faults: &mut Faults) {
    for given in &lowered.given {
        let about = lowered.nested[given.nested].origin.about();
        let (p, q) = (&about.params[given.param], quantities[given.id]);
        if q.form == Form::Unknown {
            continue;
        }
        let fits = q.is_constant() && q.low >= p.min && q.high <= p.max && (!p.whole || q.is_whole());
        if !fits {
            let wanted = if p.whole { "a whole number" } else { "a number" };
            let (id, name) = (about.id, &p.name);
            let message = format!(
                "{name} of {id} must be {wanted} from {} to {}, the same on every bar, for every value of the parameters",
                p.min, p.max
            );
            faults.add(given.at, message);
        }
    }
}

/// The windows, those of nested indicators included, fit into memory; gives how many numbers they can come to hold.
pub(super) fn check_room(lowered: &Lowered, quantities: &[Quantity], faults: &mut Faults) -> f64 {
    if !faults.is_empty() {
        return 0.0;
    }
    let most = |n: Option<Id>| n.map_or(0.0, |n| quantities[n].high);
    let mut taken: f64 = 0.0;
    for nested in &lowered.nested {
        // Of the catalogue's windows only the parameters are known; a formula knows its own.
        let values: f64 = nested.values.iter().map(|&id| quantities[id].high.max(1.0)).sum();
        taken += INDICATOR + nested.origin.formula().map_or(4.0 * values, |formula| formula.room());
    }
    if taken > ROOM {
        faults.add(0, format!("the indicators it reads can come to hold more than {ROOM} numbers: read fewer of them"));
    }
    for located in &lowered.ops {
        let size = match located.op {
            Op::Past { n, .. } => 2.0 * most(Some(n)),
            Op::Memory(memory, _, n) => Cell::size(memory, most(n)),
            _ => 0.0,
        };
        if taken <= ROOM && taken + size > ROOM {
            let message = format!(
                "the windows up to here can come to hold more than {ROOM} numbers: shorten lengths, or lower the \
                 parameters' largest values"
            );
            faults.add(located.at, message);
        }
        taken += size;
    }
    taken
}
