use eframe::egui;
use std::sync::Arc;

use super::{Shown, received};
use crate::analysis::attention::AttentionMaps;
use crate::gui::widgets::{Heat, heat_image};
use crate::tasks::Explanation;

/// Most cells per side of a small map.
const SMALL: usize = 64;

/// Pictures and numbers of one window, made anew when window, layer, head or scale change.
#[derive(Debug, Default)]
pub(super) struct Maps {
    why: Option<Arc<Explanation>>,
    of: Option<(Shown, bool)>,
    /// Bars, T.
    pub(super) size: usize,
    /// (T, T) weights shown large, row = query.
    pub(super) cells: Vec<f64>,
    /// The bright end of the scale.
    pub(super) top: f64,
    /// The large map.
    pub(super) large: Heat,
    /// All heads, one row per layer; the first column is the mean.
    pub(super) small: Heat,
    /// What each bar receives, and its picture.
    pub(super) received: (Vec<f64>, Heat),
    /// Rollout, and its picture.
    pub(super) rollout: (Vec<f64>, Heat),
    /// The scale's own picture, bright at the top.
    pub(super) scale: Heat,
}

impl Maps {
    pub(super) fn set(
        &mut self,
        context: &egui::Context,
        why: &Arc<Explanation>,
        maps: &AttentionMaps,
        shown: Shown,
        by_row: bool,
    ) {
        let same = self.why.as_ref().is_some_and(|old| Arc::ptr_eq(old, why));
        if same && self.of == Some((shown, by_row)) {
            return;
        }
        if !same {
            self.all_heads(context, maps);
            self.rollout = strip(context, "rollout", why.rollout.clone());
            self.scale.set(context, "attention scale", heat_image(64, 1, |row, _| 1.0 - row as f64 / 63.0));
        }
        let t = maps.seq_len;
        self.size = t;
        self.cells = mean_map(maps, shown);
        self.top = self.cells.iter().copied().fold(least_top(t), f64::max);
        let tops: Vec<f64> = self.cells.chunks(t).map(|row| row.iter().copied().fold(least_top(t), f64::max)).collect();
        let scale = |row: usize| if by_row { tops[row] } else { self.top };
        let image = heat_image(t, t, |row, column| self.cells[row * t + column] / scale(row));
        self.large.set(context, "attention", image);
        self.received = strip(context, "received", received(maps, shown.layer, shown.head));
        self.why = Some(Arc::clone(why));
        self.of = Some((shown, by_row));
    }

    /// Small maps, each on a scale of its own.
    fn all_heads(&mut self, context: &egui::Context, maps: &AttentionMaps) {
        let (t, columns) = (maps.seq_len, maps.heads + 1);
        let side = t.min(SMALL).min(1024 / columns.max(maps.layers)).max(1);
        let shown = |layer, head| Shown { layer, head, layers: maps.layers, heads: maps.heads };
        let all: Vec<(Vec<f64>, f64)> = (0..maps.layers * columns)
            .map(|i| {
                let cells = mean_map(maps, shown(i / columns, (i % columns).checked_sub(1)));
                let top = cells.iter().copied().fold(least_top(t), f64::max);
                (cells, top)
            })
            .collect();
        let image = heat_image(maps.layers * side, columns * side, |row, column| {
            let (cells, top) = &all[row / side * columns + column / side];
            let block = |i: usize| i % side * t / side..(i % side + 1) * t / side;
            let cell = |row: usize| block(column).map(move |column| cells[row * t + column]);
            block(row).flat_map(cell).fold(0.0, f64::max) / top
        });
        self.small.set(context, "attention heads", image);
    }
}

/// Uniform attention stays dark: only more than three times uniform reaches full brightness by itself.
pub(super) fn least_top(bars: usize) -> f64 {
    3.0 / bars.max(1) as f64
}

/// The (T, T) map of one head or the mean of a layer's heads.
fn mean_map(maps: &AttentionMaps, shown: Shown) -> Vec<f64> {
    let share = 1.0 / shown.range().len().max(1) as f64;
    let mut mean = vec![0.0; maps.seq_len * maps.seq_len];
    for head in shown.range() {
        for (sum, &weight) in mean.iter_mut().zip(maps.head(shown.layer, head)) {
            *sum += share * f64::from(weight);
        }
    }
    mean
}

fn strip(context: &egui::Context, name: &str, values: Vec<f64>) -> (Vec<f64>, Heat) {
    let top = values.iter().copied().fold(least_top(values.len()), f64::max);
    let mut heat = Heat::default();
    heat.set(context, name, heat_image(1, values.len().max(1), |_, i| values.get(i).map_or(f64::NAN, |v| v / top)));
    (values, heat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_heads() {
        let maps = AttentionMaps {
            layers: 1,
            heads: 2,
            seq_len: 2,
            weights: vec![1.0, 0.0, 0.5, 0.5, 0.0, 1.0, 0.5, 0.5],
            pooling: vec![0.0, 1.0],
        };
        let shown = |head| Shown { layer: 0, head, layers: 1, heads: 2 };
        assert_eq!(mean_map(&maps, shown(None)), [0.5, 0.5, 0.5, 0.5]);
        assert_eq!(mean_map(&maps, shown(Some(1))), [0.0, 1.0, 0.5, 0.5]);
        assert_eq!(received(&maps, 0, None), [0.5, 0.5]);
    }
}
