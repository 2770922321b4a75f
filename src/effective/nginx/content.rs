//! `try_files`, index files, listings and plain files (ngx_http_try_files_module, index, autoindex, static).

use std::path::Path;

use crate::effective::nginx::Line;
use crate::effective::nginx::answer::Served;
use crate::effective::nginx::disk::Found;
use crate::effective::nginx::places::PlaceKind;
use crate::effective::nginx::walk::{Next, Walk, untold};
use crate::model::Spot;

/// Directives that hand the request to something that answers by itself.
const HANDLERS: [&str; 16] = [
    "proxy_pass",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "grpc_pass",
    "memcached_pass",
    "perl",
    "flv",
    "mp4",
    "hls",
    "js_content",
    "content_by_lua",
    "content_by_lua_block",
    "content_by_lua_file",
    "passenger_enabled",
    "echo",
];

/// How an `alias` joins the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joins {
    /// `root`: all of it.
    Whole,
    /// What stands behind this many bytes.
    Behind(usize),
    /// `alias` in a pattern's location is the whole file name.
    Replaced,
}

impl<'a> Walk<'_, 'a> {
    pub(super) fn content(&mut self) -> Next {
        if let Some(next) = self.try_files() {
            return next;
        }
        if let Some(next) = self.handler() {
            return next;
        }
        let plain = matches!(self.method.as_str(), "GET" | "HEAD");
        if let Some(writes) = self.scope().lines("dav_methods").first().filter(|line| line.args.contains(&self.method))
        {
            return Next::End(None, Served::Passed(writes.at.clone()));
        }
        if !plain && self.method != "POST" {
            return Next::Error(405);
        }
        match self.uri.ends_with('/') {
            true => self.directory(plain),
            false => self.file(plain),
        }
    }

    fn try_files(&mut self) -> Option<Next> {
        let here = self.branch.map_or_else(|| self.inner(), Line::inside);
        let line = here.iter().find(|line| line.name == "try_files")?;
        let (last, tried) = line.args.split_last()?;
        let Some((root, joins)) = self.root() else { return Some(untold("the root is not known")) };
        if joins != Joins::Whole && !self.valid_location {
            return Some(Next::Error(500));
        }
        for entry in tried {
            let (name, wants_dir) = entry.strip_suffix('/').map_or((entry.as_str(), false), |name| (name, true));
            let Some(name) = self.tried_name(name, joins) else {
                return Some(untold("try_files looks for a file that cannot be told"));
            };
            match self.nginx.disk.look(&format!("{root}{name}")) {
                Found::Untold => return Some(untold("a directory cannot be listed")),
                Found::Directory if wants_dir => return self.take(name, joins, true),
                Found::File if !wants_dir => return self.take(name, joins, false),
                _ => {}
            }
        }
        Some(self.fall_back(&line.at, last, joins))
    }

    /// The name behind the root; below an `alias` without the location's own prefix.
    fn tried_name(&self, entry: &str, joins: Joins) -> Option<String> {
        let name = self.expand(entry)?;
        match joins {
            Joins::Behind(prefix) if entry.contains('$') => match (name.get(..prefix), self.uri.get(..prefix)) {
                (Some(start), Some(uri)) if start == uri => name.get(prefix..).map(str::to_owned),
                _ => Some(name),
            },
            _ => Some(name),
        }
    }

    fn take(&mut self, name: String, joins: Joins, is_dir: bool) -> Option<Next> {
        match joins {
            Joins::Whole => self.uri = name,
            Joins::Behind(prefix) => self.uri = format!("{}{name}", self.uri.get(..prefix).unwrap_or_default()),
            Joins::Replaced if is_dir => {}
            Joins::Replaced => (self.uri, self.uri_behind_alias) = (name, true),
        }
        None
    }

    fn fall_back(&mut self, at: &Spot, last: &str, joins: Joins) -> Next {
        if let Some(status) = last.strip_prefix('=') {
            return status.parse().map_or_else(|_| untold("try_files ends in no status"), Next::Error);
        }
        if last.starts_with('@') {
            return self.go_to_named(at, last);
        }
        let Some(target) = self.tried_name(last, joins) else {
            return untold("try_files goes where a variable says that is not known");
        };
        let (path, args) = target.split_once('?').unwrap_or((&target, ""));
        self.redirect_within(at, path.to_owned(), args.to_owned())
    }

    /// What answers by itself; an `if` takes it from its location, `limit_except` only what passes requests on.
    fn handler(&mut self) -> Option<Next> {
        self.place?;
        let own = self.branch.map(Line::inside).unwrap_or_default();
        let limits = self.branch.is_some_and(|branch| branch.name == "limit_except");
        let outer = self.inner().iter().filter(|line| !limits || line.name.ends_with("_pass"));
        let line = own.iter().chain(outer).find(|line| {
            HANDLERS.contains(&line.name.as_str()) || matches!(line.name.as_str(), "stub_status" | "empty_gif")
        })?;
        let knows = matches!(line.name.as_str(), "stub_status" | "empty_gif");
        Some(match (knows, self.method.as_str()) {
            (false, _) => Next::End(None, Served::Passed(line.at.clone())),
            (true, "GET" | "HEAD") => Next::End(Some(200), Served::Passed(line.at.clone())),
            (true, _) => Next::Error(405),
        })
    }

    fn directory(&mut self, plain: bool) -> Next {
        let Some(dir) = self.path() else { return self.no_path() };
        let indices = self.scope().lines("index");
        let default = vec!["index.html".to_owned()];
        let words = match indices.is_empty() {
            true => vec![(self.here(), &default)],
            false => indices.iter().map(|line| (line.at.clone(), &line.args)).collect(),
        };
        for (at, name) in words.iter().flat_map(|(at, names)| names.iter().map(move |name| (at, name))) {
            if let Some(next) = self.index(at, name, &dir) {
                return next;
            }
        }
        let lists = self.scope().word("autoindex") == "on";
        match self.nginx.disk.look(&dir) {
            Found::Directory if lists && plain => Next::End(Some(200), Served::Listing(dir.into())),
            Found::Directory => Next::Error(403),
            Found::Untold => untold("a directory cannot be looked at"),
            _ => Next::Error(404),
        }
    }

    fn index(&mut self, at: &Spot, name: &str, dir: &str) -> Option<Next> {
        let Some(expanded) = self.expand(name) else { return Some(untold("the index file is not known")) };
        if expanded.starts_with('/') && !name.contains('$') {
            return Some(self.redirect_within(at, expanded, self.args.clone()));
        }
        if expanded.is_empty() {
            return None;
        }
        match self.nginx.disk.look(&format!("{dir}{expanded}")) {
            // A missing index file has nginx look at the directory before it tries the next.
            Found::Nothing => match (self.nginx.disk.look(dir.trim_end_matches('/')), dir.ends_with('/')) {
                (Found::Directory | Found::Untold, _) => None,
                (Found::File, false) => Some(Next::Error(500)),
                _ => Some(Next::Error(404)),
            },
            Found::Untold => Some(untold("a directory cannot be listed")),
            _ => Some(self.redirect_within(at, format!("{}{expanded}", self.uri), self.args.clone())),
        }
    }

    fn file(&mut self, plain: bool) -> Next {
        let Some(path) = self.path() else { return self.no_path() };
        match self.nginx.disk.look(&path) {
            Found::Directory => self.add_slash(),
            Found::File if plain => Next::End(Some(200), Served::File(path.into())),
            Found::File => Next::Error(405),
            Found::Nothing => Next::Error(404),
            Found::Untold => untold("a directory cannot be listed"),
        }
    }

    fn no_path(&self) -> Next {
        match self.valid_location {
            false => Next::Error(500),
            true => untold("the root is not known"),
        }
    }

    /// The file for the path: none where the root is not known, or `alias` meets a rewritten path.
    pub(super) fn path(&self) -> Option<String> {
        let (root, joins) = self.root()?;
        match joins {
            Joins::Whole => Some(format!("{root}{}", self.uri)),
            _ if !self.valid_location => None,
            Joins::Behind(prefix) => Some(format!("{root}{}", self.uri.get(prefix..).unwrap_or_default())),
            Joins::Replaced if self.uri_behind_alias => Some(format!("{root}{}", self.uri)),
            Joins::Replaced => Some(root),
        }
    }

    /// The directory in force, and how the path joins it.
    pub(super) fn root(&self) -> Option<(String, Joins)> {
        let scope = self.scope();
        let alias = scope.lines("alias").first().copied();
        let Some(line) = alias.or_else(|| scope.lines("root").first().copied()) else {
            return Some((self.absolute("html"), Joins::Whole));
        };
        let root = self.absolute(&self.expand(line.first())?);
        match alias {
            None => Some((root.strip_suffix('/').unwrap_or(&root).to_owned(), Joins::Whole)),
            Some(alias) => Some((root, self.joins(alias))),
        }
    }

    fn absolute(&self, root: &str) -> String {
        match Path::new(root).is_absolute() {
            true => root.to_owned(),
            false => format!("{}/{root}", self.nginx.prefix.display()),
        }
    }

    /// An inherited `alias` cuts off the name of the location that declares it.
    fn joins(&self, alias: &Line) -> Joins {
        let places = self.nginx.places(self.site);
        let mut declaring = places.into_iter().flat_map(|places| places.iter());
        let place = declaring.find(|place| place.line.inside().iter().any(|line| std::ptr::eq(line, alias)));
        match place {
            Some(place) if matches!(place.kind, PlaceKind::Pattern(_)) => Joins::Replaced,
            Some(place) => Joins::Behind(place.name.len()),
            None => Joins::Whole,
        }
    }

    fn here(&self) -> Spot {
        let place = self.nginx.places(self.site).and_then(|places| places.get(self.place?));
        let server = || self.nginx.sites().get(self.site).map(|site| site.line.at.clone());
        place.map(|place| place.line.at.clone()).or_else(server).unwrap_or_else(|| Spot { file: "".into(), line: 0 })
    }
}
