//! What columns are called.

use super::Role;
use crate::market::Extra;

/// Names of a role, the best first; as [`plain`] leaves them.
const NAMES: &[(Role, &[&str])] = &[
    (
        Role::Time,
        &[
            "timestamp",
            "datetime",
            "date_time",
            "open_time",
            "opentime",
            "date",
            "time",
            "start",
            "start_time",
            "starttime",
            "startedat",
            "timestamps",
            "gmt_time",
            "local_time",
            "utc",
            "unix",
            "unix_timestamp",
            "ts",
            "t",
            "dt",
            "dtyyyymmdd",
            "period_start",
            "time_period_start",
            "bar_time",
            "candle_date_time_utc",
            "datum",
            "zeit",
            "fecha",
            "日期",
        ],
    ),
    (Role::Clock, &["time", "hour", "clock", "time_of_day", "zeit", "hora", "tijd", "uhrzeit"]),
    (
        Role::Open,
        &[
            "open",
            "o",
            "open_price",
            "openprice",
            "price_open",
            "px_open",
            "first",
            "eröffnung",
            "eroeffnung",
            "apertura",
            "opening_price",
            "开盘",
        ],
    ),
    (
        Role::High,
        &[
            "high",
            "h",
            "high_price",
            "highprice",
            "price_high",
            "px_high",
            "max",
            "hoch",
            "high_bid",
            "maximo",
            "tageshoch",
            "最高",
        ],
    ),
    (
        Role::Low,
        &["low", "l", "low_price", "lowprice", "price_low", "px_low", "min", "tief", "minimo", "tagestief", "最低"],
    ),
    (
        Role::Close,
        &[
            "close",
            "c",
            "close_price",
            "closeprice",
            "price_close",
            "px_close",
            "px_last",
            "last",
            "close_last",
            "latest",
            "last_price",
            "price",
            "schluss",
            "schlusskurs",
            "cierre",
            "trade_price",
            "收盘",
        ],
    ),
    (
        Role::Volume,
        &[
            "volume",
            "vol",
            "v",
            "base_volume",
            "volume_base",
            "basevolume",
            "volume_from",
            "volumefrom",
            "total_volume",
            "basetokenvolume",
            "base_asset_volume",
            "volumen",
            "stück",
            "umsatz",
            "tick_volume",
            "tickvolume",
            "tickvol",
            "tick_vol",
            "real_volume",
            "candle_acc_trade_volume",
            "total_traded_quantity",
            "total_trade_quantity",
            "traded_quantity",
            "shares_traded",
            "quantity",
            "qty",
            "成交量",
        ],
    ),
    (
        Role::Symbol,
        &[
            "symbol",
            "ticker",
            "tic",
            "pair",
            "coin",
            "instrument",
            "instrument_id",
            "instrument_name",
            "instrument_code",
            "market",
            "asset",
            "inst_id",
            "s",
            "code",
        ],
    ),
    (
        Role::Extra(Extra::AdjClose),
        &[
            "adj_close",
            "adjclose",
            "adjusted_close",
            "adjusted",
            "close_adj",
            "adj",
            "adjusted_closing_price",
            "closeadj",
        ],
    ),
    (Role::Extra(Extra::FundingRate), &["funding_rate", "fundingrate", "last_funding_rate"]),
    (
        Role::Extra(Extra::OpenInterest),
        &["open_interest", "openinterest", "openint", "oi", "sum_open_interest", "open_int"],
    ),
    (
        Role::Extra(Extra::QuoteVolume),
        &[
            "quote_volume",
            "quote_asset_volume",
            "quotevolume",
            "volume_quote",
            "turnover",
            "amount",
            "usdvolume",
            "quote_vol",
            "volume_to",
            "volumeto",
            "value",
            "candle_acc_trade_price",
            "foreignnotional",
        ],
    ),
    (
        Role::Extra(Extra::TakerBuyQuoteVolume),
        &["taker_buy_quote_volume", "taker_buy_quote_asset_volume", "takerbuyquotevolume", "taker_quote_volume"],
    ),
    (
        Role::Extra(Extra::TakerBuyVolume),
        &[
            "taker_buy_volume",
            "taker_buy_base_asset_volume",
            "taker_buy_base_volume",
            "takerbuyvolume",
            "taker_base_volume",
            "taker_volume",
        ],
    ),
    (
        Role::Extra(Extra::Trades),
        &[
            "trades",
            "number_of_trades",
            "num_trades",
            "trade_count",
            "tradecount",
            "count",
            "n",
            "trades_count",
            "no_of_trades",
            "transactions",
        ],
    ),
];

