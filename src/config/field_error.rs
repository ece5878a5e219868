use std::fmt;
use std::path::PathBuf;

/// One thing wrong with one field, worded for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// Dotted path as written in the file, for example `model.num_heads`.
    pub field: String,
    /// What is wrong, with the value found.
    pub problem: String,
}

/// Why a configuration could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Not TOML, or a value of a wrong shape.
    #[error("{origin}: {message}")]
    Syntax {
        /// File or option the text came from.
        origin: String,
        /// Parser's message with line and column.
        message: String,
    },
    /// Fields that are unknown, of a wrong type or out of range: all of them.
    #[error("{}", Listed(.0))]
    Fields(Vec<FieldError>),
}

struct Listed<'a>(&'a [FieldError]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration has problems: ")?;
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// Collects problems, so that a form can mark every field at once.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<FieldError>);

impl Checks {
    pub(super) fn require(&mut self, ok: bool, field: &str, problem: impl Into<String>) {
        if !ok {
            self.0.push(FieldError { field: field.to_owned(), problem: problem.into() });
        }
    }

    pub(super) fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
