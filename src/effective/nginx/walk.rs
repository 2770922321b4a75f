//! A request on its way through nginx's phases: rewriting, the choice of a location, access, content; again after each
//! internal redirect (ngx_http_core_module.c, ngx_http_request.c).

use crate::effective::nginx::access::Access;
use crate::effective::nginx::answer::{Hop, Outcome, Served};
use crate::effective::nginx::choices::Choices;
use crate::effective::nginx::places::Found;
use crate::effective::nginx::rewrite::Ran;
use crate::effective::nginx::scope::{Scope, level};
use crate::effective::nginx::sites::Chosen;
use crate::effective::nginx::uri::normalise;
use crate::effective::nginx::values::Values;
use crate::effective::nginx::{Line, Nginx, Request};
use crate::model::Spot;

/// nginx stops after ten internal redirects; each takes at most these many turns.
const MOST_TURNS: usize = 100;
/// NGX_HTTP_MAX_URI_CHANGES and one.
const URI_CHANGES: u32 = 11;

/// The phase to go on with.
#[derive(Debug)]
pub(super) enum Next {
    ServerRewrite,
    Find,
    Rewrite,
    Access,
    Content,
    /// An answer of nginx's own, which `error_page` may replace.
    Error(u16),
    /// The answer; no status where another program gives it.
    End(Option<u16>, Served),
}

pub(super) struct Walk<'n, 'a> {
    pub(super) nginx: &'n Nginx<'a>,
    pub(super) request: &'n Request<'n>,
    chosen: &'n Chosen,
    /// Index of the server block.
    pub(super) site: usize,
    pub(super) host: String,
    pub(super) tls: bool,
    pub(super) uri: String,
    pub(super) args: String,
    pub(super) method: String,
    /// The location; none: the server block itself.
    pub(super) place: Option<usize>,
    /// The `if` or `limit_except` of it that took over.
    pub(super) branch: Option<&'a Line>,
    pub(super) values: Values,
    /// False where nginx gives up before the headers.
    pub(super) headers_read: bool,
    /// Where a redirect goes; none inside: it has variables that are not known.
    pub(super) location: Option<Option<String>>,
    pub(super) uri_changed: bool,
    /// `alias` still fits the path: no `rewrite` changed it since the location was chosen.
    pub(super) valid_location: bool,
    /// `try_files` found a file below an `alias` of a pattern.
    pub(super) uri_behind_alias: bool,
    pub(super) internal: bool,
    pub(super) error_page_used: bool,
    /// What the client is told whatever the error page's own status is.
    pub(super) fixed_status: Option<u16>,
    pub(super) changes_left: u32,
    /// None until the access phase is reached.
    pub(super) access: Option<Access>,
    pub(super) hops: Vec<Hop>,
    choices: Choices,
}

impl<'n, 'a> Walk<'n, 'a> {
    pub(super) fn new(nginx: &'n Nginx<'a>, request: &'n Request<'n>, chosen: &'n Chosen, choices: Choices) -> Self {
        let mut values = Values::default();
        chosen.caught.clone().into_iter().for_each(|caught| values.catch(caught));
        Self {
            nginx,
            request,
            chosen,
            site: chosen.site,
            host: chosen.host.clone().unwrap_or_default(),
            tls: chosen.tls,
            uri: String::new(),
            args: String::new(),
            method: request.method.to_owned(),
            place: None,
            branch: None,
            values,
            headers_read: true,
            location: None,
            uri_changed: false,
            valid_location: true,
            uri_behind_alias: false,
            internal: false,
            error_page_used: false,
            fixed_status: None,
            changes_left: URI_CHANGES,
            access: None,
            hops: Vec::new(),
            choices,
        }
    }

