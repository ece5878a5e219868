use eframe::egui::{self, RichText, vec2};
use serde::{Deserialize, Serialize};

use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::indicators::{Family, Instance};

const ROW: f32 = 22.0;
/// Indicators by family, those with the words of the search.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct List {
    /// Also the lines of every indicator.
    lines: bool,
    #[serde(skip)]
    search: String,
    #[serde(skip)]
    family: Option<Family>,
    #[serde(skip)]
    found: Found,
    /// The indicator that was last in view: another one chosen elsewhere is scrolled to.
    #[serde(skip)]
    last: Option<String>,
}

/// What the list shows, made anew when a choice changes.
#[derive(Debug, Default)]
struct Found {
    key: Option<(String, Option<Family>, bool, Vec<String>)>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Row {
    Family(Family, usize),
    Indicator(usize),
    Line(usize, usize),
}

impl List {
    pub(super) fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let known = &state.indicators.known;
        let label = ui.label(RichText::new("Find indicators").color(theme::WEAK).size(11.5));
        let field = egui::TextEdit::singleline(&mut self.search)
            .hint_text("id, title, line or meaning")
            .desired_width(ui.available_width() - 12.0);
        let field = ui.add(field).labelled_by(label.id);
        ui.horizontal(|ui| {
            let name = self.family.map_or("all families", Family::name);
            let width = (ui.available_width() - 74.0).clamp(60.0, 150.0);
            let combo = egui::ComboBox::from_id_salt("family").selected_text(name).width(width);
            let response = combo.show_ui(ui, |ui| {
                ui.selectable_value(&mut self.family, None, "all families");
                for family in Family::ALL {
                    ui.selectable_value(&mut self.family, Some(family), family.name());
                }
            });
            let label = format!("Family {name}");
            response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &label));
            ui.checkbox(&mut self.lines, "Lines").on_hover_text("Also list the lines of every indicator");
        });
        self.find(known);
        if self.found.rows.is_empty() {
            ui.add_space(8.0);
            ui.label(RichText::new("No indicator has these words").color(theme::WEAK));
            return;
        }
        let moved = self.keys(ui, &field, state, commands).or_else(|| self.moved(state));
        self.rows(ui, state, moved, commands);
    }

    fn find(&mut self, known: &[Instance]) {
        let own: Vec<String> = known.iter().filter_map(|i| Some(i.formula()?.hash().to_owned())).collect();
        let key = (self.search.trim().to_lowercase(), self.family, self.lines, own);
        if self.found.key.as_ref() == Some(&key) {
            return;
        }
        let words: Vec<&str> = key.0.split_whitespace().collect();
        let has = |text: &str| {
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let mut rows = Vec::new();
        for family in Family::ALL.into_iter().filter(|family| key.1.is_none_or(|wanted| wanted == *family)) {
            let header = rows.len();
            let mut count = 0;
            let mut members: Vec<(usize, &Instance)> =
                known.iter().enumerate().filter(|(_, i)| i.definition().family == family).collect();
            // The id that was typed stands first.
            members.sort_by_key(|(_, i)| !words.contains(&i.definition().id));
            for (i, instance) in members {
                let about = instance.definition();
                let by_name = has(&format!("{} {}", about.id, about.title));
                let lines: Vec<usize> = (0..about.lines.len())
                    .filter(|&line| {
                        let spec = &about.lines[line];
                        has(&format!("{}.{} {}", about.id, spec.name, spec.meaning))
                    })
                    .collect();
                if !by_name && lines.is_empty() {
                    continue;
                }
                count += 1;
                rows.push(Row::Indicator(i));
                if self.lines && by_name {
                    rows.extend((0..about.lines.len()).map(|line| Row::Line(i, line)));
                } else if self.lines || !by_name {
                    rows.extend(lines.into_iter().map(|line| Row::Line(i, line)));
                }
            }
            if count > 0 {
                rows.insert(header, Row::Family(family, count));
            }
        }
        self.found = Found { key: Some(key), rows };
    }

    /// Row of an indicator that was chosen elsewhere.
    fn moved(&mut self, state: &AppState) -> Option<usize> {
        let id = state.indicators.chosen.as_ref().map(|chosen| chosen.instance.definition().id);
        if id == self.last.as_deref() {
            return None;
        }
        self.last = id.map(str::to_owned);
        let known = &state.indicators.known;
        let here = |row: &Row| matches!(row, Row::Indicator(i) if Some(known[*i].definition().id) == id);
        self.found.rows.iter().position(here)
    }

    /// Arrows move through the indicators, unless another field is typed in.
    fn keys(&self, ui: &egui::Ui, field: &egui::Response, state: &AppState, commands: &mut Commands) -> Option<usize> {
        let free = field.has_focus() || (!ui.ctx().text_edit_focused() && ui.rect_contains_pointer(ui.max_rect()));
        if !free {
            return None;
        }
        let (up, down) = ui.input_mut(|input| {
            use egui::{Key, Modifiers};
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            (pressed(Key::ArrowUp), pressed(Key::ArrowDown))
        });
        if up == down {
            return None;
        }
        let indicators: Vec<(usize, usize)> = (self.found.rows.iter().enumerate())
            .filter_map(|(row, what)| if let Row::Indicator(i) = what { Some((row, *i)) } else { None })
            .collect();
        let known = &state.indicators.known;
        let here = state.indicators.chosen.as_ref().and_then(|chosen| {
            let id = chosen.instance.definition().id;
            indicators.iter().position(|(_, i)| known[*i].definition().id == id)
        });
        let next = match here {
            None => 0,
            Some(at) if down => (at + 1).min(indicators.len() - 1),
            Some(at) => at.saturating_sub(1),
        };
        let (row, i) = *indicators.get(next)?;
        commands.push(Command::ChooseIndicator(known[i].definition().id.to_owned()));
        Some(row)
    }

    fn rows(&mut self, ui: &mut egui::Ui, state: &AppState, moved: Option<usize>, commands: &mut Commands) {
        let known = &state.indicators.known;
        let chosen = state.indicators.chosen.as_ref().map(|chosen| chosen.instance.definition().id);
        ui.spacing_mut().item_spacing.y = 0.0;
        let height = ui.available_height();
        let mut area = egui::ScrollArea::vertical().id_salt("indicators").auto_shrink(false);
        if let Some(row) = moved {
            // Far rows are not drawn, so the place is reckoned; the row moved to stands in the middle.
            area = area.vertical_scroll_offset((row as f32 * ROW - 0.5 * height).max(0.0));
        }
        area.show_rows(ui, ROW, self.found.rows.len(), |ui, shown| {
            for row in &self.found.rows[shown] {
                let clicked = match *row {
                    Row::Family(family, count) => {
                        heading(ui, family, count);
                        None
                    }
                    Row::Indicator(i) => indicator(ui, &known[i], chosen),
                    Row::Line(i, line) => line_row(ui, &known[i], line),
                };
                if let Some(id) = clicked {
                    commands.push(Command::ChooseIndicator(id.clone()));
                    // It is in view already.
                    self.last = Some(id);
                }
            }
        });
    }
}

