//! `set`, `if`, `rewrite`, `return`, `break`, run in the order they are written (ngx_http_rewrite_module).

use crate::effective::nginx::Line;
use crate::effective::nginx::answer::{Hop, Served};
use crate::effective::nginx::disk::Found;
use crate::effective::nginx::pattern::{Matched, Pattern};
use crate::effective::nginx::walk::{Next, Walk, untold};

/// How a run of lines went.
pub(super) enum Ran {
    On,
    /// `break`, or a `rewrite` with `last` or `break`.
    Stopped,
    Ends(Next),
}

impl<'a> Walk<'_, 'a> {
    /// Runs the lines of a block; in a location an `if` that holds takes the place over.
    pub(super) fn run_rewrites(&mut self, lines: &'a [Line], in_place: bool) -> Ran {
        for line in lines {
            let ran = match line.name.as_str() {
                "set" => self.set(line),
                "break" => {
                    self.uri_changed = false;
                    Ran::Stopped
                }
                "return" => Ran::Ends(self.return_line(line)),
                "rewrite" => self.rewrite_line(line),
                "if" if self.condition(line) => {
                    self.branch = if in_place { Some(line) } else { self.branch };
                    self.run_rewrites(line.inside(), in_place)
                }
                name if name.starts_with("rewrite_by_lua") => Ran::Ends(untold("a Lua program decides")),
                _ => Ran::On,
            };
            if !matches!(ran, Ran::On) {
                return ran;
            }
        }
        Ran::On
    }

    fn set(&mut self, line: &Line) -> Ran {
        let value = line.args.get(1).and_then(|word| self.expand(word));
        if let Some(name) = line.first().strip_prefix('$') {
            self.values.set.insert(name.to_owned(), value);
        }
        Ran::On
    }

    fn return_line(&mut self, line: &Line) -> Next {
        let first = line.first();
        let (status, text) = match (line.args.get(1), first.parse::<u16>().ok()) {
            (text, Some(status)) => (status, text.map(String::as_str)),
            (None, None) if is_elsewhere(first) => (302, Some(first)),
            _ => return untold("a return that nginx refuses"),
        };
        if status == 444 {
            return Next::End(None, Served::Closed);
        }
        if status >= 400 && text.is_none_or(str::is_empty) {
            return Next::Error(status);
        }
        let text = self.expand(text.unwrap_or_default());
        if matches!(status, 301 | 302 | 303 | 307 | 308) {
            self.location = Some(text);
            return Next::Error(status);
        }
        Next::End(Some(status), Served::Text(text))
    }

    fn rewrite_line(&mut self, line: &Line) -> Ran {
        let [pattern, target, flags @ ..] = line.args.as_slice() else { return Ran::On };
        let caught = match Pattern::new(pattern, false).search(&self.uri) {
            Matched::No => return Ran::On,
            Matched::Untold => return Ran::Ends(untold("the pattern of a rewrite could not be run")),
            Matched::Yes(caught) => caught,
        };
        self.values.catch(caught);
        self.internal = true;
        let flag = flags.first().map(String::as_str);
        let (target, keeps_args) = target.strip_suffix('?').map_or((target.as_str(), true), |bare| (bare, false));
        if let Some(status) = redirect_status(target, flag) {
            self.location = Some(self.expand(target).map(|url| self.with_args(url, keeps_args)));
            return Ran::Ends(Next::Error(status));
        }
        let Some(uri) = self.rewritten(target, keeps_args) else {
            return Ran::Ends(untold("a rewrite goes where a variable says that is not known"));
        };
        if uri.is_empty() {
            return Ran::Ends(Next::Error(500));
        }
        self.hops.push(Hop { at: line.at.clone(), uri: uri.clone() });
        self.uri = uri;
        self.uri_changed = flag != Some("break");
        self.valid_location = false;
        if flag.is_some() { Ran::Stopped } else { Ran::On }
    }

    /// The path of a rewrite's target; its `?` begins the arguments, which the old ones join.
    fn rewritten(&mut self, target: &str, keeps_args: bool) -> Option<String> {
        match target.split_once('?') {
            Some((path, args)) => {
                let (path, args) = (self.expand(path)?, self.expand(args)?);
                self.args = match keeps_args && !self.args.is_empty() {
                    true => format!("{args}&{}", self.args),
                    false => args,
                };
                Some(path)
            }
            None => {
                let path = self.expand(target)?;
                if !keeps_args {
                    self.args.clear();
                }
                Some(path)
            }
        }
    }

    fn with_args(&self, url: String, keeps_args: bool) -> String {
        match keeps_args && !self.args.is_empty() {
            true => format!("{url}{}{}", if url.contains('?') { '&' } else { '?' }, self.args),
            false => url,
        }
    }

    /// Whether an `if` holds; assumed both ways where it cannot be told.
    fn condition(&mut self, line: &Line) -> bool {
        let words = condition_words(&line.args);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let known = match words.as_slice() {
            [variable] if variable.starts_with('$') => {
                self.expand(variable).map(|value| !value.is_empty() && value != "0")
            }
            [test, path] => self.file_test(test, path),
            [variable, operator, operand] => self.comparison(variable, operator, operand),
            _ => None,
        };
        let text = || format!("if ({})", words.join(" "));
        match known {
            Some(holds) => holds,
            None => self.decide(&line.at, &text()),
        }
    }

    fn comparison(&mut self, variable: &str, operator: &str, operand: &str) -> Option<bool> {
        let value = self.expand(variable)?;
        let wanted = !operator.starts_with('!');
        match operator.trim_start_matches('!') {
            "=" => Some((value == self.expand(operand)?) == wanted),
            test @ ("~" | "~*") => match Pattern::new(operand, test == "~*").search(&value) {
                Matched::Yes(caught) => {
                    self.values.catch(caught);
                    Some(wanted)
                }
                Matched::No => Some(!wanted),
                Matched::Untold => None,
            },
            _ => None,
        }
    }

    fn file_test(&mut self, test: &str, path: &str) -> Option<bool> {
        let found = self.nginx.disk.look(&self.expand(path)?);
        let wanted = !test.starts_with('!');
        let holds = match (test.trim_start_matches('!'), found) {
            (_, Found::Untold) | ("-x", Found::File) => return None,
            ("-f", found) => found == Found::File,
            ("-d", found) => found == Found::Directory,
            ("-e" | "-x", found) => found != Found::Nothing,
            _ => return None,
        };
        Some(holds == wanted)
    }
}

/// Targets that begin so are redirects whatever the flag.
fn is_elsewhere(target: &str) -> bool {
    ["http://", "https://", "$scheme"].iter().any(|start| target.starts_with(start))
}

fn redirect_status(target: &str, flag: Option<&str>) -> Option<u16> {
    match flag {
        Some("permanent") => Some(301),
        Some("redirect") => Some(302),
        _ => is_elsewhere(target).then_some(302),
    }
}

/// The words of `if ( … )` without the brackets.
fn condition_words(args: &[String]) -> Vec<String> {
    let mut words: Vec<String> = args.to_vec();
    if let Some(first) = words.first_mut() {
        *first = first.strip_prefix('(').unwrap_or(first).to_owned();
    }
    if let Some(last) = words.last_mut() {
        *last = last.strip_suffix(')').unwrap_or(last).to_owned();
    }
    words.retain(|word| !word.is_empty());
    words
}
