use std::collections::BTreeMap;

use super::column::Column;
use super::fault::Faults;
use super::function::{FUNCTIONS, Pure, nearest};
use super::plan::{Id, Nested, Op};
use super::tree::{Argument, Expr, File, Node};
use crate::indicators::instance::Origin;
use crate::indicators::{Library, Mode};

/// Most indicators a formula may read.
const NESTED: usize = 64;

/// An operation with the places that messages about it point to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located {
    pub op: Op,
    pub at: usize,
    /// Of its length, or of what else makes it special.
    pub length_at: usize,
}

/// A parameter that a formula gives to a nested indicator.
#[derive(Debug)]
pub(super) struct Given {
    pub nested: usize,
    pub param: usize,
    pub id: Id,
    pub at: usize,
}

/// What the tree of a file comes to.
#[derive(Debug, Default)]
pub(super) struct Lowered {
    pub ops: Vec<Located>,
    pub nested: Vec<Nested>,
    pub given: Vec<Given>,
    /// The operation behind each assignment, where it could be made.
    pub homes: Vec<Option<Id>>,
}

/// Makes a list of operations of the assignments; names, calls and indicators are checked on the way. `params` are
/// the names of the parameters.
pub(super) fn lower<'s>(file: &File<'s>, params: &[&'s str], library: &Library, faults: &mut Faults) -> Lowered {
    let names = file.assignments.iter().enumerate().rev().map(|(i, assignment)| (assignment.name, i)).collect();
    let mut lower = Lower {
        library,
        params,
        unread: &file.unread,
        names,
        faults,
        out: Lowered::default(),
        seen: BTreeMap::new(),
        later: Vec::new(),
        read: BTreeMap::new(),
    };
    for assignment in &file.assignments {
        if lower.faults.is_full() {
            break;
        }
        let id = assignment.value.as_ref().and_then(|value| lower.expr(value));
        lower.out.homes.push(id);
    }
    lower.out.homes.resize(file.assignments.len(), None);
    for (id, name) in std::mem::take(&mut lower.later) {
        let home = lower.out.homes[name];
        // Without a value of its own, what reads its past is not looked at again.
        lower.out.ops[id].op = match (lower.out.ops[id].op, home) {
            (Op::Past { n, .. }, Some(of)) => Op::Past { of, n },
            _ => Op::Missing,
        };
    }
    lower.out
}

pub(super) struct Lower<'a, 's> {
    pub(super) library: &'a Library,
    params: &'a [&'s str],
    unread: &'a [&'s str],
    /// First assignment of each name.
    names: BTreeMap<&'s str, usize>,
    faults: &'a mut Faults,
    out: Lowered,
    seen: BTreeMap<Op, Id>,
    /// Operations that read the past of an assignment which comes later or is being made.
    later: Vec<(Id, usize)>,
    /// Nested indicators by name and given parameters.
    read: BTreeMap<(String, Vec<(usize, Id)>), usize>,
}

