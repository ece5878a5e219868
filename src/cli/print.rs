use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Value, json};

/// Why a command did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Bad usage: exit code 2.
    Usage(anyhow::Error),
    /// Anything else that went wrong: exit code 1.
    Failed(anyhow::Error),
    /// The user stopped it: exit code 130.
    Cancelled,
}

impl From<anyhow::Error> for Failure {
    fn from(err: anyhow::Error) -> Self {
        Self::Failed(err)
    }
}

/// Records and tables go to standard output, notes and errors to standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    pub(super) json: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// True if someone may watch progress.
    pub(super) fn shows_progress() -> bool {
        io::stderr().is_terminal()
    }

    fn out(text: &str) {
        let mut out = io::stdout().lock();
        // A closed pipe (`| head`) is the reader's choice, not an error.
        out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).ok();
    }

    /// One JSON line; nothing without `--json`.
    pub(super) fn record(self, record: &impl Serialize) {
        if self.json
            && let Ok(line) = serde_json::to_string(record)
        {
            Self::out(&line);
        }
    }

    /// Text for people; nothing with `--json`.
    pub(super) fn text(self, text: &str) {
        if !self.json {
            Self::out(text);
        }
    }

    /// A sentence on standard error.
    #[expect(clippy::print_stderr, reason = "notes are for people and must not mix with the records")]
    pub(super) fn note(text: &str) {
        eprintln!("{text}");
    }

    pub(super) fn failure(self, failure: &Failure) -> ExitCode {
        let (code, text) = match failure {
            Failure::Usage(err) => (2, one_sentence(err)),
            Failure::Failed(err) => (1, one_sentence(err)),
            Failure::Cancelled => (130, "cancelled".to_owned()),
        };
        self.record(&json!({ "event": "error", "message": text, "exit_code": code }));
        let start = if code == 130 { "" } else { "error: " };
        Self::note(&format!("{start}{text}"));
        ExitCode::from(code)
    }
}

/// The chain of causes, without the backtraces that tensor errors carry in their text.
fn one_sentence(err: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in err.chain() {
        let text = cause.to_string();
        // A cause that its parent quotes already is not said twice.
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    let text = parts.join(": ");
    text.split("\n   0: ").next().unwrap_or(&text).trim_end().to_owned()
}

/// The epoch line for people.
pub(super) fn epoch_text(record: &Value) -> Option<String> {
    let number = |path: &str| record.pointer(path).and_then(Value::as_f64);
    Some(format!(
        "epoch {:>3}  score {:.4}{}  entry {:.4}  return {:.4}  volatility {:.4}  AUC {}  {:.1} s",
        record.get("epoch")?.as_u64()?,
        number("/score")?,
        if record.get("best")?.as_bool()? { " best" } else { "     " },
        number("/validation/entry")?,
        number("/validation/return")?,
        number("/validation/volatility")?,
        number("/learned/entry_auc").map_or("-".to_owned(), |auc| format!("{auc:.3}")),
        number("/seconds")?,
    ))
}
