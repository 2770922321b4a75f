//! What a URL stands for: a file, another server, a redirect. mod_proxy looks first, then mod_rewrite, mod_alias,
//! mod_userdir, and the DocumentRoot takes the rest.

use std::path::Path;
use std::sync::Arc;

use crate::effective::apache::block::{Block, Line};
use crate::effective::apache::expr::Known;
use crate::effective::apache::path::{self, Made};
use crate::effective::apache::rewrite::{self, Rewritten};
use crate::effective::apache::{Config, Doubt, Site};
use crate::formats::Files;
use crate::model::Spot;

/// What a URL stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Translated {
    /// A name on the disk, whether it is there or not.
    File(String),
    /// `to` is empty where the status says all; `rule`: mod_rewrite says so.
    Redirected {
        status: u16,
        to: String,
        at: Spot,
        rule: bool,
    },
    Proxied {
        to: String,
        at: Spot,
    },
    /// Why it cannot be told stands among the doubts.
    Unknown,
}

pub(super) fn translate(
    site: &Site<'_>,
    early: &Config,
    uri: &str,
    known: &Known,
    files: &dyn Files,
    doubts: &mut Vec<Doubt>,
) -> Translated {
    let steps = [
        &mut |_: &mut Vec<Doubt>| proxied(site, early, uri) as Option<Translated>,
        &mut |doubts: &mut Vec<Doubt>| rewritten(site, early, uri, known, doubts),
        &mut |doubts: &mut Vec<Doubt>| redirected(&early_redirects(site, early), uri, doubts),
        &mut |doubts: &mut Vec<Doubt>| aliased(site, uri, doubts),
        &mut |doubts: &mut Vec<Doubt>| home(site, uri, files, doubts),
    ] as [&mut dyn FnMut(&mut Vec<Doubt>) -> Option<Translated>; 5];
    for step in steps {
        if let Some(found) = step(doubts) {
            return found;
        }
    }
    below_document_root(site, uri, doubts)
}

/// The directory below which the rest lies.
pub(super) fn document_root(site: &Site<'_>) -> Option<String> {
    let servers = site.servers();
    let line = servers.iter().flat_map(|block| &block.lines).rfind(|line| line.key == "documentroot")?;
    Some(under(site, line.arg(0)))
}

fn under(site: &Site<'_>, name: &str) -> String {
    site.evaluation.root.join(name).to_string_lossy().into_owned()
}

fn below_document_root(site: &Site<'_>, uri: &str, doubts: &mut Vec<Doubt>) -> Translated {
    let servers = site.servers();
    let mass = servers.iter().flat_map(|block| &block.lines).find(|line| line.key.starts_with("virtualdocumentroot"));
    if let Some(line) = mass {
        let text = "could not tell which directory a name stands for here".into();
        doubts.push(Doubt { at: line.at.clone(), text });
        return Translated::Unknown;
    }
    match document_root(site) {
        Some(root) => Translated::File(format!("{}{uri}", root.trim_end_matches('/'))),
        None => {
            let text = "no DocumentRoot: httpd takes the one it was built with, which could not be told".into();
            doubts.push(Doubt { at: site.here(), text });
            Translated::Unknown
        }
    }
}

fn proxied(site: &Site<'_>, early: &Config, uri: &str) -> Option<Translated> {
    let within = early.groups.iter().skip(1).flatten().flat_map(|block| &block.lines);
    // In a section it has no path of its own.
    let passes = |line: &&Line| line.key == "proxypass" || line.key == "proxypassmatch";
    let alone = |line: &&Line| line.args.iter().filter(|arg| !arg.contains('=')).count() == 1;
    if let Some(line) = { within }.rfind(|line| passes(line)).filter(alone) {
        let passed = line.arg(0) != "!";
        return passed.then(|| Translated::Proxied { to: line.arg(0).to_owned(), at: line.at.clone() });
    }
    let servers = site.servers();
    for line in servers.iter().flat_map(|block| &block.lines) {
        let regex = line.key == "proxypassmatch";
        if !regex && line.key != "proxypass" {
            continue;
        }
        match path::made(uri, line.arg(0), line.arg(1), regex) {
            Made::Target(_) if line.arg(1) == "!" => return None,
            Made::Target(to) => return Some(Translated::Proxied { to, at: line.at.clone() }),
            Made::No | Made::Unknown => {}
        }
    }
    None
}

