//! The window as a script sees it: the state as JSON, every named control with its place, and what frames cost.

use std::collections::VecDeque;
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

/// Frames remembered; older ones are forgotten.
const REMEMBERED: usize = 16_384;

/// Writes `file` whenever something changed. Deleting the file starts the measurements anew.
#[derive(Debug)]
pub(super) struct Probe {
    file: PathBuf,
    seen: Arc<Mutex<Seen>>,
    written: Option<Instant>,
    last: Value,
}

/// What the hook on the toolkit's output collects.
#[derive(Debug, Default)]
struct Seen {
    controls: Vec<Value>,
    /// Logic, panels and the toolkit's end of the frame.
    frames: Times,
    tessellation: Times,
    /// Both of them, of the frames whose tessellation was measured: all that the thread of the window does but for
    /// rasterising.
    whole: Times,
    count: usize,
    began: Option<Moment>,
    /// What the probe itself took of the frame.
    probing: Spent,
}

/// A time on the wall, and how long this thread has waited for a processor so far.
#[derive(Debug, Clone, Copy)]
struct Moment {
    wall: Instant,
    queued: f64,
}

/// Milliseconds between two moments; `own` leaves out the waits for a processor that others had, but not those for a lock.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    wall: f64,
    own: f64,
}

impl Moment {
    fn now() -> Self {
        Self { wall: Instant::now(), queued: queued_ms().unwrap_or(0.0) }
    }

    fn spent(&self) -> Spent {
        let now = Self::now();
        let wall = (now.wall - self.wall).as_secs_f64() * 1e3;
        Spent { wall, own: wall - (now.queued - self.queued) }
    }
}

impl Spent {
    fn and(self, other: Self) -> Self {
        Self { wall: self.wall + other.wall, own: self.own + other.own }
    }

    fn without(self, other: Self) -> Self {
        Self { wall: self.wall - other.wall, own: self.own - other.own }
    }
}

/// The last of the measured times.
#[derive(Debug, Default)]
struct Times {
    wall: VecDeque<f64>,
    own: VecDeque<f64>,
}

impl Times {
    fn push(&mut self, spent: Spent) {
        for (times, value) in [(&mut self.wall, spent.wall), (&mut self.own, spent.own)] {
            if times.len() == REMEMBERED {
                times.pop_front();
            }
            times.push_back(value);
        }
    }

    fn records(&mut self) -> (Value, Value) {
        (record(self.wall.make_contiguous()), record(self.own.make_contiguous()))
    }
}

fn record(times: &[f64]) -> Value {
    let max = times.iter().copied().fold(f64::NAN, f64::max);
    json!({ "p50": quantile(times, 0.5), "p99": quantile(times, 0.99), "max": max, "n": times.len() })
}

struct Hook(Arc<Mutex<Seen>>);

impl egui::Plugin for Hook {
    fn debug_name(&self) -> &'static str {
        "glassbox probe"
    }

    fn output_hook(&mut self, ctx: &egui::Context, output: &mut egui::FullOutput) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(began) = seen.began.take() else { return };
        let frame = began.spent().without(seen.probing);
        seen.frames.push(frame);
        seen.count += 1;
        if seen.count.is_multiple_of(EVERY) {
            let shapes = output.shapes.clone();
            let start = Moment::now();
            let meshes = ctx.tessellate(shapes, output.pixels_per_point);
            let spent = start.spent();
            drop(meshes);
            seen.tessellation.push(spent);
            seen.whole.push(frame.and(spent));
        }
        if let Some(update) = &output.platform_output.accesskit_update {
            seen.controls = update.nodes.iter().filter_map(|(_, node)| control(node)).collect();
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
        Self { file, seen, written: None, last: Value::Null }
    }

    /// Call first in a frame.
    pub(super) fn begin(&mut self, ctx: &egui::Context) {
        // A frame may be laid out in several passes.
        if ctx.current_pass_index() == 0 {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            (seen.began, seen.probing) = (Some(Moment::now()), Spent::default());
        }
    }

    /// Call last in a frame; `state` gives the state's own dump.
    pub(super) fn end(&mut self, ctx: &egui::Context, state: impl FnOnce() -> Value) {
        let start = Moment::now();
        let state = state();
        let seen = Arc::clone(&self.seen);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if state != self.last {
            // One more frame writes this one's controls, which are known only after it.
            ctx.request_repaint_after(PAUSE + PAUSE / 4);
        }
        if self.written.is_none_or(|at| at.elapsed() >= PAUSE) {
            self.write(&mut seen, state);
        }
        seen.probing = seen.probing.and(start.spent());
    }

    fn write(&mut self, seen: &mut Seen, state: Value) {
        if !self.file.exists() {
            (seen.frames, seen.tessellation, seen.whole) = (Times::default(), Times::default(), Times::default());
        }
        let (frame, frame_own) = seen.frames.records();
        let (tessellation, tessellation_own) = seen.tessellation.records();
        let (whole, whole_own) = seen.whole.records();
        let record = json!({
            "state": state,
            "controls": seen.controls,
            "frame_ms": frame,
            "frame_own_ms": frame_own,
            "tessellation_ms": tessellation,
            "tessellation_own_ms": tessellation_own,
            "whole_ms": whole,
            "whole_own_ms": whole_own,
            "rss_mib": rss_mib(),
        });
        write_atomic(&self.file, record.to_string().as_bytes()).ok();
        self.written = Some(Instant::now());
        self.last = state;
    }
}

/// Milliseconds this thread was ready to run and waited for a processor; `None` where the system does not tell.
fn queued_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(nanoseconds / 1e6)
}

/// Resident memory of the process; `None` where the system does not tell.
fn rss_mib() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096.0 / 1_048_576.0)
}
