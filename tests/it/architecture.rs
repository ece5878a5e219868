//! What one crate cannot enforce by itself: which room may know what.

use std::fs;
use std::path::{Path, PathBuf};

/// What no file of the rooms may say.
struct Wall {
    words: &'static [&'static str],
    /// Rooms (folders or files directly in `src`) where it is allowed.
    allowed: &'static [&'static str],
}

const WALLS: &[Wall] = &[
    Wall { words: &["egui", "eframe", "egui_plot", "egui_tiles", "egui_extras", "rfd"], allowed: &["gui"] },
    Wall { words: &["candle_core", "candle_nn"], allowed: &["nn", "models", "training", "analysis", "tasks"] },
    Wall { words: &["polars"], allowed: &["data"] },
    Wall { words: &["thread::Builder", "thread::spawn", "thread::scope"], allowed: &["jobs"] },
    Wall { words: &["println!", "eprintln!", "print!", "eprint!"], allowed: &["cli"] },
    Wall {
        words: &["SystemTime::now", "Utc::now", "Local::now", "std::env::", "rand::rng", "thread_rng", "from_os_rng"],
        allowed: &["tasks", "cli", "main.rs"],
    },
    Wall { words: &["Instant::now"], allowed: &["tasks", "cli", "training", "gui", "bench"] },
    Wall { words: &["crate::gui", "super::gui"], allowed: &["cli", "gui", "main.rs", "bench"] },
    Wall { words: &["crate::cli"], allowed: &["cli", "main.rs"] },
    Wall { words: &["crate::tasks"], allowed: &["tasks", "cli", "gui", "bench"] },
];

/// Rooms that know no other room.
const ALONE: &[&str] = &["market", "stats", "jobs", "files.rs"];

fn rust_files(root: &Path) -> Vec<PathBuf> {
    crate::common::files_below(root).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).collect()
}

/// The text with comments, strings and characters blanked; every line stays where it was.
fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let starts = |i: usize, what: &str| what.chars().enumerate().all(|(k, c)| chars.get(i + k) == Some(&c));
    while i < chars.len() {
        let in_name = i > 0 && (chars[i - 1].is_alphanumeric() || chars[i - 1] == '_');
        let hashes = chars[i + 1..].iter().take_while(|&&c| c == '#').count();
        if starts(i, "//") {
            let end = (i..chars.len()).find(|&k| chars[k] == '\n').unwrap_or(chars.len());
            i = blank(&chars, i, end, &mut out);
        } else if starts(i, "/*") {
            let end = (i + 2..chars.len()).find(|&k| starts(k, "*/")).map_or(chars.len(), |k| k + 2);
            i = blank(&chars, i, end, &mut out);
        } else if !in_name && chars[i] == 'r' && chars.get(i + 1 + hashes) == Some(&'"') {
            let close: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let begin = i + 2 + hashes;
            let end = (begin..chars.len()).find(|&k| starts(k, &close)).map_or(chars.len(), |k| k + 1 + hashes);
            i = blank(&chars, i, end, &mut out);
        } else if chars[i] == '"' {
            let mut end = i + 1;
            while end < chars.len() && chars[end] != '"' {
                end += if chars[end] == '\\' { 2 } else { 1 };
            }
            i = blank(&chars, i, end + 1, &mut out);
        } else if starts(i, "'\\") {
            let end = (i + 3..chars.len()).find(|&k| chars[k] == '\'').map_or(chars.len(), |k| k + 1);
            i = blank(&chars, i, end, &mut out);
        } else if chars[i] == '\'' && chars.get(i + 2) == Some(&'\'') {
            i = blank(&chars, i, i + 3, &mut out);
        } else {
            out.push(chars[i]);
            i += 1;
        }
    }
    out
}

/// Writes `chars[from..to]` as blanks and gives where it stopped.
fn blank(chars: &[char], from: usize, to: usize, out: &mut String) -> usize {
    let to = to.min(chars.len());
    out.extend(chars[from..to].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
    to
}

/// True if `line` holds `word` and not merely a longer name that ends or begins with it.
fn says(line: &str, word: &str) -> bool {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(name);
        let after = word.ends_with(name) && line[at + word.len()..].chars().next().is_some_and(name);
        !before && !after
    })
}

