//! Which versions of TLS a site admits, and by which suites.

use crate::assess::sites::Notes;
use crate::effective::{Effect, Setting};
use crate::host::{Held, Holds};
use crate::measures::daemon::tls_configuration::profile::intermediate;
use crate::measures::daemon::tls_configuration::suites::{self, Admitted, Suite};
use crate::model::{Proof, Severity, Spot};

/// Those that `all` of mod_ssl means: OpenSSL has no SSLv3 any more.
const ALL: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const KNOWN: [&str; 6] = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// Versions that a site admits, oldest first.
pub fn versions(holds: &Holds<'_>) -> (Vec<&'static str>, Held) {
    let held = holds.value("SSLProtocol", "ssl_protocols");
    let words: Vec<String> = held.text().split_ascii_whitespace().map(str::to_owned).collect();
    let set = match holds {
        Holds::Apache(_) => of_apache(&words),
        _ => KNOWN.into_iter().filter(|known| words.iter().any(|word| word == known)).collect(),
    };
    (set, held)
}

/// Words with a sign change what is there, one without takes its place (mod_ssl, `SSLProtocol`).
fn of_apache(words: &[String]) -> Vec<&'static str> {
    let mut set: Vec<&'static str> = Vec::new();
    for word in words {
        let (sign, name) = match word.split_at_checked(1) {
            Some((sign @ ("+" | "-"), name)) => (sign, name),
            _ => ("", word.as_str()),
        };
        let named: Vec<&'static str> = match name.eq_ignore_ascii_case("all") {
            true => ALL.to_vec(),
            false => KNOWN.into_iter().filter(|known| known.eq_ignore_ascii_case(name)).collect(),
        };
        if sign != "+" {
            set.retain(|known| sign == "-" && !named.contains(known));
        }
        if sign != "-" {
            set.extend(named);
        }
    }
    KNOWN.into_iter().filter(|known| set.contains(known)).collect()
}

/// The versions and suites of a door that speaks TLS.
pub fn judge(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let (set, held) = versions(holds);
    let (text, ciphers) = ciphers(holds, site);
    let admitted = suites::admitted(&text);
    judge_versions(&set, admitted.as_ref(), held.proof(name(holds), site), notes);
    judge_words(holds, &held, site, notes);
    for step in held.setting.chain.iter().filter(|step| matches!(step.effect, Effect::Ignored(_))) {
        let Effect::Ignored(why) = step.effect else { continue };
        let line = Proof::Line { spot: step.at.clone(), text: step.text.clone() };
        let text = format!("ssl_protocols is said in vain here: {why}");
        notes.found(Severity::Low, text, vec![line], "say it in the default server of the address, or in http");
    }
    match admitted.filter(|_| set.iter().any(|version| *version != "TLSv1.3")) {
        Some(mut admitted) => {
            let spoken = |suite: &&Suite| set.contains(&"TLSv1.2") || suite.since != "TLSv1.2";
            admitted.suites.retain(spoken);
            judge_suites(&admitted, ciphers, notes);
        }
        None => notes.fine(ciphers),
    }
}

