use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::collect::{CollectRequest, Collected, collect};
use super::event::{Job, TaskEvent};
use super::formulas::formulas_of;
use super::market_files::read_options;
use super::sources::{Sources, without_places};
use crate::config::{FeatureGroup, FeaturesConfig, RunConfig};
use crate::data::{CaptureFile, causality_path};
use crate::dataset::causality::{
    CUTS, CausalVerdict, ColumnCausality, ColumnKind, FeatureReplay, LeakCause, LineReplay, Replayed, judge_features,
    random_cuts,
};
use crate::dataset::{ExtraColumns, Features, extract_rows, least_bars};
use crate::files::write_atomic;
use crate::indicators::{Instance, Line, Lines, Mode};
use crate::market::Series;
use crate::runs::RunDir;

/// Indicators whose features are in memory together while a whole catalogue is checked.
const PART: usize = 8;

/// What to check.
#[derive(Debug, Clone)]
pub struct CausalityRequest {
    /// Folder of captures.
    pub workspace: PathBuf,
    /// A run folder, a capture, or a file of bars; `config.data.file` when absent.
    pub target: Option<PathBuf>,
    /// Features to check, unless the target is a run.
    pub config: RunConfig,
    /// Bars cut at so many places.
    pub cuts: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CausalityCheck {
    /// Bars replayed.
    pub bars: usize,
    /// Lines, features and external columns.
    pub columns: Vec<ColumnCausality>,
}

impl CausalityCheck {
    /// Columns that leak or are infinite.
    pub fn bad(&self) -> impl Iterator<Item = &ColumnCausality> {
        self.columns.iter().filter(|column| column.is_bad())
    }
}

/// Verdicts beside a capture.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// Of everything that those on lines depend on.
    lines_key: String,
    lines: Vec<ColumnCausality>,
    /// Of everything that those on features depend on; empty before any were made.
    features_key: String,
    features: Vec<ColumnCausality>,
}

impl Stored {
    /// Those beside `capture`; nothing where there are none that can be read.
    fn read(capture: &Path) -> Self {
        let text = std::fs::read_to_string(causality_path(capture)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Keeps them. Verdicts that cannot be kept are made again, so that is no error.
    fn write(&self, capture: &Path, job: &Job) -> Result<()> {
        let path = causality_path(capture);
        if let Err(err) = write_atomic(&path, &serde_json::to_vec(self)?) {
            job.emit(TaskEvent::Note(format!("warning: {} cannot be written: {err}", path.display())));
        }
        Ok(())
    }
}

/// The verdicts kept beside a capture, features first; empty where there are none. Those on features are of the last
/// training or none.
pub fn kept_causality(capture: &Path) -> Vec<ColumnCausality> {
    let Stored { lines, features, .. } = Stored::read(capture);
    [features, lines].concat()
}

/// Replays lines while they are captured.
#[derive(Debug)]
pub(super) struct LineCheck<'a> {
    replay: LineReplay<'a>,
    digests: Vec<u64>,
}

impl<'a> LineCheck<'a> {
    /// Before the first bar of `series`.
    pub(super) fn new(instances: &'a [Instance], series: &'a Series, fingerprint: &str) -> Self {
        let (cuts, seed) = places(1..series.len(), CUTS, fingerprint);
        Self { replay: LineReplay::new(instances, series, &cuts, seed, false), digests: Vec::new() }
    }

    /// Takes the lines of the next bars as they are stored.
    pub(super) fn step(&mut self, stored: &Lines) {
        self.digests.resize(stored.columns.len(), DIGEST);
        self.digests
            .par_iter_mut()
            .zip(&stored.columns)
            .for_each(|(digest, line)| *digest = digest_from(*digest, &line.values));
        let values: Vec<&[f64]> = stored.columns.iter().map(|line| line.values.as_slice()).collect();
        self.replay.step(&values);
    }

