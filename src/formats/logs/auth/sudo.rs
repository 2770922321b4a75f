//! What sudo says, sudoers(5) "LOG FORMAT". Its users are local; the command is theirs and comes last.

use memchr::memmem::{find, rfind};

use crate::formats::logs::auth::Attempt;

pub fn attempt(message: &[u8]) -> Option<Attempt<'_>> {
    if message.starts_with(b"pam_unix(sudo:auth): authentication failure;") {
        let user = &message[rfind(message, b" user=")? + 6..];
        return Some(Attempt { user, ok: false, client: None });
    }
    let message = message.trim_ascii_start();
    let colon = find(message, b" : ")?;
    let (user, said) = (&message[..colon], &message[colon + 3..]);
    let ok = if said.starts_with(b"TTY=") || said.starts_with(b"HOST=") || said.starts_with(b"PWD=") {
        find(said, b"COMMAND=")?;
        true
    } else {
        refusal(said)?;
        false
    };
    Some(Attempt { user, ok, client: None })
}

/// The reason before the first ` ; `, where it is one that sudo gives.
fn refusal(said: &[u8]) -> Option<()> {
    const REASONS: [&[u8]; 4] =
        [b"incorrect password attempt", b"NOT in sudoers", b"command not allowed", b"a password is required"];
    let reason = &said[..find(said, b" ; ").unwrap_or(said.len())];
    REASONS.iter().any(|known| find(reason, known).is_some()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_refusals() {
        let cases: [(&str, Option<(&str, bool)>); 6] = [
            (
                "   alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/ls NOT in sudoers",
                Some(("alice", true)),
            ),
            (
                "alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
                Some(("alice", false)),
            ),
            ("bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", Some(("bob", false))),
            (
                "pam_unix(sudo:auth): authentication failure; logname=bob uid=1000 euid=0 tty=/dev/pts/0 ruser=bob rhost=  user=bob",
                Some(("bob", false)),
            ),
            ("pam_unix(sudo:session): session opened for user root(uid=0) by alice(uid=1000)", None),
            ("alice : something else", None),
        ];
        for (message, expected) in cases {
            let expected = expected.map(|(user, ok)| Attempt { user: user.as_bytes(), ok, client: None });
            assert_eq!(attempt(message.as_bytes()), expected, "{message}");
        }
    }
}
