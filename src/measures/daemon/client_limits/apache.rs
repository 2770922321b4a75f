//! Limits of Apache and of its modules mod_reqtimeout, mod_qos and mod_evasive.

use crate::assess::sites::Notes;
use crate::effective::nginx::Version;
use crate::host::{Door, Held, Holds};
use crate::measures::daemon::client_limits::Bounds;
use crate::measures::daemon::client_limits::quantity::seconds;
use crate::model::{Proof, Severity, Spot};

/// Browsers open six connections to a site, and several people share an address.
const FEW_CONNECTIONS: u64 = 10;

const NUMBERS: [(&str, Bounds); 4] = [
    (
        "LimitRequestLine",
        Bounds {
            least: 2048,
            too_little: "long URLs are refused with 414, such as those of logins by single sign-on",
            most: 1 << 16,
            too_much: "request lines of a size that no browser sends are read",
        },
    ),
    (
        "LimitRequestFieldSize",
        Bounds {
            least: 4096,
            too_little: "requests with large cookies or login tickets are refused with 400",
            most: 1 << 17,
            too_much: "header fields of a size that no browser sends are read",
        },
    ),
    (
        "Timeout",
        Bounds {
            least: 10,
            too_little: "clients on slow lines and slow scripts are cut off",
            most: 300,
            too_much: "a client that has stopped to read holds its worker for that long",
        },
    ),
    (
        "KeepAliveTimeout",
        Bounds {
            least: 0,
            too_little: "",
            most: 60,
            too_much: "idle connections are kept for that long, one a client",
        },
    ),
];

pub fn judge(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let site = &door.site.at;
    slow(holds, site, notes);
    for (name, bounds) in &NUMBERS {
        let held = holds.value(name, "");
        // KeepAliveTimeout may be in milliseconds.
        if let Some(value) = seconds(&held.text()) {
            bounds.judge(&format!("{name} {}", held.text()), value, held.proof(name, site), notes);
        }
    }
    fields(holds, site, notes);
    body(door, holds, notes);
    keep_alive(door, holds, notes);
    clients(holds, site, notes);
}

/// Requests that arrive slowly.
fn slow(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let held = holds.value("RequestReadTimeout", "");
    if held.setting.values.is_empty() && loaded(holds, &["reqtimeout_module"]).is_none() {
        let timeout = holds.value("Timeout", "");
        let text = format!(
            "no mod_reqtimeout: a client may send one byte every {} seconds and keep its worker",
            timeout.text()
        );
        let fix = "load reqtimeout_module, with RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500";
        return notes.found(Severity::Medium, text, timeout.proof("Timeout", site), fix);
    }
    let text = match held.setting.values.is_empty() {
        true => held.text(),
        false => held.setting.values.iter().flatten().cloned().collect::<Vec<_>>().join(" "),
    };
    let proof = held.proof("RequestReadTimeout", site);
    for stage in ["header", "body"] {
        match Stage::read(&text, stage) {
            Some(Stage { seconds: 0, .. }) => notes.found(
                Severity::Medium,
                format!("the {stage} of a request may take for ever ({stage}=0)"),
                proof.clone(),
                format!("set RequestReadTimeout {stage}=20,MinRate=500"),
            ),
            Some(Stage { seconds, rate: false }) if stage == "body" => notes.found(
                Severity::Low,
                format!("uploads that take longer than {seconds} seconds are cut off, however fast they are sent"),
                proof.clone(),
                format!("set RequestReadTimeout body={seconds},MinRate=500"),
            ),
            Some(Stage { seconds, .. }) if seconds < 5 => notes.found(
                Severity::Low,
                format!("clients on slow lines are cut off: {seconds} seconds for the {stage}"),
                proof.clone(),
                format!("set RequestReadTimeout {stage}=20,MinRate=500"),
            ),
            // Stages that no line names keep their default.
            _ => notes.fine(proof.clone()),
        }
    }
}

/// `header=20-40,MinRate=500`
struct Stage {
    seconds: u64,
    rate: bool,
}

impl Stage {
    fn read(text: &str, stage: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace().rev().filter_map(|word| word.split_once('='));
        let (_, value) = words.find(|(name, _)| name.eq_ignore_ascii_case(stage))?;
        let (time, rate) = value.split_once(',').unwrap_or((value, ""));
        let seconds = time.split('-').next()?.parse().ok()?;
        Some(Self { seconds, rate: rate.to_ascii_lowercase().starts_with("minrate=") })
    }
}

