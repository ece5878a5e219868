use std::fmt;

use serde::Serialize;

/// Faults reported at once; more would be noise.
const MOST: usize = 20;

/// One thing wrong with a formula: where, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct FormulaError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Cause and remedy.
    pub message: String,
}

/// Everything wrong with a formula, in the order of its text; at least one error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FormulaErrors(Vec<FormulaError>);

impl FormulaErrors {
    pub(super) fn one(text: &str, at: usize, message: impl Into<String>) -> Self {
        let (line, column) = place(text, at);
        Self(vec![FormulaError { line, column, message: message.into() }])
    }

    /// The errors, in the order of the text.
    pub fn list(&self) -> &[FormulaError] {
        &self.0
    }
}

impl fmt::Display for FormulaErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

/// A fault at a byte of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub at: usize,
    pub message: String,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// Collects faults.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, at: usize, message: impl Into<String>) {
        self.push(Fault::new(at, message));
    }

    pub(super) fn push(&mut self, fault: Fault) {
        if !self.is_full() && !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// True when enough is known to be wrong.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if something between these bytes is known to be wrong.
    pub(super) fn touch(&self, from: usize, to: usize) -> bool {
        self.0.iter().any(|fault| (from..=to).contains(&fault.at))
    }

    /// The faults with the places they have in `text`.
    pub(super) fn finish(mut self, text: &str) -> Result<(), FormulaErrors> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort_by_key(|fault| fault.at);
        let error = |fault: Fault| {
            let (line, column) = place(text, fault.at);
            FormulaError { line, column, message: fault.message }
        };
        Err(FormulaErrors(self.0.into_iter().map(error).collect()))
    }
}

/// Line and column of a byte, both from 1.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.split(|&byte| byte == b'\n').count();
    // Bytes that do not continue a character begin one.
    let column = 1 + before[start..].iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
    (line, column)
}
