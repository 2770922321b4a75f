//! Pages on which a server tells about itself: mod_status, mod_info, ngx_http_stub_status_module.

use crate::assess::sites::Notes;
use crate::formats::apache::evaluate::Effective;
use crate::formats::nginx::Setting;
use crate::host::{Config, Door, Gets};
use crate::model::{Proof, Severity, Spot};

/// A page, as its line makes it.
struct Page {
    /// Where it is asked for; none where only a pattern says.
    url: Option<String>,
    at: Spot,
    text: String,
}

/// Handlers with their modules, and what they show.
const HANDLERS: [(&str, &str, &str); 2] = [
    ("server-status", "status_module", "requests of all sites, with the addresses of their clients"),
    ("server-info", "info_module", "the whole configuration"),
];

pub fn check(door: &Door<'_, '_>, notes: &mut Notes) {
    match door.server.config {
        Config::Apache(evaluation) => {
            for (handler, module, shows) in HANDLERS {
                let mut pages = Vec::new();
                of_apache(&evaluation.directives, handler, None, &mut pages);
                let loaded = evaluation.modules.has(module);
                pages.iter().filter(|_| loaded).for_each(|page| judge(door, page, handler, shows, notes));
            }
        }
        Config::Nginx(config, _) => {
            let mut pages = Vec::new();
            of_nginx(&config.settings, None, &mut pages);
            pages.iter().for_each(|page| judge(door, page, "stub_status", "how many clients the server has", notes));
        }
        _ => {}
    }
}

fn judge(door: &Door<'_, '_>, page: &Page, name: &str, shows: &str, notes: &mut Notes) {
    let line = Proof::Line { spot: page.at.clone(), text: page.text.clone() };
    let Some(url) = &page.url else {
        return notes.unseen(format!("the URL of {name} at {} is not plain", page.at));
    };
    let served = door.served(url);
    match served.gets {
        Gets::Made(by) if by == name || by == page.at.to_string() => {
            let severity = if name == "stub_status" { Severity::Low } else { Severity::Medium };
            let text = format!("anybody can ask {url} for {shows}");
            let evidence = std::iter::once(line).chain(served.by).collect();
            notes.found(severity, text, evidence, "let in your own addresses only, by the same section");
        }
        Gets::Untold(why) => notes.unseen(format!("{url}: {why}")),
        _ => notes.fine(vec![line]),
    }
}

fn of_apache(lines: &[Effective], handler: &str, url: Option<&str>, pages: &mut Vec<Page>) {
    for line in lines {
        let first = line.args().into_iter().next().unwrap_or_default();
        if line.is("SetHandler") && first.eq_ignore_ascii_case(handler) {
            let text = format!("{} {}", line.name, line.text);
            pages.push(Page { url: url.map(str::to_owned), at: line.at.clone(), text });
        }
        let plain = line.is("Location") && first.starts_with('/') && !first.contains(['*', '?', '[']);
        of_apache(line.children(), handler, if plain { Some(&first) } else { url }, pages);
    }
}

fn of_nginx(lines: &[Setting], url: Option<&str>, pages: &mut Vec<Page>) {
    for line in lines {
        if line.name == "stub_status" && line.first() != "off" {
            pages.push(Page { url: url.map(str::to_owned), at: line.at.clone(), text: "stub_status".to_owned() });
        }
        let plain = match line.args.as_slice() {
            [path] if line.name == "location" && path.starts_with('/') => Some(path.as_str()),
            [kind, path] if line.name == "location" && ["=", "^~"].contains(&kind.as_str()) => Some(path.as_str()),
            _ => url,
        };
        of_nginx(line.inside(), plain, pages);
    }
}