fn wall_breaches(src: &Path) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in rust_files(src) {
        let inside = file.strip_prefix(src).unwrap();
        let room = inside.iter().next().unwrap().to_string_lossy().into_owned();
        let text = code(&fs::read_to_string(&file).unwrap());
        for (number, line) in text.lines().enumerate() {
            let mut breach =
                |word: &str| breaches.push(format!("{}:{}: {room} may not say {word}", inside.display(), number + 1));
            for wall in WALLS.iter().filter(|wall| !wall.allowed.contains(&room.as_str())) {
                wall.words.iter().filter(|word| says(line, word)).for_each(|word| breach(word));
            }
            if ALONE.contains(&room.as_str()) {
                let own = format!("crate::{}", room.trim_end_matches(".rs"));
                if says(line, "crate::") && !says(line, &own) {
                    breach("crate::");
                }
            }
            // Tasks choose the device; tensors stay below.
            if room == "tasks" && says(line, "candle_core") && line.trim() != "use candle_core::DType;" {
                breach("candle_core");
            }
            if room == "gui" && inside.starts_with("gui/panels") {
                ["std::fs", "fs::read", "fs::write", "File::open", "crate::stats"]
                    .iter()
                    // The type of a result, not a calculation.
                    .filter(|word| says(line, word) && !says(line, "crate::stats::Interval"))
                    .for_each(|word| breach(word));
            }
        }
    }
    breaches
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn walls_hold() {
    assert_eq!(wall_breaches(&src()), Vec::<String>::new());
}

#[test]
fn walls_catch_a_breach_and_leave_comments_alone() {
    let dir = tempfile::tempdir().unwrap();
    let plant = |file: &str, text: &str| {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    plant("nn/a.rs", "// egui is fine in a comment\n/* use polars; */ const S: &str = \"egui\"; let timeframe = 1;\n");
    plant("nn/b.rs", "\nuse egui::Ui;\n");
    plant("market/a.rs", "use crate::market::Bar;\nuse crate::stats::mean;\n");
    plant("tasks/a.rs", "use candle_core::DType;\nuse candle_core::Tensor;\n");
    plant("backtest/a.rs", "fn f() { println!(\"{}\", '\"'); }\nlet t = std::time::Instant::now();\n");
    plant("gui/panels/a.rs", "let x = std::fs::read(p);\n");
    plant("gui/app.rs", "use egui::Context; std::thread::spawn(f);\n");
    let mut found = wall_breaches(dir.path());
    found.sort();
    let want = [
        "backtest/a.rs:1: backtest may not say println!",
        "backtest/a.rs:2: backtest may not say Instant::now",
        "gui/app.rs:1: gui may not say thread::spawn",
        "gui/panels/a.rs:1: gui may not say fs::read",
        "gui/panels/a.rs:1: gui may not say std::fs",
        "market/a.rs:2: market may not say crate::",
        "nn/b.rs:2: nn may not say egui",
        "tasks/a.rs:2: tasks may not say candle_core",
    ];
    assert_eq!(found, want);
}

#[test]
fn files_stay_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let long: Vec<String> = ["src", "tests"]
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)))
        .filter_map(|file| {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            // Tables of cases read better in one piece.
            let most = if file.starts_with(root.join("src")) { 400 } else { 600 };
            (lines > most).then(|| format!("{} has {lines} lines", file.strip_prefix(root).unwrap().display()))
        })
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn the_top_level_holds_only_what_it_should() {
    const NAMES: &[&str] =
        &["Cargo.toml", "Cargo.lock", "src", "assets", "tests", "sample_data", "README.md", "LICENSE", "target"];
    let strangers: Vec<String> = fs::read_dir(env!("CARGO_MANIFEST_DIR"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !NAMES.contains(&name.as_str()))
        .collect();
    assert_eq!(strangers, Vec::<String>::new());
}
