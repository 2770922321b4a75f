//! Odd requests: the first half of the loop, what is seen.

use crate::detect::behaviour::{
    content_score, false_crawler, probing, rule_correlation, sensitive_probing, strangers, success_after_attack,
};
use crate::host::Web;
use crate::measure::{Grade, Has, Without};
use crate::model::{
    Assessed, Confidence, DeclaredFormat, Finding, FormatSyntax, LogFile, LogKind, LogTarget, Proof, Server,
    ServerKind, Severity, Site, Verdict,
};

crate::measure! {
    /// # Odd requests
    ///
    /// What clients ask for is read from the logs as it happens, and whoever attacks or searches for weak spots is told.
    ///
    /// ## What it looks at
    /// The check looks at what the servers' own configuration declares: whether every site has an access log, whether
    /// that log can be read, and whether its format says who asked (client), for what (request) and what came of it
    /// (status). The watcher looks at every line of these logs, and of the error logs beside them.
    ///
    /// ## Why it matters
    /// Attacks are announced: a scanner asks for hundreds of paths that are not there before it finds the one that is,
    /// and whoever tries an injection tries a dozen. A site without a log tells nothing of it, neither before nor after.
    ///
    /// ## Example
    /// Before, a site whose requests nobody sees:
    ///
    /// ```text
    /// server {
    ///     server_name blog.example.org;
    ///     access_log off;
    /// }
    /// ```
    ///
    /// After:
    ///
    /// ```text
    /// server {
    ///     server_name blog.example.org;
    ///     access_log /var/log/nginx/blog.access.log combined;
    /// }
    /// ```
    ///
    /// And what is then told: "11 distinct missing paths in 3 s, 6 of them on the sensitive list; nobody else fetched
    /// them", with the lines.
    ///
    /// ## What hardening changes
    /// Nothing yet: where a log belongs, how large it may grow and how long it is kept is the owner's to say.
    ///
    /// ## What the watcher sees
    /// - `probing`: one missing path after another, fast (more than 10, one forgiven every 10 s), slowly (more than 14,
    ///   one forgiven every 10 min) or over a day (more than 20). Not counted: static files, what browsers ask for by
    ///   themselves, what synchronising and package clients look for, paths that were ever answered 2xx. Hardly
    ///   counted: what a page of the site led to, as long as other answers are good. A client's good answers make its
    ///   misses weigh less; a miss on the sensitive list counts twice. Slow counts and misses that pages led to ask for
    ///   a limit, not a ban.
    /// - `sensitive-probing`: refused requests for secrets, web shells and what scanners look for (more than 4, one
    ///   forgiven every 5 s).
    /// - `content-score`: what rules find in requests adds up and halves every 5 minutes; told at 10 points from two
    ///   different requests, at 30 from one repeated, or at one request that is an attack by itself. Weak evidence
    ///   that was answered well counts nothing, and weak evidence alone asks for a limit, not a ban.
    /// - `hostile-strangers`: addresses of one IPv6 /64, each new and each at once hostile (6 of them, 12 points).
    /// - `rule-correlation`: hits that mean something together, as a correlation rule says.
    /// - `false-crawler`: calls itself a search engine and comes from elsewhere. Told, never punished.
    /// - `success-after-attack`: whoever attacked within the hour logs in, or is answered 2xx where secrets, shells or
    ///   other people's files are sought. That is an incident for a person.
    ///
    /// ## Whom it affects
    /// Nobody: it reads. What is done about a client that was told is `abusive-clients`'.
    ///
    /// ## Limits
    /// A log holds neither request bodies nor most headers, so what is in them is not seen. A site that answers every
    /// path with the same page shows no missing paths; rules still see what was asked for. Somebody who asks slowly
    /// enough from many addresses stays under every count of one client.
    ///
    /// ## References
    /// - Apache, `mod_log_config`: <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html>
    /// - nginx, `ngx_http_log_module`: <https://nginx.org/en/docs/http/ngx_http_log_module.html>
    /// - OWASP, Logging Cheat Sheet: <https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html>
    id: "odd-requests",
    priority: 90,
    difficulty: Grade::High,
    effectiveness: Grade::Medium,
    impact: Grade::Low,
    check: Has(check),
    harden: Without("where a log belongs and how long it is kept is the owner's to say"),
    watch: Has(&[
        &sensitive_probing::DETECTOR,
        &probing::DETECTOR,
        &content_score::DETECTOR,
        &strangers::DETECTOR,
        &rule_correlation::DETECTOR,
        &false_crawler::DETECTOR,
        &success_after_attack::DETECTOR,
    ]),
}

