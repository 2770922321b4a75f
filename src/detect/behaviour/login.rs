//! Whether a line is an attempt to log in, and how it ended. Login paths are learnt by how they answer.

use crate::detect::behaviour::{paths, sshd};
use crate::detect::memory::client::flag;
use crate::detect::memory::target::Target;
use crate::detect::memory::{Client, Memory};
use crate::detect::seen::Seen;
use crate::detect::settings::Settings;
use crate::model::{Login, Request, What};

/// One attempt to log in.
pub struct Attempt<'a> {
    pub ok: bool,
    /// What a failure counts.
    pub weight: f32,
    pub service: &'static str,
    /// Empty where the line names nobody.
    pub user: &'a [u8],
}

/// The attempt in an event, if there is one; [`learn`] follows.
pub fn attempt<'a>(seen: &Seen<'a, '_>, memory: &Memory, settings: &Settings) -> Option<Attempt<'a>> {
    match &seen.event.what {
        What::Login(login) => Some(of_line(login, seen, memory)),
        What::Request(request) if is_post_to_login(request) => posted(seen, request, memory, settings),
        What::Request(request) => basic(seen, request, memory, settings),
        What::Note(_) | What::Named(_) => None,
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
        let other = request.query().starts_with(b"action=") && !request.query().starts_with(b"action=login");
        return match request.status {
            _ if other => None,
            200 | 401 | 403 | 429 => ended(false, 1.0),
            302 | 303 => ended(true, 0.0),
            _ => None,
        };
    }
    let known = target.map(|slot| memory.targets.at(slot));
    match request.status {
        401 | 403 | 422 | 429 => ended(false, 1.0),
        200..=204 if known.is_some_and(|target| redirects_others(target, seen, memory)) => ended(false, 1.0),
        200..=204 if known.is_some_and(|target| target.denials > 0) => ended(true, 0.0),
        302 | 303 if known.is_some_and(|target| target.plain > 0 || target.denials > 0) => ended(true, 0.0),
        _ => None,
    }
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
        What::Request(request) => {
            if request.status == 401 {
                client.flags |= flag::CHALLENGED;
            }
            if is_post_to_login(request) && !matches!(request.status, 400 | 404 | 405 | 500..) {
                let mark = mark_of(seen, memory);
                let slot = memory.target(seen.path, seen.now);
                answered(memory.targets.at_mut(slot), request.status, mark);
            }
        }
        _ => {}
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
