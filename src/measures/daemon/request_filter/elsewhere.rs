//! Places of a site where the filter was turned off.

use crate::assess::sites::Notes;
use crate::formats::apache::evaluate::Effective;
use crate::formats::nginx::Setting;
use crate::host::{Config, Door};
use crate::model::{Proof, Severity, Spot};

pub fn check(door: &Door<'_, '_>, notes: &mut Notes) {
    let mut off = Vec::new();
    match door.server.config {
        Config::Apache(evaluation) => {
            for line in &evaluation.directives {
                if line.is("VirtualHost") && line.at == door.site.at {
                    of_apache(line.children(), "", &mut off);
                } else if !line.is("VirtualHost") {
                    of_apache(line.children(), &place(line), &mut off);
                }
            }
        }
        Config::Nginx(config, _) => of_nginx(&config.settings, &door.site.at, None, &mut off),
        _ => {}
    }
    for (place, at, text) in off {
        let found = format!("ModSecurity looks at nothing in {place}");
        let fix = "take out the rules that err there, instead of all of them";
        notes.found(Severity::Low, found, vec![Proof::Line { spot: at, text }], fix);
    }
}

fn place(section: &Effective) -> String {
    format!("<{} {}", section.name, section.text)
}

/// `inside` is the innermost section; empty at the level of the site, which is judged by what holds there.
fn of_apache(lines: &[Effective], inside: &str, off: &mut Vec<(String, Spot, String)>) {
    for line in lines {
        let turns_off =
            line.is("SecRuleEngine") && line.args().first().is_some_and(|arg| arg.eq_ignore_ascii_case("off"));
        if turns_off && !inside.is_empty() {
            off.push((inside.to_owned(), line.at.clone(), format!("{} {}", line.name, line.text)));
        }
        of_apache(line.children(), &place(line), off);
    }
}

fn of_nginx(lines: &[Setting], site: &Spot, inside: Option<&str>, off: &mut Vec<(String, Spot, String)>) {
    for line in lines {
        match (line.name.as_str(), inside) {
            ("server", _) if line.at != *site => {}
            ("modsecurity", Some(place)) if line.first() == "off" => {
                off.push((place.to_owned(), line.at.clone(), "modsecurity off".to_owned()));
            }
            ("location", _) => {
                let place = format!("location {}", line.args.join(" "));
                of_nginx(line.inside(), site, Some(&place), off);
            }
            _ => of_nginx(line.inside(), site, inside, off),
        }
    }
}
