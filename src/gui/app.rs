use eframe::egui;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::persist::Saved;
use super::probe::Probe;
use super::shell::Shell;
use super::state::{AppState, Loadable};
use super::theme;
use crate::config::DevicePreference;
use crate::training::pick_device;

/// How to open the window.
#[derive(Debug, Clone)]
pub struct OpenWindow {
    /// Run folder, workspace or file of bars; the demo when `None`.
    pub path: Option<PathBuf>,
    /// Folder of captures and runs.
    pub workspace: PathBuf,
    /// Threads of computation.
    pub threads: usize,
    /// Close once everything named was drawn.
    pub exit_after_first_frame: bool,
    /// File that shall always hold the state as JSON, for scripts.
    pub probe: Option<PathBuf>,
    /// When the process started.
    pub started: Instant,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// No display, or none that can be drawn on.
    #[error("no window can be opened here ({0}); the same work runs without one: glassbox run CONFIG.toml")]
    NoDisplay(String),
    /// The system names no cache folder.
    #[error("this system names no cache folder to unpack the demo to")]
    NoCache,
}

/// Opens the window and stays until it is closed. With `exit_after_first_frame` gives the record of the first frame that
/// shows the run.
pub fn open_window(request: OpenWindow) -> Result<Option<serde_json::Value>, WindowError> {
    let cache = directories::ProjectDirs::from("", "", "glassbox").ok_or(WindowError::NoCache)?.cache_dir().to_owned();
    let record = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&record);
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Glassbox")
        .with_app_id("glassbox")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([960.0, 600.0]);
    if let Ok(icon) = eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")) {
        viewport = viewport.with_icon(icon);
    }
    let options = eframe::NativeOptions { viewport, persist_window: true, ..eframe::NativeOptions::default() };
    eframe::run_native(
        "glassbox",
        options,
        Box::new(move |cc| {
            theme::install(&cc.egui_ctx);
            let ctx = cc.egui_ctx.clone();
            let wake = Arc::new(move || ctx.request_repaint());
            let device = pick_device(DevicePreference::Auto).map_or_else(|err| err.to_string(), |(_, name)| name);
            let state =
                AppState { workspace: request.workspace, threads: request.threads, device, ..AppState::default() };
            let saved = cc.storage.map(Stored);
            let mut shell = Shell::new(state, cache, wake, saved.as_ref().map(|saved| saved as &dyn Saved));
            shell.refresh_runs();
            match &request.path {
                Some(path) => shell.open_path(path, 0.0),
                None => shell.open_demo(0.0),
            }
            let first = request.exit_after_first_frame.then_some(slot);
            let probe = request.probe.map(|file| Probe::new(file, &cc.egui_ctx));
            Ok(Box::new(App { shell, first, probe, started: request.started }))
        }),
    )
    .map_err(|err| match err {
        // Its text names a source file of the library; the cause is always the same.
        eframe::Error::WinitEventLoop(_) => WindowError::NoDisplay("no display is set".to_owned()),
        err => WindowError::NoDisplay(err.to_string()),
    })?;
    Ok(record.lock().ok().and_then(|mut record| record.take()))
}

struct App {
    shell: Shell,
    /// Where the first frame's record goes, if it is wanted.
    first: Option<Arc<Mutex<Option<serde_json::Value>>>>,
    probe: Option<Probe>,
    started: Instant,
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        if let Some(probe) = &mut self.probe {
            probe.begin(ctx);
        }
        self.shell.logic(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.shell.ui(ui);
        let shell = &self.shell;
        let waits = shell.opening() || matches!(shell.state.why, Loadable::Loading(_));
        if let Some(slot) = self.first.take_if(|_| !waits) {
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(serde_json::json!({
                    "event": "first_frame",
                    "ms": self.started.elapsed().as_millis() as u64,
                    "panels": shell.visible().iter().map(|pane| pane.title()).collect::<Vec<_>>(),
                    "demo": shell.state.demo,
                    "run": shell.state.run().map(|run| run.manifest.id.clone()),
                }));
            }
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
        if let Some(probe) = &mut self.probe {
            probe.end(ui.ctx(), || self.shell.dump());
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        let mut changes = Changes::default();
        self.shell.save(&mut changes);
        for (key, text) in changes.0 {
            storage.set_string(&key, text);
        }
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        theme::BACKGROUND.to_normalized_gamma_f32()
    }

    /// Only layouts and view states are kept, each under its own key: one that no longer fits loses nothing else.
    fn persist_egui_memory(&self) -> bool {
        false
    }
}

struct Stored<'a>(&'a dyn eframe::Storage);

impl Saved for Stored<'_> {
    fn read(&self, key: &str) -> Option<String> {
        self.0.get_string(key)
    }

    fn write(&mut self, _key: &str, _text: String) {}
}

#[derive(Default)]
struct Changes(Vec<(String, String)>);

impl Saved for Changes {
    fn read(&self, _key: &str) -> Option<String> {
        None
    }

    fn write(&mut self, key: &str, text: String) {
        self.0.push((key.to_owned(), text));
    }
}
