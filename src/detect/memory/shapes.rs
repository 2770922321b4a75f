//! How one path answers POST, by status and size, and what clients do next: after a failure they try again, after a
//! success they move on. A form is learnt from that, whatever its application; bounded, some 300 bytes a path.

use crate::detect::memory::persist::persist;

/// Seconds in which another POST of the same client is a second try.
const AGAIN: u32 = 120;
/// An answer that is forgotten sooner, for want of room, teaches nothing.
const KNOWN_AFTER: u32 = 20;
/// Clients that moved on after an answer before it can be a success.
const LEFT: u32 = 3;
const SHAPES: usize = 4;
const RECENT: usize = 16;

/// Answers that look the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    pub status: u16,
    pub size: u32,
    /// How often a client tried again after it, and how often it did not.
    pub again: u32,
    pub left: u32,
    /// Clients that moved on: one bit each.
    pub clients: u32,
}

/// The last answer to one client.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recent {
    pub client: u32,
    /// Seconds since 1970, 0 for none.
    pub at: u32,
    pub shape: u8,
}

/// The shapes of one path's answers, and to whom they were given last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shapes {
    pub shapes: [Shape; SHAPES],
    pub recent: [Recent; RECENT],
}

persist!(Shape { status, size, again, left, clients });
persist!(Recent { client, at, shape });
persist!(Shapes { shapes, recent });

impl Shapes {
    /// Whether an answer is a failure, or the success that failures of this form are told by; none where it is no form
    /// that is known.
    pub fn verdict(&self, status: u16, size: u32) -> Option<bool> {
        let here = self.shapes.iter().find(|shape| shape.fits(status, size))?;
        let others = || self.shapes.iter().filter(|other| *other != here && other.status != 0);
        if here.is_retried() && others().any(|other| other.is_success() && here.may_fail_beside(other)) {
            return Some(false);
        }
        let succeeds = here.is_success() && others().any(|other| other.is_retried() && other.may_fail_beside(here));
        succeeds.then_some(true)
    }

    /// Learns an answer to a client, told by a hash of its address.
    pub fn answered(&mut self, status: u16, size: u32, client: u32, now: u32) {
        self.close(now);
        let shape = self.place(status, size);
        let known = self.recent.iter().position(|recent| recent.at != 0 && recent.client == client);
        if let Some(before) = known.and_then(|at| self.recent.get(at)).copied()
            && let Some(shape) = self.shapes.get_mut(usize::from(before.shape))
        {
            shape.again = shape.again.saturating_add(1);
        }
        let at = known.unwrap_or_else(|| self.oldest());
        if known.is_none() {
            self.forget(at, now);
        }
        if let Some(recent) = self.recent.get_mut(at) {
            *recent = Recent { client, at: now.max(1), shape };
        }
    }

    /// True where this client was answered here in the last `seconds`.
    pub fn lately(&self, client: u32, now: u32, seconds: u32) -> bool {
        self.recent.iter().any(|recent| recent.client == client && recent.at != 0 && now <= recent.at + seconds)
    }

    /// Whoever did not try again for long moved on.
    fn close(&mut self, now: u32) {
        for at in 0..RECENT {
            if self.recent.get(at).is_some_and(|recent| recent.at != 0 && now > recent.at.saturating_add(AGAIN)) {
                self.forget(at, now);
            }
        }
    }

    fn forget(&mut self, at: usize, now: u32) {
        let Some(recent) = self.recent.get_mut(at) else { return };
        let gone = std::mem::take(recent);
        if gone.at == 0 || now < gone.at.saturating_add(KNOWN_AFTER) {
            return;
        }
        if let Some(shape) = self.shapes.get_mut(usize::from(gone.shape)) {
            shape.left = shape.left.saturating_add(1);
            shape.clients |= 1 << (gone.client >> 27);
        }
    }

    fn oldest(&self) -> usize {
        (0..RECENT).min_by_key(|at| self.recent.get(*at).map_or(0, |recent| recent.at)).unwrap_or(0)
    }

    /// The shape an answer is of; the one least seen makes room.
    fn place(&mut self, status: u16, size: u32) -> u8 {
        if let Some(at) = self.shapes.iter().position(|shape| shape.fits(status, size)) {
            return at as u8;
        }
        let seen = |shape: &Shape| shape.again.saturating_add(shape.left);
        let at = (0..SHAPES).min_by_key(|at| self.shapes.get(*at).map_or(0, seen)).unwrap_or(0);
        if let Some(shape) = self.shapes.get_mut(at) {
            *shape = Shape { status, size, ..Shape::default() };
        }
        // What was answered with the shape that made room is not of the new one.
        self.recent.iter_mut().filter(|recent| usize::from(recent.shape) == at).for_each(|recent| recent.at = 0);
        at as u8
    }
}

impl Shape {
    /// A page varies by what it shows, a redirect only by where it leads.
    fn fits(&self, status: u16, size: u32) -> bool {
        let slack = if self.status < 300 { (self.size / 16).max(32) } else { 0 };
        self.status == status && self.size.abs_diff(size) <= slack
    }

    fn is_retried(&self) -> bool {
        self.again >= 1 && self.again >= self.left
    }

    fn is_success(&self) -> bool {
        let succeeds = matches!(self.status, 200..=399);
        succeeds && self.left >= LEFT && self.clients.count_ones() >= 2 && self.left > 2 * self.again
    }

    /// A refused login shows the form again, denies, or leads elsewhere than a success does.
    fn may_fail_beside(&self, success: &Self) -> bool {
        match self.status {
            401 | 403 | 422 | 429 => true,
            200..=299 | 300..=399 => matches!(success.status, 300..=399),
            _ => false,
        }
    }
}
