//! Whether this system's roots vouch for a chain, and whether it is meant for a name.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;

use crate::host::Host;
use crate::model::Millis;

/// Where distributions keep their roots: Debian and Alpine, Red Hat, SUSE.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// The system's roots and the time it is.
#[derive(Clone, Debug)]
pub struct Judge {
    roots: Arc<RootCertStore>,
    pub now: Millis,
}

impl Judge {
    pub fn of(host: &Host, now: Millis) -> Self {
        let mut roots = RootCertStore::empty();
        let found = BUNDLES.iter().find_map(|path| host.read_file(Path::new(path)).ok()).unwrap_or_default();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&found).flatten());
        Self { roots: Arc::new(roots), now }
    }

    /// True where the system has roots at all.
    pub fn has_roots(&self) -> bool {
        !self.roots.is_empty()
    }

    /// Why a chain is not trusted, its name aside.
    pub fn distrusts(&self, chain: &[Vec<u8>]) -> Option<String> {
        let ders: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let (leaf, between) = ders.split_first()?;
        let leaf = match ParsedCertificate::try_from(leaf) {
            Ok(leaf) => leaf,
            Err(wrong) => return Some(said(&wrong)),
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(self.now.secs()).unwrap_or(0)));
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        verify_server_cert_signed_by_trust_anchor(&leaf, &self.roots, between, now, algorithms.all)
            .err()
            .map(|wrong| said(&wrong))
    }

    /// False where a certificate is for other names.
    pub fn is_for(der: &[u8], name: &str) -> bool {
        let der = CertificateDer::from(der);
        let (Ok(leaf), Ok(name)) = (ParsedCertificate::try_from(&der), ServerName::try_from(name)) else {
            return false;
        };
        verify_server_name(&leaf, &name).is_ok()
    }
}

/// The common reasons in plain words.
fn said(wrong: &rustls::Error) -> String {
    use rustls::CertificateError as Why;
    let rustls::Error::InvalidCertificate(why) = wrong else { return wrong.to_string() };
    match why {
        Why::UnknownIssuer => "no root of this system vouches for it".to_owned(),
        Why::Expired | Why::ExpiredContext { .. } => "it has expired".to_owned(),
        Why::NotValidYet | Why::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        Why::Revoked => "it was revoked".to_owned(),
        Why::BadSignature => "a signature in the chain is wrong".to_owned(),
        Why::Other(_) if wrong.to_string().contains("CaUsedAsEndEntity") => {
            "no root of this system vouches for it: it is an authority's own certificate".to_owned()
        }
        _ => wrong.to_string(),
    }
}
