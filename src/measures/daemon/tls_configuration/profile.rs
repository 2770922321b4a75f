//! Mozilla's intermediate profile, read from its file of facts.

use std::sync::LazyLock;

static TEXT: &str = include_str!("mozilla.txt");
static PROFILE: LazyLock<Profile> = LazyLock::new(Profile::read);

/// What a server of today should speak.
pub struct Profile {
    pub version: &'static str,
    /// Year and month.
    pub date: &'static str,
    pub protocols: Vec<&'static str>,
    pub suites: Vec<&'static str>,
    /// Seconds that browsers should remember that a site has TLS.
    pub hsts: u64,
    /// Fewest bits of an RSA key.
    pub rsa: usize,
}

/// The profile that the measure holds sites against.
pub fn intermediate() -> &'static Profile {
    &PROFILE
}

impl Profile {
    /// `Mozilla's intermediate profile 6.0 (2026-04)`
    pub fn name(&self) -> String {
        format!("Mozilla's intermediate profile {} ({})", self.version, self.date)
    }

    fn read() -> Self {
        let words = |name: &str| -> Vec<&'static str> {
            let lines = TEXT.lines().filter_map(|line| line.split_once(' ')).filter(|(key, _)| *key == name);
            lines.flat_map(|(_, rest)| rest.split(' ')).collect()
        };
        let word = |name: &str| words(name).first().copied().unwrap_or_default();
        Self {
            version: word("version"),
            date: word("date"),
            protocols: words("protocols"),
            suites: words("suites"),
            hsts: word("hsts").parse().unwrap_or_default(),
            rsa: word("rsa").parse().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read() {
        let profile = intermediate();
        assert_eq!(profile.name(), "Mozilla's intermediate profile 6.0 (2026-04)");
        assert_eq!((profile.suites.len(), profile.hsts, profile.rsa), (6, 63_072_000, 2048));
        assert_eq!(profile.protocols, ["TLSv1.2", "TLSv1.3"]);
    }
}
