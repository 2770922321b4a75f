//! What the keeper checks of each word from the reader, which attackers may have taken over: lengths, addresses, times,
//! and that the files are ones it was given.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use crate::guard::hand::BY_HAND;
use crate::guard::message::ToKeeper;
use crate::model::{Alert, Evidence, Millis, Position, Subject};

const MAX_NAME: usize = 128;
const MAX_TEXT: usize = 2048;
const MAX_RULES: usize = 256;
const MAX_COUNTS: usize = 32;
/// A replaced invalid byte takes three.
const MAX_LINE: usize = Alert::MAX_LINE * 3;
/// Bytes of a name in a directory (NAME_MAX), and of a cursor of the journal.
const MAX_FILE_NAME: usize = 255;
/// Stamps of logs may be ahead of this machine's clock so far.
const AHEAD: Duration = Duration::from_secs(86_400);
/// The widest prefix a reader may speak of; the policy decides more narrowly.
const WIDEST_V4: u8 = 16;
const WIDEST_V6: u8 = 32;

/// Why a message is not believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reader sent what it may not: {0}")]
pub struct Unbelieved(&'static str);

/// What the keeper knows when it checks.
pub struct Check {
    dirs: BTreeSet<PathBuf>,
}

impl Check {
    /// `dirs`: the directories whose logs the reader was given.
    pub fn new(dirs: BTreeSet<PathBuf>) -> Self {
        Self { dirs }
    }

    pub fn message(&self, message: &ToKeeper, now: Millis) -> Result<(), Unbelieved> {
        match message {
            ToKeeper::Hello { .. } | ToKeeper::Status(_) | ToKeeper::Checkpoint { .. } => Ok(()),
            ToKeeper::Alert(alert) => self.alert(alert, now),
            ToKeeper::Sighting(sighting) => {
                address(sighting.client)?;
                short(&sighting.site, MAX_NAME * 2)?;
                past(sighting.last, now)
            }
            ToKeeper::Login { user, client, service, at } => {
                address(*client)?;
                short(user, MAX_NAME * 2)?;
                short(service, MAX_NAME)?;
                past(*at, now)
            }
            ToKeeper::Problem(text) | ToKeeper::Failed(text) => short(text, MAX_TEXT),
            ToKeeper::Positions(positions) => self.positions(positions),
            ToKeeper::Reads(None) => Ok(()),
            ToKeeper::Reads(Some(place)) => demand(self.known(&place.path), "a line of a file it was not given"),
        }
    }

    fn alert(&self, alert: &Alert, now: Millis) -> Result<(), Unbelieved> {
        identifier(&alert.detector)?;
        demand(alert.rules.len() <= MAX_RULES, "too many rules")?;
        alert.rules.iter().try_for_each(|rule| identifier(rule))?;
        let posing = alert.detector == BY_HAND || alert.rules.iter().any(|rule| rule == BY_HAND);
        demand(!posing, "a person's order, which only people give")?;
        subject(&alert.subject)?;
        short(&alert.site, MAX_NAME * 2)?;
        short(&alert.sentence, MAX_TEXT)?;
        past(alert.last, now)?;
        demand(alert.first <= alert.last, "an alert that ends before it begins")?;
        demand(alert.counts.len() <= MAX_COUNTS, "too many counters")?;
        for count in &alert.counts {
            short(&count.what, MAX_NAME * 2)?;
            demand(count.seen.is_finite() && count.limit.is_finite(), "a counter that is no number")?;
        }
        demand(alert.evidence.len() <= Alert::MAX_EVIDENCE, "too much evidence")?;
        alert.evidence.iter().try_for_each(|evidence| self.evidence(evidence))
    }

    fn evidence(&self, evidence: &Evidence) -> Result<(), Unbelieved> {
        demand(evidence.text.len() <= MAX_LINE, "a line of evidence that is too long")?;
        let inside = evidence.span.is_none_or(|(from, to)| from <= to && to as usize <= evidence.text.len());
        demand(inside, "a span outside its line")?;
        demand(self.known(Path::new(&evidence.file)), "evidence from a file it was not given")
    }

    fn positions(&self, positions: &[Position]) -> Result<(), Unbelieved> {
        demand(positions.len() <= ToKeeper::MAX_POSITIONS, "too many positions at once")?;
        demand(positions.iter().all(|position| self.known(&position.path)), "a position in a file it was not given")
    }

    /// Rotated files have new names in the same directory; what stands for the journal names no file.
    fn known(&self, file: &Path) -> bool {
        if !file.is_absolute() {
            return file.as_os_str().len() <= MAX_FILE_NAME && !file.starts_with("..");
        }
        let name = file.file_name().is_some_and(|name| name.len() <= MAX_FILE_NAME);
        name && file.parent().is_some_and(|dir| self.dirs.contains(dir))
    }
}

fn demand(held: bool, otherwise: &'static str) -> Result<(), Unbelieved> {
    if held { Ok(()) } else { Err(Unbelieved(otherwise)) }
}

fn short(text: &str, limit: usize) -> Result<(), Unbelieved> {
    demand(text.len() <= limit, "a text that is too long")
}

fn identifier(id: &str) -> Result<(), Unbelieved> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    demand(!id.is_empty() && id.len() <= MAX_NAME && id.bytes().all(plain), "an id that is none")
}

