use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;

use super::collect::{CollectRequest, Collected, collect};
use super::event::{Job, TaskEvent};
use super::judge::Judged;
use super::market_files::{admit, read_options};
use super::prepare::{checked_features, fold_space, one_bar_deviation};
use super::run::RunRequest;
use super::sources::Sources;
use super::steps::{STOPS_LATER, Steps};
use super::train::training_weights;
use super::walkforward::{FoldResult, WalkForward, record};
use crate::config::RunConfig;
use crate::dataset::{Features, Fold, Labels, Schema, Slice, backtest_paths, make_folds, make_labels};
use crate::jobs::Order;
use crate::stats::{auc, std_population};
use crate::training::{
    Device, Forecasts, TargetTable, Trainer, TrainerConfig, TrainingSet, fresh_network, gradient_gate, infer,
    pick_device,
};

/// What all folds share.
struct Bench<'a> {
    config: &'a RunConfig,
    collected: &'a Collected,
    features: Features,
    labels: Labels,
    cost: f64,
    device: Device,
}

/// Teaches and judges every combinatorial fold in memory: networks and forecasts are not kept.
pub(super) fn judge_combinatorial(request: &RunRequest, job: &Job) -> Result<WalkForward> {
    let config = &request.config;
    let options = read_options(&config.data)?;
    let file = PathBuf::from(&config.data.file);
    let collected = collect(&request.workspace, &CollectRequest { file, options, library: None }, job)?;
    admit(&collected.report, &config.data)?;
    let (device, _) = pick_device(config.train.device)?;
    let sources = Sources::read(&config.features, &collected.series, &collected.library, job)?;
    let features = checked_features(&collected, &sources, &config.features, job)?.features;
    let cost = config.backtest.round_trip_cost();
    let labels = make_labels(collected.series.bars(), &config.labels, cost);
    let space = fold_space(features.warm_up(), labels.labelled_until(), collected.series.bars(), config)?;
    let folds = make_folds(&space, &config.splits)?;
    let bench = Bench { config, collected: &collected, features, labels, cost, device };
    let (mut results, mut all) = (Vec::new(), Vec::new());
    for (i, fold) in folds.iter().enumerate() {
        job.check()?;
        job.emit(TaskEvent::Note(format!("fold {} of {}", i + 1, folds.len())));
        let (result, forecasts) = bench.fold(i + 1, fold, job)?;
        job.emit(TaskEvent::Record(record(&result)?));
        results.push(result);
        all.push(forecasts.entry_logit);
    }
    let splits = &config.splits;
    let paths = backtest_paths(splits.groups, splits.test_groups);
    let labelled = space.usable.start..space.usable.end.min(space.labelled_until);
    let edges: Vec<usize> =
        (0..=splits.groups).map(|group| labelled.start + labelled.len() * group / splits.groups).collect();
    let paths = paths.into_iter().map(|path| {
        let area = path_auc(&path, &edges, &folds, &all, &bench.labels);
        (path.into_iter().map(|fold| fold + 1).collect(), area)
    });
    Ok(WalkForward { folds: results, stitched: None, paths: paths.collect() })
}

/// Entry AUC over all blocks, each as the path's fold for it foretold it. Logits of different networks share no scale, so
/// that they are compared within their own block only: the mean of the blocks' areas.
fn path_auc(path: &[usize], edges: &[usize], folds: &[Fold], logits: &[Vec<f64>], labels: &Labels) -> Option<f64> {
    let areas = path.iter().enumerate().filter_map(|(group, &fold)| {
        let block = edges[group]..edges[group + 1];
        let known = |t: &usize| block.contains(t) && logits[fold][*t].is_finite() && labels.entry[*t].is_finite();
        let bars: Vec<usize> = folds[fold].bars(Slice::Test).filter(known).collect();
        let pick = |values: &[f64]| bars.iter().map(|&t| values[t]).collect::<Vec<_>>();
        Some(auc(&pick(&logits[fold]), &pick(&labels.entry))).filter(|area| area.is_finite())
    });
    let areas: Vec<f64> = areas.collect();
    (!areas.is_empty()).then(|| crate::stats::mean(&areas))
}

