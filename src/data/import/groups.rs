//! Columns of several symbols side by side: `BTC:open`, `ETH:open`, or one ticker in front of every name.

use std::collections::BTreeMap;

use super::Role;
use super::names::{PRICE_KINDS, halves, names_of, plain, price_word};

/// The columns of one ticker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// As the file spells it.
    pub(super) ticker: String,
    /// Column and plain name within the group.
    pub(super) columns: Vec<(usize, String)>,
}

/// All tickers with open, high, low and close of their own, unless there are plain columns of these names.
pub(super) fn find(names: &[String]) -> Vec<Group> {
    let prices = [Role::Open, Role::High, Role::Low, Role::Close];
    let plain_names: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let is_plain = |role: &Role| plain_names.iter().any(|name| names_of(*role).contains(&name.as_str()));
    if prices.iter().all(is_plain) {
        return Vec::new();
    }
    let mut groups: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        for (ticker, rest) in halves(name) {
            if !ticker.is_empty() && !rest.is_empty() {
                groups.entry(ticker).or_default().push((at, rest));
            }
        }
    }
    let whole = |columns: &[(usize, String)]| {
        prices.iter().all(|role| columns.iter().any(|(_, rest)| price_word(rest) == Some(*role)))
    };
    let mut groups: Vec<Group> = groups
        .into_iter()
        .filter(|(_, columns)| whole(columns))
        .map(|(ticker, columns)| Group { ticker, columns })
        .collect();
    groups.sort_by_key(|group| group.columns.iter().map(|(at, _)| *at).min());
    groups
}

/// The group that is no ticker but a kind of price, the best first: `mid.o`, `bid.o`, `ask.o`.
pub(super) fn by_kind(groups: &[Group]) -> Option<&Group> {
    let rank = |group: &&Group| PRICE_KINDS.iter().position(|kind| *kind == plain(&group.ticker));
    groups.iter().filter(|group| rank(group).is_some()).min_by_key(rank)
}

/// True for two spellings of one ticker: `BTC/USD`, `btc-usd` and `BTCUSD`.
pub(crate) fn same_ticker(a: &str, b: &str) -> bool {
    let letters = |text: &str| -> Vec<char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
    };
    let (a_letters, b_letters) = (letters(a), letters(b));
    a == b || !a_letters.is_empty() && a_letters == b_letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickers(names: &str) -> Vec<String> {
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        find(&names).into_iter().map(|group| group.ticker).collect()
    }

    #[test]
    fn tickers_side_by_side() {
        assert_eq!(tickers(",BTC:open,BTC:high,BTC:low,BTC:close,ETH:open,ETH:high,ETH:low,ETH:close"), ["BTC", "ETH"]);
        assert_eq!(tickers("Date,AAPL.Open,AAPL.High,AAPL.Low,AAPL.Close,AAPL.Volume,dn,up"), ["AAPL"]);
        assert_eq!(tickers("Date,Open_BTC_USD,High_BTC_USD,Low_BTC_USD,Close_BTC_USD"), ["BTC_USD"]);
        assert_eq!(tickers("Date,Open,High,Low,Close,BTC.Open,BTC.High,BTC.Low,BTC.Close"), [""; 0]);
        assert_eq!(tickers("time,open_price,high_price,low_price,close_price"), [""; 0]);
        assert_eq!(tickers("BTC.open,BTC.high,ETH.low,ETH.close"), [""; 0]);
        let names: Vec<String> =
            "ask.o,ask.h,ask.l,ask.c,mid.o,mid.h,mid.l,mid.c".split(',').map(str::to_owned).collect();
        assert_eq!(by_kind(&find(&names)).unwrap().ticker, "mid");
    }

    #[test]
    fn spellings_of_one_ticker() {
        assert!(same_ticker("BTC/USD", "btcusd") && same_ticker("BRK-B", "BRK.B"));
        assert!(!same_ticker("BTC", "ETH") && !same_ticker("/", "-"));
    }
}