fn rewritten(site: &Site<'_>, early: &Config, uri: &str, known: &Known, doubts: &mut Vec<Doubt>) -> Option<Translated> {
    match rewrite::of_server(site, early, uri, known)? {
        Rewritten::Refused { status, at } => Some(Translated::Redirected { status, to: String::new(), at, rule: true }),
        Rewritten::Redirected { status, to, at } => Some(Translated::Redirected { status, to, at, rule: true }),
        // Of sections alone.
        Rewritten::LinksForbidden => None,
        Rewritten::Unknown(at) => {
            doubts.push(Doubt { at, text: "could not tell where this rule sends the request".into() });
            Some(Translated::Unknown)
        }
    }
}

/// Those without a path in the locations that hold, then those of the virtual host, then the main server's.
fn early_redirects(site: &Site<'_>, early: &Config) -> Vec<Line> {
    let within = early.groups.iter().skip(1).flatten().flat_map(|block| &block.lines);
    let is_whole = |line: &&Line| is_redirect(line) && Redirect::read(line).is_some_and(|redirect| redirect.whole);
    let mut lines: Vec<Line> = { within }.rfind(is_whole).cloned().into_iter().collect();
    for block in site.servers().iter().rev() {
        lines.extend(block.lines.iter().filter(|line| is_redirect(line)).cloned());
    }
    lines
}

/// Redirects of the sections that hold for a file: inner ones first.
pub(super) fn late_redirects(config: &Config) -> Vec<Line> {
    let inner = |block: &Arc<Block>| block.lines.iter().filter(|line| is_redirect(line)).cloned().collect::<Vec<_>>();
    let blocks: Vec<&Arc<Block>> = config.groups.iter().skip(1).flatten().collect();
    let all: Vec<Line> = blocks.iter().rev().flat_map(|block| inner(block)).collect();
    let is_whole = |line: &Line| Redirect::read(line).is_some_and(|redirect| redirect.whole);
    let (whole, listed): (Vec<Line>, Vec<Line>) = all.into_iter().partition(is_whole);
    whole.into_iter().take(1).chain(listed).collect()
}

fn is_redirect(line: &Line) -> bool {
    matches!(line.key.as_str(), "redirect" | "redirectmatch" | "redirecttemp" | "redirectpermanent")
}

struct Redirect<'l> {
    status: u16,
    from: &'l str,
    to: &'l str,
    regex: bool,
    /// It has no path: its section decides.
    whole: bool,
}

impl<'l> Redirect<'l> {
    fn read(line: &'l Line) -> Option<Self> {
        let words: Vec<&str> = line.args.iter().map(String::as_str).collect();
        let (status, words) = match (line.key.as_str(), words.as_slice()) {
            ("redirecttemp", words) => (302, words),
            ("redirectpermanent", words) => (301, words),
            (_, [first, rest @ ..]) => match status(first) {
                Some(status) => (status, rest),
                None => (302, words.as_slice()),
            },
            (_, []) => return None,
        };
        let regex = line.key == "redirectmatch";
        let moves = (300..400).contains(&status);
        let (from, to, whole) = match (words, moves) {
            ([from, to], _) => (*from, *to, false),
            ([to], true) => ("", *to, true),
            ([from], false) => (*from, "", false),
            ([], false) => ("", "", true),
            _ => return None,
        };
        Some(Self { status, from, to, regex, whole })
    }
}

