use std::sync::Arc;

use super::TOP;
use crate::analysis::attribution::{Importance, Target};
use crate::tasks::Explanation;

/// One feature.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    /// Signed contribution.
    pub(super) value: f64,
    /// Mean size whatever the sign; the size of `value` in one window.
    pub(super) magnitude: f64,
}

/// What the rows were made of.
#[derive(Debug)]
enum Source {
    Run(String, Target),
    Window(Arc<Explanation>),
}

/// The rows shown, made anew when source, search or length change.
#[derive(Debug, Default)]
pub(super) struct List {
    source: Option<Source>,
    search: String,
    all: bool,
    pub(super) rows: Vec<Row>,
    /// Features of the source.
    pub(super) total: usize,
    /// Largest magnitude of the source.
    pub(super) top: f64,
    /// Size by lag, lag 0 first.
    pub(super) lags: Vec<f64>,
}

impl List {
    pub(super) fn is_window(&self) -> bool {
        matches!(self.source, Some(Source::Window(_)))
    }

    pub(super) fn of_run(&mut self, run: &str, importance: &Importance, search: &str, all: bool) {
        let same = matches!(&self.source, Some(Source::Run(id, target)) if id == run && *target == importance.head);
        if same && self.search == search && self.all == all {
            return;
        }
        self.source = Some(Source::Run(run.to_owned(), importance.head));
        self.lags.clone_from(&importance.lags);
        let rows = importance.features.iter().map(|f| (&f.name, f.value, f.magnitude));
        self.fill(rows, search, all);
    }

    pub(super) fn of_window(&mut self, why: &Arc<Explanation>, search: &str, all: bool) {
        let same = matches!(&self.source, Some(Source::Window(old)) if Arc::ptr_eq(old, why));
        if same && self.search == search && self.all == all {
            return;
        }
        self.source = Some(Source::Window(Arc::clone(why)));
        let size = |row: &[f32]| row.iter().map(|v| f64::from(v.abs())).sum();
        self.lags = why.cells.chunks(why.contributions.len().max(1)).rev().map(size).collect();
        self.fill(why.contributions.iter().map(|c| (&c.name, c.value, c.value.abs())), search, all);
    }

    /// Rows come by falling magnitude.
    fn fill<'a>(&mut self, rows: impl ExactSizeIterator<Item = (&'a String, f64, f64)>, search: &str, all: bool) {
        self.total = rows.len();
        search.clone_into(&mut self.search);
        self.all = all;
        self.top = 0.0;
        self.rows.clear();
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let most = if all || !words.is_empty() { usize::MAX } else { TOP };
        for (name, value, magnitude) in rows {
            self.top = self.top.max(magnitude);
            let lower = name.to_lowercase();
            if self.rows.len() < most && words.iter().all(|word| lower.contains(word)) {
                self.rows.push(Row { name: name.clone(), value, magnitude });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_looks_at_every_feature_and_no_search_at_the_first() {
        let names: Vec<String> = (0..40).map(|i| format!("line_{i}.Speed")).collect();
        let rows = || names.iter().enumerate().map(|(i, name)| (name, -1.0, 40.0 - i as f64));
        let mut list = List::default();
        list.fill(rows(), "", false);
        assert_eq!((list.rows.len(), list.total, list.top), (TOP, 40, 40.0));
        list.fill(rows(), "", true);
        assert_eq!(list.rows.len(), 40);
        list.fill(rows(), " speed  39 ", false);
        assert_eq!(list.rows, [Row { name: "line_39.Speed".to_owned(), value: -1.0, magnitude: 1.0 }]);
        list.fill(rows(), "nothing", false);
        assert!(list.rows.is_empty() && list.top == 40.0);
    }
}
