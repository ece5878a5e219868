//! The syntax tree. Names and texts are slices of the file, places are its bytes.

use super::token::Token;

/// A formula file as written.
#[derive(Debug, Default)]
pub(super) struct File<'s> {
    pub headers: Vec<Header<'s>>,
    pub params: Vec<ParamStatement<'s>>,
    pub assignments: Vec<Assignment<'s>>,
    /// Parameters that could not be read, which was reported.
    pub unread: Vec<&'s str>,
}

/// `title "…"`, `family word`, `source "…"`.
#[derive(Debug)]
pub(super) struct Header<'s> {
    pub key: &'s str,
    pub at: usize,
    pub value: &'s str,
    pub value_at: usize,
}

/// `param name = default from min to max`.
#[derive(Debug)]
pub(super) struct ParamStatement<'s> {
    pub name: &'s str,
    pub at: usize,
    /// Default, smallest and largest value.
    pub values: [Literal; 3],
    pub meaning: String,
}

/// A number as written, perhaps with a minus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal {
    pub value: f64,
    pub at: usize,
    /// Written without point and exponent.
    pub whole: bool,
}

/// `name = value` or `output name = value`.
#[derive(Debug)]
pub(super) struct Assignment<'s> {
    pub name: &'s str,
    pub at: usize,
    pub output: bool,
    pub meaning: String,
    /// The value as it reads in one line.
    pub text: String,
    /// Absent where it could not be read, which was reported.
    pub value: Option<Expr<'s>>,
}

/// A value, with the byte that stands for it in messages: an operator's sign, else its beginning.
#[derive(Debug)]
pub(super) struct Expr<'s> {
    pub node: Node<'s>,
    pub at: usize,
}

#[derive(Debug)]
pub(super) enum Node<'s> {
    Number(f64),
    /// `na`
    Missing,
    Name(&'s str),
    /// `indicator(param=value).line`
    Line {
        indicator: &'s str,
        params: Option<Vec<Argument<'s>>>,
        line: &'s str,
        line_at: usize,
    },
    Call {
        function: &'s str,
        arguments: Vec<Argument<'s>>,
    },
    /// `value[n]`
    Past(Box<Expr<'s>>, Box<Expr<'s>>),
    Prefix(&'static str, Box<Expr<'s>>),
    Infix(&'static str, Box<Expr<'s>>, Box<Expr<'s>>),
    If(Box<[Expr<'s>; 3]>),
}

/// `value` or `name=value` between parentheses.
#[derive(Debug)]
pub(super) struct Argument<'s> {
    pub name: Option<(&'s str, usize)>,
    pub value: Expr<'s>,
}

/// Tokens written out in one line.
pub(super) fn written(tokens: &[Token<'_>], text: &str) -> String {
    let mut out = String::new();
    let mut before = "";
    for token in tokens {
        let piece = &text[token.from..token.to];
        let tight = matches!(piece, ")" | "]" | "[" | "," | ".") || matches!(before, "" | "(" | "[" | ".");
        let call = piece == "("
            && before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && !super::token::is_reserved(before);
        if !tight && !call {
            out.push(' ');
        }
        out.push_str(piece);
        before = piece;
    }
    out
}