    /// Keeps the verdicts beside `capture`, and tells of lines that are not what a replay gives.
    pub(super) fn finish(self, capture: &Path, fingerprint: &str, catalogue: &str, job: &Job) -> Result<()> {
        let lines = self.replay.finish().columns;
        let bad: Vec<&ColumnCausality> = lines.iter().filter(|line| line.is_bad()).collect();
        if let Some(first) = bad.first() {
            let (line, why) = (&first.column, first.sentence());
            job.emit(TaskEvent::Note(format!("warning: {} lines are not causal, {line} first: {why}", bad.len())));
        }
        let lines_key = hash(&json!([fingerprint, catalogue, self.digests, env!("CARGO_PKG_VERSION")]))?;
        Stored { lines_key, lines, ..Stored::default() }.write(capture, job)
    }
}

/// Replays every line and feature of bars, of a configuration or of a run, or the lines stored in a capture.
///
/// # Errors
/// Whatever reading and computing give.
pub fn check_causality(request: &CausalityRequest, job: &Job) -> Result<CausalityCheck> {
    let mut config = request.config.clone();
    let mut library = None;
    if let Some(target) = &request.target {
        if target.is_dir() {
            config = RunDir::open(target)?.load()?.config;
            library = Some(formulas_of(target)?);
        } else {
            if let Ok(file) = CaptureFile::open(target)
                && file.catalogue().is_some()
            {
                return check_capture_lines(&request.workspace, &file, request.cuts, job);
            }
            config.data.file = target.display().to_string();
        }
    }
    if config.data.file.is_empty() {
        bail!("nothing to check: name bars, a configuration or a run with --data");
    }
    let options = read_options(&config.data)?;
    let file = PathBuf::from(&config.data.file);
    let collected = collect(&request.workspace, &CollectRequest { file, options, library }, job)?;
    let sources = Sources::read(&config.features, &collected.series, &collected.library, job)?;
    let bars = collected.series.len();
    let columns = judge_in_parts(&collected, &config.features, &sources, request.cuts, job)?;
    Ok(CausalityCheck { bars, columns })
}

/// Replays the lines stored in a capture; those of indicators that are not known here cannot be verified.
fn check_capture_lines(workspace: &Path, file: &CaptureFile, cuts: usize, job: &Job) -> Result<CausalityCheck> {
    job.progress(0, 0, "reading the capture");
    let series = file.series()?;
    let names: Vec<&str> = file.line_names().collect();
    let stored = file.lines(&names)?;
    let library = formulas_of(workspace)?;
    let has = |instance: &Instance| instance.line_names().iter().all(|name| names.contains(&name.as_str()));
    let instances: Vec<Instance> = library.catalogue(Mode::Standard).into_iter().filter(has).collect();
    let known: Vec<String> = instances.iter().flat_map(Instance::line_names).collect();
    let values: Vec<&[f64]> = known
        .iter()
        .filter_map(|name| names.iter().position(|stored| stored == name))
        .map(|at| stored[at].as_slice())
        .collect();
    job.progress(0, 0, "replaying lines");
    let (cuts, seed) = places(1..series.len(), cuts, &series.fingerprint());
    let mut replay = LineReplay::new(&instances, &series, &cuts, seed, false);
    replay.step(&values);
    let mut columns = replay.finish().columns;
    for (name, values) in names.iter().zip(&stored).filter(|(name, _)| !known.iter().any(|known| known == *name)) {
        columns.push(ColumnCausality::unverifiable(*name, ColumnKind::Line, values));
    }
    Ok(CausalityCheck { bars: series.len(), columns })
}

/// Random cuts and the seed they and other bars come from: the same for the same bars.
fn places(range: Range<usize>, cuts: usize, fingerprint: &str) -> (Vec<usize>, u64) {
    let seed = fingerprint.get(..16).and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0);
    let range = range.start.min(range.end)..range.end;
    (random_cuts(range, cuts, seed), seed)
}

