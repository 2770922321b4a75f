//! The rules of this program, and those of the folders that the configuration names.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::detect::rules::{Placeholders, Problem, RuleError, RuleSet, RuleText};
use crate::formats::Files;
use crate::guard::crs;
use crate::host::Host;
use crate::model::bounds;

/// Where rules are kept beside those of this program; may be absent.
const FOLDER: &str = "/etc/peelhouse/rules";
/// Bytes of one file, and of all: they travel to the reader in one message.
const MAX_FILE: u64 = 1 << 20;
const MAX_ALL: usize = 24 << 20;
/// Broken rules that are told one by one.
const MAX_TOLD: usize = 20;

/// Which rules are used beside those of this program.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Sigma rules (`.yml`, `.yaml`) in these folders and those within them.
    pub folders: Vec<PathBuf>,
    /// The OWASP CRS, where it is installed.
    pub crs: bool,
    /// The file that brings it in, in the language of ModSecurity.
    pub crs_file: PathBuf,
    /// 1 to 4; 0 as the rule set's own configuration says.
    #[serde(deserialize_with = "bounds::paranoia")]
    pub crs_paranoia: u8,
    /// What `%name%` stands for in rules that say `expand`.
    pub placeholders: Placeholders,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folders: vec![PathBuf::from(FOLDER)],
            crs: false,
            crs_file: crs::FILE.into(),
            crs_paranoia: 0,
            placeholders: Placeholders::default(),
        }
    }
}

/// Rule files as they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Path and text.
    files: Vec<(String, String)>,
    crs: Option<crs::Place>,
    placeholders: Placeholders,
}

/// What loading came to.
pub struct Loaded {
    pub set: RuleSet,
    /// Every document that is left out, and fields that no log has.
    pub errors: Vec<RuleError>,
    /// What of the CRS could not be loaded.
    pub not_crs: Vec<String>,
    /// What keeps a rule from being used, a sentence each.
    pub broken: Vec<String>,
    /// Documents about logs that are not read here.
    pub elsewhere: usize,
}

impl Texts {
    /// The files of all folders, and what of them could not be read.
    pub fn read(host: &Host, settings: &Settings) -> (Self, Vec<String>) {
        let place = crs::Place { file: settings.crs_file.clone(), paranoia: settings.crs_paranoia };
        let crs = Some(place).filter(|_| settings.crs);
        let mut texts = Self { files: Vec::new(), crs, placeholders: settings.placeholders.clone() };
        let mut problems = Vec::new();
        let mut left = MAX_ALL;
        for folder in settings.folders.iter().filter(|folder| *folder != Path::new(FOLDER) || host.exists(folder)) {
            match host.rule_files(folder) {
                Ok(files) => files.iter().for_each(|file| match one(host, file, &mut left) {
                    Ok(text) => texts.files.push((file.display().to_string(), text)),
                    Err(problem) => problems.push(problem),
                }),
                Err(cause) => problems.push(cause.to_string()),
            }
        }
        (texts, problems)
    }

    /// The rules of this program with these, and with the CRS, read from `files`, where it is wanted.
    pub fn load(&self, files: &dyn Files) -> Loaded {
        let mut loaded = self.load_beside(RuleSet::pack());
        if let Some(place) = &self.crs {
            loaded.not_crs = crs::add(&mut loaded.set, place, files);
        }
        loaded
    }

    /// These alone.
    pub fn load_alone(&self) -> Loaded {
        self.load_beside(&[])
    }

    fn load_beside(&self, ours: &[RuleText<'_>]) -> Loaded {
        let ours = ours.iter().copied();
        let all: Vec<RuleText> = ours.chain(self.files.iter().map(|(file, text)| RuleText { file, text })).collect();
        let (set, errors) = RuleSet::load_with(&all, &self.placeholders);
        let is_elsewhere = |error: &&RuleError| matches!(error.problem, Problem::Logsource { .. });
        let broken = errors.iter().filter(|error| !error.is_warning() && !is_elsewhere(error));
        Loaded {
            broken: broken.map(ToString::to_string).collect(),
            elsewhere: errors.iter().filter(is_elsewhere).count(),
            errors,
            not_crs: Vec::new(),
            set,
        }
    }
}

fn one(host: &Host, file: &Path, left: &mut usize) -> Result<String, String> {
    let bytes = host.read_up_to(file, MAX_FILE).map_err(|cause| cause.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| format!("cannot read {}: it is no UTF-8", file.display()))?;
    let fits = left.checked_sub(text.len());
    *left = fits.ok_or_else(|| format!("{} is left out: more than {MAX_ALL} bytes of rules", file.display()))?;
    Ok(text)
}

impl Loaded {
    /// What is to be said of rules that are not used, in few sentences.
    pub fn said(&self) -> Vec<String> {
        let mut said: Vec<String> = self.broken.iter().take(MAX_TOLD).cloned().collect();
        if let Some(more) = self.broken.len().checked_sub(MAX_TOLD).filter(|more| *more > 0) {
            said.push(format!("{more} more rules are broken and left out"));
        }
        said.extend_from_slice(&self.not_crs);
        if self.elsewhere > 0 {
            said.push(format!("{} rules are about logs that are not read here, and left out", self.elsewhere));
        }
        said
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the test writes the rules that it reads")]
mod tests {
    use super::*;

    const RULE: &str =
        "title: t\nlogsource: {category: webserver}\ndetection: {s: {cs-uri|expand: '%x%'}, condition: s}\n";

    fn host() -> (tempfile::TempDir, Host) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("etc/peelhouse/rules/deep");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("one.yml"), RULE).unwrap();
        std::fs::write(folder.join("two.yaml"), RULE.replace("webserver", "dns")).unwrap();
        std::fs::write(folder.join("readme.md"), "no rule").unwrap();
        std::fs::write(folder.join("bytes.yml"), b"\xFF").unwrap();
        let host = Host::recorded(root.path());
        (root, host)
    }

    #[test]
    fn folders_are_read_to_their_depth_and_every_file_is_accounted_for() {
        let (_root, host) = host();
        let placeholders = serde_json::from_str(r#"{"x": ["/a"]}"#).unwrap();
        let (texts, problems) = Texts::read(&host, &Settings { placeholders, ..Settings::default() });
        assert_eq!(problems, ["cannot read /etc/peelhouse/rules/deep/bytes.yml: it is no UTF-8"]);
        let loaded = texts.load(&host);
        assert!(loaded.set.rules().iter().any(|rule| rule.file == "/etc/peelhouse/rules/deep/one.yml"));
        assert_eq!(loaded.said(), ["1 rules are about logs that are not read here, and left out"]);
    }

    #[test]
    fn what_is_broken_or_absent_is_told_except_the_default_folder() {
        let (_root, host) = host();
        let (texts, _) = Texts::read(&host, &Settings::default());
        let said = texts.load(&host).said();
        assert!(said[0].starts_with("/etc/peelhouse/rules/deep/one.yml:3: placeholder `%x%` has no value"), "{said:?}");
        let empty = Host::recorded(tempfile::tempdir().unwrap().path());
        assert_eq!(Texts::read(&empty, &Settings::default()), (Texts::default(), Vec::new()));
        let named = Settings { folders: vec!["/srv/rules".into()], ..Settings::default() };
        assert!(Texts::read(&empty, &named).1[0].starts_with("cannot read /srv/rules"));
    }
}
