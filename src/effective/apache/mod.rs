//! Apache: which sections hold for a request and in which order httpd merges them, each directive by its own kind of
//! merge. Learnt from the documentation of 2.4 and confirmed on a running server (`tests/effective_apache`).
//!
//! [`Sites::of`] indexes a configuration once; [`Sites::answering`] chooses the site; [`Site::ask`] gives what holds for a
//! URL of it; [`Site::answer`] what a client would get.

pub mod access;
mod answer;
mod block;
mod disk;
pub mod expr;
pub mod headers;
pub mod htaccess;
pub mod judged;
pub mod options;
mod path;
mod pattern;
mod rewrite;
mod setting;
mod sites;
pub mod table;
mod translate;
mod walk;

use std::net::IpAddr;
use std::sync::Arc;

pub use access::Access;
pub use answer::{Answer, Outcome};
pub use headers::HeaderLine;
pub use sites::{Site, Sites};
pub use translate::Translated;

use crate::effective::apache::block::{Block, Scope};
use crate::effective::apache::disk::Disk;
use crate::effective::apache::expr::Known;
use crate::effective::apache::walk::Walked;
use crate::formats::Files;
use crate::model::Spot;

/// A request, as far as one matters that has not been made.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The path of the URL, decoded, without the query.
    pub path: String,
    /// In capitals.
    pub method: String,
    /// The `Host` it names.
    pub host: Option<String>,
    /// Who asks; none leaves what depends on it open.
    pub client: Option<IpAddr>,
    /// Whether it comes by TLS.
    pub tls: Option<bool>,
}

impl Asked {
    /// `GET` of a path by nobody in particular.
    pub fn get(path: impl Into<String>) -> Self {
        Self { path: path.into(), method: "GET".into(), host: None, client: None, tls: None }
    }
}

/// Something that could not be told, or that httpd refuses, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {text}")]
pub struct Doubt {
    pub at: Spot,
    pub text: String,
}

/// Sections that hold, in the groups in which httpd merges them: each group within itself, then onto those before.
#[derive(Clone, Debug, Default)]
struct Config {
    groups: Vec<Vec<Arc<Block>>>,
    /// Sections of which it cannot be told whether they hold; they are left out.
    unsure: Vec<Arc<Block>>,
    doubts: Vec<Doubt>,
    /// Groups before those of conditions within conditions, where such were looked at.
    plain: Option<usize>,
}

impl Config {
    fn of(servers: Vec<Arc<Block>>) -> Self {
        Self { groups: vec![servers], ..Self::default() }
    }

    fn blocks(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.groups.iter().flatten()
    }

    /// Whether the same sections hold: then httpd does not ask again who is let in.
    fn is_as(&self, other: &Self) -> bool {
        let same = |(one, other): (&Arc<Block>, &Arc<Block>)| {
            let file = matches!(one.scope, Scope::Htaccess) && one.at == other.at;
            file || Arc::ptr_eq(one, other)
        };
        self.blocks().count() == other.blocks().count() && self.blocks().zip(other.blocks()).all(same)
    }

    fn push(&mut self, group: Vec<Arc<Block>>) {
        if !group.is_empty() {
            self.groups.push(group);
        }
    }

    /// Whether a section holds; one that cannot be told is remembered.
    fn told(&mut self, matched: Option<bool>, block: &Arc<Block>) -> bool {
        if matched.is_none() && !self.unsure.iter().any(|known| Arc::ptr_eq(known, block)) {
            self.unsure.push(Arc::clone(block));
            let text = "could not tell whether this section holds; what it says is left out".into();
            self.doubts.extend(block.at.clone().map(|at| Doubt { at, text }));
        }
        matched.unwrap_or(false)
    }
}

/// The request on whose behalf one is made.
#[derive(Clone, Copy, Debug, Default)]
struct Before<'w> {
    walked: Option<&'w Walked>,
    config: Option<&'w Config>,
    /// The server asks itself and goes on with the first request.
    within: bool,
}

/// What holds for one request.
pub struct Effective<'a> {
    site: Site<'a>,
    asked: Asked,
    /// The path as httpd sees it.
    uri: String,
    known: Known,
    /// Before a file was looked for: what redirects of the server are answered with.
    early: Config,
    config: Config,
    translated: Translated,
    walked: Walked,
    refused: Option<Doubt>,
    /// The request on whose behalf it is asked was let in, or refused, by the same sections: nobody is asked again.
    admitted: bool,
    /// Not the sections', which `config` has.
    doubts: Vec<Doubt>,
}

impl<'a> Site<'a> {
    /// What holds for a request to this site.
    pub fn ask(&self, asked: &Asked, files: &dyn Files) -> Effective<'a> {
        self.ask_for(asked, files, Before::default())
    }

    /// On behalf of a request whose directories were walked before.
    fn ask_for(&self, asked: &Asked, files: &dyn Files, before: Before<'_>) -> Effective<'a> {
        let uri = path::normal(&asked.path);
        let mut known = Known { within: before.within, ..self.known(asked, &uri) };
        let mut early = Config::of(self.servers());
        walk::locations(&mut early, self, &uri);
        walk::conditions(&mut early, &known);
        let mut doubts = Vec::new();
        let translated = translate::translate(self, &early, &uri, &known, files, &mut doubts);
        let mut config = Config::of(self.servers());
        let mut walked = Walked::default();
        let mut refused = None;
        match &translated {
            Translated::File(name) => {
                let disk = Disk::new(files);
                match walk::directories(self, &disk, &mut config, name, before.walked) {
                    Ok(found) => walked = found,
                    Err(wrong) => refused = Some(wrong),
                }
                walk::files(&mut config, &walked.file);
                known.file = Some(walked.file.clone());
            }
            Translated::Proxied { to, .. } => walk::proxies(&mut config, self, to),
            _ => {}
        }
        walk::locations(&mut config, self, &uri);
        walk::conditions(&mut config, &known);
        let admitted = before.config.is_some_and(|before| before.is_as(&config));
        Effective {
            admitted,
            site: self.clone(),
            asked: asked.clone(),
            uri,
            known,
            early,
            config,
            translated,
            walked,
            refused,
            doubts,
        }
    }

    fn names_itself(&self) -> bool {
        self.servers().iter().flat_map(|block| &block.lines).any(|line| line.key == "usecanonicalname")
    }

    fn known(&self, asked: &Asked, uri: &str) -> Known {
        Known {
            uri: uri.to_owned(),
            method: asked.method.clone(),
            host: asked.host.clone(),
            client: asked.client,
            port: Some(self.port),
            tls: asked.tls,
            file: None,
            document_root: translate::document_root(self),
            // With UseCanonicalName it is the server's own; which, the resolver may decide.
            server_name: asked.host.clone().filter(|_| !self.names_itself()),
            within: false,
        }
    }
}

impl Effective<'_> {
    /// What a URL stands for.
    pub fn translated(&self) -> &Translated {
        &self.translated
    }

    /// The file, directory or first missing name that it leads to; empty where it leads to none.
    pub fn file(&self) -> &str {
        &self.walked.file
    }

    /// A `.htaccess` on the way that httpd refuses: it answers 500.
    pub fn refused(&self) -> Option<&Doubt> {
        self.refused.as_ref()
    }

    /// All that could not be told, each with its line.
    pub fn doubts(&self) -> Vec<&Doubt> {
        let mut doubts: Vec<&Doubt> = self.doubts.iter().collect();
        for doubt in self.early.doubts.iter().chain(&self.config.doubts) {
            if !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
        doubts
    }
}