fn check(web: &Web<'_>) -> Vec<Assessed> {
    let servers = web.servers.iter().map(|known| known.server);
    judge(servers, |path| web.host.read_up_to(path, 1).map(drop).map_err(|cause| cause.to_string()))
}

/// Judges what the servers declare; `readable` says why a log cannot be read.
pub fn judge<'s>(
    servers: impl Iterator<Item = &'s Server>,
    readable: impl Fn(&std::path::Path) -> Result<(), String>,
) -> Vec<Assessed> {
    let each = |server: &'s Server| server.sites.iter().map(move |site| (server, site));
    servers
        .flat_map(each)
        .map(|(server, site)| Assessed::site(site.name(), judge_site(server, site, &readable)))
        .collect()
}

fn judge_site(server: &Server, site: &Site, readable: &impl Fn(&std::path::Path) -> Result<(), String>) -> Verdict {
    let logs: Vec<&LogFile> = site.logs.iter().chain(&server.logs).filter(|log| is_access(log)).collect();
    if logs.is_empty() {
        return Verdict::Found { findings: vec![unlogged(site)] };
    }
    let found = logs.iter().flat_map(|log| [lacks(server.kind, log), unreadable(log, readable)]).flatten();
    Verdict::of(found.collect(), logs.iter().map(|log| proof(log)).collect())
}

fn is_access(log: &LogFile) -> bool {
    log.kind == LogKind::Access && log.target != LogTarget::Off
}

fn unlogged(site: &Site) -> Finding {
    let off = site.logs.iter().find(|log| log.kind == LogKind::Access);
    let spot = off.map_or(&site.at, |log| &log.at);
    Finding {
        severity: Severity::Medium,
        confidence: Confidence::High,
        text: if off.is_some() { "its access log is switched off" } else { "it has no access log" }.to_owned(),
        evidence: vec![Proof::Line { spot: spot.clone(), text: "no access log".to_owned() }],
        fix: "give the site an access log in the combined format".to_owned(),
    }
}

/// What the format leaves out of what detection needs.
fn lacks(kind: ServerKind, log: &LogFile) -> Option<Finding> {
    let format = log.format.as_ref()?;
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !need.met(format)).collect();
    let worst = missing.iter().map(|need| need.severity).max()?;
    let words: Vec<&str> = missing.iter().map(|need| need.what).collect();
    let fix = if kind == ServerKind::Nginx { "log in the format combined" } else { "log in the combined format" };
    Some(Finding {
        severity: worst,
        confidence: Confidence::High,
        text: format!("its access log does not say {}", words.join(", ")),
        evidence: vec![Proof::Line { spot: log.at.clone(), text: format.pattern.clone() }],
        fix: fix.to_owned(),
    })
}

/// One thing a log line must say, and how servers write it.
struct Need {
    what: &'static str,
    severity: Severity,
    nginx: &'static [&'static str],
    /// Apache's and Tomcat's.
    others: &'static [&'static str],
}

const NEEDS: &[Need] = &[
    Need {
        what: "who asked",
        severity: Severity::Medium,
        nginx: &["$remote_addr", "$realip_remote_addr", "$http_x_forwarded_for", "$proxy_add_x_forwarded_for"],
        others: &["%h", "%a", "%{c}a", "%{c}h", "x-forwarded-for}i", "x-real-ip}i"],
    },
    Need { what: "for what", severity: Severity::Medium, nginx: &["$request"], others: &["%r", "%U", "first line"] },
    Need { what: "what was answered", severity: Severity::Medium, nginx: &["$status"], others: &["%s", "%>s", "%<s"] },
    Need { what: "the user agent", severity: Severity::Low, nginx: &["$http_user_agent"], others: &["user-agent}i"] },
    Need { what: "the referring page", severity: Severity::Low, nginx: &["$http_referer"], others: &["referer}i"] },
];

impl Need {
    fn met(&self, format: &DeclaredFormat) -> bool {
        let nginx = matches!(format.syntax, FormatSyntax::Nginx | FormatSyntax::NginxJson | FormatSyntax::NginxNone);
        let ways = if nginx { self.nginx } else { self.others };
        let pattern = if nginx { format.pattern.clone() } else { headers_in_lower_case(&format.pattern) };
        // Valves name the usual patterns instead of writing them out; common alone has no headers.
        let named = format.syntax == FormatSyntax::Valve && matches!(pattern.as_str(), "combined" | "common");
        if named {
            return pattern == "combined" || self.severity > Severity::Low;
        }
        ways.iter().any(|way| pattern.contains(way))
    }
}

