//! Directives → rules: which are in force, which a log can show, and what they look for.

use std::collections::{HashMap, HashSet};

use regex::Regex;

use crate::detect::crs::operator::{Literals, Op};
use crate::detect::crs::pipeline::Pipelines;
use crate::detect::crs::report::{Entry, Fate, NotVisible, Refused, Report};
use crate::detect::crs::rule::{Link, Rule};
use crate::detect::crs::settings::Settings;
use crate::detect::crs::target::{Seen, except, look};
use crate::detect::crs::template::Template;
use crate::detect::crs::transform::Transform;
use crate::detect::crs::weights;
use crate::formats::seclang::{Directive, Item, Rule as Written, Target};

/// Rules that can be told apart in what is remembered of headers.
const MOST_RULES: usize = 20_000;

/// A chain as written: its head's place, and its links.
struct Chain<'a> {
    head: &'a Item,
    links: Vec<&'a Written>,
    closed: bool,
}

pub struct Built {
    pub rules: Vec<Rule>,
    pub pipelines: Pipelines,
    pub report: Report,
}

pub fn build(items: &[Item], paranoia: Option<u8>) -> Built {
    let mut builder = Builder {
        settings: Settings::new(paranoia),
        removed: Removed::of(items),
        updates: updates(items),
        ids: HashSet::new(),
        built: Built { rules: Vec::new(), pipelines: Pipelines::default(), report: Report::default() },
    };
    for phase in 1..=5 {
        builder.phase(items, phase);
    }
    builder.built.report.entries.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    builder.built
}

struct Builder {
    settings: Settings,
    removed: Removed,
    updates: HashMap<u32, Vec<Target>>,
    ids: HashSet<u32>,
    built: Built,
}

impl Builder {
    fn phase(&mut self, items: &[Item], phase: u8) {
        let mut skip: Option<String> = None;
        let mut at = 0;
        while let Some(item) = items.get(at) {
            at += 1;
            let rule = match &item.what {
                Directive::Marker(name) if skip.as_ref() == Some(name) => {
                    skip = None;
                    continue;
                }
                Directive::Rule(rule) => rule,
                _ => continue,
            };
            let chain = chain(item, rule, items.get(at..).unwrap_or_default());
            at += chain.links.len() - 1;
            if rule.phase().clamp(1, 5) != phase {
                continue;
            }
            let fate = self.decide(&chain, skip.is_some());
            let holds = |link: &&Written| self.settings.decides(link) == Some(true);
            let in_force = skip.is_none() && fate == Fate::NotVisible(NotVisible::Settings);
            if in_force && chain.links.iter().all(holds) {
                chain.links.iter().for_each(|link| self.settings.apply(link));
                skip = rule.values("skipafter").last().map(str::to_owned);
            }
            let (file, line) = (item.file.clone(), item.line);
            self.built.report.entries.push(Entry { id: rule.id().unwrap_or(0), file, line, fate });
        }
    }

    fn decide(&mut self, chain: &Chain<'_>, skipped: bool) -> Fate {
        let Some(head) = chain.links.first() else { return Fate::NotVisible(NotVisible::Settings) };
        if !chain.closed {
            return Fate::Refused(Refused::OpenChain);
        }
        if head.id().is_some_and(|id| !self.ids.insert(id)) {
            return Fate::Refused(Refused::Duplicate);
        }
        let decided = self.settings.decides(head);
        let why = match () {
            () if self.removed.has(head) => NotVisible::Removed,
            () if head.phase() > 2 => NotVisible::Answer,
            () if chain.links.iter().all(|link| self.settings.decides(link).is_some()) => NotVisible::Settings,
            () if skipped && level(head) > self.settings.paranoia() => NotVisible::Paranoia,
            () if skipped || decided == Some(false) => NotVisible::Off,
            () if is_bookkeeping(head) => NotVisible::Settings,
            () => return self.compile(chain, decided == Some(true)),
        };
        Fate::NotVisible(why)
    }

    fn compile(&mut self, chain: &Chain<'_>, without_head: bool) -> Fate {
        if self.built.rules.len() >= MOST_RULES {
            return Fate::Refused(Refused::TooMany { limit: MOST_RULES });
        }
        let mut known: Vec<String> = Vec::new();
        let mut links = Vec::new();
        for written in chain.links.iter().skip(usize::from(without_head)) {
            match self.link(written, &mut known) {
                Ok(Ok(link)) => links.push(link),
                Ok(Err(why)) => return Fate::NotVisible(why),
                Err(why) => return Fate::Refused(why),
            }
        }
        if links.is_empty() {
            return Fate::NotVisible(NotVisible::Settings);
        }
        let Some(head) = chain.links.first() else { return Fate::NotVisible(NotVisible::Settings) };
        let tags: Vec<String> = head.values("tag").map(str::to_owned).collect();
        let id = head.id().unwrap_or(0);
        let weight = weights::of(id, head.values("severity").last(), level(head), &self.settings);
        self.built.rules.push(Rule {
            id,
            title: head.values("msg").last().unwrap_or("rule of ModSecurity").to_owned(),
            class: weights::class(&tags),
            level: weight.level,
            confidence: weight.confidence,
            score: weight.score,
            tags,
            file: chain.head.file.to_string(),
            line: chain.head.line,
            links,
        });
        Fate::Loaded
    }

