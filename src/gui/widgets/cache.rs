use std::sync::{Arc, Weak};

use crate::tasks::RunView;

/// Something a panel makes of the open run, or of another shared `T`: made anew only when that or `K` (filters, choices)
/// changes, so that no frame pays for it.
#[derive(Debug)]
pub(in crate::gui) struct Cache<K, V, T = RunView> {
    // A weak handle keeps the address from being given to another.
    made: Option<(Weak<T>, K, V)>,
}

impl<K, V, T> Default for Cache<K, V, T> {
    fn default() -> Self {
        Self { made: None }
    }
}

impl<K: PartialEq, V, T> Cache<K, V, T> {
    /// The value for `of` and `key`.
    pub(in crate::gui) fn get(&mut self, of: &Arc<T>, key: K, make: impl FnOnce(&T, &K) -> V) -> &V {
        if self.made.as_ref().is_some_and(|(made, with, _)| Weak::as_ptr(made) != Arc::as_ptr(of) || *with != key) {
            self.made = None;
        }
        let (_, _, value) = self.made.get_or_insert_with(|| {
            let value = make(of, &key);
            (Arc::downgrade(of), key, value)
        });
        value
    }
}
