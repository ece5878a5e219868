//! A file with every table in it opened, and what was guessed about it.

use std::path::Path;

use super::super::DataError;
use super::super::finding::{Finding, Severity};
use super::form::Form;
use super::format::{self, Format};
use super::symbols::Named;
use super::table::{Part, Table};
use super::{Confidence, Decimal, Guess, ReadOptions, Role, TIMEFRAME, TimeGuess, container, file_name};
use crate::market::Timeframe;

/// Rows of a preview.
const PREVIEW: usize = 10;

/// A file with every table in it opened.
pub(super) struct File {
    pub(super) parts: Vec<Part>,
    pub(super) wrappings: Vec<&'static str>,
    pub(super) archived: bool,
}

impl File {
    pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Self, DataError> {
        let found = container::open(path)?;
        let opened = Self::open_pieces(path, found, options);
        // A file of bars under a strange name is read; a strange file is named as such.
        opened.map_err(|err| match err {
            DataError::NotBars { .. } | DataError::MissingColumn { .. } | DataError::Empty { .. }
                if !format::is_known(&file_name(path)) =>
            {
                DataError::Extension { path: path.to_owned() }
            }
            err => err,
        })
    }

    fn open_pieces(path: &Path, found: container::Pieces, options: &ReadOptions) -> Result<Self, DataError> {
        let container::Pieces { tables, wrappings, archived } = found;
        let mut parts = Vec::new();
        let mut refusal = None;
        for piece in tables {
            match Part::open(path, piece, options) {
                Ok(part) => parts.push(part),
                // Archives hold other things too.
                Err(err @ (DataError::NotBars { .. } | DataError::Unreadable { .. } | DataError::Empty { .. }))
                    if archived =>
                {
                    refusal.get_or_insert(err);
                }
                Err(err) => return Err(err),
            }
        }
        if parts.is_empty() {
            return Err(refusal.unwrap_or_else(|| DataError::Empty { path: path.to_owned() }));
        }
        Ok(Self { parts, wrappings, archived })
    }

    pub(super) fn timeframe(&self) -> Option<Timeframe> {
        let part = self.parts.first()?;
        match &part.table {
            Table::Typed(table) => table.timeframe(),
            Table::Text(_) => [TIMEFRAME, "interval"].iter().find_map(|name| part.sample.same(name)?.parse().ok()),
        }
    }

    /// Columns that are left out.
    pub(super) fn dropped(&self) -> Vec<String> {
        let Some(part) = self.parts.first() else { return Vec::new() };
        part.layout.columns.iter().filter(|column| column.role.is_none()).map(|column| column.column.clone()).collect()
    }

    /// What a person should look at before trusting the guess.
    pub(super) fn doubts(&self) -> Vec<Finding> {
        let Some(part) = self.parts.first() else { return Vec::new() };
        let mut findings = Vec::new();
        let layout = &part.layout;
        if layout.time.confidence != Confidence::Sure {
            let severity =
                if layout.time.confidence == Confidence::Doubtful { Severity::Warning } else { Severity::Note };
            findings.push(match layout.time.form {
                Form::Written(_) => {
                    let sentence = format!("{}; otherwise say --day-first or --month-first", layout.time.reason);
                    Finding::new("date_order", severity, 1, sentence)
                }
                _ => Finding::new("time_form", severity, 1, layout.time.reason.clone()),
            });
        }
        let by_value = layout.columns.iter().filter(|c| c.role.is_some_and(|r| Role::OHLCV.contains(&r)));
        let doubtful = by_value.filter(|column| column.confidence == Confidence::Doubtful).count();
        if doubtful > 0 {
            let sentence =
                "prices were told from their values alone: look at the guess, and say which is which with --map";
            findings.push(Finding::new("columns", Severity::Warning, doubtful, sentence));
        }
        if layout.no_volume {
            let sentence = "there is no volume, as asked for: it is zero on every bar";
            findings.push(Finding::new("no_volume", Severity::Warning, 1, sentence));
        }
        findings
    }

    pub(super) fn guess(&self, named: &Named, options: &ReadOptions) -> Guess {
        let part = &self.parts[0];
        let mut format = part.format.words().to_owned();
        for wrapping in self.wrappings.iter().rev() {
            format.push_str(&format!(" in {wrapping}"));
        }
        let (delimiter, decimal, header_line, banner) = match &part.table {
            Table::Text(table) if part.format == Format::Text => (
                Some(table.delimiter_words()),
                Some(if part.layout.decimal == Decimal::Comma { "," } else { "." }.to_owned()),
                table.dialect.header_line,
                table.dialect.banner.clone(),
            ),
            _ => (None, None, None, Vec::new()),
        };
        let zone = options.timezone.unwrap_or_default();
        let time = &part.layout.time;
        let says = time.form == Form::Epoch || time.zones;
        Guess {
            format,
            members: if self.archived {
                self.parts.iter().map(|part| part.member.clone()).collect()
            } else {
                Vec::new()
            },
            delimiter,
            decimal,
            header_line,
            banner,
            symbol: named.symbol.clone(),
            symbol_reason: named.reason.clone(),
            symbols: named.all.clone(),
            time: TimeGuess {
                form: time.form.words().to_owned(),
                reason: time.reason.clone(),
                confidence: time.confidence,
                zone: zone.to_string(),
                zone_reason: match (options.timezone, says) {
                    (Some(_), _) => "given".to_owned(),
                    (None, true) => "the file says so".to_owned(),
                    (None, false) => "taken where the file names none".to_owned(),
                },
            },
            columns: part.layout.columns.clone(),
            preview: part.sample.preview(PREVIEW),
        }
    }
}
