//! Indicators and formulas in the window: found, tuned, drawn with their values, written as text.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, SnapshotResults};
use glassbox::gui::{
    AppState, Chosen, Command, Editor, LineState, Loadable, Pane, Place, Saved, Shell, Stored, Workspace, install_theme,
};
use glassbox::indicators::{compute, parse_instance};
use glassbox::tasks::{Job, check_formulas, instance_lines};

use super::results::{demo as view, over, seat};

type Window = Harness<'static, Shell>;

/// The demo, as soon as it is read: no answer of the network is needed here.
fn open() -> (Window, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let state = AppState { workspace: folder.path().to_owned(), ..AppState::default() };
    let mut shell = Shell::new(state, folder.path().to_owned(), Arc::new(|| ()), None);
    shell.open_demo(0.0);
    let mut installed = false;
    let builder = Harness::builder().with_size([1280.0, 800.0]).with_render_cursor(false);
    let mut window: Window = builder.build_ui_state(
        move |ui, shell: &mut Shell| {
            if !installed {
                install_theme(ui.ctx());
                installed = true;
            }
            shell.logic(ui.ctx());
            shell.ui(ui);
        },
        shell,
    );
    until(&mut window, "an open demo", |window| window.state().state.run().is_some());
    ask(&mut window, Command::ShowWorkspace(Workspace::Indicators));
    (window, folder)
}

fn ask(window: &mut Window, command: Command) {
    window.state_mut().commands.push(command);
    window.run_steps(3);
}

