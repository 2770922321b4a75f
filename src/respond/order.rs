//! What a person orders: it passes the same safety as what the policy decides, and says why it is refused.

use ipnet::IpNet;

use crate::model::{Action, Decision, Millis, Point, Subject};
use crate::respond::decide::{Respond, World, net};
use crate::respond::ground::{plain, spared};

/// A ban or limit by hand.
#[derive(Clone, Debug)]
pub struct Order {
    pub subject: Subject,
    pub action: Action,
    /// None: until undone by a person.
    pub until: Option<Millis>,
    /// Why, in the person's own words.
    pub reason: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0} is not banned: {1}")]
    Spared(IpNet, String),
    #[error("{0} is not banned: an administrator session is open from it; close the session first, or limit it")]
    LocksOut(IpNet),
    #[error("only addresses and prefixes can be banned by hand")]
    NoAddress,
}

impl Respond {
    /// The decision for an order; it is remembered like any other.
    pub fn order(&mut self, order: &Order, world: &World<'_>) -> Result<Decision, Refused> {
        let net = net(&order.subject).ok_or(Refused::NoAddress)?;
        if order.action != Action::Tell {
            if let Some(reason) = spared(net, world.now, world.now, self.ground(), self.policy()) {
                return Err(Refused::Spared(net, reason));
            }
            let session = world.admin_sessions.iter().any(|ip| net.contains(&plain(*ip)));
            if session && order.action == Action::Ban {
                return Err(Refused::LocksOut(net));
            }
        }
        let single = net.prefix_len() == net.max_prefix_len();
        let decision = Decision {
            subject: if single { Subject::Client(net.network()) } else { Subject::Prefix(net) },
            action: order.action,
            // Ordered by name, so done in observe mode too.
            point: if order.action == Action::Tell { Point::Nowhere } else { Point::PacketFilter },
            at: world.now,
            until: order.until,
            offence: 1,
            why: order.reason.clone(),
            rules: vec!["by-hand".into()],
            alerts: Vec::new(),
        };
        self.resume(&decision);
        Ok(decision)
    }
}
