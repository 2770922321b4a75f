//! What a directive amounts to and which lines made it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use peelhouse::effective::apache::{Access, Asked, Sites};
use peelhouse::effective::{Effect, Setting};
use peelhouse::formats::Files;
use peelhouse::formats::apache::evaluate::{self, Evaluation, Start};

/// A disk of texts.
pub struct Texts(BTreeMap<PathBuf, String>);

impl Texts {
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect())
    }

    pub fn evaluation(&self) -> Evaluation {
        evaluate::evaluate(self, Start::new("/etc/apache2", "apache2.conf"))
    }
}

impl Files for Texts {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| "no such file".into())
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, String> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(dir).ok());
        let mut names: Vec<String> =
            below.filter_map(|path| Some(path.components().next()?.as_os_str().to_str()?.to_owned())).collect();
        names.dedup();
        Ok(names)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.0.keys().any(|file| file != path && file.starts_with(path))
    }
}

const MODULES: &str = "LoadModule headers_module m\nLoadModule alias_module m\nLoadModule authz_core_module m\n\
    LoadModule ssl_module m\nLoadModule mime_module m\nLoadModule dir_module m\nLoadModule php_module m\n";

/// What a site says of a directive at a path.
fn setting(files: &[(&str, &str)], host: &str, path: &str, name: &str) -> Setting {
    let texts = Texts::new(files);
    let evaluation = texts.evaluation();
    let sites = Sites::of(&evaluation);
    let site = sites.answering("192.0.2.1".parse().unwrap(), 80, host);
    site.ask(&Asked::get(path), &texts).setting(name)
}

fn chain(setting: &Setting) -> Vec<String> {
    let told =
        setting.chain.iter().map(|step| format!("{}:{} {:?}", step.at.file.display(), step.at.line, step.effect));
    told.map(|told| told.replace("/etc/apache2/apache2.conf", "conf")).collect()
}

#[test]
fn every_line_tells_what_it_did() {
    let main = format!(
        "{MODULES}DocumentRoot /srv\nServerTokens Prod\nHeader set X-A 1\n<Directory /srv>\nOptions Indexes\nAllowOverride All\n\
         </Directory>\n<VirtualHost *:80>\nServerName a\nHeader always set X-A 2\n<Location />\nOptions -Indexes\n</Location>\n</VirtualHost>\n"
    );
    let files =
        [("/etc/apache2/apache2.conf", main.as_str()), ("/srv/d/.htaccess", "\nOptions None\n"), ("/srv/d/f", "")];
    let options = setting(&files, "a", "/d/f", "options");
    assert_eq!(options.values, [Vec::<String>::new()]);
    assert_eq!(chain(&options), ["conf:12 Replaced", "/srv/d/.htaccess:2 Replaces", "conf:19 Adds"]);
    let header = setting(&files, "a", "/d/f", "Header");
    assert_eq!(header.values, [vec!["set", "X-A", "1"], vec!["always", "set", "X-A", "2"]]);
    assert_eq!(chain(&header), ["conf:10 Adds", "conf:17 Adds"]);
    assert_eq!(setting(&files, "a", "/", "ServerTokens").values, [["Prod"]]);
    assert_eq!(setting(&files, "a", "/", "FileETag"), Setting { values: vec![], chain: vec![] });
}

#[test]
fn servers_have_their_own_and_inherit_the_rest() {
    let main = format!(
        "{MODULES}DocumentRoot /srv\nSSLProtocol all\nLimitRequestLine 100\nKeepAliveTimeout 9\nRequestReadTimeout header=1\nRedirect /m /x\n\
         TraceEnable off\n<VirtualHost *:80>\nServerName first\nLimitRequestLine 200\nKeepAliveTimeout 2\n</VirtualHost>\n\
         <VirtualHost *:80>\nServerName own\nServerAlias other\nLimitRequestLine 300\nKeepAliveTimeout 4\nSSLProtocol -all +TLSv1.3\nRedirect /o /x\n</VirtualHost>\n\
         <VirtualHost *:80>\nServerName bare\nTraceEnable on\n</VirtualHost>\n"
    );
    let files = [("/etc/apache2/apache2.conf", main.as_str()), ("/srv/f", "")];
    let one =
        |host: &str, name: &str| setting(&files, host, "/f", name).values.into_iter().flatten().collect::<Vec<_>>();
    // Requests are read by the first virtual host of the address, before their name is known.
    assert_eq!([one("own", "LimitRequestLine"), one("bare", "LimitRequestLine")], [["200"], ["200"]]);
    assert_eq!([one("own", "KeepAliveTimeout"), one("bare", "KeepAliveTimeout")], [["4"], ["2"]]);
    assert_eq!(one("own", "SSLProtocol"), ["-all", "+TLSv1.3"]);
    assert_eq!(one("bare", "SSLProtocol"), ["all"]);
    assert_eq!([one("own", "TraceEnable"), one("bare", "TraceEnable")], [["off"], ["on"]]);
    assert_eq!(one("own", "Redirect"), ["Redirect", "/o", "/x", "Redirect", "/m", "/x"]);
    assert_eq!(one("bare", "ServerAlias"), [""; 0]);
    assert_eq!(one("other", "ServerAlias"), ["other"]);
}

