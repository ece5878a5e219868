use winnow::combinator::{opt, peek, separated};
use winnow::error::ParserError;
use winnow::prelude::*;
use winnow::stream::TokenSlice;
use winnow::token::any;

use super::fault::Fault;
use super::token::{Kind, Token};
use super::tree::{Argument, Expr, Node};

/// The tokens of one statement, the last of them an [`Kind::End`].
pub(super) type Tokens<'t, 's> = TokenSlice<'t, Token<'s>>;
pub(super) type Parsed<T> = winnow::Result<T, Fault>;

impl ParserError<Tokens<'_, '_>> for Fault {
    type Inner = Self;

    fn from_input(input: &Tokens<'_, '_>) -> Self {
        Self::new(here(input), "")
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

/// First byte of the next token.
fn here(input: &Tokens<'_, '_>) -> usize {
    input.first().map_or(0, |token| token.from)
}

/// The next token in words.
fn found(input: &Tokens<'_, '_>) -> String {
    match input.first().map(|token| token.kind) {
        None | Some(Kind::End) => "the statement ends".to_owned(),
        Some(Kind::Name(name)) => format!("here is `{name}`"),
        Some(Kind::Number(value)) => format!("here is {value}"),
        Some(Kind::Text(text)) => format!("here is \"{text}\""),
        Some(Kind::Mark(mark)) => format!("here is `{mark}`"),
    }
}

/// A fault at the next token: what is wanted there.
pub(super) fn wanted<T>(input: &Tokens<'_, '_>, what: &str) -> Parsed<T> {
    Err(Fault::new(here(input), format!("{what} is expected, but {}", found(input))))
}

/// One token of a kind that `pick` accepts.
pub(super) fn token<'t, 's: 't, T>(
    pick: impl Fn(Kind<'s>) -> Option<T>,
) -> impl Parser<Tokens<'t, 's>, (T, usize), Fault> {
    any.verify_map(move |token: &'t Token<'s>| pick(token.kind).map(|value| (value, token.from)))
}

pub(super) fn mark<'t, 's: 't>(wanted: &'static str) -> impl Parser<Tokens<'t, 's>, usize, Fault> {
    token(move |kind| (kind == Kind::Mark(wanted)).then_some(())).map(|((), at)| at)
}

pub(super) fn name<'t, 's: 't>(input: &mut Tokens<'t, 's>) -> Parsed<(&'s str, usize)> {
    token(|kind| if let Kind::Name(name) = kind { Some(name) } else { None }).parse_next(input)
}

/// `what`, or a fault that says what it is wanted for.
pub(super) fn need<'t, 's: 't>(input: &mut Tokens<'t, 's>, what: &'static str, goal: &str) -> Parsed<usize> {
    match opt(mark(what)).parse_next(input)? {
        Some(at) => Ok(at),
        None => wanted(input, &format!("`{what}` {goal}")),
    }
}

/// How tightly an operator binds; its right side binds more tightly.
const fn power(sign: &str) -> Option<u8> {
    match sign.as_bytes() {
        b"or" => Some(1),
        b"and" => Some(2),
        b"==" | b"!=" | b"<" | b"<=" | b">" | b">=" => Some(COMPARISON),
        b"+" | b"-" => Some(5),
        b"*" | b"/" => Some(6),
        _ => None,
    }
}

const COMPARISON: u8 = 4;
const MINUS: u8 = 7;

fn operator(kind: Kind<'_>) -> Option<(&'static str, u8)> {
    let Kind::Mark(sign) = kind else { return None };
    power(sign).map(|power| (sign, power))
}

/// A value of any kind.
pub(super) fn expression<'s>(input: &mut Tokens<'_, 's>) -> Parsed<Expr<'s>> {
    climb(input, 0)
}

/// A value whose operators bind at least as tightly as `least`.
fn climb<'s>(input: &mut Tokens<'_, 's>, least: u8) -> Parsed<Expr<'s>> {
    let mut left = operand(input)?;
    let mut compared = false;
    while let Some(((sign, power), at)) = opt(peek(token(operator))).parse_next(input)? {
        if power < least {
            break;
        }
        if power == COMPARISON && std::mem::replace(&mut compared, true) {
            return Err(Fault::new(at, "comparisons cannot be chained: write a < b and b < c"));
        }
        any.parse_next(input)?;
        let right = climb(input, power + 1)?;
        left = Expr { node: Node::Infix(sign, Box::new(left), Box::new(right)), at };
    }
    Ok(left)
}

fn operand<'s>(input: &mut Tokens<'_, 's>) -> Parsed<Expr<'s>> {
    if let Some(at) = opt(mark("-")).parse_next(input)? {
        return Ok(Expr { node: Node::Prefix("-", Box::new(climb(input, MINUS)?)), at });
    }
    if let Some(at) = opt(mark("not")).parse_next(input)? {
        return Ok(Expr { node: Node::Prefix("not", Box::new(climb(input, COMPARISON)?)), at });
    }
    if let Some(at) = opt(mark("if")).parse_next(input)? {
        let condition = expression(input)?;
        need(input, "then", "after the condition")?;
        let yes = expression(input)?;
        need(input, "else", "and what holds otherwise")?;
        return Ok(Expr { node: Node::If(Box::new([condition, yes, expression(input)?])), at });
    }
    let mut value = atom(input)?;
    while opt(mark("[")).parse_next(input)?.is_some() {
        let steps = expression(input)?;
        need(input, "]", "after the number of bars")?;
        let at = value.at;
        value = Expr { node: Node::Past(Box::new(value), Box::new(steps)), at };
    }
    Ok(value)
}

fn atom<'s>(input: &mut Tokens<'_, 's>) -> Parsed<Expr<'s>> {
    if opt(mark("(")).parse_next(input)?.is_some() {
        let inside = expression(input)?;
        need(input, ")", "after the value")?;
        return Ok(inside);
    }
    if let Some(at) = opt(mark("na")).parse_next(input)? {
        return Ok(Expr { node: Node::Missing, at });
    }
    let number = token(|kind| if let Kind::Number(value) = kind { Some(value) } else { None });
    if let Some((value, at)) = opt(number).parse_next(input)? {
        return Ok(Expr { node: Node::Number(value), at });
    }
    let Some((word, at)) = opt(name).parse_next(input)? else {
        return wanted(input, "a value");
    };
    let arguments = if opt(mark("(")).parse_next(input)?.is_some() { Some(arguments(input)?) } else { None };
    if opt(mark(".")).parse_next(input)?.is_some() {
        let Some((line, line_at)) = opt(name).parse_next(input)? else {
            return wanted(input, &format!("the name of a line of `{word}`"));
        };
        return Ok(Expr { node: Node::Line { indicator: word, params: arguments, line, line_at }, at });
    }
    Ok(Expr {
        node: match arguments {
            Some(arguments) => Node::Call { function: word, arguments },
            None => Node::Name(word),
        },
        at,
    })
}

fn arguments<'s>(input: &mut Tokens<'_, 's>) -> Parsed<Vec<Argument<'s>>> {
    if opt(mark(")")).parse_next(input)?.is_some() {
        return Ok(Vec::new());
    }
    let list = separated(1.., argument, mark(",")).parse_next(input)?;
    need(input, ")", "after the arguments")?;
    Ok(list)
}

fn argument<'s>(input: &mut Tokens<'_, 's>) -> Parsed<Argument<'s>> {
    let name = opt((name, mark("=")).map(|(name, _)| name)).parse_next(input)?;
    Ok(Argument { name, value: expression(input)? })
}
