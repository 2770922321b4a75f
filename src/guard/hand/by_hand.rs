//! What orders of a person need of the hand: store, memory of the policy, and packet filter in step.

use ipnet::IpNet;

use crate::act::packet_filter::FilterError;
use crate::guard::hand::Watched;
use crate::guard::hand::{Hand, subject_text, watchable};
use crate::model::{Decision, DecisionId, Millis, Point, Subject};
use crate::respond::order::{Order, Refused};
use crate::respond::{ground, policy};
use crate::store::{Allowed, Batch, Change, StoreError};

/// Decisions of one subject that are looked through.
const AT_MOST: u32 = 1000;

impl Hand {
    pub(in crate::guard) fn decide_order(&mut self, order: &Order, now: Millis) -> Result<Decision, Refused> {
        let world = super::world(&self.sessions, &self.logins, self.good_clients, now);
        let decision = self.respond.order(order, &world)?;
        self.reconciler.want(&decision);
        self.proof.watch(&decision, now);
        Ok(decision)
    }

    pub(in crate::guard) fn record_order(
        &mut self,
        decision: &Decision,
        watched: &mut Watched,
    ) -> Result<DecisionId, StoreError> {
        let who = subject_text(&decision.subject);
        let change = Change {
            at: decision.at,
            what: "ban".to_owned(),
            detail: format!("{who}: {}", decision.why),
            undo: format!("peelhouse unban {who}"),
            outcome: "ordered".to_owned(),
        };
        let batch = Batch { decisions: vec![decision.clone()], journal: vec![change], ..Batch::default() };
        watched.added.extend(watchable(decision));
        Ok(self.store.record(batch)?.decisions.first().copied().unwrap_or(DecisionId(0)))
    }

    /// Ends all that is in force on exactly this subject; how many decisions that were.
    pub(in crate::guard) fn end(
        &mut self,
        subject: &Subject,
        why: &str,
        by: &str,
        now: Millis,
    ) -> Result<usize, StoreError> {
        let (mut ended, mut enforced) = (0, false);
        for past in self.store.decisions_of(subject, AT_MOST)? {
            if past.ended.is_none() && self.store.end(past.id, now, why, by)? {
                ended += 1;
                enforced |= past.decision.point == Point::PacketFilter;
            }
        }
        self.respond.pardon(subject, now);
        // Where the filter is at work, something may stand in it that is not written down yet.
        if enforced || self.filter.is_some() {
            self.reconciler.end(subject);
        }
        self.web.end(subject);
        self.proof.end(subject);
        let change = Change {
            at: now,
            what: "unban".to_owned(),
            detail: format!("{}: {why}", subject_text(subject)),
            undo: format!("peelhouse ban {}", subject_text(subject)),
            outcome: format!("{ended} decisions ended by {by}"),
        };
        if ended > 0 {
            self.store.record(Batch { journal: vec![change], ..Batch::default() })?;
        }
        Ok(ended)
    }

    pub(in crate::guard) fn add_allowed(
        &mut self,
        net: IpNet,
        until: Option<Millis>,
        reason: &str,
        by: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.store.allow(&Allowed { net, reason: reason.to_owned(), owner: by.to_owned(), at: now, until })?;
        self.take_allowed(now)
    }

    pub(in crate::guard) fn remove_allowed(&mut self, net: IpNet, now: Millis) -> Result<bool, StoreError> {
        let was = self.store.disallow(net)?;
        self.take_allowed(now)?;
        Ok(was)
    }

    /// The policy's list, with what people added to it.
    pub(super) fn take_allowed(&mut self, now: Millis) -> Result<(), StoreError> {
        let mut policy = self.config.policy.clone();
        policy.allowed.extend(self.store.allowed(now)?.into_iter().map(|(_, entry)| policy::Allowed {
            nets: vec![entry.net],
            reason: entry.reason,
            owner: entry.owner,
            until: entry.until,
        }));
        let ground = self.respond.ground().clone();
        self.respond.reload(policy, ground);
        Ok(())
    }

    /// Everything in force on addresses of a net.
    pub(in crate::guard) fn banned_within(&self, net: IpNet, now: Millis) -> Result<Vec<IpNet>, StoreError> {
        let active = self.store.active(now)?;
        let stopped = active.iter().filter(|(_, decision)| decision.point != Point::Nowhere);
        let mut nets: Vec<IpNet> = stopped
            .filter_map(|(_, decision)| super::net(&decision.subject))
            .filter(|inside| net.contains(inside))
            .collect();
        nets.sort_unstable();
        nets.dedup();
        Ok(nets)
    }

    /// Has the packet filter let through whom the policy allows.
    pub(in crate::guard) fn let_through(&mut self, now: Millis) -> Result<(), FilterError> {
        self.reconcile(now)?;
        if let Some(filter) = &mut self.filter {
            filter.allow(&ground::always_allowed(now, self.respond.ground(), self.respond.policy()))?;
        }
        Ok(())
    }
}
