//! What is said of a target, as data.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Serialize;

use crate::probe::catalogue::{self, Suite};
use crate::probe::grade::Grade;
use crate::probe::http::{Exposed, Web};
use crate::probe::tls::Seen;
use crate::probe::tls::certificate::Chain;
use crate::probe::tls::features::Features;
use crate::probe::tls::primes::Prime;
use crate::probe::weak::Vulnerability;
use crate::probe::wire::Failure;

/// Whether a target could be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Look {
    Seen,
    CouldNotLook { cause: String },
}

/// Everything about one target. Keys of `suites`, `order` and `groups` are protocols.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub target: String,
    pub address: Option<SocketAddr>,
    #[serde(flatten)]
    pub look: Look,
    pub protocols: Vec<&'static str>,
    pub suites: BTreeMap<&'static str, Vec<&'static str>>,
    /// Who decides which suite is used: `server` or `client`.
    pub order: BTreeMap<&'static str, &'static str>,
    pub groups: BTreeMap<&'static str, Vec<String>>,
    pub signatures: Vec<&'static str>,
    pub features: Features,
    pub primes: Vec<Prime>,
    pub vulnerabilities: Vec<Vulnerability>,
    /// The first chain; `other_certificates` has those for other kinds of keys.
    pub certificate: Option<Chain>,
    pub other_certificates: Vec<Chain>,
    /// What HTTP shows: headers, identity, methods, redirects, files.
    #[serde(flatten)]
    pub web: Web,
    pub grade: Option<Grade>,
    /// What could not be looked at, in words.
    pub problems: Vec<String>,
    pub connections: usize,
    pub seconds: f64,
}

impl Report {
    /// A target of which nothing is known, and why.
    pub fn unseen(target: String, address: Option<SocketAddr>, cause: String) -> Self {
        Self {
            target,
            address,
            look: Look::CouldNotLook { cause },
            protocols: Vec::new(),
            suites: BTreeMap::new(),
            order: BTreeMap::new(),
            groups: BTreeMap::new(),
            signatures: Vec::new(),
            features: Features::default(),
            primes: Vec::new(),
            vulnerabilities: Vec::new(),
            certificate: None,
            other_certificates: Vec::new(),
            web: Web::default(),
            grade: None,
            problems: Vec::new(),
            connections: 0,
            seconds: 0.0,
        }
    }

    /// Files that should not be served.
    pub fn exposed(&self) -> &[Exposed] {
        &self.web.exposed
    }

    /// Takes over what handshakes showed.
    pub fn fill(&mut self, seen: Seen) {
        for offered in &seen.versions {
            let protocol = offered.version.name();
            self.protocols.push(protocol);
            let mut suites = offered.suites.clone();
            suites.sort_by_key(|suite| std::cmp::Reverse(strength(suite)));
            self.suites.insert(protocol, suites.iter().map(|suite| suite.name).collect());
            if let Some(server) = offered.server_order {
                self.order.insert(protocol, if server { "server" } else { "client" });
            }
        }
        let named = |codes: &[u16]| codes.iter().map(|code| catalogue::group_name(*code)).collect();
        self.groups = seen.groups.iter().map(|(version, codes)| (version.name(), named(codes))).collect();
        let signature =
            |code: &u16| catalogue::signatures().iter().find(|(known, _)| known == code).map(|(_, name)| *name);
        self.signatures = seen.signatures.iter().filter_map(signature).collect();
        for (version, why) in &seen.unclear {
            let problem = if *why == Failure::Stopped { why.to_string() } else { format!("{}: {why}", version.name()) };
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        self.problems.extend(seen.no_chain.map(|why| format!("certificate: {why}")));
        self.features = seen.features;
        self.primes = seen.primes;
        let mut chains = seen.chains.into_iter();
        self.certificate = chains.next();
        self.other_certificates = chains.collect();
    }
}

/// The best suites first: forward secret, authenticated encryption, more bits.
fn strength(suite: &Suite) -> (bool, bool, u16, &'static str) {
    (suite.is_forward_secret() && suite.authentication != "none", suite.mode == "aead", suite.bits, suite.name)
}
