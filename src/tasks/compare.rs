use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

use super::curves::RunCurves;
use crate::runs::{Manifest, RunDir};
use crate::stats;
use crate::training::EpochMetrics;

/// One run beside others; figures are of validation at its best epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedRun {
    /// Folder name.
    pub run: String,
    /// Seed of its training.
    pub seed: u64,
    /// Its group, by place.
    pub group: usize,
    /// Epochs done.
    pub epochs: usize,
    /// The epoch whose weights are kept; `None` before the first one.
    pub best_epoch: Option<usize>,
    /// Early-stopping score; below 1 beats the constants.
    pub score: Option<f64>,
    /// Area under the ROC curve of entry.
    pub entry_auc: Option<f64>,
    /// Correlation of predicted and realised return.
    pub return_ic: Option<f64>,
    /// Its values of the settings that differ between the runs.
    pub differs: BTreeMap<String, Value>,
}

/// Runs that differ in nothing but the seed (and their names).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunGroup {
    /// Its place.
    pub group: usize,
    /// Folder names.
    pub runs: Vec<String>,
    /// Their seeds, in the order of `runs`.
    pub seeds: Vec<u64>,
    /// Score at each run's best epoch.
    pub score: Option<Spread>,
    /// Entry AUC at each run's best epoch.
    pub entry_auc: Option<Spread>,
    /// Return IC at each run's best epoch.
    pub return_ic: Option<Spread>,
}

/// A figure over several runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Runs that have it.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// The least.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Sample standard deviation; `None` of one run.
    pub std: Option<f64>,
}

impl Spread {
    /// Of the finite `values`; `None` without any.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        let (min, max) = (values.iter().copied().reduce(f64::min)?, values.iter().copied().reduce(f64::max)?);
        let std = (values.len() > 1).then(|| stats::std_sample(&values));
        Some(Self { n: values.len(), mean: stats::mean(&values), min, max, std })
    }
}

/// Runs side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// In the order given.
    pub runs: Vec<ComparedRun>,
    /// In the order of their first runs.
    pub groups: Vec<RunGroup>,
    /// Names of the settings that differ, the seed among them.
    pub differing: Vec<String>,
}

impl Comparison {
    /// Compares runs by their manifests and curves.
    pub fn new<'a>(runs: impl IntoIterator<Item = (&'a Manifest, &'a RunCurves)>) -> Self {
        let runs: Vec<_> = runs.into_iter().collect();
        let settings: Vec<BTreeMap<String, Value>> = runs.iter().map(|(manifest, _)| settings(manifest)).collect();
        let alike = |a: &BTreeMap<String, Value>, b: &BTreeMap<String, Value>| {
            a.iter().filter(|(name, _)| *name != SEED).eq(b.iter().filter(|(name, _)| *name != SEED))
        };
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (i, own) in settings.iter().enumerate() {
            match members.iter_mut().find(|group| alike(own, &settings[group[0]])) {
                Some(group) => group.push(i),
                None => members.push(vec![i]),
            }
        }
        let names: std::collections::BTreeSet<&String> = settings.iter().flat_map(BTreeMap::keys).collect();
        let differing: Vec<String> = names
            .into_iter()
            .filter(|name| settings.iter().any(|own| own.get(*name) != settings[0].get(*name)))
            .cloned()
            .collect();
        let compared = |i: usize| {
            let (manifest, curves) = runs[i];
            let best = curves.best();
            let learned = |get: fn(&EpochMetrics) -> Option<f64>| best.and_then(get);
            ComparedRun {
                run: manifest.id.clone(),
                seed: manifest.config.train.seed,
                group: members.iter().position(|group| group.contains(&i)).unwrap_or_default(),
                epochs: curves.epochs.len(),
                best_epoch: best.map(|best| best.epoch),
                score: best.map(|best| best.score),
                entry_auc: learned(|best| best.learned.entry_auc),
                return_ic: learned(|best| best.learned.return_ic),
                differs: differing
                    .iter()
                    .map(|name| (name.clone(), settings[i].get(name).cloned().unwrap_or(Value::Null)))
                    .collect(),
            }
        };
        let all: Vec<ComparedRun> = (0..runs.len()).map(compared).collect();
        let spread = |group: &[usize], get: fn(&ComparedRun) -> Option<f64>| {
            Spread::new(group.iter().filter_map(|&i| get(&all[i])))
        };
        let groups = members
            .iter()
            .enumerate()
            .map(|(place, group)| RunGroup {
                group: place,
                runs: group.iter().map(|&i| all[i].run.clone()).collect(),
                seeds: group.iter().map(|&i| all[i].seed).collect(),
                score: spread(group, |run| run.score),
                entry_auc: spread(group, |run| run.entry_auc),
                return_ic: spread(group, |run| run.return_ic),
            })
            .collect();
        Self { groups, differing, runs: all }
    }
}

const SEED: &str = "train.seed";

