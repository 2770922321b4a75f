//! fail2ban's own sample logs, and lines made from them.
#![allow(dead_code, reason = "every test uses a part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub const DIR: &str = "/etc/fail2ban";
pub const LOGS: &str = "/usr/lib/python3/dist-packages/fail2ban/tests/files/logs";

pub type OptionSet = BTreeMap<String, String>;

/// The lines of one filter's sample, or of all of them; comments left out.
pub fn sample_lines(name: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    for file in files().into_iter().filter(|file| name.is_none_or(|name| file.as_str() == name)) {
        let text = std::fs::read(Path::new(LOGS).join(&file)).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        lines.extend(text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned));
    }
    lines
}

pub fn files() -> Vec<String> {
    let entries = std::fs::read_dir(LOGS).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = files.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// No options, the modes that a filter's file names, and the options its sample log names.
pub fn option_sets(name: &str) -> BTreeSet<OptionSet> {
    let mut sets = BTreeSet::from([OptionSet::new()]);
    let definition = std::fs::read_to_string(format!("/etc/fail2ban/filter.d/{name}.conf")).unwrap_or_default();
    for line in definition.lines() {
        let option = line.split(['=', ' ']).next().unwrap_or_default();
        let mode = option.strip_prefix("mdre-").or_else(|| option.strip_prefix("apache-pref-ign-"));
        if let Some(mode) = mode.filter(|mode| !mode.ends_with("-other")) {
            sets.insert(OptionSet::from([("mode".to_owned(), mode.to_owned())]));
        }
    }
    let sample = std::fs::read(Path::new(LOGS).join(name)).unwrap_or_default();
    for line in String::from_utf8_lossy(&sample).lines() {
        let Some((_, json)) = line.split_once("filterOptions:") else { continue };
        let value: serde_json::Value = serde_json::from_str(json.trim()).unwrap_or_default();
        let given = match value {
            serde_json::Value::Array(all) => all,
            one => vec![one],
        };
        sets.extend(given.iter().map(options_of));
    }
    if definition.contains("common.conf") {
        sets.extend(["short", "journal", "rfc5424"].map(|kind| OptionSet::from([("logtype".into(), kind.into())])));
    }
    sets
}

pub fn options_of(value: &serde_json::Value) -> OptionSet {
    let all = value.as_object().into_iter().flatten();
    let own = all.filter(|(name, _)| !name.starts_with("test."));
    own.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// Every line changed in several ways, the same ones every time.
pub fn variations(lines: &[String]) -> Vec<String> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % (below.max(1) as u64)).unwrap()
    };
    let mut all = Vec::new();
    for line in lines {
        let chars: Vec<char> = line.chars().collect();
        for way in 0..8 {
            let at = next(chars.len());
            let (head, tail) = (chars[..at].iter().collect::<String>(), chars[at..].iter().collect::<String>());
            let changed = match way {
                0 => head,
                1 => format!("{head}{}", tail.chars().skip(1).collect::<String>()),
                2 => format!("{head} from 192.0.2.66 {tail}"),
                3 => format!("{head}é\u{301}漢{tail}"),
                4 => line.split(' ').skip(3).collect::<Vec<_>>().join(" "),
                5 => format!("{line} {line}"),
                6 => address(line, "2001:db8::66"),
                _ => address(line, "host.example.net"),
            };
            all.push(changed);
        }
    }
    all.retain(|line| !line.trim().is_empty() && !line.starts_with('#') && !line.contains(['\r', '\n']));
    all
}

/// Every dotted quad of a line replaced.
fn address(line: &str, by: &str) -> String {
    let quad = |word: &str| word.split('.').count() == 4 && word.split('.').all(|part| part.parse::<u16>().is_ok());
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_digit() || c == '.' {
            word.push(c);
            continue;
        }
        out.push_str(if quad(&word) { by } else { &word });
        word.clear();
        out.push(c);
    }
    out.trim_end_matches('\n').to_owned()
}
