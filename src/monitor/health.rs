//! Whether the lines of a log still parse: an alarm once they stop, over once they parse again.

use crate::model::{Alert, AlertId, Class, Confidence, Count, Evidence, Millis, Severity, Standing, Subject, Via};

/// When a log counts as broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Of the last hundred lines, at least so many, …
    pub lines: u32,
    /// … and more than this share.
    pub share: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lines: 20, share: 0.5 }
    }
}

/// The last hundred lines of one log, and what they came to.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Bit 0 is the last line; set where it did not parse.
    last: u128,
    seen: u32,
    /// The first line of this run of trouble.
    since: Millis,
    alarmed: bool,
    pub lines: u64,
    pub unparsed: u64,
}

/// One line that does not fit.
#[derive(Clone, Copy)]
pub(super) struct Misfit<'a> {
    pub file: &'a str,
    pub line: u64,
    pub offset: u64,
    pub bytes: &'a [u8],
    pub format: &'a str,
    /// `byte 17: expected a quote`
    pub cause: &'a dyn std::fmt::Display,
}

const WINDOW: u32 = 100;

impl Health {
    pub fn parsed(&mut self) {
        self.push(false);
        if self.failing() == 0 {
            self.alarmed = false;
        }
    }

    /// An alarm where this line is one too many; once an episode.
    pub(super) fn unparsed(&mut self, misfit: Misfit<'_>, now: Millis, limits: &Limits) -> Option<Alert> {
        if self.failing() == 0 {
            self.since = now;
        }
        self.push(true);
        self.unparsed += 1;
        let failing = self.failing();
        if self.alarmed || failing < limits.lines || f64::from(failing) <= f64::from(self.seen) * limits.share {
            return None;
        }
        self.alarmed = true;
        Some(self.alarm(misfit, now, limits))
    }

    fn push(&mut self, failed: bool) {
        self.last = ((self.last << 1) | u128::from(failed)) & ((1 << WINDOW) - 1);
        self.seen = (self.seen + 1).min(WINDOW);
        self.lines += 1;
    }

    fn failing(&self) -> u32 {
        self.last.count_ones()
    }

    fn alarm(&self, misfit: Misfit<'_>, now: Millis, limits: &Limits) -> Alert {
        let Misfit { file, line, offset, bytes, format, cause } = misfit;
        let failing = self.failing();
        let sentence = format!(
            "{failing} of the last {} lines of {file} do not parse as {format} (since {}); line {line}: {cause}",
            self.seen, self.since
        );
        let count = Count {
            what: "lines that do not parse".into(),
            seen: f64::from(failing),
            limit: f64::from(limits.lines),
            window: now.since(self.since).as_secs(),
        };
        Alert {
            id: id(file, line, offset, bytes),
            detector: "unparsed".into(),
            rules: Vec::new(),
            class: Class::Unparsed,
            subject: Subject::Source(file.to_owned()),
            site: String::new(),
            via: Via::Direct,
            severity: Severity::High,
            confidence: Confidence::High,
            first: self.since,
            last: now,
            lines: failing,
            sentence,
            counts: vec![count],
            standing: Standing::default(),
            evidence: vec![Evidence { file: file.to_owned(), line, offset, text: text(bytes), span: None }],
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes.get(..Alert::MAX_LINE).unwrap_or(bytes)).into_owned();
    text.truncate(text.floor_char_boundary(Alert::MAX_LINE));
    text
}

fn id(file: &str, line: u64, offset: u64, bytes: &[u8]) -> AlertId {
    let mut hash = blake3::Hasher::new();
    hash.update(b"unparsed\0").update(file.as_bytes()).update(&[0]);
    hash.update(&line.to_le_bytes()).update(&offset.to_le_bytes()).update(bytes);
    let [a, b, c, d, e, f, g, h, ..] = *hash.finalize().as_bytes();
    AlertId(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misfit(line: u64) -> Misfit<'static> {
        let cause = &"byte 3: expected a quote";
        Misfit { file: "/var/log/x.log", line, offset: line * 8, bytes: b"\xffgarbage", format: "combined", cause }
    }

    fn fail(health: &mut Health, line: u64) -> Option<Alert> {
        health.unparsed(misfit(line), Millis::from_secs(i64::try_from(line).unwrap()), &Limits::default())
    }

    #[test]
    fn one_alarm_an_episode_and_it_names_the_line() {
        let mut health = Health::default();
        let alerts: Vec<Alert> = (1..=500).filter_map(|line| fail(&mut health, line)).collect();
        let [alert] = &alerts[..] else { panic!("{alerts:?}") };
        assert_eq!((alert.lines, alert.evidence[0].line, alert.first), (20, 20, Millis::from_secs(1)));
        assert_eq!(alert.subject, Subject::Source("/var/log/x.log".into()));
        assert!(alert.sentence.contains("expected a quote"), "{}", alert.sentence);
        (0..100).for_each(|_| health.parsed());
        assert_eq!((501..=700).filter_map(|line| fail(&mut health, line)).count(), 1);
    }

    #[test]
    fn the_odd_bad_line_is_no_alarm() {
        let mut health = Health::default();
        for line in 0..5000 {
            health.parsed();
            assert_eq!(fail(&mut health, line), None);
        }
        assert_eq!((health.lines, health.unparsed), (10_000, 5000));
    }

    #[test]
    fn the_same_lines_give_the_same_id() {
        let run = || {
            (1..=20).find_map({
                let mut health = Health::default();
                move |line| fail(&mut health, line)
            })
        };
        assert_eq!(run().unwrap().id, run().unwrap().id);
    }
}
