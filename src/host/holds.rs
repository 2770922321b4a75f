//! What holds at a door for one path, whichever server it is.

use crate::effective::apache::{self, Asked};
use crate::effective::nginx::{Answer, Request};
use crate::effective::{Effect, Setting};
use crate::host::{Door, Engine};
use crate::model::{Proof, Spot};

/// The answer to one question, to be asked for its parts.
pub enum Holds<'a> {
    Apache(Box<apache::Effective<'a>>),
    Nginx(Answer<'a>),
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

impl<'a> Door<'_, 'a> {
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
            Engine::Nginx(nginx) => Holds::Nginx(nginx.ask(&Request::get(address, port, &name, path))),
            Engine::Untold(cause) => Holds::Untold((*cause).to_owned()),
        }
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
                let of = |header: crate::effective::nginx::Header| Sent {
                    name: header.name,
                    value: header.value,
                    always: header.always,
                    at: header.at,
                };
                outcome.headers(200).into_iter().map(of).collect()
            }),
            Self::Untold(_) => Vec::new(),
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
