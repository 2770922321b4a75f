//! SSLv2: its client hello, and the server's hello with the suites it takes (draft-hickman-netscape-ssl-00).

use crate::formats::tls::cursor::Cursor;
use crate::formats::tls::{NotTls, Version};

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
/// As real servers and DROWN's scanners have it.
const CHALLENGE: usize = 16;
/// The draft's own limit for a header of two bytes.
const LONGEST: usize = 0x7fff;

/// Offers these kinds of cipher (three bytes each, as numbers).
pub fn client_hello(ciphers: &[u32], challenge: [u8; CHALLENGE]) -> Vec<u8> {
    let mut body = vec![CLIENT_HELLO];
    body.extend(Version::Ssl2.code().to_be_bytes());
    body.extend(u16::try_from(ciphers.len() * 3).unwrap_or(u16::MAX).to_be_bytes());
    body.extend([0, 0, 0, 16]);
    body.extend(ciphers.iter().flat_map(|cipher| cipher.to_be_bytes().into_iter().skip(1)));
    body.extend(challenge);
    let length = 0x8000 | u16::try_from(body.len()).unwrap_or(0x7fff);
    [&length.to_be_bytes(), body.as_slice()].concat()
}

/// What an SSLv2 server offers; unlike later ones it lists all it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    pub ciphers: Vec<u32>,
    /// One certificate, DER; empty where a session is resumed.
    pub certificate: Vec<u8>,
}

/// The server's hello, `None` until all of it is there; an error where it is no SSLv2 hello.
pub fn server_hello(bytes: &[u8]) -> Result<Option<ServerHello>, NotTls> {
    let Some((&[high, low], rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([high, low])) & LONGEST;
    if high & 0x80 == 0 || rest.first().is_some_and(|kind| *kind != SERVER_HELLO) {
        return Err(NotTls("the answer is no SSLv2 hello".to_owned()));
    }
    let Some(body) = rest.get(..length) else { return Ok(None) };
    parse(Cursor(body)).map(Some).ok_or_else(|| NotTls("an SSLv2 hello that ends too early".to_owned()))
}

fn parse(mut from: Cursor<'_>) -> Option<ServerHello> {
    from.take(3)?;
    let version = from.u16()?;
    let (certificate, ciphers, connection) = (from.u16()?, from.u16()?, from.u16()?);
    let certificate = from.take(usize::from(certificate))?.to_vec();
    let ciphers = from.take(usize::from(ciphers))?;
    from.take(usize::from(connection))?;
    let cipher = |three: &[u8]| three.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    let hello = ServerHello { ciphers: ciphers.chunks_exact(3).map(cipher).collect(), certificate };
    (version == Version::Ssl2.code()).then_some(hello)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hellos_of_both_sides() {
        let hello = client_hello(&[0x01_0080, 0x07_00c0], [5; 16]);
        assert_eq!(hello[..11], [0x80, 31, 1, 0, 2, 0, 6, 0, 0, 0, 16]);
        assert_eq!(hello[11..17], [1, 0, 0x80, 7, 0, 0xc0]);
        let answer = [0x80, 18, 4, 0, 1, 0, 2, 0, 2, 0, 3, 0, 2, 30, 31, 1, 0, 0x80, 8, 9];
        let seen = ServerHello { ciphers: vec![0x01_0080], certificate: vec![30, 31] };
        assert_eq!(server_hello(&answer), Ok(Some(seen)));
        assert_eq!(server_hello(&answer[..9]), Ok(None));
        assert!(server_hello(b"\x15\x03\x01\x00\x02\x02\x46").is_err());
    }
}
