//! Request filter: ModSecurity, whether it is there, what it does, and what passes it by.

mod elsewhere;
mod rules;

use crate::assess::sites::{Notes, each_site};
use crate::host::{Config, Door, Holds, Web};
use crate::measure::{Grade, Has, Without};
use crate::measures::daemon::request_filter::rules::Filter;
use crate::model::{Assessed, Proof, ServerKind, Severity, Spot};

crate::measure! {
    /// # Request filter
    ///
    /// ModSecurity reads requests before the application does, and refuses those that look like attacks.
    ///
    /// ## What it looks at
    /// For every site of Apache and nginx, what really holds there: whether ModSecurity is loaded and on, only watches, or
    /// is off; whether it reads bodies, how long ones, and what becomes of the rest; whether it has rules, and those of
    /// the OWASP Core Rule Set; whether it keeps an audit log; and where it was turned off or rules were taken out.
    ///
    /// ## Why it matters
    /// It stops the everyday attacks on applications that nobody has updated yet. A filter that is loaded and looks at
    /// nothing is worse than none, for people count on it.
    ///
    /// ## Example
    /// Before, as Debian's packages leave it: the module and its rules are loaded, and nothing is looked at.
    ///
    /// ```text
    /// SecRuleEngine Off   (nothing says otherwise)
    /// ```
    ///
    /// After some weeks of `SecRuleEngine DetectionOnly`, and of reading what it reports: `SecRuleEngine On`.
    ///
    /// ## What hardening changes
    /// Nothing yet: changes to a server's configuration cannot be planned.
    ///
    /// ## What the watcher sees
    /// Nothing of its own: what the filter writes into the error log is read by odd-requests.
    ///
    /// ## Whom it affects
    /// Editors and administrators, who send what looks like attacks: every site needs exclusions of its own before it is
    /// turned on. Each request costs some milliseconds of processor time, and every upload is written twice.
    ///
    /// ## Limits
    /// Exclusions that rules make themselves (`ctl:ruleEngine=Off`, `ctl:ruleRemoveById`) are not told. What holds is
    /// asked for `/`; elsewhere only lines that turn the filter off are looked for. Of nginx, rules that are fetched from
    /// elsewhere are not read. Filters in front of this host, and others than ModSecurity, cannot be seen.
    ///
    /// ## References
    /// - ModSecurity 2, reference: <https://github.com/owasp-modsecurity/ModSecurity/wiki/Reference-Manual-(v2.x)>
    /// - ModSecurity with nginx: <https://github.com/owasp-modsecurity/ModSecurity-nginx>
    /// - OWASP Core Rule Set: <https://coreruleset.org/docs/>
    id: "request-filter",
    priority: 60,
    difficulty: Grade::High,
    effectiveness: Grade::Medium,
    impact: Grade::Medium,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("odd-requests reads what the filter writes into the error log"),
}

/// What it costs is part of the advice.
const PRICE: &str = "worth its price where applications cannot be kept up to date: milliseconds a request, and weeks of \
                     reading false alarms before it may refuse anything; libapache2-mod-security2 or \
                     libnginx-mod-http-modsecurity, with modsecurity-crs";
const WATCH_FIRST: &str = "set SecRuleEngine DetectionOnly, read what it reports for some weeks, then On";
/// ModSecurity's own default: bytes of a body without uploads.
const MOST_OF_A_FORM: u64 = 1 << 20;

fn check(web: &Web<'_>) -> Vec<Assessed> {
    each_site(web, &[ServerKind::Apache, ServerKind::Nginx], "/", |door, holds, notes| {
        let loaded = match door.server.config {
            Config::Apache(evaluation) => evaluation.modules.has("security2_module"),
            _ => holds.value("", "modsecurity").is("on"),
        };
        if !loaded {
            return absent(door, holds, notes);
        }
        let filter = match door.server.config {
            Config::Nginx(config, _) => rules::of_nginx(door, config, notes),
            _ => rules::of_apache(holds, &door.site.at),
        };
        if judge(&filter, notes) {
            elsewhere::check(door, notes);
        }
    })
}

fn absent(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let proof = match holds {
        Holds::Nginx(_) => holds.value("", "modsecurity").proof("modsecurity", &door.site.at),
        _ => vec![Proof::Line { spot: door.site.at.clone(), text: "no security2_module is loaded".to_owned() }],
    };
    notes.found(Severity::Low, "no ModSecurity looks at requests before the application", proof, PRICE);
}

