use std::path::Path;

use serde::Serialize;

use crate::config::DevicePreference;
use crate::files::write_atomic;
use crate::indicators::default_catalogue;
use crate::runs::{RunStatus, list_runs};
use crate::training::pick_device;

/// One finding of the doctor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Always `check`.
    pub event: &'static str,
    /// What was looked at.
    pub name: String,
    /// True if it is as it should be.
    pub ok: bool,
    /// What was found.
    pub found: String,
}

/// Looks at what the program stands on: workspace, device, threads, catalogue, runs.
pub fn doctor(workspace: &Path, threads: usize) -> Vec<Check> {
    let check = |name: &str, ok: bool, found: String| Check { event: "check", name: name.to_owned(), ok, found };
    let mut checks = vec![check("version", true, env!("CARGO_PKG_VERSION").to_owned())];
    let probe = workspace.join(".write_test");
    let writable = write_atomic(&probe, b"ok").and_then(|()| std::fs::remove_file(&probe));
    checks.push(match writable {
        Ok(()) => check("workspace", true, format!("{} is writable", workspace.display())),
        Err(err) => check("workspace", false, format!("{} is not writable: {err}", workspace.display())),
    });
    checks.push(match pick_device(DevicePreference::Auto) {
        Ok((_, name)) => check("device", true, name),
        Err(err) => check("device", false, err.to_string()),
    });
    checks.push(check("threads", threads > 0, threads.to_string()));
    let instances = default_catalogue();
    let lines: usize = instances.iter().map(|instance| instance.line_names().len()).sum();
    checks.push(check("indicators", !instances.is_empty(), format!("{} with {lines} lines", instances.len())));
    let (runs, broken) = list_runs(workspace);
    let open = runs.iter().filter(|run| run.manifest.status != RunStatus::Finished).count();
    checks.push(check("runs", true, format!("{} in the workspace, {open} unfinished", runs.len())));
    checks.extend(broken.into_iter().map(|err| check("runs", false, err.to_string())));
    checks
}