/// Verdicts on the lines and features that enter a training, from beside the capture if nothing changed.
pub(super) fn judge(
    collected: &Collected,
    features: &Features,
    config: &FeaturesConfig,
    sources: &Sources,
    job: &Job,
) -> Result<Vec<ColumnCausality>> {
    job.progress(0, 0, "checking causality");
    let (lines_key, features_key) = keys(collected, config, sources)?;
    let stored = Stored::read(&collected.capture);
    if stored.lines_key == lines_key && stored.features_key == features_key {
        return Ok([stored.features, stored.lines].concat());
    }
    let at = Cuts::new(collected, config, CUTS);
    let instances = collected.library.catalogue(Mode::Standard);
    let replayed = at.lines(&instances, &collected.series, &collected.lines);
    job.check()?;
    let matrix = Matrix { features, config, sources };
    let mut columns = at.features(collected, &collected.lines, &replayed, features, &matrix)?;
    badge_external(&mut columns, collected, sources)?;
    let stored = Stored { lines_key, lines: replayed.columns, features_key, features: columns };
    if !collected.capture.as_os_str().is_empty() {
        stored.write(&collected.capture, job)?;
    }
    Ok([stored.features, stored.lines].concat())
}

/// The same for a whole catalogue without its whole matrix in memory: features of a few indicators at a time.
fn judge_in_parts(
    collected: &Collected,
    config: &FeaturesConfig,
    sources: &Sources,
    cuts: usize,
    job: &Job,
) -> Result<Vec<ColumnCausality>> {
    let instances = collected.library.catalogue(Mode::Standard);
    let at = Cuts::new(collected, config, cuts);
    job.progress(0, 0, "replaying lines");
    let replayed = at.lines(&instances, &collected.series, &collected.lines);
    let mut columns = replayed.columns.clone();
    let per_line =
        |group: &FeatureGroup| matches!(group, FeatureGroup::Lines | FeatureGroup::Changes | FeatureGroup::Windows);
    let (of_lines, others): (Vec<FeatureGroup>, Vec<FeatureGroup>) = config.groups.iter().partition(|g| per_line(g));
    let base = FeaturesConfig { feature_dim: 0, ..config.clone() };
    let whole = (base.clone(), instances.clone(), true);
    let mut parts = vec![whole];
    if config.indicators.is_empty() && !of_lines.is_empty() {
        parts[0].0.groups = others;
        parts.extend(instances.chunks(PART).map(|part| {
            let indicators = part.iter().map(|instance| instance.id().to_owned()).collect();
            let groups = of_lines.clone();
            (FeaturesConfig { indicators, groups, shifts: Vec::new(), ..base.clone() }, part.to_vec(), false)
        }));
    }
    let none = Sources::default();
    let total = parts.len() as u64;
    for (done, (config, part, all)) in parts.into_iter().enumerate() {
        job.check()?;
        job.progress(done as u64, total, "replaying features");
        let sources = if all { sources } else { &none };
        let names: Vec<String> = part.iter().flat_map(Instance::line_names).collect();
        let takes = |line: &&Line| names.contains(&line.name);
        let subset = Lines { columns: collected.lines.columns.iter().filter(takes).cloned().collect() };
        let series = &collected.series;
        let extra = sources.columns(series, &subset, &config, None)?;
        if config.groups.is_empty() && extra.is_empty() {
            continue;
        }
        let features = match extract_rows(series, &subset, &config, &extra, 0..series.len()) {
            // Indicators without a line that becomes a feature.
            Err(crate::dataset::DatasetError::NoFeatures) => continue,
            features => features?,
        };
        let matrix = Matrix { features: &features, config: &config, sources };
        columns.extend(at.features(collected, &subset, &replayed, &features, &matrix)?);
    }
    badge_external(&mut columns, collected, sources)?;
    Ok(columns)
}

/// Where bars are cut.
struct Cuts {
    cuts: Vec<usize>,
    seed: u64,
}

impl Cuts {
    /// Behind the bars that features need at least.
    fn new(collected: &Collected, config: &FeaturesConfig, cuts: usize) -> Self {
        let range = least_bars(config)..collected.series.len();
        let (cuts, seed) = places(range, cuts, &collected.fingerprint);
        Self { cuts, seed }
    }

    fn lines(&self, instances: &[Instance], series: &Series, stored: &Lines) -> Replayed {
        LineReplay::new(instances, series, &self.cuts, self.seed, true).all(stored)
    }

