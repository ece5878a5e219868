//! Units of results from units of arguments.

use super::function::{Memory, Pure};
use super::pure::apply;
use super::quantity::{Dims, Form, Quantity};

fn condition(q: Quantity, place: &str) -> Result<Quantity, String> {
    if q.is_condition() {
        return Ok(Quantity { vouched: q.vouched, ..Quantity::FLAG });
    }
    if q.could_be_flag() {
        return Err(format!("{place} is -1, 0 or 1 here, not a condition: compare it, as in x == 1"));
    }
    let what = q.dims.unwrap_or(Dims::PLAIN).words();
    Err(format!("{place} must be a condition, but is {what}: compare it with something, as in x > 0"))
}

fn plain(q: Quantity, function: &str, remedy: &str) -> Result<(), String> {
    match q.dims {
        None | Some(Dims::PLAIN) => Ok(()),
        Some(dims) => Err(format!("{function} takes a plain number, not {}: {remedy}", dims.words())),
    }
}

/// What a function makes of its arguments; else why they do not fit.
pub(super) fn pure_quantity(pure: Pure, a: Quantity, b: Quantity, c: Quantity) -> Result<Quantity, String> {
    let whole = Quantity { dims: Some(a.dims.unwrap_or(Dims::PLAIN)), ..a };
    match pure {
        Pure::Negative => Quantity::number(0.0).plus(a, -1.0).map(|q| Quantity { form: a.form, ..q }),
        Pure::Not => condition(a, "what follows `not`"),
        Pure::And | Pure::Or => {
            let sign = if pure == Pure::And { "and" } else { "or" };
            let left = condition(a, &format!("what stands before `{sign}`"))?;
            let right = condition(b, &format!("what stands behind `{sign}`"))?;
            Ok(Quantity { vouched: left.vouched || right.vouched, ..left })
        }
        Pure::Less | Pure::AtMost | Pure::Greater | Pure::AtLeast | Pure::Equal | Pure::Unequal => {
            a.common(b, "this compares")?;
            Ok(Quantity { vouched: a.vouched || b.vouched, ..Quantity::FLAG })
        }
        Pure::Abs => {
            let low = if a.low <= 0.0 && a.high >= 0.0 { 0.0 } else { a.low.abs().min(a.high.abs()) };
            let form = if a.form == Form::Running { Form::Plain } else { a.form };
            let sized = Quantity { form, weight: a.weight.abs(), ..a };
            Ok(if a.dims == Some(Dims::PLAIN) { sized.within(low, a.low.abs().max(a.high.abs())) } else { sized })
        }
        Pure::Sign => Ok(Quantity { vouched: a.vouched, ..Quantity::DIRECTION }),
        Pure::Sqrt => {
            let dims = a.dims.unwrap_or(Dims::PLAIN);
            if dims.price % 2 != 0 || dims.volume % 2 != 0 {
                return Err(format!(
                    "the square root of {} has no unit: divide by something alike first",
                    dims.words()
                ));
            }
            let dims = Some(Dims { price: dims.price / 2, volume: dims.volume / 2 });
            let form = if a.is_constant() { Form::Constant { whole: false } } else { Form::Plain };
            Ok(Quantity { dims, form, ..a }.within(a.low.max(0.0).sqrt(), a.high.max(0.0).sqrt()))
        }
        Pure::Ln | Pure::Exp => {
            let (name, remedy) = if pure == Pure::Ln {
                ("ln", "take it of a ratio, as in ln(close / close[1]), or of bare(x)")
            } else {
                ("exp", "take it of a ratio or of bare(x)")
            };
            plain(a, name, remedy)?;
            Ok(constant_or_plain(whole, |x| apply(pure, x, x, x)))
        }
        Pure::Floor | Pure::Round => {
            plain(a, if pure == Pure::Floor { "floor" } else { "round" }, "rounding would depend on the currency")?;
            let ends = [a.low, a.high].map(|x| apply(pure, x, x, x));
            let form = match a.form {
                Form::Constant { .. } => Form::Constant { whole: true },
                Form::Flag | Form::Bars | Form::Unknown => a.form,
                _ => Form::Plain,
            };
            Ok(Quantity { form, ..whole }.within(ends[0], ends[1]))
        }
        Pure::Bare => Ok(match a.dims {
            None | Some(Dims::PLAIN) => a,
            Some(_) => Quantity { vouched: true, ..Quantity::plain(1.0) },
        }),
        Pure::AsPrice | Pure::AsVolume => {
            plain(a, if pure == Pure::AsPrice { "as_price" } else { "as_volume" }, "it has a unit already")?;
            let dims = if pure == Pure::AsPrice { Dims { price: 1, volume: 0 } } else { Dims { price: 0, volume: 1 } };
            let weight = if a.is_constant() { 0.0 } else { 1.0 };
            Ok(Quantity { vouched: true, ..Quantity::new(Some(dims), Form::Plain, weight) })
        }
        Pure::Add => a.plus(b, 1.0),
        Pure::Subtract => a.plus(b, -1.0),
        Pure::Multiply => a.times(b),
        Pure::Divide => a.over(b),
        Pure::Min | Pure::Max => {
            let name = if pure == Pure::Min { "min takes" } else { "max takes" };
            let ends = |x: f64, y: f64| apply(pure, x, y, x);
            extremes(a, b, name, ends)
        }
        Pure::Known => {
            let joined = a.or(b, "nz joins")?;
            Ok(if a.form == Form::Unknown { joined } else { Quantity { weight: a.weight, ..joined } })
        }
        Pure::Clamp => {
            let held = extremes(extremes(a, b, "clamp takes", f64::max)?, c, "clamp takes", f64::min)?;
            if b.is_constant() && c.is_constant() && b.low > c.high {
                return Err(format!("clamp's lower bound {} lies above its upper bound {}", b.low, c.high));
            }
            Ok(held)
        }
        Pure::Choose => {
            let switch = condition(a, "what follows `if`")?;
            let value = b.or(c, "`if` chooses between")?;
            Ok(Quantity { vouched: value.vouched || switch.vouched, ..value })
        }
    }
}

