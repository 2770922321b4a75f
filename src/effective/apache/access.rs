//! Who is let in: `Require` with its sections and `AuthMerging`, and the older `Order`, `Allow`, `Deny`, `Satisfy`.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::effective::apache::block::{Block, Line};
use crate::effective::apache::expr::{self, Known};
use crate::effective::apache::{Config, Effective};

/// Whether a client gets at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    Allowed,
    Denied,
    /// Whoever logs in, as this line says.
    Login(String),
    /// It depends on what this says.
    Depends(String),
    /// Nobody: `AuthType` without `Require`, or `Require` of a login without `AuthType`, which httpd answers 500.
    Broken,
}

/// What a condition comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Granted,
    Denied,
    /// Denied as long as nobody logged in.
    NoUser(String),
    Neutral,
    Unknown(String),
    /// `AuthType` with nothing that asks for a login.
    Broken,
}

/// What one must meet.
#[derive(Clone, Debug)]
enum Rule {
    Line(Line, bool),
    Group { all: bool, negated: bool, rules: Vec<Rule> },
}

/// `Require` of a section or of several merged.
#[derive(Clone, Debug, Default)]
struct Required {
    rule: Option<Rule>,
    merging: Merging,
    /// It has anything of mod_authz_core at all.
    any: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Merging {
    #[default]
    Unset,
    Off,
    And,
    Or,
}

impl Effective<'_> {
    /// Who is let in to what the URL stands for, by address, name and login.
    pub fn access(&self) -> Access {
        access(&self.config, &self.asked.method, &self.known)
    }
}

pub(super) fn access(config: &Config, method: &str, known: &Known) -> Access {
    if let Some(doubt) = config.unsure.iter().find(|block| block.lines.iter().any(decides)) {
        let at = doubt.at.as_ref().map(ToString::to_string).unwrap_or_default();
        return Access::Depends(format!("the section at {at}, of which it cannot be told whether it holds"));
    }
    let required = required(config, method, known);
    let lines = older_lines(config, method);
    let older = lines.as_ref().map(|lines| older(lines, known.client));
    let satisfy = lines.iter().flatten().rfind(|line| line.key == "satisfy");
    let any = satisfy.is_some_and(|line| line.arg(0).eq_ignore_ascii_case("any"));
    let verdict = match older {
        None => required,
        Some(older) if any => either([older, required]),
        Some(older) => both([older, required]),
    };
    match verdict {
        Verdict::Granted => Access::Allowed,
        Verdict::Denied | Verdict::Neutral => Access::Denied,
        Verdict::NoUser(line) if logs_in(config) => Access::Login(line),
        Verdict::NoUser(_) | Verdict::Broken => Access::Broken,
        Verdict::Unknown(why) => Access::Depends(why),
    }
}

/// Whether an `AuthType` holds.
fn logs_in(config: &Config) -> bool {
    let lines = config.blocks().flat_map(|block| &block.lines).filter(|line| line.key == "authtype");
    lines.last().is_some_and(|line| !line.arg(0).eq_ignore_ascii_case("none"))
}

fn decides(line: &Line) -> bool {
    ["require", "requireall", "requireany", "requirenone", "order", "allow", "deny", "satisfy"]
        .contains(&line.key.as_str())
}

fn required(config: &Config, method: &str, known: &Known) -> Verdict {
    let group = |blocks: &Vec<Arc<Block>>| {
        blocks.iter().map(|block| Required::of(block)).reduce(Required::merged).unwrap_or_default()
    };
    let merged = config.groups.iter().map(group).reduce(Required::merged).unwrap_or_default();
    match merged.rule {
        None if logs_in(config) => Verdict::Broken,
        None => Verdict::Granted,
        Some(rule) => match rule.verdict(method, known, true) {
            Verdict::Neutral => Verdict::Denied,
            verdict => verdict,
        },
    }
}

impl Required {
    fn of(block: &Block) -> Self {
        let mut found = Self::default();
        let mut rules = Vec::new();
        for line in &block.lines {
            if line.key == "authmerging" {
                found.any = true;
                found.merging = match line.arg(0).to_ascii_lowercase().as_str() {
                    "and" => Merging::And,
                    "or" => Merging::Or,
                    _ => Merging::Off,
                };
            } else if line.key == "authzsendforbiddenonfailure" {
                found.any = true;
            } else {
                rules.extend(Rule::of(line));
            }
        }
        if !rules.is_empty() {
            found.any = true;
            found.rule = Some(Rule::Group { all: false, negated: false, rules });
        }
        found
    }

