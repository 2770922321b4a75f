//! Finished handshakes, by rustls: the certificates of TLS 1.3, which travel encrypted, and requests over HTTPS.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::probe::tls::ask::Asker;
use crate::probe::wire::Wire;

/// The keys a server is asked to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Rsa,
    Ecdsa,
    Ed25519,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Rsa, Self::Ecdsa, Self::Ed25519];

    fn schemes(self) -> Vec<SignatureScheme> {
        use SignatureScheme as S;
        match self {
            Self::Rsa => vec![S::RSA_PSS_SHA256, S::RSA_PSS_SHA384, S::RSA_PSS_SHA512, S::RSA_PKCS1_SHA256],
            Self::Ecdsa => vec![S::ECDSA_NISTP256_SHA256, S::ECDSA_NISTP384_SHA384, S::ECDSA_NISTP521_SHA512],
            Self::Ed25519 => vec![S::ED25519],
        }
    }
}

/// Takes any certificate and remembers it: whoever looks wants to see it before judging.
#[derive(Debug)]
struct Onlooker {
    schemes: Vec<SignatureScheme>,
    seen: Mutex<Vec<Vec<u8>>>,
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = std::iter::once(leaf).chain(between).map(|der| der.to_vec()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

fn begin(asker: Asker<'_>, onlooker: Arc<Onlooker>) -> Result<ClientConnection, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|wrong| wrong.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(onlooker)
        .with_no_client_auth();
    let name = match asker.name {
        Some(name) => ServerName::try_from(name.to_owned()).map_err(|wrong| wrong.to_string())?,
        None => ServerName::from(asker.peer.address.ip()),
    };
    ClientConnection::new(Arc::new(config), name).map_err(|wrong| wrong.to_string())
}

/// The chain a server shows to a client that knows one kind of key only.
pub fn chain(asker: Asker<'_>, kind: Kind) -> Result<Vec<Vec<u8>>, String> {
    let onlooker = Arc::new(Onlooker { schemes: kind.schemes(), seen: Mutex::default() });
    let mut session = begin(asker, Arc::clone(&onlooker))?;
    let mut wire = asker.peer.connect().map_err(|failure| failure.to_string())?;
    let ended = session.complete_io(&mut wire).err();
    let seen = onlooker.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let why = || ended.map_or_else(|| "it showed no certificate".to_owned(), |cause| said(&cause));
    if seen.is_empty() { Err(format!("no handshake with a modern client: {}", why())) } else { Ok(seen) }
}

/// A connection to speak HTTP over, whatever the certificate.
pub fn stream<'a>(asker: Asker<'a>) -> Result<StreamOwned<ClientConnection, Wire<'a>>, String> {
    let schemes = Kind::ALL.into_iter().flat_map(Kind::schemes).collect();
    let session = begin(asker, Arc::new(Onlooker { schemes, seen: Mutex::default() }))?;
    let wire = asker.peer.connect().map_err(|failure| failure.to_string())?;
    let mut stream = StreamOwned::new(session, wire);
    let done = stream.conn.complete_io(&mut stream.sock);
    done.map_err(|cause| format!("no handshake with a modern client: {}", said(&cause)))?;
    Ok(stream)
}

/// A time that is over has several names in the system, none of them telling.
pub fn said(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no whole answer in time".to_owned(),
        io::ErrorKind::UnexpectedEof => "the connection was closed without an answer".to_owned(),
        _ => cause.to_string(),
    }
}
