//! Script user: as whom the scripts of a site run, and who else can make them run.

mod pools;
mod runs;

use std::path::Path;

use crate::assess::sites::{Notes, each_site};
use crate::host::{Accounts, Door, Holds, Host, Web};
use crate::measure::{Grade, Has, Without};
use crate::measures::daemon::script_user::pools::{Pool, pools};
use crate::measures::daemon::script_user::runs::{Run, Runs, runs};
use crate::model::{Assessed, Confidence, Finding, Proof, ServerKind, Severity, Verdict};

crate::measure! {
    /// # Script user
    ///
    /// The scripts of every site run as an account of its own, so that a hole in one is not a hole in all.
    ///
    /// ## What it looks at
    /// For every site of Apache and nginx, what runs its scripts and as whom: PHP within Apache, CGI programs with and
    /// without suexec, mpm-itk, and the pools of php-fpm behind `SetHandler`, `ProxyPassMatch` and `fastcgi_pass`. Then
    /// which sites share an account although their files belong to different people, and which pools can be spoken to by
    /// the scripts of other sites, or by anybody on the host.
    ///
    /// ## Why it matters
    /// A script can do what its account can. Where all sites run as `www-data`, one forgotten blog reads the passwords of
    /// all shops. A pool with an account of its own does not help while others can hand it scripts to run.
    ///
    /// ## Example
    /// Before:
    ///
    /// ```text
    /// [www]
    /// user = www-data
    /// listen = 127.0.0.1:9000
    /// ```
    ///
    /// After, a pool a site:
    ///
    /// ```text
    /// [shop]
    /// user = shop
    /// listen = /run/php/shop.sock
    /// listen.owner = www-data
    /// listen.mode = 0600
    /// ```
    ///
    /// ## What hardening changes
    /// Nothing yet: changes to a server's configuration cannot be planned.
    ///
    /// ## What the watcher sees
    /// Nothing: logs do not say as whom a script ran.
    ///
    /// ## Whom it affects
    /// Owners of sites: files that scripts write must belong to the new account, and what one site did in the files of
    /// another stops working.
    ///
    /// ## Limits
    /// Pools are read from their files, in the places of Debian and Red Hat; those of other languages and in containers
    /// are not known. Of Apache, `/index.php` stands for all scripts of PHP, and of CGI only `ScriptAlias` is looked for.
    /// Access lists of sockets (`listen.acl_users`) and the folders above them are not weighed. That everybody who may
    /// write `.htaccess` can point `SetHandler` at any socket the server can open is not told either.
    ///
    /// ## References
    /// - PHP, configuration of pools: <https://www.php.net/manual/en/install.fpm.configuration.php>
    /// - Apache, suEXEC: <https://httpd.apache.org/docs/2.4/suexec.html>
    /// - Apache, mod_proxy_fcgi: <https://httpd.apache.org/docs/2.4/mod/mod_proxy_fcgi.html>
    /// - nginx, `fastcgi_pass`: <https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass>
    id: "script-user",
    priority: 40,
    difficulty: Grade::Medium,
    effectiveness: Grade::High,
    impact: Grade::Medium,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("logs do not say as whom a script ran"),
}

/// What `each_site` asks for: a script of PHP.
const SCRIPT: &str = "/index.php";
const KINDS: [ServerKind; 2] = [ServerKind::Apache, ServerKind::Nginx];
const OWN_POOL: &str = "give the site an account and a pool of its own";

/// A site with what runs its scripts.
struct Known {
    name: String,
    /// Of the docroot, where it is there.
    owner: Option<u32>,
    runs: Runs,
}

fn check(web: &Web<'_>) -> Vec<Assessed> {
    let pools = pools(web.host);
    let accounts = web.host.accounts();
    let sites = known(web, &pools);
    let mut assessed = each_site(web, &KINDS, SCRIPT, |door, holds, notes| {
        judge(door, &runs(door, holds, &pools), &sites, &pools, &accounts, notes);
    });
    if !pools.is_empty() {
        let evidence = pools.iter().map(|pool| pool.proof("listen")).collect();
        let findings = pools.iter().flat_map(|pool| of_pool(pool, &accounts)).collect();
        assessed.push(Assessed::host(Verdict::of(findings, evidence)));
    }
    assessed
}

fn known(web: &Web<'_>, pools: &[Pool]) -> Vec<Known> {
    let mut sites = Vec::new();
    for server in web.servers.iter().filter(|server| KINDS.contains(&server.server.kind)) {
        for site in &server.server.sites {
            let Some(door) = web.doors_at(server, site).next() else { continue };
            let holds: Holds<'_> = door.ask(SCRIPT);
            let owner = site.docroot.as_deref().and_then(|docroot| owner(web.host, docroot));
            sites.push(Known { name: site.name().to_owned(), owner, runs: runs(&door, &holds, pools) });
        }
    }
    sites
}

fn owner(host: &Host, docroot: &Path) -> Option<u32> {
    host.about(docroot).ok().map(|about| about.uid)
}

