use crate::market::Bar;

/// Bars column by column.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// First prices.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Last prices.
    pub close: Vec<f64>,
    /// Base-asset volumes.
    pub volume: Vec<f64>,
}

impl Columns {
    /// Of `bars`.
    pub fn of(bars: &[Bar]) -> Self {
        Self {
            open: bars.iter().map(|b| b.open).collect(),
            high: bars.iter().map(|b| b.high).collect(),
            low: bars.iter().map(|b| b.low).collect(),
            close: bars.iter().map(|b| b.close).collect(),
            volume: bars.iter().map(|b| b.volume).collect(),
        }
    }
}