/// Steps until `done` holds.
#[track_caller]
fn until(window: &mut Window, what: &str, done: impl Fn(&Window) -> bool) {
    for _ in 0..2000 {
        window.step();
        if done(window) {
            window.run_steps(2);
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never: {what}");
}

fn on_chart(window: &Window) -> Vec<String> {
    window.state().state.indicators.on_chart.iter().map(|line| line.name.clone()).collect()
}

/// Values of a line of the chart once nothing newer is on its way.
fn values(window: &Window, name: &str) -> Option<Vec<f64>> {
    let state = &window.state().state;
    let line = state.indicators.on_chart.iter().find(|line| line.name == name)?;
    match state.line_state(line) {
        LineState::Ready(values, false) => Some(values.bars.to_vec()),
        _ => None,
    }
}

fn computed(window: &Window, indicator: &str, line: usize) -> Vec<f64> {
    let series = &window.state().state.run().unwrap().collected.series;
    compute(&[parse_instance(indicator).unwrap()], series).columns[line].values.clone()
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
}

/// What the legend says of a line: name and value.
#[track_caller]
fn legend(window: &Window, name: &str) -> String {
    let labels = window.get_all_by_label_contains(name).filter_map(|node| node.accesskit_node().label());
    let start = format!("{name} ");
    let mut found = labels.filter(|label| label.starts_with(&start) && !label.contains("missing on"));
    found.next().expect("the line stands in the legend")
}

fn type_into(window: &mut Window, label: &str, text: &str) {
    let field = window.get_by_role_and_label(egui::accesskit::Role::TextInput, label);
    field.click();
    window.run_steps(2);
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    window.run_steps(2);
    window.get_by_role_and_label(egui::accesskit::Role::TextInput, label).type_text(text);
    window.run_steps(3);
}

#[test]
fn search_finds_by_title_line_and_meaning_and_keys_move_on() {
    let (mut window, _folder) = open();
    type_into(&mut window, "Find indicators", "know sure");
    window.get_by_label("Indicator kst");
    assert!(window.query_by_label("Indicator rsi").is_none());
    type_into(&mut window, "Find indicators", "rcma3");
    window.get_by_label("Indicator kst");
    window.get_by_label("Line kst.rcma3").click();
    window.run_steps(3);
    assert_eq!(window.state().state.indicators.chosen.as_ref().unwrap().name, "kst");
    type_into(&mut window, "Find indicators", "no such words");
    window.get_by_label("No indicator has these words");
    type_into(&mut window, "Find indicators", "strength index");
    let chosen = |window: &Window| window.state().state.indicators.chosen.as_ref().unwrap().name.clone();
    window.key_press(egui::Key::ArrowDown);
    window.run_steps(3);
    let first = chosen(&window);
    window.key_press(egui::Key::ArrowDown);
    window.run_steps(3);
    assert_ne!(chosen(&window), first);
    window.key_press(egui::Key::ArrowUp);
    window.run_steps(3);
    assert_eq!(chosen(&window), first);
}

#[test]
fn an_added_line_stands_in_the_legend_with_its_value_at_the_cursor() {
    let (mut window, _folder) = open();
    ask(&mut window, Command::ChooseIndicator("rsi".to_owned()));
    until(&mut window, "a look at the lines", |window| {
        window.query_by_label_contains("rsi_14.rsi missing on").is_some()
    });
    window.get_by_label("Add rsi_14.rsi to the chart").click();
    window.run_steps(3);
    assert_eq!(on_chart(&window).last().unwrap(), "rsi_14.rsi");
    let all = computed(&window, "rsi", 0);
    assert!(same(&values(&window, "rsi_14.rsi").unwrap(), &all));
    for bar in [200, 201, all.len() - 1] {
        ask(&mut window, Command::SelectBar { bar, center: true });
        let text = legend(&window, "rsi_14.rsi");
        let shown: f64 = text.rsplit(' ').next().unwrap().parse().unwrap();
        assert!((shown - all[bar]).abs() <= 0.005, "bar {bar}: {text}, not {}", all[bar]);
    }
    let name = "rsi_14.rsi".to_owned();
    ask(&mut window, Command::PlaceLine(name.clone(), Place::Over));
    ask(&mut window, Command::PlaceLine(name, Place::Own));
    window.get_all_by_label("Remove rsi_14.rsi from the chart").next().unwrap().click();
    window.run_steps(3);
    assert!(!on_chart(&window).contains(&"rsi_14.rsi".to_owned()));
}

#[test]
fn edited_parameters_draw_what_compute_gives_and_bad_ones_get_a_sentence() {
    let (mut window, _folder) = open();
    ask(&mut window, Command::ChooseIndicator("rsi".to_owned()));
    type_into(&mut window, "period", "9");
    until(&mut window, "rsi(period=9)", |window| values(window, "rsi(period=9).rsi").is_some());
    let nine = values(&window, "rsi(period=9).rsi").unwrap();
    assert!(same(&nine, &computed(&window, "rsi(period=9)", 0)));
    let shown: f64 = legend(&window, "rsi(period=9).rsi").rsplit(' ').next().unwrap().parse().unwrap();
    assert!((shown - nine[window.state().state.selection.bar.unwrap()]).abs() <= 0.005);
    type_into(&mut window, "period", "nine");
    window.get_by_label("period is `nine`, not a number: give a whole number from 1 to 10000");
    assert!(values(&window, "rsi(period=9).rsi").is_some(), "the last good line stays");
    type_into(&mut window, "period", "21");
    until(&mut window, "rsi_21", |window| values(window, "rsi_21.rsi").is_some());
    assert_eq!(on_chart(&window).iter().filter(|name| name.starts_with("rsi")).count(), 1);
    window.get_by_label("Reset").click();
    window.run_steps(3);
    assert_eq!(window.state().state.indicators.chosen.as_ref().unwrap().name, "rsi_14");
}

#[derive(Default)]
struct Store(std::collections::BTreeMap<String, String>);

impl Saved for Store {
    fn read(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }
    fn write(&mut self, key: &str, text: String) {
        self.0.insert(key.to_owned(), text);
    }
}

#[test]
fn lines_and_parameters_come_back_after_a_restart() {
    let (mut window, folder) = open();
    ask(&mut window, Command::AddLine("macd(fast=5,slow=30).macd".to_owned()));
    let mut store = Store::default();
    window.state().save(&mut store);
    let state = AppState { workspace: folder.path().to_owned(), ..AppState::default() };
    let again = Shell::new(state, folder.path().to_owned(), Arc::new(|| ()), Some(&store));
    let names: Vec<&str> = again.state.indicators.on_chart.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["kama.kama", "rsx.rsx", "macd(fast=5,slow=30).macd"]);
    assert!(again.state.indicators.on_chart[2].instance.is_some());
}

fn write(folder: &Path, id: &str, text: &str) {
    let path = folder.join("formulas").join(format!("{id}.indicator"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_formula_is_checked_drawn_saved_and_read_again() {
    let (mut window, folder) = open();
    ask(&mut window, Command::NewFormula(None));
    assert!(window.state().visible().contains(&Pane::Formulas));
    let edit = |window: &mut Window, text: &str| ask(window, Command::EditFormula(text.to_owned()));
    edit(&mut window, "spread = high - low\noutput half = spread / 2");
    until(&mut window, "a sound formula", |window| window.query_by_label_contains("Sound: 2 lines").is_some());
    until(&mut window, "its line", |window| values(window, "my_formula.half").is_some());
    let half = values(&window, "my_formula.half").unwrap();
    let bars = window.state().state.run().unwrap().collected.series.bars().to_vec();
    assert!(bars.iter().zip(&half).all(|(bar, half)| (bar.high - bar.low) / 2.0 == *half));

    edit(&mut window, "spread = high - low\noutput half = sprad / 2");
    until(&mut window, "an error", |window| window.query_by_label_contains("line 2, column 15").is_some());
    assert!(same(&values(&window, "my_formula.half").unwrap(), &half), "the last sound result stays");

    edit(&mut window, "spread = high - low\noutput half = spread / 4");
    until(&mut window, "the corrected line", |window| {
        values(window, "my_formula.half").is_some_and(|new| new[50] == half[50] / 2.0)
    });
    window.get_by_label("Save").click();
    let file = folder.path().join("formulas/my_formula.indicator");
    until(&mut window, "the file", |window| file.is_file() && window.query_by_label("saved").is_some());
    until(&mut window, "the file in the list", |window| window.query_by_label("Formula my_formula").is_some());

    write(folder.path(), "my_formula", "output half = (high - low) / 8 # an eighth");
    until(&mut window, "the file as another program left it", |window| {
        values(window, "my_formula.half").is_some_and(|new| new[50] == half[50] / 4.0)
    });
    edit(&mut window, "output half = high - low");
    write(folder.path(), "my_formula", "output half = low # other");
    until(&mut window, "a question", |window| window.query_by_label("Another program changed this file").is_some());
    window.get_by_label("Take the file").click();
    until(&mut window, "the file's text", |window| {
        window.state().state.formulas.open.as_ref().unwrap().text.contains("other")
    });
    window.get_by_label("Close").click();
    window.run_steps(3);
    assert!(!on_chart(&window).contains(&"my_formula.half".to_owned()), "a preview leaves with its editor");
    ask(&mut window, Command::AddLine("my_formula.half".to_owned()));
    until(&mut window, "the line of the file", |window| values(window, "my_formula.half").is_some());
    std::fs::remove_file(file).unwrap();
    until(&mut window, "a line without formula", |window| {
        window.query_by_label_contains("my_formula.half not drawn").is_some()
    });
}

#[test]
fn a_formula_is_renamed_and_deleted_but_not_lost() {
    let (mut window, folder) = super::bare([1280.0, 800.0]);
    let formulas = folder.path().join("formulas");
    write(folder.path(), "mine", "output half = high - low");
    ask(&mut window, Command::ShowPane(Pane::Formulas));
    until(&mut window, "the file in the list", |window| window.query_by_label("Formula mine").is_some());
    window.get_by_label("Formula mine").click();
    window.run_steps(3);
    ask(&mut window, Command::NameFormula("yours".to_owned()));
    window.run_steps(2);
    window.get_by_label("Rename").click();
    until(&mut window, "the new name", |window| window.query_by_label("Formula yours").is_some());
    assert!(formulas.join("yours.indicator").is_file() && !formulas.join("mine.indicator").exists());
    window.get_by_label("Delete").click();
    until(&mut window, "an empty list", |window| window.query_by_label("none yet").is_some());
    assert!(window.state().state.formulas.open.is_none());
    let kept = std::fs::read_to_string(formulas.join("deleted/yours.indicator")).unwrap();
    assert_eq!(kept, "output half = high - low");
}

#[test]
fn pictures_of_browser_and_editor() {
    let mut state = over(view());
    let instance = parse_instance("macd").unwrap();
    let run = state.run().unwrap();
    let lines = instance_lines(&run.collected, &instance, &Job::detached()).unwrap();
    let stored = Stored { stamp: 1, result: Loadable::Ready(Arc::new(lines)) };
    state.indicators.store.insert(instance.key(), stored);
    state.indicators.chosen = Some(Chosen::new(instance));
    state.indicators.add("macd.macd");
    let mut results = SnapshotResults::new();
    let mut picture = |pane: Pane, state: AppState| {
        let mut seat = seat(pane, state, [980.0, 420.0]);
        seat.snapshot(format!("{}_panel", pane.title().to_lowercase()));
        results.extend(seat.take_snapshot_results());
    };
    picture(Pane::Indicators, state);
    let mut state = over(view());
    let text = "title \"Gap\"\nmean = sma(close, 20)  # Mean\noutput gap = clsoe - mean\n";
    let named = [("mine".to_owned(), text.to_owned())];
    state.formulas.faults = check_formulas(&named).faults.into_iter().collect();
    let mut editor = Editor::default();
    (editor.id, editor.text) = ("mine".to_owned(), text.to_owned());
    state.formulas.open = Some(editor);
    picture(Pane::Formulas, state);
}
