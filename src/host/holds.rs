//! What holds at a door for one path, whichever server it is.

use crate::effective::apache::{self, Asked};
use crate::effective::nginx::{self, Answer, Outcome, Request, Served};
use crate::effective::{Effect, Setting};
use crate::host::{Door, Engine};
use crate::model::{Proof, Spot};

/// The answer to one question, to be asked for its parts.
pub enum Holds<'a> {
    Apache(Box<apache::Effective<'a>>),
    Nginx(Answer<'a>),
    /// Its parts are asked for by [`Door::tomcat`].
    Tomcat,
    /// With the cause.
    Untold(String),
}

/// The value of a directive.
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub setting: Setting,
    /// What holds where nothing is declared; none where that is not known.
    pub default: Option<String>,
}

/// What becomes of a request, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Where to; none where a request decides that.
    Redirected(Option<String>),
    /// The site's own content, or that there is none (404).
    Served,
    /// Any other error, or no answer at all.
    Refused,
    /// Another program answers, or it cannot be told.
    Untold,
}

/// A header that the configuration adds to an answer that succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub name: String,
    /// None where only a request decides.
    pub value: Option<String>,
    /// Errors get it as well.
    pub always: bool,
    pub at: Spot,
}

/// Paths of one site that are asked about at most.
const MOST_PATHS: usize = 64;

impl<'a> Door<'_, 'a> {
    /// `/`, and one path in every part of the site that the configuration sets apart by prefix.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = vec!["/".to_owned()];
        match &self.server.engine {
            Engine::Nginx(known) => {
                let site = known.sites().iter().find(|site| site.line.at == self.site.at);
                site.into_iter().for_each(|site| prefixes(site.line, &mut paths));
            }
            Engine::Apache(_) | Engine::Tomcat(_) | Engine::Untold(_) => {}
        }
        paths.sort_unstable();
        paths.dedup();
        paths.truncate(MOST_PATHS);
        paths
    }

    /// What holds for a `GET` of `path` by a client of whom nothing is known.
    pub fn ask(&self, path: &str) -> Holds<'a> {
        let (address, port) = self.address();
        let name = self.host_name();
        match &self.server.engine {
            Engine::Apache(sites) => {
                let site = sites.answering(address, port, &name);
                if let Some(other) = site.at_line().filter(|at| **at != self.site.at) {
                    return Holds::Untold(format!("the site at {other} answers for its name"));
                }
                let asked = Asked { host: Some(name), tls: Some(self.listener.tls), ..Asked::get(path) };
                Holds::Apache(Box::new(site.ask(&asked, self.host)))
            }
            Engine::Nginx(known) => {
                let request = Request { sni: Some(&name), ..Request::get(address, port, &name, path) };
                Holds::Nginx(known.ask(&request))
            }
            Engine::Tomcat(_) if self.tomcat(path).is_some() => Holds::Tomcat,
            Engine::Tomcat(_) => Holds::Untold("no connector or host of this Tomcat answers there".to_owned()),
            Engine::Untold(cause) => Holds::Untold((*cause).to_owned()),
        }
    }

    /// What becomes of a `GET` of `path`.
    pub fn reply(&self, path: &str) -> Reply {
        let (address, port) = self.address();
        match (&self.server.engine, self.ask(path)) {
            (Engine::Apache(sites), Holds::Apache(_)) => {
                let name = self.host_name();
                let asked = Asked { host: Some(name.clone()), tls: Some(self.listener.tls), ..Asked::get(path) };
                Reply::of_apache(sites.answering(address, port, &name).answer(&asked, self.host))
            }
            (_, Holds::Nginx(answer)) => answer.only().map_or(Reply::Untold, Reply::of_nginx),
            _ => Reply::Untold,
        }
    }
}

impl Reply {
    fn of_apache(answer: apache::Answer) -> Self {
        match (answer.outcome, answer.status) {
            (apache::Outcome::Redirect(to), _) => Self::Redirected(Some(to)),
            (apache::Outcome::File(_) | apache::Outcome::Listing(_), _) => Self::Served,
            (apache::Outcome::Error | apache::Outcome::Document(_), status) => Self::of_error(status),
            _ => Self::Untold,
        }
    }

    fn of_nginx(outcome: &Outcome<'_>) -> Self {
        match (&outcome.served, outcome.status) {
            (Served::Redirect(to), _) => Self::Redirected(to.clone()),
            (Served::Error | Served::Text(_), status @ Some(400..)) => Self::of_error(status),
            (Served::File(_) | Served::Listing(_) | Served::Text(_), _) => Self::Served,
            (Served::Closed, _) => Self::Refused,
            _ => Self::Untold,
        }
    }

    fn of_error(status: Option<u16>) -> Self {
        match status {
            Some(404) => Self::Served,
            Some(_) => Self::Refused,
            None => Self::Untold,
        }
    }
}

/// The prefixes of nginx's locations; patterns stand for no path of which they could be sure.
fn prefixes(block: &nginx::Line, paths: &mut Vec<String>) {
    for line in block.block.iter().flatten().filter(|line| line.name == "location" && line.block.is_some()) {
        match line.args.as_slice() {
            [path] if path.starts_with('/') => paths.push(path.clone()),
            [sign, path] if matches!(sign.as_str(), "=" | "^~") => paths.push(path.clone()),
            _ => {}
        }
        prefixes(line, paths);
    }
}

