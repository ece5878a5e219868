//! What every feature says of itself, and what must hold for each of them.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::tests::{bits, config, first, lines, series};
use super::*;
use crate::config::{FeatureGroup, FeaturesConfig, Scaler};
use crate::indicators::{Line, Lines, Unit};
use crate::market::{Bar, Series};

fn options() -> FeaturesConfig {
    FeaturesConfig { scaler: Scaler::Standard, max_correlation: 0.9, pca: 0.8, ..config() }
}

#[test]
fn every_feature_is_named_explained_and_measured() {
    let series = series(200, 11);
    let lines = lines(&series);
    let features = extract(&series, &lines, &config()).unwrap();
    for (i, spec) in features.specs.iter().enumerate() {
        let name = &spec.name;
        assert!(!spec.formula.is_empty() && !spec.unit.is_empty() && spec.group.is_some(), "{name}");
        assert!(spec.source.as_ref().is_none_or(|source| lines.get(source).is_some()), "{name}");
        assert!((0..spec.warm_up).all(|t| features.row(t)[i].is_nan()), "{name} has a value before it can");
    }
    let spec = |name: &str| features.specs.iter().find(|spec| spec.name == name).unwrap();
    // The lines begin at bar 7, ATR at 14, volume scales at 49.
    for (name, unit, warm_up) in [
        ("sma.sma", "ATR", 14),
        ("sma.sma.acceleration_10", "ATR", 34),
        ("var.var", "signed log ATR^2", 14),
        ("vol.sma", "log median volumes", 49),
        ("obv.obv", "mean volumes per bar", 49),
        ("pvt.pvt", "signed log ATR mean volumes per bar", 49),
        ("rsx_14.rsx", "-1 to 1", 7),
        ("rsx_14.rsx.velocity_3", "-1 to 1", 10),
        ("rsx_14.rsx.p75_20", "-1 to 1", 26),
        ("rsx_14.rsx.skew_40", "skew", 46),
        ("rsx_14.rsx~wavetrend.wt1.correlation", "-1 to 1", 26),
        ("phase.phase.cos", "-1 to 1", 7),
        ("age.bars", "log bars", 7),
        ("spectral.period", "log bars", 64),
        ("volatility.varying", "ratio", 33),
        ("squeeze_volatility.squeeze_on.run", "0 to 1", 7),
        ("return_50", "sqrt-horizon sigmas", 50),
        ("weekday.sin", "-1 to 1", 0),
    ] {
        assert_eq!((spec(name).unit.as_str(), spec(name).warm_up), (unit, warm_up), "{name}");
        assert!(features.column(name).unwrap()[warm_up].is_finite(), "{name} begins when it says");
    }
}

