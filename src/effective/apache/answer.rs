//! What a client would get: the status, what makes it, and the fields that the configuration adds.

use crate::effective::apache::access::{self, Access};
use crate::effective::apache::disk::Kind;
use crate::effective::apache::headers::{self, HeaderEffects};
use crate::effective::apache::options;
use crate::effective::apache::rewrite::{self, Rewritten};
use crate::effective::apache::translate::{self, Translated};
use crate::effective::apache::{Asked, Before, Config, Doubt, Effective, Site, setting};
use crate::formats::Files;
use crate::model::Spot;

/// Pages of errors that are errors themselves.
const DEEPEST: usize = 3;

/// An answer, as far as the configuration and the disk decide it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// None where an application or another server decides, or it cannot be told.
    pub status: Option<u16>,
    pub outcome: Outcome,
    pub headers: HeaderEffects,
    /// All that could not be told on the way.
    pub doubts: Vec<Doubt>,
    /// A rule of mod_rewrite gave the status.
    rule: bool,
}

/// What makes an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file itself.
    File(String),
    /// A list of a directory.
    Listing(String),
    /// Where to, as far as the configuration says; a path is of the same site.
    Redirect(String),
    /// httpd's own page.
    Error,
    /// The page that `ErrorDocument` names.
    Document(String),
    /// The request itself, sent back.
    Trace,
    /// A handler of a module, a script or an application.
    Handler(String),
    Proxied(String),
    /// Why it cannot be told.
    Unknown(String),
}

impl Site<'_> {
    /// The answer to a request.
    pub fn answer(&self, asked: &Asked, files: &dyn Files) -> Answer {
        Asking { site: self, files }.answer(asked, Before::default(), 0)
    }
}

struct Asking<'q, 'a> {
    site: &'q Site<'a>,
    files: &'q dyn Files,
}

