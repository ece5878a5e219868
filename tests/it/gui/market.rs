//! A file of bars in the window: what is wrong with it, how it is read, where it goes.

use std::path::{Path, PathBuf};

use eframe::egui::Role as Kind;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use glassbox::data::{ReadOptions, Role, Severity, read_series};
use glassbox::gui::{AppState, Command, Loadable, Shell, Workspace};

use super::until;

type Window = Harness<'static, Shell>;

/// Daily bars of Apple with two splits, as traded and with adjusted closes.
fn apple() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/AAPL_1d_quandl_wiki_20000301-20130301.csv")
}

fn ask(window: &mut Window, command: Command) {
    window.state_mut().commands.push(command);
    window.run_steps(3);
}

fn read(state: &AppState) -> bool {
    state.data.as_ref().is_some_and(|data| !matches!(data.report, Loadable::Loading(_)))
}

fn open(path: PathBuf) -> (Window, tempfile::TempDir) {
    let (mut window, folder) = super::bare([1280.0, 1600.0]);
    ask(&mut window, Command::ShowWorkspace(Workspace::Data));
    ask(&mut window, Command::InspectData(path));
    until(&mut window, "the file is read", read);
    (window, folder)
}

fn blocking(state: &AppState) -> Vec<&str> {
    let report = state.data.as_ref().and_then(|data| data.report.ready());
    let findings = report.into_iter().flat_map(|report| &report.findings);
    findings.filter(|finding| finding.severity == Severity::Blocking).map(|finding| finding.name.as_str()).collect()
}

#[test]
fn a_split_blocks_until_it_is_adjusted_or_accepted() {
    let (mut window, _folder) = open(apple());
    assert_eq!(blocking(&window.state().state), [""; 0], "adjusted closes settle both splits");
    window.get_by_label("How the file is read").click();
    window.run_steps(5);
    window.get_by_label("Keep prices as traded beside adjusted closes").click();
    window.run_steps(3);
    until(&mut window, "the file is read again", read);
    assert_eq!(blocking(&window.state().state), ["split"]);
    assert!(window.state().state.config.data.keep_unadjusted, "the next run reads it the same way");
    window.get_by_label("Train on these bars all the same (accept split)").click();
    window.run_steps(3);
    assert_eq!(window.state().state.config.data.accept, ["split"]);
    window.get_by_label("Train on these bars all the same (accept split)").click();
    window.run_steps(3);
    assert_eq!(window.state().state.config.data.accept, [""; 0]);
}

#[test]
fn a_finding_leads_to_its_bar_on_the_chart() {
    let (mut window, _folder) = open(apple());
    let state = &window.state().state;
    assert_eq!(state.run().unwrap().manifest.done, [], "bars without a run are shown where nothing else was");
    let report = state.data.as_ref().unwrap().report.ready().unwrap();
    let jumps = report.findings.iter().find(|finding| finding.name == "jumps").unwrap();
    let (time, bar) = (jumps.first[0].replace("T00:00:00Z", ""), jumps.places[0].bar);
    window.get_all_by_label(&time).next().unwrap().click();
    until(&mut window, "the bar is selected", |state| state.selection.bar == Some(bar));
    let state = &window.state().state;
    assert_eq!(state.run().unwrap().collected.series.symbol, "AAPL");
    window.get_by_label("on the chart");
}

#[test]
fn columns_are_mapped_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.csv");
    let row =
        |day: usize| format!("2024-01-{day:02},{0},{1},{2},{0},{3},7\n", 100 + day, 103 + day, 98 + day, 1000 * day);
    let rows: String = (1..=28).map(row).collect();
    std::fs::write(&path, format!("when,first,top,bottom,alpha,beta,gamma\n{rows}")).unwrap();
    let (mut window, _folder) = open(path);
    let mut choices = window.state().state.data.as_ref().unwrap().choices.clone();
    choices.map = ["timestamp=when", "open=first", "high=top", "low=bottom", "close=alpha", "volume=beta"]
        .map(str::to_owned)
        .to_vec();
    ask(&mut window, Command::ReadDataAs(Box::new(choices)));
    until(&mut window, "the file is read as said", |state| {
        read(state) && state.data.as_ref().is_some_and(|data| data.report.ready().is_some())
    });
    let data = window.state().state.data.clone().unwrap();
    let guess = data.guess.as_ref().unwrap();
    assert_eq!(guess.column(Role::Volume).unwrap().column, "beta");
    assert_eq!(data.bars.as_ref().unwrap().collected.series.bars()[0].volume, 1000.0);
    let other = data.mapped("gamma", Some(Role::Volume));
    ask(&mut window, Command::ReadDataAs(Box::new(other)));
    until(&mut window, "the other column is taken", |state| {
        let bars = state.data.as_ref().and_then(|data| data.bars.as_ref());
        read(state) && bars.is_some_and(|bars| bars.collected.series.bars()[0].volume == 7.0)
    });
    window.get_by_label("How the file is read").click();
    window.run_steps(8);
    window.get_by_label("Column gamma");
}

#[test]
fn a_file_of_several_symbols_asks_which() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("several.csv");
    let row = |day: usize, symbol: &str| format!("2024-01-{day:02},{symbol},10,11,9,10,5\n");
    let rows: String = (1..=28).flat_map(|day| [row(day, "BTCUSD"), row(day, "ETHUSD")]).collect();
    std::fs::write(&path, format!("date,symbol,open,high,low,close,volume\n{rows}")).unwrap();
    let (mut window, _folder) = open(path);
    let data = window.state().state.data.clone().unwrap();
    assert!(matches!(data.report, Loadable::Failed(_)), "it asks instead of choosing");
    window.get_by_role_and_label(Kind::Button, "ETHUSD").click();
    until(&mut window, "the chosen symbol is read", |state| {
        let report = state.data.as_ref().and_then(|data| data.report.ready());
        report.is_some_and(|report| report.symbol == "ETHUSD" && report.rows == 28)
    });
    assert_eq!(window.state().state.config.data.symbol, "ETHUSD");
}

#[test]
fn bars_are_written_as_the_ending_says() {
    let (mut window, folder) = open(apple());
    let wanted = folder.path().join("data/AAPL_1d.parquet");
    window.get_by_label("Write").click();
    until(&mut window, "the bars are written", |state| state.data.as_ref().is_some_and(|data| data.saved.is_some()));
    assert_eq!(window.state().state.data.as_ref().unwrap().saved, Some(Ok(wanted.clone())));
    until(&mut window, "the workspace lists them", |state| {
        state.stored.ready().is_some_and(|stored| stored.series.len() == 1 && stored.series[0].problem.is_none())
    });
    window.get_by_label("Open AAPL 1d");
    let bars = window.state().state.data.as_ref().unwrap().bars.clone().unwrap();
    assert_eq!(read_series(&wanted, &ReadOptions::default()).unwrap().0.bars(), bars.collected.series.bars());
    ask(&mut window, Command::SaveBars(folder.path().join("bars.png")));
    until(&mut window, "another ending is refused", |state| {
        matches!(state.data.as_ref().and_then(|data| data.saved.as_ref()), Some(Err(_)))
    });
    window.get_by_label_contains("Not written");
    window.get_by_label("Delete… AAPL 1d bars").click();
    window.run_steps(3);
    assert!(wanted.is_file(), "once is a question");
    window.get_by_label("Delete for good AAPL 1d bars").click();
    until(&mut window, "they are gone", |state| state.stored.ready().is_some_and(|stored| stored.series.is_empty()));
    assert!(!wanted.exists());
}