/// Header names between braces are written in any case; directives are not.
fn headers_in_lower_case(pattern: &str) -> String {
    let mut inside = false;
    let lower = pattern.chars().map(|letter| {
        inside = letter == '{' || (inside && letter != '}');
        if inside { letter.to_ascii_lowercase() } else { letter }
    });
    lower.collect()
}

fn unreadable(log: &LogFile, readable: &impl Fn(&std::path::Path) -> Result<(), String>) -> Option<Finding> {
    let (LogTarget::File(path) | LogTarget::Pipe { file: Some(path), .. }) = &log.target else { return None };
    if path.to_string_lossy().contains(['*', '%']) {
        return None;
    }
    let cause = readable(path).err()?;
    Some(Finding {
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        text: format!("its access log cannot be read: {cause}"),
        evidence: vec![proof(log)],
        fix: "start the server once so that the log is there, or let the guard read it".to_owned(),
    })
}

fn proof(log: &LogFile) -> Proof {
    let text = match &log.target {
        LogTarget::File(path) => path.display().to_string(),
        LogTarget::Pipe { command, .. } => format!("| {command}"),
        LogTarget::Syslog(rest) => format!("syslog:{rest}"),
        LogTarget::Off => "off".to_owned(),
    };
    Proof::Line { spot: log.at.clone(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RealIp, Spot};

    fn site(logs: Vec<LogFile>) -> Vec<Server> {
        let site = Site { names: vec!["blog".to_owned()], logs, ..Site::default() };
        vec![Server {
            kind: ServerKind::Nginx,
            version: String::new(),
            config: "/etc/nginx/nginx.conf".into(),
            running: None,
            sites: vec![site],
            logs: Vec::new(),
            problems: Vec::new(),
        }]
    }

    fn log(target: LogTarget, syntax: FormatSyntax, pattern: &str) -> LogFile {
        let format = Some(DeclaredFormat { syntax, name: String::new(), pattern: pattern.to_owned() });
        let at = Spot { file: "/etc/nginx/nginx.conf".into(), line: 7 };
        LogFile { target, kind: LogKind::Access, format, real_ip: RealIp::default(), at }
    }

    fn judged(servers: &[Server], readable: impl Fn(&std::path::Path) -> Result<(), String>) -> Vec<Assessed> {
        judge(servers.iter(), readable)
    }

    fn texts(assessed: &[Assessed]) -> Vec<(Severity, &str)> {
        let findings = assessed.iter().flat_map(Assessed::findings);
        findings.map(|finding| (finding.severity, finding.text.as_str())).collect()
    }

    const FILE: &str = "/var/log/nginx/a.log";
    const COMBINED: &str = r#"%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#;

    #[test]
    fn a_site_without_a_log_is_found() {
        assert_eq!(texts(&judged(&site(Vec::new()), |_| Ok(()))), [(Severity::Medium, "it has no access log")]);
        let off = site(vec![log(LogTarget::Off, FormatSyntax::Nginx, "")]);
        assert_eq!(texts(&judged(&off, |_| Ok(()))), [(Severity::Medium, "its access log is switched off")]);
    }

    #[test]
    fn a_format_must_say_who_what_and_how_it_ended() {
        let with =
            |syntax, pattern| judged(&site(vec![log(LogTarget::File(FILE.into()), syntax, pattern)]), |_| Ok(()));
        assert!(matches!(with(FormatSyntax::Apache, COMBINED)[0].verdict, Verdict::InPlace { .. }));
        assert!(matches!(with(FormatSyntax::Valve, "combined")[0].verdict, Verdict::InPlace { .. }));
        let no_headers = (Severity::Low, "its access log does not say the user agent, the referring page");
        assert_eq!(texts(&with(FormatSyntax::Valve, "common")), [no_headers]);
        assert_eq!(texts(&with(FormatSyntax::Nginx, "$remote_addr [$time_local] $request $status")), [no_headers]);
        let (severity, text) = (Severity::Medium, "its access log does not say who asked");
        let anonymous = r#"%t "%r" %>s "%{referer}i" "%{user-agent}i""#;
        assert_eq!(texts(&with(FormatSyntax::Apache, anonymous)), [(severity, text)]);
    }

    #[test]
    fn a_log_that_cannot_be_read_is_found_and_no_server_is_no_fault() {
        let servers = site(vec![log(LogTarget::File(FILE.into()), FormatSyntax::Apache, COMBINED)]);
        let verdict = judged(&servers, |_| Err("permission denied".to_owned()));
        assert_eq!(texts(&verdict), [(Severity::Medium, "its access log cannot be read: permission denied")]);
        assert_eq!(judged(&[], |_| Ok(())), []);
    }
}
