//! What an nginx binary was built with: the configure arguments that `nginx -V` prints stand in it as text.

use std::path::{Path, PathBuf};

/// Built-in paths; `default()` is what most distributions build with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// `1.22.1`, empty where it cannot be told.
    pub version: String,
    /// Relative paths of logs and docroots start here.
    pub prefix: PathBuf,
    pub config: PathBuf,
    /// Where requests are logged when no `access_log` is declared.
    pub access_log: PathBuf,
    /// The same for `error_log`; `stderr` is a word of its own.
    pub error_log: PathBuf,
}

impl Default for Build {
    fn default() -> Self {
        Self {
            version: String::new(),
            prefix: "/usr/share/nginx".into(),
            config: "/etc/nginx/nginx.conf".into(),
            access_log: "/var/log/nginx/access.log".into(),
            error_log: "/var/log/nginx/error.log".into(),
        }
    }
}

impl Build {
    /// Reads the text in a binary; none where it is no nginx.
    pub fn from_binary(binary: &[u8]) -> Option<Self> {
        let version = word_after(binary, b"nginx version: ")?;
        let version = version.rsplit('/').next().unwrap_or_default().to_owned();
        let arguments = text_after(binary, b"configure arguments:").unwrap_or_default();
        // Without --prefix nginx builds for /usr/local/nginx (its own `auto/options`).
        let prefix = option(&arguments, "--prefix=").unwrap_or_else(|| "/usr/local/nginx".into());
        let path = |name: &str, default: &str| option(&arguments, name).unwrap_or_else(|| prefix.join(default));
        Some(Self {
            version,
            config: path("--conf-path=", "conf/nginx.conf"),
            access_log: path("--http-log-path=", "logs/access.log"),
            error_log: path("--error-log-path=", "logs/error.log"),
            prefix,
        })
    }

    /// The same build started with `-p`.
    pub fn at_prefix(mut self, prefix: &Path) -> Self {
        self.prefix = prefix.to_owned();
        self
    }
}

fn option(arguments: &str, name: &str) -> Option<PathBuf> {
    arguments.split_ascii_whitespace().rev().find_map(|word| word.strip_prefix(name)).map(PathBuf::from)
}

fn word_after(binary: &[u8], label: &[u8]) -> Option<String> {
    text_after(binary, label)?.split_ascii_whitespace().next().map(str::to_owned)
}

fn text_after(binary: &[u8], label: &[u8]) -> Option<String> {
    let start = memchr::memmem::find(binary, label)? + label.len();
    let rest = binary.get(start..)?;
    let text = rest.split(|byte| matches!(byte, 0 | b'\n')).next()?;
    Some(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_paths_are_read_from_the_text_of_a_binary() {
        let binary = b"\x7fELF\0nginx version: nginx/1.22.1\n\0configure arguments: --with-cc-opt='-g' \
            --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf --error-log-path=stderr\n\0";
        let build = Build::from_binary(binary).unwrap();
        assert_eq!(build.version, "1.22.1");
        assert_eq!(build.config, Path::new("/etc/nginx/nginx.conf"));
        assert_eq!(build.access_log, Path::new("/usr/share/nginx/logs/access.log"));
        assert_eq!(build.error_log, Path::new("stderr"));
        assert_eq!(Build::from_binary(b"\x7fELF something else"), None);
    }
}