fn past(stamp: Millis, now: Millis) -> Result<(), Unbelieved> {
    demand(stamp <= now + AHEAD, "a time in the future")
}

fn address(ip: IpAddr) -> Result<(), Unbelieved> {
    demand(!ip.is_unspecified() && !ip.is_multicast(), "an address nobody can have")
}

fn subject(subject: &Subject) -> Result<(), Unbelieved> {
    match subject {
        Subject::Client(ip) => address(*ip),
        Subject::Prefix(net) => {
            let widest = if matches!(net, IpNet::V4(_)) { WIDEST_V4 } else { WIDEST_V6 };
            demand(net.prefix_len() >= widest, "a prefix that is too wide")
        }
        Subject::User { service, user } => short(service, MAX_NAME).and_then(|()| short(user, MAX_NAME * 2)),
        Subject::Target { site, path } => short(site, MAX_NAME * 2).and_then(|()| short(path, MAX_TEXT)),
        Subject::Source(name) => short(name, MAX_TEXT),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::guard::wire;
    use crate::model::{AlertId, Class, Confidence, Severity, Standing, Via};

    const NOW: Millis = Millis(1_000_000);

    fn check() -> Check {
        Check::new(BTreeSet::from([PathBuf::from("/var/log/nginx")]))
    }

    fn alert() -> Alert {
        let file = "/var/log/nginx/access.log.1".to_owned();
        Alert {
            id: AlertId(1),
            detector: "probing".to_owned(),
            rules: Vec::new(),
            class: Class::Probing,
            subject: Subject::Client("203.0.113.7".parse().unwrap()),
            site: String::new(),
            via: Via::Direct,
            severity: Severity::High,
            confidence: Confidence::High,
            first: Millis(1),
            last: Millis(2),
            lines: 1,
            sentence: "why".to_owned(),
            counts: Vec::new(),
            standing: Standing::default(),
            evidence: vec![Evidence { file, line: 1, offset: 0, text: "GET".to_owned(), span: Some((0, 3)) }],
        }
    }

    fn said(change: impl FnOnce(&mut Alert)) -> Result<(), Unbelieved> {
        let mut alert = alert();
        change(&mut alert);
        check().message(&ToKeeper::Alert(Box::new(alert)), NOW)
    }

    #[test]
    fn an_honest_alert_is_believed() {
        assert_eq!(said(|_| {}), Ok(()));
    }

    #[test]
    fn what_a_reader_may_not_say_is_refused() {
        assert!(said(|a| a.subject = Subject::Prefix("0.0.0.0/0".parse().unwrap())).is_err());
        assert!(said(|a| a.subject = Subject::Client("0.0.0.0".parse().unwrap())).is_err());
        assert!(said(|a| a.evidence[0].file = "/etc/shadow".to_owned()).is_err());
        assert!(said(|a| a.evidence[0].file = "../../etc/shadow".to_owned()).is_err());
        assert!(said(|a| a.evidence[0].file = "/var/log/nginx/..".to_owned()).is_err());
        assert!(said(|a| a.evidence[0].file = format!("/var/log/nginx/{}", "x".repeat(300))).is_err());
        assert!(said(|a| a.rules = vec![BY_HAND.to_owned()]).is_err());
        assert!(said(|a| a.evidence[0].text = "x".repeat(MAX_LINE + 1)).is_err());
        assert!(said(|a| a.evidence[0].span = Some((2, 9))).is_err());
        assert!(said(|a| a.evidence = vec![a.evidence[0].clone(); Alert::MAX_EVIDENCE + 1]).is_err());
        assert!(said(|a| a.rules = vec!["\u{1b}[2J".to_owned()]).is_err());
        assert!(said(|a| a.last = NOW + AHEAD + AHEAD).is_err());
        assert!(said(|a| a.sentence = "x".repeat(MAX_TEXT + 1)).is_err());
    }

    proptest! {
        #[test]
        fn any_payload_is_a_message_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            if let Ok(message) = wire::parse::<ToKeeper>(&bytes) {
                let _ = check().message(&message, NOW);
            }
        }
    }
}
