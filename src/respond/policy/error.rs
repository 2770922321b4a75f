//! A wrong configuration, said so that it can be mended at once: file:line, and the key that was probably meant.

use std::path::{Path, PathBuf};

use crate::model::near::nearest;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {said}{}", file.display(), hint.as_ref().map_or(String::new(), |key| format!("; did you mean {key:?}?")))]
pub struct ConfigError {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    pub said: String,
    /// The known key that is nearest to an unknown one.
    pub hint: Option<String>,
}

/// Places an error of the toml crate in its file.
pub fn located(file: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let said = error.message().lines().next().unwrap_or("not understood").to_string();
    ConfigError { file: file.to_path_buf(), line, hint: hint(&said), said }
}

/// serde says: unknown field `x`, expected one of `a`, `b`.
fn hint(said: &str) -> Option<String> {
    let mut quoted = said.strip_prefix("unknown ")?.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    nearest(unknown, quoted).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond::Policy;

    fn said(text: &str) -> String {
        let error = toml::from_str::<Policy>(text).unwrap_err();
        located(Path::new("peelhouse.toml"), text, &error).to_string()
    }

    #[test]
    fn an_unknown_key_is_placed_and_the_nearest_named() {
        let said = said("mode = \"observe\"\n\n[times]\nfrist = \"10m\"\n");
        assert!(said.starts_with("peelhouse.toml:4: unknown field `frist`"), "{said}");
        assert!(said.ends_with("did you mean \"first\"?"), "{said}");
    }

    #[test]
    fn a_far_off_key_gets_no_hint() {
        assert!(!said("weather = 1\n").contains("did you mean"));
    }

    #[test]
    fn a_wrong_value_is_placed() {
        let said = said("[times]\nfirst = \"soon\"\n");
        assert!(said.starts_with("peelhouse.toml:2: \"soon\" is no span of time"), "{said}");
    }
}
