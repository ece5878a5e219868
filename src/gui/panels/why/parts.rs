use eframe::egui::{self, Align2, Painter, Rect, Response, Role, Sense, Shape, Stroke, WidgetInfo, pos2, vec2};

use super::card::{Item, Looked, gate_numbers};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{name_galley, number, pair, price_text, signed_text};
use crate::tasks::{Contribution, Gate};

const ROW: f32 = 22.0;

pub(super) fn item(ui: &mut egui::Ui, item: &Item) {
    let color = item.sign.map_or(theme::STRONG, theme::signed);
    pair(ui, &item.label, number(&item.value).color(color), &item.note);
}

/// How a row stands out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    /// Pointed at, here or in another panel.
    Lit,
    Selected,
}

impl Look {
    /// `own` is what the row stands for.
    fn of<T: PartialEq>(own: &T, selected: Option<&T>, pointed: Option<&T>) -> Self {
        if selected == Some(own) {
            Self::Selected
        } else if pointed == Some(own) {
            Self::Lit
        } else {
            Self::Plain
        }
    }
}

/// A row that can be pointed at and clicked, named for people who do not see it.
fn row(ui: &mut egui::Ui, name: &str, look: Look) -> (Rect, Response) {
    let selected = look == Look::Selected;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, name));
    if look != Look::Plain || response.hovered() {
        let fill = if selected { theme::ACCENT.gamma_multiply(0.22) } else { theme::RAISED };
        ui.painter().rect_filled(rect, 3.0, fill);
    }
    (rect.shrink2(vec2(4.0, 0.0)), response)
}

/// A name between `left` and `right`.
fn cut(ui: &egui::Ui, text: &str, left: f32, right: f32, middle: f32) {
    let galley = name_galley(ui, text, (right - left).max(8.0), theme::TEXT);
    ui.painter().galley(pos2(left, middle - galley.size().y / 2.0), galley, theme::TEXT);
}

pub(super) fn regimes(ui: &mut egui::Ui, regimes: &[(usize, f64)], state: &AppState, commands: &mut Commands) {
    for &(regime, p) in regimes {
        let name = theme::regime_name(regime);
        let look = Look::of(&regime, state.selection.regimes.get(&regime), state.hover.regime.as_ref());
        let (rect, response) = row(ui, &format!("{name} {p:.3}"), look);
        let painter = ui.painter();
        let middle = rect.center().y;
        let color = theme::regime(regime);
        painter.circle_filled(pos2(rect.left() + 4.0, middle), 4.0, color);
        cut(ui, &name, rect.left() + 14.0, rect.left() + 84.0, middle);
        let track = Rect::from_min_max(pos2(rect.left() + 88.0, middle - 4.0), pos2(rect.right() - 48.0, middle + 4.0));
        painter.rect_filled(track, 2.0, theme::LINE);
        let width = track.width().max(0.0) * p.clamp(0.0, 1.0) as f32;
        painter.rect_filled(Rect::from_min_size(track.min, vec2(width, track.height())), 2.0, color);
        painter.text(pos2(rect.right(), middle), Align2::RIGHT_CENTER, format!("{p:.3}"), theme::mono(), theme::TEXT);
        if response.hovered() {
            commands.hover.regime = Some(regime);
        }
        if response.clicked() {
            commands.push(Command::ToggleRegime(regime));
        }
        response.on_hover_text("Click filters by this regime");
    }
}

/// A tick or a cross: the shape says it, the colour repeats it.
fn verdict(painter: &Painter, center: egui::Pos2, passed: bool) {
    let at = |x: f32, y: f32| center + vec2(x, y);
    if passed {
        let tick = vec![at(-5.0, 0.0), at(-1.5, 3.5), at(5.0, -4.0)];
        painter.add(Shape::line(tick, Stroke::new(2.0, theme::UP)));
    } else {
        let stroke = Stroke::new(2.0, theme::DOWN);
        painter.line_segment([at(-4.0, -4.0), at(4.0, 4.0)], stroke);
        painter.line_segment([at(-4.0, 4.0), at(4.0, -4.0)], stroke);
    }
}

