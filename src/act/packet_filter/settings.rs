//! What the owner may choose about the table.

use serde::{Deserialize, Serialize};

use super::FilterError;

/// Part `[packet_filter]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Name of our table of family inet.
    pub table: String,
    /// Destination ports (TCP and UDP) that bans and limits cover.
    pub ports: Ports,
    pub limit: Trickle,
}

/// Ports a ban covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PortsText", into = "PortsText")]
pub enum Ports {
    #[default]
    All,
    Only(Vec<u16>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"all\" or a list of port numbers")]
enum PortsText {
    Word(All),
    List(Vec<u16>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum All {
    All,
}

impl From<PortsText> for Ports {
    fn from(text: PortsText) -> Self {
        match text {
            PortsText::Word(All::All) => Self::All,
            PortsText::List(list) => Self::Only(list),
        }
    }
}

impl From<Ports> for PortsText {
    fn from(ports: Ports) -> Self {
        match ports {
            Ports::All => Self::Word(All::All),
            Ports::Only(list) => Self::List(list),
        }
    }
}

/// What a limited client keeps, counted by address (IPv4) or /64 (IPv6). Connections bound what opens a new one for each
/// request; packets bound what sends many requests down one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trickle {
    pub connections_per_second: u32,
    pub connections_burst: u32,
    pub packets_per_second: u32,
    pub packets_burst: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { table: "peelhouse".into(), ports: Ports::All, limit: Trickle::default() }
    }
}

impl Default for Trickle {
    fn default() -> Self {
        Self { connections_per_second: 2, connections_burst: 20, packets_per_second: 40, packets_burst: 400 }
    }
}

impl Settings {
    /// The name goes into an nft script, so it holds nothing that ends a word there.
    pub(super) fn checked(self) -> Result<Self, FilterError> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let starts_well = self.table.starts_with(|c: char| c.is_ascii_alphabetic());
        if starts_well && self.table.len() <= 32 && self.table.chars().all(word) {
            Ok(self)
        } else {
            Err(FilterError::Name(self.table))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Shipped {
        packet_filter: Settings,
    }

    #[test]
    fn the_shipped_settings_are_the_default() {
        let shipped: Shipped = toml::from_str(include_str!("../../../etc/peelhouse.toml")).unwrap();
        assert_eq!(shipped.packet_filter, Settings::default());
    }

    #[test]
    fn ports_are_a_word_or_a_list() {
        let ports = |text: &str| toml::from_str::<Settings>(text).map(|settings| settings.ports);
        assert_eq!(ports("ports = [80, 443]"), Ok(Ports::Only(vec![80, 443])));
        assert_eq!(ports("ports = \"all\""), Ok(Ports::All));
        assert!(ports("ports = \"some\"").unwrap_err().message().contains("list of port numbers"));
    }

    #[test]
    fn a_name_that_ends_a_word_of_the_script_is_refused() {
        for wrong in ["", "a b", "x; flush ruleset", "1st", "n\nflush", &"x".repeat(33)] {
            let settings = Settings { table: wrong.into(), ..Settings::default() };
            assert!(matches!(settings.checked(), Err(FilterError::Name(_))), "{wrong:?}");
        }
    }
}
