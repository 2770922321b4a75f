//! `apr_fnmatch` with `APR_FNM_PERIOD`, as Include uses it: a leading dot must be written out.

/// True where the text holds a wildcard: `*`, `?` or a closed `[…]`.
pub fn is_pattern(text: &str) -> bool {
    let mut open = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' | '?' => return true,
            '\\' => {
                characters.next();
            }
            '[' => open = true,
            ']' if open => return true,
            _ => {}
        }
    }
    false
}

/// Whether a file name matches.
pub fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') && !pattern.starts_with("\\.") {
        return false;
    }
    let (pattern, name) = (Piece::all(pattern), name.chars().collect::<Vec<_>>());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&character) = name.get(n) {
        match pattern.get(p) {
            Some(Piece::Star) => {
                star = Some((p, n));
                p += 1;
            }
            Some(piece) if piece.takes(character) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
        }
    }
    pattern.iter().skip(p).all(|piece| matches!(piece, Piece::Star))
}

enum Piece {
    Star,
    Any,
    One(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Piece {
    fn all(pattern: &str) -> Vec<Self> {
        let characters: Vec<char> = pattern.chars().collect();
        let mut rest = characters.as_slice();
        let mut pieces = Vec::new();
        while let [first, after @ ..] = rest {
            rest = after;
            let piece = match (first, after) {
                ('*', _) => Self::Star,
                ('?', _) => Self::Any,
                ('\\', [next, after @ ..]) => {
                    rest = after;
                    Self::One(*next)
                }
                ('[', _) => match Self::class(after) {
                    Some((class, after)) => {
                        rest = after;
                        class
                    }
                    None => Self::One('['),
                },
                (other, _) => Self::One(*other),
            };
            pieces.push(piece);
        }
        pieces
    }

    fn class(mut rest: &[char]) -> Option<(Self, &[char])> {
        let negated = matches!(rest, ['!' | '^', ..]);
        if negated {
            rest = rest.get(1..)?;
        }
        let mut ranges = Vec::new();
        loop {
            rest = match rest {
                [']', after @ ..] if !ranges.is_empty() => return Some((Self::Class { negated, ranges }, after)),
                ['\\', one, after @ ..] => {
                    ranges.push((*one, *one));
                    after
                }
                [from, '-', to, after @ ..] if *to != ']' => {
                    ranges.push((*from, *to));
                    after
                }
                [one, after @ ..] => {
                    ranges.push((*one, *one));
                    after
                }
                [] => return None,
            };
        }
    }

    fn takes(&self, character: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::One(one) => *one == character,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&character)) != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_apr_does() {
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".a.conf", false),
            (".*.conf", ".a.conf", true),
            ("?[0-9]*", "a1bc", true),
            ("[!a]x", "bx", true),
            ("[^a]x", "ax", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("[]]", "]", true),
            ("[a", "[a", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn knows_a_pattern_from_a_name() {
        assert!(is_pattern("a*") && is_pattern("a?") && is_pattern("[ab]"));
        assert!(!is_pattern("a[b") && !is_pattern("a\\*") && !is_pattern("plain.conf"));
    }
}
