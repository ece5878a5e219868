use std::sync::Arc;

use super::state::Loadable;
use crate::tasks::{ColumnsView, FoldsView, LabelsView};

/// What is shown of the dataset: features of the open run, and labels that the next run would have on its bars.
#[derive(Debug, Default)]
pub struct DatasetState {
    /// Every feature of the open run, once somebody looks.
    pub columns: Loadable<Arc<ColumnsView>>,
    /// Labels by the configuration of the next run, on the bars looked at.
    pub labels: Loadable<Arc<LabelsView>>,
    /// Slices by the configuration of the next run, on the bars looked at.
    pub folds: Loadable<Arc<FoldsView>>,
    /// Labels are drawn on the chart.
    pub on_chart: bool,
}
