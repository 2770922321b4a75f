//! sshd tells one attempt in several lines: the unknown user, the wrong password, the end of the connection.

use memchr::memmem;

use crate::detect::memory::Seed;

/// Only the user was told yet; the first wrong password of the connection is the same attempt.
const ANNOUNCED: u8 = 1;

/// The mark of a line's connection, by process and client port.
pub fn connection(raw: &[u8], seed: &Seed) -> u8 {
    let announced = says(raw, b": Invalid user ");
    mark(raw, seed) | if announced { ANNOUNCED } else { 0 }
}

/// True where the line repeats what an earlier one of the connection counted; `known` is the mark of the last.
pub fn says_again(raw: &[u8], known: u8, seed: &Seed) -> bool {
    let same = known & !ANNOUNCED == mark(raw, seed);
    let password = says(raw, b": Failed ");
    same && (!password || known & ANNOUNCED != 0)
}

/// The journal tells the words alone, a syslog file who said them first.
fn says(raw: &[u8], words: &[u8]) -> bool {
    words.get(2..).is_some_and(|words| raw.starts_with(words)) || memmem::find(raw, words).is_some()
}

/// Seven bits, never none.
fn mark(raw: &[u8], seed: &Seed) -> u8 {
    let port = memmem::rfind(raw, b" port ").map_or(&raw[..0], |at| &raw[at + 6..]);
    let digits = port.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (seed.bytes(&port[..digits]) as u8 | 2) & !ANNOUNCED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_its_passwords_and_at_least_one() {
        let seed = Seed::new(1);
        let count = |lines: &[&str]| {
            let mut known = 0;
            let counts = |line: &&&str| {
                let again = says_again(line.as_bytes(), known, &seed);
                known = connection(line.as_bytes(), &seed);
                !again
            };
            lines.iter().filter(counts).count()
        };
        let invalid = "sshd[7]: Invalid user x from 192.0.2.7 port 40000";
        let failed = "sshd[7]: Failed password for invalid user x from 192.0.2.7 port 40000 ssh2";
        let closed = "sshd[7]: Connection closed by invalid user x 192.0.2.7 port 40000 [preauth]";
        assert_eq!(count(&[invalid, failed, closed]), 1);
        assert_eq!(count(&[invalid, failed, failed, failed, closed]), 3);
        assert_eq!(count(&[invalid, closed]), 1);
        assert_eq!(count(&[closed]), 1);
        assert_eq!(count(&[failed, failed, closed]), 2);
        let [invalid, failed, closed] = [invalid, failed, closed].map(|line| &line["sshd[7]: ".len()..]);
        assert_eq!(count(&[invalid, failed, failed, closed]), 2);
        assert_eq!(count(&[failed, failed, closed]), 2);
    }
}
