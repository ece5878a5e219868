use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use crate::nn::real::Real;

/// Memory that is used again: after the first step of a training no buffer is asked of the system any more.
#[derive(Debug)]
pub(in crate::nn) struct Arena<R> {
    free: Mutex<Vec<Vec<R>>>,
}

impl<R> Default for Arena<R> {
    fn default() -> Self {
        Self { free: Mutex::new(Vec::new()) }
    }
}

impl<R: Real> Arena<R> {
    /// `len` numbers of unspecified value; they go back when the buffer is dropped.
    pub(in crate::nn) fn take(self: &Arc<Self>, len: usize) -> Buffer<R> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let best = free
            .iter()
            .enumerate()
            .filter(|(_, values)| values.len() >= len)
            .min_by_key(|(_, values)| values.len())
            .map(|(i, _)| i);
        let values = match best {
            Some(i) => free.swap_remove(i),
            None => vec![R::from_f64(0.0); len],
        };
        Buffer { values, len, home: Arc::clone(self) }
    }

    /// [`Self::take`], filled with zeros.
    pub(in crate::nn) fn zeros(self: &Arc<Self>, len: usize) -> Buffer<R> {
        let mut buffer = self.take(len);
        buffer.fill(R::from_f64(0.0));
        buffer
    }
}

/// Numbers on loan from an [`Arena`].
#[derive(Debug)]
pub(in crate::nn) struct Buffer<R: Real> {
    values: Vec<R>,
    len: usize,
    home: Arc<Arena<R>>,
}

impl<R: Real> Deref for Buffer<R> {
    type Target = [R];

    fn deref(&self) -> &[R] {
        &self.values[..self.len]
    }
}

impl<R: Real> DerefMut for Buffer<R> {
    fn deref_mut(&mut self) -> &mut [R] {
        &mut self.values[..self.len]
    }
}

impl<R: Real> Drop for Buffer<R> {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        self.home.free.lock().unwrap_or_else(PoisonError::into_inner).push(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_and_the_smallest_that_fits_is_taken() {
        let arena = Arc::new(Arena::<f32>::default());
        let (large, small) = (arena.take(100), arena.take(10));
        let (at_large, at_small) = (large.as_ptr(), small.as_ptr());
        drop((large, small));
        let again = arena.take(8);
        assert_eq!((again.as_ptr(), again.len()), (at_small, 8));
        assert_eq!(arena.take(50).as_ptr(), at_large);
        let zeros = arena.zeros(100);
        assert!(zeros.as_ptr() == at_large && zeros.iter().all(|v| *v == 0.0));
    }
}
