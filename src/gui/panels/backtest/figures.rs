use eframe::egui::{self, Color32};

use super::strategy_color;
use crate::backtest::{RegimeRow, Statistics, StrategyReport};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{
    Head, Look, Rows, badge, grouped, percent, percent_interval, plain_interval, signed_percent,
};
use crate::stats::Interval;
use crate::tasks::{BacktestSummary, RunView};

/// Figures of all strategies, then the network's trades by regime.
pub(super) fn ui(
    ui: &mut egui::Ui,
    run: &RunView,
    report: &BacktestSummary,
    state: &AppState,
    commands: &mut Commands,
) {
    let filtered = state.filtered().and_then(|found| found.backtest.as_ref()).map(|backtest| &backtest.statistics);
    let words = match filtered {
        Some(_) => "Every strategy, and first the network's trades that pass the filter",
        None => "All trades of every strategy",
    };
    title(ui, report, words);
    egui::ScrollArea::horizontal().id_salt("statistics").show(ui, |ui| {
        ui.vertical(|ui| statistics(ui, report, filtered));
    });
    ui.label(
        egui::RichText::new(
            "Brackets: 95 % intervals, Sharpe by block bootstrap, shares by Wilson; annualised from the bars' own calendar",
        )
        .color(theme::WEAK),
    );
    title(ui, report, "The network's trades by regime");
    if let Some(ours) = report.strategies.first() {
        egui::ScrollArea::horizontal().id_salt("regimes").show(ui, |ui| {
            ui.vertical(|ui| regimes(ui, ours, state, commands));
        });
    }
    if !report.strategies.is_empty() && report.strategies[0].statistics.trades != run.trades().len() {
        ui.label(
            egui::RichText::new("The trades on disk are not the reported ones: backtest the run again")
                .color(theme::WARN),
        );
    }
}

fn title(ui: &mut egui::Ui, report: &BacktestSummary, text: &str) {
    ui.add_space(6.0);
    ui.horizontal_wrapped(|ui| {
        ui.strong(text);
        let (words, good) = super::slice_badge(report);
        badge(ui, &words, if good { theme::UP } else { theme::WARN });
    });
}

/// Name, meaning and value of one figure.
type Figure = (&'static str, &'static str, fn(&Statistics) -> Option<String>);

const FIGURES: [Figure; 21] = [
    ("total return", "Final over initial equity, minus 1", |s| s.total_return.map(|r| signed_percent(r, 1))),
    ("growth a year", "Compound annual growth rate", |s| s.cagr.map(|r| signed_percent(r, 1))),
    ("Sharpe ratio", "Of the bars' returns, annualised, risk-free rate 0", |s| {
        s.sharpe_interval.map(|i| plain_interval(i, 2)).or_else(|| s.sharpe.map(|v| format!("{v:.2}")))
    }),
    ("P(true Sharpe > 0)", "Probabilistic Sharpe ratio against 0", |s| s.psr0.map(|p| percent(p, 0))),
    ("Sortino ratio", "Mean over root mean square of the negative returns, annualised", |s| {
        s.sortino.map(|v| format!("{v:.2}"))
    }),
    ("Calmar ratio", "Annual growth over the largest drawdown", |s| s.calmar.map(|v| format!("{v:.2}"))),
    ("largest drawdown", "Largest fall from a peak, at closes", |s| Some(percent(s.max_drawdown, 1))),
    ("longest drawdown", "Longest run of bars below a peak", |s| {
        Some(format!("{} bars", grouped(s.drawdown_bars as f64, 0)))
    }),
    ("volatility", "Standard deviation of the bars' returns, annualised", |s| s.volatility.map(|v| percent(v, 1))),
    ("trades", "Round trips", |s| Some(grouped(s.trades as f64, 0))),
    ("win rate", "Share of trades that gain after costs", |s| s.win_rate.map(|i| percent_interval(i, 0))),
    ("mean trade", "Mean net return of a trade on its own value", |s| {
        s.mean_trade_return.map(|r| signed_percent(r, 3))
    }),
    ("profit factor", "Sum of gains over sum of losses", |s| s.profit_factor.map(|v| format!("{v:.2}"))),
    ("expectancy", "Mean profit of a trade, money", |s| s.expectancy.map(|v| grouped(v, 2))),
    ("false signals", "Entries whose return over the horizon is below the cost", |s| {
        let share = |i: Interval| format!("{} of {}: {}", s.false_signals, s.judged_signals, percent_interval(i, 0));
        s.false_signal_share.map(share)
    }),
    ("bars held", "Mean number of bars from entry to exit", |s| s.mean_bars_held.map(|v| format!("{v:.1}"))),
    ("exposure", "Share of bars that close with a position", |s| s.exposure.map(|v| percent(v, 0))),
    ("turnover a year", "Value traded over mean equity", |s| s.turnover.map(|v| format!("{}x", grouped(v, 0)))),
    ("fees", "Money", |s| Some(grouped(s.fees, 0))),
    ("spread, slippage", "Money", |s| Some(grouped(s.slippage, 0))),
    ("bars, effective", "Bars over the autocorrelation time of the returns", |s| {
        let worth = s.effective_bars.map_or_else(|| "-".to_owned(), |bars| grouped(bars, 0));
        Some(format!("{}, {worth}", grouped(s.bars as f64, 0)))
    }),
];