/// False where nothing is looked at.
fn judge(filter: &Filter, notes: &mut Notes) -> bool {
    let (mode, proof) = filter.value("SecRuleEngine", "Off");
    match mode.to_ascii_lowercase().as_str() {
        "on" => notes.fine(proof),
        "detectiononly" => {
            let text = "attacks are written down, and not stopped";
            notes.found(Severity::Low, text, proof, "once its reports are explained, set SecRuleEngine On");
        }
        _ => {
            let text = "ModSecurity is loaded and looks at nothing";
            notes.found(Severity::Medium, text, proof, WATCH_FIRST);
            return false;
        }
    }
    judge_bodies(filter, mode.eq_ignore_ascii_case("on"), notes);
    judge_rules(filter, notes);
    judge_log(filter, notes);
    true
}

fn judge_bodies(filter: &Filter, stops: bool, notes: &mut Notes) {
    let (access, proof) = filter.value("SecRequestBodyAccess", "Off");
    if !access.eq_ignore_ascii_case("on") {
        let text = "bodies of requests are not looked at: what forms send passes";
        return notes.found(Severity::Medium, text, proof, "set SecRequestBodyAccess On");
    }
    notes.fine(proof);
    let (limit, proof) = filter.value("SecRequestBodyLimit", "134217728");
    let (action, rest) = filter.value("SecRequestBodyLimitAction", "Reject");
    let both: Vec<Proof> = proof.into_iter().chain(rest).collect();
    if stops && action.eq_ignore_ascii_case("ProcessPartial") {
        let text = format!("what lies behind the first {limit} bytes of a body passes unseen");
        notes.found(
            Severity::Medium,
            text,
            both,
            "set SecRequestBodyLimitAction Reject, with a limit above your uploads",
        );
    } else {
        notes.fine(both);
    }
    let (form, proof) = filter.value("SecRequestBodyNoFilesLimit", "1048576");
    match form.parse::<u64>() {
        Ok(bytes) if bytes > MOST_OF_A_FORM => {
            let text = format!("up to {bytes} bytes of a body without uploads are taken in and searched");
            notes.found(Severity::Low, text, proof, "set SecRequestBodyNoFilesLimit 131072, or what your forms need");
        }
        _ => notes.fine(proof),
    }
}

fn judge_rules(filter: &Filter, notes: &mut Notes) {
    let here = |text: &str| vec![Proof::Line { spot: filter.site.clone(), text: text.to_owned() }];
    match (&filter.first_rule, &filter.core) {
        (None, _) => {
            let text = "ModSecurity is on without a rule";
            notes.found(Severity::Medium, text, here("no SecRule holds here"), "include the Core Rule Set");
        }
        (Some(_), None) => {
            let text = "no rule of the OWASP Core Rule Set is among the rules";
            notes.found(
                Severity::Low,
                text,
                here("no rule from 911000 to 980999 holds here"),
                "include modsecurity-crs",
            );
        }
        (_, Some(core)) => notes.fine(vec![core.clone()]),
    }
    for removed in &filter.removed {
        let proof = vec![removed.proof.clone()];
        if let Some(decides) = DECIDING.iter().find(|id| removed.has(**id)) {
            let text = format!("rule {decides} is taken out, which is the one that refuses");
            notes.found(Severity::Medium, text, proof, "take out the rules that err, not the one that decides");
        } else if removed.widest() >= 1000 {
            let text = format!("whole families of rules are taken out: {}", removed.words.join(" "));
            notes.found(Severity::Low, text, proof, "take out single rules, for the URLs and arguments that need it");
        } else {
            notes.fine(proof);
        }
    }
}

/// Where the Core Rule Set compares the score of a request, and of an answer.
const DECIDING: [u32; 2] = [949_110, 959_100];

fn judge_log(filter: &Filter, notes: &mut Notes) {
    let (engine, proof) = filter.value("SecAuditEngine", "Off");
    let (file, written) = filter.value("SecAuditLog", "");
    if engine.eq_ignore_ascii_case("off") || file.is_empty() {
        let proof = if engine.eq_ignore_ascii_case("off") { proof } else { written };
        let text = "no audit log: what is refused cannot be explained afterwards";
        let fix = "set SecAuditEngine RelevantOnly and SecAuditLog";
        return notes.found(Severity::Low, text, proof, fix);
    }
    notes.fine(proof.into_iter().chain(written).collect());
}

/// A proof for a default, at the site.
fn by_default(name: &str, value: &str, site: &Spot) -> Vec<Proof> {
    let value = if value.is_empty() { "none" } else { value };
    vec![Proof::Line { spot: site.clone(), text: format!("no {name} here: {value} by default") }]
}
