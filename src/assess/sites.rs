//! Asks the same of every site, and joins what its doors say.

use crate::host::{Door, Holds, Web, WebServer};
use crate::model::{Assessed, Confidence, Finding, Proof, ServerKind, Severity, Verdict};

/// What a check has to say of one site.
#[derive(Default)]
pub struct Notes {
    findings: Vec<Finding>,
    evidence: Vec<Proof>,
    unseen: Vec<String>,
}

impl Notes {
    /// Something could not be looked at: never fine for that.
    pub fn unseen(&mut self, cause: impl Into<String>) {
        let cause = cause.into();
        if !self.unseen.contains(&cause) {
            self.unseen.push(cause);
        }
    }

    fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.evidence.is_empty() && self.unseen.is_empty()
    }

    /// What was found stands, with a word on what could not be looked at.
    fn verdict(mut self) -> Verdict {
        if self.unseen.is_empty() {
            return Verdict::of(self.findings, self.evidence);
        }
        let cause = self.unseen.join("; ");
        if self.findings.is_empty() {
            return Verdict::CouldNotLook { cause };
        }
        let text = format!("not all of it could be looked at: {cause}");
        self.found(Severity::Info, text, self.evidence.clone(), "look at the rest by hand");
        Verdict::Found { findings: self.findings }
    }

    /// Something is wrong; told once, however many doors show it.
    pub fn found(&mut self, severity: Severity, text: impl Into<String>, evidence: Vec<Proof>, fix: impl Into<String>) {
        let (text, fix) = (text.into(), fix.into());
        if !self.findings.iter().any(|known| known.text == text) {
            self.findings.push(Finding { severity, confidence: Confidence::High, text, evidence, fix });
        }
    }

    /// Something is as it should be, for these lines.
    pub fn fine(&mut self, evidence: Vec<Proof>) {
        for proof in evidence {
            if !self.evidence.contains(&proof) {
                self.evidence.push(proof);
            }
        }
    }
}

/// One word on every site of the servers of `kinds`: `judge` is asked at each of its doors, for what holds for `path`.
/// Sites of other servers are not spoken of.
pub fn each_site(
    web: &Web<'_>,
    kinds: &[ServerKind],
    path: &str,
    judge: impl Fn(&Door<'_, '_>, &Holds<'_>, &mut Notes),
) -> Vec<Assessed> {
    let servers = web.servers.iter().filter(|known| kinds.contains(&known.server.kind));
    servers.flat_map(|server| sites_of(web, server, path, &judge)).collect()
}

fn sites_of<'a>(
    web: &Web<'a>,
    server: &WebServer<'a>,
    path: &str,
    judge: &impl Fn(&Door<'_, '_>, &Holds<'_>, &mut Notes),
) -> Vec<Assessed> {
    let mut assessed = Vec::new();
    for site in &server.server.sites {
        let (mut notes, mut causes) = (Notes::default(), Vec::new());
        for door in web.doors_at(server, site) {
            let holds = door.ask(path);
            match holds.cause() {
                Some(cause) => causes.push(cause),
                None => judge(&door, &holds, &mut notes),
            }
        }
        let verdict = match causes.pop().filter(|_| notes.is_empty()) {
            Some(cause) => Verdict::CouldNotLook { cause },
            None => notes.verdict(),
        };
        assessed.push(Assessed::site(site.name(), verdict));
    }
    if let (true, Some(problem)) = (assessed.is_empty(), server.server.problems.first()) {
        assessed.push(Assessed::host(Verdict::CouldNotLook { cause: problem.clone() }));
    }
    assessed
}