impl Holds<'_> {
    /// A directive by its name in either server; an empty name has no counterpart there, and no value.
    pub fn value(&self, apache: &str, nginx: &str) -> Held {
        match self {
            Self::Apache(effective) if !apache.is_empty() => {
                let default = apache::judged::judged(apache).0.default;
                let default = (!default.is_empty()).then(|| default.to_owned());
                Held { setting: effective.setting(apache), default }
            }
            Self::Nginx(answer) if !nginx.is_empty() => answer.outcomes.first().map_or_else(Held::default, |outcome| {
                Held { setting: outcome.setting(nginx), default: outcome.scope.default(nginx).map(str::to_owned) }
            }),
            _ => Held::default(),
        }
    }

    /// What the configuration adds to an answer that succeeds, in the order in which it is sent.
    pub fn headers(&self) -> Vec<Sent> {
        match self {
            Self::Apache(effective) => effective.headers().lines.into_iter().map(Sent::from).collect(),
            Self::Nginx(answer) => answer.outcomes.first().map_or_else(Vec::new, |outcome| {
                let of = |header: nginx::Header| Sent {
                    name: header.name,
                    value: header.value,
                    always: header.always,
                    at: header.at,
                };
                outcome.headers(200).into_iter().map(of).collect()
            }),
            Self::Tomcat | Self::Untold(_) => Vec::new(),
        }
    }

    /// Lines that would have added a header, had not a line further in taken their place.
    pub fn lost(&self, header: &str) -> Vec<Proof> {
        let lines = self.value("Header", "add_header").setting.chain.into_iter();
        let lost = lines.filter(|step| !matches!(step.effect, Effect::Adds | Effect::Replaces));
        let named = lost.filter(|step| step.text.to_ascii_lowercase().contains(&header.to_ascii_lowercase()));
        named.map(|step| Proof::Line { spot: step.at, text: format!("without effect here: {}", step.text) }).collect()
    }

    /// Whether a page or file may come of it: no redirect, refusal or error by configuration.
    pub fn is_page(&self) -> bool {
        match self {
            Self::Apache(effective) => !matches!(effective.translated(), apache::Translated::Redirected { .. }),
            Self::Nginx(answer) => answer.outcomes.iter().any(|outcome| match &outcome.served {
                Served::File(_) | Served::Listing(_) | Served::Passed(_) | Served::Untold(_) => true,
                Served::Text(_) => outcome.status.is_none_or(|status| status < 300),
                Served::Redirect(_) | Served::Closed => false,
                // Of a path that stands for a folder, nothing needs to be there now.
                Served::Error => matches!(outcome.status, Some(403 | 404)) && outcome.access != nginx::Access::Denied,
            }),
            Self::Tomcat | Self::Untold(_) => false,
        }
    }

    /// Whether another program gives the answer, with headers of its own.
    pub fn is_passed_on(&self) -> bool {
        match self {
            Self::Apache(effective) => {
                let handler = self.value("SetHandler", "").text();
                matches!(effective.translated(), apache::Translated::Proxied { .. }) || handler.starts_with("proxy:")
            }
            Self::Nginx(answer) => answer.outcomes.iter().any(|outcome| matches!(outcome.served, Served::Passed(_))),
            Self::Tomcat | Self::Untold(_) => false,
        }
    }

    /// Why nothing can be told.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Untold(cause) => Some(cause.clone()),
            Self::Nginx(answer) if answer.outcomes.is_empty() => Some("nothing listens at its address".to_owned()),
            _ => None,
        }
    }
}

impl From<apache::HeaderLine> for Sent {
    fn from(line: apache::HeaderLine) -> Self {
        let value = (!line.computed && line.condition.is_none()).then_some(line.value);
        Self { name: line.name, value, always: line.always, at: line.by.last().cloned().unwrap_or_default() }
    }
}

impl Held {
    /// The words of the one value that holds, joined; the default where nothing is declared.
    pub fn text(&self) -> String {
        let declared = self.setting.values.last().map(|words| words.join(" "));
        declared.or_else(|| self.default.clone()).unwrap_or_default()
    }

    /// The same, compared without case.
    pub fn is(&self, text: &str) -> bool {
        self.text().eq_ignore_ascii_case(text)
    }

    /// The lines that made it, those without effect left out; where there is none, that the default holds at `site`.
    pub fn proof(&self, name: &str, site: &Spot) -> Vec<Proof> {
        let holds = self.setting.chain.iter().filter(|step| matches!(step.effect, Effect::Adds | Effect::Replaces));
        let lines: Vec<Proof> =
            holds.map(|step| Proof::Line { spot: step.at.clone(), text: step.text.clone() }).collect();
        if lines.is_empty() {
            let text = format!("no {name} here: {} by default", self.default.as_deref().unwrap_or("off"));
            return vec![Proof::Line { spot: site.clone(), text }];
        }
        lines
    }
}
