//! fail2ban's own sample logs say of every line what its filter must find: host, user, time, or nothing.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stderr, reason = "a test of files")]

#[path = "fail2ban/samples.rs"]
mod samples;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use peelhouse::detect::fail2ban::{Calendar, Failure, Filter, Loader, Reading};
use peelhouse::host::Host;
use samples::{DIR, LOGS, OptionSet, files, options_of};
use serde_json::Value;

/// When fail2ban's tests take place: 14 August 2005, 12:00 in Zurich.
const NOW: i64 = 1_124_013_600;

struct Sample<'a> {
    name: &'a str,
    loader: &'a Loader<'a>,
    calendar: &'a Calendar,
    filters: BTreeMap<OptionSet, Reading>,
    common: Value,
    /// The options in force, with those of the test itself; none in force yet: the plain filter.
    active: Vec<(OptionSet, Value)>,
    checked: usize,
    wrong: Vec<String>,
}

#[test]
fn every_sample_line_gives_what_it_says() {
    if !Path::new(DIR).join("filter.d").is_dir() || !Path::new(LOGS).is_dir() {
        eprintln!("skipped: the package fail2ban is not installed; `make test` installs it");
        return;
    }
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    let calendar = Calendar { now: jiff::Timestamp::from_second(NOW).unwrap(), zone };
    let host = Host::live();
    let loader = Loader::new(&host, Path::new(DIR), 2026);
    let mut checked = 0;
    let mut wrong = Vec::new();
    for name in files().iter().filter(|name| !name.starts_with("zzz-") && *name != "sshd-journal") {
        let mut sample = Sample {
            name,
            loader: &loader,
            calendar: &calendar,
            filters: BTreeMap::new(),
            common: Value::Null,
            active: Vec::new(),
            checked: 0,
            wrong: Vec::new(),
        };
        sample.run();
        checked += sample.checked;
        wrong.extend(sample.wrong);
    }
    eprintln!("{checked} lines, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 1000, "only {checked} lines");
}

impl Sample<'_> {
    fn run(&mut self) {
        let bytes = std::fs::read(Path::new(LOGS).join(self.name)).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut expected = Value::Null;
        for line in text.lines() {
            let comment = line.trim_start_matches('#').trim_start();
            let told = |word: &str| comment.strip_prefix(word)?.trim_start().strip_prefix(':').map(str::trim);
            if !line.starts_with('#') {
                self.line(line, std::mem::take(&mut expected));
            } else if let Some(json) = told("failJSON") {
                expected = serde_json::from_str(json).unwrap();
            } else if let Some(json) = told("fileOptions") {
                self.common = serde_json::from_str(json).unwrap();
            } else if let Some(json) = told("filterOptions") {
                self.options(serde_json::from_str(json).unwrap());
            }
        }
    }

    fn options(&mut self, given: Value) {
        let all = match given {
            Value::Array(all) => all,
            one => vec![one],
        };
        self.active = all
            .into_iter()
            .map(|own| {
                let mut options = options_of(&self.common);
                options.extend(options_of(&own));
                (options, own)
            })
            .collect();
    }

    fn line(&mut self, line: &str, expected: Value) {
        if line.trim().is_empty() && expected.is_null() {
            return;
        }
        // `constraint` is Python that asks for another version or other options.
        let constraint = expected.get("constraint").and_then(Value::as_str).unwrap_or_default().to_owned();
        if self.active.is_empty() {
            self.active.push((options_of(&self.common), Value::Null));
        }
        for (options, own) in self.active.clone() {
            let about = |name: &str| options.get(name).map_or("", String::as_str);
            if constraint.contains("opts.get") && !holds(&constraint, about) {
                continue;
            }
            let reading = self.reading(&options);
            let prefix = own.get("test.prefix-line").and_then(Value::as_str).unwrap_or_default();
            let outcome = match options.get("logtype").map(String::as_str) {
                Some("journal") => reading.dated(&format!("{prefix}{line}"), NOW * 1000),
                _ => reading.line(line),
            };
            let failures: Vec<&Failure> =
                outcome.failures.iter().filter(|failure| !failure.harmless && failure.host.is_some()).collect();
            self.checked += 1;
            if let Some(why) = difference(&failures, &expected, self.calendar) {
                self.wrong.push(format!("{} {options:?}: {why}: `{line}` {expected}", self.name));
            }
        }
    }

    fn reading(&mut self, options: &OptionSet) -> &mut Reading {
        let (loader, name, calendar) = (self.loader, self.name, self.calendar);
        self.filters.entry(options.clone()).or_insert_with(|| {
            let filter: Filter = loader.load(name, options).unwrap();
            Reading::of_every_pattern(Arc::new(filter), calendar.clone())
        })
    }
}

/// `opts.get('x') == 'y'` and `!=`, the only constraints of this kind.
fn holds<'o>(constraint: &str, about: impl Fn(&str) -> &'o str) -> bool {
    let parts: Vec<&str> = constraint.split(['\'', '"']).collect();
    let (Some(name), Some(sign), Some(value)) = (parts.get(1), parts.get(2), parts.get(3)) else { return true };
    (about(name) == *value) != sign.contains("!=")
}

fn difference(failures: &[&Failure], expected: &Value, calendar: &Calendar) -> Option<String> {
    let wanted = expected.get("match").and_then(Value::as_bool).unwrap_or(false);
    if failures.len() != usize::from(wanted) {
        return Some(format!("{} failures", failures.len()));
    }
    let failure = failures.first()?;
    let host = expected.get("host").and_then(Value::as_str);
    // An address may be spelt otherwise.
    let same =
        |text: &str| failure.host.as_deref() == Some(text) || (failure.ip.is_some() && failure.ip == text.parse().ok());
    if host.is_some_and(|host| !same(host)) {
        return Some(format!("host {:?}", failure.host));
    }
    let user = expected.get("user").and_then(Value::as_str);
    if user.is_some() && failure.user.as_deref() != user {
        return Some(format!("user {:?}", failure.user));
    }
    let time: DateTime = expected.get("time").and_then(Value::as_str)?.parse().ok()?;
    let time = calendar.zone.to_timestamp(time).ok()?.as_millisecond();
    (failure.time != Some(time)).then(|| format!("time {:?} and not {time}", failure.time))
}
