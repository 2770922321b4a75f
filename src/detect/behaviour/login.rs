//! Whether a line is an attempt to log in, and how it ended. Login paths are learnt by how they answer.

use std::net::IpAddr;

use crate::detect::behaviour::{paths, sshd};
use crate::detect::memory::client::flag;
use crate::detect::memory::target::Target;
use crate::detect::memory::{Client, Memory};
use crate::detect::rules::{Hit, RuleSet};
use crate::detect::seen::Seen;
use crate::detect::settings::Settings;
use crate::model::{Class, Confidence, Event, Login, Request, What};

/// One attempt to log in.
pub struct Attempt<'a> {
    pub ok: bool,
    /// What a failure counts.
    pub weight: f32,
    pub service: &'a str,
    /// Empty where the line names nobody.
    pub user: &'a [u8],
}

/// A login that failed, as far as one line tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failure<'a> {
    /// None where the line names nobody, or may name two.
    pub client: Option<IpAddr>,
    /// Empty where the line names nobody.
    pub user: &'a [u8],
    /// Who refused: `sshd`, `apache-basic`, `form`, or the rule's name.
    pub service: &'a str,
    /// The rule that knew the line.
    pub rule: Option<&'a str>,
    /// False where people are told the same before they have tried: it says little.
    pub sure: bool,
}

/// Whether a line alone, with the rules it met, tells of a failed login; never what may be a success.
pub fn failure<'a>(event: &Event<'a>, rules: &'a RuleSet, hits: &[Hit]) -> Option<Failure<'a>> {
    let client = event.client.map(|client| client.ip);
    let of_server = |service, user| Some(Failure { client, user, service, rule: None, sure: true });
    match &event.what {
        What::Login(login) if login.ok => None,
        What::Login(login) => of_server(login.service, login.user),
        What::Request(request) if is_post_to_login(request) => {
            let refused = matches!(request.status, 401 | 403 | 422 | 429)
                || request.status == 200 && is_wordpress(request.path()) && !is_other_action(request);
            refused.then(|| of_server("form", request.user))?
        }
        What::Request(request) if request.status == 401 && !request.user.is_empty() => of_server("http", request.user),
        What::Request(_) => None,
        What::Note(_) => noted(event, rules, hits),
        What::Named(_) => None,
    }
}

/// What a rule about failed logins makes of a remark. Two rules that name two clients are believed in neither.
fn noted<'a>(event: &Event<'a>, rules: &'a RuleSet, hits: &[Hit]) -> Option<Failure<'a>> {
    let about_logins = |hit: &&Hit| rules.rule(hit.rule).is_some_and(|rule| rule.class == Class::AuthFailure);
    let mut hits = hits.iter().filter(about_logins).peekable();
    let rule = rules.rule(hits.peek()?.rule)?;
    let named = rule.whom.as_ref().and_then(|whom| whom.read(event)).unwrap_or_default();
    let client = rules.client_of(event, hits.copied());
    let (service, sure) = (rule.id.as_str(), rule.confidence > Confidence::Low);
    Some(Failure { client, user: named.user, service, rule: Some(service), sure })
}

/// The attempt in an event, if there is one; [`learn`] follows.
pub fn attempt<'a>(seen: &Seen<'a, '_>, memory: &Memory, settings: &Settings) -> Option<Attempt<'a>> {
    match &seen.event.what {
        What::Login(login) => Some(of_line(login, seen, memory)),
        What::Request(request) if is_post_to_login(request) => {
            let mut attempt = posted(seen, request, memory, settings)?;
            // Counted once in the application's log, this one is half a failure: another application may have told.
            if memory.clients.at(seen.slot).has(flag::NOTED_BY_APPLICATION) {
                attempt.weight *= 0.5;
            }
            Some(attempt)
        }
        What::Request(request) if request.method == b"POST" => {
            learnt(seen, request, memory).or_else(|| basic(seen, request, memory, settings))
        }
        What::Request(request) => {
            came_back(seen, request, memory).or_else(|| basic(seen, request, memory, settings))
        }
        What::Named(_) => None,
        What::Note(_) => seen.noted.map(|noted| {
            let weight = if noted.sure { 1.0 } else { settings.nameless_weight };
            Attempt { ok: false, weight, service: noted.service, user: noted.user }
        }),
    }
}

