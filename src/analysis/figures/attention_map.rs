use super::colormap::{LINE, TEXT, WARNING, sequential};
use super::svg::{Anchor, Style, Svg};
use crate::stats::quantile;

/// Cells of all matrices together; longer windows are averaged down to stay below.
const MOST_CELLS: usize = 80_000;
const LEVELS: f64 = 63.0;

/// Attention of one head.
#[derive(Debug, Clone, Copy)]
pub struct AttentionHead<'a> {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// (seq_len, seq_len) row-major weights averaged over windows: row = query, column = key, oldest bar first.
    pub weights: &'a [f64],
}

/// What [`attention_map`] draws.
#[derive(Debug, Clone, Copy)]
pub struct AttentionFigure<'a> {
    /// Name of the run or model.
    pub name: &'a str,
    /// Slice in words, for example "test, out of sample".
    pub slice: &'a str,
    /// Windows averaged.
    pub windows: usize,
    /// Bars per window.
    pub seq_len: usize,
    /// Heads in any order.
    pub heads: &'a [AttentionHead<'a>],
    /// Whether the network uses its attention, by the rise in loss under uniform replacement.
    pub used: bool,
    /// The measure in words, for example "loss +0.0131 under uniform attention, chance gives up to 0.0008".
    pub honesty: &'a str,
}

/// One panel per layer (row) and head (column): above, the mean over queries; below, the whole matrix.
pub fn attention_map(figure: &AttentionFigure<'_>) -> String {
    let layers = 1 + figure.heads.iter().map(|h| h.layer).max().unwrap_or(0);
    let columns = 1 + figure.heads.iter().map(|h| h.head).max().unwrap_or(0);
    let limit = (MOST_CELLS / figure.heads.len().max(1)).isqrt();
    let group = figure.seq_len.div_ceil(limit.clamp(1, 128)).max(1);
    let side = (1120.0 / columns as f64).clamp(90.0, 320.0);
    let (strip, gap, left, top) = (22.0, 26.0, 78.0, 96.0);
    let panel = side + strip + 58.0;
    let width = (left + columns as f64 * (side + gap) + 80.0).max(760.0);
    let height = top + layers as f64 * panel + 20.0;
    let mut svg = Svg::new(width, height);
    svg.text([24.0, 32.0], &format!("Attention by layer and head: {}", figure.name), Style::TITLE);
    let averaged = if group > 1 { format!(", cells average {group} x {group} bars") } else { String::new() };
    let about = format!(
        "{}; mean of {} windows of {} bars{averaged}; strip: mean over query bars",
        figure.slice, figure.windows, figure.seq_len
    );
    svg.text([24.0, 52.0], &about, Style::LABEL);
    let (stamp, colour) =
        if figure.used { ("Used", TEXT) } else { ("NOT USED: do not read this map as an explanation", WARNING) };
    svg.text([24.0, 72.0], &format!("{stamp}; {}", figure.honesty), Style::LABEL.coloured(colour));

    let pooled: Vec<Vec<f64>> = figure.heads.iter().map(|h| pool(h.weights, figure.seq_len, group)).collect();
    // The brightest half per cent saturates, so that one spike does not darken the rest.
    let top_weight = quantile(&pooled.concat(), 0.995).max(f64::MIN_POSITIVE);
    let colour = |weight: f64| sequential((weight / top_weight * LEVELS).round() / LEVELS);
    for (head, cells) in figure.heads.iter().zip(&pooled) {
        let n = figure.seq_len.div_ceil(group);
        let x = left + head.head as f64 * (side + gap);
        let y = top + head.layer as f64 * panel;
        let cell = side / n as f64;
        svg.text([x, y + 8.0], &format!("layer {} head {}", head.layer, head.head), Style::HEADING);
        let mean: Vec<f64> = (0..n).map(|k| (0..n).map(|q| cells[q * n + k]).sum::<f64>() / n as f64).collect();
        svg.cells([x, y + 14.0], [cell, strip - 6.0], n, &mean, colour);
        let matrix = y + 14.0 + strip;
        svg.cells([x, matrix], [cell, cell], n, cells, colour);
        svg.frame([x, matrix, side, side], LINE);
        for (part, anchor) in [(0.0, Anchor::Start), (0.5, Anchor::Middle), (1.0, Anchor::End)] {
            let lag = (1.0 - part) * figure.seq_len.saturating_sub(1) as f64;
            if part == 0.5 && side < 150.0 {
                continue;
            }
            svg.text([x + part * side, matrix + side + 14.0], &format!("{lag:.0}"), Style::TICK.at(anchor));
            if head.head == 0 {
                let down = [x - 8.0, matrix + part * side + 10.0 * (1.0 - part)];
                svg.text(down, &format!("{lag:.0}"), Style::TICK.at(Anchor::End));
            }
        }
        if head.head == 0 {
            svg.text([x - 8.0, y + 26.0], "mean", Style::TICK.at(Anchor::End));
            svg.text_up([x - 44.0, matrix + side / 2.0], "query lag (bars)", Style::LABEL.at(Anchor::Middle));
        }
    }
    let middle = left + (columns as f64 * (side + gap) - gap) / 2.0;
    let foot = "key lag (bars before the deciding bar, which is 0)";
    svg.text([middle, height - 20.0], foot, Style::LABEL.at(Anchor::Middle));
    scale(
        &mut svg,
        [left + columns as f64 * (side + gap) + 12.0, top + 14.0, 12.0, panel - 58.0],
        top_weight,
        1.0 / figure.seq_len.max(1) as f64,
    );
    svg.finish()
}

/// Colour scale with the uniform weight marked.
fn scale(svg: &mut Svg, [x, y, w, h]: [f64; 4], top: f64, uniform: f64) {
    let steps: Vec<f64> = (0..64).rev().map(|i| f64::from(i) / 63.0).collect();
    svg.cells([x, y], [w, h / 64.0], 1, &steps, sequential);
    svg.frame([x, y, w, h], LINE);
    svg.text([x + w / 2.0, y - 8.0], "weight", Style::LABEL.at(Anchor::Middle));
    svg.text([x + w + 6.0, y + 8.0], &format!("{top:.3}"), Style::TICK);
    svg.text([x + w + 6.0, y + h], "0", Style::TICK);
    let at = y + h * (1.0 - (uniform / top).clamp(0.0, 1.0));
    if at > y + 20.0 && at < y + h - 12.0 {
        svg.line([x - 4.0, at], [x + w + 4.0, at], TEXT, 1.0);
        svg.text([x + w + 6.0, at + 4.0], "1/T", Style::TICK.coloured(TEXT));
    }
}

/// Block means of a (side, side) matrix; the last block of an uneven side is smaller.
fn pool(weights: &[f64], side: usize, group: usize) -> Vec<f64> {
    let n = side.div_ceil(group);
    let mut out = vec![0.0; n * n];
    let mut count = vec![0.0; n * n];
    for (i, weight) in weights.iter().enumerate().take(side * side) {
        let cell = i / side / group * n + i % side / group;
        out[cell] += weight;
        count[cell] += 1.0;
    }
    out.iter().zip(&count).map(|(sum, count)| sum / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooling_averages_blocks() {
        let weights: Vec<f64> = (0..9).map(f64::from).collect();
        assert_eq!(pool(&weights, 3, 2), [2.0, 3.5, 6.5, 8.0]);
        assert_eq!(pool(&weights, 3, 1), weights);
    }
}
