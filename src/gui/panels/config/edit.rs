//! Draws one field and takes its edit.

use eframe::egui;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fields::{Field, Widget};
use crate::config::FieldError;
use crate::gui::theme;

/// The form while it is drawn.
pub(super) struct Edit<'a> {
    pub(super) value: &'a Value,
    pub(super) base: &'a Value,
    pub(super) errors: &'a [FieldError],
    pub(super) drafts: &'a mut BTreeMap<String, String>,
    /// The whole configuration with the edit in it.
    pub(super) changed: Option<Value>,
    pub(super) browse: bool,
}

const NAME: f32 = 148.0;

/// A sentence about what is wrong.
pub(super) fn problem(ui: &mut egui::Ui, text: &str) {
    ui.add(egui::Label::new(egui::RichText::new(text).color(theme::lighten(theme::DOWN))).wrap());
}

/// The value at `path`, keys with dots between them; null where there is none.
pub(super) fn lookup<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| &value[key])
}

impl Edit<'_> {
    pub(super) fn field(&mut self, ui: &mut egui::Ui, section: &str, field: &Field) {
        let path = format!("{section}.{}", field.key);
        let now = lookup(self.value, &path);
        let before = lookup(self.base, &path);
        let mut new = None;
        let wide = ui.available_width() > 560.0;
        let mut listing = None;
        ui.horizontal(|ui| {
            let label = name(ui, field, &path);
            match field.widget {
                Widget::Count => new = count(ui, now, label),
                Widget::Real => new = real(ui, now, label, 0.01),
                Widget::Share => new = real(ui, now, label, 0.0),
                Widget::Text => new = text(ui, now, label, 150.0),
                Widget::File => {
                    let width = (ui.available_width() - 84.0).max(80.0);
                    new = text(ui, now, label, width);
                    self.browse |= ui.button("Browse…").clicked();
                }
                Widget::Switch => {
                    let mut on = now.as_bool().unwrap_or_default();
                    if ui.checkbox(&mut on, "").labelled_by(label).clicked() {
                        new = Some(json!(on));
                    }
                }
                Widget::Choice(names) => new = choice(ui, now, label, &path, names),
                Widget::Several(_) => {}
                Widget::Counts | Widget::Names | Widget::Shares => {
                    let (edited, wrong) = self.list(ui, now, label, &path, field.widget);
                    new = edited;
                    listing = wrong;
                }
            }
            if now != before {
                let was = egui::RichText::new(format!(
                    "was {}",
                    Some(words(before)).filter(|w| !w.is_empty()).unwrap_or_else(|| "none".to_owned())
                ))
                .color(theme::ACCENT)
                .size(11.0);
                let response = ui.add(egui::Button::new(was).frame(false).truncate());
                let name = format!("Reset {path}");
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                if response.on_hover_text("The preset's value; click to go back to it").clicked() {
                    self.drafts.remove(&path);
                    new = Some(before.clone());
                }
            } else if wide && !matches!(field.widget, Widget::File | Widget::Several(_)) {
                ui.add(egui::Label::new(egui::RichText::new(field.help).color(theme::WEAK).size(11.5)).truncate());
            }
        });
        if let Widget::Several(names) = field.widget {
            new = several(ui, now, names).or(new);
        }
        if let Some(wrong) = listing {
            problem(ui, wrong);
        }
        for error in self.errors.iter().filter(|error| error.field == path) {
            problem(ui, &format!("{} {}", field.key, error.problem));
        }
        if let Some(new) = new {
            let mut config = self.value.clone();
            *field.key.split('.').fold(&mut config[section], |value, key| &mut value[key]) = new;
            self.changed = Some(config);
        }
    }

    /// A list as text; also what is wrong with the text.
    fn list(
        &mut self,
        ui: &mut egui::Ui,
        now: &Value,
        label: egui::Id,
        path: &str,
        widget: Widget,
    ) -> (Option<Value>, Option<&'static str>) {
        let (parse, rule): (fn(&str) -> Option<Value>, _) = match widget {
            Widget::Counts => (counts, "must be whole numbers with commas between them"),
            Widget::Names => (names, "must be names with commas between them"),
            _ => (shares, "must be pairs such as 3 = 0.5 with commas between them"),
        };
        let mut draft = self.drafts.get(path).cloned().unwrap_or_else(|| typed(now));
        let response = ui.add(egui::TextEdit::singleline(&mut draft).desired_width(150.0)).labelled_by(label);
        let read = parse(&draft);
        let edited = if response.changed() { read.clone().filter(|new| new != now) } else { None };
        if read.is_some() && !response.has_focus() {
            self.drafts.remove(path);
        } else {
            self.drafts.insert(path.to_owned(), draft);
        }
        (edited, if read.is_none() { Some(rule) } else { None })
    }
}

