//! What a stranger gets at a door for one path, whichever server it is.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::effective::apache::{self, Asked};
use crate::effective::nginx::{self, Request};
use crate::effective::{Effect, Setting};
use crate::host::{Config, Door, Engine};
use crate::model::{Proof, Spot};

/// An address of RFC 5737, which nobody's rules name.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77));

/// The answer to a stranger, and the lines that admit him.
#[derive(Clone, Debug)]
pub struct Served {
    pub gets: Gets,
    pub by: Vec<Proof>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gets {
    /// The bytes of this file.
    File(PathBuf),
    /// The names in this directory.
    Listing(PathBuf),
    /// What a handler or another program makes of it: its name, or the line that hands it over.
    Made(String),
    /// An error, a redirect, a question for a password, or a text of the configuration.
    Nothing,
    /// It cannot be told, for this reason.
    Untold(String),
}

impl Door<'_, '_> {
    /// What a `GET` of a path, decoded, gives to somebody from the internet who has no password.
    pub fn served(&self, path: &str) -> Served {
        let (address, port) = self.address();
        let name = self.host_name();
        match &self.server.engine {
            Engine::Apache(sites) => {
                let site = sites.answering(address, port, &name);
                let tls = Some(self.listener.tls);
                let asked = Asked { host: Some(name), tls, client: Some(STRANGER), ..Asked::get(path) };
                let effective = site.ask(&asked, self.host);
                let by = lines(&effective.setting("Require"), &self.site.at, "no Require here: everybody is let in");
                let gets = match effective.access() {
                    apache::Access::Depends(on) if is_for_neighbours(&on) => Gets::Nothing,
                    _ => match by_apache(site.answer(&asked, self.host)) {
                        Gets::Made(name) if self.is_idle(&name, &effective) => Gets::File(effective.file().into()),
                        gets => gets,
                    },
                };
                Served { gets, by }
            }
            Engine::Nginx(nginx) => {
                let target = encoded(path);
                let asked = Request { client: Some(STRANGER), ..Request::get(address, port, &name, &target) };
                let answer = nginx.ask(&asked);
                let root = answer.outcomes.first().map(|outcome| outcome.setting("root")).unwrap_or_default();
                let by = lines(&root, &self.site.at, "nothing here refuses it");
                Served { gets: by_nginx(&answer), by }
            }
            Engine::Tomcat(_) => {
                Served { gets: Gets::Untold("files of Tomcat are not judged".to_owned()), by: Vec::new() }
            }
            Engine::Untold(cause) => Served { gets: Gets::Untold((*cause).to_owned()), by: Vec::new() },
        }
    }
}

/// Handlers, and the modules of which one must be there for it to mean anything.
const MAKERS: [(&str, &[&str]); 3] = [
    ("application/x-httpd-php", &["php_module", "php7_module", "php5_module"]),
    ("php-script", &["php_module", "php7_module", "php5_module"]),
    ("cgi-script", &["cgi_module", "cgid_module"]),
];

impl Door<'_, '_> {
    /// Whether a handler is named that no module answers to: httpd then sends the file itself.
    fn is_idle(&self, handler: &str, effective: &apache::Effective<'_>) -> bool {
        let Config::Apache(evaluation) = self.server.config else { return false };
        let action =
            effective.setting("Action").values.iter().any(|words| words.first().is_some_and(|of| of == handler));
        let maker = MAKERS.iter().find(|(name, _)| handler.starts_with(name));
        let there = maker.is_none_or(|(_, modules)| modules.iter().any(|module| evaluation.modules.has(module)));
        !action && !there && self.host.about(effective.file().as_ref()).is_ok_and(|about| !about.is_dir)
    }
}

/// Whether a line lets in only this host or hosts by their names, which a stranger has none of.
fn is_for_neighbours(line: &str) -> bool {
    let mut words = line.split_whitespace().map(str::to_ascii_lowercase);
    words.next().is_some_and(|word| word == "require")
        && words.next().is_some_and(|word| ["local", "host", "forward-dns"].contains(&word.as_str()))
}

fn by_apache(answer: apache::Answer) -> Gets {
    match answer.outcome {
        apache::Outcome::File(file) if answer.status == Some(200) => Gets::File(file.into()),
        apache::Outcome::Listing(dir) => Gets::Listing(dir.into()),
        apache::Outcome::Handler(name) => Gets::Made(name),
        apache::Outcome::Proxied(to) => Gets::Made(to),
        apache::Outcome::Unknown(why) => Gets::Untold(why),
        _ => Gets::Nothing,
    }
}

/// What any way of the request gives; the worst of them where they differ.
fn by_nginx(answer: &nginx::Answer<'_>) -> Gets {
    let mut worst = Gets::Nothing;
    for outcome in &answer.outcomes {
        let gets = match &outcome.served {
            nginx::Served::File(file) if outcome.status == Some(200) => Gets::File(file.clone()),
            nginx::Served::Listing(dir) => Gets::Listing(dir.clone()),
            nginx::Served::Passed(at) => Gets::Made(at.to_string()),
            nginx::Served::Untold(why) => Gets::Untold(why.clone()),
            _ => Gets::Nothing,
        };
        if weight(&gets) > weight(&worst) {
            worst = gets;
        }
    }
    worst
}

fn weight(gets: &Gets) -> u8 {
    match gets {
        Gets::Nothing => 0,
        Gets::Made(_) => 1,
        Gets::Untold(_) => 2,
        Gets::Listing(_) | Gets::File(_) => 3,
    }
}

/// The lines that hold; `none` at the site where there is none.
fn lines(setting: &Setting, site: &Spot, none: &str) -> Vec<Proof> {
    let holds = setting.chain.iter().filter(|step| matches!(step.effect, Effect::Adds | Effect::Replaces));
    let lines: Vec<Proof> = holds.map(|step| Proof::Line { spot: step.at.clone(), text: step.text.clone() }).collect();
    if lines.is_empty() { vec![Proof::Line { spot: site.clone(), text: none.to_owned() }] } else { lines }
}

/// As it is sent: everything but what RFC 3986 leaves alone is written in hexadecimal.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