fn heading(ui: &mut egui::Ui, family: Family, count: usize) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), egui::Sense::hover());
    let text = format!("{} · {count}", family.name());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &text));
    let at = rect.left_center() + vec2(2.0, 1.0);
    ui.painter().text(at, egui::Align2::LEFT_CENTER, &text, egui::FontId::proportional(11.0), theme::WEAK);
}

fn row(ui: &mut egui::Ui, selected: bool, label: &str, texts: [(&str, egui::Color32, f32); 2]) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), egui::Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, label));
    if selected {
        ui.painter().rect_filled(rect, 3.0, theme::ACCENT.gamma_multiply(0.22));
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 3.0, theme::RAISED);
    }
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let mut x = rect.left() + texts[0].2;
    for (text, color, _) in texts {
        let font = if x < rect.left() + 30.0 { theme::mono() } else { egui::FontId::proportional(11.5) };
        let end = painter.text(egui::pos2(x, rect.center().y), egui::Align2::LEFT_CENTER, text, font, color);
        x = (end.right() + 10.0).max(rect.left() + 40.0);
    }
    response
}

/// Gives the id when it is clicked.
fn indicator(ui: &mut egui::Ui, instance: &Instance, chosen: Option<&str>) -> Option<String> {
    let about = instance.definition();
    let label = format!("Indicator {}", about.id);
    let texts = [(about.id, theme::TEXT, 10.0), (about.title, theme::WEAK, 0.0)];
    let response = row(ui, chosen == Some(about.id), &label, texts);
    response.on_hover_text(about.title).clicked().then(|| about.id.to_owned())
}

/// Gives the id of its indicator when it is clicked.
fn line_row(ui: &mut egui::Ui, instance: &Instance, line: usize) -> Option<String> {
    let about = instance.definition();
    let spec = &about.lines[line];
    let label = format!("Line {}.{}", about.id, spec.name);
    let name = format!(".{}", spec.name);
    let response = row(ui, false, &label, [(&name, theme::TEXT, 24.0), (&spec.meaning, theme::WEAK, 0.0)]);
    response.on_hover_text(&*spec.meaning).clicked().then(|| about.id.to_owned())
}
