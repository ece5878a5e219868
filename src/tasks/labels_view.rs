use std::ops::Range;

use super::collect::Collected;
use crate::config::LabelsConfig;
use crate::dataset::{BaseRate, Labels, Slice, Splits, effective_n, make_labels};
use crate::stats::{median, quantile_sorted};

/// Bins of the histogram.
const BINS: usize = 80;
/// Blocks of time whose class shares are told apart.
const BLOCKS: usize = 60;

/// Which labels are to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelsRequest {
    /// How they are drawn.
    pub labels: LabelsConfig,
    /// Round trip as a fraction of the traded value.
    pub cost: f64,
}

/// How often each forward return occurred, in units of the expected move sigma sqrt(h).
#[derive(Debug, Clone, PartialEq)]
pub struct MoveHistogram {
    /// Left edge of the first bin.
    pub low: f64,
    /// Width of a bin.
    pub width: f64,
    /// Bars per bin; those beyond the edges are in the outermost bins.
    pub counts: Vec<usize>,
}

/// The labels that a configuration gives the bars looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelsView {
    /// What was asked for.
    pub request: LabelsRequest,
    /// One label per bar.
    pub labels: Labels,
    /// Labelled bars whose entry is right.
    pub entries: usize,
    /// Labelled bars whose exit is right.
    pub exits: usize,
    /// Labelled bars where neither is.
    pub neither: usize,
    /// Bars without a label: no volatility yet, or their future is not known.
    pub unlabelled: usize,
    /// Independent labels the labelled bars are worth.
    pub n_eff: f64,
    /// Cost in units of the expected move: median over the labelled bars.
    pub cost_moves: f64,
    /// Forward returns.
    pub histogram: MoveHistogram,
    /// Class shares of each block of time.
    pub balance: Vec<(Range<usize>, BaseRate)>,
    /// Class shares per slice of a trained run.
    pub slices: Vec<(Slice, BaseRate)>,
}

impl LabelsView {
    /// Labels of `collected` as asked for; `splits` are the slices of its run.
    pub fn new(collected: &Collected, splits: Option<&Splits>, request: LabelsRequest) -> Self {
        let labels = make_labels(collected.series.bars(), &request.labels, request.cost);
        let n = labels.entry.len();
        let labelled = |t: &usize| labels.entry[*t].is_finite() && labels.exit[*t].is_finite();
        let count = |f: &dyn Fn(usize) -> bool| (0..n).filter(labelled).filter(|&t| f(t)).count();
        let entries = count(&|t| labels.entry[t] == 1.0);
        let exits = count(&|t| labels.exit[t] == 1.0);
        let neither = count(&|t| labels.entry[t] == 0.0 && labels.exit[t] == 0.0);
        let unlabelled = n - count(&|_| true);
        let costs: Vec<f64> = (0..n).filter_map(|t| labels.expected_move(t)).map(|m| request.cost / m).collect();
        Self {
            entries,
            exits,
            neither,
            unlabelled,
            n_eff: effective_n((0..n).filter(labelled), labels.horizon),
            cost_moves: median(&costs),
            histogram: histogram(&labels),
            balance: labels.balance(0..labels.labelled_until(), labels.labelled_until().div_ceil(BLOCKS)),
            slices: splits.map_or_else(Vec::new, |splits| {
                Slice::ALL.into_iter().map(|slice| (slice, labels.base_rate(splits.range(slice)))).collect()
            }),
            labels,
            request,
        }
    }
}

/// Symmetric around 0, as wide as all but one return in two hundred on each side need, at least two expected moves.
fn histogram(labels: &Labels) -> MoveHistogram {
    let moves = (0..labels.entry.len()).filter_map(|t| Some(labels.forward_return[t] / labels.expected_move(t)?));
    let mut moves: Vec<f64> = moves.filter(|x| x.is_finite()).collect();
    moves.sort_unstable_by(f64::total_cmp);
    let reach = [0.005, 0.995].map(|q| quantile_sorted(&moves, q).abs()).into_iter().fold(2.0, f64::max).ceil();
    let width = 2.0 * reach / BINS as f64;
    let mut counts = vec![0; BINS];
    for x in moves {
        counts[(((x + reach) / width) as usize).min(BINS - 1)] += 1;
    }
    MoveHistogram { low: -reach, width, counts }
}
