//! What OpenSSH's sshd says of logins (auth.c, auth2.c, packet.c). The user name is the client's: it may hold any text,
//! so the address is the last that stands where sshd puts one.

use std::net::IpAddr;

use memchr::memmem::{find, find_iter};

use crate::formats::logs::auth::Attempt;
use crate::formats::logs::text::{address, number};

/// Before the user, and between user and address.
const FAILURES: [(&[u8], &[u8]); 12] = [
    (b"Failed password for ", b" from "),
    (b"Failed keyboard-interactive/pam for ", b" from "),
    (b"Invalid user ", b" from "),
    (b"error: maximum authentication attempts exceeded for ", b" from "),
    (b"Connection closed by authenticating user ", b" "),
    (b"Connection closed by invalid user ", b" "),
    (b"Connection reset by authenticating user ", b" "),
    (b"Connection reset by invalid user ", b" "),
    (b"Disconnected from authenticating user ", b" "),
    (b"Disconnected from invalid user ", b" "),
    (b"Disconnecting authenticating user ", b" "),
    (b"Disconnecting invalid user ", b" "),
];

pub fn attempt(message: &[u8]) -> Option<Attempt<'_>> {
    if let Some(rest) = message.strip_prefix(b"Accepted ") {
        return accepted(rest);
    }
    if let Some(rest) = message.strip_prefix(b"Unable to negotiate with ") {
        let (_, client) = peers(rest).next()?;
        return Some(Attempt { user: &[], ok: false, client: Some(client) });
    }
    let (rest, between) =
        FAILURES.iter().find_map(|(before, between)| Some((message.strip_prefix(*before)?, between)))?;
    let (at, client) = peers(rest).last()?;
    let user = rest[..at].strip_suffix(*between).unwrap_or_default();
    // "Change of username …" quotes a second name behind the address
    let agreed = peers(rest).all(|(_, other)| other == client) || !message.starts_with(b"Disconnecting ");
    Some(Attempt {
        user: user.strip_prefix(b"invalid user ").unwrap_or(user),
        ok: false,
        client: agreed.then_some(client),
    })
}

/// `publickey for root from 192.0.2.7 port 22 ssh2: ED25519 …`: the user exists, what follows the address may not.
fn accepted(rest: &[u8]) -> Option<Attempt<'_>> {
    let user = &rest[find(rest, b" for ")? + 5..];
    let (at, client) = peers(user).next()?;
    Some(Attempt { user: user[..at].strip_suffix(b" from ")?, ok: true, client: Some(client) })
}

/// Every `address port number` and where the address begins.
fn peers(text: &[u8]) -> impl Iterator<Item = (usize, IpAddr)> + '_ {
    find_iter(text, b" port ").filter_map(|port| {
        let digits = text[port + 6..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        number(&text[port + 6..port + 6 + digits])?;
        let earliest = port.saturating_sub(LONGEST_ADDRESS);
        let start = memchr::memrchr(b' ', &text[earliest..port]).map_or(earliest, |space| earliest + space + 1);
        Some((start, address(&text[start..port])?))
    })
}

/// An IPv6 address with a zone.
const LONGEST_ADDRESS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(message: &str, user: &str, ok: bool, client: &str) {
        let expected = Attempt { user: user.as_bytes(), ok, client: client.parse().ok() };
        assert_eq!(attempt(message.as_bytes()), Some(expected), "{message}");
    }

    #[test]
    fn every_kind_of_login_line() {
        says("Failed password for root from 192.0.2.7 port 22 ssh2", "root", false, "192.0.2.7");
        says("Failed password for invalid user al ice from 2001:db8::7 port 2 ssh2", "al ice", false, "2001:db8::7");
        says("Failed password for invalid user  from 192.0.2.7 port 22 ssh2", "", false, "192.0.2.7");
        says("Invalid user admin from 192.0.2.7 port 40000", "admin", false, "192.0.2.7");
        says("Accepted publickey for root from 192.0.2.7 port 22 ssh2: ED25519 SHA256:x", "root", true, "192.0.2.7");
        says("Connection closed by authenticating user root 192.0.2.7 port 22 [preauth]", "root", false, "192.0.2.7");
        says("Disconnected from invalid user x 192.0.2.7 port 22 [preauth]", "x", false, "192.0.2.7");
        says(
            "error: maximum authentication attempts exceeded for invalid user x from 192.0.2.7 port 22 ssh2 [preauth]",
            "x",
            false,
            "192.0.2.7",
        );
        says(
            "Disconnecting authenticating user x 192.0.2.7 port 22: Too many authentication failures [preauth]",
            "x",
            false,
            "192.0.2.7",
        );
        says(
            "Unable to negotiate with 192.0.2.7 port 22: no matching cipher found. Their offer: 6.6.6.6 port 1 [preauth]",
            "",
            false,
            "192.0.2.7",
        );
    }

    #[test]
    fn a_user_name_forges_no_address() {
        says(
            "Failed password for invalid user x from 6.6.6.6 port 22 ssh2 from 192.0.2.7 port 1 ssh2",
            "x from 6.6.6.6 port 22 ssh2",
            false,
            "192.0.2.7",
        );
        says("Invalid user x 6.6.6.6 port 22 from 192.0.2.7 port 1", "x 6.6.6.6 port 22", false, "192.0.2.7");
        says(
            "Connection closed by invalid user x 6.6.6.6 port 22 [preauth] 192.0.2.7 port 1 [preauth]",
            "x 6.6.6.6 port 22 [preauth]",
            false,
            "192.0.2.7",
        );
        let two = b"Disconnecting invalid user x 192.0.2.7 port 1: Change of username or service not allowed: (x,y) -> (a 6.6.6.6 port 2,y) [preauth]";
        assert_eq!(attempt(two).unwrap().client, None);
    }

    #[test]
    fn other_lines_are_no_logins() {
        for message in [
            "Server listening on 0.0.0.0 port 22.",
            "Failed none for x from 192.0.2.7 port 1 ssh2",
            "",
            "Accepted ",
            "Failed password for x",
        ] {
            assert_eq!(attempt(message.as_bytes()), None, "{message}");
        }
    }
}
