//! Attacks from grammars: files of slots (`:name`, alternatives, an empty line) and productions (`%family`, lines).
//! `«name»` stands for a slot; `«n»`, `«w»`, `«h»`, `«b64»` and `«A»` for a number, word, host, base64 and long run.

use std::collections::BTreeMap;

use crate::dice::{Dice, held_out, number};

/// A payload as an attacker would type it, and where it is from.
pub struct Payload {
    pub class: &'static str,
    pub family: String,
    /// Its production is kept for judging.
    pub held_out: bool,
    pub text: String,
}

const GRAMMARS: [(&str, &str); 6] = [
    ("sqli", include_str!("grammar/sqli.txt")),
    ("xss", include_str!("grammar/xss.txt")),
    ("traversal", include_str!("grammar/traversal.txt")),
    ("command", include_str!("grammar/command.txt")),
    ("template", include_str!("grammar/template.txt")),
    ("injection", include_str!("grammar/injection.txt")),
];

/// What people and programs send that some of it resembles.
const ORDINARY: [(&str, &str); 3] = [
    ("urls", include_str!("grammar/urls.txt")),
    ("lookalike", include_str!("grammar/lookalike.txt")),
    ("agents", include_str!("grammar/agents.txt")),
];

/// `each` payloads of every production.
pub fn attacks(each: u64) -> Vec<Payload> {
    GRAMMARS.iter().flat_map(|(class, text)| Grammar::read(text).payloads(class, each)).collect()
}

/// `each` texts of every production.
pub fn ordinary(each: u64) -> Vec<Payload> {
    ORDINARY.iter().flat_map(|(class, text)| Grammar::read(text).payloads(class, each)).collect()
}

#[derive(Default)]
struct Grammar<'t> {
    slots: BTreeMap<&'t str, Vec<&'t str>>,
    productions: Vec<(&'t str, &'t str)>,
}

impl<'t> Grammar<'t> {
    fn read(text: &'t str) -> Self {
        let mut grammar = Self::default();
        let (mut slot, mut family) = (None, "");
        for line in text.lines() {
            match (line.strip_prefix(':'), line.strip_prefix('%'), slot) {
                (Some(name), _, _) if family.is_empty() => slot = Some(name),
                (_, Some(name), _) if is_name(name) => (slot, family) = (None, name),
                (_, _, Some(name)) => grammar.slots.entry(name).or_default().push(line),
                _ if !line.is_empty() => grammar.productions.push((family, line)),
                _ => {}
            }
        }
        // The empty line before the families ends the last slot.
        grammar.slots.values_mut().for_each(|all| {
            let more_than_one_empty = all.iter().filter(|text| text.is_empty()).count() > 1;
            if more_than_one_empty || all.last() == Some(&"") {
                all.pop();
            }
        });
        grammar
    }

    fn payloads(&self, class: &'static str, each: u64) -> Vec<Payload> {
        let one = |(family, production): &(&str, &str), at: u64| Payload {
            class,
            family: (*family).to_owned(),
            held_out: held_out(production),
            text: self.expand(production, &mut Dice::new(number(production) ^ at)),
        };
        // A production that says all itself is worth as many lines as it can be placed.
        self.productions.iter().flat_map(|from| (0..each).map(move |at| one(from, at))).collect()
    }

    fn expand(&self, production: &str, dice: &mut Dice) -> String {
        let mut text = production.to_owned();
        for _ in 0..40 {
            let Some((before, name, after)) = slot_of(&text) else { break };
            let value = self.value(name, dice);
            text = format!("{before}{value}{after}");
        }
        text
    }

    fn value(&self, name: &str, dice: &mut Dice) -> String {
        match name {
            "n" => (1 + dice.below(9998)).to_string(),
            "w" => {
                let len = 3 + dice.below(5);
                dice.word(len)
            }
            "h" => format!("{}.example.{}", dice.word(5), dice.pick(&["com", "net", "org"])),
            "b64" => format!("{}aGk{}==", dice.word(9), dice.word(8)),
            "A" => "A".repeat(300 + dice.below(3000)),
            _ => self.slots.get(name).map_or_else(|| panic!("no slot {name}"), |all| (*dice.pick(all)).to_owned()),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() < 12 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn slot_of(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('«')?;
    let (name, after) = rest.split_once('»')?;
    Some((before, name, after))
}
