use eframe::egui;
use egui_tiles::{Container, Linear, LinearDir, SimplificationOptions, TileId, Tiles, Tree, UiResponse};
use serde::{Deserialize, Serialize};

use super::command::Commands;
use super::panels::{Pane, Panels};
use super::state::AppState;
use super::theme;
use super::widgets::header;

/// A task with the panels it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workspace {
    /// What it learned.
    Explore,
    /// Make a run.
    Train,
    /// Why it decided.
    Explain,
    /// What it earned.
    Backtest,
    /// What it reads.
    Data,
    /// What it computes of the bars.
    Indicators,
}

impl Workspace {
    /// All, in tab order.
    pub const ALL: [Self; 6] =
        [Self::Explore, Self::Train, Self::Explain, Self::Backtest, Self::Data, Self::Indicators];

    /// The word on the tab.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Explore => "Explore",
            Self::Train => "Train",
            Self::Explain => "Explain",
            Self::Backtest => "Backtest",
            Self::Data => "Data",
            Self::Indicators => "Indicators",
        }
    }

    pub(super) const fn key(self) -> egui::Key {
        match self {
            Self::Explore => egui::Key::Num1,
            Self::Train => egui::Key::Num2,
            Self::Explain => egui::Key::Num3,
            Self::Backtest => egui::Key::Num4,
            Self::Data => egui::Key::Num5,
            Self::Indicators => egui::Key::Num6,
        }
    }

    /// Its first layout.
    pub(super) fn tree(self) -> Tree<Pane> {
        let mut tiles = Tiles::default();
        let root = match self {
            Self::Explore => {
                let top =
                    row(&mut tiles, &[(&[Pane::Chart], 0.55), (&[Pane::Attention], 0.245), (&[Pane::Why], 0.205)]);
                let bottom = row(
                    &mut tiles,
                    &[
                        (&[Pane::Features], 0.26),
                        (&[Pane::Regimes], 0.27),
                        (&[Pane::Calibration], 0.22),
                        (&[Pane::Backtest, Pane::Trades], 0.25),
                    ],
                );
                split(&mut tiles, LinearDir::Vertical, &[(top, 0.59), (bottom, 0.41)])
            }
            Self::Train => {
                let top = row(&mut tiles, &[(&[Pane::Training], 0.66), (&[Pane::Config], 0.34)]);
                let bottom = row(&mut tiles, &[(&[Pane::Runs], 0.6), (&[Pane::Jobs, Pane::Health], 0.4)]);
                split(&mut tiles, LinearDir::Vertical, &[(top, 0.66), (bottom, 0.34)])
            }
            Self::Explain => {
                let left = column(&mut tiles, &[(&[Pane::Chart], 0.56), (&[Pane::Trades], 0.44)]);
                let middle = column(&mut tiles, &[(&[Pane::Attention], 0.56), (&[Pane::Features], 0.44)]);
                let right = tabs(&mut tiles, &[Pane::Why]);
                split(&mut tiles, LinearDir::Horizontal, &[(left, 0.45), (middle, 0.31), (right, 0.24)])
            }
            Self::Backtest => {
                let top = row(&mut tiles, &[(&[Pane::Backtest], 0.58), (&[Pane::Regimes], 0.42)]);
                let bottom = row(&mut tiles, &[(&[Pane::Trades], 0.42), (&[Pane::Chart], 0.58)]);
                split(&mut tiles, LinearDir::Vertical, &[(top, 0.5), (bottom, 0.5)])
            }
            Self::Data => {
                let right = column(
                    &mut tiles,
                    &[(&[Pane::Chart], 0.56), (&[Pane::Labels, Pane::Folds, Pane::Jobs, Pane::Health], 0.44)],
                );
                let left = tabs(&mut tiles, &[Pane::Data]);
                split(&mut tiles, LinearDir::Horizontal, &[(left, 0.4), (right, 0.6)])
            }
            Self::Indicators => {
                let top = tabs(&mut tiles, &[Pane::Chart]);
                let bottom = tabs(&mut tiles, &[Pane::Indicators, Pane::Formulas]);
                split(&mut tiles, LinearDir::Vertical, &[(top, 0.54), (bottom, 0.46)])
            }
        };
        Tree::new(egui::Id::unique(("workspace", self.title())), root, tiles)
    }
}