    pub(super) fn run(mut self) -> Outcome<'a> {
        let mut next = self.start();
        for _ in 0..MOST_TURNS {
            next = match next {
                Next::ServerRewrite => self.server_rewrite(),
                Next::Find => self.find(),
                Next::Rewrite => self.place_rewrite(),
                Next::Access => self.check_access(),
                Next::Content => self.content(),
                Next::Error(status) => self.error(status),
                Next::End(status, served) => return self.end(status, served),
            };
        }
        self.end(None, Served::Untold("it is sent on and on".to_owned()))
    }

    fn start(&mut self) -> Next {
        if self.chosen.untold {
            return untold("a pattern of a server_name could not be run");
        }
        // Whether slashes are merged was settled before the Host header was read.
        let merges = self.scope().word("merge_slashes") != "off";
        let target = normalise(self.request.target, merges);
        let (Some(target), true) = (target, self.chosen.host.is_some()) else {
            (self.site, self.headers_read) = (self.chosen.early, false);
            self.host.clear();
            return Next::Error(400);
        };
        (self.uri, self.args) = (target.path, target.args);
        match self.method.as_str() {
            "TRACE" | "CONNECT" => Next::Error(405),
            _ => Next::ServerRewrite,
        }
    }

    fn server_rewrite(&mut self) -> Next {
        let server = self.nginx.server(self.site);
        match self.run_rewrites(server, false) {
            Ran::On | Ran::Stopped => Next::Find,
            Ran::Ends(next) => next,
        }
    }

    fn find(&mut self) -> Next {
        self.valid_location |= self.uri_changed;
        (self.uri_changed, self.branch) = (false, None);
        let Some(places) = self.nginx.places(self.site) else { return Next::Error(500) };
        let Found { place, caught, redirects, untold: not_told } = places.find(&self.uri);
        if not_told {
            return untold("the pattern of a location could not be run");
        }
        self.place = place;
        caught.into_iter().for_each(|caught| self.values.catch(caught));
        if !self.internal && !self.scope().lines("internal").is_empty() {
            return Next::Error(404);
        }
        self.limit_methods();
        if redirects {
            return self.add_slash();
        }
        Next::Rewrite
    }

    /// To the same path with a `/` behind.
    pub(super) fn add_slash(&mut self) -> Next {
        let args = if self.args.is_empty() { String::new() } else { format!("?{}", self.args) };
        self.location = Some(Some(format!("{}/{args}", self.uri)));
        Next::Error(301)
    }

    /// `limit_except` takes over for the methods it does not name.
    pub(super) fn limit_methods(&mut self) {
        let named = |line: &&Line| {
            line.args.iter().any(|name| name.eq_ignore_ascii_case(&self.method))
                || (self.method == "HEAD" && line.args.iter().any(|name| name.eq_ignore_ascii_case("GET")))
        };
        let limit = self.inner().iter().find(|line| line.name == "limit_except");
        self.branch = limit.filter(|line| self.place.is_some() && !named(line));
    }

    pub(super) fn place_rewrite(&mut self) -> Next {
        let lines = if self.place.is_none() || self.branch.is_some() { &[][..] } else { self.inner() };
        if let Ran::Ends(next) = self.run_rewrites(lines, true) {
            return next;
        }
        if !self.uri_changed {
            return Next::Access;
        }
        if !self.may_change() {
            return Next::Error(500);
        }
        (self.place, self.branch) = (None, None);
        Next::Find
    }

    /// Counts a change of the path; false where nginx calls it a cycle.
    pub(super) fn may_change(&mut self) -> bool {
        self.changes_left = self.changes_left.saturating_sub(1);
        self.changes_left > 0
    }

    /// ngx_http_internal_redirect.
    pub(super) fn redirect_within(&mut self, at: &Spot, uri: String, args: String) -> Next {
        if !self.may_change() {
            return Next::Error(500);
        }
        self.hops.push(Hop { at: at.clone(), uri: uri.clone() });
        (self.uri, self.args) = (uri, args);
        (self.place, self.branch) = (None, None);
        (self.internal, self.valid_location, self.uri_behind_alias) = (true, true, false);
        Next::ServerRewrite
    }

    /// ngx_http_named_location.
    pub(super) fn go_to_named(&mut self, at: &Spot, name: &str) -> Next {
        let place = self.nginx.places(self.site).and_then(|places| places.named(name));
        if !self.may_change() {
            return Next::Error(500);
        }
        let Some(place) = place else { return Next::Error(500) };
        self.hops.push(Hop { at: at.clone(), uri: name.to_owned() });
        (self.place, self.branch, self.internal, self.uri_changed) = (Some(place), None, true, false);
        self.limit_methods();
        Next::Rewrite
    }

    pub(super) fn decide(&mut self, at: &Spot, text: &str) -> bool {
        self.choices.decide(at, text)
    }

    /// What stands in the location itself, or in the server block.
    pub(super) fn inner(&self) -> &'a [Line] {
        let place = self.nginx.places(self.site).and_then(|places| places.get(self.place?));
        place.map_or_else(|| self.nginx.server(self.site), |place| place.line.inside())
    }

    /// The levels in force now.
    pub(super) fn scope(&self) -> Scope<'a> {
        let mut levels = self.nginx.levels(self.site);
        let around = self.nginx.places(self.site).map(|places| places.line_to(self.place)).unwrap_or_default();
        levels.extend(around.into_iter().chain(self.branch).map(|line| level(line.inside())));
        Scope {
            levels,
            early: self.nginx.levels(self.chosen.early),
            hello: self.nginx.levels(self.chosen.hello),
            version: self.nginx.version,
        }
    }

    fn end(mut self, status: Option<u16>, served: Served) -> Outcome<'a> {
        let scope = self.scope();
        for line in scope.levels.iter().flat_map(|level| level.iter()) {
            if matches!(line.name.as_str(), "add_header" | "expires") {
                for word in &line.args {
                    let value = self.expand(word);
                    self.values.expanded.insert(word.clone(), value);
                }
            }
        }
        let status = match served {
            Served::Untold(_) | Served::Closed => status,
            _ => self.fixed_status.or(status),
        };
        Outcome {
            site: self.site,
            scope,
            status,
            access: self.access.unwrap_or(match (&served, status) {
                (Served::Closed, _) | (_, Some(401 | 403)) => Access::Denied,
                (Served::Untold(_), _) | (_, None) => Access::Depends,
                _ => Access::Allowed,
            }),
            served,
            hops: self.hops,
            assumed: self.choices.made,
            values: self.values,
        }
    }
}

pub(super) fn untold(why: &str) -> Next {
    Next::End(None, Served::Untold(why.to_owned()))
}
