/// The weights whose sum with values, one per size, is the slope of the values' least-squares line on ln size.
pub(super) fn slope_weights(sizes: &[usize]) -> Vec<f64> {
    let logs: Vec<f64> = sizes.iter().map(|size| (*size as f64).ln()).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let spread: f64 = logs.iter().map(|x| (x - mean) * (x - mean)).sum();
    logs.iter().map(|x| (x - mean) / spread).collect()
}
