use eframe::egui;
use egui::{Align2, Painter, Rect, Stroke, pos2};

use super::scale::Scale;
use crate::gui::theme;
use crate::gui::widgets::{price_ticks, time_ticks};
use crate::market::Bar;

/// A price with as many digits as its size needs and thousands apart.
pub(super) fn price(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let size = value.abs();
    let digits = if size >= 1000.0 {
        0
    } else if size >= 100.0 {
        1
    } else if size >= 1.0 {
        2
    } else {
        4
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(w, r)| (w, Some(r)));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |w| ("-", w));
    let mut apart = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            apart.push(',');
        }
        apart.push(digit);
    }
    match rest {
        Some(rest) => format!("{sign}{apart}.{rest}"),
        None => format!("{sign}{apart}"),
    }
}

/// 12.3k, 4.5M.
pub(super) fn compact(value: f64) -> String {
    match value.abs() {
        size if size >= 1e9 => format!("{:.1}G", value / 1e9),
        size if size >= 1e6 => format!("{:.1}M", value / 1e6),
        size if size >= 1e4 => format!("{:.1}k", value / 1e3),
        _ => price(value),
    }
}

/// Horizontal lines at round prices, labelled on the right.
pub(super) fn grid(painter: &Painter, scale: &Scale, plot: Rect, right: f32) {
    let count = (plot.height() / 64.0).max(2.0) as usize;
    for value in price_ticks(scale.low, scale.high, count) {
        let y = scale.y(value);
        if y > plot.bottom() - 8.0 {
            continue;
        }
        painter.hline(plot.x_range(), y, Stroke::new(1.0, theme::LINE.gamma_multiply(0.6)));
        painter.text(pos2(right - 4.0, y), Align2::RIGHT_CENTER, price(value), theme::small(), theme::WEAK);
    }
    painter.vline(plot.right(), plot.y_range(), Stroke::new(1.0, theme::LINE));
}

/// Vertical lines at round times, labelled below `full`.
pub(super) fn times(painter: &Painter, scale: &Scale, full: Rect, bars: &[Bar]) {
    let shown = scale.shown();
    let spacing = f64::from(110.0 / scale.step());
    for (bar, text) in time_ticks(&|i| bars[i].timestamp, shown.start, shown.end, spacing) {
        let x = scale.x_of(bar as f64);
        if x < full.left() + 30.0 || x > full.right() - 30.0 {
            continue;
        }
        painter.vline(x, full.y_range(), Stroke::new(1.0, theme::LINE.gamma_multiply(0.45)));
        painter.text(pos2(x, full.bottom() + 3.0), Align2::CENTER_TOP, text, theme::small(), theme::WEAK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_read_well() {
        let texts = [37841.0, 999.94, 1.5, 0.01234, -1234567.0, f64::NAN].map(price);
        assert_eq!(texts, ["37,841", "999.9", "1.50", "0.0123", "-1,234,567", "-"]);
        assert_eq!([14802.0, 3.2e6, 12.0].map(compact), ["14.8k", "3.2M", "12.00"]);
    }
}