#[test]
fn kinds_of_merging() {
    let main = format!(
        "{MODULES}DocumentRoot /srv\nphp_admin_value open_basedir /srv\nphp_value memory_limit 1\nErrorDocument 404 /main\nDirectoryIndex a b\n\
         <Directory /srv>\nAllowOverride All\nAddHandler x .php .cgi\nErrorDocument 403 /dir\nDirectoryIndex c\nDirectoryIndex d\nAuthMerging Off\nRequire all denied\n\
         NoSuchDirective 1\n</Directory>\n"
    );
    let files = [
        ("/etc/apache2/apache2.conf", main.as_str()),
        (
            "/srv/d/.htaccess",
            "php_value open_basedir none\nphp_value memory_limit 2\nAddHandler y .php\nErrorDocument 404 /own\nRequire all granted\n",
        ),
        ("/srv/d/f", ""),
    ];
    let values = |name: &str| setting(&files, "a", "/d/f", name).values;
    assert_eq!(
        values("php_value"),
        [["php_admin_value", "open_basedir", "/srv"], ["php_value", "memory_limit", "2"]],
        "what the administrator set stays"
    );
    assert_eq!(values("AddHandler"), [vec!["x", ".php", ".cgi"], vec!["y", ".php"]]);
    assert_eq!(values("ErrorDocument"), [["403", "/dir"], ["404", "/own"]]);
    assert_eq!(values("DirectoryIndex"), [["c"], ["d"]]);
    assert_eq!(values("Require"), [["Require", "all", "granted"]]);
    assert_eq!(values("NoSuchDirective"), [["1"]]);
    let php = setting(&files, "a", "/d/f", "php_value");
    let ignored = |step: &peelhouse::effective::Step| matches!(step.effect, Effect::Ignored(_));
    assert_eq!(php.chain.iter().filter(|step| ignored(step)).count(), 1);
}

#[test]
fn what_cannot_be_told_is_not_guessed() {
    let main = format!(
        "{MODULES}DocumentRoot /srv\n<Directory /srv>\nRequire all granted\n</Directory>\n<If \"%{{HTTP:X-Inner}} == 'yes'\">\nHeader set X-A 1\n</If>\n\
         <LocationMatch \"(?<broken\">\nRequire all denied\n</LocationMatch>\n<Location /ip>\nRequire ip 10.0.0.0/8\n</Location>\n\
         <Location /env>\nRequire env let_in\n</Location>\n"
    );
    let files = [("/etc/apache2/apache2.conf", main.as_str()), ("/srv/f", "")];
    let texts = Texts::new(&files);
    let evaluation = texts.evaluation();
    let sites = Sites::of(&evaluation);
    let site = sites.answering("192.0.2.1".parse().unwrap(), 80, "a");
    let effective = site.ask(&Asked::get("/f"), &texts);
    let header = effective.setting("Header");
    assert_eq!((header.values.len(), header.chain.len()), (0, 1));
    assert!(matches!(header.chain[0].effect, Effect::Ignored(why) if why.contains("could not tell")));
    let doubts: Vec<String> = effective.doubts().iter().map(|doubt| doubt.at.line.to_string()).collect();
    assert_eq!(doubts, ["15", "12"]);
    assert!(matches!(effective.access(), Access::Depends(on) if on.contains("apache2.conf:15")));
    for path in ["/ip", "/env"] {
        assert!(matches!(site.ask(&Asked::get(path), &texts).access(), Access::Depends(_)), "{path}");
    }
}
