//! Formula files of the workspace and the one that is edited. Plain data; `formula_desk.rs` moves it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::indicators::formula::FormulaError;
use crate::tasks::FormulaText;

/// A formula being edited.
#[derive(Debug, Clone, Default)]
pub struct Editor {
    /// Name of the indicator, and of the file once it is saved.
    pub id: String,
    /// The file it was read from.
    pub path: Option<PathBuf>,
    /// The text as edited.
    pub text: String,
    /// The text on disk.
    pub saved: String,
    /// The text on disk before the last saving: news of it are late.
    pub(super) before: String,
    /// Another text that somebody else wrote to the file meanwhile.
    pub disk: Option<String>,
    /// Why it could not be saved.
    pub problem: Option<String>,
    /// Its outputs were put on the chart.
    pub(super) previewed: bool,
}

impl Editor {
    /// True if there is something to save.
    pub fn is_changed(&self) -> bool {
        self.path.is_none() || self.text != self.saved
    }
}

/// Everything about formula files.
#[derive(Debug)]
pub struct Formulas {
    /// The files of the workspace, by name.
    pub files: Vec<FormulaText>,
    /// What is wrong with files or the edited text, by id.
    pub faults: BTreeMap<String, Vec<FormulaError>>,
    /// The one that is edited.
    pub open: Option<Editor>,
    /// Draws the outputs of the edited formula.
    pub preview: bool,
}

impl Default for Formulas {
    fn default() -> Self {
        Self { files: Vec::new(), faults: BTreeMap::new(), open: None, preview: true }
    }
}

impl Formulas {
    /// What is wrong with a formula; nothing when it is sound or was not checked yet.
    pub fn faults_of(&self, id: &str) -> &[FormulaError] {
        self.faults.get(id).map_or(&[], Vec::as_slice)
    }

    /// A name that no formula bears.
    pub(super) fn free_name(&self, wish: &str) -> String {
        let taken = |name: &str| self.files.iter().any(|file| file.id == name);
        if !taken(wish) {
            return wish.to_owned();
        }
        (2..10_000).map(|n| format!("{wish}_{n}")).find(|name| !taken(name)).unwrap_or_default()
    }

    /// Id and text of all formulas, the edited one as it is in the editor.
    pub(super) fn named(&self) -> Vec<(String, String)> {
        let open = self.open.as_ref();
        let others = self.files.iter().filter(|file| open.is_none_or(|open| open.id != file.id));
        let mut named: Vec<(String, String)> = others.map(|file| (file.id.clone(), file.text.clone())).collect();
        named.extend(open.map(|open| (open.id.clone(), open.text.clone())));
        named
    }
}
