//! One rule: who it is, what it weighs, what it looks for.

use serde::Deserialize;

use crate::detect::rules::detection;
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::Expr;
use crate::detect::rules::item::{Context, Given, Written};
use crate::detect::rules::logsource::Logsource;
use crate::detect::rules::tokens::{self, Tokens};
use crate::detect::rules::whom::Whom;
use crate::detect::rules::yaml::{Bad, Node};
use crate::model::alert::{Class, Confidence, Severity};
use crate::model::near::nearest;

/// The place of a rule in its [`crate::detect::rules::RuleSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleIx(pub u16);

/// A loaded rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Sigma's id, else its name, else the name of its file.
    pub id: String,
    pub name: Option<String>,
    pub title: String,
    pub class: Class,
    pub level: Severity,
    pub confidence: Confidence,
    /// What one hit adds to a client's score, before confidence.
    pub score: f32,
    /// One hit alone may decide.
    pub critical: bool,
    /// False where the rule only feeds correlations of its own file: it then raises nothing of itself.
    pub alone: bool,
    pub tags: Vec<String>,
    pub file: String,
    /// Of the document's start, from 1.
    pub line: u32,
    pub samples: Samples,
    /// Where its messages name client and user, beside what the log itself says.
    pub whom: Option<Whom>,
    pub(super) source: Logsource,
    pub(super) test: Expr,
    /// What else the values must read as; asked only where no other rule of the class spoke.
    pub(super) tokens: Option<Tokens>,
}

impl Rule {
    /// Nothing that `other` says would add to what this one has said.
    pub(super) fn outweighs(&self, other: &Self) -> bool {
        self.class == other.class && self.score >= other.score
    }
}

/// Lines a rule must match and lines it must leave alone: requests in combined format, or bare targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    pub must_match: Vec<String>,
    pub quiet: Vec<String>,
}

const KEYS: &[&str] = &["class", "score", "confidence", "critical", "client", "tests", "tokens"];

/// A rule document; unknown fields are told to `warn`.
pub(super) fn parse(doc: &Node, file: &str, given: &Given<'_>, warn: &mut Vec<Bad>) -> Result<Rule, Bad> {
    let source = logsource(doc)?;
    let ours = doc.get("peelhouse");
    known_keys(ours, KEYS)?;
    known_keys(ours.and_then(|ours| ours.get("tests")), &["match", "quiet"])?;
    let level = level(doc)?;
    let tags = doc.words("tags")?.into_iter().map(|(_, tag)| tag.to_owned()).collect::<Vec<_>>();
    let name = doc.word("name")?;
    let title = doc.word("title")?.ok_or((doc.line, Problem::Missing("title")))?;
    let mut test = test(doc, &source, given, warn)?;
    let whom = ours.and_then(|ours| ours.get("client")).map(Whom::parse).transpose()?;
    let whom = whom.map(|(whom, fits)| {
        test = Expr::All(vec![std::mem::replace(&mut test, Expr::All(Vec::new())), fits]);
        whom
    });
    Ok(Rule {
        id: doc.word("id")?.or(name).map_or_else(|| stem(file), str::to_owned),
        name: name.map(str::to_owned),
        title: title.to_owned(),
        class: named(ours, "class", "class: sqli, xss, traversal, rce, …")?.unwrap_or_else(|| class_of(&tags, &source)),
        level,
        confidence: named(ours, "confidence", "confidence: low, medium or high")?.unwrap_or(confidence(doc)?),
        score: named(ours, "score", "number")?.unwrap_or_else(|| default_score(level)),
        critical: named(ours, "critical", "true or false")?.unwrap_or(false),
        alone: true,
        tags,
        file: file.to_owned(),
        line: doc.line,
        samples: samples(ours)?,
        tokens: ours.and_then(|ours| ours.get("tokens")).map(tokens::parse).transpose()?,
        whom,
        test,
        source,
    })
}

fn test(doc: &Node, source: &Logsource, given: &Given<'_>, warn: &mut Vec<Bad>) -> Result<Expr, Bad> {
    let Some(body) = doc.get("detection") else { return Err((doc.line, Problem::Missing("detection"))) };
    let mut context = Context { source, given, warnings: Vec::new(), written: Written::target() };
    let expr = detection::parse(body, &mut context);
    warn.append(&mut context.warnings);
    if !context.written.asked {
        return expr;
    }
    context.written = context.written.agent();
    Ok(Expr::Any(vec![expr?, detection::parse(body, &mut context)?]))
}

