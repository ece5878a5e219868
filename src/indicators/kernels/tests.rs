use super::ladder::LadderTiles;
use super::tiles::{AgeTiles, ExtremeTiles, TILE, Tiles};
use super::{Columns, KERNELS, by_kernel, compute_columns};
use crate::indicators::blocks::ladder::{Ladder, Plain, Spread, Sums, Tilt};
use crate::indicators::blocks::{Highest, Lowest};
use crate::indicators::{compute, definitions, parse_instance};
use crate::market::{Bar, Series};

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
    let (mut ladder, mut tiles, mut source) = (Ladder::new(n), LadderTiles::new::<S>(n), Tiles::new(x, n));
    for (at, tile) in x.chunks(TILE).enumerate() {
        let [first, second] = tiles.next::<S>(source.at(at * TILE));
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
        let mut source = Tiles::new(&x, n);
        for (at, tile) in x.chunks(TILE).enumerate() {
            highs.next(source.at(at * TILE));
            lows.next(source.at(at * TILE));
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

/// A walk with flat stretches, in which some windows have no range.
fn series(n: usize, flat: bool) -> Series {
    use rand::{Rng as _, SeedableRng as _};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(6);
    let mut price: f64 = 100.0;
    let bar = |i: usize| {
        let open = price;
        let still = flat && i % 300 > 250;
        price *= if still { 1.0 } else { (0.01 * (rng.random::<f64>() - 0.5)).exp() };
        let wide = if still { 0.0 } else { 0.003 };
        let high = open.max(price) * (1.0 + wide * rng.random::<f64>());
        let low = open.min(price) * (1.0 - wide * rng.random::<f64>());
        Bar { timestamp: i as i64 * 60_000, open, high, low, close: price, volume: f64::from(rng.random_range(0..9)) }
    };
    Series::new("TEST", "1m".parse().unwrap(), (0..n).map(bar).collect()).unwrap()
}

#[test]
fn every_kernel_equals_its_indicator_to_the_last_bit() {
    for (id, names) in KERNELS {
        let Some(definition) = definitions().iter().find(|d| d.id == *id) else { panic!("no indicator {id}") };
        for (n, flat) in [(0, false), (1, false), (40, false), (1300, false), (1300, true)] {
            let series = series(n, flat);
            let columns = Columns::of(series.bars());
            let longer: Vec<String> =
                definition.params.iter().map(|p| format!("{}={}", p.name, (p.default + 1.0).min(p.max))).collect();
            for text in [(*id).to_owned(), format!("{id}({})", longer.join(","))] {
                let instance = parse_instance(&text).unwrap();
                let lines = compute(std::slice::from_ref(&instance), &series);
                assert!(flat || n == 0 || by_kernel(&instance, names, &columns).is_some(), "{text}");
                let found = compute_columns(&instance, names, &series, &columns).unwrap();
                for (name, values) in names.iter().zip(&found) {
                    let wanted = &lines.get(&format!("{}.{name}", instance.id())).unwrap().values;
                    let first = (0..n).find(|&i| !same(&wanted[i..=i], &values[i..=i]));
                    assert_eq!((values.len(), first), (n, None), "{text}.{name} of {n}, flat {flat}");
                }
            }
        }
    }
}
