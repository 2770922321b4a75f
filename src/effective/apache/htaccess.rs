//! `.htaccess`: which one a directory has, and whether `AllowOverride` admits what stands in it.

use std::path::Path;
use std::sync::Arc;

use crate::effective::apache::block::{Block, Scope};
use crate::effective::apache::table::{self, Overrides};
use crate::effective::apache::{Doubt, options};
use crate::formats::Files;
use crate::formats::apache::evaluate::{self, Effective as Written, Evaluation};
use crate::model::Spot;

/// What directories may override, as the sections so far leave it.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    pub classes: Overrides,
    /// Options that may be set, of `AllowOverride Options=…`; none: all.
    pub options: Option<Vec<String>>,
    /// `AllowOverrideList`
    pub names: Vec<String>,
    /// What is not admitted is passed over instead of failing (`Nonfatal=`): these classes, or directives not known.
    pub spared: Overrides,
    pub spares_unknown: bool,
    pub(super) unsaid: bool,
}

impl Allowed {
    /// Of the arguments of `AllowOverride`.
    pub fn read(args: &[String]) -> Self {
        let mut allowed = Self::default();
        for word in args {
            let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
            match name.to_ascii_lowercase().as_str() {
                "none" => allowed.classes = Overrides::NONE,
                "all" => allowed.classes = Overrides::ALL,
                "nonfatal" => match value.map(str::to_ascii_lowercase).as_deref() {
                    Some("override") => allowed.spared = Overrides::ALL,
                    Some("unknown") => allowed.spares_unknown = true,
                    Some("all") => (allowed.spared, allowed.spares_unknown) = (Overrides::ALL, true),
                    _ => {}
                },
                _ => allowed.classes = allowed.classes.and(Overrides::named(name).unwrap_or_default()),
            }
            if let (true, Some(value)) = (name.eq_ignore_ascii_case("options"), value) {
                allowed.options = Some(value.split(',').map(str::to_ascii_lowercase).collect());
            }
        }
        allowed
    }

    /// No `.htaccess` is looked for.
    pub fn is_none(&self) -> bool {
        !self.unsaid && self.classes == Overrides::NONE && self.names.is_empty()
    }

    /// Where no section says `AllowOverride`, httpd reads `.htaccess` and refuses every line of it (seen with 2.4.71).
    pub fn unsaid() -> Self {
        Self { unsaid: true, ..Self::default() }
    }

    fn admits(&self, name: &str, overrides: Overrides) -> bool {
        overrides.meets(self.classes) || self.names.iter().any(|listed| listed.eq_ignore_ascii_case(name))
    }
}

/// The first of the names that a directory has, merged as it is admitted.
///
/// # Errors
/// What httpd answers 500 for, with its line.
pub fn read(
    files: &dyn Files,
    server: &Evaluation,
    dir: &str,
    names: &[String],
    allowed: &Allowed,
    doubts: &mut Vec<Doubt>,
) -> Result<Option<Arc<Block>>, Doubt> {
    for name in names {
        let path = Path::new(dir).join(name);
        if files.is_dir(&path) || files.read(&path).is_err() {
            continue;
        }
        let read = evaluate::further(files, server, path.clone());
        let wrong = read.problems.iter().find(|problem| !problem.text.starts_with("variable "));
        if let Some(wrong) = wrong {
            return Err(Doubt { at: wrong.at.clone(), text: format!("httpd refuses it: {}", wrong.text) });
        }
        let at = Spot { file: path, line: 1 };
        if read.files.len() > 1 {
            return Err(Doubt { at, text: "httpd refuses Include in .htaccess".into() });
        }
        let directives = admitted(read.directives, server, allowed, doubts)?;
        return Ok(Some(Arc::new(Block::of(Scope::Htaccess, Some(at), &directives))));
    }
    Ok(None)
}

fn admitted(
    directives: Vec<Written>,
    server: &Evaluation,
    allowed: &Allowed,
    doubts: &mut Vec<Doubt>,
) -> Result<Vec<Written>, Doubt> {
    let mut kept = Vec::new();
    for mut written in directives {
        let name = if written.children.is_some() { format!("<{}", written.name) } else { written.name.clone() };
        let refused = |text: String| Doubt { at: written.at.clone(), text };
        let Some(known) = table::loaded(&name, &server.modules) else {
            if allowed.spares_unknown {
                continue;
            }
            if table::known(&name).is_none() && !table::knows_all(&server.modules) {
                doubts
                    .push(refused(format!("could not tell what {name} is: a module is loaded that is not known here")));
                continue;
            }
            return Err(refused(format!(
                "httpd knows no {name}: it answers 500 until the line goes or its module comes"
            )));
        };
        if !allowed.admits(&name, known.overrides) {
            if known.overrides.meets(allowed.spared) {
                // It says nothing, and still makes its module forget what it inherited where that merges nothing.
                if known.whole_section {
                    kept.push(Written { text: String::new(), ..written });
                }
                continue;
            }
            return Err(refused(format!("AllowOverride does not admit {name}: httpd answers 500")));
        }
        if let Some(option) = forbidden_option(&written, allowed) {
            return Err(refused(format!("AllowOverride does not admit the option {option}: httpd answers 500")));
        }
        if let Some(children) = written.children.take() {
            written.children = Some(admitted(children, server, allowed, doubts)?);
        }
        kept.push(written);
    }
    Ok(kept)
}

fn forbidden_option(written: &Written, allowed: &Allowed) -> Option<String> {
    let options = allowed.options.as_ref().filter(|_| written.is("Options"))?;
    let may = options::bits(options.iter().map(String::as_str));
    let asked = written.args();
    asked.iter().find(|word| options::bits([word.trim_start_matches(['+', '-'])]) & !may != 0).cloned()
}