/// The logsource of a rule or filter, in the one taxonomy that is read here.
pub(super) fn logsource(doc: &Node) -> Result<Logsource, Bad> {
    if let Some(other) = doc.word("taxonomy")?.filter(|taxonomy| *taxonomy != "sigma") {
        let value = other.chars().take(60).collect();
        return Err((
            doc.line,
            Problem::Value { value, expected: "taxonomy that is read here; translate the rule to sigma's" },
        ));
    }
    Logsource::parse(doc.get("logsource")).map_err(|(line, problem)| (line.max(doc.line), problem))
}

/// Keys of ours are all known, or one is mistyped.
pub(super) fn known_keys(node: Option<&Node>, known: &[&'static str]) -> Result<(), Bad> {
    let unknown = node.and_then(|node| node.pairs().iter().find(|(key, _)| !known.contains(&key.text.as_str())));
    unknown.map_or(Ok(()), |(key, _)| {
        let near = nearest(&key.text, known.iter().copied());
        Err((key.line, Problem::UnknownKey { key: key.text.chars().take(60).collect(), near }))
    })
}

/// A value of ours, read by its type's own names.
pub(super) fn named<T: for<'de> Deserialize<'de>>(
    ours: Option<&Node>,
    key: &str,
    expected: &'static str,
) -> Result<Option<T>, Bad> {
    let Some(node) = ours.and_then(|ours| ours.get(key)) else { return Ok(None) };
    let text = node.text().unwrap_or_default();
    let value = serde_json::from_str(text).or_else(|_| serde_json::from_value(text.into()));
    value.map(Some).map_err(|_| (node.line, Problem::Value { value: text.chars().take(60).collect(), expected }))
}

fn samples(ours: Option<&Node>) -> Result<Samples, Bad> {
    let Some(tests) = ours.and_then(|ours| ours.get("tests")) else { return Ok(Samples::default()) };
    let list = |key| -> Result<Vec<String>, Bad> {
        Ok(tests.words(key)?.into_iter().map(|(_, text)| text.to_owned()).collect())
    };
    Ok(Samples { must_match: list("match")?, quiet: list("quiet")? })
}

pub(super) fn level(doc: &Node) -> Result<Severity, Bad> {
    Ok(match doc.word("level")? {
        Some("informational") => Severity::Info,
        Some("low") => Severity::Low,
        Some("medium") | None => Severity::Medium,
        Some("high") => Severity::High,
        Some("critical") => Severity::Critical,
        Some(other) => {
            let line = doc.get("level").map_or(doc.line, |node| node.line);
            let expected = "level: informational, low, medium, high or critical";
            return Err((line, Problem::Value { value: other.chars().take(60).collect(), expected }));
        }
    })
}

fn confidence(doc: &Node) -> Result<Confidence, Bad> {
    Ok(match doc.word("status")? {
        Some("stable") => Confidence::High,
        Some("experimental" | "unsupported" | "deprecated") => Confidence::Low,
        _ => Confidence::Medium,
    })
}

pub(super) fn default_score(level: Severity) -> f32 {
    match level {
        Severity::Info => 0.0,
        Severity::Low => 1.0,
        Severity::Medium => 3.0,
        Severity::High => 5.0,
        Severity::Critical => 8.0,
    }
}

/// The class of a rule that does not say: from its ATT&CK tags.
pub(super) fn class_of(tags: &[String], source: &Logsource) -> Class {
    let has = |technique: &str| tags.iter().any(|tag| tag.starts_with(technique));
    match () {
        () if has("attack.t1505.003") => Class::WebShell,
        () if has("attack.t1595") || has("attack.t1046") => Class::Scanner,
        () if has("attack.t1110") => Class::AuthFailure,
        () if has("attack.t1552") || has("attack.t1083") => Class::Secrets,
        () if has("attack.t1059") => Class::Rce,
        () if source.requests => Class::Injection,
        () if source.logins => Class::AuthFailure,
        () => Class::Protocol,
    }
}

/// `web/sqli/union-select.yml` → `union-select`
pub(super) fn stem(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.split('.').next().unwrap_or(name).to_owned()
}
