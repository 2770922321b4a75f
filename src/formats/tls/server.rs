//! What a server says in clear: hello or retry request, certificates, key exchange, status, alerts.

use crate::formats::tls::client_hello::kind;
use crate::formats::tls::cursor::Cursor;
use crate::formats::tls::{NotTls, Version};

pub const SERVER_HELLO: u8 = 2;
pub const CERTIFICATE: u8 = 11;
pub const SERVER_KEY_EXCHANGE: u8 = 12;
pub const CERTIFICATE_REQUEST: u8 = 13;
pub const SERVER_HELLO_DONE: u8 = 14;
pub const CERTIFICATE_STATUS: u8 = 22;

/// The random of a retry request (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
/// Chains of real servers have two to five.
const MOST_CERTIFICATES: usize = 32;

/// What the server chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version chosen, that of `supported_versions` where it is there.
    pub version: u16,
    pub suite: u16,
    pub compression: u8,
    /// TLS 1.3 asks for a key share first.
    pub retry: bool,
    pub extensions: Vec<(u16, Vec<u8>)>,
}

impl ServerHello {
    pub fn parse(body: &[u8]) -> Result<Self, NotTls> {
        Self::read(Cursor(body)).ok_or_else(|| NotTls("a server hello that ends too early".to_owned()))
    }

    fn read(mut from: Cursor<'_>) -> Option<Self> {
        let version = from.u16()?;
        let random = from.take(32)?;
        from.block8()?;
        let (suite, compression) = (from.u16()?, from.u8()?);
        let extensions = if from.is_empty() { Vec::new() } else { extensions(from.block16()?)? };
        let mut hello = Self { version, suite, compression, retry: random == RETRY, extensions };
        if let Some(&[high, low]) = hello.extension(kind::VERSIONS) {
            hello.version = u16::from_be_bytes([high, low]);
        }
        Some(hello)
    }

    pub fn extension(&self, kind: u16) -> Option<&[u8]> {
        self.extensions.iter().find(|(known, _)| *known == kind).map(|(_, data)| data.as_slice())
    }

    pub fn version(&self) -> Option<Version> {
        Version::from_code(self.version)
    }

    /// The group that TLS 1.3 wants or took.
    pub fn group(&self) -> Option<u16> {
        Cursor(self.extension(kind::KEY_SHARE)?).u16()
    }

    /// The application protocol it chose.
    pub fn alpn(&self) -> Option<String> {
        let mut list = Cursor(Cursor(self.extension(kind::ALPN)?).block16()?);
        list.block8().map(|name| String::from_utf8_lossy(name).into_owned())
    }
}

fn extensions(block: &[u8]) -> Option<Vec<(u16, Vec<u8>)>> {
    let (mut from, mut all) = (Cursor(block), Vec::new());
    while !from.is_empty() {
        all.push((from.u16()?, from.block16()?.to_vec()));
    }
    Some(all)
}

/// The certificates of a chain up to TLS 1.2, as DER, the server's own first.
pub fn certificates(body: &[u8]) -> Result<Vec<Vec<u8>>, NotTls> {
    let read = || {
        let (mut list, mut all) = (Cursor(Cursor(body).block24()?), Vec::new());
        while !list.is_empty() && all.len() < MOST_CERTIFICATES {
            all.push(list.block24()?.to_vec());
        }
        Some(all)
    };
    read().ok_or_else(|| NotTls("a list of certificates that ends too early".to_owned()))
}

/// The OCSP response a server staples (RFC 6066 §8), as DER.
pub fn status(body: &[u8]) -> Option<Vec<u8>> {
    let mut from = Cursor(body);
    if from.u8()? == 1 { from.block24().map(<[u8]>::to_vec) } else { None }
}

/// What a key exchange message says, up to TLS 1.2; which it is follows from the suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyExchange {
    /// A named curve, and the signature's algorithm where TLS 1.2 names one.
    Ecdh {
        group: u16,
        signature: Option<u16>,
    },
    Dh {
        prime: Vec<u8>,
        generator: Vec<u8>,
        signature: Option<u16>,
    },
    /// The short key of an export suite.
    Rsa {
        modulus: Vec<u8>,
    },
}

