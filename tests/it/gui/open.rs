//! Ways into the window: files and folders dropped on it, and the dialog that asks for a path.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{DroppedFile, HoveredFile, Key};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use glassbox::gui::{AppState, Command, JobState, Loadable, Pane, Shell, Wanted};
use glassbox::runs::{RunDir, RunStatus, Stage, append_line};

use super::until;
use super::work::{epochs, manifest};
use crate::common::{FINISHED, csv, walk};

type Window = Harness<'static, Shell>;

const SIZE: [f32; 2] = [1280.0, 800.0];

#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|err| err.to_string())
    }
}

fn drop_on(window: &mut Window, paths: &[&Path]) {
    for path in paths {
        window.input_mut().dropped_files.push(Arc::new(Dropped(path.to_path_buf())));
    }
    window.run_steps(2);
}

fn idle(state: &AppState) -> bool {
    state.jobs.iter().all(|job| job.state != JobState::Running)
}

/// The dropped file and what reading it found.
fn looked_at(state: &AppState, path: &Path) -> bool {
    state.data.as_ref().is_some_and(|data| data.path == path && !matches!(data.report, Loadable::Loading(_)))
}

#[test]
fn a_dropped_file_of_bars_is_looked_at_and_taken_for_the_next_run() {
    let (mut window, folder) = super::bare(SIZE);
    let path = folder.path().join("SYN_4h.csv");
    std::fs::write(&path, csv(&walk(1, 300))).unwrap();
    drop_on(&mut window, &[&path]);
    until(&mut window, "the file is read", |state| looked_at(state, &path));
    let shell = window.state();
    let report = shell.state.data.as_ref().unwrap().report.ready().unwrap();
    assert_eq!((report.rows, report.timeframe.as_str()), (300, "4h"));
    assert_eq!(shell.state.config.data.file, path.display().to_string());
    assert!(shell.visible().contains(&Pane::Data));
    window.get_by_label("The next run uses this file");
}

#[test]
fn a_dropped_run_folder_is_opened_and_a_folder_of_runs_becomes_the_workspace() {
    let (mut window, _folder) = super::bare(SIZE);
    drop_on(&mut window, &[&FINISHED.run]);
    until(&mut window, "the run is open", |state| state.run().is_some());
    let id = FINISHED.run.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(window.state().state.run().unwrap().manifest.id, id);
    assert!(!window.state().state.demo);

    let (mut window, folder) = super::bare(SIZE);
    drop_on(&mut window, &[&FINISHED.workspace]);
    until(&mut window, "its newest run is open", |state| state.run().is_some_and(|run| run.manifest.id == id));
    assert_eq!(window.state().state.workspace, FINISHED.workspace);

    let empty = folder.path().join("nothing");
    std::fs::create_dir(&empty).unwrap();
    drop_on(&mut window, &[&empty]);
    until(&mut window, "it is the workspace", |state| state.workspace == empty && !state.listing && idle(state));
    window.get_by_label(&format!("{} is the workspace now; it holds no runs yet", empty.display()));
    assert!(window.state().visible().contains(&Pane::Runs));
}

