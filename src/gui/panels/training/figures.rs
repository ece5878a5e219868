use eframe::egui::Color32;

use crate::dataset::Slice;
use crate::gui::theme;
use crate::gui::widgets::{Curve, Figure, XAxis};
use crate::tasks::{RunCurves, band};
use crate::training::{EpochMetrics, StepMetrics};

/// Figures under one heading.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) figures: Vec<Figure>,
}

/// Another run, or several that differ in the seed only, drawn thinner in a colour of their own.
#[derive(Debug, Clone)]
pub(super) struct Foreign<'a> {
    pub(super) name: String,
    pub(super) color: Color32,
    pub(super) runs: Vec<&'a RunCurves>,
}

/// How curves are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Making {
    pub(super) axis: XAxis,
    /// Weight per epoch of the past in smoothed lines; 0 leaves the lines as they are.
    pub(super) weight: f64,
}

type Get = fn(&EpochMetrics) -> f64;
type GetStep = fn(&StepMetrics) -> f64;

/// A value with the epochs so far and its place on the axis.
type Point = (f64, [f64; 2]);

/// Colour of the training slice's lines.
pub(super) fn train_color() -> Color32 {
    theme::lighten(theme::slice(Slice::Train))
}

/// Colour of the validation slice's lines.
pub(super) fn validation_color() -> Color32 {
    theme::lighten(theme::slice(Slice::Validation))
}

/// Colour of the `i`-th group of compared runs.
pub(super) fn compare_color(i: usize) -> Color32 {
    theme::LINES[(i + 1) % theme::LINES.len()]
}

/// Exponentially weighted mean whose past weighs `weight` one epoch later, however many points an epoch has; corrected for
/// the missing past at the start.
pub(super) fn smooth(points: &[Point], weight: f64) -> Vec<[f64; 2]> {
    let (mut sum, mut mass, mut before) = (0.0, 0.0, 0.0);
    points
        .iter()
        .map(|&(epochs, [x, y])| {
            let past = weight.powf(epochs - before);
            before = epochs;
            sum = past * sum + (1.0 - past) * y;
            mass = past * mass + (1.0 - past);
            [x, sum / mass]
        })
        .collect()
}

/// Everything the panel draws of `own`.
pub(super) fn sections(own: &RunCurves, others: &[Foreign<'_>], making: Making) -> Vec<Section> {
    let maker = Maker { own, others, making };
    vec![
        Section { title: "Early stopping", figures: vec![maker.score()] },
        Section { title: "Losses by task", figures: maker.losses() },
        Section { title: "Forecasts on validation", figures: maker.forecasts() },
        Section { title: "Optimiser", figures: maker.optimiser() },
        Section { title: "Latents and attention", figures: maker.inside() },
    ]
}

/// Place of the `i`-th epoch; `None` without a known time.
pub(super) fn epoch_place(curves: &RunCurves, i: usize, axis: XAxis) -> Option<f64> {
    match axis {
        XAxis::Step => Some(curves.epochs.get(i)?.step as f64),
        XAxis::Epoch => Some(curves.epochs.get(i)?.epoch as f64),
        XAxis::Time => curves.seconds.get(i).copied(),
    }
}

/// Place of the `i`-th line within the epochs; `None` without a known time.
pub(super) fn step_place(curves: &RunCurves, i: usize, axis: XAxis) -> Option<f64> {
    let (line, seconds) = curves.steps.get(i)?;
    match axis {
        XAxis::Step => Some(line.step as f64),
        XAxis::Epoch => Some(line.epochs),
        XAxis::Time => *seconds,
    }
}

struct Maker<'a> {
    own: &'a RunCurves,
    others: &'a [Foreign<'a>],
    making: Making,
}

