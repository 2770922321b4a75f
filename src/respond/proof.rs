//! Does a ban hold? Every request that follows is held against it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::Serialize;

use crate::model::{Action, Decision, Millis, Point, Subject, Via};
use crate::respond::decide::net;
use crate::respond::ground::plain;

/// Requests in flight when a ban lands are logged a little later.
const GRACE: Duration = Duration::from_secs(5);
/// Requests that speak against a ban where the log does not tell when they began: a long answer cut off by the ban is
/// logged long after it, once.
const UNDATED: u32 = 3;
/// The same ban is not told about more often than this.
const PAUSE: Duration = Duration::from_secs(60);
/// So long without a request, with packets stopped meanwhile, a ban holds.
pub const QUIET: Duration = Duration::from_secs(30);

/// A request of somebody, as a log tells it.
#[derive(Clone, Debug)]
pub struct Sighting<'a> {
    pub client: IpAddr,
    pub via: Via,
    pub site: &'a str,
    /// The web server refused it (403, 429).
    pub refused: bool,
    /// When the request began, where the log lets one tell.
    pub began: Option<Millis>,
    /// The log clock.
    pub at: Millis,
}

/// What the caller sees of the machine, to tell causes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub table_stands: bool,
    /// The element of this ban stands in the kernel.
    pub element_held: bool,
    /// The site is served on a port that bans leave open.
    pub port_excluded: bool,
}

/// Why a banned client is still seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Nothing was enforced: observe mode.
    Observed,
    TableGone,
    ElementGone,
    /// Its packets are the proxy's.
    ThroughProxy(IpAddr),
    PortExcluded,
    /// The web server has not taken up the deny map.
    MapIgnored,
    /// The element stands and was passed by: another interface or namespace, an earlier accept in hardware, a proxy that
    /// no setting names.
    PassedBy,
}

/// A ban that does not hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ineffective {
    pub subject: Subject,
    pub cause: Cause,
    /// Requests since the ban.
    pub requests: u32,
    pub banned: Millis,
    pub last: Millis,
    pub site: String,
}

/// What is known of one ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// Stopped packets, and no request since.
    Holds,
    /// Neither requests nor stopped packets: nobody came to try it.
    Untried,
    Ineffective,
}

/// The bans under watch. Limits are not: a trickle is wanted.
#[derive(Default)]
pub struct Proof {
    watched: BTreeMap<IpNet, Watch>,
    /// Widths among the watched nets.
    widths: BTreeSet<u8>,
}

struct Watch {
    subject: Subject,
    point: Point,
    since: Millis,
    until: Option<Millis>,
    requests: u32,
    /// Requests that the web server refused.
    refused: u64,
    dated: bool,
    last: Millis,
    told: Option<Millis>,
    via: Via,
    site: String,
}

impl Proof {
    /// Watches a ban from the moment it stands.
    pub fn watch(&mut self, decision: &Decision, since: Millis) {
        let Some(net) = net(&decision.subject).filter(|_| decision.action == Action::Ban) else { return };
        if let Some(watch) = self.watched.get_mut(&net).filter(|watch| watch.point == decision.point) {
            watch.until = decision.until;
            return;
        }
        let watch = Watch {
            subject: decision.subject.clone(),
            point: decision.point,
            since,
            until: decision.until,
            requests: 0,
            refused: 0,
            dated: false,
            last: since,
            told: None,
            via: Via::Direct,
            site: String::new(),
        };
        self.widths.insert(net.prefix_len());
        self.watched.insert(net, watch);
    }

    pub fn end(&mut self, subject: &Subject) {
        net(subject).map(|net| self.watched.remove(&net));
    }

    /// Counts a request against the bans; gives the subject of one that is worth a look now.
    pub fn seen(&mut self, sighting: &Sighting<'_>) -> Option<Subject> {
        if self.watched.is_empty() {
            return None;
        }
        let net = self.watched_net(plain(sighting.client), sighting.at)?;
        let watch = self.watched.get_mut(&net)?;
        let settled = watch.since + GRACE;
        if sighting.at <= settled || sighting.began.is_some_and(|began| began <= settled) {
            return None;
        }
        if watch.point == Point::WebServer && sighting.refused {
            watch.refused = watch.refused.saturating_add(1);
            return None;
        }
        watch.requests = watch.requests.saturating_add(1);
        watch.dated |= sighting.began.is_some();
        watch.last = watch.last.max(sighting.at);
        watch.via = sighting.via;
        watch.site = sighting.site.to_string();
        let enough = watch.dated || watch.requests >= UNDATED;
        let due = watch.told.is_none_or(|told| sighting.at.since(told) >= PAUSE);
        if !(enough && due) {
            return None;
        }
        watch.told = Some(sighting.at);
        Some(watch.subject.clone())
    }