#[test]
fn dropped_garbage_gives_one_sentence_and_changes_nothing_else() {
    for (name, bytes) in [
        ("picture.png", &b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\xff\xfe\xfd"[..]),
        ("notes.txt", b"buy low, sell high\n"),
        ("half.csv", b"timestamp,open,high,low,close,volume\n2020-01-01T00:00:00Z,1,2\n"),
        ("empty.csv", b""),
        ("torn.parquet", b"PAR1\x00\x00"),
    ] {
        let (mut window, folder) = super::bare(SIZE);
        let before = window.state().state.config.clone();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        drop_on(&mut window, &[&path]);
        until(&mut window, "the file is read", |state| looked_at(state, &path));
        let state = &window.state().state;
        let Loadable::Failed(sentence) = &state.data.as_ref().unwrap().report else { panic!("{name} was read") };
        assert!(sentence.lines().count() == 1 && sentence.len() < 300, "{sentence}");
        assert!(sentence.contains(name), "{sentence:?} does not name {name}");
        // A table without bars is shown for mapping by hand, anything else is a failed job.
        let told = state.data.as_ref().unwrap().guess.is_some();
        let failed = matches!(&state.jobs[0].state, JobState::Failed(text) if text == sentence);
        assert!(told || failed, "{name}: {:?}", state.jobs[0].state);
        assert_eq!(state.config, before);
        window.get_by_label(&format!("The file cannot be used: {sentence}"));
    }
    let (mut window, folder) = super::bare(SIZE);
    let gone = folder.path().join("gone.csv");
    drop_on(&mut window, &[&gone]);
    until(&mut window, "the file is missed", |state| looked_at(state, &gone));
    assert!(
        matches!(&window.state().state.data.as_ref().unwrap().report, Loadable::Failed(text) if text.contains("gone.csv"))
    );
}

#[test]
fn of_several_dropped_files_the_first_is_opened_and_that_is_said() {
    let (mut window, folder) = super::bare(SIZE);
    let paths = ["a.csv", "b.csv", "c.csv"].map(|name| folder.path().join(name));
    for (i, path) in paths.iter().enumerate() {
        std::fs::write(path, csv(&walk(1, 100 + i))).unwrap();
    }
    drop_on(&mut window, &paths.each_ref().map(PathBuf::as_path));
    until(&mut window, "the first is read", |state| looked_at(state, &paths[0]) && idle(state));
    assert_eq!(window.state().state.jobs.len(), 1);
    window.get_by_label("3 were dropped; only a.csv is opened, for one at a time is shown");

    // Whichever job ends last, the newest question is answered.
    for (_, path) in (0..12).zip(paths.iter().cycle()) {
        window.state_mut().commands.push(Command::InspectData(path.clone()));
    }
    window.run_steps(2);
    until(&mut window, "the last is read", |state| looked_at(state, &paths[2]) && idle(state));
    let state = &window.state().state;
    assert_eq!(state.data.as_ref().unwrap().report.ready().unwrap().rows, 102);
    assert_eq!(state.config.data.file, paths[2].display().to_string());
}

#[test]
fn files_dragged_over_the_window_show_what_a_drop_would_do() {
    let (mut window, _folder) = super::bare(SIZE);
    let over = |path: &str| HoveredFile { path: Some(PathBuf::from(path)), ..HoveredFile::default() };
    window.input_mut().hovered_files = vec![over("/data/BTCUSDT_4h.csv")];
    window.run_steps(2);
    window.get_by_label("Drop to open BTCUSDT_4h.csv");
    window.get_by_label("A CSV or Parquet file of bars, a run folder, or a workspace folder");
    window.snapshot("drop_overlay");
    window.input_mut().hovered_files = vec![over("/data/a.csv"), over("/data/b.csv")];
    window.run_steps(2);
    window.get_by_label("Drop to open the first of 2 files");
    window.input_mut().hovered_files = vec![HoveredFile::default()];
    window.run_steps(2);
    window.get_by_label("Drop to open it");
    window.input_mut().hovered_files.clear();
    window.run_steps(2);
    assert!(window.query_by_label_contains("Drop to open").is_none());
    assert!(window.state().state.jobs.is_empty(), "hovering opens nothing");
}

#[test]
fn the_list_of_runs_follows_the_disk() {
    let (mut window, folder) = super::bare(SIZE);
    let mut manifest = manifest("mine", RunStatus::Cancelled, &[Stage::Collect]);
    let dir = RunDir::create(folder.path(), &manifest).unwrap();
    window.state_mut().commands.push(Command::RefreshRuns);
    until(&mut window, "the run is listed", |state| state.runs.len() == 1 && !state.listing);
    assert_eq!(window.state().state.run_scores["mine"].epochs, 0);
    // It is continued and finishes.
    for epoch in epochs(&[1.02, 0.97]) {
        append_line(&dir.metrics_file(), &epoch).unwrap();
    }
    manifest.status = RunStatus::Finished;
    dir.save(&manifest).unwrap();
    window.key_press(Key::F5);
    window.run_steps(2);
    until(&mut window, "it is listed as finished", |state| state.runs[0].manifest.status == RunStatus::Finished);
    let score = window.state().state.run_scores["mine"];
    assert_eq!((score.epochs, score.best), (2, Some((2, 0.97))));
}

/// A window whose dialog is open and was asked for a file.
fn asked(answer: fn(Wanted) -> Result<Option<PathBuf>, String>) -> (Window, tempfile::TempDir) {
    let (mut window, folder) = super::bare(SIZE);
    window.state_mut().system_dialog = answer;
    window.state_mut().commands.push(Command::AskData);
    window.run_steps(3);
    window.get_by_label("Choose file…").click();
    window.run_steps(2);
    (window, folder)
}

/// Types a path and opens it.
fn type_path(window: &mut Window, path: &Path) {
    window.get_by_label("Path").focus();
    window.run_steps(1);
    window.get_by_label("Path").type_text(&path.display().to_string());
    window.run_steps(3);
    window.key_press(Key::Enter);
    window.run_steps(3);
}

fn says(window: &mut Window, sentence: &str) {
    for _ in 0..1000 {
        window.run_steps(1);
        if window.query_by_label(sentence).is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{sentence:?} is not shown: {}", window.state().dump());
}

#[test]
fn a_system_without_a_dialog_gives_a_sentence_and_the_path_works() {
    let (mut window, folder) = asked(|_| Err("no portal answers".to_owned()));
    says(
        &mut window,
        "This system offers no file dialog (no portal answers): type the path above or drop the file on the window",
    );
    let path = folder.path().join("SYN_4h.csv");
    std::fs::write(&path, csv(&walk(1, 300))).unwrap();
    type_path(&mut window, &path);
    until(&mut window, "the file is read", |state| looked_at(state, &path));
}

#[test]
fn a_dialog_that_never_answers_blocks_no_frame_and_no_path() {
    let (mut window, folder) = asked(|_| {
        // Longer than any test waits.
        std::thread::sleep(std::time::Duration::from_mins(10));
        Ok(None)
    });
    says(&mut window, "The system's dialog is open; if none appears, type the path above");
    let path = folder.path().join("SYN_4h.csv");
    std::fs::write(&path, csv(&walk(1, 300))).unwrap();
    type_path(&mut window, &path);
    until(&mut window, "the file is read", |state| looked_at(state, &path));
    // Opened again, it still waits, and may be told not to.
    window.state_mut().commands.push(Command::AskData);
    window.run_steps(3);
    window.get_by_label("Stop waiting").click();
    window.run_steps(3);
    assert!(window.query_by_label("Stop waiting").is_none());
}

#[test]
fn the_answers_of_the_systems_dialog_are_taken() {
    let (mut window, _folder) = asked(|_| Ok(None));
    says(&mut window, "Nothing was chosen; if no dialog appeared, type the path above");
    let (mut window, _folder) = asked(|wanted| {
        assert_eq!(wanted, Wanted::File);
        Ok(Some(FINISHED.run.clone()))
    });
    until(&mut window, "the run is open", |state| state.run().is_some());
    assert!(window.query_by_label("Choose file…").is_none(), "the dialog has closed");
}
