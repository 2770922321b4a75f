//! `peelhouse why ADDRESS|DECISION`: the raw lines, the rule, what it would have taken, whether it holds, how to undo it.

use std::io;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use crate::act::packet_filter::{Element, FilterError, PacketFilter};
use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::words::{self, Asked};
use crate::guard::config::Config;
use crate::guard::state;
use crate::host::{Host, clock};
use crate::model::{Action, Alert, Decision, DecisionId, Millis, Point, Standing, Subject};
use crate::store::{Past, Reading};

/// Decisions and alerts that are told, newest first.
const AT_MOST: u32 = 20;

#[derive(clap::Args)]
pub struct Args {
    /// An address, a prefix, a decision (d12) or an alert
    #[arg(value_name = "ADDRESS|DECISION")]
    asked: Asked,
}

/// Everything known about one decision.
#[derive(Serialize)]
struct Told {
    id: DecisionId,
    #[serde(flatten)]
    decision: Decision,
    state: String,
    /// What the traffic that followed says of it.
    proof: String,
    undo: Option<String>,
    alerts: Vec<Alert>,
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let reading = Reading::open(state::store(&global.state))?;
    let now = clock::now();
    let past = decisions(&reading, args.asked, now)?;
    let mut filter = filter(global)?;
    let told = past
        .into_iter()
        .map(|past| tell(&reading, past, filter.as_mut(), now))
        .collect::<Result<Vec<_>, CliError>>()?;
    let loose = loose_alerts(&reading, args.asked, &told)?;
    if out.is_json() {
        // As a value each key stands once: the alerts take the place of the decision's list of their ids.
        told.iter().try_for_each(|told| out.object(&serde_json::to_value(told).map_err(io::Error::from)?))?;
        loose.iter().try_for_each(|alert| out.object(alert))?;
    } else {
        told.iter().try_for_each(|told| show(told, out))?;
        loose.iter().try_for_each(|alert| show_alert(alert, out))?;
    }
    if told.is_empty() && loose.is_empty() {
        if !out.is_json() {
            out.line(&format!("nothing is known of {}: no alert and no decision", args.asked))?;
        }
        return Ok(Exit::Remark);
    }
    Ok(Exit::Done)
}

/// To look at only; none where this user may not even open it.
fn filter(global: &Global) -> Result<Option<PacketFilter>, CliError> {
    let config = Config::read(&Host::live(), &global.config)?;
    Ok(PacketFilter::open(config.packet_filter).ok())
}

fn decisions(reading: &Reading, asked: Asked, now: Millis) -> Result<Vec<Past>, CliError> {
    Ok(match asked {
        Asked::Decision(id) => reading.decision(id)?.into_iter().collect(),
        Asked::Prefix(net) => reading.decisions_of(&Subject::Prefix(net), AT_MOST)?,
        Asked::Client(ip) => {
            let mut all = reading.decisions_of(&Subject::Client(ip), AT_MOST)?;
            all.extend(wider(reading, ip, now)?);
            all
        }
        Asked::Alert(id) => match reading.alert(id)? {
            Some(alert) => {
                let all = reading.decisions_of(&alert.subject, AT_MOST)?;
                all.into_iter().filter(|past| past.decision.alerts.contains(&id)).collect()
            }
            None => Vec::new(),
        },
    })
}

/// Decisions in force on a prefix around an address.
fn wider(reading: &Reading, ip: IpAddr, now: Millis) -> Result<Vec<Past>, CliError> {
    let around = |subject: &Subject| matches!(subject, Subject::Prefix(net) if net.contains(&IpNet::from(ip)));
    let active = reading.active(now)?.into_iter().filter(|(_, decision)| around(&decision.subject));
    Ok(active.map(|(id, decision)| Past { id, decision, ended: None }).collect())
}

fn tell(reading: &Reading, past: Past, filter: Option<&mut PacketFilter>, now: Millis) -> Result<Told, CliError> {
    let mut alerts = Vec::new();
    for id in &past.decision.alerts {
        alerts.extend(reading.alert(*id)?);
    }
    let (state, in_force) = standing(&past, now);
    let undo = (in_force && past.decision.action != Action::Tell)
        .then(|| format!("peelhouse unban {}", past.decision.subject));
    let proof = proof(reading, &past, filter, now)?;
    Ok(Told { id: past.id, decision: past.decision, state, proof, undo, alerts })
}

fn standing(past: &Past, now: Millis) -> (String, bool) {
    match (&past.ended, past.decision.until) {
        (Some(ended), _) => (format!("ended {} by {}: {}", words::stamp(ended.at), ended.by, ended.why), false),
        (None, Some(until)) if until <= now => (format!("ran out {}", words::stamp(until)), false),
        (None, Some(until)) => (format!("in force for another {}", words::span(until.since(now))), true),
        (None, None) => ("in force until undone".to_owned(), true),
    }
}

