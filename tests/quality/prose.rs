//! Sentences people wrote: the documentation installed on this machine.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::dice::{Dice, number};

const FOLDERS: [&str; 3] = ["/usr/share/doc", "/usr/share/man/man1", "/usr/share/man/man8"];
/// Bytes of a file that are read, files, and sentences of a file.
const BYTES: u64 = 60_000;
const FILES: usize = 700;
const OF_A_FILE: usize = 12;

/// Sentences, and short descriptions of packages.
pub fn sentences() -> Vec<String> {
    let mut files = Vec::new();
    FOLDERS.iter().for_each(|folder| collect(Path::new(folder), &mut files));
    // The same choice on every machine that has the same packages.
    files.sort_by_key(|file| number(&file.to_string_lossy()));
    files.truncate(FILES);
    files.iter().flat_map(|file| of_file(file)).chain(descriptions()).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        match kind {
            Ok(kind) if kind.is_dir() => collect(&path, files),
            Ok(kind) if kind.is_file() && is_text(&path) => files.push(path),
            _ => {}
        }
    }
}

fn is_text(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ["README", "NEWS", "FAQ", "TODO", "changelog", "HOWTO"].iter().any(|word| name.contains(word))
        || [".txt", ".md", ".txt.gz", ".md.gz", ".1.gz", ".8.gz"].iter().any(|end| name.ends_with(end))
}

fn of_file(path: &Path) -> Vec<String> {
    let Ok(file) = std::fs::File::open(path) else { return Vec::new() };
    let mut bytes = Vec::new();
    let packed = path.extension().is_some_and(|end| end == "gz");
    let read = match packed {
        true => GzDecoder::new(file).take(BYTES).read_to_end(&mut bytes),
        false => file.take(BYTES).read_to_end(&mut bytes),
    };
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut all = split(&text);
    let mut dice = Dice::new(number(&path.to_string_lossy()));
    all.sort_by_cached_key(|_| dice.next());
    all.truncate(OF_A_FILE);
    all
}

/// Paragraphs without markup, cut after full stops; what looks like code or tables is left out.
fn split(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.trim_end()).map(|line| match line.starts_with(['.', '\'', ' ', '\t']) {
        true => "",
        false => line,
    });
    let joined = lines.collect::<Vec<_>>().join("\n");
    let paragraphs = joined.split("\n\n").map(|part| part.replace('\n', " "));
    let cut = |part: String| part.split_inclusive(['.', '?', '!']).map(|text| clean(text.trim())).collect::<Vec<_>>();
    paragraphs.flat_map(cut).filter(|text| is_sentence(text)).collect()
}

/// Without the fonts and dashes of manual pages.
fn clean(text: &str) -> String {
    ["\\fB", "\\fI", "\\fR", "\\fP", "\\&", "\\|"]
        .iter()
        .fold(text.to_owned(), |text, mark| text.replace(mark, ""))
        .replace("\\-", "-")
        .replace("\\(aq", "'")
        .replace("\\(dq", "\"")
}

fn is_sentence(text: &str) -> bool {
    let words = text.split(' ').count();
    let letters = text.bytes().filter(|byte| byte.is_ascii_alphabetic() || *byte == b' ').count();
    (4..60).contains(&words)
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && letters * 10 >= text.len() * 8
        && !text.contains('\\')
}

/// The one-line descriptions of dpkg's packages.
fn descriptions() -> Vec<String> {
    let status = std::fs::read_to_string("/var/lib/dpkg/status").unwrap_or_default();
    status.lines().filter_map(|line| line.strip_prefix("Description: ")).map(str::to_owned).collect()
}

/// True for a sentence about what attacks are made of.
pub fn is_technical(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let words = [
        "select",
        "union",
        "insert",
        "delete",
        "update",
        "drop",
        "table",
        " or ",
        "order by",
        "group by",
        "where",
        "script",
        "html",
        "javascript",
        "shell",
        "command",
        "exec",
        "/etc/",
        "passwd",
        "php",
        "sql",
        "'",
        "\"",
        "<",
        ";",
        "--",
        "()",
        "`",
        "$",
        "http://",
        "../",
        "|",
    ];
    words.iter().filter(|word| text.contains(*word)).count() >= 2
}