fn name(holds: &Holds<'_>) -> &'static str {
    if matches!(holds, Holds::Apache(_)) { "SSLProtocol" } else { "ssl_protocols" }
}

fn judge_versions(set: &[&'static str], admitted: Option<&Admitted>, proof: Vec<Proof>, notes: &mut Notes) {
    let fix = match proof.iter().any(|proof| matches!(proof, Proof::Line { text, .. } if text.contains("SSLProtocol")))
    {
        true => "set SSLProtocol -all +TLSv1.2 +TLSv1.3",
        false => "set ssl_protocols TLSv1.2 TLSv1.3 where it stands now: a second line in the same block adds to it",
    };
    let broken: Vec<&str> = set.iter().copied().filter(|version| version.starts_with("SSL")).collect();
    let old: Vec<&str> = set.iter().copied().filter(|version| matches!(*version, "TLSv1" | "TLSv1.1")).collect();
    if !broken.is_empty() {
        let text = format!("the broken {} is admitted", broken.join(" and "));
        notes.found(Severity::High, text, proof.clone(), fix);
    }
    if !old.is_empty() {
        let (severity, said) = match admitted.and_then(|admitted| admitted.level) {
            Some(0) => (Severity::Medium, "and the security level 0 lets OpenSSL speak them"),
            _ => (Severity::Low, "though OpenSSL 3 speaks them only at security level 0"),
        };
        notes.found(
            severity,
            format!("versions before TLS 1.2 are admitted ({}), {said}", old.join(", ")),
            proof.clone(),
            fix,
        );
    }
    let modern: Vec<&str> = set.iter().copied().filter(|version| intermediate().protocols.contains(version)).collect();
    match modern.as_slice() {
        [] => notes.found(Severity::High, "neither TLS 1.2 nor 1.3 is spoken", proof, fix),
        ["TLSv1.2"] => notes.found(Severity::Low, "TLS 1.3 is not spoken", proof, fix),
        _ => notes.fine(proof),
    }
}

/// `SSLProtocol TLSv1.2 TLSv1.3` means 1.3 alone.
fn judge_words(holds: &Holds<'_>, held: &Held, site: &Spot, notes: &mut Notes) {
    let text = held.text();
    let plain = text.split_ascii_whitespace().filter(|word| !word.starts_with(['+', '-'])).count();
    if matches!(holds, Holds::Apache(_)) && plain > 1 {
        notes.found(
            Severity::Medium,
            "of several versions without a sign only the last one holds: clients of the others are refused",
            held.proof("SSLProtocol", site),
            "write a + before every version that is to be spoken",
        );
    }
}

/// The string for TLS 1.2 and older, and its line.
fn ciphers(holds: &Holds<'_>, site: &Spot) -> (String, Vec<Proof>) {
    let held = holds.value("SSLCipherSuite", "ssl_ciphers");
    let values = held.setting.values.iter().rev();
    let mut of_old = values.filter_map(|words| match words.as_slice() {
        [protocol, text] if protocol.eq_ignore_ascii_case("SSL") => Some(text.clone()),
        [text] => Some(text.clone()),
        _ => None,
    });
    match of_old.next() {
        Some(text) => {
            let proof = line_with(&held.setting, &text).map_or_else(Vec::new, |line| vec![line]);
            (text, proof)
        }
        None => {
            let default = held.default.clone().unwrap_or_default();
            let name = if matches!(holds, Holds::Apache(_)) { "SSLCipherSuite" } else { "ssl_ciphers" };
            let proof = Held { setting: Setting::default(), ..held }.proof(name, site);
            (default, proof)
        }
    }
}

fn line_with(setting: &Setting, text: &str) -> Option<Proof> {
    let step = setting.chain.iter().rfind(|step| step.text.contains(text))?;
    Some(Proof::Line { spot: step.at.clone(), text: step.text.clone() })
}

fn judge_suites(admitted: &Admitted, proof: Vec<Proof>, notes: &mut Notes) {
    let profile = intermediate();
    let fix = format!("admit the {} suites of {} alone", profile.suites.len(), profile.name());
    let of = |fits: &dyn Fn(&Suite) -> bool| -> Vec<&'static Suite> {
        admitted.suites.iter().copied().filter(|suite| fits(suite)).collect()
    };
    let open = of(&|suite| suite.cipher == "NULL");
    let anonymous = of(&|suite| suite.authentication == "NULL" && suite.cipher != "NULL" && !suite.gone);
    let gone = of(&|suite| suite.gone);
    let beyond = of(&|suite| {
        !suite.gone
            && !profile.suites.contains(&suite.name)
            && suite.cipher != "NULL"
            && suite.authentication != "NULL"
            // Nobody has a DSA certificate any more.
            && suite.authentication != "DSS"
    });
    if !open.is_empty() {
        let text = format!("suites without encryption are admitted, such as {}", example(&open));
        notes.found(Severity::High, text, proof.clone(), fix.clone());
    }
    if !anonymous.is_empty() {
        let text = format!("suites without a certificate are admitted, such as {}", example(&anonymous));
        notes.found(Severity::High, text, proof.clone(), fix.clone());
    }
    if !gone.is_empty() {
        let text = format!("ciphers that only an old OpenSSL has are admitted: {}", kinds(&gone));
        notes.found(Severity::Low, text, proof.clone(), fix.clone());
    }
    match beyond.is_empty() {
        true => notes.fine(proof),
        false => {
            let text = format!(
                "the cipher string admits {} suites beyond {}: {}",
                beyond.len(),
                profile.name(),
                reasons(&beyond)
            );
            notes.found(Severity::Low, text, proof, fix);
        }
    }
}

fn example(suites: &[&Suite]) -> &'static str {
    suites.first().map_or("", |suite| suite.name)
}

/// `3DES, RC4`
fn kinds(suites: &[&Suite]) -> String {
    let mut kinds: Vec<&str> = suites.iter().map(|suite| suite.cipher).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.join(", ")
}

/// `16 without forward secrecy, 30 with CBC`
fn reasons(suites: &[&Suite]) -> String {
    let count = |fits: &dyn Fn(&&&Suite) -> bool, text: &str| {
        let number = suites.iter().filter(fits).count();
        (number > 0).then(|| format!("{number} {text}"))
    };
    let counts = [
        count(&|suite| suite.exchange == "RSA", "without forward secrecy"),
        count(&|suite| suite.exchange != "RSA" && suite.mac != "AEAD", "with CBC"),
        count(&|suite| suite.exchange == "DHE" && suite.mac == "AEAD", "with DHE"),
        count(&|suite| suite.exchange == "ECDHE" && suite.mac == "AEAD", "that few clients have"),
    ];
    counts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apache(text: &str) -> Vec<&'static str> {
        of_apache(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn signs_of_ssl_protocol() {
        assert_eq!(apache("all -SSLv3"), ALL);
        assert_eq!(apache("all -SSLv3 -TLSv1 -tlsv1.1"), ["TLSv1.2", "TLSv1.3"]);
        assert_eq!(apache("-all +TLSv1.2 +TLSv1.3"), ["TLSv1.2", "TLSv1.3"]);
        assert_eq!(apache("+TLSv1.2"), ["TLSv1.2"]);
        assert_eq!(apache("TLSv1.2 TLSv1.3"), ["TLSv1.3"]);
        assert_eq!(apache("SSLv3 +TLSv1"), ["SSLv3", "TLSv1"]);
    }
}