    fn merged(self, inner: Self) -> Self {
        // `AuthMerging Off` alone drops what was required; a section that says neither does not.
        let idle = inner.merging == Merging::Unset && inner.rule.is_none() && self.rule.is_some();
        if !inner.any || idle {
            return Self { any: self.any || inner.any, ..self };
        }
        let merging = inner.merging;
        let merges = matches!(merging, Merging::And | Merging::Or) && (self.rule.is_some() || inner.rule.is_some());
        if !merges || !self.any {
            return inner;
        }
        let all = merging == Merging::And;
        let rule = match (self.rule, inner.rule) {
            (Some(outer), Some(inner)) => Some(Rule::Group { all, negated: false, rules: vec![outer, inner] }),
            (outer, inner) => outer.or(inner),
        };
        Self { rule, merging, any: true }
    }
}

impl Rule {
    fn of(line: &Line) -> Option<Self> {
        let group = |all, negated| {
            let rules = line.inner.iter().filter_map(Self::of).collect();
            Some(Self::Group { all, negated, rules })
        };
        match line.key.as_str() {
            "require" => Some(Self::Line(line.clone(), line.arg(0).eq_ignore_ascii_case("not"))),
            "requireall" => group(true, false),
            "requireany" => group(false, false),
            "requirenone" => group(false, true),
            _ => None,
        }
    }

    fn is_for(&self, method: &str) -> bool {
        match self {
            Self::Line(line, _) => line.is_for(method),
            Self::Group { rules, .. } => rules.iter().any(|rule| rule.is_for(method)),
        }
    }

    /// `within_all`: it stands among rules that must all hold.
    fn verdict(&self, method: &str, known: &Known, within_all: bool) -> Verdict {
        if !self.is_for(method) {
            return if within_all { Verdict::Granted } else { Verdict::Neutral };
        }
        let (verdict, negated) = match self {
            Self::Line(line, negated) => (provided(line, *negated, method, known), *negated),
            Self::Group { all, negated, rules } => {
                let verdicts = rules.iter().map(|rule| rule.verdict(method, known, *all));
                (if *all { both(verdicts) } else { either(verdicts) }, *negated)
            }
        };
        if negated { verdict.negated() } else { verdict }
    }
}

impl Verdict {
    /// That nobody was refused lets nobody in.
    fn negated(self) -> Self {
        match self {
            Self::Granted => Self::Denied,
            Self::Denied | Self::NoUser(_) => Self::Neutral,
            other => other,
        }
    }
}

fn both(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    joined(verdicts, &Verdict::Denied)
}

fn either(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    joined(verdicts, &Verdict::Granted)
}

/// One that `decides` is the whole's, whatever the others say.
fn joined(verdicts: impl IntoIterator<Item = Verdict>, decides: &Verdict) -> Verdict {
    let mut whole = Verdict::Neutral;
    for verdict in verdicts {
        whole = match (whole, verdict) {
            (held, next) if held == *decides || next == *decides => decides.clone(),
            (_, Verdict::Broken) | (Verdict::Broken, _) => Verdict::Broken,
            (Verdict::Unknown(why), _) | (_, Verdict::Unknown(why)) => Verdict::Unknown(why),
            (_, Verdict::NoUser(why)) | (Verdict::NoUser(why), _) => Verdict::NoUser(why),
            (Verdict::Neutral, next) => next,
            (held, _) => held,
        };
    }
    whole
}

/// One `Require` line, its `not` left out.
fn provided(line: &Line, negated: bool, method: &str, known: &Known) -> Verdict {
    let args = line.args.get(usize::from(negated)..).unwrap_or_default();
    let Some((provider, rest)) = args.split_first() else { return Verdict::Unknown(line.text.clone()) };
    let plain = |granted: bool| if granted { Verdict::Granted } else { Verdict::Denied };
    match provider.to_ascii_lowercase().as_str() {
        "all" => plain(rest.first().is_some_and(|word| word.eq_ignore_ascii_case("granted"))),
        "method" => {
            let same = |name: &str| if name == "HEAD" { "GET".to_owned() } else { name.to_ascii_uppercase() };
            plain(rest.iter().any(|name| same(name) == same(method)))
        }
        "ip" => told(addressed(rest, known.client), line),
        "local" => told(known.client.map(|client| client.is_loopback()).filter(|local| *local), line),
        "expr" => told(expr::holds(&rest.join(" "), known), line),
        "user" | "valid-user" | "group" | "valid-group" => Verdict::NoUser(line.text.clone()),
        kind if kind.starts_with("ldap-") || kind.starts_with("shib") || kind == "claim" => {
            Verdict::NoUser(line.text.clone())
        }
        _ => Verdict::Unknown(line.text.clone()),
    }
}

