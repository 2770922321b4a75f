//! A server's version number, as far as it changes what a configuration means.

/// `1.29.2`; versions compare as they were released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16, pub u16);

impl Version {
    /// Reads `1.29.2`, `1.29` and `1.29.2-debian`; none where it begins with no number.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
        let first = parts.next()??;
        let mut rest = || parts.next().flatten().unwrap_or(0);
        Some(Self(first, rest(), rest()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_released() {
        assert_eq!(Version::parse("1.22.1"), Some(Version(1, 22, 1)));
        assert!(Version::parse("1.9.9") < Version::parse("1.29"));
        assert_eq!(Version::parse(""), None);
    }
}
