//! RemoteIpValve: whose word about the client Tomcat takes.

use crate::formats::tomcat::properties::Properties;
use crate::formats::tomcat::proxies::{INTERNAL, networks};
use crate::formats::tomcat::xml::Element;
use crate::model::{RealIp, Spot};

/// Reads one valve. It does not rewrite logs by itself: an access log must ask for it (`requestAttributesEnabled`).
pub(super) fn remote_ip(valve: &Element, at: &Spot, known: &Properties, problems: &mut Vec<String>) -> RealIp {
    let attribute = |name: &str| valve.attribute(name).map(|value| known.expand(value));
    let mut trusted = Vec::new();
    let declared = [
        ("internalProxies", attribute("internalProxies").unwrap_or_else(|| INTERNAL.to_owned())),
        ("trustedProxies", attribute("trustedProxies").unwrap_or_default()),
    ];
    for (name, expression) in declared {
        let (nets, unclear) = networks(&expression);
        trusted.extend(nets);
        let unclear = unclear.iter().map(|part| {
            format!("{at}: {name}: {part} is no plain pattern of addresses: these proxies are not known as such")
        });
        problems.extend(unclear);
    }
    let header = attribute("remoteIpHeader").unwrap_or_else(|| "X-Forwarded-For".to_owned());
    RealIp { header: Some(header.to_ascii_lowercase()), trusted, rewrites: false }
}