fn statistics(ui: &mut egui::Ui, report: &BacktestSummary, filtered: Option<&Statistics>) {
    let mut heads = vec![Head { title: "", width: 118.0, meaning: "" }];
    let meaning = "The network's trades that pass the filter, compounded alone";
    heads.extend(filtered.map(|_| Head { title: "filtered", width: 180.0, meaning }));
    heads.extend(report.strategies.iter().map(|s| Head { title: &s.name, width: 180.0, meaning: "" }));
    let rows = Rows::new(ui, &heads);
    for (name, meaning, value) in FIGURES {
        let mut cells: Vec<(String, Color32)> = vec![(name.to_owned(), theme::WEAK)];
        let whole = report.strategies.iter().map(|strategy| &strategy.statistics);
        cells.extend(filtered.into_iter().chain(whole).enumerate().map(|(place, statistics)| {
            let ink = if place == 0 { theme::STRONG } else { theme::TEXT };
            (value(statistics).unwrap_or_else(|| "-".to_owned()), ink)
        }));
        rows.row(ui, &cells, Look::default(), false).on_hover_text(meaning);
    }
}

const HEADS: [Head<'static>; 5] = [
    Head { title: "regime", width: 96.0, meaning: "Regime at the decision" },
    Head { title: "trades", width: 56.0, meaning: "Round trips" },
    Head { title: "win rate", width: 112.0, meaning: "Share that gains after costs, 95 % Wilson interval" },
    Head { title: "mean return", width: 88.0, meaning: "Mean net return of a trade" },
    Head { title: "P&L", width: 80.0, meaning: "Profit after costs, money" },
];

fn regimes(ui: &mut egui::Ui, ours: &StrategyReport, state: &AppState, commands: &mut Commands) {
    let rows = Rows::new(ui, &HEADS);
    for row in &ours.per_regime {
        let RegimeRow { regime, trades, win_rate, mean_return, pnl } = row;
        let missing = || "-".to_owned();
        let cells = [
            (regime.map_or_else(|| "none".to_owned(), theme::regime_name), theme::TEXT),
            (trades.to_string(), theme::TEXT),
            (win_rate.map_or_else(missing, |i| percent_interval(i, 0)), theme::TEXT),
            (mean_return.map_or_else(missing, |r| signed_percent(r, 2)), theme::TEXT),
            (grouped(*pnl, 0), if *trades == 0 { theme::WEAK } else { theme::signed(*pnl) }),
        ];
        let look = Look {
            swatch: Some(regime.map_or(theme::LINE, theme::regime)),
            selected: regime.is_some_and(|regime| state.selection.regimes.contains(&regime)),
            hovered: regime.is_some() && state.hover.regime == *regime,
        };
        let response = rows.row(ui, &cells, look, regime.is_some());
        if response.hovered() && regime.is_some() {
            commands.hover.regime = *regime;
        }
        if let Some(regime) = regime.filter(|_| response.clicked()) {
            commands.push(Command::ToggleRegime(regime));
        }
    }
    let place = strategy_color(0);
    ui.label(
        egui::RichText::new("Click a regime to filter trades, equity and figures").color(place.gamma_multiply(0.8)),
    );
}
