//! `Define`, `UnDefine`, `-D` and `${NAME}`.

use std::collections::{HashMap, HashSet};

use crate::formats::apache::envvars::Environment;

/// A line that grows beyond this by its variables is cut short: definitions can double themselves.
const LONGEST: usize = 1 << 20;

/// What is defined at a point of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Asked by `<IfDefine>`; their case matters.
    flags: HashSet<String>,
    /// Put in place of `${NAME}`; their case does not matter (httpd keeps them in an `apr_table`).
    values: HashMap<String, String>,
    environment: Environment,
}

/// A text with its variables replaced.
pub struct Replaced {
    pub text: String,
    /// Names that nothing defines; they stay as written.
    pub unknown: Vec<String>,
}

impl Variables {
    pub fn new(flags: &[String], environment: Environment) -> Self {
        Self { flags: flags.iter().cloned().collect(), values: HashMap::new(), environment }
    }

    pub fn define(&mut self, name: &str, value: Option<&str>) {
        self.flags.insert(name.to_owned());
        if let Some(value) = value {
            self.values.insert(name.to_ascii_lowercase(), value.to_owned());
        }
    }

    pub fn undefine(&mut self, name: &str) {
        self.flags.remove(name);
        self.values.remove(&name.to_ascii_lowercase());
    }

    pub fn is_defined(&self, name: &str) -> bool {
        self.flags.contains(name)
    }

    /// Replaces each `${NAME}` once; what comes in is not looked at again.
    pub fn replace(&self, text: &str) -> Replaced {
        let mut replaced = Replaced { text: String::with_capacity(text.len()), unknown: Vec::new() };
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, next)) = after.split_once('}') else { break };
            replaced.text.push_str(before);
            match self.value(name) {
                Some(value) if replaced.text.len() + value.len() <= LONGEST => replaced.text.push_str(value),
                _ => {
                    replaced.text.extend(["${", name, "}"]);
                    replaced.unknown.push(name.to_owned());
                }
            }
            rest = next;
        }
        replaced.text.push_str(rest);
        // A name with a colon belongs to mod_rewrite's maps: httpd leaves it without a word.
        replaced.unknown.retain(|name| !name.contains(':'));
        replaced
    }

    fn value(&self, name: &str) -> Option<&str> {
        let own = self.values.get(&name.to_ascii_lowercase());
        own.or_else(|| self.environment.get(name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_ignore_case_and_flags_do_not() {
        let mut variables = Variables::new(&["SSL".into()], Environment::from([("DIR".into(), "/log".into())]));
        variables.define("Site", Some("${DIR}"));
        let replaced = variables.replace("${SITE}/${DIR} $x ${no} ${map:key} ${");
        assert_eq!(replaced.text, "${DIR}//log $x ${no} ${map:key} ${");
        assert_eq!(replaced.unknown, ["no"]);
        assert!(variables.is_defined("SSL") && variables.is_defined("Site") && !variables.is_defined("site"));
        variables.undefine("SITE");
        assert!(variables.is_defined("Site"));
        assert_eq!(variables.replace("${Site}").text, "${Site}");
    }
}
