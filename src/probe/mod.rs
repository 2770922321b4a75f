//! A web server as it looks from outside, any server, no agent: what it takes in handshakes, what is weak in that, its
//! certificates, its answers over HTTP, and a grade with its reasons. Every connection is bounded in time and bytes, every
//! target in connections; what could not be looked at is said.

pub mod catalogue;
pub mod grade;
pub mod http;
pub mod many;
pub mod report;
pub mod target;
pub mod tls;
pub mod weak;
pub mod wire;

use std::net::SocketAddr;

use crate::host::clock;
use crate::probe::http::Web;
use crate::probe::report::{Look, Report};
use crate::probe::target::Target;
use crate::probe::tls::Seen;
use crate::probe::tls::ask::Asker;
use crate::probe::tls::trust::Judge;
use crate::probe::weak::judge;
use crate::probe::wire::{Limits, Peer};

/// Looks at one target.
pub fn look(target: &Target, limits: &Limits, trust: &Judge) -> Report {
    let begin = clock::monotonic();
    let mut report = match target.resolve() {
        Ok(address) => at(target, address, limits, trust),
        Err(cause) => Report::unseen(target.to_string(), None, cause),
    };
    report.seconds = clock::monotonic().saturating_duration_since(begin).as_secs_f64();
    report
}

fn at(target: &Target, address: SocketAddr, limits: &Limits, trust: &Judge) -> Report {
    let peer = Peer::new(address, limits.clone());
    let asker = Asker { peer: &peer, name: target.name() };
    let mut report = Report::unseen(target.to_string(), Some(address), String::new());
    let seen = if target.tls { tls::look(asker, trust).map(Some) } else { Ok(None) };
    match seen {
        Err(failure) => report.look = Look::CouldNotLook { cause: failure.to_string() },
        Ok(seen) => {
            report.look = verdict(seen.as_ref());
            let nothing = report.look != Look::Seen;
            report.web = if nothing { Web::default() } else { http::look(target, asker) };
            if let Some(seen) = seen {
                report.vulnerabilities = judge(&seen);
                report.grade = grade::grade(&seen, &report.vulnerabilities, report.web.hsts());
                report.fill(seen);
            }
            if nothing {
                report.vulnerabilities.clear();
            }
        }
    }
    report.problems.extend(report.web.problem.iter().map(|why| format!("http: {why}")));
    report.connections = peer.opened();
    report
}

/// Nothing seen is no verdict on the server, whatever the reason.
fn verdict(seen: Option<&Seen>) -> Look {
    let Some(seen) = seen.filter(|seen| seen.versions.is_empty()) else { return Look::Seen };
    let why = seen.unclear.first().map(|(version, why)| format!("{}: {why}", version.name()));
    Look::CouldNotLook { cause: why.unwrap_or_else(|| "it takes no version of TLS that is known here".to_owned()) }
}
