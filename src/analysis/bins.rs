//! Bins of equal mass.

/// Cuts `order`, rows by rising `values`, into `count` runs of about equal length that never part equal values, so
/// there may be fewer.
pub(crate) fn equal_mass<'a>(order: &'a [usize], values: &[f64], count: usize) -> Vec<&'a [usize]> {
    let mut bins = Vec::new();
    let mut start = 0;
    for edge in (1..=count).map(|b| b * order.len() / count) {
        let mut end = edge.max(start);
        while 0 < end && end < order.len() && values[order[end]] == values[order[end - 1]] {
            end += 1;
        }
        if end > start {
            bins.push(&order[start..end]);
            start = end;
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_stay_together() {
        let order = [0, 1, 2, 3, 4, 5];
        let bins = equal_mass(&order, &[1.0, 2.0, 2.0, 2.0, 3.0, 4.0], 3);
        assert_eq!(bins, [&order[..4], &order[4..]]);
        assert_eq!(equal_mass(&order, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [&order[..2], &order[2..4], &order[4..]]);
        assert!(equal_mass(&[], &[], 3).is_empty());
    }
}
