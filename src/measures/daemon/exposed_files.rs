//! Exposed files: what lies below a docroot that nobody means to hand out, and would be.

mod names;
mod pages;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use crate::assess::sites::{Notes, each_site};
use crate::host::{Accounts, Below, Bounds, Door, Found, Gets, Holds, Host, Web, clock};
use crate::measure::{Grade, Has, Without};
use crate::measures::daemon::exposed_files::names::{REPOSITORIES, REPOSITORY, SOURCES, Sort};
use crate::model::{Assessed, Proof, ServerKind, Severity, Spot};

crate::measure! {
    /// # Exposed files
    ///
    /// A repository, a dump or a copy of a file of settings below a docroot is one request away from everybody.
    ///
    /// ## What it looks at
    /// Every file that lies below the docroot of a site of Apache or nginx: hidden files, repositories, files of settings
    /// and passwords, private keys, dumps, archives that look like a backup of the site, logs, the copies that editors
    /// leave, and scripts that are sent instead of run (one of an ending is asked for in each folder). Of each it is
    /// worked out what a stranger who asks for it would get there, after all sections, rules, `.htaccess` and permission
    /// bits; what is refused, redirected or run as a script is not told.
    /// Likewise directories without an index page, and the pages of mod_status, mod_info and `stub_status`.
    ///
    /// ## Why it matters
    /// `/.env`, `/.git/config` and `/backup.zip` are asked for on every host within hours of its first day. Whoever gets
    /// one has passwords and source without attacking anything.
    ///
    /// ## Example
    /// Before:
    ///
    /// ```text
    /// GET /wp-config.php.bak   200, the password of the database
    /// ```
    ///
    /// After: `404`.
    ///
    /// ## What hardening changes
    /// Nothing yet. By hand: move the file out of the docroot; where it must stay, answer 404 in the main server.
    /// `Require all denied` is the weaker way: a `<Location>` of a virtual host with `Require all granted` undoes it.
    ///
    /// ## What the watcher sees
    /// Nothing of its own: odd-requests sees who asks for such files, and who gets them.
    ///
    /// ## Whom it affects
    /// Whoever counts on the address of such a file, which is seldom anybody.
    ///
    /// ## Limits
    /// A walk ends after 100000 names, 32 levels or 5 seconds a docroot, and says so. It follows no links, and does not
    /// look below aliases and below roots of single locations of nginx. The stranger asks from the internet and has no
    /// password: what only some addresses or those who log in may read is not told. A proxy on this very host turns
    /// strangers into `Require local`. What an application hands out itself cannot be seen from here.
    ///
    /// ## References
    /// - Apache, `RedirectMatch`: <https://httpd.apache.org/docs/2.4/mod/mod_alias.html#redirectmatch>
    /// - Apache, how sections are merged: <https://httpd.apache.org/docs/2.4/sections.html#merging>
    /// - nginx, `location`: <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    /// - RFC 8615, `.well-known`: <https://www.rfc-editor.org/rfc/rfc8615>
    id: "exposed-files",
    priority: 20,
    difficulty: Grade::Low,
    effectiveness: Grade::High,
    impact: Grade::Low,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("odd-requests sees who asks for such files, and who gets them"),
}

const BOUNDS: Bounds = Bounds { names: 100_000, depth: 32, time: Duration::from_secs(5) };
/// For asking the configuration, of one site.
const MOST_ASKING: Duration = Duration::from_secs(10);
/// Files that one finding names.
const NAMED: usize = 10;

type Walks = RefCell<BTreeMap<PathBuf, Rc<Result<Below, String>>>>;

/// What strangers get, by sort: the URL and file of each, and what admits them.
type Exposed = BTreeMap<&'static str, (Sort, Vec<(String, PathBuf, Vec<Proof>)>)>;

fn check(web: &Web<'_>) -> Vec<Assessed> {
    let walks = Walks::default();
    let accounts = web.host.accounts();
    each_site(web, &[ServerKind::Apache, ServerKind::Nginx], "/", |door, holds, notes| {
        pages::check(door, notes);
        let Some(docroot) = &door.site.docroot else {
            let text = "no docroot: no file is served from one".to_owned();
            return notes.fine(vec![Proof::Line { spot: door.site.at.clone(), text }]);
        };
        if !web.host.exists(docroot) {
            let text = format!("its docroot {} is not there", docroot.display());
            return notes.fine(vec![Proof::Line { spot: door.site.at.clone(), text }]);
        }
        match walked(&walks, web.host, docroot).as_ref() {
            Ok(below) => judge(door, docroot, below, &Reader::of(&accounts, holds), notes),
            Err(cause) => notes.unseen(cause.clone()),
        }
    })
}

/// Sites often share a docroot: each is walked once.
fn walked(walks: &Walks, host: &Host, docroot: &Path) -> Rc<Result<Below, String>> {
    let known = walks.borrow().get(docroot).map(Rc::clone);
    known.unwrap_or_else(|| {
        let repository = |dir: &Path| REPOSITORIES.iter().any(|(name, _)| dir.ends_with(name));
        let below = host.below(docroot, BOUNDS, |dir| !repository(dir)).map_err(|error| error.to_string());
        let below = Rc::new(below);
        walks.borrow_mut().insert(docroot.to_owned(), Rc::clone(&below));
        below
    })
}

