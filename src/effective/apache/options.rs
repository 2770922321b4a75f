//! Directives of words with `+` and `-`: `Options`, `FileETag`, `SSLOptions`. A line without signs replaces, one with signs
//! changes what the sections around it left.

/// Names of `Options` by their bits; `All` is the first five, without MultiViews.
const OPTIONS: [(&str, u8); 7] = [
    ("Indexes", 1),
    ("Includes", 2 | 4),
    ("IncludesNOEXEC", 2),
    ("FollowSymLinks", 8),
    ("ExecCGI", 16),
    ("SymLinksIfOwnerMatch", 32),
    ("MultiViews", 64),
];
const ALL: u8 = 0b1_1111;
const INCLUDES: u8 = 2;
const EXEC: u8 = 4;
pub const INDEXES: u8 = 1;
pub const FOLLOW: u8 = 8;
pub const OWNER_MATCH: u8 = 32;
pub const MULTI_VIEWS: u8 = 64;

/// What a section says of options: whether it replaces, and what it adds and takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub set: u8,
    add: u8,
    remove: u8,
    /// A line without signs was among them.
    pub absolute: bool,
}

impl Options {
    /// Of the server itself, before any line.
    pub fn default_of_server() -> Self {
        Self { set: FOLLOW, ..Self::default() }
    }

    /// One line within a section.
    pub fn line(&mut self, words: &[String]) {
        for (at, word) in words.iter().enumerate() {
            let name = word.trim_start_matches(['+', '-']);
            let bits = bits([name]);
            match word.as_bytes().first() {
                Some(b'-') => {
                    self.remove |= bits;
                    self.add &= !bits;
                    self.set &= !bits;
                }
                Some(b'+') => {
                    self.add |= bits;
                    self.remove &= !bits;
                    self.set |= bits;
                }
                _ => {
                    // What signs said before stays behind, and comes back with the next section.
                    if at == 0 {
                        self.set = 0;
                        self.absolute = true;
                    }
                    self.set |= bits;
                }
            }
        }
    }

    /// What holds where an inner section meets what its outer ones left.
    #[must_use]
    pub fn merged(self, inner: Self) -> Self {
        if inner.absolute {
            return inner;
        }
        let add = (self.add & !inner.remove) | inner.add;
        let remove = (self.remove & !inner.add) | inner.remove;
        let mut set = (self.set & !remove) | add;
        if self.set & (INCLUDES | EXEC) == INCLUDES | EXEC && inner.set & (INCLUDES | EXEC) == INCLUDES {
            set &= !EXEC;
        }
        Self { set, add, remove, absolute: self.absolute }
    }

    /// The names of what is on.
    pub fn names(self) -> Vec<String> {
        let on = OPTIONS.iter().filter(|(name, bits)| match *name {
            "IncludesNOEXEC" => self.set & (INCLUDES | EXEC) == INCLUDES,
            _ => self.set & bits == *bits,
        });
        on.map(|(name, _)| (*name).to_owned()).collect()
    }
}

/// The bits of some names.
pub fn bits<'n>(names: impl IntoIterator<Item = &'n str>) -> u8 {
    names.into_iter().fold(0, |bits, name| {
        let named = OPTIONS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        bits | match named {
            Some((_, own)) => *own,
            None if name.eq_ignore_ascii_case("all") => ALL,
            None => 0,
        }
    })
}

/// The same for any words: what is on after a line. `all` and `none` of `FileETag` are words as others.
pub fn words(held: &mut Vec<String>, line: &[String]) {
    if line.iter().any(|word| !word.starts_with(['+', '-'])) {
        held.clear();
    }
    for word in line {
        let name = word.trim_start_matches(['+', '-']);
        held.retain(|known| !known.eq_ignore_ascii_case(name));
        if !word.starts_with('-') {
            held.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(lines: &[&str]) -> Options {
        let mut options = Options::default();
        for line in lines {
            options.line(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        }
        options
    }

    #[test]
    fn signs_change_and_words_replace() {
        let server = Options::default_of_server().merged(section(&["-Indexes"]));
        let outer = server.merged(section(&["Indexes FollowSymLinks"]));
        assert_eq!(outer.names(), ["Indexes", "FollowSymLinks"]);
        assert_eq!(outer.merged(section(&["-Indexes"])).names(), ["FollowSymLinks"]);
        assert_eq!(outer.merged(section(&["None"])).names(), [""; 0]);
        assert_eq!(outer.merged(section(&["-Indexes"])).merged(section(&["+Indexes"])).names(), outer.names());
        assert_eq!(section(&["All"]).names().len(), 4);
        let noexec = section(&["Includes"]).merged(section(&["+IncludesNOEXEC"]));
        assert_eq!(noexec.names(), ["IncludesNOEXEC"]);
    }
}
