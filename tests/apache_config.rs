//! Our evaluation of an Apache configuration equals Apache's own: `apache2 -t -D DUMP_CONFIG`.

#![allow(clippy::disallowed_methods, reason = "makes configurations and asks the real server about them")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use peelhouse::formats::apache::envvars::{self, Environment};
use peelhouse::formats::apache::evaluate::{self, Evaluation, Modules, Start, dump};
use peelhouse::host::Host;
use proptest::prelude::*;

const MODULES: &str = "/usr/lib/apache2/modules";

fn environment() -> Environment {
    let mut environment = Environment::from([("SUFFIX".into(), String::new())]);
    envvars::read(&fs::read("/etc/apache2/envvars").unwrap_or_default(), &mut environment);
    environment
}

/// What Apache says; mod_info, which says it, is loaded from the command line.
fn asked(root: &Path, file: &Path, flags: &[&str]) -> String {
    ask(root, file, flags).unwrap_or_else(|refused| panic!("apache2 refuses {}: {refused}", file.display()))
}

/// The configuration, or why Apache refuses it.
fn ask(root: &Path, file: &Path, flags: &[&str]) -> Result<String, String> {
    let mut command = Command::new("/usr/sbin/apache2");
    command.args(["-C", &format!("LoadModule info_module {MODULES}/mod_info.so"), "-C", "ServerName localhost"]);
    command.arg("-d").arg(root).arg("-f").arg(file).args(["-t", "-D", "DUMP_CONFIG"]);
    for flag in flags {
        command.args(["-D", flag]);
    }
    let answer = command.env_clear().envs(environment()).output();
    let answer = answer.expect("apache2 is not there: `make test` installs it");
    if !answer.status.success() {
        return Err(String::from_utf8_lossy(&answer.stderr).into_owned());
    }
    let said = String::from_utf8(answer.stdout).unwrap();
    // The ServerName of the command line comes first and stands in no file.
    let (_, said) = said.split_once("ServerName localhost\n").expect("Apache printed no configuration");
    Ok(said.to_owned())
}

fn evaluated(root: &Path, file: &Path, flags: &[&str]) -> Evaluation {
    let mut modules = Modules::stock();
    modules.load("info_module");
    let mut start = Start::new(root, file);
    start.flags = flags.iter().map(|flag| (*flag).to_owned()).chain(["DUMP_CONFIG".to_owned()]).collect();
    start.environment = environment();
    start.modules = modules;
    start.version = installed_version();
    evaluate::evaluate(&Host::live(), start)
}

fn installed_version() -> [u32; 3] {
    let said =
        Command::new("/usr/sbin/apache2").arg("-v").output().expect("apache2 is not there: `make test` installs it");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let number = said.split("Apache/").nth(1).and_then(|rest| rest.split(' ').next()).expect("no version");
    let parts: Vec<u32> = number.split('.').map(|part| part.parse().unwrap()).collect();
    [parts[0], parts[1], parts[2]]
}

fn assert_equal(root: &Path, file: &Path, flags: &[&str]) -> Evaluation {
    let ours = evaluated(root, file, flags);
    let (mine, theirs) = (dump::dump(&ours.directives), asked(root, file, flags));
    for (number, (ours, theirs)) in mine.lines().zip(theirs.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {} of the dump of {}", number + 1, file.display());
    }
    assert!(mine == theirs, "one dump of {} is longer: ours {}, Apache's {}", file.display(), mine.len(), theirs.len());
    ours
}

#[test]
fn equals_apache_on_debians_stock_tree() {
    let root = Path::new("/etc/apache2");
    let ours = assert_equal(root, &root.join("apache2.conf"), &[]);
    assert_eq!(ours.problems, []);
    assert!(ours.directives.len() > 100);
}

#[test]
fn equals_apache_on_a_copy_of_the_stock_tree_with_everything_added() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    copy(Path::new("/etc/apache2"), root);
    for module in ["macro", "rewrite", "ssl", "socache_shmcb", "headers", "remoteip", "proxy", "proxy_http"] {
        let load = format!("{module}.load");
        let _ = symlink(root.join("mods-available").join(&load), root.join("mods-enabled").join(&load));
    }
    for (path, text) in ADDED {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(root.join("logs")).unwrap();
    for flags in [&[][..], &["STAGING"], &["STAGING", "Extra"]] {
        let ours = assert_equal(root, &root.join("apache2.conf"), flags);
        let told: Vec<_> = ours.problems.iter().map(ToString::to_string).collect();
        assert!(told[0].ends_with("10-variables.conf:8: variable ${NOBODY} is not defined"), "{told:?}");
        // Apache takes a file's end for the end of its conditions; we tell.
        let unclosed = |text: &String| text.ends_with("parts/b.conf:2: <IfModule> is never closed; add </IfModule>");
        assert!(told.len() == 6 && told.iter().skip(1).take(4).all(unclosed), "{told:?}");
        assert!(told[5].contains("60-lost.conf:5: httpd loses this line"), "{told:?}");
    }
}