    /// What to tell about a subject that `seen` gave, once the machine was looked at.
    pub fn explain(&self, subject: &Subject, look: Look) -> Option<Ineffective> {
        let watch = self.watched.get(&net(subject)?)?;
        Some(Ineffective {
            subject: subject.clone(),
            cause: cause(watch, look),
            requests: watch.requests,
            banned: watch.since,
            last: watch.last,
            site: watch.site.clone(),
        })
    }

    /// How a ban stands; none where it is too early to say, or nothing is watched. `tried`: the packet filter stopped it
    /// since the ban.
    pub fn holds(&self, subject: &Subject, tried: bool, now: Millis) -> Option<Hold> {
        let watch = self.watched.get(&net(subject)?)?;
        match (watch.requests, tried || watch.refused > 0) {
            (1.., _) if watch.dated || watch.requests >= UNDATED => Some(Hold::Ineffective),
            _ if now.since(watch.last.max(watch.since)) < QUIET => None,
            (_, false) => Some(Hold::Untried),
            (_, true) => Some(Hold::Holds),
        }
    }

    /// Forgets bans that are over.
    pub fn tidy(&mut self, now: Millis) {
        self.watched.retain(|_, watch| live(watch.until, now));
        self.widths = self.watched.keys().map(IpNet::prefix_len).collect();
    }

    /// The narrowest watched net around an address.
    fn watched_net(&self, client: IpAddr, now: Millis) -> Option<IpNet> {
        let mut nets = self.widths.iter().rev().filter_map(|width| Some(IpNet::new(client, *width).ok()?.trunc()));
        nets.find(|net| self.watched.get(net).is_some_and(|watch| live(watch.until, now)))
    }
}

fn cause(watch: &Watch, look: Look) -> Cause {
    match (watch.point, watch.via) {
        (Point::Nowhere, _) => Cause::Observed,
        (Point::WebServer, _) => Cause::MapIgnored,
        (Point::PacketFilter, Via::Proxy(proxy)) => Cause::ThroughProxy(proxy),
        (Point::PacketFilter, _) if !look.table_stands => Cause::TableGone,
        (Point::PacketFilter, _) if !look.element_held => Cause::ElementGone,
        (Point::PacketFilter, _) if look.port_excluded => Cause::PortExcluded,
        (Point::PacketFilter, _) => Cause::PassedBy,
    }
}

fn live(until: Option<Millis>, now: Millis) -> bool {
    until.is_none_or(|until| now < until)
}