fn judge(door: &Door<'_, '_>, runs: &Runs, sites: &[Known], pools: &[Pool], accounts: &Accounts, notes: &mut Notes) {
    runs.untold.iter().for_each(|cause| notes.unseen(cause.clone()));
    if runs.ways.is_empty() && runs.untold.is_empty() {
        let text = "no scripts of PHP or CGI are run here".to_owned();
        notes.fine(vec![Proof::Line { spot: door.site.at.clone(), text }]);
    }
    for run in &runs.ways {
        notes.fine(run.by.clone());
        as_whom(run, &runs.server, accounts, notes);
        shared(door, run, sites, accounts, notes);
        if let Some(pool) = run.pool.and_then(|index| pools.get(index)) {
            reached(door, run, pool, sites, accounts, notes);
        }
    }
}

fn as_whom(run: &Run, server: &str, accounts: &Accounts, notes: &mut Notes) {
    let user = &run.user;
    if is_root(user, accounts) {
        notes.found(Severity::Critical, "scripts run as root", run.by.clone(), OWN_POOL);
    } else if user == server {
        let text = format!("scripts run as {user}, as which the server itself runs");
        notes.found(Severity::Low, text, run.by.clone(), OWN_POOL);
    }
}

fn is_root(user: &str, accounts: &Accounts) -> bool {
    user == "root" || accounts.user(user).is_some_and(|user| user.uid == 0)
}

/// Other sites whose scripts run as the same account.
fn shared(door: &Door<'_, '_>, run: &Run, sites: &[Known], accounts: &Accounts, notes: &mut Notes) {
    let mine = door.site.docroot.as_deref().and_then(|docroot| owner(door.host, docroot));
    let same =
        |site: &&Known| site.name != door.site.name() && site.runs.ways.iter().any(|other| other.user == run.user);
    for site in sites.iter().filter(same) {
        if let (Some(mine), Some(theirs)) = (mine, site.owner)
            && mine != theirs
        {
            let (one, other) = (accounts.name_of(mine), accounts.name_of(theirs));
            let text = format!(
                "scripts run as {}, like those of {}: files of {one} and of {other} are in one hand",
                run.user, site.name
            );
            notes.found(Severity::Medium, text, run.by.clone(), OWN_POOL);
        }
    }
}

/// Accounts of other sites that can open the socket.
fn reached(door: &Door<'_, '_>, run: &Run, pool: &Pool, sites: &[Known], accounts: &Accounts, notes: &mut Notes) {
    if !matches!(pool.address(), Some(pools::Address::Socket(_))) || pool.mode() & 0o002 != 0 {
        return;
    }
    for site in sites.iter().filter(|site| site.name != door.site.name()) {
        for other in site.runs.ways.iter().filter(|other| other.user != run.user) {
            if opens(pool, &other.user, accounts) {
                let text = format!(
                    "scripts of {} run as {} and can open the socket of this site's pool: they can run code as {}",
                    site.name, other.user, run.user
                );
                let lines = ["listen", "listen.owner", "listen.group", "listen.mode"];
                let evidence = other.by.iter().cloned().chain(lines.map(|name| pool.proof(name))).collect();
                notes.found(
                    Severity::Medium,
                    text,
                    evidence,
                    "let the server's account alone open it, and run no script as that",
                );
            }
        }
    }
}

/// Whether an account may write to a pool's socket.
fn opens(pool: &Pool, user: &str, accounts: &Accounts) -> bool {
    let owner = pool.value("listen.owner").is_some_and(|owner| owner == user) && pool.mode() & 0o200 != 0;
    let group = pool.value("listen.group").and_then(|group| accounts.group_of(group));
    let member = group.zip(accounts.user(user)).is_some_and(|(group, user)| accounts.is_in(user, group));
    owner || member && pool.mode() & 0o020 != 0
}

/// What is wrong with a pool, whichever sites use it.
fn of_pool(pool: &Pool, accounts: &Accounts) -> Vec<Finding> {
    let found = |severity, text: String, names: &[&str], fix: &str| Finding {
        severity,
        confidence: Confidence::High,
        text,
        evidence: names.iter().map(|name| pool.proof(name)).collect(),
        fix: fix.to_owned(),
    };
    let mut findings = Vec::new();
    let (name, user) = (&pool.name, pool.value("user").unwrap_or_default());
    if is_root(user, accounts) {
        let text = format!("pool {name} runs scripts as root");
        findings.push(found(Severity::Critical, text, &["user"], "set user to an account of its own"));
    }
    let socket = "listen at a socket that the server's account alone can open: listen.owner, listen.mode = 0600";
    match pool.address() {
        Some(pools::Address::Socket(_)) if pool.mode() & 0o002 != 0 => {
            let text = format!("every account of this host can run code as {user} through the socket of pool {name}");
            findings.push(found(Severity::Medium, text, &["listen.mode", "listen"], socket));
        }
        Some(address @ pools::Address::Tcp(..)) => {
            let open = address.is_open() && pool.value("listen.allowed_clients").is_none();
            let (severity, who) = match open {
                true => (Severity::High, "whoever reaches its port"),
                false => (Severity::Medium, "every account of this host"),
            };
            let text = format!("{who} can run code as {user} through the port of pool {name}");
            findings.push(found(severity, text, &["listen", "listen.allowed_clients"], socket));
        }
        _ => {}
    }
    findings
}