/// Whom the server's processes are, for permission bits.
struct Reader<'r> {
    accounts: &'r Accounts,
    holds: &'r Holds<'r>,
    /// Folders and endings of scripts that were asked for.
    asked: RefCell<HashSet<(PathBuf, Option<OsString>)>>,
}

impl<'r> Reader<'r> {
    fn of(accounts: &'r Accounts, holds: &'r Holds<'r>) -> Self {
        Self { accounts, holds, asked: RefCell::default() }
    }

    /// One script stands for all of its ending in a folder: an application has thousands.
    fn is_new(&self, script: &Path) -> bool {
        let folder = script.parent().unwrap_or(script).to_owned();
        self.asked.borrow_mut().insert((folder, script.extension().map(OsStr::to_owned)))
    }

    /// True as well where the server's account is not known.
    fn can_read(&self, file: &Found) -> bool {
        let name = self.holds.value("User", "user").text();
        let user = self.accounts.user(name.split(' ').next().unwrap_or_default());
        user.is_none_or(|user| self.accounts.can_read(user, file))
    }
}

fn judge(door: &Door<'_, '_>, docroot: &Path, below: &Below, reader: &Reader<'_>, notes: &mut Notes) {
    let since = clock::monotonic();
    let mut exposed = Exposed::new();
    below.missed.iter().for_each(|cause| notes.unseen(cause.clone()));
    list(door, docroot, docroot, &mut exposed, notes);
    for found in &below.found {
        if since.elapsed() > MOST_ASKING {
            notes.unseen(format!("stopped asking at {}", found.path.display()));
            break;
        }
        if found.is_dir && !reader.can_read(found) {
            continue;
        }
        match repository(found) {
            Some(inner) => ask(door, docroot, &inner, REPOSITORY, &mut exposed, notes),
            None if found.is_dir => list(door, docroot, &found.path, &mut exposed, notes),
            None => file(door, docroot, found, reader, &mut exposed, notes),
        }
    }
    let spot = Proof::Line { spot: door.site.at.clone(), text: format!("{} names looked at", below.found.len()) };
    notes.fine(vec![spot]);
    exposed.into_values().for_each(|(sort, files)| tell(sort, files, notes));
}

/// The file to ask for where a directory is a repository.
fn repository(found: &Found) -> Option<PathBuf> {
    let kind = REPOSITORIES.iter().find(|(name, _)| found.is_dir && found.path.ends_with(name));
    kind.map(|(_, file)| found.path.join(file))
}

fn file(
    door: &Door<'_, '_>,
    docroot: &Path,
    found: &Found,
    reader: &Reader<'_>,
    exposed: &mut Exposed,
    notes: &mut Notes,
) {
    let Ok(below) = found.path.strip_prefix(docroot) else { return };
    let sort = names::sort(door.host, &found.path, below, door.site.name());
    if let Some(sort) = sort.filter(|sort| reader.can_read(found) && (*sort != SOURCES || reader.is_new(&found.path))) {
        ask(door, docroot, &found.path, sort, exposed, notes);
    }
}

/// Notes a file that a stranger gets as it is.
fn ask(door: &Door<'_, '_>, docroot: &Path, path: &Path, sort: Sort, exposed: &mut Exposed, notes: &mut Notes) {
    let Some(url) = url(docroot, path) else {
        return notes.unseen(format!("{} has a name that is not UTF-8", path.display()));
    };
    let served = door.served(&url);
    match served.gets {
        Gets::File(_) => {
            exposed.entry(sort.many).or_insert((sort, Vec::new())).1.push((url, path.to_owned(), served.by));
        }
        Gets::Untold(why) => notes.unseen(format!("{url}: {why}")),
        _ => {}
    }
}

const LISTING: Sort = Sort { many: "directories", severity: Severity::Low };

/// Notes a directory of which a stranger gets the names.
fn list(door: &Door<'_, '_>, docroot: &Path, dir: &Path, exposed: &mut Exposed, notes: &mut Notes) {
    let Some(url) = url(docroot, dir).map(|url| if url.ends_with('/') { url } else { format!("{url}/") }) else {
        return notes.unseen(format!("{} has a name that is not UTF-8", dir.display()));
    };
    let served = door.served(&url);
    if let Gets::Listing(_) = served.gets {
        exposed.entry(LISTING.many).or_insert((LISTING, Vec::new())).1.push((url, dir.to_owned(), served.by));
    }
}

fn url(docroot: &Path, path: &Path) -> Option<String> {
    Some(format!("/{}", path.strip_prefix(docroot).ok()?.to_str()?))
}

fn tell(sort: Sort, files: Vec<(String, PathBuf, Vec<Proof>)>, notes: &mut Notes) {
    let Some((url, ..)) = files.first() else { return };
    let rest = match files.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (text, fix) = if sort == LISTING {
        let fix = "take Indexes out of Options, or set autoindex off; or put an index page there";
        (format!("anybody gets the list of what lies in {url}{rest}"), fix)
    } else {
        let fix = "move it out of the docroot; or answer 404 for such names, by RedirectMatch or a location";
        (format!("anybody gets {}: {url}{rest}", sort.many), fix)
    };
    let mut evidence: Vec<Proof> = Vec::new();
    for (url, file, by) in files.into_iter().take(NAMED) {
        evidence.push(Proof::Line { spot: Spot { file, line: 1 }, text: format!("served as {url}") });
        evidence.extend(by.into_iter().filter(|line| !evidence.contains(line)).collect::<Vec<_>>());
    }
    notes.found(sort.severity, text, evidence, fix);
}
