//! Embeds the rule pack: every `rules/**/*.yml`, found by walking, so that a rule is one file and nothing else.
#![allow(clippy::disallowed_methods, reason = "a build script has no host/ to read through")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("rules");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    walk(&root, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = Path::new("rules").join(file.strip_prefix(&root).unwrap_or(file));
        let _ = writeln!(list, "    RuleText {{ file: {:?}, text: include_str!({:?}) }},", name, file);
    }
    list.push(']');
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("pack.rs"), list)
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "yml") {
            files.push(path);
        }
    }
    Ok(())
}