fn constant_or_plain(q: Quantity, f: impl Fn(f64) -> f64) -> Quantity {
    let form = match q.form {
        Form::Constant { .. } => Form::Constant { whole: false },
        Form::Unknown => Form::Unknown,
        _ => Form::Plain,
    };
    let result = Quantity { form, weight: 1.0, ..q.free() };
    if q.is_constant() { Quantity { weight: f(q.weight), ..result.within(f(q.low), f(q.high)) } } else { result }
}

fn extremes(a: Quantity, b: Quantity, name: &str, end: impl Fn(f64, f64) -> f64) -> Result<Quantity, String> {
    let joined = a.or(b, name)?;
    let form = match (a.form, b.form) {
        (Form::Constant { whole: a }, Form::Constant { whole: b }) => Form::Constant { whole: a && b },
        _ => joined.form,
    };
    let joined = Quantity { form, ..joined };
    if joined.dims != Some(Dims::PLAIN) {
        return Ok(joined);
    }
    let weight = if joined.is_constant() { end(a.weight, b.weight) } else { joined.weight };
    Ok(Quantity { weight, ..joined.within(end(a.low, b.low), end(a.high, b.high)) })
}

/// What a function that remembers makes of its arguments.
pub(super) fn memory_quantity(memory: Memory, a: Quantity, b: Quantity, n: Quantity) -> Result<Quantity, String> {
    let vouched = a.vouched || b.vouched;
    let with = |q: Quantity| Ok(Quantity { vouched, ..q });
    match memory {
        Memory::Sma | Memory::Ema | Memory::Wilder | Memory::Wma | Memory::Median => with(a.smoothed()),
        Memory::Highest | Memory::Lowest => with(if a.form == Form::Flag { a } else { a.smoothed() }),
        Memory::Sum => {
            let counts = a.form == Form::Flag && a.low >= 0.0;
            let form = if counts { Form::Bars } else { Form::Plain };
            let form = if a.form == Form::Unknown { Form::Unknown } else { form };
            let sum = Quantity { form, weight: a.weight * n.weight, ..a.free() };
            // Counts are exact.
            with(if a.form == Form::Flag { sum.within(a.low * n.high, a.high * n.high) } else { sum })
        }
        Memory::Deviation => with(Quantity { weight: 0.0, ..a.smoothed().free() }),
        Memory::Slope => with(Quantity { weight: 0.0, form: Form::Plain, ..a.free() }),
        Memory::HighestAge | Memory::LowestAge => with(Quantity::BARS),
        Memory::PercentRank => with(Quantity::plain(1.0).within(0.0, 100.0)),
        Memory::Cross => {
            a.common(b, "this compares")?;
            with(Quantity::DIRECTION)
        }
        Memory::Since => {
            condition(a, "what barssince waits for")?;
            with(Quantity::BARS)
        }
        Memory::When => {
            condition(a, "what valuewhen waits for")?;
            with(b.varying())
        }
        Memory::Running => with(Quantity { form: Form::Running, weight: 0.0, ..a.free() }),
    }
}

/// True for averages, whose rounding could leave the bounds of what they are taken of.
pub(super) fn is_average(memory: Memory) -> bool {
    matches!(memory, Memory::Sma | Memory::Ema | Memory::Wilder | Memory::Wma | Memory::Median)
}
