use super::RegimeModel;

/// Which regime of `old` each regime of `new` continues: the assignment with the least total squared distance between
/// means, in units of the old model's scale. Regimes of `new` beyond those of `old` get the fresh ids `old.k`,
/// `old.k + 1`, ...
///
/// Sensible only for refits on the latents of one network: retraining turns the latent space around.
pub fn match_regimes(old: &RegimeModel, new: &RegimeModel) -> Vec<usize> {
    let size = old.k.max(new.k);
    let mut cost = vec![0.0; size * size];
    for i in 0..new.k {
        for j in 0..old.k {
            let (a, b) = (new.mean(i), old.mean(j));
            cost[i * size + j] =
                a.iter().zip(&b).zip(&old.scale).map(|((a, b), scale)| ((a - b) / scale).powi(2)).sum();
        }
    }
    let mut ids = hungarian(&cost, size);
    ids.truncate(new.k);
    let mut fresh = old.k;
    for id in &mut ids {
        if *id >= old.k {
            *id = fresh;
            fresh += 1;
        }
    }
    ids
}

/// Column of each row in the assignment of least total cost; `cost` is (size, size), finite, row-major. O(size^3).
///
/// Source: H. W. Kuhn, "The Hungarian method for the assignment problem" (1955), in the form with row and column
/// potentials and shortest augmenting paths.
pub fn hungarian(cost: &[f64], size: usize) -> Vec<usize> {
    // Rows and columns are counted from 1; column 0 holds the row being placed.
    let mut row_potential = vec![0.0; size + 1];
    let mut column_potential = vec![0.0; size + 1];
    let mut row_of = vec![0; size + 1];
    let mut previous = vec![0; size + 1];
    for row in 1..=size {
        row_of[0] = row;
        let mut column = 0;
        let mut slack = vec![f64::INFINITY; size + 1];
        let mut done = vec![false; size + 1];
        while row_of[column] != 0 {
            done[column] = true;
            let from = row_of[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for j in (1..=size).filter(|&j| !done[j]) {
                let reduced = cost[(from - 1) * size + j - 1] - row_potential[from] - column_potential[j];
                if reduced < slack[j] {
                    slack[j] = reduced;
                    previous[j] = column;
                }
                if slack[j] < step {
                    step = slack[j];
                    next = j;
                }
            }
            for j in 0..=size {
                if done[j] {
                    row_potential[row_of[j]] += step;
                    column_potential[j] -= step;
                } else {
                    slack[j] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[previous[column]];
            column = previous[column];
        }
    }
    let mut column_of = vec![0; size];
    for (column, &row) in row_of.iter().enumerate().skip(1) {
        column_of[row - 1] = column - 1;
    }
    column_of
}
