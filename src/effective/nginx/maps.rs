//! `map`: a variable made of others (ngx_http_map_module).

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::effective::nginx::Line;
use crate::effective::nginx::names::{Named, Names};
use crate::effective::nginx::pattern::{Matched, Pattern};

/// The maps of http by the variable they make.
#[derive(Debug, Default)]
pub(super) struct Maps<'a>(HashMap<&'a str, Map<'a>>);

#[derive(Debug)]
pub(super) struct Map<'a> {
    line: &'a Line,
    table: OnceCell<Table<'a>>,
}

#[derive(Debug, Default)]
struct Table<'a> {
    /// Keys in lower case: nginx ignores case here.
    exact: HashMap<String, &'a str>,
    patterns: Vec<(Pattern, &'a str)>,
    default: &'a str,
    /// With `hostnames`: keys with an asterisk, and their values by number.
    wildcards: Option<(Names, Vec<&'a str>)>,
}

impl<'a> Maps<'a> {
    pub(super) fn of(http: &'a [Line]) -> Self {
        let maps = http.iter().filter(|line| line.name == "map");
        let by_name = maps.filter_map(|line| {
            let name = line.args.get(1)?.strip_prefix('$')?;
            Some((name, Map { line, table: OnceCell::new() }))
        });
        Self(by_name.collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Map<'a>> {
        self.0.get(name)
    }
}

impl<'a> Map<'a> {
    /// What it looks at, with variables.
    pub(super) fn source(&self) -> &'a str {
        self.line.first()
    }

    /// Made anew each time it is asked for.
    pub(super) fn is_volatile(&self) -> bool {
        self.line.inside().iter().any(|entry| entry.name == "volatile" && entry.args.is_empty())
    }

    /// The value for a text, with variables of its own; none where a pattern cannot be run.
    pub(super) fn value(&self, text: &str) -> Option<&'a str> {
        let table = self.table.get_or_init(|| Table::of(self.line));
        let text = match table.wildcards {
            Some(_) => text.strip_suffix('.').unwrap_or(text),
            None => text,
        };
        if let Some(value) = table.exact.get(&text.to_ascii_lowercase()) {
            return Some(value);
        }
        if let Some((names, values)) = &table.wildcards
            && let Named::Site(index, _) = names.find(&text.to_ascii_lowercase())
        {
            return values.get(index).copied();
        }
        for (pattern, value) in &table.patterns {
            match pattern.search(text) {
                Matched::Yes(_) => return Some(value),
                Matched::No => {}
                Matched::Untold => return None,
            }
        }
        Some(table.default)
    }
}

impl<'a> Table<'a> {
    fn of(line: &'a Line) -> Self {
        let mut table = Self::default();
        if line.inside().iter().any(|entry| entry.name == "hostnames") {
            table.wildcards = Some(Default::default());
        }
        for entry in line.inside() {
            let value = entry.first();
            let key = entry.name.as_str();
            match key {
                "default" => table.default = value,
                "hostnames" | "volatile" if entry.args.is_empty() => {}
                key => table.add(key, value),
            }
        }
        table
    }

    fn add(&mut self, key: &str, value: &'a str) {
        if let Some(pattern) = key.strip_prefix("~*") {
            self.patterns.push((Pattern::new(pattern, true), value));
        } else if let Some(pattern) = key.strip_prefix('~') {
            self.patterns.push((Pattern::new(pattern, false), value));
        } else if let Some((names, values)) =
            self.wildcards.as_mut().filter(|_| key.starts_with(['.', '*']) || key.ends_with(".*"))
        {
            names.add_name(values.len(), key);
            values.push(value);
        } else {
            self.exact.insert(key.strip_prefix('\\').unwrap_or(key).to_ascii_lowercase(), value);
        }
    }
}
