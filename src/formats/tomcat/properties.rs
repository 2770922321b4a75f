//! `${…}` in Tomcat's files: system properties, among them those of catalina.properties.

use std::path::Path;

/// Property names and values; later ones win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(Vec<(String, String)>);

impl Properties {
    /// The properties a Tomcat starts with, and those of its catalina.properties.
    pub fn new(base: &Path, home: &Path, file: &[u8]) -> Self {
        let text = String::from_utf8_lossy(file);
        let mut known = Self(text.replace("\\\n", "").lines().filter_map(pair).collect());
        known.0.push(("catalina.base".to_owned(), base.display().to_string()));
        known.0.push(("catalina.home".to_owned(), home.display().to_string()));
        known
    }

    /// Puts values for `${name}` and `${name:-default}`; unknown ones stay as they are.
    pub fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((inside, behind)) = after.split_once('}') else {
                return out + "${" + after;
            };
            let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, value)| (name, Some(value)));
            match self.get(name).or(default) {
                Some(value) => out.push_str(value),
                None => out.extend(["${", inside, "}"]),
            }
            rest = behind;
        }
        out + rest
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// `name=value`, `name: value`, `name value`; `#` and `!` start comments (java.util.Properties).
fn pair(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', '!']) {
        return None;
    }
    let (name, value) = line.split_once(['=', ':', ' ', '\t']).unwrap_or((line, ""));
    Some((name.to_owned(), value.trim_start_matches(['=', ':', ' ', '\t']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_put_in_and_unknown_ones_stay() {
        let file = b"# c\nport=8080\nlogs : /l\nlong=a\\\nb\n";
        let known = Properties::new(Path::new("/b"), Path::new("/h"), file);
        assert_eq!(known.expand("${catalina.base}/x:${port}"), "/b/x:8080");
        assert_eq!(known.expand("${logs}${long}${none:-d}${none}${"), "/labd${none}${");
    }
}