pub(super) fn gate(ui: &mut egui::Ui, gate: &Gate) {
    let numbers = gate_numbers(gate);
    let beside = ui.available_width() > 300.0;
    ui.horizontal(|ui| {
        ui.set_min_height(20.0);
        let (rect, response) = ui.allocate_exact_size(vec2(14.0, 14.0), Sense::hover());
        let word = if gate.passed { "passed" } else { "failed" };
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{} {word}", gate.name)));
        verdict(ui.painter(), rect.center(), gate.passed);
        response.on_hover_text(word);
        ui.label(&gate.name);
        if beside {
            let layout = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(layout, |ui| ui.label(number(&numbers)));
        }
    });
    let indented = |ui: &mut egui::Ui, text: egui::RichText| {
        ui.horizontal(|ui| {
            ui.add_space(22.0);
            ui.add(egui::Label::new(text).wrap());
        });
    };
    if !beside && !numbers.is_empty() {
        indented(ui, number(&numbers));
    }
    indented(ui, egui::RichText::new(&gate.sentence).small().color(theme::WEAK));
}

pub(super) fn pushed(ui: &mut egui::Ui, pushed: &Contribution, top: f64, state: &AppState, commands: &mut Commands) {
    let look = Look::of(&pushed.name, state.selection.feature.as_ref(), state.hover.feature.as_ref());
    let text = signed_text(pushed.value);
    let (rect, response) = row(ui, &format!("{} {text}", pushed.name), look);
    let middle = rect.center().y;
    let bars = (0.26 * rect.width()).min(90.0);
    let numbers = 58.0;
    cut(ui, &pushed.name, rect.left(), rect.right() - numbers - bars - 8.0, middle);
    let zero = rect.right() - numbers - bars / 2.0;
    let length = (bars / 2.0) * (pushed.value / top.max(f64::MIN_POSITIVE)) as f32;
    let bar = Rect::from_x_y_ranges(zero.min(zero + length)..=zero.max(zero + length), middle - 5.0..=middle + 5.0);
    let color = theme::signed(pushed.value);
    ui.painter().rect_filled(bar, 1.0, color);
    ui.painter().vline(zero, rect.y_range(), Stroke::new(1.0, theme::LINE));
    ui.painter().text(pos2(rect.right(), middle), Align2::RIGHT_CENTER, text, theme::mono(), color);
    if response.hovered() {
        commands.hover.feature = Some(pushed.name.clone());
    }
    if response.clicked() {
        commands.push(Command::SelectFeature((look != Look::Selected).then(|| pushed.name.clone())));
    }
    response.on_hover_text(&pushed.name);
}

/// Right ends of the columns lag, time, weight, multiple, close; what has no room is left out.
fn columns(rect: Rect) -> [Option<f32>; 5] {
    let width = rect.width();
    let right = rect.right();
    let full = width >= 300.0;
    let weight = if full { right - 128.0 } else { right - 64.0 };
    [
        Some(rect.left() + 24.0),
        (width >= 230.0).then_some(weight - 52.0),
        Some(weight),
        full.then_some(right - 72.0),
        Some(right),
    ]
}

fn cells(ui: &egui::Ui, rect: Rect, texts: [String; 5], font: &egui::FontId, color: egui::Color32) {
    for (x, text) in columns(rect).into_iter().zip(texts) {
        if let Some(x) = x {
            ui.painter().text(pos2(x, rect.center().y), Align2::RIGHT_CENTER, text, font.clone(), color);
        }
    }
}

pub(super) fn looked_header(ui: &mut egui::Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let names = ["lag", "time", "weight", "times", "close"].map(str::to_owned);
    cells(ui, rect.shrink2(vec2(4.0, 0.0)), names, &theme::small(), theme::WEAK);
    ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, theme::LINE));
}

pub(super) fn looked(ui: &mut egui::Ui, looked: &Looked, state: &AppState, commands: &mut Commands) {
    let Looked { bar, lag, time, weight, multiple, close } = looked;
    let close = price_text(*close);
    let name = format!("lag {lag} {time} weight {weight:.4} close {close}");
    let (rect, response) = row(ui, &name, Look::of(bar, None, state.hover.bar.as_ref()));
    // Within a window of hours and days the year says nothing.
    let short = time.get(5..).filter(|_| time.len() > 10).unwrap_or(time);
    let texts = [lag.to_string(), short.to_owned(), format!("{weight:.3}"), format!("{multiple:.1}×"), close];
    cells(ui, rect, texts, &theme::mono(), theme::TEXT);
    if response.hovered() {
        commands.hover.bar = Some(*bar);
    }
    if response.clicked() {
        commands.push(Command::SelectBar { bar: *bar, center: false });
    }
    response.on_hover_text(format!("{time}: {multiple:.1}× the uniform weight; click selects this bar"));
}
