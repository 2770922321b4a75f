//! Do the bans hold? Told from what the logs show of banned clients, and from what the packet filter stopped.

use std::time::Instant;

use crate::act::packet_filter::{Element, Ports};
use crate::guard::error::GuardError;
use crate::guard::hand::{Hand, net};
use crate::guard::message::Sighting;
use crate::guard::said::Said;
use crate::model::{Action, Decision, DecisionId, Millis, Point, Subject};
use crate::respond::proof::{self, Cause, Hold, Look, QUIET};
use crate::store;

/// Bans whose proof is still to be told; of a flood of bans only the last ones are.
const MOST: usize = 1000;
/// Looks at the packet filter in one go.
const AT_ONCE: usize = 50;

/// A ban that is too young to say whether it holds.
pub(super) struct Unproven {
    id: DecisionId,
    subject: Subject,
    since: Millis,
}

impl Hand {
    pub(super) fn prove_later(&mut self, id: DecisionId, decision: &Decision) {
        if decision.action != Action::Ban || decision.point == Point::Nowhere {
            return;
        }
        if self.unproven.len() >= MOST {
            self.unproven.pop_front();
        }
        self.unproven.push_back(Unproven { id, subject: decision.subject.clone(), since: decision.at });
    }

    /// Says of the bans that are old enough whether they hold; once each.
    pub fn prove(&mut self, now: Millis, say: &mut dyn FnMut(&Said<'_>)) {
        for _ in 0..AT_ONCE {
            let due = |unproven: &Unproven| now.since(unproven.since) > QUIET + QUIET / 2;
            let Some(Unproven { id, subject, since }) = self.unproven.pop_front_if(|unproven| due(unproven)) else {
                return;
            };
            let tried = self.tried_since(&subject, since, now);
            if let Some(hold) = self.proof.holds(&subject, tried, now).filter(|hold| *hold != Hold::Ineffective) {
                say(&Said::Proof { decision: id, hold });
            }
        }
    }

    fn tried_since(&mut self, subject: &Subject, since: Millis, now: Millis) -> bool {
        let ago = self.filter.as_mut().zip(net(subject)).and_then(|(filter, net)| filter.tried(net).ok()?);
        ago.is_some_and(|ago| ago < now.since(since))
    }

    /// A banned client came again: written down, told, and mended where the ban does not hold.
    pub fn sighting(
        &mut self,
        seen: &Sighting,
        clock: Instant,
        say: &mut dyn FnMut(&Said<'_>),
    ) -> Result<(), GuardError> {
        let Sighting { client, via, site, began, last, refused, evidence, .. } = seen;
        let request = proof::Sighting { client: *client, via: *via, site, refused: *refused, began: *began, at: *last };
        let Some(subject) = self.proof.seen(&request) else { return Ok(()) };
        let look = self.look(&subject);
        let Some(ineffective) = self.proof.explain(&subject, look) else { return Ok(()) };
        let Some(past) = self.store.decisions_of(&subject, 1)?.pop() else { return Ok(()) };
        if ineffective.cause == Cause::ElementGone {
            self.reconciler.want(&past.decision);
        }
        self.batch.sightings.push(store::Sighting {
            decision: past.id,
            at: *last,
            place: evidence.file.clone(),
            line: evidence.line,
            text: evidence.text.clone(),
            cause: ineffective.cause.to_string(),
        });
        self.waiting_since.get_or_insert(clock);
        say(&Said::Ineffective { decision: past.id, cause: ineffective.to_string() });
        Ok(())
    }

    fn look(&mut self, subject: &Subject) -> Look {
        let net = net(subject);
        let held = self.filter.as_mut().zip(net).map(|(filter, net)| filter.get(&Element::drop(net, None)));
        Look {
            table_stands: !matches!(held, None | Some(Err(_))),
            element_held: matches!(held, Some(Ok(Some(_)))),
            port_excluded: self.config.packet_filter.ports != Ports::All,
        }
    }
}
