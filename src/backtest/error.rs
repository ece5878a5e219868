/// Why a backtest cannot be set up.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BacktestError {
    /// Kelly sizing without a fit for an allowed direction.
    #[error(
        "backtest.sizing is kelly, but sizes of {side} entries could not be fitted: the calibration slice is too short; \
         add bars, raise splits.calibration or choose another backtest.sizing"
    )]
    NoKelly {
        /// `long` or `short`.
        side: &'static str,
    },
    /// A formula that is no rule.
    #[error("the rule {rule}: line {line}, column {column}: {problem}")]
    BadRule {
        /// Id of the formula.
        rule: String,
        /// Line in its file.
        line: usize,
        /// Column in its file.
        column: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The standard rule reads an indicator that the catalogue no longer has.
    #[error("the standard rule cannot be read: {0}")]
    BadStandardRule(String),
    /// Calibration columns of different lengths.
    #[error(
        "Kelly needs columns of one length: {predicted} predictions, {realised} returns, {volatility} volatilities"
    )]
    Ragged {
        /// Predicted returns given.
        predicted: usize,
        /// Realised returns given.
        realised: usize,
        /// Predicted volatilities given.
        volatility: usize,
    },
    /// Too little to fit on.
    #[error(
        "Kelly needs at least {needed} calibration bars with a prediction and a known return, has {found}; \
         use more bars or another backtest.sizing"
    )]
    TooFew {
        /// Usable calibration bars.
        found: usize,
        /// Least number accepted.
        needed: usize,
    },
    /// A signal at a time no bar has.
    #[error("signal row {row}: no bar opens at {timestamp} ms; give the open time of the deciding bar")]
    NoSuchBar {
        /// Row of the signal, from 1.
        row: usize,
        /// Its time.
        timestamp: i64,
    },
    /// Signals out of order or two on one bar.
    #[error("signal row {row} at {timestamp} ms does not come after the row before it; sort the rows, one per bar")]
    Disorder {
        /// Row of the signal, from 1.
        row: usize,
        /// Its time.
        timestamp: i64,
    },
    /// A number no order can have.
    #[error("signal row {row}: {column} is {value}, must be {needed}")]
    BadSignal {
        /// Row of the signal, from 1.
        row: usize,
        /// Column name.
        column: &'static str,
        /// What was found.
        value: f64,
        /// What is accepted.
        needed: &'static str,
    },
    /// Two simulations over different bars.
    #[error("{name} was not simulated over the network's bars, so the two cannot be compared bar by bar")]
    DifferentBars {
        /// The baseline.
        name: String,
    },
}
