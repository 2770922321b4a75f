//! Client hellos of SSLv3 to TLS 1.3 (RFC 6101, 5246, 8446), with whatever is to be tried in them.

use crate::formats::tls::record::{HANDSHAKE, Record};

/// What a record carries at most.
const FRAGMENT: usize = 1 << 14;
const CLIENT_HELLO: u8 = 1;

/// Everything a server decides by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// In the hello itself; TLS 1.3 leaves it at 1.2 and lists `Extension::Versions`.
    pub version: u16,
    /// Of the record around it.
    pub record_version: u16,
    pub random: [u8; 32],
    pub session: Vec<u8>,
    pub suites: Vec<u16>,
    /// 0 is none, 1 is DEFLATE.
    pub compression: Vec<u8>,
    /// Empty: the block is left out, as SSLv3 has it.
    pub extensions: Vec<Extension>,
}

/// An extension a client sends (IANA, TLS ExtensionType Values).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    ServerName(String),
    StatusRequest,
    Groups(Vec<u16>),
    PointFormats,
    SignatureAlgorithms(Vec<u16>),
    Heartbeat,
    Alpn(Vec<String>),
    Padding(u16),
    ExtendedMasterSecret,
    Ticket,
    Versions(Vec<u16>),
    /// No share at all: a server of TLS 1.3 then names suite and group in a retry request, in clear.
    EmptyKeyShare,
    RenegotiationInfo,
    /// Any other, such as the reserved values of GREASE (RFC 8701).
    Other(u16, Vec<u8>),
}

/// Numbers of the extensions that servers answer with.
pub mod kind {
    pub const SERVER_NAME: u16 = 0;
    pub const STATUS_REQUEST: u16 = 5;
    pub const GROUPS: u16 = 10;
    pub const POINT_FORMATS: u16 = 11;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const HEARTBEAT: u16 = 15;
    pub const ALPN: u16 = 16;
    pub const PADDING: u16 = 21;
    pub const EXTENDED_MASTER_SECRET: u16 = 23;
    pub const TICKET: u16 = 35;
    pub const VERSIONS: u16 = 43;
    pub const KEY_SHARE: u16 = 51;
    pub const RENEGOTIATION_INFO: u16 = 0xff01;
}

impl ClientHello {
    /// The records to send.
    pub fn bytes(&self) -> Vec<u8> {
        let body = self.body();
        let mut message = vec![CLIENT_HELLO];
        message.extend(body.len().to_be_bytes().iter().skip(size_of::<usize>() - 3));
        message.extend(body);
        let record =
            |part: &[u8]| Record { kind: HANDSHAKE, version: self.record_version, body: part.to_vec() }.bytes();
        message.chunks(FRAGMENT).flat_map(record).collect()
    }

    fn body(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend(self.random);
        body.extend(block8(&self.session));
        body.extend(block16(&numbers(&self.suites)));
        body.extend(block8(&self.compression));
        if !self.extensions.is_empty() {
            let all: Vec<u8> = self.extensions.iter().flat_map(Extension::bytes).collect();
            body.extend(block16(&all));
        }
        body
    }
}

impl Extension {
    fn bytes(&self) -> Vec<u8> {
        let (kind, data) = self.parts();
        [kind.to_be_bytes().to_vec(), block16(&data)].concat()
    }

    fn parts(&self) -> (u16, Vec<u8>) {
        match self {
            Self::ServerName(name) => (kind::SERVER_NAME, block16(&[vec![0], block16(name.as_bytes())].concat())),
            Self::StatusRequest => (kind::STATUS_REQUEST, vec![1, 0, 0, 0, 0]),
            Self::Groups(groups) => (kind::GROUPS, block16(&numbers(groups))),
            Self::PointFormats => (kind::POINT_FORMATS, vec![1, 0]),
            Self::SignatureAlgorithms(all) => (kind::SIGNATURE_ALGORITHMS, block16(&numbers(all))),
            Self::Heartbeat => (kind::HEARTBEAT, vec![1]),
            Self::Alpn(names) => {
                (kind::ALPN, block16(&names.iter().flat_map(|name| block8(name.as_bytes())).collect::<Vec<u8>>()))
            }
            Self::Padding(count) => (kind::PADDING, vec![0; usize::from(*count)]),
            Self::ExtendedMasterSecret => (kind::EXTENDED_MASTER_SECRET, Vec::new()),
            Self::Ticket => (kind::TICKET, Vec::new()),
            Self::Versions(versions) => (kind::VERSIONS, block8(&numbers(versions))),
            Self::EmptyKeyShare => (kind::KEY_SHARE, vec![0, 0]),
            Self::RenegotiationInfo => (kind::RENEGOTIATION_INFO, vec![0]),
            Self::Other(kind, data) => (*kind, data.clone()),
        }
    }
}

/// Numbers of two bytes, one after the other.
pub(super) fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A block behind its length; what is longer than the length can say is cut.
fn block8(data: &[u8]) -> Vec<u8> {
    let data = data.get(..usize::from(u8::MAX)).unwrap_or(data);
    [&[u8::try_from(data.len()).unwrap_or(u8::MAX)], data].concat()
}

fn block16(data: &[u8]) -> Vec<u8> {
    let data = data.get(..usize::from(u16::MAX)).unwrap_or(data);
    [&u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes(), data].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tls::record::Records;

    fn hello(extensions: Vec<Extension>) -> ClientHello {
        ClientHello {
            version: 0x0303,
            record_version: 0x0301,
            random: [7; 32],
            session: Vec::new(),
            suites: vec![0xc02f],
            compression: vec![0],
            extensions,
        }
    }

    #[test]
    fn a_hello_is_laid_out_as_the_rfc_has_it() {
        let bytes = hello(vec![Extension::ServerName("ab".to_owned()), Extension::Versions(vec![0x0304])]).bytes();
        let tail = [0, 2, 0xc0, 0x2f, 1, 0, 0, 18, 0, 0, 0, 7, 0, 5, 0, 0, 2, b'a', b'b', 0, 43, 0, 3, 2, 3, 4];
        assert!(bytes.ends_with(&tail), "{bytes:?}");
        assert_eq!(bytes[..9], [22, 3, 1, 0, 65, 1, 0, 0, 61]);
    }

    #[test]
    fn without_extensions_there_is_no_block_and_a_long_hello_takes_two_records() {
        assert!(hello(Vec::new()).bytes().ends_with(&[0xc0, 0x2f, 1, 0]));
        let mut records = Records::default();
        records.push(&hello(vec![Extension::Padding(20_000)]).bytes());
        assert_eq!(records.next_record().unwrap().map(|record| record.body.len()), Some(FRAGMENT));
        assert!(records.next_record().unwrap().is_some());
    }
}