#[test]
fn equals_apache_on_red_hats_layout() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("httpd");
    for dir in ["conf", "conf.d", "conf.modules.d", "logs"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    let base = ["mpm_event", "authz_core", "env", "macro"]
        .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"));
    fs::write(root.join("conf.modules.d/00-base.conf"), base.concat()).unwrap();
    let main =
        format!("ServerRoot \"{}\"\nInclude conf.modules.d/*.conf\nIncludeOptional conf.d/*.conf\n", root.display());
    fs::write(root.join("conf/httpd.conf"), main).unwrap();
    fs::write(root.join("conf.d/a.conf"), "<IfModule logio_module>\nSetEnv a 1\n</IfModule>\nUnsetEnv\ta  b\t\n")
        .unwrap();
    let ours = assert_equal(scratch.path(), &root.join("conf/httpd.conf"), &[]);
    assert_eq!((ours.problems, ours.root), (vec![], root));
}

/// Lines that stand anywhere; Apache knows every directive among them.
static LINES: &[&str] = &[
    "UnsetEnv a",
    "UnsetEnv ${A} $x @y ${b}",
    "UnsetEnv 'q' \"x\\\"y\" \\",
    "  UnsetEnv on\\\n  next\t",
    "# note \\\n UnsetEnv hidden",
    "",
    "Define A one",
    "Define b \"${A} two\"",
    "UnDefine A",
    "<Macro m $x @y>\nUnsetEnv $x@y \"$x\"\n\n# left out\nUse n\nUnsetEnv @y${A}\n</Macro>",
    "<Macro n>\nUnsetEnv redefined \\\n here\n</Macro>",
    "Use m 1 '2 \"3'",
    "USE M ${A} $x",
    "Use n",
    "Use ends",
    "Use begins",
    "UndefMacro n\n<Macro N>\n</Macro>",
    "Include part",
    "IncludeOptional p*t",
    "IncludeOptional none",
    "</IfDefine>",
    "<Location /open>",
];

static HEADS: &[(&str, &str)] = &[
    ("<Location /l>", "</Location>"),
    ("<Files  \"f\" >", "</files>"),
    ("<If \"1 > 0\">", "</If>"),
    ("<IfDefine A>", "</IfDefine>"),
    ("<IfDefine !\"A\">", "</IFDEFINE>"),
    ("<IfModule env_module>", "</IfModule>"),
    ("<IfModule !mod_env.c>", "</IfModule>"),
    ("<IfVersion >= 2.4>", "</IfVersion>"),
    ("<IfVersion = 2.2>", "</IfVersion>"),
    ("<IfFile part>", "</IfFile>"),
    ("<IfFile !part>", "</IfFile>"),
    ("<Macro n>", "</Macro>"),
];

