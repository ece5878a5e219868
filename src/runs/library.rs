use std::path::Path;

use super::{Manifest, RunDir, RunError};

/// One run of a workspace.
#[derive(Debug, Clone)]
pub struct RunEntry {
    /// Its folder.
    pub dir: RunDir,
    /// Its manifest.
    pub manifest: Manifest,
}

/// All runs of a workspace, newest first (folder names sort by time), and the folders that could not be read with why.
pub fn list_runs(workspace: &Path) -> (Vec<RunEntry>, Vec<RunError>) {
    let (mut runs, mut broken) = (Vec::new(), Vec::new());
    let Ok(folders) = std::fs::read_dir(workspace.join("runs")) else { return (runs, broken) };
    for folder in folders.flatten().filter(|entry| entry.path().is_dir()) {
        // A folder without manifest was killed at birth and holds nothing.
        let Ok(dir) = RunDir::open(&folder.path()) else { continue };
        match dir.load() {
            Ok(manifest) => runs.push(RunEntry { dir, manifest }),
            Err(err) => broken.push(err),
        }
    }
    runs.sort_by(|a, b| b.manifest.id.cmp(&a.manifest.id));
    (runs, broken)
}

/// The newest run with this key.
pub fn find_by_key(workspace: &Path, key: &str) -> Option<RunEntry> {
    list_runs(workspace).0.into_iter().find(|run| run.manifest.key == key)
}