/// How a suite exchanges keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    Ecdhe,
    Dhe,
    RsaExport,
}

impl KeyExchange {
    pub fn parse(body: &[u8], exchange: Exchange, version: u16) -> Option<Self> {
        let mut from = Cursor(body);
        let signed = version >= Version::Tls12.code();
        match exchange {
            Exchange::Ecdhe => {
                let named = from.u8()? == 3;
                let group = from.u16().filter(|_| named)?;
                from.block8()?;
                Some(Self::Ecdh { group, signature: from.u16().filter(|_| signed) })
            }
            Exchange::Dhe => {
                let (prime, generator) = (from.block16()?.to_vec(), from.block16()?.to_vec());
                from.block16()?;
                Some(Self::Dh { prime, generator, signature: from.u16().filter(|_| signed) })
            }
            Exchange::RsaExport => Some(Self::Rsa { modulus: from.block16()?.to_vec() }),
        }
    }
}

/// Bits of a big number, leading zeros not counted.
pub fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let rest = number.get(zeros..).unwrap_or_default();
    rest.first().map_or(0, |top| rest.len() * 8 - top.leading_zeros() as usize)
}

/// Why a server gives up, or warns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    pub fatal: bool,
    pub code: u8,
}

impl Alert {
    pub const UNEXPECTED_MESSAGE: u8 = 10;
    pub const BAD_RECORD_MAC: u8 = 20;
    pub const DECRYPTION_FAILED: u8 = 21;
    pub const INAPPROPRIATE_FALLBACK: u8 = 86;

    pub fn parse(body: &[u8]) -> Option<Self> {
        match *body {
            [level, code] => Some(Self { fatal: level != 1, code }),
            _ => None,
        }
    }

    /// The name in IANA's registry, `alert 99` where there is none.
    pub fn name(self) -> String {
        let name = match self.code {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            21 => "decryption_failed",
            22 => "record_overflow",
            40 => "handshake_failure",
            42 => "bad_certificate",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            50 => "decode_error",
            51 => "decrypt_error",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            109 => "missing_extension",
            110 => "unsupported_extension",
            112 => "unrecognized_name",
            116 => "certificate_required",
            120 => "no_application_protocol",
            other => return format!("alert {other}"),
        };
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_request_names_suite_group_and_version() {
        let mut body = vec![3, 3];
        body.extend(RETRY);
        body.extend([0, 0x13, 0x02, 0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x11, 0xec]);
        let hello = ServerHello::parse(&body).unwrap();
        assert_eq!((hello.version(), hello.suite), (Some(Version::Tls13), 0x1302));
        assert_eq!((hello.group(), hello.retry), (Some(0x11ec), true));
        for short in 0..body.len() {
            let _ = ServerHello::parse(&body[..short]);
        }
    }

    #[test]
    fn key_exchanges_are_read_by_their_suite() {
        let curve = KeyExchange::parse(&[3, 0, 29, 1, 9, 4, 3], Exchange::Ecdhe, 0x0303);
        assert_eq!(curve, Some(KeyExchange::Ecdh { group: 29, signature: Some(0x0403) }));
        let Some(KeyExchange::Dh { prime, signature, .. }) =
            KeyExchange::parse(&[0, 2, 0, 23, 0, 1, 2, 0, 1, 4], Exchange::Dhe, 0x0301)
        else {
            panic!("no key exchange");
        };
        assert_eq!((bits(&prime), signature), (5, None));
        assert_eq!(KeyExchange::parse(&[1], Exchange::Ecdhe, 0x0303), None);
    }

    #[test]
    fn chains_and_alerts() {
        assert_eq!(certificates(&[0, 0, 5, 0, 0, 2, 8, 9]), Ok(vec![vec![8, 9]]));
        assert!(certificates(&[0, 0, 9, 0]).is_err());
        assert_eq!(Alert::parse(&[2, 86]).map(Alert::name).as_deref(), Some("inappropriate_fallback"));
        assert_eq!(bits(&[0, 0]), 0);
    }
}
