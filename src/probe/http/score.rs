//! What the headers of a page are worth, by the numbers of `data/headers.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::probe::http::client::Reply;

/// Six months of 30 days, less a little, as the Observatory counts.
const HSTS_SECS: u64 = 15_552_000;

static RULES: LazyLock<Rules> =
    LazyLock::new(|| toml::from_str(include_str!("../data/headers.toml")).unwrap_or_default());
static SCRIPT_OVER_HTTP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)<script[^>]{0,400}\ssrc\s*=\s*["']?http://"#).ok());

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    date: String,
    base: i32,
    bonus_from: i32,
    worth: BTreeMap<String, i32>,
    words: BTreeMap<String, String>,
    letters: BTreeMap<String, i32>,
}

/// A sum and what made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    pub letter: String,
    pub score: i32,
    /// What was taken off or added, with the reason.
    pub items: Vec<Item>,
    /// The day the numbers are of.
    pub date: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    pub id: &'static str,
    pub worth: i32,
    pub why: &'static str,
}

/// The span of Strict-Transport-Security in seconds.
pub fn hsts(headers: &BTreeMap<String, Vec<String>>) -> Option<u64> {
    let value = headers.get("strict-transport-security")?.first()?.to_ascii_lowercase();
    let span = value.split(';').find_map(|part| part.trim().strip_prefix("max-age="))?;
    span.trim_matches('"').parse().ok()
}

pub fn score(page: &Reply, tls: bool, redirects: Option<bool>) -> Score {
    let ids: Vec<&str> =
        [framing(page), policy(page), transport(page, tls, redirects), cookies(page), others(page)].concat();
    let items: Vec<Item> =
        RULES.worth.iter().filter(|(id, _)| ids.contains(&id.as_str())).map(|(id, worth)| item(id, *worth)).collect();
    let sum = |good: bool| items.iter().map(|item| item.worth).filter(|worth| (*worth > 0) == good).sum::<i32>();
    let plain = RULES.base + sum(false);
    let score = (if plain >= RULES.bonus_from { plain + sum(true) } else { plain }).max(0);
    let letter = RULES.letters.iter().filter(|(_, from)| score >= **from).max_by_key(|(_, from)| **from);
    Score { letter: letter.map(|(letter, _)| letter.clone()).unwrap_or_default(), score, items, date: &RULES.date }
}

fn item(id: &'static str, worth: i32) -> Item {
    Item { id, worth, why: RULES.words.get(id).map_or("", String::as_str) }
}

/// The enforced policy, in lower case; several are joined.
fn csp(page: &Reply) -> Option<String> {
    page.headers.get("content-security-policy").map(|values| values.join("; ").to_ascii_lowercase())
}

fn directive<'a>(csp: &'a str, name: &str) -> Option<&'a str> {
    csp.split(';')
        .map(str::trim)
        .find_map(|part| part.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with(' ')))
}

fn framing(page: &Reply) -> Vec<&'static str> {
    let header = page
        .header("x-frame-options")
        .is_some_and(|value| matches!(value.trim().to_ascii_lowercase().as_str(), "deny" | "sameorigin"));
    let held = header || csp(page).is_some_and(|csp| directive(&csp, "frame-ancestors").is_some());
    if held { Vec::new() } else { vec!["framing-allowed"] }
}

fn policy(page: &Reply) -> Vec<&'static str> {
    let Some(csp) = csp(page) else { return vec!["csp-missing"] };
    let scripts = directive(&csp, "script-src").or_else(|| directive(&csp, "default-src"));
    // A nonce or hash makes browsers pass over 'unsafe-inline'.
    let inline = scripts
        .is_none_or(|from| from.contains("'unsafe-inline'") && !from.contains("'nonce-") && !from.contains("'sha"));
    let none = directive(&csp, "default-src").is_some_and(|from| from.trim() == "'none'");
    match (inline, none) {
        (true, _) => vec!["csp-unsafe-inline"],
        (_, true) => vec!["csp-default-none"],
        _ => Vec::new(),
    }
}

