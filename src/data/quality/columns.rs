//! Columns that are not what they seem, and values that no bar can have.

use super::super::finding::{Finding, Severity, counted};
use super::View;
use crate::market::Bar;
use crate::stats;

/// Bars from which on a column shows its nature.
const ENOUGH: usize = 50;
/// Pairs of neighbours that show how columns hang together.
const PAIRS: usize = 20_000;
const CURRENCIES: [&str; 20] = [
    "EUR", "USD", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN", "HUF", "CZK", "TRY", "ZAR",
    "MXN", "SGD", "HKD", "CNH",
];

/// Times that do not increase.
pub(super) fn order(view: &View<'_>) -> Option<Finding> {
    let wrong: Vec<usize> = (1..view.bars.len()).filter(|&i| view.timestamps[i] <= view.timestamps[i - 1]).collect();
    if wrong.is_empty() {
        return None;
    }
    let sentence = format!("{} no later than the bar before", counted(wrong.len(), "bar"));
    let action = "they are refused: an import sorts them and drops exact duplicates";
    let count = wrong.len();
    Some(Finding::in_series("order", Severity::Blocking, count, view.places(wrong.into_iter()), (sentence, action)))
}

/// Values that no bar can have; bars of a series have none.
pub(super) fn impossible(view: &View<'_>) -> Vec<Finding> {
    let prices = |bar: &Bar| [bar.open, bar.high, bar.low, bar.close];
    let nonpositive =
        |bar: &Bar| prices(bar).iter().any(|p| !p.is_finite() || *p <= 0.0) || bar.volume.is_nan() || bar.volume < 0.0;
    let inverted = |bar: &Bar| bar.high < bar.open.max(bar.close).max(bar.low) || bar.low > bar.open.min(bar.close);
    let mut found = Vec::new();
    let mut add = |name: &str, wrong: Vec<usize>, sentence: &str, action: &str| {
        if !wrong.is_empty() {
            let sentence = format!("{} {sentence}", counted(wrong.len(), "bar"));
            let places = view.places(wrong.iter().copied());
            found.push(Finding::in_series(name, Severity::Blocking, wrong.len(), places, (sentence, action)));
        }
    };
    let all = || 0..view.bars.len();
    add(
        "nonpositive",
        all().filter(|&i| nonpositive(&view.bars[i])).collect(),
        "with a price of zero or below, a volume below zero, or no number at all",
        "they are refused: an import leaves them out with --drop-bad-rows",
    );
    let wrong: Vec<usize> = all().filter(|&i| inverted(&view.bars[i])).collect();
    let turned = wrong.iter().filter(|&&i| view.bars[i].high < view.bars[i].low).count();
    if turned * 2 > view.bars.len() {
        add(
            "swapped",
            wrong,
            "with a low above the high: the two columns are exchanged",
            "they are refused: say which is which with --map",
        );
        return found;
    }
    if wrong.len() * 2 > view.bars.len()
        && let Some(column) = stranger(view)
    {
        let sentence =
            format!("whose {column} lies far from the other prices, as a volume would: columns are exchanged");
        add("swapped", wrong, &sentence, "they are refused: say which is which with --map");
        return found;
    }
    add(
        "ohlc",
        wrong,
        "whose high and low do not enclose open and close",
        "they are refused: an import widens them to the outermost price if they are few",
    );
    found
}