impl<'a> Asking<'_, 'a> {
    fn answer(&self, asked: &Asked, before: Before<'_>, depth: usize) -> Answer {
        let effective = self.site.ask_for(asked, self.files, before);
        if before.config.is_some() && effective.config.plain.is_some() {
            // httpd mixes up what it has merged of them for the first request with what it merges for this one.
            return unknown(&effective, "what <If> within <If> comes to where httpd asks itself");
        }
        match &effective.translated {
            Translated::Redirected { status, to, rule, .. } => {
                let answer = self.error(&effective, &effective.early, *status, to, depth);
                return Answer { rule: *rule, ..answer };
            }
            Translated::Unknown => return unknown(&effective, "where the request goes"),
            Translated::Proxied { .. } | Translated::File(_) => {}
        }
        if asked.method == "TRACE" {
            return self.trace(&effective, depth);
        }
        if effective.refused.is_some() {
            let servers = Config::of(self.site.servers());
            return self.error(&effective, &servers, 500, "", depth);
        }
        match effective.access() {
            // A module that hooks in of its own makes httpd ask again, in some of the cases.
            _ if effective.admitted && !self.site.evaluation.modules.has("allowmethods_module") => {}
            other if effective.admitted && other != Access::Allowed => {
                return unknown(&effective, "whether httpd asks again who is let in");
            }
            Access::Allowed => {}
            Access::Denied => return self.error(&effective, &effective.config, 403, "", depth),
            Access::Login(_) => return self.error(&effective, &effective.config, 401, "", depth),
            Access::Broken => return self.error(&effective, &effective.config, 500, "", depth),
            Access::Depends(on) => return unknown(&effective, &format!("who is let in: {on}")),
        }
        if let Translated::Proxied { to, .. } = &effective.translated {
            let to = to.clone();
            return made(&effective, None, Outcome::Proxied(to));
        }
        self.fixed(&effective, depth)
    }

    /// TRACE never reaches the sections: it is answered before the file is looked for.
    fn trace(&self, effective: &Effective<'a>, depth: usize) -> Answer {
        let trace = effective.setting("TraceEnable");
        let off =
            trace.values.last().and_then(|value| value.first()).is_some_and(|word| word.eq_ignore_ascii_case("off"));
        if off {
            let servers = Config::of(self.site.servers());
            return self.error(effective, &servers, 405, "", depth);
        }
        let headers = HeaderEffects::default();
        Answer { status: Some(200), outcome: Outcome::Trace, headers, doubts: doubts(effective), rule: false }
    }

    /// What rules and redirects of the sections make of it, then the directory or file itself.
    fn fixed(&self, effective: &Effective<'a>, depth: usize) -> Answer {
        match rewrite::of_sections(&effective.config, &effective.walked, &effective.known) {
            None => {}
            Some(Rewritten::Refused { status, .. }) => {
                let answer = self.error(effective, &effective.config, status, "", depth);
                return Answer { rule: true, ..answer };
            }
            Some(Rewritten::Redirected { status, to, .. }) => {
                let answer = self.error(effective, &effective.config, status, &to, depth);
                return Answer { rule: true, ..answer };
            }
            Some(Rewritten::LinksForbidden) => return self.error(effective, &effective.config, 403, "", depth),
            Some(Rewritten::Unknown(at)) => {
                return unknown(effective, &format!("where the rule at {at} sends the request"));
            }
        }
        let mut doubts = Vec::new();
        let redirects = translate::late_redirects(&effective.config);
        if let Some(Translated::Redirected { status, to, .. }) =
            translate::redirected(&redirects, &effective.uri, &mut doubts)
        {
            return self.error(effective, &effective.config, status, &to, depth);
        }
        if !doubts.is_empty() {
            return unknown(effective, "whether a redirect takes the request");
        }
        match (handler(effective), effective.walked.kind) {
            (Some(handler), kind) if kind != Kind::Directory || !effective.walked.rest.is_empty() => {
                made(effective, None, Outcome::Handler(handler))
            }
            (_, Kind::Directory) => self.directory(effective, depth),
            (_, Kind::File) if effective.walked.rest.is_empty() || self.takes_path(effective) => self.file(effective),
            _ if self.tries_names(effective) => unknown(effective, "which variant MultiViews finds"),
            _ => self.error(effective, &effective.config, 404, "", depth),
        }
    }

    fn takes_path(&self, effective: &Effective<'a>) -> bool {
        is(effective, "AcceptPathInfo", "on")
    }

    fn tries_names(&self, effective: &Effective<'a>) -> bool {
        let views = setting::options(&effective.config.groups).set & options::MULTI_VIEWS != 0;
        views && effective.walked.kind == Kind::Missing
    }

    fn file(&self, effective: &Effective<'a>) -> Answer {
        match effective.asked.method.as_str() {
            "GET" | "HEAD" | "POST" => made(effective, Some(200), Outcome::File(effective.walked.file.clone())),
            _ => unknown(effective, "what this method does"),
        }
    }

    fn directory(&self, effective: &Effective<'a>, depth: usize) -> Answer {
        let lists = handler(effective).is_none();
        let slashed = effective.uri.ends_with('/');
        if !slashed && !is(effective, "DirectorySlash", "off") {
            let to = format!("{}/", effective.uri);
            return self.error(effective, &effective.config, 301, &to, depth);
        }
        // Without its slash a directory has no index, but it is listed.
        match if slashed { self.index(effective, depth) } else { Ok(None) } {
            Ok(Some(answer)) => return answer,
            Ok(None) => {}
            Err(status) => return self.error(effective, &effective.config, status, "", depth),
        }
        if !lists {
            return made(effective, None, Outcome::Handler(handler(effective).unwrap_or_default()));
        }
        if !self.site.evaluation.modules.has("autoindex_module") || effective.asked.method == "POST" {
            return self.error(effective, &effective.config, 404, "", depth);
        }
        if setting::options(&effective.config.groups).set & options::INDEXES == 0 {
            return self.error(effective, &effective.config, 403, "", depth);
        }
        made(effective, Some(200), Outcome::Listing(effective.walked.file.clone()))
    }

    /// The first of `DirectoryIndex` that is there; an error of one that is refused where none is.
    fn index(&self, effective: &Effective<'a>, depth: usize) -> Result<Option<Answer>, u16> {
        if !self.site.evaluation.modules.has("dir_module") || depth > DEEPEST {
            return Ok(None);
        }
        let names = index_names(effective);
        let mut refused = None;
        for name in &names {
            let path = if name.starts_with('/') { name.clone() } else { format!("{}{name}", effective.uri) };
            // httpd looks the name up with GET, whatever the request says.
            let asked = Asked { path, method: "GET".into(), ..effective.asked.clone() };
            let before = Before { within: true, ..of(effective) };
            let found = self.site.ask_for(&asked, self.files, before);
            let answer = self.answer(&asked, before, depth + 1);
            match (answer.status, &answer.outcome) {
                (Some(404), _) => {}
                // What the name is redirected to is answered for the directory, with its fields.
                (Some(status), Outcome::Redirect(to)) => {
                    return Ok(Some(self.error(effective, &effective.config, status, to, depth)));
                }
                (Some(status), _) if status >= 400 => refused = Some(status),
                _ if found.walked.kind == Kind::File || answer.status != Some(200) => return Ok(Some(answer)),
                _ => {}
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// An error or redirect by the server, with the page that `ErrorDocument` names for it.
    fn error(&self, effective: &Effective<'a>, config: &Config, status: u16, to: &str, depth: usize) -> Answer {
        let headers = headers::run(config, &effective.known, false);
        let outcome = if to.is_empty() { Outcome::Error } else { Outcome::Redirect(to.to_owned()) };
        let plain = Answer { status: Some(status), outcome, headers, doubts: doubts(effective), rule: false };
        let Some(page) = document(config, status) else { return plain };
        if page.contains("://") && to.is_empty() {
            return Answer { status: Some(302), outcome: Outcome::Redirect(page), ..plain };
        }
        if !page.starts_with('/') || depth > 0 {
            return plain;
        }
        let asked = Asked { path: page.clone(), method: "GET".into(), ..effective.asked.clone() };
        let before = Before { config: Some(config), ..of(effective) };
        let sent = self.answer(&asked, before, depth + 1);
        match sent.outcome {
            // mod_rewrite answers for itself, and httpd forgets that it was looking for a page.
            _ if sent.rule => sent,
            Outcome::Unknown(_) => Answer { status: Some(status), ..sent },
            Outcome::File(_) => Answer { status: Some(status), outcome: Outcome::Document(page), ..sent },
            _ => plain,
        }
    }
}

fn of<'e>(effective: &'e Effective<'_>) -> Before<'e> {
    let walked = Some(&effective.walked).filter(|walked| !walked.file.is_empty());
    Before { walked, config: Some(&effective.config), within: false }
}

fn made(effective: &Effective<'_>, status: Option<u16>, outcome: Outcome) -> Answer {
    let headers = headers::run(&effective.config, &effective.known, true);
    Answer { status, outcome, headers, doubts: doubts(effective), rule: false }
}

fn unknown(effective: &Effective<'_>, what: &str) -> Answer {
    let outcome = Outcome::Unknown(format!("could not tell {what}"));
    Answer { status: None, outcome, headers: HeaderEffects::default(), doubts: doubts(effective), rule: false }
}

fn doubts(effective: &Effective<'_>) -> Vec<Doubt> {
    effective.doubts().into_iter().cloned().collect()
}

fn is(effective: &Effective<'_>, name: &str, value: &str) -> bool {
    let setting = effective.setting(name);
    setting.values.last().and_then(|words| words.first()).is_some_and(|word| word.eq_ignore_ascii_case(value))
}

/// `disabled` alone takes back what stands before it.
fn index_names(effective: &Effective<'_>) -> Vec<String> {
    let lines = effective.setting("DirectoryIndex").values;
    if lines.is_empty() {
        return vec!["index.html".to_owned()];
    }
    let mut names = Vec::new();
    for line in lines {
        match line.as_slice() {
            [only] if only.eq_ignore_ascii_case("disabled") => names.clear(),
            more => names.extend_from_slice(more),
        }
    }
    names
}

/// Who answers besides httpd itself: `SetHandler`, or the extension's.
fn handler(effective: &Effective<'_>) -> Option<String> {
    let set = effective.setting("SetHandler");
    if let Some(name) = set.values.last().and_then(|words| words.first()) {
        let own = name.eq_ignore_ascii_case("none") || name == "default-handler";
        return (!own).then(|| name.clone());
    }
    let name = effective.walked.file.rsplit('/').next().unwrap_or_default();
    let extensions: Vec<String> = name.split('.').skip(1).map(str::to_ascii_lowercase).collect();
    let added = effective.setting("AddHandler").values;
    let by_extension = |extension: &String| {
        let names = |value: &&Vec<String>| {
            value.iter().skip(1).any(|arg| arg.trim_start_matches('.').eq_ignore_ascii_case(extension))
        };
        added.iter().rfind(names).and_then(|value| value.first().cloned())
    };
    extensions.iter().rev().find_map(by_extension)
}

/// What `ErrorDocument` says of a status; a page, a URL or a text.
fn document(config: &Config, status: u16) -> Option<String> {
    let code = status.to_string();
    let lines = config.blocks().flat_map(|block| &block.lines);
    let line = lines.filter(|line| line.key == "errordocument" && line.arg(0) == code).last()?;
    let page = line.arg(1);
    (!page.eq_ignore_ascii_case("default")).then(|| page.to_owned())
}

/// Where an answer's redirect or refusal is written, if it is.
impl Effective<'_> {
    pub fn redirect_at(&self) -> Option<&Spot> {
        match &self.translated {
            Translated::Redirected { at, .. } | Translated::Proxied { at, .. } => Some(at),
            _ => None,
        }
    }

    /// Who is let in, with another method.
    pub fn access_by(&self, method: &str) -> Access {
        access::access(&self.config, method, &self.known)
    }
}
