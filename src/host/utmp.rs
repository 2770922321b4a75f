//! Login records of glibc on Linux (utmp(5)): 384 bytes each, the same on 32 and 64 bits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const RECORD: usize = 384;
const USER_PROCESS: i16 = 7;

/// A user logged in from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) pid: i32,
    pub(super) from: IpAddr,
}

/// The sessions from other hosts; a half record at the end is left out.
pub(super) fn sessions(file: &[u8]) -> impl Iterator<Item = Session> {
    file.chunks_exact(RECORD).filter_map(session)
}

fn session(record: &[u8]) -> Option<Session> {
    let kind = i16::from_ne_bytes(field(record, 0)?);
    let pid = i32::from_ne_bytes(field(record, 4)?);
    let address: [u8; 16] = field(record, 348)?;
    let [a, b, c, d, rest @ ..] = address;
    // An IPv4 address takes the first word alone.
    let from =
        if rest == [0; 12] { IpAddr::V4(Ipv4Addr::new(a, b, c, d)) } else { IpAddr::V6(Ipv6Addr::from(address)) };
    (kind == USER_PROCESS && !from.is_unspecified()).then_some(Session { pid, from: from.to_canonical() })
}

fn field<const N: usize>(record: &[u8], at: usize) -> Option<[u8; N]> {
    record.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::host) fn record(kind: i16, pid: i32, address: &[u8]) -> Vec<u8> {
        let mut record = vec![0; RECORD];
        record[..2].copy_from_slice(&kind.to_ne_bytes());
        record[4..8].copy_from_slice(&pid.to_ne_bytes());
        record[348..348 + address.len()].copy_from_slice(address);
        record
    }

    #[test]
    fn only_live_user_sessions_from_elsewhere_count() {
        let v6: Ipv6Addr = "2001:db8::7".parse().unwrap();
        let file = [
            record(USER_PROCESS, 5, &[192, 0, 2, 7]),
            record(8, 6, &[192, 0, 2, 8]),
            record(USER_PROCESS, 7, &[]),
            record(USER_PROCESS, 8, &v6.octets()),
            vec![7; 100],
        ]
        .concat();
        let found: Vec<Session> = sessions(&file).collect();
        let expected = [Session { pid: 5, from: [192, 0, 2, 7].into() }, Session { pid: 8, from: v6.into() }];
        assert_eq!(found, expected);
    }
}