fn told(granted: Option<bool>, line: &Line) -> Verdict {
    match granted {
        Some(true) => Verdict::Granted,
        Some(false) => Verdict::Denied,
        None => Verdict::Unknown(line.text.clone()),
    }
}

/// Whether one of some networks holds a client; none where that cannot be told.
fn addressed(networks: &[String], client: Option<IpAddr>) -> Option<bool> {
    let client = client?;
    let mut sure = true;
    for text in networks {
        match network(text) {
            Some(network) if network.contains(&client) => return Some(true),
            Some(_) => {}
            None => sure = false,
        }
    }
    sure.then_some(false)
}

/// `192.0.2.1`, `192.0.2`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `2001:db8::/32`.
fn network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address));
    }
    if let Some((address, mask)) = text.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        return match mask.parse::<u8>() {
            Ok(length) => IpNet::new(address, length).ok(),
            Err(_) => IpNet::with_netmask(address, mask.parse().ok()?).ok(),
        };
    }
    let parts: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    let missing = 4usize.checked_sub(parts.len())?;
    let address = format!("{}{}", parts.join("."), ".0".repeat(missing)).parse().ok()?;
    IpNet::new(address, u8::try_from(parts.len() * 8).ok()?).ok()
}

/// mod_access_compat merges nothing: the innermost section that has any of it says all. None: no section has.
fn older_lines<'c>(config: &'c Config, method: &str) -> Option<Vec<&'c Line>> {
    let ours = |line: &&Line| ["order", "allow", "deny", "satisfy"].contains(&line.key.as_str());
    let block = config.blocks().filter(|block| block.lines.iter().any(|line| ours(&line))).last()?;
    Some(block.lines.iter().filter(|line| ours(line) && line.is_for(method)).collect())
}

fn older(lines: &[&Line], client: Option<IpAddr>) -> Verdict {
    let order = lines
        .iter()
        .rfind(|line| line.key == "order")
        .map_or("deny,allow".into(), |line| line.args.join("").to_ascii_lowercase());
    let found = |key: &str| named(lines.iter().filter(|line| line.key == key), client);
    match order.as_str() {
        "allow,deny" => both([found("allow"), refusal(found("deny"))]),
        "mutual-failure" => both([found("allow"), refusal(found("deny"))]),
        _ => either([found("allow"), refusal(found("deny"))]),
    }
}

fn refusal(denied: Verdict) -> Verdict {
    match denied {
        Verdict::Granted => Verdict::Denied,
        Verdict::Denied => Verdict::Granted,
        other => other,
    }
}

/// Whether `Allow from` or `Deny from` names a client.
fn named<'l>(lines: impl Iterator<Item = &'l &'l Line>, client: Option<IpAddr>) -> Verdict {
    either(lines.flat_map(|line| line.args.iter().skip(1).map(move |who| (line, who))).map(|(line, who)| {
        if who.eq_ignore_ascii_case("all") {
            return Verdict::Granted;
        }
        told(network(who).zip(client).map(|(network, client)| network.contains(&client)), line)
    }))
    .or_denied()
}

impl Verdict {
    fn or_denied(self) -> Self {
        if self == Self::Neutral { Self::Denied } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_as_httpd_writes_them() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1/32")),
            ("192.0.2", Some("192.0.2.0/24")),
            ("10.", Some("10.0.0.0/8")),
            ("192.0.2.0/255.255.255.0", Some("192.0.2.0/24")),
            ("2001:db8::/32", Some("2001:db8::/32")),
            ("example.org", None),
            ("1.2.3.4.5", None),
        ] {
            assert_eq!(network(text).map(|network| network.to_string()).as_deref(), expected, "{text}");
        }
    }
}
