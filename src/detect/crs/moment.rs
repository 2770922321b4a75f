//! What a chain of rules knows while it is tried on one request.

/// Filled link by link.
#[derive(Debug, Default)]
pub struct Moment {
    /// The Host header, empty where the log does not say it.
    pub host: Vec<u8>,
    /// `TX:0` to `TX:9`.
    pub captured: Vec<Vec<u8>>,
    /// The transformed values that matched, latest last.
    pub matched: Vec<Vec<u8>>,
    /// `setvar:tx.name=…` of earlier links.
    set: Vec<(String, Vec<u8>)>,
}

impl Moment {
    pub fn begin(&mut self) {
        self.captured.clear();
        self.matched.clear();
        self.set.clear();
    }

    pub fn tx(&self, name: &str) -> Option<&Vec<u8>> {
        self.set.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub fn set(&mut self, name: &str, value: Vec<u8>) {
        self.set.push((name.to_owned(), value));
    }
}
