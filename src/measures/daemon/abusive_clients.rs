//! Abusive clients: the second half of the loop, who is stopped.

use crate::detect::behaviour::{brute_force, brute_force_prefix, brute_force_user, credential_stuffing, volume};
use crate::host::Web;
use crate::measure::{Grade, Has, Without};
use crate::model::{Assessed, Confidence, Finding, Proof, Severity, Verdict};

crate::measure! {
    /// # Abusive clients
    ///
    /// Whoever guesses passwords or floods a site is limited or shut out, for a while, and only as widely as needed.
    ///
    /// ## What it looks at
    /// The check looks at whether the guard has been at work on this host: its history, and its table in the packet
    /// filter. The watcher counts failed logins by client, by user, by network and by login path, and the pages that
    /// one client asks for.
    ///
    /// ## Why it matters
    /// Passwords are guessed by programs, day and night, and every guess costs the server work. A client that is shut
    /// out after a handful of failures needs years for what took hours.
    ///
    /// ## Example
    /// Before, one client against one login, twice a second:
    ///
    /// ```text
    /// 203.0.113.7 - - [14/Sep/2026:06:00:00 +0000] "POST /wp-login.php HTTP/1.1" 200 5432 "-" "Mozilla/5.0"
    /// 203.0.113.7 - - [14/Sep/2026:06:00:00 +0000] "POST /wp-login.php HTTP/1.1" 200 5432 "-" "Mozilla/5.0"
    /// ```
    ///
    /// After the sixth: "6 failed logins in 2 s, 0 succeeded since it was first seen"; the client is shut out, and its
    /// next connection fails.
    ///
    /// ## What hardening changes
    /// Nothing yet: the guard itself decides and enforces, by the policy file, and starts by only observing.
    ///
    /// ## What the watcher sees
    /// - `brute-force`: failed logins of one client, fast (more than 5, one forgiven every 10 s), slowly (more than 10,
    ///   one a minute; at sshd each counts twice) or over a day (more than 30: limited, not banned). A success takes two
    ///   failures back, and who was ever let in may fail three times as often. What sshd says of one attempt in several
    ///   lines counts once. The first 401 is how HTTP asks for a password, and no failure. Applications tell of
    ///   failures in their own logs (`docs/login-failures.md`). Login forms are learnt by how they answer: WordPress is
    ///   known, others fail where they answer 401 or 403, or 2xx where they redirect others, or what makes people try
    ///   again where others were let in and moved on.
    /// - `brute-force-user`: many clients, one user name; or one user name, from where the log does not tell.
    /// - `brute-force-prefix`: many clients of one /24 or /64, each too seldom to be told; with how many others there
    ///   are good.
    /// - `credential-stuffing`: strangers that do little else fail at one login, many more than usual there. The login
    ///   is told, not the strangers.
    /// - `volume`: far more pages in ten seconds than anybody at this site asks for.
    ///
    /// ## Whom it affects
    /// People who mistype thrice and then get it right: no. A busy office behind one address: its many user agents and
    /// logins speak for it. Somebody who forgot a password and keeps trying: yes, for some minutes.
    ///
    /// ## Limits
    /// A form that answers success and failure alike tells nothing in an access log, but for who comes back to it. Guesses spread over thousands of
    /// networks, one each, are told by their target and cannot be stopped by address.
    ///
    /// ## References
    /// - RFC 9110, 11 (authentication): <https://www.rfc-editor.org/rfc/rfc9110#section-11>
    /// - OWASP, Credential Stuffing: <https://owasp.org/www-community/attacks/Credential_stuffing>
    id: "abusive-clients",
    priority: 60,
    difficulty: Grade::Medium,
    effectiveness: Grade::Medium,
    impact: Grade::Low,
    check: Has(check),
    harden: Without("the guard decides and enforces by its policy; there is nothing to set in the server"),
    watch: Has(&[
        &brute_force::DETECTOR,
        &brute_force_user::DETECTOR,
        &brute_force_prefix::DETECTOR,
        &credential_stuffing::DETECTOR,
        &volume::DETECTOR,
    ]),
}

/// Where the guard keeps its history.
const STATE: &str = "/var/lib/peelhouse";

fn check(web: &Web<'_>) -> Vec<Assessed> {
    let host = web.host;
    let dir = std::path::Path::new(STATE);
    let files = crate::formats::Files::list(host, dir).unwrap_or_default();
    vec![Assessed::host(judge(&files, host.exists(dir)))]
}

/// Judges the names in the guard's state directory, and whether it is there at all.
pub fn judge(files: &[String], there: bool) -> Verdict {
    if files.iter().any(|name| name == "peelhouse.db") {
        let evidence = vec![Proof::Exchange { request: format!("list {STATE}"), response: files.join(" ") }];
        return Verdict::InPlace { evidence };
    }
    if there && files.is_empty() {
        return Verdict::CouldNotLook { cause: format!("{STATE} is there and lists nothing; look as root") };
    }
    Verdict::Found {
        findings: vec![Finding {
            severity: Severity::Medium,
            confidence: Confidence::High,
            text: "nothing watches for clients that guess passwords or flood".to_owned(),
            evidence: vec![Proof::Exchange { request: format!("list {STATE}"), response: "not there".to_owned() }],
            fix: "start the guard: peelhouse guard".to_owned(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guards_history_is_what_tells() {
        assert!(matches!(judge(&["peelhouse.db".to_owned()], true), Verdict::InPlace { .. }));
        assert!(matches!(judge(&[], true), Verdict::CouldNotLook { .. }));
        assert!(matches!(judge(&[], false), Verdict::Found { .. }));
    }
}
