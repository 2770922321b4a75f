//! Clients that give themselves away by what they do, whatever they send.

use crate::detect::Detector;
use crate::detect::behaviour::{
    brute_force, brute_force_prefix, brute_force_user, credential_stuffing, false_crawler, probing,
    success_after_attack, volume,
};
use crate::measure::{Grade, Has, Without};

static WATCHERS: &[&Detector] = &[
    &probing::DETECTOR,
    &brute_force::DETECTOR,
    &brute_force_user::DETECTOR,
    &brute_force_prefix::DETECTOR,
    &credential_stuffing::DETECTOR,
    &false_crawler::DETECTOR,
    &success_after_attack::DETECTOR,
    &volume::DETECTOR,
];

crate::measure! {
    /// # Abusive clients
    /// ## What it looks at
    /// How each client, network, user name and login fares over time in the logs of web servers, sshd and sudo.
    /// ## Why it matters
    /// Guessing passwords and looking for holes takes many ordinary requests; none of them is odd by itself.
    /// ## Example, before → after
    /// Forty wrong passwords at `/wp-login.php` in a minute went unnoticed; the seventh now bans the client.
    /// ## What hardening changes
    /// Nothing yet.
    /// ## What the watcher sees
    /// Missing paths, failed logins (fast, slow, spread over a network or aimed at one user), volume against the site's
    /// own usual, false crawlers, and a success that follows an attack.
    /// ## Whom it affects
    /// People who forgot a password several times in a row are limited for ten minutes at worst; those known to the
    /// site for longer are limited first and not banned.
    /// ## Limits
    /// An attack from many addresses, each used once, is told by its target only.
    /// ## References
    /// OWASP Automated Threats OAT-007, OAT-008, OAT-014; CAPEC-112, CAPEC-600.
    id: "abusive-clients",
    priority: 20,
    difficulty: Grade::Low,
    effectiveness: Grade::High,
    impact: Grade::Low,
    check: Without("there is nothing in a configuration to check; the watcher works on every log that is found"),
    harden: Without("clients are stopped one by one, not yet by the server's configuration"),
    watch: Has(WATCHERS),
}