fn tabs(tiles: &mut Tiles<Pane>, panes: &[Pane]) -> TileId {
    let children: Vec<TileId> = panes.iter().map(|&pane| tiles.insert_pane(pane)).collect();
    tiles.insert_tab_tile(children)
}

fn split(tiles: &mut Tiles<Pane>, dir: LinearDir, parts: &[(TileId, f32)]) -> TileId {
    let mut linear = Linear::new(dir, parts.iter().map(|(id, _)| *id).collect());
    for &(id, share) in parts {
        linear.shares.set_share(id, share);
    }
    tiles.insert_container(Container::Linear(linear))
}

fn row(tiles: &mut Tiles<Pane>, parts: &[(&[Pane], f32)]) -> TileId {
    let parts: Vec<(TileId, f32)> = parts.iter().map(|(panes, share)| (tabs(tiles, panes), *share)).collect();
    split(tiles, LinearDir::Horizontal, &parts)
}

fn column(tiles: &mut Tiles<Pane>, parts: &[(&[Pane], f32)]) -> TileId {
    let parts: Vec<(TileId, f32)> = parts.iter().map(|(panes, share)| (tabs(tiles, panes), *share)).collect();
    split(tiles, LinearDir::Vertical, &parts)
}

/// Draws panes in a tree.
pub(super) struct Docking<'a> {
    pub(super) state: &'a AppState,
    pub(super) commands: &'a mut Commands,
    pub(super) panels: &'a mut Panels,
}

impl egui_tiles::Behavior<Pane> for Docking<'_> {
    fn pane_ui(&mut self, ui: &mut egui::Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        ui.painter().rect_filled(ui.max_rect(), 0.0, theme::PANEL);
        egui::Frame::new().inner_margin(egui::Margin::symmetric(8, 4)).show(ui, |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(ui.max_rect()));
            ui.push_id(pane.title(), |ui| self.panels.get_mut(*pane).ui(ui, self.state, self.commands));
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> egui::WidgetText {
        pane.title().into()
    }

    fn top_bar_right_ui(
        &mut self,
        tiles: &Tiles<Pane>,
        ui: &mut egui::Ui,
        _tile: TileId,
        tabs: &egui_tiles::Tabs,
        _scroll: &mut f32,
    ) {
        let Some(pane) = tabs.active.and_then(|id| tiles.get_pane(&id)) else { return };
        let panel = self.panels.get_mut(*pane);
        // The words give way to the tabs, which are drawn beneath them.
        let titles = tabs.children.iter().filter_map(|id| tiles.get_pane(id)).map(|pane| pane.title());
        let taken: f32 = titles.map(|title| 8.0 * title.len() as f32 + 20.0).sum();
        header(ui, *pane, &panel.header(self.state), panel.help(), taken);
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        28.0
    }

    fn tab_bar_color(&self, _visuals: &egui::Visuals) -> egui::Color32 {
        theme::PANEL
    }

    fn tab_bg_color(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        _state: &egui_tiles::TabState,
    ) -> egui::Color32 {
        theme::PANEL
    }

    fn tab_outline_stroke(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        _state: &egui_tiles::TabState,
    ) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_text_color(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        state: &egui_tiles::TabState,
    ) -> egui::Color32 {
        if state.active { theme::STRONG } else { theme::WEAK }
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn resize_stroke(&self, _style: &egui::Style, state: egui_tiles::ResizeState) -> egui::Stroke {
        match state {
            egui_tiles::ResizeState::Idle => egui::Stroke::new(1.0, theme::LINE),
            _ => egui::Stroke::new(2.0, theme::ACCENT),
        }
    }

    fn min_size(&self) -> f32 {
        120.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_survive_storage_and_every_panel_has_a_place() {
        let mut seen = std::collections::BTreeSet::new();
        for workspace in Workspace::ALL {
            let tree = workspace.tree();
            let text = serde_json::to_string(&tree).unwrap();
            assert_eq!(serde_json::from_str::<Tree<Pane>>(&text).unwrap(), tree);
            seen.extend(tree.tiles.tiles().filter_map(|tile| match tile {
                egui_tiles::Tile::Pane(pane) => Some(*pane),
                egui_tiles::Tile::Container(_) => None,
            }));
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), Pane::ALL);
    }
}
