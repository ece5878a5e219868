use std::sync::{Arc, Weak};

use crate::tasks::RunView;

/// Something a panel makes of the open run: made anew only when the run or `K` (filters, choices) changes, so that no
/// frame pays for it.
#[derive(Debug)]
pub(in crate::gui) struct Cache<K, V> {
    // A weak handle keeps the address from being given to another run.
    made: Option<(Weak<RunView>, K, V)>,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { made: None }
    }
}

impl<K: PartialEq, V> Cache<K, V> {
    /// The value for `run` and `key`.
    pub(in crate::gui) fn get(&mut self, run: &Arc<RunView>, key: K, make: impl FnOnce(&RunView, &K) -> V) -> &V {
        if self.made.as_ref().is_some_and(|(of, with, _)| Weak::as_ptr(of) != Arc::as_ptr(run) || *with != key) {
            self.made = None;
        }
        let (_, _, value) = self.made.get_or_insert_with(|| {
            let value = make(run, &key);
            (Arc::downgrade(run), key, value)
        });
        value
    }
}
