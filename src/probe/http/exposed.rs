//! Files that should not be served: a short list, each confirmed by what stands in it, so that a server which answers
//! everything with a page is not accused.

use std::sync::LazyLock;

use regex::bytes::Regex;
use serde::Serialize;

use crate::probe::catalogue::rows;
use crate::probe::http::client::{Client, Reply};

/// A file that anybody can fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposed {
    pub path: &'static str,
    pub what: &'static str,
    pub status: u16,
}

struct File {
    path: &'static str,
    content: Regex,
    what: &'static str,
}

static FILES: LazyLock<Vec<File>> =
    LazyLock::new(|| rows(include_str!("../data/exposed.csv")).filter_map(|row| file(&row)).collect());

fn file(row: &[&'static str]) -> Option<File> {
    let &[path, content, what] = row else { return None };
    Some(File { path, content: Regex::new(content).ok()?, what })
}

/// What is served of the list; an error where the server stopped answering before its end.
pub fn look(client: Client<'_>, missing: Option<&Reply>) -> Result<Vec<Exposed>, String> {
    let mut found = Vec::new();
    for file in FILES.iter() {
        let reply = client.get(file.path).map_err(|why| format!("files from {} on: {why}", file.path))?;
        let served = reply.status == 200 || (reply.status == 401 && file.path == "/manager/html");
        let soft = missing.is_some_and(|missing| missing.status == reply.status && missing.body == reply.body);
        if served && !soft && file.content.is_match(&reply.body) {
            found.push(Exposed { path: file.path, what: file.what, status: reply.status });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_a_page_is_none_of_them() {
        assert_eq!(FILES.len(), rows(include_str!("../data/exposed.csv")).count());
        let page = b"<!DOCTYPE html><html><head><title>Not found</title></head><body>no such page</body></html>";
        assert!(FILES.iter().all(|file| !file.content.is_match(page)));
        let env = FILES.iter().find(|file| file.path == "/.env").unwrap();
        assert!(env.content.is_match(b"APP_ENV=prod\nDB_PASSWORD=x\n"));
    }
}
