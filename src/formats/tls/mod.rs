//! TLS as it goes over the wire, SSLv2 to TLS 1.3: client hellos to bytes, what a server answers in clear to records.
//!
//! A reader of our own and no TLS library: none of them speaks what old servers speak (SSLv2, export suites), and the
//! parsers that exist leave the key exchange of a server unread.

pub mod client_hello;
mod cursor;
pub mod record;
pub mod server;
pub mod ssl2;

/// What cannot be read as TLS, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotTls(pub String);

/// A protocol version, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    Ssl2,
    Ssl3,
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

impl Version {
    pub const ALL: [Self; 6] = [Self::Ssl2, Self::Ssl3, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// As it stands in hellos and records.
    pub fn code(self) -> u16 {
        match self {
            Self::Ssl2 => 0x0002,
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.code() == code)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ssl2 => "SSLv2",
            Self::Ssl3 => "SSLv3",
            Self::Tls10 => "TLSv1.0",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::server::Exchange;
    use super::{record, server, ssl2};

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let (mut records, mut messages) = (record::Records::default(), record::Messages::default());
            records.push(&bytes);
            messages.push(&bytes);
            while let Ok(Some(_)) = records.next_record() {}
            while let Ok(Some(_)) = messages.next_message() {}
            let _ = (server::ServerHello::parse(&bytes), server::certificates(&bytes), server::status(&bytes));
            for exchange in [Exchange::Ecdhe, Exchange::Dhe, Exchange::RsaExport] {
                let _ = server::KeyExchange::parse(&bytes, exchange, 0x0303);
            }
            let hello = [&[0x80, 200, 4, 0, 1, 0, 2], bytes.as_slice()].concat();
            let _ = (ssl2::server_hello(&bytes), ssl2::server_hello(&hello), server::Alert::parse(&bytes));
        }
    }
}
