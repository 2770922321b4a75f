//! Who may come in: the valves about addresses, and the security constraints of web.xml.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::effective::nginx::pattern::{Matched, Pattern};
use crate::effective::tomcat::part::{Part, word};
use crate::effective::tomcat::request::{Place, Request};
use crate::effective::tomcat::server::Tomcat;
use crate::effective::tomcat::web::{Constraint, fit};

/// What somebody without a password meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Allowed,
    Denied,
    /// A password is asked for.
    Login,
    /// Only over TLS.
    Redirected,
    /// The client's address decides, or it cannot be told.
    Depends,
}

impl Place<'_> {
    /// Whether a request may come in.
    pub fn access(&self, tomcat: &Tomcat<'_>, request: &Request<'_>) -> Access {
        let mut depends = false;
        for valve in self.valves() {
            match lets_in(tomcat, &valve, self, request) {
                Some(true) => {}
                Some(false) => return Access::Denied,
                None => depends = true,
            }
        }
        match self.constrained(tomcat, request) {
            Access::Allowed if depends => Access::Depends,
            access => access,
        }
    }

    /// RealmBase.findSecurityConstraints: only the constraints whose patterns fit best have a say.
    fn constrained(&self, tomcat: &Tomcat<'_>, request: &Request<'_>) -> Access {
        let Some(context) = self.context else { return Access::Allowed };
        let web = context.web(tomcat);
        let all = web.layers.iter().flat_map(|layer| &layer.constraints);
        let fitting = all.filter(|constraint| names(constraint, request.method));
        let fits =
            |constraint: &Constraint| constraint.patterns.iter().filter_map(|pattern| fit(pattern, &self.path)).max();
        let fitting: Vec<_> = fitting.filter_map(|constraint| Some((fits(constraint)?, constraint))).collect();
        let Some(best) = fitting.iter().map(|(fit, _)| *fit).max() else { return Access::Allowed };
        let deciding: Vec<&Constraint> =
            fitting.into_iter().filter(|(fit, _)| *fit == best).map(|(_, it)| it).collect();
        let secret = |constraint: &&&Constraint| matches!(constraint.transport.as_str(), "INTEGRAL" | "CONFIDENTIAL");
        let over_tls =
            tomcat.word(self.connector, "SSLEnabled") == "true" || tomcat.word(self.connector, "secure") == "true";
        if !over_tls && deciding.iter().filter(secret).count() == deciding.len() {
            return Access::Redirected;
        }
        if deciding.iter().any(|constraint| constraint.roles.as_ref().is_some_and(Vec::is_empty)) {
            return Access::Denied;
        }
        match deciding.iter().any(|constraint| constraint.roles.is_none()) {
            true => Access::Allowed,
            false => Access::Login,
        }
    }
}

fn names(constraint: &Constraint, method: &str) -> bool {
    match constraint.methods.is_empty() {
        true => !constraint.omitted.iter().any(|omitted| omitted == method),
        false => constraint.methods.iter().any(|named| named == method),
    }
}

/// What a valve says of the client; none where it cannot be told.
fn lets_in(tomcat: &Tomcat<'_>, valve: &Part, place: &Place<'_>, request: &Request<'_>) -> Option<bool> {
    let attribute = |name: &str| word(&tomcat.setting(valve, name)).map(str::to_owned);
    let (allow, deny) = (attribute("allow").unwrap_or_default(), attribute("deny").unwrap_or_default());
    let matches: fn(&str, &str, IpAddr) -> Option<bool> = match valve.class() {
        "RemoteAddrValve" => matches_pattern,
        "RemoteCIDRValve" => matches_network,
        "RemoteHostValve" => return None,
        _ => return Some(true),
    };
    let port = if attribute("addConnectorPort").as_deref() == Some("true") {
        format!(";{}", tomcat.word(place.connector, "port"))
    } else {
        String::new()
    };
    let client = request.client?;
    if matches(&deny, &port, client)? {
        return Some(false);
    }
    Some(matches(&allow, &port, client)? || (!deny.is_empty() && allow.is_empty()))
}

/// A Java pattern for the whole address, as Java writes it.
fn matches_pattern(rule: &str, port: &str, client: IpAddr) -> Option<bool> {
    if rule.is_empty() {
        return Some(false);
    }
    match Pattern::new(&format!(r"\A(?:{rule})\z"), false).search(&format!("{}{port}", written(client))) {
        Matched::Yes(_) => Some(true),
        Matched::No => Some(false),
        Matched::Untold => None,
    }
}

/// Networks between commas.
fn matches_network(rule: &str, _port: &str, client: IpAddr) -> Option<bool> {
    let mut networks = rule.split(',').map(str::trim).filter(|text| !text.is_empty());
    Some(networks.any(|text| {
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        network.is_some_and(|network| network.contains(&client))
    }))
}

/// Java writes all eight groups of an IPv6 address, without leading zeros.
fn written(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address.segments().map(|group| format!("{group:x}")).join(":"),
    }
}
