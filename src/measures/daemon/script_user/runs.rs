//! What runs the scripts of a site, and as whom.

use crate::effective::apache::Translated;
use crate::formats::nginx::Setting;
use crate::host::{Config, Door, Engine, Holds};
use crate::measures::daemon::script_user::pools::{Address, Pool};
use crate::model::{Proof, Spot};

/// One way in which scripts of a site run.
#[derive(Clone, Debug)]
pub struct Run {
    pub user: String,
    pub by: Vec<Proof>,
    /// Index among the pools, where a pool runs them.
    pub pool: Option<usize>,
}

/// All ways of one site, and what could not be told.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    pub ways: Vec<Run>,
    pub untold: Vec<String>,
    /// Whom the server's own processes are.
    pub server: String,
}

const MOD_PHP: [&str; 3] = ["php_module", "php7_module", "php5_module"];

pub fn runs(door: &Door<'_, '_>, holds: &Holds<'_>, pools: &[Pool]) -> Runs {
    let user = holds.value("User", "user").text();
    let server = user.split(' ').next().unwrap_or_default().to_owned();
    let mut runs = Runs { server, ..Runs::default() };
    match holds {
        Holds::Apache(effective) => {
            of_handler(door, holds, pools, &mut runs);
            if let Translated::Proxied { to, at } = effective.translated() {
                let line = Proof::Line { spot: at.clone(), text: format!("passed to {to}") };
                if to.contains("fcgi://") {
                    runs.pass(to, vec![line], pools);
                }
            }
            of_cgi(door, holds, &mut runs);
        }
        Holds::Nginx(answer) => {
            let site = answer.outcomes.first().map(|outcome| outcome.site);
            let (Engine::Nginx(nginx), Some(site)) = (&door.server.engine, site) else { return runs };
            for scope in nginx.scopes(site) {
                let pass = scope.setting("fastcgi_pass");
                if let (Some([to, ..]), Some(step)) = (pass.values.first().map(Vec::as_slice), pass.chain.last()) {
                    let line = Proof::Line { spot: step.at.clone(), text: step.text.clone() };
                    upstream(door, to).iter().for_each(|to| runs.pass(to, vec![line.clone()], pools));
                }
            }
        }
        Holds::Tomcat | Holds::Untold(_) => {}
    }
    runs
}

impl Runs {
    /// Scripts go to a pool at an address.
    fn pass(&mut self, to: &str, mut by: Vec<Proof>, pools: &[Pool]) {
        let found = Address::of_server(to).and_then(|address| {
            pools.iter().position(|pool| pool.address().is_some_and(|listens| listens.is(&address)))
        });
        let Some((index, pool)) = found.and_then(|index| Some((index, pools.get(index)?))) else {
            return self.untold.push(format!("no pool of php-fpm is known that listens at {to}"));
        };
        if self.ways.iter().any(|run| run.pool == Some(index)) {
            return;
        }
        by.push(pool.proof("user"));
        let user = pool.value("user").unwrap_or_default().to_owned();
        self.ways.push(Run { user, by, pool: Some(index) });
    }
}

/// `SetHandler` and `AddHandler`, for a file that ends in `.php`.
fn of_handler(door: &Door<'_, '_>, holds: &Holds<'_>, pools: &[Pool], runs: &mut Runs) {
    let Config::Apache(evaluation) = door.server.config else { return };
    let set = holds.value("SetHandler", "");
    let handler = set.text();
    if handler.starts_with("proxy:") {
        return runs.pass(&handler, set.proof("SetHandler", &door.site.at), pools);
    }
    let added = holds.value("AddHandler", "");
    let by_extension = added.setting.values.iter().any(|words| is_php(words));
    let of_php = |name: &str| name.starts_with("application/x-httpd-php") || name == "php-script";
    if !MOD_PHP.iter().any(|module| evaluation.modules.has(module)) || !(of_php(&handler) || by_extension) {
        return;
    }
    let by = if of_php(&handler) {
        set.proof("SetHandler", &door.site.at)
    } else {
        added.proof("AddHandler", &door.site.at)
    };
    let (user, whose) = itk(holds, &door.site.at).unwrap_or_else(|| server(holds, &door.site.at));
    runs.ways.push(Run { user, by: by.into_iter().chain(whose).collect(), pool: None });
}

fn is_php(words: &[String]) -> bool {
    let [handler, extensions @ ..] = words else { return false };
    let php = |extension: &String| extension.trim_start_matches('.').eq_ignore_ascii_case("php");
    handler.starts_with("application/x-httpd-php") && extensions.iter().any(php)
}

/// Programs of a `ScriptAlias` or of the handler `cgi-script`.
fn of_cgi(door: &Door<'_, '_>, holds: &Holds<'_>, runs: &mut Runs) {
    let Config::Apache(evaluation) = door.server.config else { return };
    if !["cgi_module", "cgid_module"].iter().any(|module| evaluation.modules.has(module)) {
        return;
    }
    let aliases = holds.value("ScriptAlias", "").setting;
    let Some(alias) = aliases.chain.iter().find(|step| step.text.to_ascii_lowercase().starts_with("scriptalias"))
    else {
        return;
    };
    let line = Proof::Line { spot: alias.at.clone(), text: alias.text.clone() };
    let suexec = holds.value("SuexecUserGroup", "");
    let declared = suexec.setting.values.last().and_then(|words| words.first());
    let (user, whose) = match declared.filter(|_| evaluation.modules.has("suexec_module")) {
        Some(user) => (user.clone(), suexec.proof("SuexecUserGroup", &door.site.at)),
        None => itk(holds, &door.site.at).unwrap_or_else(|| server(holds, &door.site.at)),
    };
    runs.ways.push(Run { user, by: std::iter::once(line).chain(whose).collect(), pool: None });
}

/// mpm-itk's user of the site.
fn itk(holds: &Holds<'_>, site: &Spot) -> Option<(String, Vec<Proof>)> {
    let assigned = holds.value("AssignUserID", "");
    let user = assigned.setting.values.last()?.first()?.clone();
    Some((user, assigned.proof("AssignUserID", site)))
}

fn server(holds: &Holds<'_>, site: &Spot) -> (String, Vec<Proof>) {
    let user = holds.value("User", "");
    (user.text(), user.proof("User", site))
}

/// The servers of an upstream by its name; an address stands for itself.
fn upstream(door: &Door<'_, '_>, to: &str) -> Vec<String> {
    let Config::Nginx(config, _) = door.server.config else { return Vec::new() };
    let http = config.settings.iter().find(|line| line.name == "http").map_or(&[][..], Setting::inside);
    let named = http.iter().find(|line| line.name == "upstream" && line.first() == to);
    let servers = named.map(|named| named.inside().iter().filter(|line| line.name == "server"));
    servers.map_or_else(|| vec![to.to_owned()], |servers| servers.map(|line| line.first().to_owned()).collect())
}
