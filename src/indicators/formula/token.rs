use winnow::combinator::{alt, delimited, eof, opt, preceded};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location as _};
use winnow::token::{any, one_of, take_till, take_while};

use super::fault::Faults;

type Text<'s> = LocatingSlice<&'s str>;
type Lexeme<'s> = winnow::Result<Kind<'s>, EmptyError>;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind<'s> {
    /// Letters, digits and underscores.
    Name(&'s str),
    /// A finite number.
    Number(f64),
    /// What stood between quotes.
    Text(&'s str),
    /// Punctuation or a reserved word.
    Mark(&'static str),
    /// The end of a statement.
    End,
}

/// A piece of the text with its first byte and the byte after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token<'s> {
    pub kind: Kind<'s>,
    pub from: usize,
    pub to: usize,
}

/// What stood behind a `#`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comment<'s> {
    pub text: &'s str,
    pub at: usize,
    /// Nothing else stands on its line.
    pub alone: bool,
}

/// Tokens, with an [`Kind::End`] behind each statement, and comments.
#[derive(Debug, Default)]
pub(super) struct Lexed<'s> {
    pub tokens: Vec<Token<'s>>,
    pub comments: Vec<Comment<'s>>,
}

/// Most characters of a name or a number.
const LONGEST: usize = 64;
/// Most characters between quotes.
const LONGEST_TEXT: usize = 400;
/// Words that cannot be names.
const WORDS: [&str; 7] = ["if", "then", "else", "and", "or", "not", "na"];
/// Longer ones first.
const SYMBOLS: [&str; 18] =
    ["==", "!=", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ",", ".", "\n"];
/// After these a statement goes on in the next line, and, `if`, `not` and `=` apart, before them too.
const JOINTS: [&str; 18] =
    ["+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "then", "else", ",", "if", "not", "="];

pub(super) fn is_reserved(name: &str) -> bool {
    WORDS.contains(&name)
}

fn is_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_inner(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn word<'s>(text: &mut Text<'s>) -> Lexeme<'s> {
    let name = (one_of(is_start), take_while(0.., is_inner)).take().parse_next(text)?;
    Ok(WORDS.iter().find(|word| **word == name).map_or(Kind::Name(name), |word| Kind::Mark(word)))
}

fn number<'s>(text: &mut Text<'s>) -> Lexeme<'s> {
    let digits = || take_while(1.., '0'..='9');
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digits());
    (digits(), opt(('.', digits())), opt(exponent)).take().parse_to().map(Kind::Number).parse_next(text)
}

fn quoted<'s>(text: &mut Text<'s>) -> Lexeme<'s> {
    delimited('"', take_till(0.., ['"', '\n']), '"').map(Kind::Text).parse_next(text)
}

fn symbol<'s>(text: &mut Text<'s>) -> Lexeme<'s> {
    let found = SYMBOLS.iter().find(|symbol| text.starts_with(**symbol)).ok_or(EmptyError)?;
    (*found).value(Kind::Mark(found)).parse_next(text)
}

fn comment<'s>(text: &mut Text<'s>) -> winnow::Result<&'s str, EmptyError> {
    preceded('#', take_till(0.., '\n')).parse_next(text)
}

/// Cuts the text into tokens. What is none is reported and left out.
pub(super) fn lex<'s>(text: &'s str, faults: &mut Faults) -> Lexed<'s> {
    let mut input = LocatingSlice::new(text);
    let mut lexed = Lexed::default();
    let mut fresh = true;
    while !faults.is_full() {
        let blank = take_while::<_, _, EmptyError>(0.., [' ', '\t', '\r', '\u{feff}']).parse_next(&mut input);
        let from = input.current_token_start();
        if blank.is_err() || eof::<_, EmptyError>.parse_next(&mut input).is_ok() {
            break;
        }
        if let Ok(text) = comment.parse_next(&mut input) {
            lexed.comments.push(Comment { text: text.trim(), at: from, alone: fresh });
            continue;
        }
        match alt((word, number, quoted, symbol)).parse_next(&mut input) {
            Ok(kind) => {
                let to = input.current_token_start();
                fresh = kind == Kind::Mark("\n");
                check(kind, text, from, to, &mut input, faults);
                lexed.tokens.push(Token { kind, from, to });
            }
            Err(EmptyError) => stray(&mut input, from, faults),
        }
    }
    let end = text.len();
    lexed.tokens.push(Token { kind: Kind::Mark("\n"), from: end, to: end });
    lexed.tokens = into_statements(&lexed.tokens, faults);
    lexed
}

