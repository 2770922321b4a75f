//! Limits of nginx.

use crate::assess::sites::Notes;
use crate::host::{Door, Held, Holds};
use crate::measures::daemon::client_limits::Bounds;
use crate::measures::daemon::client_limits::quantity::{bytes, seconds};
use crate::model::{Proof, Severity, Spot};

/// HTTP/2 counts every stream as a connection, and several people share an address.
const FEW_CONNECTIONS: u64 = 10;

const TIMES: [(&str, Bounds); 4] = [
    ("client_header_timeout", WAITS),
    ("client_body_timeout", WAITS),
    ("send_timeout", WAITS),
    (
        "keepalive_timeout",
        Bounds { least: 0, too_little: "", most: 300, too_much: "idle connections are kept for that long" },
    ),
];

const WAITS: Bounds = Bounds {
    least: 5,
    too_little: "clients on slow lines are cut off",
    most: 120,
    too_much: "a client that says nothing is waited for that long",
};

pub fn judge(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let site = &door.site.at;
    for (name, bounds) in &TIMES {
        let held = holds.value("", name);
        let word = held.text().split(' ').next().unwrap_or_default().to_owned();
        if let Some(value) = seconds(&word).filter(|_| !word.is_empty()) {
            bounds.judge(&format!("{name} {word}"), value, held.proof(name, site), notes);
        }
    }
    body(holds, site, notes);
    headers(holds, site, notes);
    clients(holds, site, notes);
}

fn body(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let held = holds.value("", "client_max_body_size");
    let proof = held.proof("client_max_body_size", site);
    let fix = "set client_max_body_size to what the largest upload of the site needs";
    match bytes(&held.text()) {
        Some(0) => notes.found(Severity::Low, "bodies of any size are taken", proof, fix),
        Some(size) if size < 1 << 17 => {
            let text = format!("client_max_body_size {}: forms with a file are refused with 413", held.text());
            notes.found(Severity::Low, text, proof, fix);
        }
        _ => notes.fine(proof),
    }
}

/// `4 8k`: the longest request line or field is one buffer.
fn headers(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let held = holds.value("", "large_client_header_buffers");
    let text = held.text();
    let (number, size) = text.split_once(' ').unwrap_or_default();
    let (Ok(number), Some(size)) = (number.parse::<u64>(), bytes(size)) else { return };
    let proof = held.proof("large_client_header_buffers", site);
    let shown = format!("large_client_header_buffers {text}");
    let one = Bounds {
        least: 4096,
        too_little: "requests with long URLs, large cookies or login tickets are refused with 414 or 400",
        most: 1 << 17,
        too_much: "header fields of a size that no browser sends are read",
    };
    one.judge(&shown, size, proof.clone(), notes);
    if number.saturating_mul(size) > 1 << 20 {
        let text = format!("{shown}: one request may take more than a megabyte before it is understood");
        notes.found(Severity::Low, text, proof, "leave it at 4 8k, or raise the size alone");
    }
}

/// Whether anybody counts what one client does.
fn clients(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let (connections, requests) = (holds.value("", "limit_conn"), holds.value("", "limit_req"));
    if connections.setting.values.is_empty() && requests.setting.values.is_empty() {
        let text = "no limit_conn and no limit_req here".to_owned();
        let proof = vec![Proof::Line { spot: site.clone(), text }];
        let fix = "add limit_req with limit_req_dry_run on first, and look at $limit_req_status in the access log";
        return notes.found(Severity::Low, "nobody counts the connections or requests of one client", proof, fix);
    }
    for (name, held) in [("limit_conn", &connections), ("limit_req", &requests)] {
        let dry = format!("{name}_dry_run");
        let rehearsed = holds.value("", &dry);
        if !held.setting.values.is_empty() && rehearsed.is("on") {
            let text = format!("{name} is only rehearsed: nobody is refused");
            let fix = format!("once the log names nobody who should come in, set {dry} off");
            notes.found(Severity::Low, text, rehearsed.proof(&dry, site), fix);
        }
    }
    few(&connections, site, notes);
    hasty(&requests, site, notes);
}

fn few(connections: &Held, site: &Spot, notes: &mut Notes) {
    let numbers = connections.setting.values.iter().filter_map(|words| words.get(1)?.parse::<u64>().ok());
    let proof = connections.proof("limit_conn", site);
    match numbers.min() {
        Some(number) if number < FEW_CONNECTIONS => {
            let text = format!(
                "limit_conn {number}: one page by HTTP/2 opens more streams, and people behind one address share them"
            );
            notes.found(Severity::Low, text, proof, "count what the busiest honest address uses, and allow more");
        }
        Some(_) => notes.fine(proof),
        None => {}
    }
}

/// Without a burst the second request within one interval is refused.
fn hasty(requests: &Held, site: &Spot, notes: &mut Notes) {
    if requests.setting.values.is_empty() {
        return;
    }
    let proof = requests.proof("limit_req", site);
    let patient = |words: &Vec<String>| words.iter().any(|word| word.starts_with("burst="));
    match requests.setting.values.iter().all(patient) {
        true => notes.fine(proof),
        false => notes.found(
            Severity::Low,
            "limit_req without burst: a page that loads its parts at once is refused some of them",
            proof,
            "add burst=… nodelay, as many as the parts of the largest page",
        ),
    }
}
