use winnow::combinator::opt;
use winnow::prelude::*;
use winnow::stream::TokenSlice;

use super::expression::{Parsed, Tokens, expression, mark, name, need, token, wanted};
use super::fault::{Fault, Faults};
use super::token::{Comment, Kind, Lexed, Token, is_reserved};
use super::tree::{Assignment, File, Header, Literal, ParamStatement, written};

/// Most statements of a file.
pub(super) const STATEMENTS: usize = 512;
/// Most tokens of a statement: what a statement holds bounds how deep its tree is.
const TOKENS: usize = 1000;
/// Most brackets, signs and ifs within each other.
const DEPTH: usize = 64;

/// Reads the statements. What cannot be read is reported; the names of such assignments are kept.
pub(super) fn parse<'s>(text: &'s str, lexed: &Lexed<'s>, faults: &mut Faults) -> File<'s> {
    let mut file = File::default();
    let notes = Notes { text, comments: &lexed.comments };
    let statements = lexed.tokens.split_inclusive(|token| token.kind == Kind::End);
    let mut begin = 0;
    for (i, tokens) in statements.enumerate() {
        let at = tokens[0].from;
        if i == STATEMENTS {
            faults.add(at, format!("a formula has at most {STATEMENTS} statements: split it into several files"));
        }
        if i >= STATEMENTS || faults.is_full() {
            break;
        }
        match fits(tokens).and_then(|()| statement(tokens, &notes)) {
            Ok(Item::Header(header)) => file.headers.push(header),
            Ok(Item::Param(param)) => file.params.push(param),
            Ok(Item::Assignment(assignment)) => file.assignments.push(assignment),
            Err(fault) => {
                // What the lexer left out was reported already.
                if !faults.touch(begin, tokens[tokens.len() - 1].to) {
                    faults.push(fault);
                }
                unread(tokens, &mut file);
            }
        }
        begin = tokens[tokens.len() - 1].to + 1;
    }
    file
}

/// Refuses statements that are too long or too deep to be worked on.
fn fits(tokens: &[Token<'_>]) -> Parsed<()> {
    if tokens.len() > TOKENS {
        let message = format!("a statement has at most {TOKENS} words and signs: give parts of it names of their own");
        return Err(Fault::new(tokens[TOKENS].from, message));
    }
    // Signs in a row nest as brackets do, until their operand ends.
    let (mut open, mut signs, mut ifs) = (Vec::new(), 0_usize, 0_usize);
    for token in tokens {
        match token.kind {
            Kind::Mark("(" | "[") => open.push(signs),
            Kind::Mark(")" | "]") => signs = open.pop().unwrap_or(0),
            Kind::Mark("-" | "not") => signs += 1,
            Kind::Mark("if") => ifs += 1,
            Kind::Name(_) | Kind::Number(_) | Kind::Mark("na") => signs = open.last().copied().unwrap_or(0),
            _ => {}
        }
        if open.len() + signs + ifs > DEPTH {
            let message = format!("brackets, signs and ifs lie more than {DEPTH} deep: give parts names of their own");
            return Err(Fault::new(token.from, message));
        }
    }
    Ok(())
}

/// Keeps the name that a statement seems to give, so that those who use it are not blamed.
fn unread<'s>(tokens: &[Token<'s>], file: &mut File<'s>) {
    let kind = |i: usize| tokens.get(i).map(|token| token.kind);
    let marked = matches!(kind(0), Some(Kind::Name("output" | "param"))) && matches!(kind(1), Some(Kind::Name(_)));
    let place = usize::from(marked);
    let (Some(Kind::Name(name)), Some(Kind::Mark("="))) = (kind(place), kind(place + 1)) else { return };
    if marked && kind(0) == Some(Kind::Name("param")) {
        file.unread.push(name);
        return;
    }
    let (meaning, text) = (String::new(), String::new());
    file.assignments.push(Assignment { name, at: tokens[place].from, output: false, meaning, text, value: None });
}

enum Item<'s> {
    Header(Header<'s>),
    Param(ParamStatement<'s>),
    Assignment(Assignment<'s>),
}

fn statement<'s>(all: &[Token<'s>], notes: &Notes<'_, 's>) -> Parsed<Item<'s>> {
    let mut input = TokenSlice::new(all);
    let item = item(&mut input, notes, all)?;
    let end = opt(token(|kind| (kind == Kind::End).then_some(()))).parse_next(&mut input)?;
    if end.is_some() { Ok(item) } else { wanted(&input, "an operator or the end of the statement") }
}