impl fmt::Display for Ineffective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = net(&self.subject).map_or_else(String::new, |net| match &self.subject {
            Subject::Client(ip) => ip.to_string(),
            _ => net.to_string(),
        });
        let Self { requests, banned, cause, .. } = self;
        write!(f, "the ban of {who} is ineffective: {requests} requests since {banned}: {cause}")?;
        if self.cause == Cause::PortExcluded { write!(f, " ({})", self.site) } else { Ok(()) }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Observed => "observe mode enforces nothing",
            Self::TableGone => "the table was gone from the packet filter; it is made again",
            Self::ElementGone => "its element was gone from the packet filter; it is added again",
            Self::ThroughProxy(proxy) => {
                return write!(f, "it comes through the proxy {proxy}; include the deny map in the web server");
            }
            Self::PortExcluded => "the site is served on a port that bans leave open",
            Self::MapIgnored => "the web server has not taken up the deny map; see that the snippet is included",
            Self::PassedBy => {
                "its element stands and is passed by; look for a proxy that no setting names, or another network namespace"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look { table_stands: true, element_held: true, port_excluded: false };

    fn ban(point: Point) -> (Proof, Subject) {
        let subject = Subject::Client("203.0.113.7".parse().unwrap());
        let mut proof = Proof::default();
        let decision = Decision {
            subject: subject.clone(),
            action: Action::Ban,
            point,
            at: Millis::from_secs(1_000),
            until: Some(Millis::from_secs(2_000)),
            offence: 1,
            why: String::new(),
            rules: Vec::new(),
            alerts: Vec::new(),
        };
        proof.watch(&decision, Millis::from_secs(1_000));
        (proof, subject)
    }

    fn sighting(at: i64, began: Option<i64>, via: Via) -> Sighting<'static> {
        let client = "203.0.113.7".parse().unwrap();
        Sighting {
            client,
            via,
            site: "www",
            refused: false,
            began: began.map(Millis::from_secs),
            at: Millis::from_secs(at),
        }
    }

    #[test]
    fn lines_in_flight_and_late_lines_of_earlier_requests_prove_nothing() {
        let (mut proof, subject) = ban(Point::PacketFilter);
        assert_eq!(proof.seen(&sighting(1_004, None, Via::Direct)), None);
        assert_eq!(proof.seen(&sighting(1_300, Some(990), Via::Direct)), None);
        assert_eq!(proof.holds(&subject, true, Millis::from_secs(1_010)), None, "too early");
        assert_eq!(proof.holds(&subject, true, Millis::from_secs(1_400)), Some(Hold::Holds));
        assert_eq!(proof.holds(&subject, false, Millis::from_secs(1_400)), Some(Hold::Untried));
    }

    #[test]
    fn a_request_begun_after_the_ban_tells_once_a_minute() {
        let (mut proof, subject) = ban(Point::PacketFilter);
        assert_eq!(proof.seen(&sighting(1_010, Some(1_010), Via::Direct)), Some(subject.clone()));
        assert_eq!(proof.seen(&sighting(1_020, Some(1_020), Via::Direct)), None);
        assert_eq!(proof.seen(&sighting(1_071, Some(1_071), Via::Direct)), Some(subject.clone()));
        assert_eq!(proof.holds(&subject, true, Millis::from_secs(1_400)), Some(Hold::Ineffective));
        assert_eq!(proof.explain(&subject, LOOK).unwrap().requests, 3);
    }

    #[test]
    fn what_the_web_server_refuses_proves_its_map() {
        let (mut proof, subject) = ban(Point::WebServer);
        let proxy = Via::Proxy("192.0.2.1".parse().unwrap());
        let refused = Sighting { refused: true, ..sighting(1_010, Some(1_010), proxy) };
        assert_eq!(proof.seen(&refused), None);
        assert_eq!(proof.holds(&subject, false, Millis::from_secs(1_100)), Some(Hold::Holds));
        assert_eq!(proof.seen(&sighting(1_200, Some(1_200), proxy)), Some(subject));
    }

    #[test]
    fn undated_requests_must_be_several() {
        let (mut proof, subject) = ban(Point::PacketFilter);
        let told: Vec<_> = (1_010..1_013).map(|at| proof.seen(&sighting(at, None, Via::Direct))).collect();
        assert_eq!(told, [None, None, Some(subject)]);
    }

    #[test]
    fn causes_are_told_apart() {
        let proxy: IpAddr = "192.0.2.1".parse().unwrap();
        let cause = |point, via, look| {
            let (mut proof, subject) = ban(point);
            proof.seen(&sighting(1_010, Some(1_010), via)).unwrap();
            proof.explain(&subject, look).unwrap().cause
        };
        let filter = Point::PacketFilter;
        assert_eq!(cause(Point::Nowhere, Via::Direct, LOOK), Cause::Observed);
        assert_eq!(cause(Point::WebServer, Via::Proxy(proxy), LOOK), Cause::MapIgnored);
        assert_eq!(cause(filter, Via::Proxy(proxy), LOOK), Cause::ThroughProxy(proxy));
        assert_eq!(cause(filter, Via::Direct, Look { table_stands: false, ..LOOK }), Cause::TableGone);
        assert_eq!(cause(filter, Via::Direct, Look { element_held: false, ..LOOK }), Cause::ElementGone);
        assert_eq!(cause(filter, Via::Direct, Look { port_excluded: true, ..LOOK }), Cause::PortExcluded);
        assert_eq!(cause(filter, Via::PerhapsProxy, LOOK), Cause::PassedBy);
    }

    #[test]
    fn a_ban_that_is_over_is_no_longer_watched() {
        let (mut proof, subject) = ban(Point::PacketFilter);
        assert_eq!(proof.seen(&sighting(2_001, Some(2_001), Via::Direct)), None);
        proof.tidy(Millis::from_secs(2_001));
        assert_eq!(proof.holds(&subject, true, Millis::from_secs(2_001)), None);
    }
}