#[test]
fn every_row_is_the_last_row_of_the_bars_so_far() {
    let series = series(170, 12);
    let lines = lines(&series);
    let all = extract(&series, &lines, &config()).unwrap();
    for t in (65..100).step_by(7).chain(135..170) {
        let sofar = extract(&series.truncated(t + 1), &first(&lines, t + 1), &config()).unwrap();
        assert!(bits(sofar.row(t)) == bits(all.row(t)), "bar {t}");
    }
    for rows in [0..170, 37..120, 169..170, 170..170] {
        let part = extract_rows(&series, &lines, &config(), &ExtraColumns::default(), rows.clone()).unwrap();
        assert_eq!((&part.specs, part.bars), (&all.specs, rows.len()));
        assert!(rows.enumerate().all(|(i, t)| bits(part.row(i)) == bits(all.row(t))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn no_bar_after_the_training_slice_changes_a_scaler(seed in any::<u64>(), end in 130_usize..220) {
        let whole = series(220, seed);
        let whole_lines = lines(&whole);
        let fit = |series: &Series, lines: &Lines, config: &FeaturesConfig| {
            Schema::fit_with(&extract(series, lines, config).unwrap(), 60..end, &whole.timestamps(), config).unwrap()
        };
        let mut bars = whole.bars().to_vec();
        for bar in &mut bars[end..] {
            (bar.open, bar.high, bar.low, bar.close, bar.volume) = (7.0, 9.0, 6.0, 8.0, 5.0);
        }
        let other = Series::new("TEST", whole.timeframe, bars).unwrap();
        let mut other_lines = whole_lines.clone();
        for line in &mut other_lines.columns {
            line.values[end..].fill(-12.5);
        }
        for config in [config(), options()] {
            let schema = fit(&whole, &whole_lines, &config);
            prop_assert!(schema == fit(&other, &other_lines, &config));
        }
    }
}

#[test]
fn threads_change_no_bit_of_schema_and_inputs() {
    let series = series(300, 13);
    let lines = lines(&series);
    let make = || {
        let features = extract(&series, &lines, &options()).unwrap();
        let schema = Schema::fit_with(&features, 60..250, &series.timestamps(), &options()).unwrap();
        let inputs = schema.apply(&features).unwrap();
        let in_place = schema.apply_in_place(features).unwrap();
        assert!(bits(&in_place.data) == bits(&inputs.data));
        (serde_json::to_string(&schema).unwrap(), bits(&inputs.data))
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    assert!(pool(1).install(make) == pool(4).install(make));
}

/// The bits behind [`FEATURE_VERSION`], where no function of the system's mathematics library has a say: bars and lines
/// made by arithmetic, features made of sums, quotients and roots. A change here makes cached features stale and models
/// see other inputs: raise the version with it.
#[test]
fn the_version_stands_for_these_bits() {
    const PINNED: (u32, &str, &str) = (1, "ab0269a4f232b993", "993ce42e18646454");
    let whole = series(400, 14);
    let number = |t: usize| ((t * 7919) % 1009) as f64 / 10.0;
    let line = |name: &str, unit: Unit, f: &dyn Fn(usize, &Bar) -> f64| Line {
        name: name.to_owned(),
        meaning: "".into(),
        unit,
        internal: false,
        values: whole.bars().iter().enumerate().map(|(t, bar)| if t < 9 { f64::NAN } else { f(t, bar) }).collect(),
    };
    let lines = Lines {
        columns: vec![
            line("low.low", Unit::PRICE, &|_, bar| bar.low),
            line("body.body", Unit::PRICE_DIFFERENCE, &|_, bar| bar.close - bar.open),
            line("osc.osc", Unit::PERCENT, &|t, _| number(t).min(100.0)),
            line("flag.flag", Unit::FLAG, &|t, _| f64::from(u8::from(number(t) > 70.0))),
            line("sum.sum", Unit::CUMULATIVE_VOLUME, &|t, bar| number(t) + bar.volume),
            line("gap.gap", Unit::RATIO, &|t, _| if t == 200 { f64::NAN } else { number(t) / 2.0 }),
        ],
    };
    let groups = vec![FeatureGroup::Lines, FeatureGroup::Changes, FeatureGroup::Windows];
    let features = extract(&whole, &lines, &FeaturesConfig { groups, ..Default::default() }).unwrap();
    let schema = Schema::fit(&features, 160..360, &whole.timestamps()).unwrap();
    let inputs = schema.apply(&features).unwrap();
    let digest = |texts: Vec<String>, data: &[f32]| -> String {
        let mut hasher = Sha256::new_with_prefix(texts.join("\n"));
        for x in data {
            hasher.update(x.to_bits().to_le_bytes());
        }
        format!("{:x}", hasher.finalize()).chars().take(16).collect()
    };
    let texts = features.specs.iter().map(|spec| format!("{} = {}", spec.name, spec.formula)).collect();
    let found = (FEATURE_VERSION, digest(texts, &features.data), digest(schema.names(), &inputs.data));
    assert_eq!((found.0, found.1.as_str(), found.2.as_str()), PINNED);
}