fn transport(page: &Reply, tls: bool, redirects: Option<bool>) -> Vec<&'static str> {
    let mut found = match hsts(&page.headers).filter(|_| tls) {
        Some(secs) if secs < HSTS_SECS => vec!["hsts-short"],
        Some(_) => Vec::new(),
        None => vec!["hsts-missing"],
    };
    if redirects == Some(false) {
        found.push("redirect-missing");
    }
    found
}

fn cookies(page: &Reply) -> Vec<&'static str> {
    let mut found = Vec::new();
    for cookie in page.headers.get("set-cookie").into_iter().flatten() {
        let cookie = cookie.to_ascii_lowercase();
        let mut parts = cookie.split(';').map(str::trim);
        let name = parts.next().and_then(|pair| pair.split('=').next()).unwrap_or_default();
        // As the Observatory tells sessions: by their names.
        if !name.contains("sess") && !name.contains("login") {
            continue;
        }
        let has = |flag: &str| cookie.split(';').any(|part| part.trim() == flag);
        found.extend((!has("secure")).then_some("session-cookie-without-secure"));
        found.extend((!has("httponly")).then_some("session-cookie-without-httponly"));
    }
    found
}

fn others(page: &Reply) -> Vec<&'static str> {
    let is = |name: &str, value: &str| page.header(name).is_some_and(|said| said.trim().eq_ignore_ascii_case(value));
    let mut found = Vec::new();
    let any_origin = is("access-control-allow-origin", "*") && is("access-control-allow-credentials", "true");
    found.extend(any_origin.then_some("cors-any-with-credentials"));
    let script = SCRIPT_OVER_HTTP.as_ref().is_some_and(|script| script.is_match(&page.text()));
    found.extend(script.then_some("script-over-http"));
    found.extend((!is("x-content-type-options", "nosniff")).then_some("nosniff-missing"));
    let isolated = page.header("cross-origin-opener-policy").is_some()
        && page.header("cross-origin-embedder-policy").is_some()
        && page.header("cross-origin-resource-policy").is_some();
    found.extend(isolated.then_some("coop-coep-corp"));
    let private = ["no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"];
    found.extend(private.iter().any(|policy| is("referrer-policy", policy)).then_some("referrer-policy"));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(headers: &[(&str, &str)]) -> Reply {
        let mut reply = Reply { status: 200, ..Reply::default() };
        for (name, value) in headers {
            reply.headers.entry((*name).to_owned()).or_default().push((*value).to_owned());
        }
        reply
    }

    fn ids(score: &Score) -> Vec<&str> {
        score.items.iter().map(|item| item.id).collect()
    }

    #[test]
    fn every_number_has_its_words() {
        let rules: Rules = toml::from_str(include_str!("../data/headers.toml")).unwrap();
        assert!(rules.worth.keys().eq(rules.words.keys()) && !rules.letters.is_empty());
    }

    #[test]
    fn a_bare_page_loses_what_the_observatory_takes() {
        let score = score(&page(&[]), true, Some(false));
        assert_eq!(
            ids(&score),
            ["csp-missing", "framing-allowed", "hsts-missing", "nosniff-missing", "redirect-missing"]
        );
        assert_eq!((score.score, score.letter.as_str()), (10, "F"));
    }

    #[test]
    fn a_hardened_page_has_all_and_bonuses() {
        let good = page(&[
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("set-cookie", "session=1; Secure; HttpOnly"),
        ]);
        let score = score(&good, true, Some(true));
        assert_eq!((score.score, score.letter.as_str()), (115, "A+"));
    }

    #[test]
    fn cookies_and_scripts_are_told() {
        let mut bad = page(&[
            ("set-cookie", "PHPSESSID=1; path=/"),
            ("content-security-policy", "script-src 'self' 'unsafe-inline'"),
        ]);
        bad.body = br#"<script async src="http://cdn/x.js">"#.to_vec();
        let score = score(&bad, true, None);
        for id in [
            "session-cookie-without-secure",
            "session-cookie-without-httponly",
            "csp-unsafe-inline",
            "script-over-http",
        ] {
            assert!(ids(&score).contains(&id), "{id}");
        }
        assert_eq!(score.score, 0);
    }
}
