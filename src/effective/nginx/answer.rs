//! What a configuration answers to one request.

use std::path::PathBuf;

use crate::effective::Setting;
use crate::effective::nginx::access::Access;
use crate::effective::nginx::choices::{Assumed, all_ways};
use crate::effective::nginx::scope::Scope;
use crate::effective::nginx::values::Values;
use crate::effective::nginx::walk::Walk;
use crate::effective::nginx::{Nginx, Request};
use crate::model::Spot;

/// All that may come of a request.
#[derive(Debug)]
pub struct Answer<'a> {
    /// One, unless something unknown decides; none where nothing listens at the address.
    pub outcomes: Vec<Outcome<'a>>,
    /// False: more things are unknown than were tried both ways.
    pub complete: bool,
}

/// One way a request may go.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// Index of the server block among `Nginx::sites`.
    pub site: usize,
    /// The levels that made the answer.
    pub scope: Scope<'a>,
    /// None where another program, or something that cannot be told, gives it.
    pub status: Option<u16>,
    pub served: Served,
    /// By `allow`, passwords and the like; where the answer was made before they are looked at, by that answer.
    pub access: Access,
    /// How the request got there, in order.
    pub hops: Vec<Hop>,
    /// What was taken for granted on this way.
    pub assumed: Vec<Assumed>,
    pub(super) values: Values,
}

/// Where the body comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    File(PathBuf),
    /// The names in a directory (`autoindex`).
    Listing(PathBuf),
    /// A text of the configuration; none where it has variables that are not known.
    Text(Option<String>),
    /// Elsewhere; none where the target has variables that are not known.
    Redirect(Option<String>),
    /// An error page of nginx's own.
    Error,
    /// Another program (`proxy_pass`, `fastcgi_pass`, …), or a module that answers by itself.
    Passed(Spot),
    /// The connection is closed without an answer.
    Closed,
    /// For this reason.
    Untold(String),
}

/// A step from one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The line that sent it here.
    pub at: Spot,
    /// The path it goes on with.
    pub uri: String,
}

impl<'a> Nginx<'a> {
    /// What comes of a request, as far as the configuration tells.
    pub fn ask(&self, request: &Request<'_>) -> Answer<'a> {
        let Some(chosen) = self.choose(request) else { return Answer { outcomes: Vec::new(), complete: true } };
        let (outcomes, complete) = all_ways(|choices| {
            let outcome = Walk::new(self, request, &chosen, choices).run();
            let assumed = outcome.assumed.clone();
            (outcome, assumed)
        });
        Answer { outcomes, complete }
    }
}

impl<'a> Answer<'a> {
    /// The one outcome, where nothing unknown decides.
    pub fn only(&self) -> Option<&Outcome<'a>> {
        match self.outcomes.as_slice() {
            [outcome] if self.complete => Some(outcome),
            _ => None,
        }
    }

    /// Whether anybody may come in: `Depends` where the outcomes differ.
    pub fn access(&self) -> Access {
        let mut kinds = self.outcomes.iter().map(|outcome| outcome.access);
        let Some(first) = kinds.next().filter(|_| self.complete) else { return Access::Depends };
        if kinds.all(|kind| kind == first) { first } else { Access::Depends }
    }
}

impl Outcome<'_> {
    /// The value of a directive where the answer was made.
    pub fn setting(&self, name: &str) -> Setting {
        self.scope.setting(name)
    }
}
