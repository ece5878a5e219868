//! Calls of functions become operations.

use super::function::{FUNCTIONS, Make, Memory, Pure, nearest};
use super::lower::Lower;
use super::plan::{Id, Op};
use super::tree::{Argument, Expr};
use crate::indicators::Mode;

impl<'s> Lower<'_, 's> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Argument<'s>], at: usize) -> Option<Id> {
        let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
            let message = if self.library.origin(name, Mode::Standard).is_some() {
                format!("`{name}` is an indicator: name one of its lines after the parentheses, as in {name}(..).line")
            } else {
                match nearest(name, FUNCTIONS.iter().map(|function| function.name)) {
                    Some(near) => format!("there is no function `{name}`: did you mean `{near}`?"),
                    None => format!("there is no function `{name}`; there are {}", names().join(", ")),
                }
            };
            return self.fault(at, message);
        };
        if let Some((_, at)) = arguments.iter().find_map(|argument| argument.name) {
            return self.fault(at, format!("arguments of a function go by their order: write {}", function.usage));
        }
        let (fewest, most) = function.arity;
        if !(fewest..=most).contains(&arguments.len()) {
            let wanted = if fewest == most { format!("{fewest}") } else { format!("{fewest} to {most}") };
            let s = if wanted == "1" { "" } else { "s" };
            let message = format!("{} takes {wanted} argument{s}, here are {}", function.usage, arguments.len());
            return self.fault(at, message);
        }
        let values: Vec<&Expr<'s>> = arguments.iter().map(|argument| &argument.value).collect();
        self.make(function.make, &values, at)
    }

    fn make(&mut self, make: Make, values: &[&Expr<'s>], at: usize) -> Option<Id> {
        match make {
            Make::Lag => self.past(values[0], values[1], at),
            Make::Change => {
                let x = self.expr(values[0])?;
                let past = self.before(x, values.get(1).copied(), at)?;
                Some(self.pure(Pure::Subtract, &[x, past], at))
            }
            Make::Rate => {
                let x = self.expr(values[0])?;
                let past = self.before(x, Some(values[1]), at)?;
                let change = self.pure(Pure::Subtract, &[x, past], at);
                let (hundred, share) = (self.number(100.0, at), self.pure(Pure::Divide, &[change, past], at));
                Some(self.pure(Pure::Multiply, &[hundred, share], at))
            }
            _ => {
                // All of them, so that several faults show at once.
                let ids: Vec<Option<Id>> = values.iter().map(|value| self.expr(value)).collect();
                let ids: Vec<Id> = ids.into_iter().collect::<Option<_>>()?;
                Some(self.of_values(make, &ids, at, values[values.len() - 1].at))
            }
        }
    }

    fn of_values(&mut self, make: Make, ids: &[Id], at: usize, last_at: usize) -> Id {
        let first = ids[0];
        let second = ids.get(1).copied().unwrap_or(first);
        match make {
            Make::Pure(pure) => self.pure(pure, ids, at),
            Make::Fold(pure) => ids[1..].iter().fold(first, |sum, id| self.pure(pure, &[sum, *id], at)),
            Make::Window(memory) => self.push(Op::Memory(memory, [first, first], Some(second)), at, last_at),
            Make::When => {
                let k = ids.get(2).copied().unwrap_or_else(|| self.number(0.0, at));
                self.push(Op::Memory(Memory::When, [first, second], Some(k)), at, last_at)
            }
            Make::Crossing(way) => {
                let cross = self.push(Op::Memory(Memory::Cross, [first, second], None), at, at);
                let way = self.number(f64::from(way), at);
                self.pure(Pure::Equal, &[cross, way], at)
            }
            Make::Stateful(memory) => self.push(Op::Memory(memory, [first, second], None), at, at),
            Make::Lag | Make::Change | Make::Rate => first,
        }
    }

    /// `x[n]`, n 1 when left out.
    fn before(&mut self, x: Id, steps: Option<&Expr<'s>>, at: usize) -> Option<Id> {
        let (n, length_at) = match steps {
            Some(steps) => (self.expr(steps)?, steps.at),
            None => (self.number(1.0, at), at),
        };
        Some(self.push(Op::Past { of: x, n }, at, length_at))
    }
}

fn names() -> Vec<&'static str> {
    FUNCTIONS.iter().map(|function| function.name).collect()
}
