use super::ladder::LadderTiles;
use super::tiles::{AgeTiles, ExtremeTiles, TILE};
use crate::indicators::blocks::ladder::{Ladder, Plain, Spread, Sums, Tilt};
use crate::indicators::blocks::{Highest, Lowest};

fn walk(n: usize) -> Vec<f64> {
    use rand::{Rng as _, SeedableRng as _};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    // Coarse steps, so that equal extremes occur.
    (0..n).map(|_| 100.0 + f64::from(rng.random_range(0..40))).collect()
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

fn ladders_agree<S: Sums>(x: &[f64], n: usize) {
    let (mut ladder, mut tiles) = (Ladder::new(n), LadderTiles::new::<S>(n));
    for tile in x.chunks(TILE) {
        let [first, second] = tiles.next::<S>(tile);
        let parts: Vec<[f64; 2]> = tile.iter().map(|x| ladder.next::<S>(*x).parts()).collect();
        let part = |k: usize| parts.iter().map(|p| p[k]).collect::<Vec<_>>();
        assert!(same(&part(0), first), "{n}");
        assert!(S::WIDTH == 1 || same(&part(1), second), "{n}");
    }
}

#[test]
fn tiles_equal_the_streaming_blocks_to_the_last_bit() {
    let x = walk(4 * TILE + 17);
    for n in [1, 2, 3, 7, 14, 20, 25, 31, 200, 600] {
        ladders_agree::<Plain>(&x, n);
        ladders_agree::<Spread>(&x, n);
        ladders_agree::<Tilt>(&x, n);
        let (mut high, mut low) = (Highest::new(n), Lowest::new(n));
        let (mut highs, mut lows) = (ExtremeTiles::<true>::new(n), ExtremeTiles::<false>::new(n));
        let (mut old_highs, mut old_lows) = (AgeTiles::<true>::new(n), AgeTiles::<false>::new(n));
        for tile in x.chunks(TILE) {
            highs.next(tile);
            lows.next(tile);
            old_highs.next(tile);
            old_lows.next(tile);
            let step = |x: &f64| [high.next(*x), high.age(), low.next(*x), low.age()];
            let wanted: Vec<[f64; 4]> = tile.iter().map(step).collect();
            let part = |k: usize| wanted.iter().map(|w| w[k]).collect::<Vec<_>>();
            assert!(same(&part(0), &highs.value) && same(&part(1), &old_highs.age), "{n}");
            assert!(same(&part(2), &lows.value) && same(&part(3), &old_lows.age), "{n}");
        }
    }
}
