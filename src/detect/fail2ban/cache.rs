//! What is known of connections whose story spans several lines (`<F-MLFID>`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Connections remembered at once, as in fail2ban; the oldest goes first.
const MOST: usize = 100;
/// They are forgotten after this many milliseconds.
const KEEP: i64 = 300_000;

/// What was read of one connection: groups by name, absent ones that took no part.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub groups: BTreeMap<String, Option<String>>,
    /// A failure waits for its address.
    pub pending: bool,
    pub users: BTreeSet<String>,
}

impl Story {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.groups.get(name)?.as_deref()
    }

    /// True where a group took part and holds something.
    pub fn says(&self, name: &str) -> bool {
        self.get(name).is_some_and(|text| !text.is_empty())
    }

    /// Takes a group out; true where it held something.
    pub fn drop(&mut self, name: &str) -> bool {
        self.groups.remove(name).flatten().is_some_and(|text| !text.is_empty())
    }
}

/// Connections by their id.
#[derive(Clone, Debug, Default)]
pub struct Stories {
    all: VecDeque<(String, i64, Story)>,
}

impl Stories {
    /// Takes one out, to be kept again.
    pub fn get(&self, id: &str, now: i64) -> Option<Story> {
        let (_, at, story) = self.all.iter().find(|(known, ..)| known == id)?;
        (now.saturating_sub(*at) < KEEP).then(|| story.clone())
    }

    /// Keeps one; it keeps its place and its age where it was known.
    pub fn keep(&mut self, id: &str, now: i64, story: Story) {
        if let Some(known) = self.all.iter_mut().find(|(known, ..)| known == id) {
            known.2 = story;
            return;
        }
        if self.all.len() >= MOST {
            self.all.pop_front();
        }
        self.all.push_back((id.to_owned(), now, story));
    }

    pub fn forget(&mut self, id: &str) {
        self.all.retain(|(known, ..)| known != id);
    }
}
