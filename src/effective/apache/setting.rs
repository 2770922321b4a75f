//! The value of a directive: its lines in the sections that hold, merged as its kind says, each line with what became of it.

use std::sync::Arc;

use crate::effective::apache::block::{Block, Line};
use crate::effective::apache::judged::{self, Judged, Kept, Merge};
use crate::effective::apache::options::{self, Options};
use crate::effective::apache::{Effective, table};
use crate::effective::{Effect, Setting, Step};

/// One section's lines of a directive.
struct Layer<'l> {
    lines: Vec<&'l Line>,
    /// It has any directive of the module.
    touched: bool,
}

impl Effective<'_> {
    /// What a directive amounts to here. Directives of one family (`Redirect` and `RedirectMatch`, PHP's four) are merged
    /// together, and each value begins with the name; of others the values are the arguments alone. One that is not
    /// judged is taken to replace; see [`judged::judged`].
    pub fn setting(&self, name: &str) -> Setting {
        let (judged, _) = judged::judged(name);
        let mut merged = Merged::of(&judged);
        let servers = match judged.kept {
            Kept::First => self.site.first_servers(),
            Kept::OwnOrFirst => {
                let mut servers = self.site.first_servers();
                let known = servers.clone();
                servers
                    .extend(self.site.servers().into_iter().filter(|own| !known.iter().any(|k| Arc::ptr_eq(k, own))));
                servers
            }
            _ => self.site.servers(),
        };
        match judged.kept {
            Kept::Sections => merged.take(name, &judged, &self.config.groups),
            Kept::Server | Kept::First | Kept::OwnOrFirst => merged.take(name, &judged, &[of_server(&judged, servers)]),
            Kept::Split => {
                merged.take(name, &judged, &[of_server(&judged, servers)]);
                let sections = self.config.groups.get(1..).unwrap_or_default();
                let mut within = Merged::of(&judged);
                within.take(name, &judged, sections);
                merged.join(within, judged.merge);
            }
        }
        self.config.unsure.iter().for_each(|block| merged.leave_out(&judged, name, block));
        merged.setting(judged.names.len() > 1)
    }
}

/// The main server's alone, the virtual host's alone, or both.
fn of_server(judged: &Judged, mut servers: Vec<Arc<Block>>) -> Vec<Arc<Block>> {
    if judged.main {
        servers.truncate(1);
    } else if judged.own {
        servers = servers.pop().into_iter().collect();
    }
    servers
}

/// Lines with what became of them, and those that hold, in the order in which they do.
struct Merged<'l> {
    lines: Vec<(Line, Effect)>,
    held: Vec<usize>,
    /// Where a value is not simply a line's arguments.
    values: Option<Vec<Vec<String>>>,
    names: Vec<&'l str>,
}

impl<'l> Merged<'l> {
    fn of(judged: &'l Judged) -> Self {
        Self { lines: Vec::new(), held: Vec::new(), values: None, names: judged.names.clone() }
    }

    fn take(&mut self, name: &str, judged: &Judged, groups: &[Vec<Arc<Block>>]) {
        let known = table::known(name);
        let whole = known.is_some_and(|known| match judged.kept {
            Kept::Sections | Kept::Split => known.whole_section,
            Kept::Server | Kept::First | Kept::OwnOrFirst => known.whole_server,
        });
        let module = known.filter(|_| whole || judged.merge == Merge::Rewrite).map(|known| known.module);
        let blocks = groups.iter().flatten();
        let layers: Vec<Layer<'_>> = blocks.map(|block| self.layer(name, block, module)).collect();
        for layer in layers {
            if whole && layer.touched {
                self.drop_all();
            }
            self.merge_layer(judged.merge, &layer);
        }
        if judged.merge == Merge::Bits {
            self.values = Some(vec![bits(&self.names, groups)]);
        }
    }

