use super::command::{Command, Commands};
use super::state::AppState;
use super::theme;
use crate::tasks::EXAMPLES;
use eframe::egui;

/// All commands, found by typing.
#[derive(Debug, Default)]
pub(super) struct Palette {
    pub(super) open: bool,
    query: String,
    at: usize,
}

impl Palette {
    pub(super) fn toggle(&mut self) {
        *self = Self { open: !self.open, ..Self::default() };
    }

    pub(super) fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        if !self.open {
            return;
        }
        let found = matches(&self.query, state);
        let (up, down, enter, escape) = ui.input_mut(|input| {
            use egui::{Key, Modifiers};
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            (pressed(Key::ArrowUp), pressed(Key::ArrowDown), pressed(Key::Enter), pressed(Key::Escape))
        });
        self.at = (self.at + usize::from(down)).saturating_sub(usize::from(up)).min(found.len().saturating_sub(1));
        let mut chosen = enter.then(|| found.get(self.at).cloned()).flatten();
        let response = egui::Modal::new(egui::Id::unique("palette")).show(ui.ctx(), |ui| {
            ui.set_width(460.0);
            let field =
                egui::TextEdit::singleline(&mut self.query).hint_text("Type a command").desired_width(f32::INFINITY);
            let field = ui.add(field);
            field.widget_info(|| {
                let mut info = egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Command");
                info.current_text_value = Some(String::new());
                info
            });
            field.request_focus();
            if field.changed() {
                self.at = 0;
            }
            egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                for (i, command) in found.iter().enumerate() {
                    let keys = command.shortcut().map(|keys| ui.ctx().format_shortcut(&keys)).unwrap_or_default();
                    let button = egui::Button::new(command.text())
                        .shortcut_text(egui::RichText::new(keys).color(theme::WEAK))
                        .selected(i == self.at)
                        .frame_when_inactive(false)
                        .min_size(egui::vec2(ui.available_width(), 22.0));
                    let row = ui.add(button);
                    if i == self.at && (up || down) {
                        row.scroll_to_me(None);
                    }
                    if row.clicked() {
                        chosen = Some(command.clone());
                    }
                }
                if found.is_empty() {
                    ui.weak("No command matches");
                }
            });
        });
        if let Some(command) = chosen {
            commands.push(command);
            self.open = false;
        } else if escape || response.should_close() {
            self.open = false;
        }
    }
}

/// Enabled commands whose words hold the letters of `query` in order, the tightest first.
fn matches(query: &str, state: &AppState) -> Vec<Command> {
    let mut found: Vec<(usize, Command)> = Command::all()
        .into_iter()
        .chain(indicators(state))
        .filter(|command| command.is_enabled(state) && *command != Command::TogglePalette)
        .filter_map(|command| Some((span(&command.text(), query)?, command)))
        .collect();
    found.sort_by_key(|(span, _)| *span);
    found.into_iter().map(|(_, command)| command).collect()
}

/// Every indicator, every formula file and every example.
fn indicators(state: &AppState) -> impl Iterator<Item = Command> {
    let known = state.indicators.known.iter().map(|i| Command::ChooseIndicator(i.definition().id.to_owned()));
    let files = state.formulas.files.iter().map(|file| Command::OpenFormula(file.id.clone()));
    known.chain(files).chain(EXAMPLES.iter().map(|(id, _)| Command::NewFormula(Some(id))))
}

/// Letters of `text` from the first to the last letter of `query`; `None` without a match.
fn span(text: &str, query: &str) -> Option<usize> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let query: Vec<char> = query.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let Some(&first) = query.first() else { return Some(0) };
    (0..text.len())
        .filter(|&start| text[start] == first)
        .filter_map(|start| {
            let mut at = start;
            for (i, wanted) in query.iter().enumerate() {
                at += text[at..].iter().position(|c| c == wanted)? + usize::from(i + 1 < query.len());
            }
            Some(at - start + 1)
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_find_commands() {
        let state = AppState::default();
        let texts = |query: &str| matches(query, &state).iter().map(Command::text).collect::<Vec<_>>();
        assert_eq!(texts("train")[0], "Train");
        assert_eq!(texts("reset lay"), ["Reset layout"]);
        assert!(texts("bkt").contains(&"Show Backtest".to_owned()));
        assert!(texts("zzz").is_empty());
        assert!(texts("").len() > 30);
    }
}
