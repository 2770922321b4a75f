//! How traffic is written down: requests with alternatives, and who sends them in which order and at which pace.

/// One sort of visitor.
pub struct Kind {
    pub name: &'static str,
    pub hostile: bool,
    /// Only for judging.
    pub held: bool,
    /// How many of them come in a day.
    pub clients: usize,
    pub from: From,
    pub agent: &'static str,
    /// Hours of the day in which they come.
    pub within: u64,
    /// Milliseconds between requests, least and most.
    pub pace: (u64, u64),
    /// Requests of one client, least and most.
    pub length: (u64, u64),
    pub order: Order,
    /// `METHOD TARGET STATUS [REFERER [USER]]` a line. `{a|b}` is one of several, `{#}` a number, `{@}` a word, `{i}` the
    /// request's place, `{x}` eight hex digits. A status of `200+` brings the page's own files with it.
    pub moves: &'static str,
    pub finds: Finds,
}

/// Where a kind's clients come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Each at an address of its own.
    Apart,
    /// All in one network.
    Together,
    /// Each with a new address of its own /64 for every request.
    Rotating,
    /// Networks of Google's crawler.
    Google,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As written, again and again.
    Straight,
    /// Any move at any time.
    Mixed,
}

/// What a kind of attackers must come to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Finds {
    /// Each is banned or limited.
    Stop,
    /// Each is at least told of.
    Tell,
    /// The campaign is told of by what it aims at.
    Target,
}

/// A small generator of numbers (splitmix64): the same on every machine.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % n.max(1)
    }

    pub fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    pub fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all.get(self.below(all.len() as u64) as usize).copied().unwrap_or_default()
    }
}

const WORDS: &[&str] = &[
    "harbour", "lantern", "meadow", "copper", "winter", "saddle", "orchard", "velvet", "anchor", "bramble", "cinder",
    "dapple", "ember", "fjord", "garnet", "hazel", "ivory", "juniper", "kestrel", "linen", "marble", "nectar", "opal",
    "pebble", "quarry", "russet", "saffron", "thistle", "umber", "willow",
];

/// A text with its alternatives chosen.
pub fn expand(text: &str, place: u64, chance: &mut Chance) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((choice, tail)) = after.split_once('}') else { break };
        out.push_str(&chosen(choice, place, chance));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn chosen(choice: &str, place: u64, chance: &mut Chance) -> String {
    match choice {
        "#" => chance.below(1000).to_string(),
        "@" => chance.pick(WORDS).to_owned(),
        "i" => place.to_string(),
        "x" => format!("{:08x}", chance.below(1 << 32)),
        several => chance.pick(&several.split('|').collect::<Vec<_>>()).to_owned(),
    }
}
