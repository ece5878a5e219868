//! The window as a script sees it: the state as JSON, every named control with its place, and what frames cost.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use eframe::egui;
use serde_json::{Value, json};

use crate::files::write_atomic;
use crate::stats::quantile;

/// The file is written at most this often.
const PAUSE: Duration = Duration::from_millis(100);
/// Frames between two measured tessellations: measuring one costs as much again.
const EVERY: usize = 8;

/// Writes `file` whenever something changed.
#[derive(Debug)]
pub(super) struct Probe {
    file: PathBuf,
    seen: Arc<Mutex<Seen>>,
    written: Option<Instant>,
    last: Value,
    began: Option<Instant>,
}

/// What the hook on the toolkit's output collects.
#[derive(Debug, Default)]
struct Seen {
    controls: Vec<Value>,
    /// Logic and drawing, milliseconds per frame, since the last reset.
    frames: Vec<f64>,
    /// Tessellation, milliseconds.
    tessellation: Vec<f64>,
    count: usize,
}

struct Hook(Arc<Mutex<Seen>>);

impl egui::Plugin for Hook {
    fn debug_name(&self) -> &'static str {
        "glassbox probe"
    }

    fn output_hook(&mut self, ctx: &egui::Context, output: &mut egui::FullOutput) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(update) = &output.platform_output.accesskit_update {
            seen.controls = update.nodes.iter().filter_map(|(_, node)| control(node)).collect();
        }
        seen.count += 1;
        if seen.count.is_multiple_of(EVERY) {
            let shapes = output.shapes.clone();
            let start = Instant::now();
            let meshes = ctx.tessellate(shapes, output.pixels_per_point);
            let spent = start.elapsed().as_secs_f64() * 1e3;
            drop(meshes);
            seen.tessellation.push(spent);
        }
    }
}

/// Name, value, role and middle of a control that has a place.
fn control(node: &egui::accesskit::Node) -> Option<Value> {
    let bounds = node.bounds()?;
    let name = node.label().or_else(|| node.value()).filter(|name| !name.is_empty())?;
    Some(json!({
        "name": name,
        "value": node.value(),
        "role": format!("{:?}", node.role()),
        "x": f64::midpoint(bounds.x0, bounds.x1).round(),
        "y": f64::midpoint(bounds.y0, bounds.y1).round(),
        "width": (bounds.x1 - bounds.x0).round(),
        "height": (bounds.y1 - bounds.y0).round(),
    }))
}

impl Probe {
    pub(super) fn new(file: PathBuf, ctx: &egui::Context) -> Self {
        ctx.enable_accesskit();
        let seen = Arc::default();
        ctx.add_plugin(Hook(Arc::clone(&seen)));
        Self { file, seen, written: None, last: Value::Null, began: None }
    }

    /// Call first in a frame.
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    /// Call last in a frame, with the state's own dump.
    pub(super) fn end(&mut self, ctx: &egui::Context, state: Value) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(began) = self.began.take() {
            seen.frames.push(began.elapsed().as_secs_f64() * 1e3);
        }
        if self.written.is_some_and(|at| at.elapsed() < PAUSE) {
            if state != self.last {
                ctx.request_repaint_after(PAUSE);
            }
            return;
        }
        let cost =
            |times: &[f64]| json!({ "p50": quantile(times, 0.5), "p99": quantile(times, 0.99), "n": times.len() });
        let record = json!({
            "state": state,
            "controls": seen.controls,
            "frame_ms": cost(&seen.frames),
            "tessellation_ms": cost(&seen.tessellation),
            "rss_mib": rss_mib(),
        });
        write_atomic(&self.file, record.to_string().as_bytes()).ok();
        self.written = Some(Instant::now());
        self.last = state;
    }
}

/// Resident memory of the process; `None` where the system does not tell.
fn rss_mib() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096.0 / 1_048_576.0)
}
