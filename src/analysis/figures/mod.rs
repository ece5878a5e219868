//! Pictures of the analysis as SVG text: attention, importance, regime space, decision boundary with calibration.
//!
//! Each function takes plain data and gives one self-contained document in the dark theme. Every picture states its
//! slice and its number of windows or bars.

mod attention_map;
mod axes;
mod colormap;
mod decision_boundary;
mod importance;
mod regime_space;
mod svg;

pub use attention_map::{AttentionFigure, AttentionHead, attention_map};
pub use colormap::{Rgb, diverging, regime_colour, sequential};
pub use decision_boundary::{DecisionFigure, decision_boundary};
pub use importance::{ImportanceFigure, importance};
pub use regime_space::{RegimePoint, RegimeSpaceFigure, regime_space};

#[cfg(test)]
mod tests;
