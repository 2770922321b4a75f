//! Requests that no honest client sends.

use crate::detect::Detector;
use crate::detect::behaviour::{content_score, rule_correlation, sensitive_probing};
use crate::measure::{Grade, Has, Without};

static WATCHERS: &[&Detector] = &[&content_score::DETECTOR, &rule_correlation::DETECTOR, &sensitive_probing::DETECTOR];

crate::measure! {
    /// # Odd requests
    /// ## What it looks at
    /// Each request line, referer and user agent in the logs of the web servers, raw and decoded, against the rules.
    /// ## Why it matters
    /// Injection, traversal, shellshock and the probes of scanners show in the request itself, before they succeed.
    /// ## Example, before → after
    /// `GET /?id=1'+UNION+SELECT+password+FROM+users` was answered like any other; after a few of them the client is banned.
    /// ## What hardening changes
    /// Nothing yet.
    /// ## What the watcher sees
    /// Hits of rules add up to a score that halves every five minutes; requests for secrets and web shells are counted.
    /// ## Whom it affects
    /// Clients that send such requests. Security researchers and one's own scanner: name them in the policy.
    /// ## Limits
    /// What stands in the body of a request is not in an access log.
    /// ## References
    /// OWASP Web Security Testing Guide, 4.7; CAPEC-66, CAPEC-126.
    id: "odd-requests",
    priority: 10,
    difficulty: Grade::Low,
    effectiveness: Grade::High,
    impact: Grade::Low,
    check: Without("there is nothing in a configuration to check; the watcher works on every log that is found"),
    harden: Without("what is found is stopped by its client, not yet by the server's configuration"),
    watch: Has(WATCHERS),
}