fn fields(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let held = holds.value("LimitRequestFields", "");
    let proof = held.proof("LimitRequestFields", site);
    match held.text().parse::<u64>() {
        Ok(0) => {
            let text = "requests may have any number of header fields";
            notes.found(Severity::Low, text, proof, "set LimitRequestFields 100, as httpd has it by itself");
        }
        Ok(number) if number < 30 => {
            let text =
                format!("LimitRequestFields {number}: browsers behind proxies send more, and are refused with 400");
            notes.found(Severity::Low, text, proof, "set LimitRequestFields 100, as httpd has it by itself");
        }
        _ => notes.fine(proof),
    }
}

fn body(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let held = holds.value("LimitRequestBody", "");
    let proof = held.proof("LimitRequestBody", &door.site.at);
    let old = Version::parse(&door.server.server.version).is_some_and(|version| version < Version(2, 4, 54));
    let fix = "set LimitRequestBody to what the largest upload of the site needs";
    match held.text().parse::<u64>() {
        _ if held.setting.values.is_empty() && old => {
            notes.found(Severity::Low, "bodies of any size are taken: before 2.4.54 httpd has no limit", proof, fix);
        }
        Ok(0) => notes.found(Severity::Low, "bodies of any size are taken", proof, fix),
        Ok(bytes) if bytes < 1 << 20 => {
            let text = format!("LimitRequestBody {bytes}: uploads of a photograph are refused with 413");
            notes.found(Severity::Low, text, proof, fix);
        }
        _ => notes.fine(proof),
    }
}

fn keep_alive(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let held = holds.value("KeepAlive", "");
    let proof = held.proof("KeepAlive", &door.site.at);
    match held.is("off") {
        true => notes.found(
            Severity::Info,
            "KeepAlive Off: every request opens a connection of its own, which costs clients and server",
            proof,
            "set KeepAlive On, with a KeepAliveTimeout of a few seconds",
        ),
        false => notes.fine(proof),
    }
}

/// Whether anybody counts what one client does.
fn clients(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let connections = holds.value("QS_SrvMaxConnPerIP", "");
    let rehearsed = holds.value("QS_LogOnly", "");
    let counts = !connections.setting.values.is_empty();
    match loaded(holds, &["evasive20_module", "evasive24_module", "evasive_module"]) {
        _ if counts && rehearsed.is("on") => notes.found(
            Severity::Low,
            "mod_qos only logs what it would refuse",
            rehearsed.proof("QS_LogOnly", site),
            "once its log names nobody who should come in, set QS_LogOnly off",
        ),
        _ if counts => few(&connections, site, notes),
        Some(line) => notes.fine(vec![line]),
        None => notes.found(
            Severity::Low,
            "nobody counts the connections or requests of one client",
            vec![Proof::Line { spot: site.clone(), text: "no QS_SrvMaxConnPerIP and no mod_evasive here".to_owned() }],
            "mod_qos with QS_LogOnly on first; that of Debian 12 loads only after LoadFile libpcre.so.3",
        ),
    }
}

fn few(connections: &Held, site: &Spot, notes: &mut Notes) {
    let proof = connections.proof("QS_SrvMaxConnPerIP", site);
    let number = connections.setting.values.last().and_then(|words| words.first()?.parse::<u64>().ok());
    match number {
        Some(number) if number < FEW_CONNECTIONS => {
            let text = format!(
                "{number} connections a client: one browser opens six, and people behind one address share them"
            );
            notes.found(Severity::Low, text, proof, "count what the busiest honest address uses, and allow more");
        }
        _ => notes.fine(proof),
    }
}

/// The line that loads one of these modules.
fn loaded(holds: &Holds<'_>, names: &[&str]) -> Option<Proof> {
    let lines = holds.value("LoadModule", "").setting.chain;
    let line = lines.into_iter().find(|step| step.text.split_ascii_whitespace().any(|word| names.contains(&word)))?;
    Some(Proof::Line { spot: line.at, text: line.text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_of_a_request() {
        let stage = |text: &str, name: &str| Stage::read(text, name).map(|stage| (stage.seconds, stage.rate));
        let text = "header=20-40,MinRate=500 body=10";
        assert_eq!((stage(text, "header"), stage(text, "body")), (Some((20, true)), Some((10, false))));
        assert_eq!(stage("header=10 header=5,minrate=1", "header"), Some((5, true)));
        assert_eq!(stage("handshake=0", "header"), None);
    }
}