impl Maker<'_> {
    fn curve(&self, points: &[Point], name: &str, color: Color32) -> Curve {
        let Making { weight, .. } = self.making;
        let smooth = if weight > 0.0 && points.len() > 2 { smooth(points, weight) } else { Vec::new() };
        let raw = points.iter().map(|(_, point)| *point).collect();
        Curve { name: name.to_owned(), color, raw, smooth, ..Curve::default() }
    }

    fn epochs(&self, curves: &RunCurves, get: impl Fn(&EpochMetrics) -> f64) -> Vec<Point> {
        let points = curves.epochs.iter().enumerate();
        points
            .filter_map(|(i, e)| Some((e.epoch as f64, [epoch_place(curves, i, self.making.axis)?, get(e)])))
            .filter(|(_, point)| point[1].is_finite())
            .collect()
    }

    fn own(&self, name: &str, color: Color32, get: impl Fn(&EpochMetrics) -> f64) -> Curve {
        self.curve(&self.epochs(self.own, get), name, color)
    }

    /// The own run's values within the epochs, after those of the epochs before they were kept.
    fn steps(&self, name: &str, color: Color32, get: Option<Get>, get_step: GetStep) -> Curve {
        let first = self.own.steps.first().map_or(usize::MAX, |(line, _)| line.epoch);
        let mut points = get.map(|get| self.epochs(self.own, get)).unwrap_or_default();
        points.retain(|(epochs, _)| *epochs < first as f64);
        let lines = self.own.steps.iter().enumerate();
        points.extend(
            lines
                .filter_map(|(i, (line, _))| {
                    Some((line.epochs, [step_place(self.own, i, self.making.axis)?, get_step(line)]))
                })
                .filter(|(_, point)| point[1].is_finite()),
        );
        Curve { fine: !self.own.steps.is_empty(), ..self.curve(&points, name, color) }
    }

    /// Another run's line, or the mean of several as far as all of them came.
    fn other(&self, other: &Foreign<'_>, get: Get) -> Curve {
        if let [one] = other.runs[..] {
            return Curve { foreign: true, ..self.curve(&self.epochs(one, get), &other.name, other.color) };
        }
        let lines = |get: &dyn Fn(&RunCurves, usize) -> f64| -> Vec<Vec<f64>> {
            other.runs.iter().map(|run| (0..run.epochs.len()).map(|i| get(run, i)).collect()).collect()
        };
        let places = band(&lines(&|run, i| epoch_place(run, i, self.making.axis).unwrap_or(f64::NAN)));
        let values = band(&lines(&|run, i| get(&run.epochs[i])));
        let known = places.iter().zip(&values).filter(|(place, value)| place[0].is_finite() && value[0].is_finite());
        let (raw, band) = known.map(|(place, value)| ([place[0], value[0]], [value[1], value[2]])).unzip();
        Curve { name: other.name.clone(), color: other.color, raw, band, foreign: true, ..Curve::default() }
    }

    fn figure(&self, title: &str, help: &str, own: Vec<Curve>, compare: Option<Get>) -> Figure {
        let others = compare.map(|get| self.others.iter().map(move |other| self.other(other, get)));
        let curves = own.into_iter().chain(others.into_iter().flatten()).collect();
        Figure { title: title.to_owned(), help: help.to_owned(), curves, reference: None }
    }

    fn by_epoch(&self, title: &str, help: &str, own: &[(&str, Color32, Get)], compare: Option<Get>) -> Figure {
        self.figure(title, help, own.iter().map(|(name, color, get)| self.own(name, *color, get)).collect(), compare)
    }

    /// One line per place of a vector such as the KL of each latent.
    fn many(&self, title: &str, help: &str, names: &[String], get: impl Fn(&EpochMetrics, usize) -> f64) -> Figure {
        let curves = names
            .iter()
            .enumerate()
            .map(|(i, name)| self.own(name, theme::LINES[i % theme::LINES.len()], |e| get(e, i)))
            .collect();
        Figure { title: title.to_owned(), help: help.to_owned(), curves, reference: None }
    }

    fn score(&self) -> Figure {
        let help = "Mean over entry, exit, return and volatility of validation loss divided by the loss of a constant \
                    fitted on training; below 1 beats the constant. Training stops when it no longer falls";
        let own: [(&str, Color32, Get); 1] = [("validation", validation_color(), |e| e.score)];
        let figure = self.by_epoch("Score", help, &own, Some(|e| e.score));
        Figure { reference: Some((1.0, "1.0 = constant predictor")), ..figure }
    }

    fn losses(&self) -> Vec<Figure> {
        macro_rules! loss {
            ($title:literal, $field:ident, $help:literal) => {
                self.figure(
                    $title,
                    $help,
                    vec![
                        self.steps("train", train_color(), Some(|e| e.train.$field), |line| line.train.$field),
                        self.own("validation", validation_color(), |e| e.validation.$field),
                    ],
                    Some(|e| e.validation.$field),
                )
            };
        }
        let mut figures = vec![
            loss!("Entry", entry, "Cross-entropy of entry, nats per window"),
            loss!("Exit", exit, "Cross-entropy of exit, nats per window"),
            loss!("Return", expected_return, "Squared error of the standardised forward return"),
            loss!("Volatility", volatility, "Squared error of the standardised volatility"),
            loss!("VAE", vae, "Reconstruction error plus weighted KL"),
            loss!("Size", size, "Minus mean log growth of the sized position, standardised; below 0 grows"),
        ];
        if !self.own.steps.is_empty() {
            let help = "What is minimised: the losses under their learned weights; may be below 0";
            let total = self.steps("train", train_color(), None, |line| line.total);
            figures.push(self.figure("Objective", help, vec![total], None));
        }
        figures
    }

    fn forecasts(&self) -> Vec<Figure> {
        let auc: [(&str, Color32, Get); 2] = [
            ("entry", validation_color(), |e| e.learned.entry_auc.unwrap_or(f64::NAN)),
            ("exit", theme::LINES[0], |e| e.learned.exit_auc.unwrap_or(f64::NAN)),
        ];
        let ic: [(&str, Color32, Get); 2] = [
            ("IC", validation_color(), |e| e.learned.return_ic.unwrap_or(f64::NAN)),
            ("rank IC", theme::LINES[0], |e| e.learned.return_rank_ic.unwrap_or(f64::NAN)),
        ];
        let brier: [(&str, Color32, Get); 1] = [("entry", validation_color(), |e| e.learned.entry_brier)];
        let volatility: [(&str, Color32, Get); 2] = [
            ("network", validation_color(), |e| e.learned.volatility_correlation.unwrap_or(f64::NAN)),
            ("last 20 bars", theme::LINES[0], |e| e.learned.volatility_baseline.unwrap_or(f64::NAN)),
        ];
        vec![
            Figure {
                reference: Some((0.5, "0.5 = guessing")),
                ..self.by_epoch(
                    "AUC",
                    "Chance that a window with an entry (exit) gets a higher probability than one without",
                    &auc,
                    Some(auc[0].2),
                )
            },
            self.by_epoch(
                "Brier",
                "Mean squared error of the entry probability; lower is better",
                &brier,
                Some(brier[0].2),
            ),
            Figure {
                reference: Some((0.0, "0 = unrelated")),
                ..self.by_epoch("Return IC", "Correlation of predicted and realised forward return", &ic, Some(ic[0].2))
            },
            self.by_epoch(
                "Volatility correlation",
                "Correlation with the realised volatility: of the network's, and of the last 20 bars' own, which it has to beat",
                &volatility,
                Some(volatility[0].2),
            ),
        ]
    }

    fn optimiser(&self) -> Vec<Figure> {
        let tasks = ["entry", "exit", "return", "volatility", "vae"].map(str::to_owned);
        let rate: Get = |e| e.learning_rate;
        let norm: Get = |e| e.gradient_norm;
        let rates = vec![self.steps("rate", theme::ACCENT, Some(rate), |line| line.learning_rate)];
        let norms = vec![
            self.steps("mean", theme::ACCENT, Some(norm), |line| line.gradient_norm),
            self.steps("max", theme::LINES[0], Some(|e| e.gradient_norm_max), |line| line.gradient_norm_max),
        ];
        let rates = self.figure("Learning rate", "Of the last optimiser step", rates, Some(rate));
        vec![
            Figure { curves: rates.curves.into_iter().map(exact).collect(), ..rates },
            self.figure("Gradient norm", "Global L2 norm before clipping, mean and largest", norms, Some(norm)),
            self.by_epoch(
                "Weight change",
                "L2 norm of the weights' change over the epoch, as a share of their norm",
                &[("change", theme::ACCENT, |e| e.weight_change.unwrap_or(f64::NAN))],
                None,
            ),
            self.many("Learned log variances", "One per task: a larger one weighs its loss less", &tasks, |e, i| {
                e.log_variances.get(i).copied().unwrap_or(f64::NAN)
            }),
        ]
    }

    fn inside(&self) -> Vec<Figure> {
        let Some(last) = self.own.epochs.last() else { return Vec::new() };
        let latents: Vec<String> = (0..last.kl.len()).map(|i| format!("latent {i}")).collect();
        let title = format!("KL per latent · {} of {} active", last.active_latents, last.kl.len());
        let mut figures = vec![self.many(
            &title,
            "Information in each latent on validation, nats; above 0.01 it counts as active",
            &latents,
            |e, i| e.kl.get(i).copied().unwrap_or(f64::NAN),
        )];
        if last.dead_units.is_some() {
            figures.push(self.by_epoch(
                "Dead units",
                "Rows of weight matrices that no gradient reaches on some validation windows",
                &[("units", theme::ACCENT, |e| e.dead_units.map_or(f64::NAN, |n| n as f64))],
                None,
            ));
        }
        for (layer, heads) in last.attention_entropy.iter().enumerate() {
            let names: Vec<String> = (0..heads.len()).map(|head| format!("head {head}")).collect();
            let figure = self.many(
                &format!("Attention entropy, layer {layer}"),
                "As a share of uniform attention on validation windows: 1 looks everywhere alike, 0 at one bar",
                &names,
                |e, head| e.attention_entropy.get(layer).and_then(|h| h.get(head)).copied().unwrap_or(f64::NAN),
            );
            figures.push(Figure { reference: Some((1.0, "1 = uniform")), ..figure });
        }
        figures
    }
}

/// A schedule has no noise to smooth.
fn exact(curve: Curve) -> Curve {
    Curve { smooth: Vec::new(), ..curve }
}

#[cfg(test)]
mod tests;
