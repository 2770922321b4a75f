//! TLS vulnerabilities: what handshakes with the running server give away.

use std::collections::HashMap;
use std::time::Duration;

use crate::host::{Door, Web, clock};
use crate::measure::{Grade, Has, Without};
use crate::model::{Assessed, Confidence, Finding, Proof, Verdict};
use crate::probe::target::Target;
use crate::probe::tls::ask::Asker;
use crate::probe::tls::trust::Judge;
use crate::probe::weak::{self, Vulnerability};
use crate::probe::wire::{Limits, Peer};
use crate::probe::{tls, weak::Verdict as Trial};

crate::measure! {
    /// # TLS vulnerabilities
    ///
    /// What a client could exploit is found by being one.
    ///
    /// ## What it looks at
    /// Handshakes with every running listener that speaks TLS, over loopback and with the name of a site: old versions,
    /// weak suites and groups, compression, renegotiation, and the trials for Heartbleed, CCS injection and ROBOT, all in
    /// forms that do no harm. `peelhouse probe` does the same with any server.
    ///
    /// ## Why it matters
    /// A configuration says what is wanted. Which versions and suites are really spoken depends on the library, on its
    /// level of security and on the default server of the address.
    ///
    /// ## Example
    /// Before: "SWEET32: …, taken: TLS_RSA_WITH_3DES_EDE_CBC_SHA". After, the suite is gone from `ssl_ciphers`, and the
    /// handshake with it is refused.
    ///
    /// ## What hardening changes
    /// Nothing yet: a server's configuration cannot be changed from here. What to write stands with each finding.
    ///
    /// ## What the watcher sees
    /// Nothing: access logs do not tell how a handshake ended.
    ///
    /// ## Whom it affects
    /// Clients so old that they know nothing else: browsers of before 2014, devices that are never updated.
    ///
    /// ## Limits
    /// At most 32 pairs of listener and name are asked, then one name a listener. A server that does not run, an image and
    /// a chroot cannot be asked.
    ///
    /// ## References
    /// - RFC 9325, Recommendations for Secure Use of TLS: <https://www.rfc-editor.org/rfc/rfc9325>
    id: "tls-vulnerabilities",
    priority: 60,
    difficulty: Grade::Medium,
    effectiveness: Grade::Medium,
    impact: Grade::Low,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("access logs do not tell how a handshake ended"),
}

/// Pairs of listener and name that are asked one by one.
const MOST_NAMES: usize = 32;
/// For one of them.
const TIME: Duration = Duration::from_secs(30);

/// What a listener showed, or why it could not be asked.
type Looked = Result<Vec<Vulnerability>, String>;

fn check(web: &Web<'_>) -> Vec<Assessed> {
    let doors: Vec<Door<'_, '_>> = doors(web).collect();
    let by_name = doors.len() <= MOST_NAMES;
    let trust = Judge::of(web.host, clock::now());
    let mut looked: HashMap<(String, u16, String), Looked> = HashMap::new();
    let judged = doors.iter().map(|door| {
        let target = target(door);
        let name = if by_name { door.host_name() } else { String::new() };
        let known = looked.entry((target.host.clone(), target.port, name));
        let looked = known.or_insert_with(|| look(web, door, &target, &trust));
        Assessed::site(door.site.name(), verdict(&target, &door.host_name(), looked))
    });
    judged.collect()
}

fn doors<'w, 'a>(web: &'w Web<'a>) -> impl Iterator<Item = Door<'w, 'a>> {
    let sites = web.servers.iter().flat_map(|server| server.server.sites.iter().map(move |site| (server, site)));
    sites.flat_map(|(server, site)| web.doors_at(server, site)).filter(|door| door.listener.tls)
}

fn target(door: &Door<'_, '_>) -> Target {
    let (address, port) = door.address();
    Target { host: address.to_string(), port, tls: true }
}

fn look(web: &Web<'_>, door: &Door<'_, '_>, target: &Target, trust: &Judge) -> Looked {
    if !web.host.is_live() || door.server.server.running.is_none() {
        return Err("handshakes can only be seen with a server that runs".to_owned());
    }
    let limits = Limits { target: TIME, ..Limits::default() };
    let peer = Peer::new(target.resolve()?, limits);
    let name = door.host_name();
    let seen = tls::look(Asker { peer: &peer, name: Some(name.as_str()).filter(|name| *name != "_") }, trust);
    let seen = seen.map_err(|failure| failure.to_string())?;
    if seen.versions.is_empty() {
        return Err("it takes no version of TLS that is known here".to_owned());
    }
    Ok(weak::judge(&seen))
}

fn verdict(target: &Target, name: &str, looked: &Looked) -> Verdict {
    let all = match looked {
        Err(cause) => return Verdict::CouldNotLook { cause: format!("{target}: {cause}") },
        Ok(all) => all,
    };
    let exchange =
        |response: String| vec![Proof::Exchange { request: format!("handshakes with {target} as {name}"), response }];
    let found = all.iter().filter(|weakness| weakness.verdict == Trial::Found).map(|weakness| Finding {
        severity: weakness.severity,
        confidence: Confidence::High,
        text: weakness.title.to_owned(),
        evidence: exchange(weakness.evidence.clone()),
        fix: weakness.fix.to_owned(),
    });
    let unseen = all.iter().filter(|weakness| weakness.verdict == Trial::CouldNotLook).map(|weakness| weakness.id);
    let unseen: Vec<&str> = unseen.collect();
    let but = if unseen.is_empty() { String::new() } else { format!("; could not look for {}", unseen.join(", ")) };
    Verdict::of(found.collect(), exchange(format!("none of the {} known on {}{but}", all.len(), weak::date())))
}
