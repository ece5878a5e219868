use std::collections::BTreeMap;

use egui_tiles::{Tile, Tree};

use super::panels::{Pane, Panels};
use super::workspace::Workspace;

/// Where small texts are kept between starts, each under its own key.
pub trait Saved {
    /// The text under `key`.
    fn read(&self, key: &str) -> Option<String>;
    /// Keeps `text` under `key`.
    fn write(&mut self, key: &str, text: String);
}

/// Raised when stored layouts no longer fit the panels.
const VERSION: u32 = 1;

fn layout_key(workspace: Workspace) -> String {
    format!("layout{VERSION}.{}", workspace.title())
}

/// Layouts, panel states and the last workspace; whatever cannot be read is as new.
pub(super) fn load(saved: &dyn Saved, panels: &mut Panels) -> (BTreeMap<Workspace, Tree<Pane>>, Workspace) {
    let trees = Workspace::ALL
        .into_iter()
        .map(|workspace| {
            let stored = saved.read(&layout_key(workspace)).and_then(|text| serde_json::from_str(&text).ok());
            (workspace, stored.filter(usable).unwrap_or_else(|| workspace.tree()))
        })
        .collect();
    panels.load(&|name| saved.read(&format!("panel.{name}")));
    let last = saved.read("workspace").and_then(|text| serde_json::from_str(&text).ok());
    (trees, last.unwrap_or(Workspace::Explore))
}

/// Keeps layouts, panel states and the present workspace.
pub(super) fn save(saved: &mut dyn Saved, trees: &BTreeMap<Workspace, Tree<Pane>>, panels: &Panels, at: Workspace) {
    for (workspace, tree) in trees {
        saved.write(&layout_key(*workspace), serde_json::to_string(tree).unwrap_or_default());
    }
    for (name, text) in panels.save() {
        saved.write(&format!("panel.{name}"), text);
    }
    saved.write("workspace", serde_json::to_string(&at).unwrap_or_default());
}

/// A stored layout shows at least one panel, has its root, and every child exists.
fn usable(tree: &Tree<Pane>) -> bool {
    let exists = |id| tree.tiles.get(id).is_some();
    tree.root.is_some_and(exists)
        && tree.tiles.tiles().any(|tile| matches!(tile, Tile::Pane(_)))
        && tree.tiles.tiles().all(|tile| match tile {
            Tile::Pane(_) => true,
            Tile::Container(container) => container.children().all(|&child| exists(child)),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Saved for BTreeMap<String, String> {
        fn read(&self, key: &str) -> Option<String> {
            self.get(key).cloned()
        }
        fn write(&mut self, key: &str, text: String) {
            self.insert(key.to_owned(), text);
        }
    }

    #[test]
    fn broken_values_fall_back_one_by_one() {
        let mut store = BTreeMap::new();
        let mut panels = Panels::default();
        let (mut trees, _) = load(&store, &mut panels);
        let changed = trees.get_mut(&Workspace::Data).unwrap();
        changed.root = changed.tiles.find_pane(&Pane::Data);
        save(&mut store, &trees, &panels, Workspace::Data);
        let (same, at) = load(&store, &mut panels);
        assert_eq!((&same, at), (&trees, Workspace::Data));
        for key in store.clone().into_keys() {
            for garbage in ["", "{", "null", "[1,2]", "\"x\"", "{\"root\":99,\"tiles\":{}}"] {
                let mut broken = store.clone();
                broken.insert(key.clone(), garbage.to_owned());
                let (trees, _) = load(&broken, &mut panels);
                assert_eq!(trees.len(), Workspace::ALL.len(), "{key} = {garbage}");
                assert!(trees.values().all(usable));
            }
        }
    }
}