fn of_line<'a>(login: &Login<'a>, seen: &Seen<'_, '_>, memory: &Memory) -> Attempt<'a> {
    let known = memory.clients.at(seen.slot).connection;
    let again = login.service == "sshd" && !login.ok && sshd::says_again(seen.event.raw, known, &memory.seed);
    Attempt { ok: login.ok, weight: if again { 0.0 } else { 1.0 }, service: login.service, user: login.user }
}

pub fn is_post_to_login(request: &Request<'_>) -> bool {
    request.method == b"POST" && (paths::is_login(request.path()) || is_xmlrpc(request.path()))
}

/// WordPress's own programs that speak XML-RPC all day.
const APPS: [&[u8]; 3] = [b"wp-android/", b"wp-iphone/", b"Jetpack"];

fn is_xmlrpc(path: &[u8]) -> bool {
    path.ends_with(b"/xmlrpc.php")
}

fn is_wordpress(path: &[u8]) -> bool {
    path.ends_with(b"/wp-login.php")
}

/// The same page also takes registrations and lost passwords.
fn is_other_action(request: &Request<'_>) -> bool {
    request.query().starts_with(b"action=") && !request.query().starts_with(b"action=login")
}

/// A form or an API: WordPress by what is known of it, others by how this path answered others.
fn posted<'a>(seen: &Seen<'a, '_>, request: &Request<'a>, memory: &Memory, settings: &Settings) -> Option<Attempt<'a>> {
    let path = request.path();
    let target = memory.targets.find(&memory.seed, [seen.path, 0]);
    let ended = |ok, weight| Some(Attempt { ok, weight, service: "form", user: request.user });
    if is_xmlrpc(path) {
        let app = APPS.iter().any(|app| request.user_agent.starts_with(app));
        let weight = if app { settings.xmlrpc_app_weight } else { settings.xmlrpc_weight };
        return if request.status == 200 { ended(false, weight) } else { None };
    }
    if is_wordpress(path) {
        return match request.status {
            _ if is_other_action(request) => None,
            200 | 401 | 403 | 429 => ended(false, 1.0),
            302 | 303 => ended(true, 0.0),
            _ => None,
        };
    }
    let known = target.map(|slot| memory.targets.at(slot));
    if let Some(ok) = known.and_then(|target| target.shapes.verdict(request.status, size_of_answer(request))) {
        return ended(ok, if ok { 0.0 } else { 1.0 });
    }
    match request.status {
        401 | 403 | 422 | 429 => ended(false, 1.0),
        200..=204 if known.is_some_and(|target| redirects_others(target, seen, memory)) => ended(false, 1.0),
        200..=204 if known.is_some_and(|target| target.denials > 0) => ended(true, 0.0),
        302 | 303 if known.is_some_and(|target| target.plain > 0 || target.denials > 0) => ended(true, 0.0),
        // The redirect before this one was not followed.
        _ => came_back(seen, request, memory).map(|attempt| Attempt { weight: UNFOLLOWED, ..attempt }),
    }
}

/// A path whose name says nothing, where others were let in and this client was not.
fn learnt<'a>(seen: &Seen<'a, '_>, request: &Request<'a>, memory: &Memory) -> Option<Attempt<'a>> {
    let slot = memory.targets.find(&memory.seed, [seen.path, 0])?;
    let ok = memory.targets.at(slot).shapes.verdict(request.status, size_of_answer(request))?;
    Some(Attempt { ok, weight: if ok { 0.0 } else { 1.0 }, service: "form", user: request.user })
}

fn size_of_answer(request: &Request<'_>) -> u32 {
    request.bytes.map_or(0, |bytes| u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// Seconds in which a redirect is followed.
const FOLLOWED: u32 = 30;
/// Who sends a login again without following the redirect is a program, though perhaps one that was let in.
const UNFOLLOWED: f32 = 0.9;

/// A login that redirects whatever was sent: it failed where the redirect led back to the form.
fn came_back<'a>(seen: &Seen<'a, '_>, request: &Request<'a>, memory: &Memory) -> Option<Attempt<'a>> {
    if !memory.clients.at(seen.slot).has(flag::REDIRECTED) {
        return None;
    }
    let target = memory.targets.at(memory.targets.find(&memory.seed, [seen.path, 0])?);
    let back = target.shapes.lately(mark_of(seen, memory), seen.now, FOLLOWED);
    back.then_some(Attempt { ok: false, weight: 1.0, service: "form", user: request.user })
}

fn redirects_others(target: &Target, seen: &Seen<'_, '_>, memory: &Memory) -> bool {
    target.redirects > 0 && target.redirected != mark_of(seen, memory)
}