    /// Of what a log has; the error within is why it has nothing of it.
    fn link(&mut self, written: &Written, known: &mut Vec<String>) -> Result<Result<Link, NotVisible>, Refused> {
        let Some(operator) = &written.operator else { return Ok(Err(NotVisible::Settings)) };
        let extra = written.id().and_then(|id| self.updates.get(&id)).map(Vec::as_slice).unwrap_or_default();
        let (mut looks, mut excepts, mut hidden) = (Vec::new(), Vec::new(), None);
        for target in written.targets.iter().chain(extra) {
            if target.exclude {
                excepts.extend(except(target)?);
                continue;
            }
            match look(target, |name| known.iter().any(|known| known == name))? {
                Seen::Looks(all) => looks.extend(all),
                Seen::No(why) => hidden = hidden.or(Some(why)),
            }
        }
        if looks.is_empty() {
            return Ok(Err(hidden.unwrap_or(NotVisible::Settings)));
        }
        let argument = self.settings.fill(&operator.argument);
        let (op, literals) = Op::new(&crate::formats::seclang::Operator { argument, ..operator.clone() })?;
        if let Op::Contains(with) | Op::Within(with) | Op::EndsWith(with) | Op::Compare(_, with) = &op
            && let Some(name) = with.needs().find(|name| !known.iter().any(|known| known == name))
        {
            return Err(Refused::Macro(format!("%{{tx.{name}}}")));
        }
        let nodes = self.nodes(written)?;
        let sets = sets(written, &self.settings)?;
        known.extend(sets.iter().map(|(name, _)| name.clone()));
        let literals = if operator.negated { Literals::default() } else { literals };
        let capture = written.has("capture");
        Ok(Ok(Link { looks, excepts, nodes, op, negated: operator.negated, capture, sets, literals }))
    }

    fn nodes(&mut self, written: &Written) -> Result<Vec<u16>, Refused> {
        let mut transforms = Vec::new();
        for name in written.values("t") {
            match Transform::by_name(name) {
                _ if name.eq_ignore_ascii_case("none") => transforms.clear(),
                Some(transform) => transforms.push(transform),
                None => return Err(Refused::Transformation(name.chars().take(60).collect())),
            }
        }
        let way = self.built.pipelines.add(&transforms);
        let last = way.last().copied().unwrap_or(0);
        Ok(if written.has("multimatch") { way } else { vec![last] })
    }
}

/// What a link leaves for those after it; scores are kept elsewhere.
fn sets(written: &Written, settings: &Settings) -> Result<Vec<(String, Template)>, Refused> {
    let mut sets = Vec::new();
    for setvar in written.values("setvar") {
        let Some((name, value)) = setvar.split_once('=') else { continue };
        let name = name.to_ascii_lowercase();
        let Some(name) = name.strip_prefix("tx.").filter(|name| !name.contains("%{")) else { continue };
        if !value.starts_with(['+', '-']) {
            sets.push((name.to_owned(), Template::parse(&settings.fill(value))?));
        }
    }
    Ok(sets)
}

fn chain<'a>(head: &'a Item, rule: &'a Written, rest: &'a [Item]) -> Chain<'a> {
    let mut chain = Chain { head, links: vec![rule], closed: true };
    let mut rest = rest.iter();
    while chain.links.last().is_some_and(|link| link.has("chain")) {
        match rest.next().map(|item| &item.what) {
            Some(Directive::Rule(next)) if next.id().is_none() => chain.links.push(next),
            _ => {
                chain.closed = false;
                break;
            }
        }
    }
    chain
}

/// Rules that log nothing look for nothing.
fn is_bookkeeping(rule: &Written) -> bool {
    rule.has("nolog") && rule.values("severity").next().is_none()
}

fn level(rule: &Written) -> u8 {
    rule.values("tag").find_map(|tag| tag.strip_prefix("paranoia-level/")?.parse().ok()).unwrap_or(1)
}

fn updates(items: &[Item]) -> HashMap<u32, Vec<Target>> {
    let mut updates: HashMap<u32, Vec<Target>> = HashMap::new();
    for item in items {
        if let Directive::UpdateTargetById(id, targets) = &item.what {
            updates.entry(*id).or_default().extend(targets.iter().cloned());
        }
    }
    updates
}

/// What `SecRuleRemoveBy…` takes away.
struct Removed {
    ids: Vec<(u32, u32)>,
    tags: Vec<Regex>,
}

impl Removed {
    fn of(items: &[Item]) -> Self {
        let mut removed = Self { ids: Vec::new(), tags: Vec::new() };
        for item in items {
            match &item.what {
                Directive::RemoveById(ranges) => removed.ids.extend(ranges),
                Directive::RemoveByTag(pattern) => removed.tags.extend(Regex::new(pattern)),
                _ => {}
            }
        }
        removed
    }

    fn has(&self, rule: &Written) -> bool {
        rule.id().is_some_and(|id| self.ids.iter().any(|(from, to)| (*from..=*to).contains(&id)))
            || rule.values("tag").any(|tag| self.tags.iter().any(|pattern| pattern.is_match(tag)))
    }
}
