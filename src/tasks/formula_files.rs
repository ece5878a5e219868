use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};

use super::formulas::{formula_files, id_of, read};
use crate::files::write_atomic;
use crate::indicators::Library;
use crate::indicators::formula::FormulaError;
use crate::jobs::JobContext;

/// Between two looks at the folder.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at the cancel token.
const STEP: Duration = Duration::from_millis(100);

/// A formula file as it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaText {
    /// Name of the indicator.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// What is in it; what is no text is replaced.
    pub text: String,
}

/// Formulas that come with the program: id and text.
pub const EXAMPLES: &[(&str, &str)] = &[
    ("rsi_swing_divergence", include_str!("../../assets/formulas/rsi_swing_divergence.indicator")),
    ("channel_breakout", include_str!("../../assets/formulas/channel_breakout.indicator")),
    ("released_turn", include_str!("../../assets/formulas/released_turn.indicator")),
];

/// What checking formulas together found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Those that are sound.
    pub library: Library,
    /// What is wrong with the others, by id.
    pub faults: Vec<(String, Vec<FormulaError>)>,
}

/// Checks formulas, given as id and text; they may read each other.
pub fn check_formulas(named: &[(String, String)]) -> Checked {
    let files: Vec<(String, Vec<u8>)> =
        named.iter().map(|(id, text)| (id.clone(), text.clone().into_bytes())).collect();
    let (library, bad) = Library::load(&files);
    let faults = bad.into_iter().map(|(i, errors)| (named[i].0.clone(), errors.list().to_vec())).collect();
    Checked { library, faults }
}

/// Tells the formula files of a folder, at once and whenever they change, until cancelled. A folder that is not there is
/// empty.
pub fn watch_formulas(folder: &Path, job: &JobContext<Vec<FormulaText>>) -> Result<()> {
    let mut seen = None;
    loop {
        let stamps = stamps(folder);
        if seen.as_ref() != Some(&stamps) {
            job.emit(stamps.iter().filter_map(|(path, ..)| text_of(path)).collect());
            seen = Some(stamps);
        }
        for _ in 0..PAUSE.as_millis() / STEP.as_millis() {
            job.check()?;
            std::thread::sleep(STEP);
        }
    }
}

fn stamps(folder: &Path) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    let files = if folder.is_dir() { formula_files(&[folder.to_owned()]).unwrap_or_default() } else { Vec::new() };
    files
        .into_iter()
        .map(|path| {
            let data = path.metadata().ok();
            let time = data.as_ref().and_then(|data| data.modified().ok());
            (path, time, data.map_or(0, |data| data.len()))
        })
        .collect()
}

fn text_of(path: &Path) -> Option<FormulaText> {
    let text = String::from_utf8_lossy(&read(path).ok()?).into_owned();
    Some(FormulaText { id: id_of(path), path: path.to_owned(), text })
}

/// Writes a formula into `formulas/` of a workspace, whole or not at all, and gives the file. `old` is the file it was
/// read from; no other is overwritten.
pub fn save_formula(workspace: &Path, id: &str, text: &str, old: Option<&Path>) -> Result<PathBuf> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !id.starts_with(|c: char| c.is_ascii_alphabetic()) || !id.chars().all(good) || id.len() > 64 {
        bail!("`{id}` cannot name a formula: use up to 64 letters, digits and _, a letter first");
    }
    let path = workspace.join("formulas").join(format!("{id}.indicator"));
    if old != Some(&path) && path.exists() {
        bail!("there is a formula `{id}` already: choose another name");
    }
    write_atomic(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_sound() {
        let named: Vec<(String, String)> =
            EXAMPLES.iter().map(|(id, text)| ((*id).to_owned(), (*text).to_owned())).collect();
        let checked = check_formulas(&named);
        assert_eq!(checked.faults, []);
        assert_eq!(checked.library.formulas().len(), EXAMPLES.len());
    }

    #[test]
    fn saving_takes_no_other_file_and_no_odd_name() {
        let dir = tempfile::tempdir().unwrap();
        let save = |id: &str, old: Option<&Path>| save_formula(dir.path(), id, "x = close", old);
        let path = save("mine", None).unwrap();
        assert!(save("mine", None).unwrap_err().to_string().contains("already"));
        save("mine", Some(&path)).unwrap();
        for odd in ["", "../up", "1st", "a b", &"a".repeat(65)] {
            assert!(save(odd, None).unwrap_err().to_string().contains("cannot name a formula"), "{odd}");
        }
    }
}