    fn features(
        &self,
        collected: &Collected,
        stored: &Lines,
        replayed: &Replayed,
        features: &Features,
        matrix: &Matrix<'_>,
    ) -> Result<Vec<ColumnCausality>> {
        let names: Vec<String> = features.specs.iter().map(|spec| spec.name.clone()).collect();
        let found = judge_features(&names, &collected.series, stored, replayed, &self.cuts, matrix)?;
        // Padding says nothing of anything.
        let real = features.specs.iter().map(|spec| spec.group.is_some());
        Ok(found.into_iter().zip(real).filter_map(|(found, real)| real.then_some(found)).collect())
    }
}

/// Features as they enter a training.
struct Matrix<'a> {
    features: &'a Features,
    config: &'a FeaturesConfig,
    sources: &'a Sources,
}

impl FeatureReplay for Matrix<'_> {
    type Error = anyhow::Error;

    fn stored(&self, rows: Range<usize>) -> Result<Vec<f32>> {
        let width = self.features.width();
        Ok(self.features.data[rows.start * width..rows.end * width].to_vec())
    }

    fn made(&self, series: &Series, lines: &Lines, known: i64, rows: Range<usize>) -> Result<Vec<f32>> {
        let extra: ExtraColumns = self.sources.columns(series, lines, self.config, Some(known))?;
        Ok(extract_rows(series, lines, self.config, &extra, rows)?.data)
    }
}

/// External values are joined causally, but nobody can say when they were known: their own verdict stands.
fn badge_external(columns: &mut Vec<ColumnCausality>, collected: &Collected, sources: &Sources) -> Result<()> {
    for (name, values, leaks) in sources.external(&collected.series)? {
        columns.retain(|column| column.column != name);
        let mut found = ColumnCausality::unverifiable(name, ColumnKind::External, &values);
        if leaks {
            (found.verdict, found.cause) = (CausalVerdict::Leaks, Some(LeakCause::Future));
        }
        columns.push(found);
    }
    Ok(())
}

/// Keys of verdicts on lines (bars, lines as stored, and the program) and on features (their configuration and sources).
fn keys(collected: &Collected, config: &FeaturesConfig, sources: &Sources) -> Result<(String, String)> {
    let mut features = without_places(config);
    // What changes no column.
    (features.fe_workers, features.fe_chunk, features.fe_parallel_threshold) = (0, 1, 0);
    features.admit.clear();
    let Collected { lines, fingerprint, catalogue, .. } = collected;
    let digests: Vec<u64> = lines.columns.par_iter().map(|line| digest_from(DIGEST, &line.values)).collect();
    let lines = hash(&json!([fingerprint, catalogue, digests, env!("CARGO_PKG_VERSION")]))?;
    Ok((lines, hash(&json!([features, sources.notes()]))?))
}

/// SHA-256 in hex.
fn hash(value: &serde_json::Value) -> Result<String> {
    Ok(format!("{:x}", Sha256::digest(serde_json::to_string(value)?.as_bytes())))
}

/// Digest of no values.
const DIGEST: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over whole values, rotated so that high bits count: one changed value always changes it.
fn digest_from(digest: u64, values: &[f64]) -> u64 {
    let fold = |hash: u64, value: &f64| (hash ^ value.to_bits()).wrapping_mul(0x100_0000_01b3).rotate_left(23);
    values.iter().fold(digest, fold)
}

/// Refuses external columns that know the future, and names in `features.admit` that nothing is called.
pub(super) fn refuse(features: &Features, verdicts: &[ColumnCausality], config: &FeaturesConfig) -> Result<()> {
    let is_called = |name: &String| {
        verdicts.iter().any(|found| found.column == *name) || features.specs.iter().any(|spec| spec.name == *name)
    };
    if let Some(name) = config.admit.iter().find(|name| !is_called(name)) {
        return Err(anyhow!("features.admit names {name}, but no line or feature is called so"));
    }
    let blocked = |found: &&ColumnCausality| {
        found.kind == ColumnKind::External && found.is_bad() && !config.admit.contains(&found.column)
    };
    if let Some(found) = verdicts.iter().find(blocked) {
        bail!(
            "features.external: {} {}; correct the file or features.external.delay, leave the column out of \
             features.external.columns, or name {0} in features.admit",
            found.column,
            found.sentence()
        );
    }
    Ok(())
}
