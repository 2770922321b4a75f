//! A report for people: the grade and why first, then what to do, then what was seen.

use crate::cli::error::CliError;
use crate::cli::output::{Output, Tone};
use crate::model::Severity;
use crate::probe::report::{Look, Report};
use crate::probe::tls::certificate::Chain;
use crate::probe::weak::{self, Verdict, Vulnerability};
use crate::probe::{grade, http};

/// Names of a certificate that are shown; hosting certificates have a hundred.
const NAMES_SHOWN: usize = 6;
const DAYS_TO_RENEW: i64 = 21;
/// The worst come first.
const REASONS_SHOWN: usize = 5;

/// One target of many.
pub fn line(report: &Report, out: &mut Output) -> Result<(), CliError> {
    if let Look::CouldNotLook { cause } = &report.look {
        out.toned(Tone::Warn, &format!("{:<3} {}  could not look: {cause}", "?", report.target))?;
        return Ok(());
    }
    let letter = report.grade.as_ref().map_or("-", |grade| grade.letter);
    let mut worst: Vec<&Vulnerability> = found(report).collect();
    worst.sort_by_key(|weak| std::cmp::Reverse(weak.severity));
    let tone = match worst.first().map(|weak| weak.severity) {
        Some(Severity::Critical | Severity::High) => Tone::Bad,
        None if report.exposed().is_empty() => Tone::Plain,
        _ => Tone::Warn,
    };
    let mut weak: Vec<&str> = worst.iter().map(|weak| weak.id).collect();
    weak.extend(report.exposed().iter().map(|file| file.path));
    let said = if weak.is_empty() { "no known weakness".to_owned() } else { weak.join(", ") };
    let until =
        report.certificate.as_ref().map_or_else(String::new, |chain| format!("  certificate: {}", judged(chain)));
    out.toned(tone, &format!("{letter:<3} {}  {}  {said}{until}", report.target, protocols(report)))?;
    Ok(())
}

fn found(report: &Report) -> impl Iterator<Item = &Vulnerability> {
    report.vulnerabilities.iter().filter(|weak| weak.verdict == Verdict::Found)
}

fn protocols(report: &Report) -> String {
    match (report.protocols.first(), report.protocols.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => (*only).to_owned(),
        _ => "no TLS".to_owned(),
    }
}

/// The only target.
pub fn whole(report: &Report, suites: bool, out: &mut Output) -> Result<(), CliError> {
    let address = report.address.map(|address| format!(" ({address})")).unwrap_or_default();
    if let Look::CouldNotLook { cause } = &report.look {
        out.toned(Tone::Warn, &format!("{}{address}: could not look: {cause}", report.target))?;
        return Ok(());
    }
    match &report.grade {
        Some(grade) => {
            let trusted = match grade.if_trusted == grade.letter {
                true => String::new(),
                false => format!("; {} with a certificate that is trusted", grade.if_trusted),
            };
            out.toned(
                Tone::Strong,
                &format!("{}{address}: grade {}, {} of 100{trusted}", report.target, grade.letter, grade.score),
            )?;
            grade.reasons.iter().take(REASONS_SHOWN).try_for_each(|reason| out.line(&format!("  {reason}")))?;
            if grade.reasons.len() > REASONS_SHOWN {
                out.line(&format!("  and {} more reasons", grade.reasons.len() - REASONS_SHOWN))?;
            }
        }
        None => out.toned(Tone::Strong, &format!("{}{address}", report.target))?,
    }
    weaknesses(report, out)?;
    tls(report, suites, out)?;
    certificates(report, out)?;
    web(&report.web, out)?;
    report.problems.iter().try_for_each(|problem| out.toned(Tone::Warn, &format!("could not look: {problem}")))?;
    let told = format!(
        "{} connections, {:.1} s; weaknesses as of {}, grades of {}",
        report.connections,
        report.seconds,
        weak::date(),
        grade::date()
    );
    out.toned(Tone::Dim, &told)?;
    Ok(())
}