impl<'s> Lower<'_, 's> {
    /// Reports a fault and gives nothing.
    pub(super) fn fault<T>(&mut self, at: usize, message: impl Into<String>) -> Option<T> {
        self.faults.add(at, message);
        None
    }

    pub(super) fn push(&mut self, op: Op, at: usize, length_at: usize) -> Id {
        *self.seen.entry(op).or_insert_with(|| {
            self.out.ops.push(Located { op, at, length_at });
            self.out.ops.len() - 1
        })
    }

    pub(super) fn pure(&mut self, pure: Pure, args: &[Id], at: usize) -> Id {
        let first = args[0];
        let arg = |i: usize| args.get(i).copied().unwrap_or(first);
        self.push(Op::Pure(pure, [first, arg(1), arg(2)]), at, at)
    }

    pub(super) fn number(&mut self, value: f64, at: usize) -> Id {
        self.push(Op::Number(value.to_bits()), at, at)
    }

    pub(super) fn expr(&mut self, expr: &Expr<'s>) -> Option<Id> {
        let at = expr.at;
        match &expr.node {
            Node::Number(value) => Some(self.number(*value, at)),
            Node::Missing => Some(self.push(Op::Missing, at, at)),
            Node::Name(name) => self.name(name, at),
            Node::Line { indicator, params, line, line_at } => {
                self.line(indicator, params.as_deref(), (line, *line_at), at)
            }
            Node::Call { function, arguments } => self.call(function, arguments, at),
            Node::Past(value, steps) => self.past(value, steps, at),
            Node::Prefix(sign, value) => {
                let value = self.expr(value)?;
                Some(self.pure(if *sign == "-" { Pure::Negative } else { Pure::Not }, &[value], at))
            }
            Node::Infix(sign, left, right) => {
                let (left, right) = (self.expr(left), self.expr(right));
                let (left, right) = (left?, right?);
                let (pure, args) = match *sign {
                    "+" => (Pure::Add, [left, right]),
                    "-" => (Pure::Subtract, [left, right]),
                    "*" => (Pure::Multiply, [left, right]),
                    "/" => (Pure::Divide, [left, right]),
                    "<" => (Pure::Less, [left, right]),
                    "<=" => (Pure::AtMost, [left, right]),
                    ">" => (Pure::Greater, [left, right]),
                    ">=" => (Pure::AtLeast, [left, right]),
                    "==" => (Pure::Equal, [left, right]),
                    "!=" => (Pure::Unequal, [left, right]),
                    "and" => (Pure::And, [left, right]),
                    _ => (Pure::Or, [left, right]),
                };
                Some(self.pure(pure, &args, at))
            }
            Node::If(parts) => {
                let [condition, yes, no] = &**parts;
                let (condition, yes, no) = (self.expr(condition), self.expr(yes), self.expr(no));
                Some(self.pure(Pure::Choose, &[condition?, yes?, no?], at))
            }
        }
    }

    fn name(&mut self, name: &'s str, at: usize) -> Option<Id> {
        let made = self.out.homes.len();
        if let Some(&place) = self.names.get(name) {
            return match place.cmp(&made) {
                std::cmp::Ordering::Less => self.out.homes[place],
                std::cmp::Ordering::Equal => self.fault(
                    at,
                    format!("`{name}` is what is being assigned here: only its past is known, as in {name}[1]"),
                ),
                std::cmp::Ordering::Greater => self.fault(
                    at,
                    format!("`{name}` is assigned further down: move that line up, or read its past, as in {name}[1]"),
                ),
            };
        }
        if self.unread.contains(&name) {
            return None;
        }
        if let Some(place) = self.params.iter().position(|param| *param == name) {
            return Some(self.push(Op::Param(place), at, at));
        }
        if let Some(column) = Column::named(name) {
            return Some(self.push(Op::Column(column), at, at));
        }
        let message = self.unknown_name(name);
        self.fault(at, message)
    }

    fn unknown_name(&self, name: &str) -> String {
        if let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) {
            return format!("`{name}` is a function: write {}", function.usage);
        }
        let member = self.library.member(name, Mode::Standard);
        if let Some(origin) = self.library.origin(member.as_ref().map_or(name, |i| i.definition().id), Mode::Standard) {
            let line = origin.about().lines.first().map_or("line", |line| line.name.as_ref());
            return format!("`{name}` is an indicator: name one of its lines, as in {name}.{line}");
        }
        if self.library.is_waiting(name) {
            return format!("`{name}` is another formula: name one of its lines, as in {name}.line");
        }
        let columns = Column::ALL.map(Column::name);
        let known = self.names.keys().chain(self.params).copied().chain(columns);
        match nearest(name, known) {
            Some(near) => format!("there is no `{name}`: did you mean `{near}`?"),
            None => {
                format!("there is no `{name}`: assign it above, or take a column of the bars ({})", columns.join(", "))
            }
        }
    }

    fn line(
        &mut self,
        indicator: &'s str,
        params: Option<&[Argument<'s>]>,
        (line, line_at): (&str, usize),
        at: usize,
    ) -> Option<Id> {
        let nested = self.indicator(indicator, params, at)?;
        let about = self.out.nested[nested].origin.about();
        let Some(place) = about.lines.iter().position(|spec| spec.name == line) else {
            let known: Vec<&str> = about.lines.iter().map(|spec| spec.name.as_ref()).collect();
            let hint =
                nearest(line, known.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            let message = format!("{indicator} has no line `{line}`; it has {}{hint}", known.join(", "));
            return self.fault(line_at, message);
        };
        Some(self.push(Op::Line { nested, line: place }, at, at))
    }

    /// The nested indicator of a name with parameters.
    fn indicator(&mut self, name: &'s str, params: Option<&[Argument<'s>]>, at: usize) -> Option<usize> {
        let simple = params.is_none().then(|| (name.to_owned(), Vec::new()));
        if let Some(&nested) = simple.and_then(|key| self.read.get(&key)) {
            return Some(nested);
        }
        let member = if params.is_none() { self.library.member(name, Mode::Standard) } else { None };
        let Some(origin) = self.library.origin(member.as_ref().map_or(name, |i| i.definition().id), Mode::Standard)
        else {
            let message = self.unknown_indicator(name);
            return self.fault(at, message);
        };
        let mut given = Vec::new();
        for argument in params.unwrap_or_default() {
            given.push(self.parameter(&origin, &given, argument)?);
        }
        given.sort_by_key(|(place, ..)| *place);
        let key = (name.to_owned(), given.iter().map(|(place, id, _)| (*place, *id)).collect());
        if let Some(&nested) = self.read.get(&key) {
            return Some(nested);
        }
        let nested = self.out.nested.len();
        if nested == NESTED {
            return self.fault(at, format!("a formula reads at most {NESTED} indicators: split it into several files"));
        }
        let defaults: Vec<f64> = match &member {
            Some(instance) => instance.params().iter().map(|(_, value)| *value).collect(),
            None => origin.about().params.iter().map(|p| p.default).collect(),
        };
        let mut values: Vec<Id> = defaults.into_iter().map(|value| self.number(value, at)).collect();
        for (param, id, at) in given {
            values[param] = id;
            self.out.given.push(Given { nested, param, id, at });
        }
        self.out.nested.push(Nested { origin, values });
        self.read.insert(key, nested);
        Some(nested)
    }

    /// Place, operation and position of one `param=value`.
    fn parameter(
        &mut self,
        origin: &Origin,
        given: &[(usize, Id, usize)],
        argument: &Argument<'s>,
    ) -> Option<(usize, Id, usize)> {
        let about = origin.about();
        let known: Vec<&str> = about.params.iter().map(|p| p.name.as_ref()).collect();
        let listed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let Some((name, at)) = argument.name else {
            let message = format!("parameters of an indicator go by name, as in period=14; {} has {listed}", about.id);
            return self.fault(argument.value.at, message);
        };
        let Some(place) = known.iter().position(|known| *known == name) else {
            return self.fault(at, format!("{} has no parameter `{name}`; it has {listed}", about.id));
        };
        if given.iter().any(|(other, ..)| *other == place) {
            return self.fault(at, format!("`{name}` is given twice: keep one"));
        }
        let id = self.expr(&argument.value)?;
        Some((place, id, argument.value.at))
    }

    fn unknown_indicator(&self, name: &str) -> String {
        if self.names.contains_key(name) || self.params.contains(&name) || Column::named(name).is_some() {
            return format!("`{name}` is one value and has no lines: leave out what follows the point");
        }
        if self.library.is_waiting(name) {
            return format!("the formula `{name}` has errors of its own or reads this one: correct it first");
        }
        let ids = self.library.ids(Mode::Standard);
        match nearest(name, ids.iter().map(String::as_str)) {
            Some(near) => format!("there is no indicator `{name}`: did you mean `{near}`?"),
            None => format!("there is no indicator `{name}`: `glassbox indicators list` shows them all"),
        }
    }

    /// The value of `n` bars ago.
    pub(super) fn past(&mut self, value: &Expr<'s>, steps: &Expr<'s>, at: usize) -> Option<Id> {
        let n = self.expr(steps)?;
        let made = self.out.homes.len();
        if let Node::Name(name) = value.node
            && let Some(&place) = self.names.get(name)
            && place >= made
        {
            // Two readers of one future name need no common operation; the place keeps them apart.
            self.out.ops.push(Located { op: Op::Past { of: usize::MAX, n }, at, length_at: steps.at });
            let id = self.out.ops.len() - 1;
            self.later.push((id, place));
            return Some(id);
        }
        let of = self.expr(value)?;
        if self.out.ops[n].op == Op::Number(0.0_f64.to_bits()) {
            return Some(of);
        }
        Some(self.push(Op::Past { of, n }, at, steps.at))
    }
}