/// The key as written in the file; its accessible name is the whole path.
fn name(ui: &mut egui::Ui, field: &Field, path: &str) -> egui::Id {
    let label = egui::Label::new(egui::RichText::new(field.key).monospace()).truncate().selectable(false);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let response = ui
        .allocate_ui_with_layout(egui::vec2(NAME, 22.0), layout, |ui| {
            ui.set_min_width(NAME);
            ui.add(label)
        })
        .inner;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, path));
    response.on_hover_text(field.help).id
}

fn count(ui: &mut egui::Ui, now: &Value, label: egui::Id) -> Option<Value> {
    let mut n = now.as_u64()?;
    let speed = (n as f64 * 0.01).max(0.1);
    let response = ui.add(egui::DragValue::new(&mut n).speed(speed)).labelled_by(label);
    response.changed().then(|| json!(n))
}

/// A drag changes the value by `relative` of itself per point, by 0.005 if that is 0.
fn real(ui: &mut egui::Ui, now: &Value, label: egui::Id, relative: f64) -> Option<Value> {
    let mut x = now.as_f64()?;
    let speed = if relative > 0.0 { (x.abs() * relative).max(1e-6) } else { 0.005 };
    let drag = egui::DragValue::new(&mut x).speed(speed).custom_formatter(|x, _| plain(x));
    let response = ui.add(drag).labelled_by(label);
    (response.changed() && x.is_finite()).then(|| json!(x))
}

fn plain(x: f64) -> String {
    if x != 0.0 && x.abs() < 1e-3 { format!("{x:e}") } else { format!("{x}") }
}

fn text(ui: &mut egui::Ui, now: &Value, label: egui::Id, width: f32) -> Option<Value> {
    let mut text = now.as_str()?.to_owned();
    let response = ui.add(egui::TextEdit::singleline(&mut text).desired_width(width)).labelled_by(label);
    response.changed().then(|| json!(text))
}

fn choice(ui: &mut egui::Ui, now: &Value, label: egui::Id, path: &str, names: &[&str]) -> Option<Value> {
    let mut new = None;
    let current = now.as_str().unwrap_or_default();
    let combo = egui::ComboBox::from_id_salt(path).width(120.0).selected_text(spoken(current));
    let response = combo.show_ui(ui, |ui| {
        for name in names {
            if ui.selectable_label(*name == current, spoken(name)).clicked() && *name != current {
                new = Some(json!(name));
            }
        }
    });
    response.response.labelled_by(label);
    new
}

fn several(ui: &mut egui::Ui, now: &Value, names: &[&str]) -> Option<Value> {
    let chosen: Vec<&str> = now.as_array()?.iter().filter_map(Value::as_str).collect();
    let mut toggled = None;
    ui.horizontal_wrapped(|ui| {
        for name in names {
            let on = chosen.contains(name);
            if ui.selectable_label(on, spoken(name)).clicked() {
                toggled = Some(*name);
            }
        }
    });
    let toggled = toggled?;
    let new: Vec<&str> = names.iter().copied().filter(|name| chosen.contains(name) != (*name == toggled)).collect();
    Some(json!(new))
}

fn spoken(name: &str) -> String {
    name.replace('_', " ")
}

/// A value as the form writes it.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => spoken(text),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(pairs) => {
            pairs.iter().map(|(key, value)| format!("{key} = {}", words(value))).collect::<Vec<_>>().join(", ")
        }
        Value::Number(n) if n.is_f64() => plain(n.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn counts(text: &str) -> Option<Value> {
    parts(text).map(|part| part.parse::<usize>().ok()).collect::<Option<Vec<_>>>().map(|list| json!(list))
}

#[expect(clippy::unnecessary_wraps, reason = "one of the readers of lists, of which others can fail")]
fn names(text: &str) -> Option<Value> {
    Some(json!(parts(text).collect::<Vec<_>>()))
}

/// The list as it is typed: names as they are written in the file.
fn typed(value: &Value) -> String {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => words(other),
    }
}

fn shares(text: &str) -> Option<Value> {
    parts(text)
        .map(|part| {
            let (regime, share) = part.split_once('=')?;
            let regime: usize = regime.trim().parse().ok()?;
            let share: f64 = share.trim().parse().ok().filter(|share: &f64| share.is_finite())?;
            Some((regime.to_string(), share))
        })
        .collect::<Option<BTreeMap<_, _>>>()
        .map(|map| json!(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written() {
        for text in ["5, 10, 20", "", "7"] {
            assert_eq!(words(&counts(text).unwrap()), text);
        }
        assert_eq!(counts("5,,10 ,"), Some(json!([5, 10])));
        assert_eq!((counts("5; 10"), counts("-1"), counts("2.5")), (None, None, None));
        assert_eq!(words(&shares("3=0.5, 1 = 0").unwrap()), "1 = 0, 3 = 0.5");
        assert_eq!((shares("3"), shares("x = 1"), shares("3 = nan")), (None, None, None));
        assert_eq!([1e-4, 0.3, 0.0, 12.5].map(plain), ["1e-4", "0.3", "0", "12.5"]);
    }
}