/// What a run was made of, by name: its configuration without names and places, its bars, the program.
fn settings(manifest: &Manifest) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    flatten("", serde_json::to_value(&manifest.config).unwrap_or_default(), &mut found);
    for name in ["train.run_name", "train.use_wandb", "data.file"] {
        found.remove(name);
    }
    let bars =
        format!("{} {}, {} bars, {:.8}", manifest.symbol, manifest.timeframe, manifest.bars, manifest.fingerprint);
    found.insert("bars".to_owned(), json!(bars));
    found.insert("version".to_owned(), json!(manifest.version));
    if !manifest.sources.is_empty() {
        found.insert("sources".to_owned(), json!(manifest.sources));
    }
    found
}

fn flatten(name: &str, value: Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                flatten(&if name.is_empty() { key } else { format!("{name}.{key}") }, value, into);
            }
        }
        value => {
            into.insert(name.to_owned(), value);
        }
    }
}

/// Mean, least and largest of several lines at each place that all of them have.
pub fn band(lines: &[Vec<f64>]) -> Vec<[f64; 3]> {
    let common = lines.iter().map(Vec::len).min().unwrap_or(0);
    (0..common)
        .map(|i| {
            let at = || lines.iter().map(|line| line[i]);
            // A value that one of them lacks has no mean; f64::min would overlook it.
            if at().any(f64::is_nan) {
                return [f64::NAN; 3];
            }
            let mean = at().sum::<f64>() / lines.len() as f64;
            [mean, at().fold(f64::INFINITY, f64::min), at().fold(f64::NEG_INFINITY, f64::max)]
        })
        .collect()
}

/// Compares run folders; a name that is no folder stands for a run of the workspace.
///
/// Errors if there are fewer than two, one is given twice, or one is no readable run folder.
pub fn compare(workspace: &Path, runs: &[PathBuf]) -> Result<Comparison> {
    if runs.len() < 2 {
        bail!("there is nothing to compare with: name two runs or more");
    }
    let mut read: Vec<(Manifest, RunCurves)> = Vec::new();
    for run in runs {
        let kept = workspace.join("runs").join(run);
        let dir = RunDir::open(if !run.exists() && kept.exists() { &kept } else { run })?;
        let manifest = dir.load()?;
        if read.iter().any(|(other, _)| other.id == manifest.id) {
            bail!("{} is named twice", manifest.id);
        }
        read.push((manifest, RunCurves::read(&dir, false)));
    }
    Ok(Comparison::new(read.iter().map(|(manifest, curves)| (manifest, curves))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RunConfig;
    use crate::runs::RunStatus;

    fn manifest(id: &str, seed: u64) -> Manifest {
        let mut config = RunConfig::default();
        config.train.seed = seed;
        id.clone_into(&mut config.train.run_name);
        Manifest {
            id: id.to_owned(),
            version: "1".to_owned(),
            status: RunStatus::Finished,
            error: None,
            done: Vec::new(),
            key: id.to_owned(),
            config,
            data_file: format!("/{id}"),
            fingerprint: "abcdefghij".to_owned(),
            sources: Vec::new(),
            symbol: "X".to_owned(),
            timeframe: "4h".to_owned(),
            bars: 9,
            first_timestamp: 0,
            last_timestamp: 1,
            threads: 1,
            device: String::new(),
            started: 0,
            ended: None,
        }
    }

    #[test]
    fn runs_that_differ_in_more_than_the_seed_stand_apart() {
        let mut runs = [manifest("a", 1), manifest("b", 2), manifest("c", 2), manifest("d", 3), manifest("e", 3)];
        runs[2].config.model.dropout = 0.123;
        "other bars".clone_into(&mut runs[3].fingerprint);
        let empty = RunCurves::default();
        let found = Comparison::new(runs.iter().map(|run| (run, &empty)));
        let groups: Vec<&[String]> = found.groups.iter().map(|group| &group.runs[..]).collect();
        assert_eq!(groups, [&["a", "b", "e"][..], &["c"], &["d"]]);
        assert_eq!(found.groups[0].seeds, [1, 2, 3]);
        assert_eq!(found.differing, ["bars", "model.dropout", "train.seed"]);
        assert_eq!(found.runs[2].differs["model.dropout"], json!(0.123));
        assert_eq!((found.runs[4].group, found.runs[4].best_epoch, found.groups[0].score), (0, None, None));
        assert_eq!(Comparison::new([]), Comparison::default());
    }

    #[test]
    fn spreads_and_bands_are_of_what_all_have() {
        let spread = Spread::new([1.0, f64::NAN, 3.0]).unwrap();
        assert_eq!((spread.n, spread.mean, spread.min, spread.max), (2, 2.0, 1.0, 3.0));
        assert!((spread.std.unwrap() - 2_f64.sqrt()).abs() < 1e-12);
        assert_eq!((Spread::new([7.0]).unwrap().std, Spread::new([f64::NAN])), (None, None));
        let found = band(&[vec![1.0, f64::NAN, 5.0], vec![3.0, 4.0]]);
        assert_eq!(found[0], [2.0, 1.0, 3.0]);
        assert!(found.len() == 2 && found[1].iter().all(|value| value.is_nan()), "{found:?}");
        assert!(band(&[]).is_empty());
    }
}