impl Bench<'_> {
    fn fold(&self, number: usize, fold: &Fold, job: &Job) -> Result<(FoldResult, Forecasts)> {
        let (config, series) = (self.config, &self.collected.series);
        let (bars, seq_len) = (series.bars(), config.model.seq_len);
        let schema = fold.fit_schema(&self.features, seq_len, &series.timestamps(), |features, rows, times| {
            Schema::fit_with(features, rows, times, &config.features)
        })?;
        let inputs = schema.apply(&self.features)?;
        let labels = &self.labels;
        let complete = |t: &usize| {
            [&labels.forward_return, &labels.entry, &labels.exit, &labels.volatility].iter().all(|v| v[*t].is_finite())
                && inputs.window_problem(*t, seq_len).is_none()
        };
        let of = |slice| fold.bars(slice).filter(complete).collect::<Vec<usize>>();
        let (train, validation) = (of(Slice::Train), of(Slice::Validation));
        let return_scale = one_bar_deviation(bars, fold.ranges(Slice::Train));
        let returns: Vec<f64> = train.iter().map(|&t| labels.forward_return[t]).collect();
        let return_variance = std_population(&returns).powi(2);
        if !(return_scale > 1e-12 && return_variance > 1e-24) {
            bail!("the training bars' prices never move: there is nothing to learn from them");
        }
        let targets = TargetTable::new(labels, return_scale, self.cost);
        let weights = training_weights(labels, &train, &config.train);
        let set = TrainingSet {
            inputs: &inputs,
            targets: &targets,
            train: &train,
            validation: &validation,
            seq_len,
            weights: weights.as_deref(),
            volatility: None,
        };
        let network = fresh_network(&config.model, inputs.width, &config.train, &self.device)?;
        let train_config =
            TrainerConfig { train: config.train.clone(), return_variance, input_noise: config.features.noise };
        let mut trainer = Trainer::new(network, train_config, set)?;
        gradient_gate(trainer.network(), &trainer.full_objective(), &set, config.train.seed)?;
        let mut best = trainer.network().params().snapshot()?;
        let steps = Steps {
            job,
            prefix: &format!("fold {number}, "),
            // No other process can know of a training without a run folder.
            listen: &|| (),
            obey: &mut |order, trainer| obey(order, number, trainer, job),
            line: &mut |_, _| Ok(()),
            keep: &mut |trainer, metrics, _| {
                if metrics.best {
                    best = trainer.network().params().snapshot()?;
                }
                Ok(())
            },
        };
        steps.take(&mut trainer)?;
        trainer.network().params().restore(&best)??;
        let horizon = config.labels.prediction_horizon;
        let forecasts = infer(trainer.network(), &inputs, return_scale, horizon, &|_| job.check())?;
        let rate = train.iter().map(|&t| labels.entry[t]).sum::<f64>() / train.len() as f64;
        let judged = Judged::new(&forecasts, labels, &of(Slice::Test), rate);
        let time = |t: usize| bars[t].timestamp;
        let test = fold.ranges(Slice::Test).iter().map(|range| (time(range.start), time(range.end - 1))).collect();
        let state = trainer.state();
        let (epochs, stopped) = ((state.epoch, state.best_epoch), state.stopped);
        let result = FoldResult { fold: number, test, run: None, epochs, stopped, judged, returns: None, trades: None };
        Ok((result, forecasts))
    }
}

/// Ends the training of fold `number` when ordered; the other orders make no sense here, which is said.
fn obey(order: Order, number: usize, trainer: &mut Trainer<'_>, job: &Job) -> Result<()> {
    let refuse = |why: &str| job.emit(TaskEvent::Note(format!("fold {number}: {why}")));
    match order {
        Order::Stop => {
            trainer.stop();
            if let Some(change) = trainer.state().changes.last() {
                let mut record = serde_json::to_value(change)?;
                record["fold"] = json!(number);
                job.emit(TaskEvent::Record(record));
            }
            if !trainer.finished() {
                refuse(STOPS_LATER);
            }
        }
        Order::Save => refuse("nothing is saved, because combinatorial folds are taught in memory only"),
        Order::LearningRate(_) => refuse("the learning rate stays, so that all folds are taught alike"),
        Order::Patience(_) => refuse("the patience stays, so that all folds are taught alike"),
    }
    Ok(())
}
