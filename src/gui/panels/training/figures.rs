use eframe::egui::Color32;

use crate::dataset::Slice;
use crate::gui::theme;
use crate::gui::widgets::{Curve, Figure};
use crate::training::EpochMetrics;

/// Figures under one heading.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) figures: Vec<Figure>,
}

/// Another run's epochs, drawn thinner in its own colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Foreign<'a> {
    pub(super) name: &'a str,
    pub(super) color: Color32,
    pub(super) epochs: &'a [EpochMetrics],
}

type Get = fn(&EpochMetrics) -> f64;

/// Colour of the training slice's lines.
pub(super) fn train_color() -> Color32 {
    theme::lighten(theme::slice(Slice::Train))
}

/// Colour of the validation slice's lines.
pub(super) fn validation_color() -> Color32 {
    theme::lighten(theme::slice(Slice::Validation))
}

/// Colour of the compared run at place `i` among the ticked ones; Runs shows the same.
pub(in crate::gui) fn compare_color(i: usize) -> Color32 {
    theme::LINES[(i + 1) % theme::LINES.len()]
}

/// Exponentially weighted mean with weight `weight` on the past, corrected for the missing past at the start.
pub(super) fn smooth(points: &[[f64; 2]], weight: f64) -> Vec<[f64; 2]> {
    let (mut sum, mut mass) = (0.0, 0.0);
    points
        .iter()
        .map(|&[x, y]| {
            sum = weight * sum + (1.0 - weight) * y;
            mass = weight * mass + (1.0 - weight);
            [x, sum / mass]
        })
        .collect()
}

/// Everything the panel draws of `epochs`; `weight` 0 leaves the lines as they are.
pub(super) fn sections(epochs: &[EpochMetrics], others: &[Foreign<'_>], weight: f64) -> Vec<Section> {
    let maker = Maker { epochs, others, weight };
    vec![
        Section { title: "Early stopping", figures: vec![maker.score()] },
        Section { title: "Losses by task", figures: maker.losses() },
        Section { title: "Forecasts on validation", figures: maker.forecasts() },
        Section { title: "Optimiser", figures: maker.optimiser() },
        Section { title: "Latents and attention", figures: maker.inside() },
    ]
}

struct Maker<'a> {
    epochs: &'a [EpochMetrics],
    others: &'a [Foreign<'a>],
    weight: f64,
}

