//! Paths brought into normal form as ModSecurity's `normalize_path_inplace` does it, oddities included.

/// `//`, `/./` and `/x/../` go; with `windows`, backslashes are slashes.
pub fn normalize(text: &[u8], windows: bool, out: &mut Vec<u8>) {
    let slashes: Vec<u8> = text.iter().map(|byte| if windows && *byte == b'\\' { b'/' } else { *byte }).collect();
    let mut path = Path { from: out.len(), relative: slashes.first() != Some(&b'/'), hit_root: false, out };
    let last = slashes.len().wrapping_sub(1);
    let mut at = 0;
    while let Some(byte) = slashes.get(at) {
        let ends = at == last || slashes.get(at + 1) == Some(&b'/');
        if ends && *byte == b'.' {
            match path.dot(at == last) {
                Dot::Gone => {
                    at += 1;
                    if at > last {
                        break;
                    }
                }
                Dot::Stays => {}
            }
        } else if ends && *byte != b'/' && path.len() > 0 {
            path.hit_root = false;
        }
        if slashes.get(at) == Some(&b'/') {
            while slashes.get(at + 1) == Some(&b'/') {
                at += 1;
            }
            if path.relative && path.len() == 0 {
                at += 1;
                continue;
            }
        }
        path.out.extend(slashes.get(at));
        at += 1;
    }
    if slashes.last() != Some(&b'/') && path.len() > 0 && path.out.last() == Some(&b'/') {
        path.out.pop();
    }
}

enum Dot {
    Gone,
    Stays,
}

struct Path<'o> {
    out: &'o mut Vec<u8>,
    from: usize,
    relative: bool,
    hit_root: bool,
}

impl Path<'_> {
    fn len(&self) -> usize {
        self.out.len() - self.from
    }

    /// A dot that ends a segment: of `..`, of `.`, or of a name.
    fn dot(&mut self, at_end: bool) -> Dot {
        match self.out.get(self.from..).and_then(<[u8]>::last) {
            Some(b'.') => self.back(at_end),
            None => Dot::Gone,
            Some(b'/') => {
                if !at_end {
                    self.out.pop();
                }
                Dot::Gone
            }
            Some(_) => Dot::Stays,
        }
    }

    fn back(&mut self, at_end: bool) -> Dot {
        if self.relative && (self.hit_root || self.len() <= 2) {
            self.hit_root = true;
            return Dot::Stays;
        }
        let mut keep = self.len().saturating_sub(3);
        while keep > 0 && self.out.get(self.from + keep) != Some(&b'/') {
            keep -= 1;
        }
        if keep == 0 {
            self.hit_root = true;
            if !self.relative && at_end {
                keep = 1;
            }
        }
        self.out.truncate(self.from + keep);
        Dot::Gone
    }
}