fn weaknesses(report: &Report, out: &mut Output) -> Result<(), CliError> {
    let told = report.vulnerabilities.iter().filter(|weak| weak.verdict != Verdict::Absent);
    let rows: Vec<Vec<String>> = told
        .map(|weak| {
            let seen = weak.verdict == Verdict::Found;
            let severity = if seen { format!("{:?}", weak.severity).to_lowercase() } else { "unknown".to_owned() };
            let evidence = if seen {
                format!("{}; {}", weak.evidence, weak.fix)
            } else {
                format!("could not look: {}", weak.evidence)
            };
            vec![weak.id.to_owned(), severity, format!("{}: {evidence}", weak.title)]
        })
        .collect();
    if !report.vulnerabilities.is_empty() {
        out.line("")?;
        out.table(&["weakness", "severity", "what was seen; what to do"], &rows, "no known weakness")?;
    }
    Ok(())
}

fn tls(report: &Report, suites: bool, out: &mut Output) -> Result<(), CliError> {
    let rows: Vec<Vec<String>> = report
        .protocols
        .iter()
        .map(|protocol| {
            let all = report.suites.get(protocol).map(Vec::as_slice).unwrap_or_default();
            let named = if suites { all.join(" ") } else { all.first().map_or("", |best| *best).to_owned() };
            let order = report.order.get(protocol).copied().unwrap_or("-");
            let groups = report.groups.get(protocol).map(|groups| groups.join(" ")).unwrap_or_default();
            vec![
                (*protocol).to_owned(),
                all.len().to_string(),
                order.to_owned(),
                format!("{named}{}{groups}", if groups.is_empty() { "" } else { "; groups: " }),
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.line("")?;
        out.table(&["protocol", "suites", "order", if suites { "all" } else { "the best" }], &rows, "")?;
    }
    Ok(())
}

fn certificates(report: &Report, out: &mut Output) -> Result<(), CliError> {
    let rows: Vec<Vec<String>> = report
        .certificate
        .iter()
        .chain(&report.other_certificates)
        .map(|chain| {
            let mut names = chain.names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(" ");
            if chain.names.len() > NAMES_SHOWN {
                names.push_str(&format!(" and {} more", chain.names.len() - NAMES_SHOWN));
            }
            vec![
                format!("{} {}", chain.key, chain.key_bits),
                judged(chain),
                format!("{}, by {}, {}; for {names}", chain.subject, chain.issuer, chain.signature),
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.line("")?;
        out.table(&["key", "certificate", "of"], &rows, "")?;
    }
    Ok(())
}

/// What is wrong with a chain, else until when it is good.
fn judged(chain: &Chain) -> String {
    let mut wrong: Vec<String> = chain.distrusted_because.iter().cloned().collect();
    wrong.extend((chain.name_matches == Some(false)).then(|| "it is for other names".to_owned()));
    wrong.extend((!chain.in_order).then(|| "its chain is not in order".to_owned()));
    let days = chain.days_left;
    match (wrong.is_empty(), days < DAYS_TO_RENEW) {
        (false, _) => wrong.join(", "),
        (_, true) => format!("renew it: {days} days left"),
        _ => format!("good, {days} days left"),
    }
}

fn web(web: &http::Web, out: &mut Output) -> Result<(), CliError> {
    let Some(status) = web.status else { return Ok(()) };
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |what: &str, says: String| rows.push(vec![what.to_owned(), says]);
    if let Some(score) = &web.header_score {
        row("headers", format!("{}, {} of 100", score.letter, score.score));
        score.items.iter().for_each(|item| row("", format!("{:+}: {}", item.worth, item.why)));
    }
    for said in &web.identity {
        row("identity", format!("{}: {} (on {})", said.place, said.says, said.on.join(", ")));
    }
    if !web.redirects.is_empty() || web.redirects_to_https.is_some() {
        let to = if web.redirects.is_empty() { "nowhere".to_owned() } else { web.redirects.join(", then ") };
        row("plain http", format!("leads to {to}"));
    }
    if !web.methods.is_empty() {
        row("methods", web.methods.join(" "));
    }
    if web.trace == Some(true) {
        row("TRACE", "is answered with what was sent; turn it off".to_owned());
    }
    for file in &web.exposed {
        row("exposed", format!("{} gives {}", file.path, file.what));
    }
    out.line("")?;
    out.table(&["http", &format!("{status} on /")], &rows, "")?;
    Ok(())
}