/// The price column whose middle value is far from that of the others.
fn stranger(view: &View<'_>) -> Option<&'static str> {
    let median = |value: fn(&Bar) -> f64| stats::median(&view.bars.iter().map(value).collect::<Vec<_>>());
    let prices = [median(|b| b.open), median(|b| b.high), median(|b| b.low), median(|b| b.close)];
    let middle = stats::median(&prices);
    let far = |price: &f64| !(0.1..10.0).contains(&(price / middle));
    ["open", "high", "low", "close"].into_iter().zip(&prices).find(|(_, price)| far(price)).map(|(name, _)| name)
}

pub(super) fn all(view: &View<'_>) -> Vec<Finding> {
    if view.bars.len() < ENOUGH {
        return Vec::new();
    }
    [constant(view), open_and_close(view), price_and_volume(view), price_scale(view)].into_iter().flatten().collect()
}

fn constant(view: &View<'_>) -> Option<Finding> {
    let first = view.bars[0];
    let same = |value: fn(&Bar) -> f64| view.bars.iter().all(|bar| value(bar) == value(&first));
    let flat = view.bars.iter().all(|bar| bar.high == bar.low);
    let what = if same(|b| b.close) {
        "every close is the same"
    } else if flat {
        "open, high, low and close are the same in every bar: only one price is known"
    } else if first.volume > 0.0 && same(|b| b.volume) {
        "every volume is the same"
    } else {
        return None;
    };
    let action = "indicators made of it are constant or missing, and their features are dropped by name";
    let count = view.bars.len();
    Some(Finding::in_series("constant", Severity::Warning, count, Vec::new(), (what.to_owned(), action)))
}

/// The middle of what neighbouring bars say, over pairs spread evenly if there are many.
fn middle(view: &View<'_>, value: fn(&Bar, &Bar) -> f64) -> f64 {
    let pairs = view.bars.windows(2).step_by(1 + view.bars.len() / PAIRS);
    stats::median(&pairs.map(|pair| value(&pair[0], &pair[1])).collect::<Vec<_>>())
}

/// A bar opens near the close before it; where it closes near the open before it instead, the two are exchanged.
fn open_and_close(view: &View<'_>) -> Option<Finding> {
    let straight = middle(view, |before, bar| (bar.open / before.close).ln().abs());
    let crossed = middle(view, |before, bar| (bar.close / before.open).ln().abs());
    if straight.is_nan() || crossed.is_nan() || crossed >= 0.25 * straight {
        return None;
    }
    let sentence = "bars close near the open of the bar before them instead of opening near its close: open and close \
                    are exchanged, or the times run backwards"
        .to_owned();
    Some(swapped(view, sentence))
}

/// A close that changes like a volume beside a volume that changes like a price.
fn price_and_volume(view: &View<'_>) -> Option<Finding> {
    let price = middle(view, |before, bar| (bar.close / before.close).ln().abs());
    let volume = middle(view, |before, bar| (bar.volume / before.volume).ln().abs());
    let told = volume > 0.0 && volume < 0.05 && price > 0.2;
    if !told {
        return None;
    }
    let sentence = format!(
        "from bar to bar the close changes by {:.0} % and the volume by {:.2} %: they are exchanged",
        100.0 * price,
        100.0 * volume
    );
    Some(swapped(view, sentence))
}

fn swapped(view: &View<'_>, sentence: String) -> Finding {
    let action = "training is refused until the columns are right (import with --map) or the finding is accepted with \
                  data.accept = [\"swapped\"]";
    Finding::in_series("swapped", Severity::Blocking, view.bars.len(), Vec::new(), (sentence, action))
}

/// Currencies whose price is a whole number of points.
fn price_scale(view: &View<'_>) -> Option<Finding> {
    let letters: String = view.symbol.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
    let is_currency = |text: &str| CURRENCIES.contains(&text);
    if letters.len() != 6 || !is_currency(&letters[..3]) || !is_currency(&letters[3..]) {
        return None;
    }
    let level = middle(view, |_, bar| bar.close);
    // No pair of these trades above some hundreds but those quoted in weak currencies.
    let whole = view.bars.iter().all(|bar| (bar.close - bar.close.round()).abs() < 1e-6);
    if !whole || level < 1000.0 {
        return None;
    }
    let sentence = format!("{} near {level} is a price in points", view.symbol);
    let action = "prices are used as they are: import again with --price-scale";
    Some(Finding::in_series("price_scale", Severity::Warning, view.bars.len(), Vec::new(), (sentence, action)))
}
