//! The headers that the configuration itself adds to an answer (ngx_http_headers_module).

use crate::effective::nginx::Line;
use crate::effective::nginx::answer::Outcome;
use crate::effective::nginx::scope::holds;
use crate::model::Spot;

/// Without `always`, `add_header` and `expires` are left out at every other status.
const SAFE: [u16; 10] = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/// A header line that nginx adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    /// None where it has variables that are not known: then it may be empty, and an empty one is not sent.
    pub value: Option<String>,
    pub always: bool,
    pub at: Spot,
}

impl Outcome<'_> {
    /// What `expires` and `add_header` add at a status, in the order they are sent.
    pub fn headers(&self, status: u16) -> Vec<Header> {
        let safe = SAFE.contains(&status);
        let mut headers: Vec<Header> = match safe {
            true => self.scope.lines("expires").first().and_then(|line| self.cache_control(line)).into_iter().collect(),
            false => Vec::new(),
        };
        let added = self.scope.setting("add_header");
        let held = added.chain.iter().filter(|step| holds(step) && step.text.starts_with("add_header "));
        for (step, args) in held.zip(&added.values) {
            let [name, value, rest @ ..] = args.as_slice() else { continue };
            let always = rest.iter().any(|word| word == "always");
            let value = self.values.expanded.get(value).cloned().flatten();
            if (safe || always) && value.as_deref() != Some("") {
                headers.push(Header { name: name.clone(), value, always, at: step.at.clone() });
            }
        }
        headers
    }

    /// The headers of this outcome's own status; none where another program gives it.
    pub fn headers_sent(&self) -> Option<Vec<Header>> {
        self.status.map(|status| self.headers(status))
    }

    fn cache_control(&self, line: &Line) -> Option<Header> {
        let words: Vec<&str> = line.args.iter().map(String::as_str).collect();
        let value = match words.as_slice() {
            ["off", ..] => return None,
            [word] => self.values.expanded.get(*word).cloned().flatten().and_then(|word| max_age(&word)),
            _ => None,
        };
        Some(Header { name: "Cache-Control".to_owned(), value, always: false, at: line.at.clone() })
    }
}

/// What `expires` makes of a time; none for a time of the day.
fn max_age(word: &str) -> Option<String> {
    match word {
        "epoch" => return Some("no-cache".to_owned()),
        "max" => return Some("max-age=315360000".to_owned()),
        "0" => return Some("max-age=0".to_owned()),
        _ => {}
    }
    match word.strip_prefix('-') {
        Some(time) => seconds(time).map(|_| "no-cache".to_owned()),
        None => seconds(word).map(|time| format!("max-age={time}")),
    }
}

/// nginx's times: `1h30m`, `1d 2h`, `90`.
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    for c in text.chars().filter(|c| *c != ' ') {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
            continue;
        }
        let unit: u64 = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            'M' => 2_592_000,
            'y' => 31_536_000,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    total.checked_add(number.unwrap_or(0))
}
