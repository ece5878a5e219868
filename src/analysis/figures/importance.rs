use super::axes::ticks;
use super::axes::{Plot, Ticks};
use super::colormap::{DOWN, LINE, PANEL, TEXT, UP, WARNING, WEAK};
use super::svg::{Anchor, Style, Svg};

const SHOWN: usize = 30;

/// What [`importance`] draws.
#[derive(Debug, Clone, Copy)]
pub struct ImportanceFigure<'a> {
    /// Head and method, for example "entry logit, integrated gradients".
    pub title: &'a str,
    /// Slice in words.
    pub slice: &'a str,
    /// Windows averaged.
    pub windows: usize,
    /// Feature names with signed mean contributions to the logit, in any order.
    pub features: &'a [(String, f64)],
    /// Median completeness gap as a fraction, if the method has one.
    pub gap: Option<f64>,
    /// Trust badge in words.
    pub badge: &'a str,
    /// Whether the badge is good.
    pub trusted: bool,
}

/// The 30 features with the largest contributions as signed bars.
pub fn importance(figure: &ImportanceFigure<'_>) -> String {
    let mut order: Vec<&(String, f64)> = figure.features.iter().filter(|f| f.1.is_finite()).collect();
    order.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
    let total: f64 = order.iter().map(|f| f.1.abs()).sum();
    order.truncate(SHOWN);
    let shown: f64 = order.iter().map(|f| f.1.abs()).sum();
    let (row, top, left, width) = (20.0, 104.0, 330.0, 1040.0);
    let height = top + row * order.len().max(1) as f64 + 74.0;
    let mut svg = Svg::new(width, height);
    svg.text([24.0, 32.0], &format!("Feature importance: {}", figure.title), Style::TITLE);
    let share = if total > 0.0 { 100.0 * shown / total } else { 0.0 };
    let about = format!(
        "{}; mean of {} windows; {} of {} features, {share:.0} % of all absolute contribution",
        figure.slice,
        figure.windows,
        order.len(),
        figure.features.len()
    );
    svg.text([24.0, 52.0], &about, Style::LABEL);
    let gap = figure.gap.map_or_else(String::new, |g| format!("; completeness gap {:.1} %", 100.0 * g));
    let colour = if figure.trusted { TEXT } else { WARNING };
    svg.text([24.0, 72.0], &format!("{}{gap}", figure.badge), Style::LABEL.coloured(colour));
    for (x, colour, text) in [(left, DOWN, "speaks against"), (left + 130.0, UP, "speaks for")] {
        svg.rect([x, 84.0, 10.0, 10.0], colour, 1.0);
        svg.text([x + 16.0, 93.0], text, Style::LABEL);
    }

    let largest = order.first().map_or(1.0, |f| f.1.abs()).max(f64::MIN_POSITIVE);
    let any = |negative: bool| order.iter().any(|f| (f.1 < 0.0) == negative);
    // Room for the printed value beyond the longest bar.
    let range = [if any(true) { -1.22 * largest } else { 0.0 }, if any(false) { 1.22 * largest } else { 0.0 }];
    let plot =
        Plot { area: [left, top, width - left - 30.0, row * order.len().max(1) as f64], x: range, y: [0.0, 1.0] };
    svg.rect(plot.area, PANEL, 1.0);
    let bottom = top + plot.area[3];
    for (value, text) in ticks(range, 6, Ticks::Number) {
        let [x, _] = plot.at(value, 0.0);
        svg.line([x, top], [x, bottom], if value == 0.0 { WEAK } else { LINE }, 1.0);
        svg.text([x, bottom + 16.0], &text, Style::TICK.at(Anchor::Middle));
    }
    for (i, (name, value)) in order.iter().enumerate() {
        let y = top + i as f64 * row;
        let ([zero, _], [end, _]) = (plot.at(0.0, 0.0), plot.at(*value, 0.0));
        svg.text([left - 10.0, y + 14.0], &shortened(name), Style::TICK.coloured(TEXT).at(Anchor::End));
        svg.rect([zero.min(end), y + 4.0, (end - zero).abs(), row - 8.0], if *value < 0.0 { DOWN } else { UP }, 1.0);
        let (x, anchor) = if *value < 0.0 { (end - 6.0, Anchor::End) } else { (end + 6.0, Anchor::Start) };
        svg.text([x, y + 14.0], &format!("{value:+.4}"), Style::TICK.at(anchor));
    }
    let axis = "mean contribution to the logit (log odds)";
    svg.text([left + plot.area[2] / 2.0, bottom + 38.0], axis, Style::LABEL.at(Anchor::Middle));
    svg.finish()
}

/// Long names keep their start and their end, where the line and the lookback stand.
fn shortened(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= 44 {
        return name.to_owned();
    }
    let (start, end) = (&letters[..21], &letters[letters.len() - 22..]);
    start.iter().chain(&['\u{2026}']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("rsi_14.rsi"), "rsi_14.rsi");
        let long = shortened(&format!("start{}end", "x".repeat(60)));
        assert!(long.chars().count() == 44 && long.starts_with("start") && long.ends_with("end"));
    }
}
