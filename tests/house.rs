//! The invariants of ARCHITECTURE.md, held by reading the source.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the test reads the source tree, and fails where it cannot"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use peelhouse::measures::catalogue;

const HEADINGS: [&str; 8] = [
    "## What it looks at",
    "## Why it matters",
    "## Example",
    "## What hardening changes",
    "## What the watcher sees",
    "## Whom it affects",
    "## Limits",
    "## References",
];

/// Engines are siblings: none imports another.
const ENGINES: [&str; 5] = ["assess", "probe", "monitor", "detect", "respond"];

/// Files over 500 lines, each with its reason.
const LONG: [(&str, &str); 0] = [];

#[test]
fn arrows_point_down() {
    let order = rooms();
    for (file, text) in sources() {
        let Some(mine) = order.iter().position(|room| *room == room_of(&file)) else { continue };
        for to in imports(&text) {
            let Some(there) = order.iter().position(|room| *room == to) else { continue };
            assert!(there >= mine, "{}: {} stands above {}", file.display(), to, order[mine]);
            let siblings = there != mine && ENGINES.contains(&to.as_str()) && ENGINES.contains(&order[mine].as_str());
            assert!(!siblings, "{}: engine {} imports engine {to}", file.display(), order[mine]);
        }
    }
}

#[test]
fn every_room_stands_in_the_map() {
    let folders: BTreeSet<String> =
        entries(Path::new("src")).iter().filter(|path| path.is_dir()).map(|path| stem(path)).collect();
    let mapped: BTreeSet<String> = rooms().into_iter().collect();
    assert_eq!(folders.difference(&mapped).count(), 0, "folders {folders:?} are not all in src/lib.rs");
}

#[test]
fn engines_name_no_measure() {
    for (file, text) in sources().into_iter().filter(|(file, _)| ENGINES.contains(&room_of(file).as_str())) {
        for measure in catalogue() {
            let named = text.contains(&format!("\"{}\"", measure.id));
            assert!(!named, "{} names the measure {}", file.display(), measure.id);
        }
    }
}

#[test]
fn the_folder_is_the_catalogue() {
    let mut files: Vec<String> = Vec::new();
    for layer in entries(Path::new("src/measures")).into_iter().filter(|path| path.is_dir()) {
        files.extend(entries(&layer).iter().map(|file| stem(file)).filter(|name| name != "mod"));
    }
    let files: BTreeSet<String> = files.into_iter().map(|name| name.replace('_', "-")).collect();
    let ids: BTreeSet<String> = catalogue().map(|measure| measure.id.to_owned()).collect();
    assert_eq!(files, ids);
    assert!(!ids.is_empty());
}

#[test]
fn every_page_has_its_headings_in_order() {
    for measure in catalogue() {
        assert!(measure.page.trim_start().starts_with("# "), "{} has no title", measure.id);
        let mut rest = measure.page;
        for heading in HEADINGS {
            let at = rest.find(heading).unwrap_or_else(|| panic!("{}: no `{heading}`, or out of order", measure.id));
            rest = &rest[at + heading.len()..];
            let body = rest.split("\n ## ").next().unwrap_or_default();
            assert!(body.trim().len() > 20, "{}: `{heading}` says nothing", measure.id);
        }
    }
}

#[test]
fn every_watching_measure_has_both_kinds_of_fixtures() {
    for measure in catalogue().filter(|measure| matches!(measure.watch, peelhouse::measure::Has(_))) {
        let layer = Path::new(measure.file).parent().and_then(Path::file_name).expect("a layer folder");
        for kind in ["fires", "quiet"] {
            let folder = Path::new("tests/measures").join(layer).join(measure.id.replace('-', "_")).join(kind);
            assert!(folder.is_dir() && !entries(&folder).is_empty(), "{}: no case in {}", measure.id, folder.display());
        }
    }
}

#[test]
fn measure_pages_are_generated() {
    for measure in catalogue() {
        let page = measure.markdown();
        let file = PathBuf::from(format!("docs/measures/{}.md", measure.id));
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all("docs/measures").unwrap();
            std::fs::write(&file, &page).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(written, page, "{} is stale: BLESS=1 cargo test --test house", file.display());
    }
}

#[test]
fn files_keep_to_the_ruler() {
    let mut lengths: Vec<usize> = Vec::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        let excused = LONG.iter().any(|(path, _)| Path::new(path) == file);
        assert!(lines <= 500 || excused, "{} has {lines} lines: which room is it really?", file.display());
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 200, "the median file has {median} lines");
}

#[test]
fn every_module_says_what_it_is() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not begin with `//!`", file.display());
    }
}

#[test]
fn the_two_doors_are_the_only_doors() {
    for (file, text) in sources() {
        let door = ["host", "act"].contains(&room_of(&file).as_str());
        let opened = non_test(&text).contains("allow(clippy::disallowed_methods");
        assert!(!opened || door, "{} reaches the outside world beside host/ and act/", file.display());
    }
}

#[test]
fn unsafe_stands_in_sys_with_its_reason() {
    for (file, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !code.contains("unsafe {") && !code.contains("unsafe fn") && !code.contains("unsafe impl") {
                continue;
            }
            assert_eq!(room_of(&file), "sys", "{}:{}: unsafe outside sys/", file.display(), at + 1);
            let said = lines[at.saturating_sub(4)..=at].iter().any(|line| line.contains("SAFETY:"));
            assert!(said, "{}:{}: no SAFETY comment", file.display(), at + 1);
        }
    }
}

#[test]
fn errors_are_lower_case_without_full_stop() {
    for (file, text) in sources() {
        for message in text.split("#[error(\"").skip(1).filter_map(|rest| rest.split("\")").next()) {
            let first = message.chars().next().unwrap_or('a');
            let known = ["SQLite", "Sigma", "ModSecurity", "Landlock", "TOML", "YAML", "JSON", "XML", "IPv4", "IPv6"];
            let fine = !first.is_uppercase() || known.iter().any(|name| message.starts_with(name));
            assert!(fine, "{}: `{message}` begins with a capital", file.display());
            assert!(!message.ends_with('.'), "{}: `{message}` ends with a full stop", file.display());
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = std::fs::read_to_string("Cargo.toml").unwrap();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies]");
        } else if inside && line.contains('=') {
            assert!(line.split(" # ").nth(1).is_some_and(|why| why.len() > 8), "no reason beside `{line}`");
        }
    }
}

#[test]
fn the_readme_names_the_two_commands() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    for command in ["make run", "make test"] {
        assert!(readme.contains(command), "README.md does not say `{command}`");
    }
}

/// The rooms in the order of src/lib.rs, top first.
fn rooms() -> Vec<String> {
    let map = std::fs::read_to_string("src/lib.rs").unwrap();
    let rooms = map.lines().filter_map(|line| line.strip_prefix("pub mod "));
    rooms.map(|line| line.split(';').next().unwrap_or_default().to_owned()).collect()
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(Path::new("src"), &mut found);
    assert!(found.len() > 10, "no sources found");
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for path in entries(folder) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn room_of(file: &Path) -> String {
    let inner = file.strip_prefix("src").unwrap_or(file);
    inner.components().next().map(|part| stem(Path::new(part.as_os_str()))).unwrap_or_default()
}

/// Rooms named by `crate::room`, tests left out.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in non_test(text).lines().filter(|line| !line.trim_start().starts_with("//")) {
        for rest in line.split("crate::").skip(1) {
            found.push(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

fn non_test(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}
