//! What the web servers' own deny map should hold: decisions about clients that come through a trusted proxy.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::act::packet_filter::Effect;
use crate::act::server_map::Denied;
use crate::model::{Action, Decision, Millis, Point, Subject};
use crate::respond::decide::net;

/// Decisions for [`Point::WebServer`], each until it ends.
#[derive(Default)]
pub struct WebDeny {
    wanted: BTreeMap<IpNet, (Effect, Option<Millis>)>,
}

impl WebDeny {
    /// Takes a decision up; those that are not for the web server change nothing.
    pub fn want(&mut self, decision: &Decision) {
        let Some(net) = net(&decision.subject).filter(|_| decision.point == Point::WebServer) else { return };
        let effect = match decision.action {
            Action::Tell => return,
            Action::Limit => Effect::Limit,
            Action::Ban => Effect::Drop,
        };
        self.wanted.insert(net, (effect, decision.until));
    }

    /// Ends whatever is wanted of a subject.
    pub fn end(&mut self, subject: &Subject) {
        net(subject).map(|net| self.wanted.remove(&net));
    }

    pub fn len(&self) -> usize {
        self.wanted.len()
    }

    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// What the map should say now; forgets what has ended.
    pub fn denied(&mut self, now: Millis) -> Denied {
        self.wanted.retain(|_, (_, until)| until.is_none_or(|until| now < until));
        self.wanted.iter().map(|(net, (effect, _))| (*net, *effect)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_is_for_the_web_server_until_it_ends() {
        let subject = Subject::Client("203.0.113.7".parse().unwrap());
        let decision = Decision {
            subject: subject.clone(),
            action: Action::Limit,
            point: Point::WebServer,
            at: Millis(0),
            until: Some(Millis(10)),
            offence: 1,
            why: String::new(),
            rules: Vec::new(),
            alerts: Vec::new(),
        };
        let mut deny = WebDeny::default();
        deny.want(&Decision { point: Point::PacketFilter, ..decision.clone() });
        assert!(deny.denied(Millis(1)).is_empty());
        deny.want(&decision);
        assert_eq!(deny.denied(Millis(1)).into_values().collect::<Vec<_>>(), [Effect::Limit]);
        assert!(deny.denied(Millis(10)).is_empty());
        deny.want(&decision);
        deny.end(&subject);
        assert!(deny.denied(Millis(1)).is_empty());
    }
}