impl Maker<'_> {
    fn curve(&self, epochs: &[EpochMetrics], name: &str, color: Color32, get: impl Fn(&EpochMetrics) -> f64) -> Curve {
        let raw: Vec<[f64; 2]> =
            epochs.iter().map(|e| [e.epoch as f64, get(e)]).filter(|point| point[1].is_finite()).collect();
        let smooth = if self.weight > 0.0 && raw.len() > 2 { smooth(&raw, self.weight) } else { Vec::new() };
        Curve { name: name.to_owned(), color, raw, smooth, foreign: false }
    }

    /// `compare` is drawn for the other runs too.
    fn figure(&self, title: &str, help: &str, own: &[(&str, Color32, Get)], compare: Option<Get>) -> Figure {
        let mut curves: Vec<Curve> =
            own.iter().map(|(name, color, get)| self.curve(self.epochs, name, *color, get)).collect();
        for other in self.others.iter().filter(|_| compare.is_some()) {
            let Some(get) = compare else { continue };
            curves.push(Curve { foreign: true, ..self.curve(other.epochs, other.name, other.color, get) });
        }
        Figure { title: title.to_owned(), help: help.to_owned(), curves, reference: None }
    }

    /// One line per place of a vector such as the KL of each latent.
    fn many(&self, title: &str, help: &str, names: &[String], get: impl Fn(&EpochMetrics, usize) -> f64) -> Figure {
        let curves = names
            .iter()
            .enumerate()
            .map(|(i, name)| self.curve(self.epochs, name, theme::LINES[i % theme::LINES.len()], |e| get(e, i)))
            .collect();
        Figure { title: title.to_owned(), help: help.to_owned(), curves, reference: None }
    }

    fn score(&self) -> Figure {
        let help = "Mean over entry, exit, return and volatility of validation loss divided by the loss of a constant \
                    fitted on training; below 1 beats the constant. Training stops when it no longer falls";
        let own: [(&str, Color32, Get); 1] = [("validation", validation_color(), |e| e.score)];
        let figure = self.figure("Score", help, &own, Some(|e| e.score));
        Figure { reference: Some((1.0, "1.0 = constant predictor")), ..figure }
    }

    fn losses(&self) -> Vec<Figure> {
        macro_rules! loss {
            ($title:literal, $field:ident, $help:literal) => {
                self.figure(
                    $title,
                    $help,
                    &[
                        ("train", train_color(), |e| e.train.$field),
                        ("validation", validation_color(), |e| e.validation.$field),
                    ],
                    Some(|e| e.validation.$field),
                )
            };
        }
        vec![
            loss!("Entry", entry, "Cross-entropy of entry, nats per window"),
            loss!("Exit", exit, "Cross-entropy of exit, nats per window"),
            loss!("Return", expected_return, "Squared error of the standardised forward return"),
            loss!("Volatility", volatility, "Squared error of the standardised volatility"),
            loss!("VAE", vae, "Reconstruction error plus weighted KL"),
            loss!("Size", size, "Minus mean log growth of the sized position, standardised; below 0 grows"),
        ]
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
                ..self.figure(
                    "AUC",
                    "Chance that a window with an entry (exit) gets a higher probability than one without",
                    &auc,
                    Some(auc[0].2),
                )
            },
            self.figure(
                "Brier",
                "Mean squared error of the entry probability; lower is better",
                &brier,
                Some(brier[0].2),
            ),
            Figure {
                reference: Some((0.0, "0 = unrelated")),
                ..self.figure("Return IC", "Correlation of predicted and realised forward return", &ic, Some(ic[0].2))
            },
            self.figure(
                "Volatility correlation",
                "Correlation with the realised volatility: of the network's, and of the last 20 bars' own, which it has to beat",
                &volatility,
                Some(volatility[0].2),
            ),
        ]
    }

    fn optimiser(&self) -> Vec<Figure> {
        let rate: [(&str, Color32, Get); 1] = [("rate", theme::ACCENT, |e| e.learning_rate)];
        let norm: [(&str, Color32, Get); 2] =
            [("mean", theme::ACCENT, |e| e.gradient_norm), ("max", theme::LINES[0], |e| e.gradient_norm_max)];
        let tasks = ["entry", "exit", "return", "volatility", "vae"].map(str::to_owned);
        vec![
            Figure {
                curves: self.figure("", "", &rate, Some(rate[0].2)).curves.into_iter().map(exact).collect(),
                ..self.figure("Learning rate", "Of the epoch's last optimiser step", &[], None)
            },
            self.figure("Gradient norm", "Global L2 norm before clipping, mean and largest", &norm, Some(norm[0].2)),
            self.figure(
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
        let Some(last) = self.epochs.last() else { return Vec::new() };
        let latents: Vec<String> = (0..last.kl.len()).map(|i| format!("latent {i}")).collect();
        let title = format!("KL per latent · {} of {} active", last.active_latents, last.kl.len());
        let mut figures = vec![self.many(
            &title,
            "Information in each latent on validation, nats; above 0.01 it counts as active",
            &latents,
            |e, i| e.kl.get(i).copied().unwrap_or(f64::NAN),
        )];
        if last.dead_units.is_some() {
            figures.push(self.figure(
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
mod tests {
    use super::*;

    #[test]
    fn smoothing_is_the_weighted_mean_of_the_past() {
        let points = [[1.0, 4.0], [2.0, 2.0], [3.0, 0.0]];
        let smoothed = smooth(&points, 0.5);
        // Weights 1; 1/3, 2/3; 1/7, 2/7, 4/7.
        let wanted = [4.0, 4.0 / 3.0 + 4.0 / 3.0, 4.0 / 7.0 + 4.0 / 7.0];
        for (point, want) in smoothed.iter().zip(wanted) {
            assert!((point[1] - want).abs() < 1e-12, "{smoothed:?}");
        }
        assert_eq!(smooth(&points, 0.0), points);
    }
}