fn item<'s>(input: &mut Tokens<'_, 's>, notes: &Notes<'_, 's>, all: &[Token<'s>]) -> Parsed<Item<'s>> {
    let Some((word, at)) = opt(name).parse_next(input)? else {
        if let Kind::Mark(word) = all[0].kind
            && is_reserved(word)
        {
            return Err(Fault::new(all[0].from, format!("`{word}` is a word of the language and cannot be a name")));
        }
        return wanted(input, "a name to assign to");
    };
    let next = input.first().copied();
    match (word, next.map(|token| token.kind)) {
        ("param", Some(Kind::Name(_))) => param(input, notes, all).map(Item::Param),
        ("output", Some(Kind::Name(_))) => {
            let (name, at) = name(input)?;
            assignment(input, notes, all, (name, at, true)).map(Item::Assignment)
        }
        (key, Some(Kind::Text(value))) | (key @ "family", Some(Kind::Name(value))) => {
            let ((), value_at) = token(|_| Some(())).parse_next(input)?;
            Ok(Item::Header(Header { key, at, value, value_at }))
        }
        _ => assignment(input, notes, all, (word, at, false)).map(Item::Assignment),
    }
}

fn assignment<'s>(
    input: &mut Tokens<'_, 's>,
    notes: &Notes<'_, 's>,
    all: &[Token<'s>],
    (name, at, output): (&'s str, usize, bool),
) -> Parsed<Assignment<'s>> {
    if let Some(at) = opt(mark("==")).parse_next(input)? {
        return Err(Fault::new(at, "`==` compares: to assign, write one `=`"));
    }
    need(input, "=", &format!("after the name `{name}`"))?;
    let begin = all.len() - input.len();
    let value = Some(expression(input)?);
    let text = written(&all[begin..all.len() - input.len()], notes.text);
    let meaning = notes.meaning(all).unwrap_or_else(|| text.clone());
    Ok(Assignment { name, at, output, meaning, text, value })
}

fn param<'s>(input: &mut Tokens<'_, 's>, notes: &Notes<'_, 's>, all: &[Token<'s>]) -> Parsed<ParamStatement<'s>> {
    let (name, at) = name(input)?;
    need(input, "=", "before the default value")?;
    let default = literal(input, notes.text)?;
    word(input, "from")?;
    let min = literal(input, notes.text)?;
    word(input, "to")?;
    let max = literal(input, notes.text)?;
    let meaning = notes.meaning(all).unwrap_or_else(|| format!("{name}, {} to {}", min.value, max.value));
    Ok(ParamStatement { name, at, values: [default, min, max], meaning })
}

fn word(input: &mut Tokens<'_, '_>, wanted_word: &str) -> Parsed<()> {
    if input.first().map(|token| token.kind) == Some(Kind::Name(wanted_word)) {
        name(input).map(|_| ())
    } else {
        wanted(input, &format!("`{wanted_word}` (as in param period = 14 from 2 to 500)"))
    }
}

fn literal(input: &mut Tokens<'_, '_>, text: &str) -> Parsed<Literal> {
    let minus = opt(mark("-")).parse_next(input)?;
    let Some(next) = input.first().copied() else { return wanted(input, "a number") };
    let Kind::Number(size) = next.kind else { return wanted(input, "a number") };
    token(|_| Some(())).parse_next(input)?;
    let whole = text[next.from..next.to].bytes().all(|byte| byte.is_ascii_digit());
    // Adding 0 turns -0 into 0.
    let value = if minus.is_some() { -size } else { size } + 0.0;
    Ok(Literal { value, at: minus.unwrap_or(next.from), whole })
}

/// Finds what is said about a statement.
struct Notes<'a, 's> {
    text: &'s str,
    comments: &'a [Comment<'s>],
}

impl Notes<'_, '_> {
    /// The comment behind the statement, else those directly above it.
    fn meaning(&self, tokens: &[Token<'_>]) -> Option<String> {
        let (from, to) = (tokens[0].from, tokens[tokens.len() - 1].from);
        let line_end = self.text[to..].find('\n').map_or(self.text.len(), |n| to + n);
        let next = self.comments.partition_point(|comment| comment.at < from);
        let inside: Vec<&str> = self.comments[next..]
            .iter()
            .take_while(|comment| comment.at <= line_end)
            .filter(|comment| !comment.alone)
            .map(|comment| comment.text)
            .collect();
        let mut above = Vec::new();
        let mut line = from;
        for comment in self.comments[..next].iter().rev() {
            let between = &self.text[comment.at..line];
            if !comment.alone || between.matches('\n').count() != 1 {
                break;
            }
            above.push(comment.text);
            line = comment.at;
        }
        above.reverse();
        let words = if inside.is_empty() { above } else { inside }.join(" ");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        (!words.is_empty()).then_some(words)
    }
}