/// Words in front of a name that say which price it is rather than whose, or only that these are bars.
pub(super) const PRICE_KINDS: [&str; 16] = [
    "mid", "trade", "last", "bid", "ask", "mark", "index", "price", "adj", "k", "kline", "candle", "ohlc", "ohlcv",
    "bar", "data",
];

/// Longer texts are no names.
const LONGEST: usize = 120;

/// Names of `role`, the best first.
pub(super) fn names_of(role: Role) -> &'static [&'static str] {
    NAMES.iter().find(|(known, _)| *known == role).map_or(&[], |(_, names)| names)
}

/// True if a column of this name is a price, a volume or a time.
pub(super) fn is_known(name: &str) -> bool {
    if name.len() > LONGEST {
        return false;
    }
    let plain = plain(name);
    let bars = |role: Role| matches!(role, Role::Time | Role::Symbol) || Role::OHLCV.contains(&role);
    let known = |name: &str| NAMES.iter().any(|(role, names)| bars(*role) && names.contains(&name));
    known(&plain) || halves(name).any(|(_, rest)| price_word(&rest).is_some())
}

/// Lower case, without brackets, quotes and numbering, `_` between words: `<Adj Close>` and `5. adj close` are `adj_close`.
pub(super) fn plain(name: &str) -> String {
    let lower = name.trim().trim_start_matches('\u{feff}').to_lowercase();
    let numbered = lower.trim_start_matches(|c: char| c.is_ascii_digit());
    let body = if numbered.len() < lower.len() && numbered.starts_with(". ") { &numbered[2..] } else { &lower };
    let mut out = String::with_capacity(body.len());
    for c in body.chars() {
        if c.is_alphanumeric() || c == '.' || c == ':' {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let end = out.trim_end_matches(['_', '.', ':']).len();
    out.truncate(end);
    out
}

/// Open, high, low or close by its plain name of at least a letter.
pub(super) fn price_word(plain: &str) -> Option<Role> {
    [Role::Open, Role::High, Role::Low, Role::Close].into_iter().find(|role| {
        let names = names_of(*role);
        names[..2].contains(&plain) || names.contains(&plain) && plain.ends_with("price")
    })
}

/// Every way to see a name as a ticker and the name of a column: `AAPL.Open`, `BTC:open`, `open_BTC`, `Close MSFT`.
///
/// Gives (ticker as written, plain name of the column).
pub(super) fn halves(name: &str) -> impl Iterator<Item = (String, String)> {
    let name = if name.len() > LONGEST { String::new() } else { name.trim().to_owned() };
    let cuts: Vec<(usize, usize)> = name
        .char_indices()
        .filter(|(_, c)| matches!(c, ':' | '.' | '_' | ' ' | '/' | '|' | '-'))
        .map(|(at, c)| (at, at + c.len_utf8()))
        .collect();
    cuts.into_iter().flat_map(move |(end, start)| {
        let (front, back) = (&name[..end], &name[start..]);
        [(front.to_owned(), plain(back)), (back.to_owned(), plain(front))]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_does_not_matter() {
        for (name, want) in [
            ("Adj Close", "adj_close"),
            ("<OPEN>", "open"),
            ("5. adj close", "adj_close"),
            ("Vol.", "vol"),
            ("Close/Last", "close_last"),
            (" \u{feff}Date ", "date"),
            ("[High]", "high"),
            ("rsi.14", "rsi.14"),
            ("%", ""),
            ("24h", "24h"),
        ] {
            assert_eq!(plain(name), want);
        }
    }

    #[test]
    fn tickers_come_off_names() {
        let has = |name: &str, ticker: &str, word: &str| halves(name).any(|(t, w)| t == ticker && w == word);
        assert!(has("AAPL.Open", "AAPL", "open"));
        assert!(has("BTC:close", "BTC", "close"));
        assert!(has("Close BRK-B", "BRK-B", "close"));
        assert!(has("open_BTC_USDT", "BTC_USDT", "open"));
        assert!(is_known("ETH:low") && is_known("Schluss") && !is_known("rsi_14") && !is_known(""));
    }
}
