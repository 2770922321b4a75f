//! The table as an nft script: made in one transaction, and harmless to run again.
//!
//! Both chains of it hang before connection tracking (priority -300), so a banned client costs no conntrack entry, its
//! established connections are cut as well, and traffic forwarded to containers passes here too. The price: replies of a
//! banned address to connections that this host opened are dropped too; allow-list addresses the host itself must reach.

use std::fmt::Write as _;
use std::time::Duration;

use super::element::Set;
use super::settings::{Ports, Settings, Trickle};

pub(super) const CHAIN: &str = "stop";
pub(super) const CHAINS: [&str; 5] = [CHAIN, "dropped4", "dropped6", "trickle4", "trickle6"];
/// How long it is remembered that a banned client came again.
pub(super) const TRIED: Duration = Duration::from_hours(24);
const MASK64: &str = "ffff:ffff:ffff:ffff::";

/// Creates what is missing, keeps elements and counters, writes the rules anew.
pub(super) fn create(settings: &Settings) -> String {
    let mut script = String::new();
    let table = &settings.table;
    line(&mut script, &format!("add table inet {table}"));
    for set in Set::ALL {
        line(&mut script, &format!("add set inet {table} {} {{ {} }}", set.name(), spec(set)));
        if let Some(counter) = set.counter() {
            line(&mut script, &format!("add counter inet {table} {counter}"));
        }
    }
    for meter in ["connections", "packets"] {
        for (version, kind) in [(4, "ipv4_addr"), (6, "ipv6_addr")] {
            let spec = format!("type {kind}; flags dynamic, timeout; timeout 1m; size 65536;");
            line(&mut script, &format!("add set inet {table} {meter}{version} {{ {spec} }}"));
        }
    }
    for (version, kind) in [(4, "ipv4_addr"), (6, "ipv6_addr")] {
        let spec = format!("type {kind}; flags dynamic, timeout; timeout {}s; size 65536;", TRIED.as_secs());
        line(&mut script, &format!("add set inet {table} tried{version} {{ {spec} }}"));
    }
    chains(&mut script, settings);
    for set in Set::ALL.into_iter().filter(|set| !set.holds_intervals()) {
        line(&mut script, &format!("add element inet {table} {} {{ {} }}", set.name(), set.sentinel()));
    }
    script
}

/// The same, from nothing: for a table that another version made differently.
pub(super) fn recreate(settings: &Settings) -> String {
    let table = &settings.table;
    format!("add table inet {table}\ndelete table inet {table}\n{}", create(settings))
}

pub(super) fn delete(settings: &Settings) -> String {
    let table = &settings.table;
    format!("add table inet {table}\ndelete table inet {table}\n")
}

fn spec(set: Set) -> &'static str {
    match (set, set.is_v4(), set.holds_intervals()) {
        (Set::Allow4, ..) => "type ipv4_addr; flags interval;",
        (Set::Allow6, ..) => "type ipv6_addr; flags interval;",
        (_, true, false) => "type ipv4_addr; flags timeout;",
        (_, false, false) => "type ipv6_addr; flags timeout;",
        (_, true, true) => "type ipv4_addr; flags interval, timeout;",
        (_, false, true) => "type ipv6_addr; flags interval, timeout;",
    }
}

fn chains(script: &mut String, settings: &Settings) {
    let table = &settings.table;
    line(
        script,
        &format!("add chain inet {table} {CHAIN} {{ type filter hook prerouting priority -300; policy accept; }}"),
    );
    for chain in CHAINS.iter().filter(|chain| **chain != CHAIN) {
        line(script, &format!("add chain inet {table} {chain}"));
    }
    for chain in CHAINS {
        line(script, &format!("flush chain inet {table} {chain}"));
    }
    for rule in stop_rules(&settings.ports) {
        line(script, &format!("add rule inet {table} {CHAIN} {rule}"));
    }
    for (chain, rule) in dropped_rules().into_iter().chain(trickle_rules(&settings.limit)) {
        line(script, &format!("add rule inet {table} {chain} {rule}"));
    }
}

fn stop_rules(ports: &Ports) -> Vec<String> {
    let mut rules = vec!["ip saddr @allow4 return".to_string(), "ip6 saddr @allow6 return".to_string()];
    if let Ports::Only(list) = ports {
        let list = list.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        rules.push("meta l4proto != { tcp, udp } return".into());
        rules.push(if list.is_empty() { "return".into() } else { format!("th dport != {{ {list} }} return") });
    }
    for set in Set::ALL {
        let Some(counter) = set.counter() else { continue };
        let source = match (set, set.is_v4()) {
            (Set::Drop6Net64 | Set::Limit6Net64, _) => format!("ip6 saddr & {MASK64}"),
            (_, true) => "ip saddr".into(),
            (_, false) => "ip6 saddr".into(),
        };
        let verdict = match (set.limits(), set.is_v4()) {
            (false, true) => format!("counter name {counter} goto dropped4"),
            (false, false) => format!("counter name {counter} goto dropped6"),
            (true, true) => "goto trickle4".into(),
            (true, false) => "goto trickle6".into(),
        };
        rules.push(format!("{source} @{} {verdict}", set.name()));
    }
    rules
}

/// A rule whose set is full ends there, so the verdict is a rule of its own.
fn dropped_rules() -> Vec<(&'static str, String)> {
    vec![
        ("dropped4", "update @tried4 { ip saddr }".into()),
        ("dropped4", "drop".into()),
        ("dropped6", "update @tried6 { ip6 saddr }".into()),
        ("dropped6", "drop".into()),
    ]
}

fn trickle_rules(limit: &Trickle) -> Vec<(&'static str, String)> {
    let opens = "tcp flags & (syn | ack) == syn";
    let connections = format!(
        "limit rate over {}/second burst {} packets",
        limit.connections_per_second.max(1),
        limit.connections_burst.max(1)
    );
    let packets = format!(
        "limit rate over {}/second burst {} packets",
        limit.packets_per_second.max(1),
        limit.packets_burst.max(1)
    );
    let six = format!("ip6 saddr & {MASK64}");
    vec![
        ("trickle4", format!("{opens} update @connections4 {{ ip saddr {connections} }} counter name limit4 drop")),
        ("trickle4", format!("update @packets4 {{ ip saddr {packets} }} counter name limit4 drop")),
        ("trickle6", format!("{opens} update @connections6 {{ {six} {connections} }} counter name limit6 drop")),
        ("trickle6", format!("update @packets6 {{ {six} {packets} }} counter name limit6 drop")),
    ]
}

fn line(script: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(script, "{text}");
}
