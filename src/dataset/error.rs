use super::Slice;

/// Why features, a schema or slices could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// A line with another number of values than there are bars.
    #[error("line {line} has {found} values for {bars} bars; compute the lines from these bars again")]
    Ragged {
        /// Line name.
        line: String,
        /// Values found.
        found: usize,
        /// Bars in the series.
        bars: usize,
    },
    /// A statistics window too short for kurtosis.
    #[error("features.lookback_windows: a window of {lookback} bars is too short; use at least 4")]
    ShortLookback {
        /// Bars asked for.
        lookback: usize,
    },
    /// A group looks back further than the series reaches.
    #[error(
        "feature group {group} looks back {lookback} bars, the series has {bars}; add bars or shorten the look-back"
    )]
    TooFewBars {
        /// Feature group.
        group: String,
        /// Bars its longest feature needs.
        lookback: usize,
        /// Bars in the series.
        bars: usize,
    },
    /// An indicator whose lines were not computed.
    #[error("features.indicators names {name}, of which there are no lines; {hint}")]
    UnknownIndicator {
        /// What was asked for.
        name: String,
        /// What may be meant.
        hint: String,
    },
    /// A named indicator that never has a value.
    #[error(
        "features.indicators names {name}, but {line} and its other lines have no value on any of the {bars} bars; leave \
         it out or give it more bars or the columns it needs"
    )]
    AllMissing {
        /// The indicator.
        name: String,
        /// Its first line.
        line: String,
        /// Bars looked at.
        bars: usize,
    },
    /// No column at all.
    #[error("the chosen feature groups and lines give no feature; switch on a group or add indicator lines")]
    NoFeatures,
    /// More features than the width asked for.
    #[error(
        "features.feature_dim is {asked}, but there are {natural} features and none is cut silently; raise feature_dim, \
         set it to 0 or switch groups off"
    )]
    TooWide {
        /// Width asked for.
        asked: usize,
        /// Width found.
        natural: usize,
    },
    /// Two columns of one name.
    #[error("two features are called {name}; rename one of the lines")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// Training rows outside the feature matrix, or none.
    #[error("training rows {start}..{end} do not lie within the {bars} bars of the features")]
    Rows {
        /// First row.
        start: usize,
        /// Row after the last.
        end: usize,
        /// Bars in the matrix.
        bars: usize,
    },
    /// Every feature was dropped.
    #[error(
        "all {candidates} features are missing, constant or duplicates on the training rows, for example {example}"
    )]
    NothingLeft {
        /// Features looked at.
        candidates: usize,
        /// One feature and its reason.
        example: String,
    },
    /// More features than an exact decomposition can take.
    #[error(
        "features.pca: {features} features are too many for exact principal components, at most {most}; lower \
         features.max_correlation, name features.indicators or switch groups off"
    )]
    TooManyForComponents {
        /// Features that are left.
        features: usize,
        /// Most that are taken.
        most: usize,
    },
    /// Scaled features that do not vary.
    #[error("features.pca: the scaled features do not vary on the training rows, so that there are no components")]
    NoVariance,
    /// A slice without a decision bar.
    #[error(
        "the {slice} slice would be empty: the splits need about {needed} labelled bars with a full window, there are \
         {available}; add bars, lower the horizon or the embargo, or change the shares"
    )]
    EmptySlice {
        /// The first empty slice.
        slice: Slice,
        /// Labelled bars that would do.
        needed: usize,
        /// Labelled bars there are.
        available: usize,
    },
    /// A slice of a fold without a decision bar.
    #[error(
        "the {slice} slice of fold {number} of {folds} would be empty: the folds need about {needed} labelled bars with a \
         full window, there are {available}; add bars, take fewer folds or groups, or lower the horizon, the embargo or \
         the window"
    )]
    EmptyFold {
        /// The first empty slice.
        slice: Slice,
        /// Its fold, from 1.
        number: usize,
        /// Folds asked for.
        folds: usize,
        /// Labelled bars that would do.
        needed: usize,
        /// Labelled bars there are.
        available: usize,
    },
    /// No bar with both a full window and a label.
    #[error(
        "no bar has a label: labels.prediction_horizon looks {horizon} bars ahead, but there are only {usable} bars with \
         a full window; add bars or lower the horizon"
    )]
    NoLabels {
        /// Bars a label looks ahead.
        horizon: usize,
        /// Bars with a full window.
        usable: usize,
    },
}