fn status(word: &str) -> Option<u16> {
    match word.to_ascii_lowercase().as_str() {
        "permanent" => Some(301),
        "temp" => Some(302),
        "seeother" => Some(303),
        "gone" => Some(410),
        digits => digits.parse().ok().filter(|status| (100..600).contains(status)),
    }
}

/// The first that fits.
pub(super) fn redirected(lines: &[Line], uri: &str, doubts: &mut Vec<Doubt>) -> Option<Translated> {
    for line in lines {
        let Some(redirect) = Redirect::read(line) else { continue };
        let made = if redirect.whole {
            Made::Target(redirect.to.to_owned())
        } else {
            path::made(uri, redirect.from, redirect.to, redirect.regex)
        };
        match made {
            Made::Target(to) => {
                let to = if (300..400).contains(&redirect.status) { to } else { String::new() };
                let at = line.at.clone();
                return Some(Translated::Redirected { status: redirect.status, to, at, rule: false });
            }
            Made::Unknown => doubts.push(Doubt {
                at: line.at.clone(),
                text: "could not tell whether this pattern redirects the request".into(),
            }),
            Made::No => {}
        }
    }
    None
}

fn aliased(site: &Site<'_>, uri: &str, doubts: &mut Vec<Doubt>) -> Option<Translated> {
    for block in site.servers().iter().rev() {
        for line in &block.lines {
            let regex = match line.key.as_str() {
                "alias" | "scriptalias" => false,
                "aliasmatch" | "scriptaliasmatch" => true,
                _ => continue,
            };
            match path::made(uri, line.arg(0), line.arg(1), regex) {
                Made::Target(to) => return Some(Translated::File(under(site, &to))),
                Made::Unknown => doubts.push(Doubt {
                    at: line.at.clone(),
                    text: "could not tell whether this pattern takes the URL".into(),
                }),
                Made::No => {}
            }
        }
    }
    None
}

/// `/~user/…` of mod_userdir: a pattern, a directory of all homes, or one within each home.
fn home(site: &Site<'_>, uri: &str, files: &dyn Files, doubts: &mut Vec<Doubt>) -> Option<Translated> {
    let (user, rest) = uri.strip_prefix("/~")?.split_once('/').unwrap_or((uri.get(2..)?, ""));
    let servers = site.servers();
    let block = servers.iter().rfind(|block| block.lines.iter().any(|line| line.key == "userdir"))?;
    let lines: Vec<&Line> = block.lines.iter().filter(|line| line.key == "userdir").collect();
    if user.is_empty() || user == "." || user == ".." || is_disabled(&lines, user) {
        return None;
    }
    let word = |line: &&&Line, word: &str| line.arg(0).eq_ignore_ascii_case(word);
    let line = lines.iter().rfind(|line| !word(line, "disabled") && !word(line, "enabled"))?;
    let pattern = line.arg(0);
    let dir = if pattern.contains('*') {
        pattern.replace('*', user)
    } else if pattern.starts_with('/') {
        format!("{}/{user}", pattern.trim_end_matches('/'))
    } else {
        match home_of(user, files) {
            Some(home) => format!("{home}/{pattern}"),
            None => {
                doubts.push(Doubt { at: line.at.clone(), text: "could not tell where this user's home is".into() });
                return Some(Translated::Unknown);
            }
        }
    };
    Some(Translated::File(format!("{dir}/{rest}")))
}

fn is_disabled(lines: &[&Line], user: &str) -> bool {
    let named = |line: &&&Line| line.args.iter().skip(1).any(|name| name == user);
    let of = |word: &'static str| lines.iter().filter(move |line| line.arg(0).eq_ignore_ascii_case(word));
    let all_off = of("disabled").any(|line| line.args.len() == 1);
    of("disabled").any(|line| named(&line)) || (all_off && !of("enabled").any(|line| named(&line)))
}

fn home_of(user: &str, files: &dyn Files) -> Option<String> {
    let bytes = files.read(Path::new("/etc/passwd")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find(|line| line.split(':').next() == Some(user))?;
    line.split(':').nth(5).map(str::to_owned)
}