    fn layer<'b>(&self, name: &str, block: &'b Block, module: Option<&str>) -> Layer<'b> {
        let is_of = |line: &&Line| {
            line.key.eq_ignore_ascii_case(name) || self.names.iter().any(|known| line.key.eq_ignore_ascii_case(known))
        };
        let lines: Vec<&Line> = block.lines.iter().filter(is_of).collect();
        let touched = module.is_some_and(|module| {
            block.lines.iter().any(|line| table::known(&line.key).is_some_and(|known| known.module == module))
        });
        Layer { lines, touched }
    }

    fn merge_layer(&mut self, merge: Merge, layer: &Layer<'_>) {
        if merge == Merge::Require {
            return self.merge_require(layer);
        }
        if (merge == Merge::List && !layer.lines.is_empty()) || (merge == Merge::Rewrite && layer.touched) {
            self.drop_all();
        }
        let before = self.held.len();
        for line in &layer.lines {
            if line.args.is_empty() {
                self.lines.push(((*line).clone(), Effect::Ignored("AllowOverride does not admit it")));
                continue;
            }
            let removed = self.displaced(merge, line);
            let effect = if removed.is_empty() { Effect::Adds } else { Effect::Replaces };
            self.drop(&removed);
            self.lines.push(((*line).clone(), effect));
            let own = self.lines.len() - 1;
            if merge == Merge::Php && self.is_beaten(line) {
                self.mark(own, Effect::Ignored("the administrator set it, and that cannot be overridden"));
            } else {
                self.held.push(own);
            }
        }
        if merge == Merge::Prepend {
            let inner = self.held.len() - before.min(self.held.len());
            self.held.rotate_right(inner);
        }
    }

    /// Those that a line takes the place of.
    fn displaced(&self, merge: Merge, line: &Line) -> Vec<usize> {
        let same_key = |known: &Line| known.arg(0).eq_ignore_ascii_case(line.arg(0));
        let extensions = |line: &Line| -> Vec<String> {
            line.args.iter().skip(1).map(|arg| arg.trim_start_matches('.').to_ascii_lowercase()).collect()
        };
        let own = extensions(line);
        let displaced = |known: &Line| match merge {
            Merge::Replace => true,
            Merge::Key => same_key(known),
            Merge::Php => same_key(known) && (is_admin(line) || !is_admin(known)),
            // A line of several extensions still holds for those that were not named again.
            Merge::Last => extensions(known).iter().all(|extension| own.contains(extension)),
            Merge::Bits => line.args.first().is_some_and(|word| !word.starts_with(['+', '-'])),
            _ => false,
        };
        self.held.iter().copied().filter(|at| self.lines.get(*at).is_some_and(|(line, _)| displaced(line))).collect()
    }

    fn is_beaten(&self, line: &Line) -> bool {
        let held = self.held.iter().filter_map(|at| self.lines.get(*at));
        !is_admin(line) && held.into_iter().any(|(known, _)| is_admin(known) && known.arg(0) == line.arg(0))
    }

    /// `Require` of a section meets that of outer ones as its `AuthMerging` says.
    fn merge_require(&mut self, layer: &Layer<'_>) {
        let merging = layer.lines.iter().rfind(|line| line.key == "authmerging");
        let off = merging.is_none_or(|line| line.arg(0).eq_ignore_ascii_case("off"));
        if off && !layer.lines.is_empty() {
            // Also where it stands alone: then nothing is required at all.
            self.drop_all();
        }
        for line in layer.lines.iter().filter(|line| line.key != "authmerging") {
            self.lines.push(((*line).clone(), Effect::Adds));
            self.held.push(self.lines.len() - 1);
        }
    }

    fn drop_all(&mut self) {
        let held = std::mem::take(&mut self.held);
        held.into_iter().for_each(|at| self.mark(at, Effect::Replaced));
    }

    fn drop(&mut self, displaced: &[usize]) {
        self.held.retain(|at| !displaced.contains(at));
        displaced.iter().for_each(|at| self.mark(*at, Effect::Replaced));
    }

    fn mark(&mut self, at: usize, effect: Effect) {
        if let Some((_, known)) = self.lines.get_mut(at) {
            *known = effect;
        }
    }

    /// What sections say after what servers say; the two are kept apart.
    fn join(&mut self, within: Self, merge: Merge) {
        if within.lines.is_empty() {
            return;
        }
        if merge == Merge::Replace {
            self.drop_all();
        }
        let offset = self.lines.len();
        self.lines.extend(within.lines);
        self.held.extend(within.held.into_iter().map(|at| at + offset));
    }

    fn leave_out(&mut self, judged: &Judged, name: &str, block: &Block) {
        if matches!(judged.kept, Kept::Server | Kept::First | Kept::OwnOrFirst) {
            return;
        }
        let layer = self.layer(name, block, None);
        let why = Effect::Ignored("could not tell whether its section holds");
        self.lines.extend(layer.lines.into_iter().map(|line| (line.clone(), why.clone())));
    }

    fn setting(self, family: bool) -> Setting {
        let value = |at: &usize| {
            let (line, _) = self.lines.get(*at)?;
            let name = line.text.split_ascii_whitespace().next().filter(|_| family).map(str::to_owned);
            Some(name.into_iter().chain(line.args.iter().cloned()).collect())
        };
        let own: Vec<Vec<String>> = self.held.iter().filter_map(value).collect();
        let values = match self.values {
            Some(values) if !self.held.is_empty() => values,
            _ => own,
        };
        let step = |(line, effect): (Line, Effect)| Step { at: line.at, text: line.text, effect };
        Setting { values, chain: self.lines.into_iter().map(step).collect() }
    }
}

fn is_admin(line: &Line) -> bool {
    line.key.starts_with("php_admin")
}

/// Words with signs, merged group by group.
fn bits(names: &[&str], groups: &[Vec<Arc<Block>>]) -> Vec<String> {
    let lines = |block: &Arc<Block>| {
        let own = block.lines.iter().filter(|line| names.iter().any(|name| line.key.eq_ignore_ascii_case(name)));
        own.map(|line| line.args.clone()).collect::<Vec<_>>()
    };
    if names.iter().any(|name| name.eq_ignore_ascii_case("Options")) {
        return options(groups).names();
    }
    let mut held = Vec::new();
    groups.iter().flatten().flat_map(lines).for_each(|line| options::words(&mut held, &line));
    held
}

/// The options of a request.
pub(super) fn options(groups: &[Vec<Arc<Block>>]) -> Options {
    let group =
        |group: &Vec<Arc<Block>>| group.iter().map(|block| block.options()).reduce(Options::merged).unwrap_or_default();
    groups.iter().map(group).fold(Options::default_of_server(), Options::merged)
}
