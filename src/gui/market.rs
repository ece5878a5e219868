//! The file of bars that is looked at. Plain data; `market_desk.rs` moves it.

use std::path::PathBuf;
use std::sync::Arc;

use super::state::Loadable;
use crate::config::DataConfig;
use crate::data::{Guess, ReadReport, Role};
use crate::tasks::RunView;

/// A file of bars that was looked at.
#[derive(Debug, Clone)]
pub struct DataView {
    /// The file.
    pub path: PathBuf,
    /// What reading it found.
    pub report: Loadable<ReadReport>,
    /// What its columns are taken for.
    pub guess: Option<Guess>,
    /// Its bars, ready for the chart.
    pub bars: Option<Arc<RunView>>,
    /// How it is read; the next run reads it the same way.
    pub choices: DataConfig,
    /// The file its bars were last written to, or why that failed.
    pub saved: Option<Result<PathBuf, String>>,
}

impl DataView {
    /// A file that is not read yet.
    pub fn new(path: PathBuf, choices: DataConfig) -> Self {
        Self { path, report: Loadable::Empty, guess: None, bars: None, choices, saved: None }
    }

    /// The choices with `column` taken for `role`; for nothing when `None`.
    pub fn mapped(&self, column: &str, role: Option<Role>) -> DataConfig {
        let mut choices = self.choices.clone();
        let held = |text: &str, column: &str| text.split_once('=').is_some_and(|(_, held)| held == column);
        let is_role = |text: &str, role: Role| text.split_once('=').is_some_and(|(name, _)| name == role.name());
        choices.map.retain(|text| !held(text, column) && role.is_none_or(|role| !is_role(text, role)));
        if let Some(role) = role {
            choices.map.push(format!("{}={column}", role.name()));
        } else {
            let guessed = self.guess.iter().flat_map(|guess| &guess.columns).find(|c| c.column == column);
            if let Some(role) = guessed.and_then(|guess| guess.role) {
                choices.map.push(format!("{}=none", role.name()));
            }
        }
        choices
    }

    /// True if the bars are those of `view`.
    pub fn is_shown(&self, view: Option<&Arc<RunView>>) -> bool {
        self.bars.as_ref().zip(view).is_some_and(|(bars, view)| Arc::ptr_eq(bars, view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ColumnGuess, Confidence, TimeGuess};

    fn view() -> DataView {
        let column = |column: &str, role| ColumnGuess {
            column: column.to_owned(),
            role: Some(role),
            reason: String::new(),
            confidence: Confidence::Sure,
        };
        let time = TimeGuess {
            form: String::new(),
            reason: String::new(),
            confidence: Confidence::Sure,
            zone: String::new(),
            zone_reason: String::new(),
        };
        let mut view = DataView::new(PathBuf::from("bars.csv"), DataConfig::default());
        view.guess = Some(Guess {
            format: "CSV".to_owned(),
            members: Vec::new(),
            delimiter: None,
            decimal: None,
            header_line: None,
            banner: Vec::new(),
            symbol: String::new(),
            symbol_reason: String::new(),
            symbols: Vec::new(),
            time,
            columns: vec![column("Last", Role::Close), column("Vol", Role::Volume)],
            preview: Vec::new(),
        });
        view
    }

    #[test]
    fn a_column_has_one_role_and_a_role_one_column() {
        let mut view = view();
        view.choices = view.mapped("Last", Some(Role::Open));
        assert_eq!(view.choices.map, ["open=Last"]);
        view.choices = view.mapped("Vol", Some(Role::Open));
        assert_eq!(view.choices.map, ["open=Vol"]);
        view.choices = view.mapped("Vol", Some(Role::Close));
        assert_eq!(view.choices.map, ["close=Vol"]);
        view.choices = view.mapped("Vol", None);
        assert_eq!(view.choices.map, ["volume=none"]);
    }
}
