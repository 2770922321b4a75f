//! Private keys: whether one belongs to a certificate, and who may read its file.

use std::path::Path;

use x509_parser::pem::Pem;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::assess::sites::Notes;
use crate::host::{Holds, Host};
use crate::model::{Proof, Severity};

/// The public half of a key: an RSA modulus, or a point on a curve.
#[derive(Debug, PartialEq, Eq)]
pub struct Public(Vec<u8>);

impl Public {
    /// Of a certificate; none for other kinds of keys.
    pub fn of_certificate(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        match info.parsed().ok()? {
            PublicKey::RSA(key) => Some(Self::number(key.modulus)),
            PublicKey::EC(point) => Some(Self(point.data().to_vec())),
            _ => None,
        }
    }

    /// Of the first private key of a PEM file (RFC 8017 A.1.2, 5915, 5958); none where it is encrypted or does not say.
    pub fn of_key(pem: &[u8]) -> Option<Self> {
        let blocks = Pem::iter_from_buffer(pem).filter_map(Result::ok);
        let key = blocks.into_iter().find(|block| block.label.ends_with("PRIVATE KEY"))?;
        match key.label.as_str() {
            "RSA PRIVATE KEY" => rsa(&key.contents),
            "EC PRIVATE KEY" => curve(&key.contents),
            "PRIVATE KEY" => wrapped(&key.contents),
            _ => None,
        }
    }

    fn number(bytes: &[u8]) -> Self {
        Self(bytes.iter().copied().skip_while(|byte| *byte == 0).collect())
    }
}

/// Whether a PEM file holds a private key, in any form.
pub fn is_key(pem: &[u8]) -> bool {
    memchr::memmem::find(pem, b"PRIVATE KEY-----").is_some()
}

fn rsa(der: &[u8]) -> Option<Public> {
    let (_, fields, _) = element(der)?;
    let (_, _, rest) = element(fields)?;
    let (tag, modulus, _) = element(rest)?;
    (tag == 0x02).then(|| Public::number(modulus))
}

fn curve(der: &[u8]) -> Option<Public> {
    let (_, fields, _) = element(der)?;
    let mut rest = fields;
    while let Some((tag, body, after)) = element(rest) {
        if tag == 0xa1 {
            let (_, bits, _) = element(body)?;
            return Some(Public(bits.get(1..)?.to_vec()));
        }
        rest = after;
    }
    None
}

fn wrapped(der: &[u8]) -> Option<Public> {
    let (_, fields, _) = element(der)?;
    let (_, _, rest) = element(fields)?;
    let (_, _, rest) = element(rest)?;
    let (_, key, _) = element(rest)?;
    curve(key).or_else(|| rsa(key))
}

/// One DER element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        length @ 0..0x80 => (length, rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(long & 0x7f).filter(|(bytes, _)| bytes.len() <= 4)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    let (body, after) = rest.split_at_checked(length)?;
    Some((*tag, body, after))
}

/// Who else may read the file of a key. Of a recorded host nothing is said: copies lose modes.
pub fn judge_readers(host: &Host, holds: &Holds<'_>, file: &Path, proof: Proof, notes: &mut Notes) {
    let Some(readers) = host.is_live().then(|| host.readers(file).ok()).flatten() else { return };
    if readers.everybody {
        let text = format!("everybody on the host may read the key {}", file.display());
        return notes.found(
            Severity::High,
            text,
            vec![proof],
            "chmod 0600 it, and get a new certificate with a new key",
        );
    }
    let Some(group) = readers.group.and_then(|id| group_name(host, id)) else { return };
    if workers(holds).is_some_and(|workers| workers == group) {
        let text = format!("the group {group}, that of the workers, may read the key {}", file.display());
        notes.found(
            Severity::Medium,
            text,
            vec![proof],
            "chmod 0600 it: the server reads it as root, before it starts workers",
        );
    }
}

/// The group that requests are served with.
fn workers(holds: &Holds<'_>) -> Option<String> {
    let held = holds.value("Group", "user");
    // nginx without a second word takes the group of the user's name.
    held.setting.values.last()?.last().cloned()
}

/// group(5)
fn group_name(host: &Host, id: u32) -> Option<String> {
    let text = String::from_utf8_lossy(&host.read_file(Path::new("/etc/group")).ok()?).into_owned();
    let mut names = text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(id)).then(|| name.to_owned())
    });
    names.next()
}