fn check(kind: Kind<'_>, text: &str, from: usize, to: usize, input: &mut Text<'_>, faults: &mut Faults) {
    let written = &text[from..to];
    let fits = written.len() <= LONGEST;
    match kind {
        Kind::Number(_) | Kind::Name(_) if !fits => {
            faults.add(from, format!("`{}..` is longer than {LONGEST} characters: shorten it", &written[..20]));
        }
        Kind::Text(inside) if inside.chars().count() > LONGEST_TEXT => {
            faults.add(from, format!("a text has at most {LONGEST_TEXT} characters: say more in comments"));
        }
        Kind::Number(_) if text[to..].starts_with(is_start) => {
            let rest = take_while::<_, _, EmptyError>(0..=20, is_inner).parse_next(input).unwrap_or_default();
            let message = format!("`{written}{rest}` is neither a number nor a name: a name begins with a letter");
            faults.add(from, message);
        }
        Kind::Number(value) if value.is_infinite() => {
            faults.add(from, format!("`{written}` is too large for a number"));
        }
        _ => {}
    }
}

/// Reports a character that begins nothing, with what it may have been meant for.
fn stray(input: &mut Text<'_>, from: usize, faults: &mut Faults) {
    let Ok(found) = any::<_, EmptyError>.parse_next(input) else { return };
    take_while::<_, _, EmptyError>(0.., found).parse_next(input).ok();
    let hint = match found {
        '"' => {
            take_till::<_, _, EmptyError>(0.., '\n').parse_next(input).ok();
            faults.add(from, "this text has no closing quote: write it in one line, between two quotes");
            return;
        }
        '!' => ": write not",
        '&' => ": write and",
        '|' => ": write or",
        '?' | ':' => ": write if condition then this else that",
        ';' => ": write one statement per line",
        '^' => ": write the product, x * x",
        '{' | '}' => ": group with ( and )",
        _ => "",
    };
    faults.add(from, format!("the character `{}` has no meaning here{hint}", found.escape_debug()));
}

/// Turns those line ends that end a statement into [`Kind::End`] and drops the others.
fn into_statements<'s>(tokens: &[Token<'s>], faults: &mut Faults) -> Vec<Token<'s>> {
    let depths = depths(tokens, faults);
    let mut out: Vec<Token<'s>> = Vec::with_capacity(tokens.len());
    let mut lines = tokens.iter().enumerate().peekable();
    while let Some((i, token)) = lines.next() {
        if token.kind != Kind::Mark("\n") {
            out.push(*token);
            continue;
        }
        while lines.next_if(|(_, next)| next.kind == Kind::Mark("\n")).is_some() {}
        let after = lines.peek().map(|(_, next)| next.kind);
        let last = out.last().map(|token| token.kind);
        let joint = |kind: Option<Kind<'_>>| matches!(kind, Some(Kind::Mark(mark)) if JOINTS.contains(&mark));
        let goes_on = joint(after) && !matches!(after, Some(Kind::Mark("if" | "not" | "=")));
        let open = depths[i] > 0 || (joint(last) && after.is_some()) || goes_on;
        if !open && last.is_some_and(|kind| kind != Kind::End) {
            out.push(Token { kind: Kind::End, ..*token });
        }
    }
    out
}

/// How many brackets are open at each token. Brackets without a partner are reported and count for nothing.
fn depths(tokens: &[Token<'_>], faults: &mut Faults) -> Vec<usize> {
    let mut steps = vec![0_isize; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let Kind::Mark(mark) = token.kind else { continue };
        match mark {
            "(" | "[" => open.push(i),
            ")" | "]" => {
                let wanted = if mark == ")" { "(" } else { "[" };
                if open.last().is_some_and(|&o| tokens[o].kind == Kind::Mark(wanted))
                    && let Some(partner) = open.pop()
                {
                    steps[partner] += 1;
                    steps[i] -= 1;
                } else {
                    faults.add(token.from, format!("this `{mark}` closes nothing: there is no `{wanted}` for it"));
                }
            }
            _ => {}
        }
    }
    for o in open {
        let mark = if tokens[o].kind == Kind::Mark("(") { ("(", ")") } else { ("[", "]") };
        faults.add(tokens[o].from, format!("this `{}` is never closed: write the missing `{}`", mark.0, mark.1));
    }
    let mut depth = 0;
    steps
        .iter()
        .map(|step| {
            depth += step;
            depth.unsigned_abs()
        })
        .collect()
}