fn proof(reading: &Reading, past: &Past, filter: Option<&mut PacketFilter>, now: Millis) -> Result<String, CliError> {
    let Decision { point, action, .. } = past.decision;
    if action != Action::Ban || point == Point::Nowhere {
        let why = if action == Action::Ban { "observe mode enforced nothing" } else { "nothing was shut out" };
        return Ok(format!("none: {why}"));
    }
    let seen = reading.sightings_of(past.id, AT_MOST)?;
    if let Some(last) = seen.last() {
        let (times, stamp) = (seen.len(), words::stamp(last.at));
        return Ok(format!(
            "ineffective: {}; seen {times} times, last {stamp} in {}:{}",
            last.cause, last.place, last.line
        ));
    }
    if point == Point::WebServer {
        return Ok("holds: no log shows that it was served since".to_owned());
    }
    Ok(tried(past, filter, now))
}

/// What the packet filter says of a ban that no log speaks against.
fn tried(past: &Past, filter: Option<&mut PacketFilter>, now: Millis) -> String {
    let unseen = "no log shows it since";
    let over = past.ended.is_some() || past.decision.until.is_some_and(|until| until <= now);
    let Some((net, filter)) = net(&past.decision.subject).zip(filter.filter(|_| !over)) else {
        return format!("held: {unseen}");
    };
    let single = net.prefix_len() == net.max_prefix_len();
    if single && matches!(filter.get(&Element::drop(net, None)), Ok(None)) {
        return "ineffective: its element is gone from the packet filter; a running guard adds it again".to_owned();
    }
    match filter.tried(net) {
        Ok(Some(ago)) if ago <= now.since(past.decision.at) => {
            format!("holds: it came again {} ago and was stopped; {unseen}", words::span(ago))
        }
        Ok(_) => format!("not tried since: the packet filter saw nothing of it, and {unseen}"),
        Err(FilterError::Gone(_)) => "ineffective: the table is gone from the packet filter".to_owned(),
        Err(cause) => format!("{unseen}; whether it came again cannot be told: {cause}"),
    }
}

fn net(subject: &Subject) -> Option<IpNet> {
    match subject {
        Subject::Client(ip) => Some(IpNet::from(*ip)),
        Subject::Prefix(net) => Some(*net),
        _ => None,
    }
}

/// Alerts about the subject that no told decision names.
fn loose_alerts(reading: &Reading, asked: Asked, told: &[Told]) -> Result<Vec<Alert>, CliError> {
    let alerts = match asked {
        Asked::Client(ip) => reading.alerts_of(&Subject::Client(ip), AT_MOST)?,
        Asked::Prefix(net) => reading.alerts_of(&Subject::Prefix(net), AT_MOST)?,
        Asked::Alert(id) => reading.alert(id)?.into_iter().collect(),
        Asked::Decision(_) => Vec::new(),
    };
    let named = |alert: &Alert| told.iter().any(|told| told.decision.alerts.contains(&alert.id));
    Ok(alerts.into_iter().filter(|alert| !named(alert)).collect())
}

fn show(told: &Told, out: &mut Output) -> Result<(), CliError> {
    let Told { id, decision, state, proof, undo, alerts } = told;
    let subject = &decision.subject;
    out.toned(Tone::Strong, &format!("{id}  {} {subject}", words::action(decision.action)))?;
    out.line(&format!("  why      {}", decision.why))?;
    out.line(&format!("  when     {}, offence {}; {state}", words::stamp(decision.at), decision.offence))?;
    out.line(&format!("  where    {}", words::point(decision.point)))?;
    out.line(&format!("  rules    {}", decision.rules.join(", ")))?;
    out.line(&format!("  proof    {proof}"))?;
    if let Some(undo) = undo {
        out.line(&format!("  undo     {undo}"))?;
    }
    alerts.iter().try_for_each(|alert| show_alert(alert, out))
}

fn show_alert(alert: &Alert, out: &mut Output) -> Result<(), CliError> {
    out.toned(Tone::Warn, &format!("  alert {}  {}: {}", alert.id, alert.detector, alert.sentence))?;
    for count in &alert.counts {
        out.line(&format!("    {}", words::count(count)))?;
    }
    out.line(&format!("    {}", standing_words(&alert.standing)))?;
    for evidence in &alert.evidence {
        out.toned(Tone::Dim, &format!("    {} (byte {})", words::place(evidence), evidence.offset))?;
        out.line(&format!("      {}", evidence.text))?;
    }
    Ok(())
}

fn standing_words(standing: &Standing) -> String {
    let Standing { requests, good, logins, .. } = standing;
    format!("standing: {requests} requests, {good} of them answered well, {logins} logins")
}
