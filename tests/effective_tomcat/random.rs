//! A generated base, asked over the wire and in the engine.

use std::path::Path;
use std::time::Instant;

use peelhouse::effective::tomcat::{Access, Place, Request, Tomcat};
use peelhouse::effective::version::Version;
use peelhouse::host::Host;

use crate::generate::{APPS, Dice, HOSTS, base};
use crate::lab::{Client, HERE, HOME, Lab, Reply, tomcat_is_here, version};

#[test]
fn generated_applications_answer_as_told() {
    if !tomcat_is_here() {
        return;
    }
    let seed = std::env::var("PEELHOUSE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let begin = Instant::now();
    let mut lab = Lab::new(6);
    base(&lab, &mut Dice::new(seed));
    lab.start();
    let started = begin.elapsed();
    let files = Host::live();
    let tomcat = Tomcat::read(&files, lab.base(), Path::new(HOME), Version::parse(&version()));
    assert_eq!(tomcat.problems(), &[] as &[String]);
    let mut client = Client::default();
    let mut dice = Dice::new(seed + 500);
    let (mut asked, mut failures) = (0, Vec::new());
    for port in lab.ports.clone() {
        for host in 0..HOSTS {
            for app in 0..APPS {
                let question = question(&mut dice, port, host, app);
                if app % 6 != u64::from(port) % 6 {
                    continue;
                }
                asked += 5;
                failures.extend(ask_all(&tomcat, &mut client, &question));
            }
        }
    }
    println!("{} applications started in {started:?}, {asked} questions, all in {:?}", HOSTS * APPS, begin.elapsed());
    assert!(
        failures.is_empty(),
        "{} differ:\n{}\n{}",
        failures.len(),
        failures[..failures.len().min(40)].join("\n"),
        lab.errors()
    );
}

struct Question {
    port: u16,
    host: String,
    app: String,
}

fn question(dice: &mut Dice, port: u16, host: u64, app: u64) -> Question {
    let name = match dice.below(6) {
        0 => format!("h{host}.alias"),
        1 => format!("www.h{host}.alias"),
        2 => format!("H{host}.Test:80"),
        _ => format!("h{host}.test"),
    };
    let app = match app {
        0 => String::new(),
        app if app % 8 == 0 => format!("/a{}/sub", app - 1),
        app => format!("/a{app}"),
    };
    Question { port, host: name, app }
}

fn ask_all(tomcat: &Tomcat<'_>, client: &mut Client, question: &Question) -> Vec<String> {
    let asked = [
        ("GET", "/file.txt"),
        ("GET", "/dir/"),
        ("GET", "/missing"),
        ("PUT", "/secret/new.txt"),
        ("TRACE", "/file.txt"),
    ];
    let mut failures = Vec::new();
    for (method, path) in asked {
        let target = format!("{}{path}", question.app);
        let reply = client.ask(question.port, &question.host, method, &target, "");
        let request = Request {
            address: HERE,
            port: question.port,
            host: Some(&question.host),
            method,
            path: &target,
            client: Some(HERE),
        };
        let place = tomcat.place(&request).expect("a connector and a host");
        if let Some(why) = difference(tomcat, &place, &request, &reply) {
            failures.push(format!("{} {method} {}{target}: {why}", question.port, question.host));
        }
    }
    failures
}

fn difference(tomcat: &Tomcat<'_>, place: &Place<'_>, request: &Request<'_>, reply: &Reply) -> Option<String> {
    let word = |name: &str| tomcat.word(place.connector, name);
    let server: Vec<String> = Some(word("server")).filter(|text| !text.is_empty()).into_iter().collect();
    if reply.all("Server") != server {
        return Some(format!("Server {:?} and not {server:?}", reply.all("Server")));
    }
    if reply.all("X-Powered-By").is_empty() == (word("xpoweredBy") == "true") {
        return Some(format!("X-Powered-By {:?}", reply.all("X-Powered-By")));
    }
    if request.method == "TRACE" && word("allowTrace") != "true" {
        return (reply.status == 200).then(|| "TRACE is answered".to_owned());
    }
    let expected = expected_status(tomcat, place, request);
    // A second PUT finds the file of the first.
    let status = if reply.status == 204 { 201 } else { reply.status };
    if status != expected {
        return Some(format!("status {} and not {expected}", reply.status));
    }
    cookie_differs(tomcat, place, reply)
        .or_else(|| headers_differ(tomcat, place, request, reply))
        .or_else(|| body_differs(tomcat, place, reply))
}

fn expected_status(tomcat: &Tomcat<'_>, place: &Place<'_>, request: &Request<'_>) -> u16 {
    let access = place.access(tomcat, request);
    let Some(context) = place.context else { return if access == Access::Denied { 403 } else { 404 } };
    match access {
        Access::Denied => return 403,
        // The form, with the status of a page.
        Access::Login => return 200,
        Access::Allowed => {}
        other => panic!("{other:?}"),
    }
    let servlet = |param: &str| context.web(tomcat).default_servlet(param, Version::parse(&version_once())) == "true";
    match (request.method, place.path.as_str()) {
        ("PUT", _) if servlet("readonly") => 405,
        ("PUT", "/secret/new.txt") => 201,
        // Below a directory that is not there.
        ("PUT", _) => 409,
        ("TRACE", _) => 200,
        (_, "/file.txt") => 200,
        (_, "/dir/") if servlet("listings") => 200,
        _ => 404,
    }
}

fn version_once() -> String {
    static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    VERSION.get_or_init(version).clone()
}

/// The form brings a session.
fn cookie_differs(tomcat: &Tomcat<'_>, place: &Place<'_>, reply: &Reply) -> Option<String> {
    let cookie = reply.all("Set-Cookie").first().copied()?;
    let fits = cookie.starts_with(&format!("{}=", place.session_cookie(tomcat)))
        && cookie.contains("HttpOnly") == place.http_only(tomcat);
    (!fits).then(|| format!("{cookie} and not {} {}", place.session_cookie(tomcat), place.http_only(tomcat)))
}

fn headers_differ(tomcat: &Tomcat<'_>, place: &Place<'_>, request: &Request<'_>, reply: &Reply) -> Option<String> {
    let allowed = place.access(tomcat, request) == Access::Allowed;
    // The form is forwarded to, and filters may stand before that.
    if place.access(tomcat, request) == Access::Login {
        return None;
    }
    let mut expected: Vec<(String, String)> = match allowed {
        true => place.headers(tomcat, false).into_iter().map(|header| (header.name.to_owned(), header.value)).collect(),
        false => Vec::new(),
    };
    let ours = ["X-Frame-Options", "X-Content-Type-Options", "X-XSS-Protection", "Strict-Transport-Security"];
    let mut seen: Vec<_> = reply.headers.iter().filter(|(name, _)| ours.contains(&name.as_str())).cloned().collect();
    seen.sort();
    expected.sort();
    (seen != expected).then(|| format!("headers {seen:?} and not {expected:?}"))
}

fn body_differs(tomcat: &Tomcat<'_>, place: &Place<'_>, reply: &Reply) -> Option<String> {
    if reply.status == 200 && reply.body.contains("Directory Listing") {
        let says =
            place.context.is_some_and(|context| context.web(tomcat).default_servlet("showServerInfo", None) == "true");
        return (reply.body.contains("Apache Tomcat/") != says).then(|| "the listing names the server".to_owned());
    }
    // Nothing is said where a page of the application's own is missing; a valve that refuses may stand before the one
    // that reports.
    if reply.status < 400 || reply.status == 403 || reply.body == "own page" || reply.body.is_empty() {
        return None;
    }
    let (info, report) = (place.error_report(tomcat, "showServerInfo"), place.error_report(tomcat, "showReport"));
    let seen = (reply.body.contains("Apache Tomcat/"), reply.body.contains("<b>Type</b>"));
    (seen != (info, report))
        .then(|| format!("server info, report {seen:?} and not {:?}: {:.60}", (info, report), reply.body))
}
