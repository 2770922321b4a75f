//! What stands in a certificate, in words.

use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::{self, OidRegistry};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use crate::formats::tls::server::bits;
use crate::model::Millis;
use crate::probe::tls::trust::Judge;

const DAY_SECS: i64 = 86_400;

/// A chain as it was sent, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chain {
    pub subject: String,
    pub issuer: String,
    pub names: Vec<String>,
    pub not_before: Millis,
    pub not_after: Millis,
    pub days_left: i64,
    pub expired: bool,
    /// `RSA`, `ECDSA`, …
    pub key: String,
    pub key_bits: usize,
    pub signature: String,
    pub self_signed: bool,
    /// `None` where no name was asked for.
    pub name_matches: Option<bool>,
    pub trusted: bool,
    pub distrusted_because: Option<String>,
    /// Certificates sent, the server's own among them.
    pub sent: usize,
    /// Each was issued by the next.
    pub in_order: bool,
    pub authorities: Vec<String>,
    #[serde(skip)]
    pub rsa: Option<RsaKey>,
    #[serde(skip)]
    pub der: Vec<u8>,
}

/// The numbers of an RSA key, big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaKey {
    pub modulus: Vec<u8>,
    pub exponent: Vec<u8>,
}

impl Chain {
    /// Reads a chain; `asked` is the host name or address that was asked for.
    pub fn read(ders: &[Vec<u8>], asked: &str, judge: &Judge) -> Result<Self, String> {
        let (der, issuers) = ders.split_first().ok_or("the server sent no certificate")?;
        let leaf = parsed(der)?;
        let issuers: Vec<X509Certificate<'_>> = issuers.iter().filter_map(|der| parsed(der).ok()).collect();
        let not_after = Millis::from_secs(leaf.validity().not_after.timestamp());
        let not_before = Millis::from_secs(leaf.validity().not_before.timestamp());
        let distrusted_because = distrust(judge, &leaf, ders);
        let (key, key_bits, rsa) = key(leaf.public_key());
        Ok(Self {
            subject: shown(leaf.subject()),
            issuer: shown(leaf.issuer()),
            names: names(&leaf),
            days_left: (not_after.secs() - judge.now.secs()).div_euclid(DAY_SECS),
            expired: not_after < judge.now || not_before > judge.now,
            not_before,
            not_after,
            key,
            key_bits,
            signature: algorithm(&leaf),
            self_signed: leaf.subject() == leaf.issuer(),
            name_matches: Some(Judge::is_for(der, asked)),
            trusted: distrusted_because.is_none(),
            distrusted_because,
            sent: ders.len(),
            in_order: ordered(&leaf, &issuers),
            authorities: issuers.iter().map(|issuer| shown(issuer.subject())).collect(),
            rsa,
            der: der.clone(),
        })
    }

    /// As bits of an RSA key that is as strong (NIST SP 800-57 part 1, table 2).
    pub fn rsa_bits(&self) -> u32 {
        match (self.key.as_str(), self.key_bits) {
            ("RSA" | "DSA", bits) => u32::try_from(bits).unwrap_or(u32::MAX),
            (_, ..224) => 1024,
            (_, ..250) => 2048,
            (_, ..384) => 3072,
            (_, ..512) => 7680,
            _ => 15360,
        }
    }
}

fn parsed(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    X509Certificate::from_der(der)
        .map(|(_, leaf)| leaf)
        .map_err(|wrong| format!("the certificate cannot be read: {wrong}"))
}

fn distrust(judge: &Judge, leaf: &X509Certificate<'_>, ders: &[Vec<u8>]) -> Option<String> {
    match judge.distrusts(ders) {
        Some(_) if leaf.subject() == leaf.issuer() => Some("it is signed by itself".to_owned()),
        Some(_) if !judge.has_roots() => {
            Some("this system has no roots to judge by; install ca-certificates".to_owned())
        }
        other => other,
    }
}

fn ordered(leaf: &X509Certificate<'_>, issuers: &[X509Certificate<'_>]) -> bool {
    let mut below = leaf;
    issuers.iter().all(|issuer| {
        let fits = below.issuer() == issuer.subject();
        below = issuer;
        fits
    })
}

fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = leaf.subject_alternative_name() else { return Vec::new() };
    names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(|four| std::net::IpAddr::from(four).to_string());
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(|all| std::net::IpAddr::from(all).to_string())).ok()
}

/// The common name where there is one, else the whole name.
fn shown(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|name| name.as_str().ok());
    common.map_or_else(|| name.to_string(), str::to_owned)
}

fn algorithm(leaf: &X509Certificate<'_>) -> String {
    let oid = &leaf.signature_algorithm.algorithm;
    let registry = OidRegistry::default().with_crypto().with_x509();
    registry.get(oid).map_or_else(|| oid.to_id_string(), |entry| entry.sn().to_owned())
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> (String, usize, Option<RsaKey>) {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let numbers = RsaKey { modulus: rsa.modulus.to_vec(), exponent: rsa.exponent.to_vec() };
            ("RSA".to_owned(), bits(rsa.modulus), Some(numbers))
        }
        Ok(PublicKey::EC(point)) => ("ECDSA".to_owned(), curve_bits(info, point.data().len()), None),
        Ok(PublicKey::DSA(prime)) => ("DSA".to_owned(), bits(prime), None),
        _ => {
            let oid = &info.algorithm.algorithm;
            let ed25519 = *oid == oid_registry::OID_SIG_ED25519;
            (
                if ed25519 { "Ed25519".to_owned() } else { oid.to_id_string() },
                info.subject_public_key.data.len() * 8,
                None,
            )
        }
    }
}

/// A point is a byte and two coordinates; P-521's do not fill their bytes.
fn curve_bits(info: &SubjectPublicKeyInfo<'_>, point: usize) -> usize {
    let oid = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    if oid.is_some_and(|oid| oid == oid_registry::OID_NIST_EC_P521) { 521 } else { point.saturating_sub(1) * 4 }
}
