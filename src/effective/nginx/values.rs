//! Variables in the words of a configuration, as far as a request and the walk so far tell them.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::effective::nginx::maps::Map;
use crate::effective::nginx::pattern::Caught;
use crate::effective::nginx::walk::Walk;

/// Maps that look at maps.
const DEEPEST: usize = 8;

/// What was set and caught on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// None inside: set to something that is not known.
    pub(super) set: HashMap<String, Option<String>>,
    /// Of the last pattern that matched.
    pub(super) caught: Vec<String>,
    /// What maps gave: asked once, a map gives the same for the rest of the request.
    mapped: RefCell<HashMap<String, String>>,
    /// Values of `add_header` and its kin, expanded at the end of the walk, by the words they stand for.
    pub(super) expanded: HashMap<String, Option<String>>,
}

impl Values {
    pub(super) fn catch(&mut self, caught: Caught) {
        self.caught = caught.groups;
        self.set.extend(caught.named.into_iter().map(|(name, value)| (name, Some(value))));
    }
}

/// A piece of a word.
enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

impl Walk<'_, '_> {
    /// A word with its variables put in; none where one of them is not known.
    pub(super) fn expand(&self, text: &str) -> Option<String> {
        self.expand_within(text, DEEPEST)
    }

    fn expand_within(&self, text: &str, depth: usize) -> Option<String> {
        let mut out = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(name) => out.push_str(&self.variable(name, depth.checked_sub(1)?)?),
            }
        }
        Some(out)
    }

    fn variable(&self, name: &str, depth: usize) -> Option<String> {
        if let Ok(group) = name.parse::<usize>() {
            return Some(self.values.caught.get(group).cloned().unwrap_or_default());
        }
        if let Some(value) = self.values.set.get(name) {
            return value.clone();
        }
        if let Some(map) = self.nginx.maps.get(name) {
            return self.mapped(name, map, depth);
        }
        // Set somewhere, but not on this way.
        self.built_in(name).or_else(|| self.nginx.is_settable(name).then(String::new))
    }

    fn mapped(&self, name: &str, map: &Map<'_>, depth: usize) -> Option<String> {
        if let Some(known) = self.values.mapped.borrow().get(name).filter(|_| !map.is_volatile()) {
            return Some(known.clone());
        }
        let value = self.expand_within(map.value(&self.expand_within(map.source(), depth)?)?, depth)?;
        self.values.mapped.borrow_mut().insert(name.to_owned(), value.clone());
        Some(value)
    }

    fn built_in(&self, name: &str) -> Option<String> {
        let request = self.request;
        let value = match name {
            "uri" | "document_uri" => self.uri.clone(),
            "request_uri" => request.target.to_owned(),
            "args" | "query_string" => self.args.clone(),
            "is_args" => if self.args.is_empty() { "" } else { "?" }.to_owned(),
            "host" if self.host.is_empty() => self.server_name(),
            "host" => self.host.clone(),
            "http_host" if self.headers_read => request.host.unwrap_or_default().to_owned(),
            "server_name" => self.server_name(),
            "server_port" => request.port.to_string(),
            "server_addr" => request.address.to_string(),
            "scheme" => if self.tls { "https" } else { "http" }.to_owned(),
            "https" => if self.tls { "on" } else { "" }.to_owned(),
            "request_method" => self.method.clone(),
            "remote_addr" => request.client?.to_string(),
            "document_root" => self.root()?.0,
            // Where `alias` meets a rewritten path nginx finds no file and goes on without.
            "request_filename" => self.path().or_else(|| self.root().map(|_| String::new()))?,
            name => return self.of_request(name),
        };
        Some(value)
    }

    /// Headers, cookies and arguments.
    fn of_request(&self, name: &str) -> Option<String> {
        if let Some(name) = name.strip_prefix("arg_") {
            let pairs = self.args.split('&').filter_map(|pair| pair.split_once('='));
            let value = pairs.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next();
            return Some(value.unwrap_or_default().to_owned());
        }
        let name = name.strip_prefix("http_")?;
        let headers = if self.headers_read { self.request.headers? } else { &[] };
        let same = |known: &str| known.to_ascii_lowercase().replace('-', "_") == name;
        let values: Vec<&str> = headers.iter().filter(|(known, _)| same(known)).map(|(_, value)| *value).collect();
        Some(values.join(", "))
    }

    fn server_name(&self) -> String {
        let declared = self.nginx.server(self.site).iter().find(|line| line.name == "server_name");
        let name = declared.map_or("", |line| line.first());
        match name.starts_with('~') {
            true => name.to_owned(),
            false => name.strip_prefix('.').unwrap_or(name).to_ascii_lowercase(),
        }
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        pieces.push(Piece::Text(before));
        let (name, behind) = match after.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            Some((name, behind)) => (name, behind),
            None => after.split_at(name_length(after)),
        };
        pieces.push(if name.is_empty() { Piece::Text("$") } else { Piece::Variable(name) });
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// `$1` is one digit; a name goes on over letters, digits and `_`.
fn name_length(after: &str) -> usize {
    match after.bytes().next() {
        Some(b'1'..=b'9') => 1,
        _ => after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count(),
    }
}
