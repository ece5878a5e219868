use eframe::egui;
use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Stroke, TextStyle, Visuals};

use crate::dataset::Slice;

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

pub(super) const BACKGROUND: Color32 = rgb(0x0d1015);
pub(super) const PANEL: Color32 = rgb(0x13171e);
pub(super) const RAISED: Color32 = rgb(0x1a202a);
pub(super) const LINE: Color32 = rgb(0x242c38);
pub(super) const TEXT: Color32 = rgb(0xd8dfe9);
pub(super) const STRONG: Color32 = rgb(0xf2f5f9);
pub(super) const WEAK: Color32 = rgb(0x8792a2);
pub(super) const ACCENT: Color32 = rgb(0x5aa9ff);
pub(super) const UP: Color32 = rgb(0x35b58c);
pub(super) const DOWN: Color32 = rgb(0xe0655d);
pub(super) const WARN: Color32 = rgb(0xe2b340);

/// Colours of the lines laid over a chart, in the order they are chosen.
pub(super) const LINES: [Color32; 6] =
    [rgb(0xf0a020), rgb(0x5fc3e8), rgb(0xc48bf0), rgb(0xe8e06a), rgb(0xf08bb4), rgb(0x9ad06a)];

/// No two of these, nor one of them and [`UP`] or [`DOWN`], are closer than Delta E 12 (CIEDE2000) under normal,
/// deuteranopic and protanopic vision.
const SLICES: [Color32; 4] = [rgb(0x5e8d8a), rgb(0x637916), rgb(0xa55863), rgb(0x3c78a0)];
const REGIMES: [Color32; 8] = [
    rgb(0x777ffa),
    rgb(0xdba314),
    rgb(0x7ebcb8),
    rgb(0xe3f714),
    rgb(0xd2e8fa),
    rgb(0xa3b9fa),
    rgb(0xaefadc),
    rgb(0x4be894),
];

pub(super) fn slice(slice: Slice) -> Color32 {
    SLICES[slice as usize]
}

pub(super) fn regime(regime: usize) -> Color32 {
    REGIMES[regime % REGIMES.len()]
}

/// What a regime is called: regimes are numbered by falling weight on the training slice.
pub fn regime_name(regime: usize) -> String {
    format!("regime {regime}")
}

/// Half way to white: text on a tint of the same colour.
pub(super) fn lighten(color: Color32) -> Color32 {
    color.lerp_to_gamma(Color32::WHITE, 0.35)
}

/// Green above 0, red below.
pub(super) fn signed(value: f64) -> Color32 {
    if value < 0.0 { DOWN } else { UP }
}

/// Sequential map from dark to light, `share` in 0..=1; NaN is transparent.
pub(super) fn magma(share: f64) -> Color32 {
    const STOPS: [u32; 9] = [0x000004, 0x1c1044, 0x4f127b, 0x812581, 0xb5367a, 0xe55064, 0xfb8761, 0xfec287, 0xfcfdbf];
    if share.is_nan() {
        return Color32::TRANSPARENT;
    }
    let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let low = (at as usize).min(STOPS.len() - 2);
    rgb(STOPS[low]).lerp_to_gamma(rgb(STOPS[low + 1]), (at - low as f64) as f32)
}

/// Text of numbers.
pub(super) fn mono() -> FontId {
    FontId::monospace(11.5)
}

/// Small text of axes and captions.
pub(super) fn small() -> FontId {
    FontId::monospace(10.5)
}

/// Fonts, colours and spacing for `context`.
pub fn install(context: &egui::Context) {
    context.set_fonts(fonts());
    context.set_theme(egui::Theme::Dark);
    context.all_styles_mut(|style| {
        style.text_styles = BTreeMap::from([
            (TextStyle::Small, FontId::proportional(11.0)),
            (TextStyle::Body, FontId::proportional(12.5)),
            (TextStyle::Button, FontId::proportional(12.5)),
            (TextStyle::Heading, FontId::new(15.0, FontFamily::Name("semibold".into()))),
            (TextStyle::Monospace, mono()),
        ]);
        style.spacing.item_spacing = egui::vec2(8.0, 4.0);
        style.spacing.button_padding = egui::vec2(8.0, 3.0);
        style.spacing.interact_size = egui::vec2(32.0, 22.0);
        style.spacing.menu_margin = egui::Margin::same(6);
        style.interaction.tooltip_delay = 0.25;
        style.visuals = visuals();
    });
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = PANEL;
    visuals.window_fill = RAISED;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.extreme_bg_color = BACKGROUND;
    visuals.faint_bg_color = RAISED;
    visuals.code_bg_color = RAISED;
    visuals.weak_text_color = Some(WEAK);
    visuals.hyperlink_color = ACCENT;
    visuals.warn_fg_color = WARN;
    visuals.error_fg_color = DOWN;
    visuals.selection.bg_fill = ACCENT.gamma_multiply(0.35);
    visuals.selection.stroke = Stroke::new(1.0, ACCENT);
    let corner = CornerRadius::same(4);
    for (widget, fill, line, text) in [
        (&mut visuals.widgets.noninteractive, PANEL, LINE, TEXT),
        (&mut visuals.widgets.inactive, RAISED, LINE, TEXT),
        (&mut visuals.widgets.hovered, rgb(0x232b38), rgb(0x3a4658), STRONG),
        (&mut visuals.widgets.active, rgb(0x2b3647), ACCENT, STRONG),
        (&mut visuals.widgets.open, RAISED, LINE, STRONG),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, line);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = corner;
        widget.expansion = 0.0;
    }
    visuals
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let files: [(&str, &'static [u8]); 3] = [
        ("Inter", include_bytes!("../../assets/fonts/Inter-Regular.otf")),
        ("Inter SemiBold", include_bytes!("../../assets/fonts/Inter-SemiBold.otf")),
        ("JetBrains Mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")),
    ];
    for (name, bytes) in files {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let mut first = |family: FontFamily, name: &str| {
        fonts.families.entry(family).or_default().insert(0, name.to_owned());
    };
    first(FontFamily::Proportional, "Inter");
    first(FontFamily::Monospace, "JetBrains Mono");
    first(FontFamily::Name("semibold".into()), "Inter SemiBold");
    fonts
}

#[cfg(test)]
mod tests;
