use std::cmp::Ordering;

use eframe::egui::Color32;
use serde::{Deserialize, Serialize};

use crate::backtest::{Direction, Trade};
use crate::data::time_text;
use crate::gui::theme;
use crate::gui::widgets::{grouped, percent, short_time, signed_percent};
use crate::tasks::RunView;

/// What rows are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    #[default]
    Entry,
    Side,
    Size,
    EntryPrice,
    ExitPrice,
    Return,
    Pnl,
    Reason,
    Regime,
    Mae,
    Mfe,
    Held,
}

impl Sort {
    pub(super) fn compare(self, a: &Trade, b: &Trade) -> Ordering {
        let number = |value: fn(&Trade) -> f64| value(a).total_cmp(&value(b));
        match self {
            Self::Entry => a.entry_time.cmp(&b.entry_time),
            Self::Side => a.side.name().cmp(b.side.name()),
            Self::Size => number(|t| t.size),
            Self::EntryPrice => number(|t| t.entry_price),
            Self::ExitPrice => number(|t| t.exit_price),
            Self::Return => number(|t| t.net_return),
            Self::Pnl => number(|t| t.pnl),
            Self::Reason => a.reason.name().cmp(b.reason.name()),
            Self::Regime => a.regime.cmp(&b.regime),
            Self::Mae => number(|t| t.mae),
            Self::Mfe => number(|t| t.mfe),
            Self::Held => held(a).cmp(&held(b)),
        }
    }
}

fn held(trade: &Trade) -> usize {
    trade.exit_bar - trade.entry_bar
}

/// One column of the table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) sort: Sort,
    pub(super) title: &'static str,
    pub(super) width: f32,
    pub(super) meaning: &'static str,
}

pub(super) const COLUMNS: [Column; 12] = [
    column(Sort::Entry, "entry", 124.0, "Open time of the bar in which the entry filled, UTC"),
    column(Sort::Side, "side", 46.0, "Which way"),
    column(Sort::Size, "size", 56.0, "Share of the equity taken at the entry"),
    column(Sort::EntryPrice, "in", 82.0, "Fill price of the entry, spread and slippage included"),
    column(Sort::ExitPrice, "out", 82.0, "Fill price of the exit, spread and slippage included"),
    column(Sort::Return, "return", 70.0, "Profit after all costs over the value at the entry"),
    column(Sort::Pnl, "P&L", 70.0, "Profit after all costs, money"),
    column(Sort::Reason, "reason", 82.0, "Why it was closed"),
    column(Sort::Regime, "regime", 52.0, "Regime at the decision"),
    column(Sort::Mae, "MAE", 66.0, "Worst unrealised return while open"),
    column(Sort::Mfe, "MFE", 66.0, "Best unrealised return while open"),
    column(Sort::Held, "bars", 46.0, "Bars from entry to exit"),
];

const fn column(sort: Sort, title: &'static str, width: f32, meaning: &'static str) -> Column {
    Column { sort, title, width, meaning }
}

impl Column {
    /// Text and colour of a cell.
    pub(super) fn cell(&self, run: &RunView, trade: &Trade) -> (String, Color32) {
        let plain = |text: String| (text, theme::TEXT);
        let price = |price: f64| plain(grouped(price, if price.abs() >= 1000.0 { 1 } else { 4 }));
        match self.sort {
            Sort::Entry => plain(short_time(trade.entry_time, run.collected.series.timeframe.millis())),
            Sort::Side => {
                (trade.side.name().to_owned(), if trade.side == Direction::Long { theme::UP } else { theme::DOWN })
            }
            Sort::Size => plain(percent(trade.size, 1)),
            Sort::EntryPrice => price(trade.entry_price),
            Sort::ExitPrice => price(trade.exit_price),
            Sort::Return => (signed_percent(trade.net_return, 2), theme::signed(trade.net_return)),
            Sort::Pnl => (grouped(trade.pnl, 1), theme::signed(trade.pnl)),
            Sort::Reason => (trade.reason.name().to_owned(), theme::WEAK),
            Sort::Regime => match trade.regime {
                Some(regime) => (regime.to_string(), theme::regime(regime)),
                None => ("-".to_owned(), theme::WEAK),
            },
            Sort::Mae => (signed_percent(trade.mae, 2), theme::WEAK),
            Sort::Mfe => (signed_percent(trade.mfe, 2), theme::WEAK),
            Sort::Held => plain(held(trade).to_string()),
        }
    }
}

/// The rows as CSV: names as in trades.parquet, full precision, times in UTC.
pub(super) fn csv(run: &RunView, order: &[usize]) -> String {
    const NAMES: &str =
        "entry_time,exit_time,side,size,entry_price,exit_price,return,pnl,reason,regime,mae,mfe,bars_held\n";
    let line = |trade: &Trade| {
        let regime = trade.regime.map_or_else(String::new, |regime| regime.to_string());
        let Trade { size, entry_price, exit_price, net_return, pnl, mae, mfe, .. } = trade;
        let (entry, exit) = (time_text(trade.entry_time), time_text(trade.exit_time));
        let (side, reason, bars) = (trade.side.name(), trade.reason.name(), held(trade));
        format!(
            "{entry},{exit},{side},{size},{entry_price},{exit_price},{net_return},{pnl},{reason},{regime},{mae},{mfe},{bars}\n"
        )
    };
    let lines = order.iter().filter_map(|&place| run.trades().get(place)).map(line);
    std::iter::once(NAMES.to_owned()).chain(lines).collect()
}