/// Lines and sections within sections, mostly as they should be.
fn configuration() -> impl Strategy<Value = String> {
    let line = prop_oneof![20 => 0..LINES.len() - 2, 1 => LINES.len() - 2..LINES.len()];
    let line = line.prop_map(|at| LINES[at].to_owned());
    line.prop_recursive(4, 40, 6, |inner| {
        let body = prop::collection::vec(inner, 0..6).prop_map(|lines| lines.join("\n"));
        (prop::sample::select(HEADS), body).prop_map(|((head, end), body)| format!("{head}\n{body}\n{end}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Either Apache takes a configuration and we see the same in it, or it refuses it and we have something to tell.
    #[test]
    fn equals_apache_on_whatever_is_put_together(
        main in prop::collection::vec(configuration(), 1..8),
        part in prop::sample::select(LINES),
    ) {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        fs::create_dir(root.join("logs")).unwrap();
        let base = ["mpm_event", "authz_core", "env", "macro"].map(|name| {
            format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n")
        });
        let macros = "<Macro m $x @y>\nUnsetEnv @y $x\n</Macro>\n<Macro n>\nUnsetEnv n\n</Macro>\n\
            <Macro begins>\n<IfModule core.c>\n<Location /b>\n</Macro>\n\
            <Macro ends>\n</Location>\nUnsetEnv e\n</IfModule>\n</Macro>\n";
        fs::write(root.join("main"), format!("{}{macros}{}\n", base.concat(), main.join("\n"))).unwrap();
        fs::write(root.join("part"), part).unwrap();
        let ours = evaluated(root, &root.join("main"), &[]);
        match ask(root, &root.join("main"), &[]) {
            Ok(theirs) => prop_assert_eq!(dump::dump(&ours.directives), theirs),
            // Where a section may stand is not our question.
            Err(refused) if [" cannot occur within ", " not allowed in "].iter().any(|misplaced| refused.contains(misplaced)) => {}
            Err(refused) => prop_assert!(!ours.problems.is_empty(), "only Apache refuses: {}", refused),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if fs::symlink_metadata(&source).unwrap().is_symlink() {
            symlink(fs::read_link(&source).unwrap(), target).unwrap();
        } else if source.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}

/// One file a feature, read by `IncludeOptional conf-enabled/*.conf` of the stock file.
static ADDED: &[(&str, &str)] = &[
    (
        "conf-enabled/10-variables.conf",
        "Define Host www.example.org\n\
         Define Where \"/srv/${HOST}\"\n\
         define Both ${where}/${Host}\n\
         <Directory ${both}>\n\
         \tSetEnv A \"${Where} x\"\n\
         \tRequire all granted\n\
         </Directory>\n\
         UnsetEnv ${NOBODY} $x ${rewrite:map} ${\n\
         <IfDefine Host>\n\
         SetEnv B 1\n\
         </IfDefine>\n\
         <IfDefine host>\n\
         SetEnv B 2\n\
         </IfDefine>\n\
         UnDefine HOST\n\
         <IfDefine !\"Host\">\n\
         SetEnv B 3\n\
         </IfDefine>\n\
         UnDefine Host\n\
         <IfDefine !Host >\n\
         SetEnv B 4\n\
         </IfDefine>\n\
         <IfDefine STAGING>\n\
         <IfDefine !Extra>\n\
         SetEnv C ${APACHE_RUN_USER}\n\
         </IfDefine>\n\
         Define Late 1\n\
         </IfDefine>\n\
         <IfDefine Late>\n\
         SetEnv D 1\n\
         </IfDefine>\n",
    ),
    (
        "conf-enabled/20-conditions.conf",
        "<IfModule mod_ssl.c>\n SSLProtocol all -SSLv3\n</IfModule>\n\
         <IfModule ssl_module>\n SSLCompression off\n</IfModule>\n\
         <IfModule !mod_ssl.c>\n SetEnv never 1\n <Location /x>\n </Location>\n</IfModule>\n\
         <IfModule mod_mpm_event.c>\n SetEnv never 2\n</IfModule>\n\
         <ifmodule event.c>\n SetEnv M 1\n</IFMODULE>\n\
         <IfModule !mpm_prefork_module>\n <IfModule \"log_config_module\">\n SetEnv M 2\n </IfModule>\n</IfModule>\n\
         <IfModule Mod_SSL.c>\n SetEnv never 3\n</IfModule>\n\
         <IfVersion >= 2.4>\n SetEnv V 1\n</IfVersion>\n\
         <IfVersion 2.4>\n SetEnv V 2\n</IfVersion>\n\
         <IfVersion !< 2.2.9>\n SetEnv V 3\n</IfVersion>\n\
         <IfVersion = /^2\\.4/>\n SetEnv V 4\n</IfVersion>\n\
         <IfVersion ~ \"^2\\.[0-4]\\.\">\n SetEnv V 5\n</IfVersion>\n\
         <IfVersion !~ ^2>\n SetEnv V 6\n</IfVersion>\n\
         <IfVersion < 2.5>\n SetEnv V 7\n</IfVersion>\n\
         <IfVersion > 2.4.0>\n SetEnv V 8\n</IfVersion>\n\
         <IfFile ports.conf>\n SetEnv F 1\n</IfFile>\n\
         <IfFile \"/nowhere\">\n SetEnv F 2\n</IfFile>\n\
         <IfFile !mods-enabled>\n SetEnv F 3\n</IfFile>\n\
         <IfDirective sslengine>\n SetEnv X 1\n</IfDirective>\n\
         <IfDirective !DavLockDB>\n SetEnv X 2\n</IfDirective>\n\
         <IfDirective \"<VirtualHost\">\n SetEnv X 3\n</IfDirective>\n\
         <IfSection VirtualHost>\n SetEnv X 4\n</IfSection>\n\
         <IfSection ProxyMatch>\n SetEnv X 5\n</IfSection>\n\
         <IfSection Nonsense>\n SetEnv X 6\n</IfSection>\n\
         <IfModule mod_nothing.c>\n ! this is \"not even\n <Whatever a>\n </Whatever>\n</IfModule>\n",
    ),
    (
        "conf-enabled/30-sections.conf",
        "<Directory /empty>\n</Directory>\n\
         <Location  /spaced  >\r\n  SetEnv long \\\r\n   value\r\n</Location>\n\
         # a comment that goes \\\n on here SetEnv never 4\n\
         <Location /if>\n\
         <If \"%{REQUEST_URI} =~ m#^/a>b#\">\n SetEnv I 1\n</If>\n\
         <ElseIf \"-z %{HTTP_HOST}\">\n SetEnv I 2\n</ElseIf>\n\
         <Else>\n <IfModule mod_ssl.c>\n SetEnv I 3\n </IfModule>\n</Else>\n\
         <Limit GET POST>\n Require all granted\n </Limit>\n\
         </LOCATION>\n\
         <VirtualHost *:8080 [::1]:8081>\n ServerName 'quoted name'\n Include parts\n\
         <IfFile parts>\n IncludeOptional none-here.conf\n </IfFile>\n</VirtualHost>\n",
    ),
    (
        "conf-enabled/40-macros.conf",
        "<Macro VHost $name $port @quoted %plain>\n\
         # left out\n\n\
         <VirtualHost *:$port>\n\
         \tServerName $name\n\
         \tSetEnv q @quoted \n\
         \tUnsetEnv %plain $name%plain \\\n  end\n\
         \tUse Inner $name \"$port\"\n\
         \t<IfDefine STAGING>\n\t\tSetEnv staging 1\n\t</IfDefine>\n\
         </VirtualHost>\n\
         </Macro>\n\
         <Macro Inner $n $na>\n\
         <Location /$na/$n>\n\tRequire all denied\n</Location>\n\
         Include parts/[ab]*.conf\n\
         </Macro>\n\
         <Macro Open %n>\n<VirtualHost *:%n>\nServerName open%n\n</Macro>\n\
         <Macro Outer $a>\n<Macro Made$a $b>\nSetEnv made$a $b\n</Macro>\nUse Made$a 1\n</Macro>\n\
         Use VHost a.example.org 81 'say \"hi\" \\ x' plain\n\
         use vhost b.example.org 82 \"\" ${APACHE_RUN_GROUP}\n\
         Use Open 83\n SetEnv within 1\n</VirtualHost>\n\
         Use Outer One\nUse MadeOne 2\n\
         UndefMacro Inner\n\
         <Macro Inner>\nSetEnv redefined 1\n</Macro>\n\
         Use Inner\n",
    ),
    (
        "conf-enabled/50-includes.conf",
        "Include parts/sub/../a.conf\n\
         Include tree\n\
         Include t*e/?[!0-9]*.conf\n\
         IncludeOptional t*e/missing.conf\n\
         IncludeOptional nowhere/*/x.conf\n\
         IncludeOptional parts/*.none\n\
         <Location /included>\n Include parts/*.conf\n SetEnv after 1\n</Location>\n\
         Include \"with space/a b.conf\"\n",
    ),
    ("conf-enabled/60-lost.conf", "<Macro Last $a>\nSetEnv last $a\n</Macro>\nUse Last 1\nUse Last 2"),
    ("parts/a.conf", "SetEnv part a\n"),
    ("parts/b.conf", "SetEnv part b\n<IfModule mod_ssl.c>\nSetEnv unclosed 1\n"),
    ("parts/.hidden.conf", "SetEnv part hidden\n"),
    ("parts/c.conf", "SetEnv part c"),
    ("tree/b.conf", "SetEnv tree b\n"),
    ("tree/B.conf", "SetEnv tree B\n"),
    ("tree/sub/z.conf", "SetEnv tree z\n"),
    ("tree/sub/1.conf", "SetEnv tree 1\n"),
    ("tree/bb.conf~", "SetEnv tree backup\n"),
    ("tree/cc.conf", "SetEnv tree cc \\\n"),
    ("with space/a b.conf", "SetEnv spaced 1\n"),
];