fn mark_of(seen: &Seen<'_, '_>, memory: &Memory) -> u32 {
    memory.seed.words(memory.clients.at(seen.slot).ip) as u32
}

/// HTTP's own authentication: 401 is a failure where it names a user, or where a login path says it again.
fn basic<'a>(seen: &Seen<'a, '_>, request: &Request<'a>, memory: &Memory, settings: &Settings) -> Option<Attempt<'a>> {
    let client = memory.clients.at(seen.slot);
    let ended = |ok, weight| Some(Attempt { ok, weight, service: "http", user: request.user });
    match (request.status, request.user.is_empty()) {
        (401, false) if client.has(flag::NOTED_BY_SERVER) => None,
        (401, false) => ended(false, 1.0),
        (401, true) if !client.has(flag::CHALLENGED) => None,
        (401, true) if paths::is_manager(request.path()) => ended(false, 1.0),
        (401, true) => ended(false, if answered_well(client) { 0.0 } else { settings.nameless_weight }),
        (200..=399, false) if !client.has(flag::AUTHENTICATED) => ended(true, 0.0),
        _ => None,
    }
}

/// Some clients are challenged before each request, and applications ask on when a session has run out.
fn answered_well(client: &Client) -> bool {
    client.good.saturating_mul(3) >= client.requests
}

/// Remembers how the attempt ended, how the event's login path answers, and what the client has been told.
pub fn learn(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) {
    let client = memory.clients.at_mut(seen.slot);
    match &seen.attempt {
        Some(attempt) if attempt.ok => passed(client, settings),
        Some(attempt) => failed(client, attempt, settings),
        None => {}
    }
    match &seen.event.what {
        What::Login(login) if login.service == "sshd" && !login.ok => {
            client.connection = sshd::connection(seen.event.raw, &memory.seed);
        }
        What::Login(login) if login.service.ends_with("-basic") => client.flags |= flag::NOTED_BY_SERVER,
        What::Note(_) if seen.attempt.is_some() => client.flags |= flag::NOTED_BY_APPLICATION,
        What::Request(request) => {
            if request.status == 401 {
                client.flags |= flag::CHALLENGED;
            }
            client.flags &= !flag::REDIRECTED;
            if request.method == b"POST" && !matches!(request.status, 0 | 400 | 404 | 405 | 500..) {
                posted_to(seen, request, memory);
            }
        }
        _ => {}
    }
}

fn posted_to(seen: &Seen<'_, '_>, request: &Request<'_>, memory: &mut Memory) {
    let mark = mark_of(seen, memory);
    let slot = memory.target(seen.path, seen.now);
    let named = is_post_to_login(request);
    let target = memory.targets.at_mut(slot);
    target.last = seen.now.max(target.last);
    target.shapes.answered(request.status, size_of_answer(request), mark, seen.now);
    if !named {
        return;
    }
    target.named = 1;
    answered(target, request.status, mark);
    let all_redirect = target.plain == 0 && target.denials == 0;
    if all_redirect && matches!(request.status, 302 | 303) {
        memory.clients.at_mut(seen.slot).flags |= flag::REDIRECTED;
    }
}

/// A success takes a share of the failures back: a person who mistypes is no attacker.
fn passed(client: &mut Client, settings: &Settings) {
    client.flags |= flag::AUTHENTICATED;
    client.logins = client.logins.saturating_add(1);
    client.failures = (client.failures - settings.success_credit).max(0.0);
    client.failures_slow = (client.failures_slow - settings.success_credit).max(0.0);
}

fn failed(client: &mut Client, attempt: &Attempt<'_>, settings: &Settings) {
    client.flags &= !flag::AUTHENTICATED;
    client.failures += attempt.weight;
    let slowly = if attempt.service == "sshd" { settings.sshd_slow_factor } else { 1.0 };
    client.failures_slow += attempt.weight * slowly;
    if attempt.weight >= 1.0 {
        client.fail_today();
    }
}

fn answered(target: &mut Target, status: u16, client: u32) {
    match status {
        200..=299 => target.plain = target.plain.saturating_add(1),
        300..=399 => {
            if target.redirects == 0 {
                target.redirected = client;
            }
            target.redirects = target.redirects.saturating_add(1);
        }
        401 | 403 | 422 | 429 => target.denials = target.denials.saturating_add(1),
        _ => {}
    }
}
