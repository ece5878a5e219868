use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::Args as Group;

use super::args::{DeviceArg, Global};
use super::print::Failure;
use crate::config::{DevicePreference, RunConfig, load};

/// Far more than any machine has; a mistyped number would start them all.
const MOST_THREADS: usize = 1024;

/// The workspace asked for, or the platform's data folder.
pub(super) fn workspace(global: &Global) -> Result<PathBuf> {
    match &global.workspace {
        Some(folder) => std::path::absolute(folder).context("the workspace is no usable path"),
        None => directories::ProjectDirs::from("", "", "glassbox")
            .map(|dirs| dirs.data_dir().to_owned())
            .context("this system names no data folder: give --workspace DIR"),
    }
}

/// Makes the thread pool and tells its size.
pub(super) fn threads(global: &Global) -> Result<usize, Failure> {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = global.threads.unwrap_or(available);
    if !(1..=MOST_THREADS).contains(&threads) {
        return Err(Failure::Usage(anyhow!("--threads must be from 1 to {MOST_THREADS}, was {threads}")));
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start the thread pool")?;
    Ok(threads)
}

#[derive(Debug, Group)]
pub(super) struct ConfigArgs {
    /// TOML configuration; `data.file` counts from its folder
    #[arg(value_name = "CONFIG.toml", required_unless_present = "data")]
    pub(super) config: Option<PathBuf>,
    /// Preset underneath the configuration: demo, readme-debug, debug, baseline, elite, experimental, seed
    #[arg(long)]
    pub(super) preset: Option<String>,
    /// File of bars, instead of the configuration's
    #[arg(long, value_name = "BARS")]
    pub(super) data: Option<PathBuf>,
}

/// The configuration that `args` name; see [`config`].
pub(super) fn config_of(global: &Global, args: &ConfigArgs) -> Result<RunConfig, Failure> {
    config(global, args.config.as_deref(), args.preset.as_deref(), args.data.as_deref())
}

/// Defaults, preset, file, `--set` and `--device`, in rising precedence; a relative `data.file`, `backtest.rule`,
/// `features.symbols` or `features.external.file` of the file counts from the file's folder, `data` from the current one.
pub(super) fn config(
    global: &Global,
    file: Option<&Path>,
    preset: Option<&str>,
    data: Option<&Path>,
) -> Result<RunConfig, Failure> {
    let mut config = load(file, preset, &global.overrides).map_err(|err| Failure::Usage(err.into()))?;
    if let Some(folder) = file.and_then(Path::parent)
        && !config.backtest.rule.is_empty()
    {
        config.backtest.rule = folder.join(&config.backtest.rule).display().to_string();
    }
    if let Some(folder) = file.and_then(Path::parent) {
        let counted = |text: &str| folder.join(text).display().to_string();
        config.features.symbols = config.features.symbols.iter().map(|text| counted(text)).collect();
        if !config.features.external.file.is_empty() {
            config.features.external.file = counted(&config.features.external.file);
        }
    }
    if let Some(data) = data {
        config.data.file = data.display().to_string();
    } else if let Some(folder) = file.and_then(Path::parent)
        && !config.data.file.is_empty()
    {
        config.data.file = folder.join(&config.data.file).display().to_string();
    }
    if let Some(device) = device(global) {
        config.train.device = device;
    }
    Ok(config)
}

/// The device asked for.
pub(super) fn device(global: &Global) -> Option<DevicePreference> {
    Some(match global.device? {
        DeviceArg::Auto => DevicePreference::Auto,
        DeviceArg::Cpu => DevicePreference::Cpu,
        DeviceArg::Cuda => DevicePreference::Cuda,
    })
}
