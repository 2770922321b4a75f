//! The certificate and key of a site: there, in time, strong enough, for its names, and belonging together.

use std::path::{Path, PathBuf};

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::public_key::PublicKey;

use crate::assess::sites::Notes;
use crate::host::{Door, Holds, Host, clock};
use crate::measures::daemon::tls_configuration::key::{self, Public};
use crate::measures::daemon::tls_configuration::profile::intermediate;
use crate::model::{Proof, Severity, Spot};

const DAY: i64 = 86_400;
/// Renewal is late by then: certbot and its like renew with a third of the life left.
const SOON: i64 = 14;
/// sha1WithRSA, md5WithRSA, ecdsa-with-SHA1.
const WEAK_SIGNATURES: [&str; 3] = ["1.2.840.113549.1.1.5", "1.2.840.113549.1.1.4", "1.2.840.10045.4.1"];

/// A file that the configuration names, with the line that does.
struct Named {
    path: PathBuf,
    proof: Proof,
}

/// All pairs of certificate and key at a door with TLS.
pub fn judge(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let (certificates, keys) = match holds {
        Holds::Apache(_) => of_apache(door, holds),
        _ => (of_nginx(door, holds, "ssl_certificate"), of_nginx(door, holds, "ssl_certificate_key")),
    };
    let names: Vec<&str> = door.site.names.iter().map(String::as_str).filter(|name| is_plain(name)).collect();
    for (at, named) in certificates.iter().enumerate() {
        let Some(bytes) = read(door.host, named, "certificate", notes) else { continue };
        let key = keys.get(at).unwrap_or(named);
        judge_one(&bytes, named, &names, notes);
        judge_key(door.host, holds, &bytes, (named, key), notes);
    }
}

/// `SSLCertificateFile` and `SSLCertificateKeyFile` of one server, in order; relative to `ServerRoot`.
fn of_apache(door: &Door<'_, '_>, holds: &Holds<'_>) -> (Vec<Named>, Vec<Named>) {
    let held = holds.value("SSLCertificateFile", "");
    let root = holds.value("ServerRoot", "").text();
    let root = if root.is_empty() { config_folder(door) } else { PathBuf::from(root) };
    let mut found = (Vec::new(), Vec::new());
    for words in &held.setting.values {
        let [name, file] = words.as_slice() else { continue };
        let step = held.setting.chain.iter().rfind(|step| step.text.contains(file.as_str()));
        let (spot, text) = step.map_or_else(Default::default, |step| (step.at.clone(), step.text.clone()));
        let named = Named { path: root.join(file), proof: Proof::Line { spot, text } };
        let list = if name.eq_ignore_ascii_case("SSLCertificateKeyFile") { &mut found.1 } else { &mut found.0 };
        list.push(named);
    }
    found
}

/// One of them at a time; those that a variable or a provider names are left out.
fn of_nginx(door: &Door<'_, '_>, holds: &Holds<'_>, name: &str) -> Vec<Named> {
    let held = holds.value("", name);
    let root = config_folder(door);
    let files = held.setting.values.iter().filter_map(|words| words.first());
    let files = files.filter(|file| !file.contains('$') && !file.starts_with("data:") && !file.starts_with("engine:"));
    let named = |file: &String| {
        let step = held.setting.chain.iter().rfind(|step| step.text.contains(file.as_str()));
        let (spot, text) = step.map_or_else(Default::default, |step| (step.at.clone(), step.text.clone()));
        Named { path: root.join(file), proof: Proof::Line { spot, text } }
    };
    files.map(named).collect()
}

fn config_folder(door: &Door<'_, '_>) -> PathBuf {
    door.server.server.config.parent().map(Path::to_owned).unwrap_or_default()
}

fn is_plain(name: &str) -> bool {
    name != "_" && !name.is_empty() && !name.starts_with(['~', '.']) && !name.contains(['$', '?'])
}

fn read(host: &Host, named: &Named, what: &str, notes: &mut Notes) -> Option<Vec<u8>> {
    match host.read_file(&named.path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.cause.kind() == std::io::ErrorKind::NotFound => {
            let text = format!("the {what} {} is not there: the server does not start with it", named.path.display());
            notes.found(Severity::High, text, vec![named.proof.clone()], "put it there, or name the right file");
            None
        }
        Err(error) => {
            let text = format!("the {what} could not be judged: {error}");
            notes.found(Severity::Info, text, vec![named.proof.clone()], "run this as root");
            None
        }
    }
}

/// The first certificate of a file is the site's own; those that follow make its chain.
fn judge_one(bytes: &[u8], named: &Named, names: &[&str], notes: &mut Notes) {
    let proof = || vec![named.proof.clone()];
    let first = Pem::iter_from_buffer(bytes).filter_map(Result::ok).find(|block| block.label.ends_with("CERTIFICATE"));
    let parsed = first.as_ref().and_then(|block| x509_parser::parse_x509_certificate(&block.contents).ok());
    let Some((_, certificate)) = parsed else {
        let text = format!("{} holds no certificate", named.path.display());
        return notes.found(Severity::High, text, proof(), "name a file with a certificate in PEM");
    };
    match age(certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp()) {
        Age::Fine => notes.fine(proof()),
        Age::Early(day) => {
            let text = format!("the certificate holds from {day} on: browsers refuse it");
            notes.found(Severity::High, text, proof(), "look at the clock, or at who issued it");
        }
        Age::Over(day) => {
            let text = format!("the certificate ended on {day}: browsers refuse it");
            notes.found(Severity::Critical, text, proof(), "renew it, and see why nothing renewed it");
        }
        Age::Soon(day) => {
            let text = format!("the certificate ends on {day}, and nothing has renewed it");
            notes.found(Severity::Medium, text, proof(), "renew it, and see why nothing renewed it");
        }
    }
    judge_strength(&certificate, named, notes);
    judge_names(&certificate, names, named, notes);
}

#[derive(Debug, PartialEq, Eq)]
enum Age {
    Fine,
    Early(String),
    Over(String),
    Soon(String),
}

fn age(from: i64, to: i64) -> Age {
    age_at(from, to, clock::now().0.div_euclid(1000))
}

/// Seconds since 1970.
fn age_at(from: i64, to: i64, now: i64) -> Age {
    match () {
        () if now < from => Age::Early(day(from)),
        () if now > to => Age::Over(day(to)),
        // Certificates that live for days are renewed within days.
        () if to - now < (SOON * DAY).min((to - from) / 6) => Age::Soon(day(to)),
        () => Age::Fine,
    }
}

fn day(seconds: i64) -> String {
    let stamp = jiff::Timestamp::from_second(seconds).map(|stamp| stamp.strftime("%Y-%m-%d").to_string());
    stamp.unwrap_or_else(|_| format!("second {seconds}"))
}

fn judge_strength(certificate: &X509Certificate<'_>, named: &Named, notes: &mut Notes) {
    let proof = || vec![named.proof.clone()];
    let own = certificate.subject() == certificate.issuer();
    if own {
        let text = "the certificate is signed by itself: browsers refuse it";
        notes.found(Severity::Medium, text, proof(), "get one from an authority that clients trust");
    }
    if let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed()
        && key.key_size() < intermediate().rsa
    {
        let text =
            format!("the key has {} bits; {} asks for {}", key.key_size(), intermediate().name(), intermediate().rsa);
        notes.found(Severity::High, text, proof(), "get a certificate for a new key, of ECDSA P-256 or RSA 2048");
    }
    let signature = certificate.signature_algorithm.algorithm.to_id_string();
    if !own && WEAK_SIGNATURES.contains(&signature.as_str()) {
        let text = "the certificate is signed over MD5 or SHA-1: browsers refuse it";
        notes.found(Severity::High, text, proof(), "get a new one");
    }
}

fn judge_names(certificate: &X509Certificate<'_>, names: &[&str], named: &Named, notes: &mut Notes) {
    let held: Vec<String> = match certificate.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.iter().filter_map(name_of).collect(),
        _ => Vec::new(),
    };
    let missing: Vec<&str> = names.iter().copied().filter(|name| !held.iter().any(|held| covers(held, name))).collect();
    if !missing.is_empty() {
        let text = format!("the certificate is not for {}", missing.join(", "));
        notes.found(
            Severity::Medium,
            text,
            vec![named.proof.clone()],
            "get one for all names of the site, or give the other names a site of their own",
        );
    }
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(bytes) => Some(std::net::Ipv4Addr::from(bytes).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

/// RFC 6125, 6.4.3: a `*` stands for one label, the first.
fn covers(held: &str, name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let below = |rest: &str| name.split_once('.').is_some_and(|(_, parent)| parent == rest);
    held == name || held.strip_prefix("*.").is_some_and(below)
}

fn judge_key(host: &Host, holds: &Holds<'_>, bytes: &[u8], files: (&Named, &Named), notes: &mut Notes) {
    let (certificate, key) = files;
    let text = match key.path == certificate.path {
        true => bytes.to_vec(),
        false => match read(host, key, "key", notes) {
            Some(bytes) => bytes,
            None => return,
        },
    };
    if !key::is_key(&text) {
        let said = format!("{} holds no private key", key.path.display());
        return notes.found(
            Severity::High,
            said,
            vec![key.proof.clone()],
            "name the file with the key of the certificate",
        );
    }
    let first = Pem::iter_from_buffer(bytes).filter_map(Result::ok).find(|block| block.label.ends_with("CERTIFICATE"));
    let public = first.as_ref().and_then(|block| {
        let (_, certificate) = x509_parser::parse_x509_certificate(&block.contents).ok()?;
        Public::of_certificate(certificate.public_key())
    });
    if let (Some(public), Some(own)) = (public, Public::of_key(&text))
        && public != own
    {
        let said =
            format!("the key {} is not that of the certificate: the server dies when it starts", key.path.display());
        let proof = vec![certificate.proof.clone(), key.proof.clone()];
        return notes.found(Severity::High, said, proof, "name the key that the certificate was made for");
    }
    notes.fine(vec![key.proof.clone()]);
    key::judge_readers(host, holds, &key.path, key.proof.clone(), notes);
}

/// Where a site without a certificate of its own is written.
pub fn none_needed(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) -> bool {
    let held = holds.value("", "ssl_reject_handshake");
    let refuses = matches!(holds, Holds::Nginx(_)) && held.is("on");
    if refuses {
        notes.fine(held.proof("ssl_reject_handshake", site));
    }
    refuses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let year = 365 * DAY;
        assert_eq!(age_at(0, 90 * DAY, 40 * DAY), Age::Fine);
        assert_eq!(age_at(0, 90 * DAY, 77 * DAY), Age::Soon("1970-04-01".into()));
        assert_eq!(age_at(0, 6 * DAY, 4 * DAY), Age::Fine);
        assert_eq!(age_at(0, year, year + 1), Age::Over("1971-01-01".into()));
        assert_eq!(age_at(DAY, year, 0), Age::Early("1970-01-02".into()));
    }

    #[test]
    fn names_that_a_certificate_covers() {
        for (held, name, expected) in [
            ("www.example.org", "WWW.example.org.", true),
            ("*.example.org", "www.example.org", true),
            ("*.example.org", "*.example.org", true),
            ("*.example.org", "a.b.example.org", false),
            ("*.example.org", "example.org", false),
        ] {
            assert_eq!(covers(held, name), expected, "{held} {name}");
        }
    }
}
