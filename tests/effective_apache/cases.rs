//! The traps of merging, each with what a client of Apache sees; the engine must say the same.

use peelhouse::effective::apache::Sites;

use crate::server::{Site, difference};

/// A configuration, files beside it, and requests: host, method, path, and what a client sees: status, own fields, listing.
struct Case {
    name: &'static str,
    configuration: &'static str,
    files: &'static [(&'static str, &'static str)],
    asked: &'static [(&'static str, &'static str, &'static str, u16)],
}

#[test]
fn the_engine_says_what_clients_see() {
    let mut wrong = Vec::new();
    for case in CASES {
        let site = Site::new();
        site.write("www/index.txt", "text");
        for (path, text) in case.files {
            site.write(path, text);
        }
        site.configure(&format!("{}{}", BASE, case.configuration));
        let running = site.start();
        let mut client = running.client();
        let evaluation = site.evaluation();
        let sites = Sites::of(&evaluation);
        for (host, method, path, status) in case.asked {
            let seen = client.ask(host, method, path);
            let answer = site.predicted(&sites, host, method, path);
            let told = format!("{}: {method} {path} of {host}", case.name);
            if seen.status != *status {
                wrong.push(format!("{told}: the case says {status}, Apache {}", seen.status));
            }
            if answer.status.is_none() {
                wrong.push(format!("{told}: no answer but {:?}", answer.outcome));
            }
            wrong.extend(difference(&seen, &answer, host, method, site.port).map(|text| format!("{told}: {text}")));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

const BASE: &str = "DocumentRoot ROOT/www\n<Directory />\nRequire all denied\n</Directory>\n\
    <Directory ROOT/www>\nRequire all granted\n</Directory>\n";

static CASES: &[Case] = &[
    Case {
        name: "two tables of fields",
        configuration: "Header always set X-Frame SAMEORIGIN\nHeader set X-Srv main\n\
            <VirtualHost 127.0.0.1:PORT>\nServerName a.test\nHeader set X-Frame DENY\nHeader always set X-Own a\n</VirtualHost>\n\
            <VirtualHost 127.0.0.1:PORT>\nServerName b.test\nHeader always unset X-Frame\nHeader append X-Srv more\nHeader merge X-Srv main\n\
            Header add X-Srv twice\nHeader edit X-Srv ^m ME\nHeader always setifempty X-Own b\n</VirtualHost>\n",
        files: &[],
        asked: &[
            ("a.test", "GET", "/index.txt", 200),
            ("a.test", "GET", "/missing", 404),
            ("b.test", "GET", "/index.txt", 200),
            ("b.test", "HEAD", "/index.txt", 200),
            ("B.TEST", "GET", "/missing", 404),
        ],
    },
    Case {
        name: "options and listings",
        configuration: "Options -Indexes\n<Directory ROOT/www>\nOptions Indexes FollowSymLinks\nAllowOverride All\n</Directory>\n\
            <VirtualHost *:PORT>\nServerName a.test\n</VirtualHost>\n\
            <VirtualHost *:PORT>\nServerName b.test\n<Location \"/\">\nOptions -Indexes\n</Location>\n</VirtualHost>\n",
        files: &[
            ("www/over/.htaccess", "Options +Indexes\nHeader set X-Over 1\n"),
            ("www/over/f", ""),
            ("www/plain/f", ""),
        ],
        asked: &[
            ("a.test", "GET", "/plain/", 200),
            ("a.test", "GET", "/plain", 301),
            ("b.test", "GET", "/plain/", 403),
            ("b.test", "GET", "/over/", 403),
            ("b.test", "GET", "/over/f", 200),
        ],
    },
    Case {
        name: "rules of the main server",
        configuration: "RewriteEngine On\nRewriteRule ^/blocked - [F]\n\
            <VirtualHost *:PORT>\nServerName a.test\nRewriteEngine On\n</VirtualHost>\n\
            <VirtualHost *:PORT>\nServerName b.test\nRewriteEngine On\nRewriteOptions Inherit\nRewriteRule ^/gone - [G]\n</VirtualHost>\n\
            <VirtualHost *:PORT>\nServerName c.test\nRewriteRule ^/gone - [G]\n</VirtualHost>\n",
        files: &[("www/blocked.txt", "b")],
        asked: &[
            ("a.test", "GET", "/blocked.txt", 200),
            ("b.test", "GET", "/blocked.txt", 403),
            ("b.test", "GET", "/gone", 410),
            ("c.test", "GET", "/gone", 410),
            ("c.test", "GET", "/blocked.txt", 200),
        ],
    },
    Case {
        name: "tracing",
        configuration: "TraceEnable off\nHeader always set X-A 1\nHeader set X-B 1\n\
            <VirtualHost *:PORT>\nServerName a.test\n</VirtualHost>\n\
            <VirtualHost *:PORT>\nServerName b.test\nTraceEnable on\nRedirect /moved http://elsewhere.test/\n</VirtualHost>\n",
        files: &[],
        asked: &[
            ("a.test", "TRACE", "/index.txt", 405),
            ("b.test", "TRACE", "/index.txt", 200),
            ("b.test", "TRACE", "/moved", 302),
            ("b.test", "GET", "/moved/x", 302),
        ],
    },
    Case {
        name: "require is replaced by what merges last",
        configuration: "<FilesMatch \"^\\.ht\">\nRequire all denied\n</FilesMatch>\n\
            <LocationMatch \"/\\.(?!well-known/)\">\nRequire all denied\n</LocationMatch>\n\
            <VirtualHost *:PORT>\nServerName a.test\n<Location /open>\nRequire all granted\n</Location>\n</VirtualHost>\n\
            <VirtualHost *:PORT>\nServerName b.test\n<Location \"/\">\nRequire all granted\n</Location>\n</VirtualHost>\n\
            <VirtualHost *:PORT>\nServerName c.test\nRedirectMatch 404 \"/\\.(?!well-known/)\"\n<Location \"/\">\nRequire all granted\n</Location>\n</VirtualHost>\n\
            <VirtualHost *:PORT>\nServerName d.test\n<Location \"/\">\nAuthMerging And\nRequire all granted\n</Location>\n</VirtualHost>\n",
        files: &[("www/open/.htpasswd", "x"), ("www/.git/config", "x"), ("www/.well-known/x", "x")],
        asked: &[
            ("a.test", "GET", "/open/.htpasswd", 200),
            ("a.test", "GET", "/.git/config", 403),
            ("a.test", "GET", "/.well-known/x", 200),
            ("b.test", "GET", "/.git/config", 200),
            ("c.test", "GET", "/.git/config", 404),
            ("c.test", "GET", "/.well-known/x", 200),
            ("d.test", "GET", "/.git/config", 403),
        ],
    },
    Case {
        name: "merging of Require within and across kinds of sections",
        configuration: "<VirtualHost *:PORT>\nServerName a.test\n\
            <Directory ROOT/www/m>\nAuthMerging And\nRequire all denied\n</Directory>\n\
            <Directory ROOT/www/m/o>\nAuthMerging Or\nRequire ip 127.0.0.1\n</Directory>\n\
            <Files a.txt>\nAuthMerging Off\nRequire all granted\n</Files>\n\
            <Files *.txt>\nAuthMerging And\nRequire method GET\n</Files>\n\
            <Directory ROOT/www/n>\n<RequireAll>\nRequire all granted\nRequire not ip 10.0.0.0/8\n<RequireNone>\nRequire method HEAD\n</RequireNone>\n</RequireAll>\n</Directory>\n\
            <Directory ROOT/www/l>\n<Limit POST>\nRequire all denied\n</Limit>\n</Directory>\n\
            <Directory ROOT/www/x>\n<LimitExcept GET>\nRequire all denied\n</LimitExcept>\n</Directory>\n\
            </VirtualHost>\n",
        files: &[
            ("www/m/f", ""),
            ("www/m/a.txt", "a"),
            ("www/m/o/f", ""),
            ("www/n/f", ""),
            ("www/l/f", ""),
            ("www/x/f", ""),
        ],
        asked: &[
            ("a.test", "GET", "/m/f", 403),
            ("a.test", "GET", "/m/a.txt", 403),
            ("a.test", "GET", "/m/o/f", 200),
            ("a.test", "GET", "/n/f", 403),
            ("a.test", "POST", "/n/f", 200),
            ("a.test", "GET", "/l/f", 200),
            ("a.test", "POST", "/l/f", 403),
            ("a.test", "POST", "/x/f", 403),
            ("a.test", "GET", "/x/f", 200),
        ],
    },
    Case {
        name: "a module that merges nothing",
        configuration: "<VirtualHost *:PORT>\nServerName a.test\n<Directory ROOT/www/d>\nOrder deny,allow\nDeny from all\n</Directory>\n\
            <Directory ROOT/www/d/e>\nAllow from 10.0.0.1\n</Directory>\n<Directory ROOT/www/s>\nOrder deny,allow\nDeny from all\nSatisfy Any\n</Directory>\n\
            <Directory ROOT/www/t>\nOrder allow,deny\nAllow from 127\nDeny from 127.0.0.1\n</Directory>\n</VirtualHost>\n",
        files: &[("www/d/f", ""), ("www/d/e/f", ""), ("www/s/f", ""), ("www/t/f", "")],
        asked: &[
            ("a.test", "GET", "/d/f", 403),
            ("a.test", "GET", "/d/e/f", 200),
            ("a.test", "GET", "/s/f", 200),
            ("a.test", "GET", "/t/f", 403),
        ],
    },
    Case {
        name: "the virtual host that answers",
        configuration: "<VirtualHost *:*>\nServerName any.test\nHeader set X-Own any\n</VirtualHost>\n\
            <VirtualHost *:PORT>\nServerName star.test\nHeader set X-Own star\n</VirtualHost>\n\
            <VirtualHost 127.0.0.1:PORT>\nServerName first.test\nHeader set X-Own first\nServerAlias *.wild.test\n</VirtualHost>\n\
            <VirtualHost 127.0.0.1:PORT *:PORT>\nServerName http://second.test:99\nHeader set X-Own second\nServerAlias x.wild.test W?.test third.test\n</VirtualHost>\n\
            <VirtualHost 127.0.0.1>\nServerName noport.test\nHeader set X-Own noport\n</VirtualHost>\n",
        files: &[],
        asked: &[
            ("any.test", "GET", "/index.txt", 200),
            ("star.test", "GET", "/index.txt", 200),
            ("second.test", "GET", "/index.txt", 200),
            ("x.wild.test", "GET", "/index.txt", 200),
            ("wx.test", "GET", "/index.txt", 200),
            ("third.test", "GET", "/index.txt", 200),
            ("noport.test", "GET", "/index.txt", 200),
            ("THIRD.test.", "GET", "/index.txt", 200),
        ],
    },
    Case {
        name: "conditions",
        configuration: "<If true>\nHeader set X-Main 1\n</If>\n<VirtualHost *:PORT>\nServerName a.test\n\
            <Directory ROOT/www>\n<If \"%{REQUEST_URI} =~ m#txt$#\">\nHeader set X-Dir txt\n<If \"%{REQUEST_METHOD} == 'GET'\">\nHeader set X-Inner get\nHeader append X-Main inner\n</If>\n</If>\n\
            <ElseIf \"%{HTTP_HOST} == 'a.test'\">\nHeader set X-Dir host\n</ElseIf>\n<Else>\nHeader set X-Dir else\n</Else>\n</Directory>\n\
            <Location /deny>\n<If \"%{REQUEST_METHOD} != 'HEAD'\">\nRequire all denied\n</If>\n</Location>\n</VirtualHost>\n",
        files: &[("www/deny", "x"), ("www/other", "x")],
        asked: &[
            ("a.test", "GET", "/index.txt", 200),
            ("a.test", "POST", "/index.txt", 200),
            ("a.test", "GET", "/other", 200),
            ("a.test", "GET", "/deny", 403),
            ("a.test", "HEAD", "/deny", 200),
        ],
    },
    Case {
        name: "order of sections",
        configuration: "<Directory ROOT/www/o>\nHeader append X-O dir-main\nHeader set X-S dir-main\n</Directory>\n<DirectoryMatch ROOT/w>\nHeader append X-O match-main\nHeader set X-S match\n</DirectoryMatch>\n\
            <Location /o>\nHeader append X-O loc-main\n</Location>\n<Files f>\nHeader append X-O files-main\n</Files>\nHeader append X-O main\n\
            <VirtualHost *:PORT>\nServerName a.test\nHeader append X-O host\n<Location /o/p>\nHeader append X-O loc-host\n</Location>\n\
            <Directory ROOT/www/o/p>\nHeader append X-O dir-host\n<Files f>\nHeader append X-O files-dir\n</Files>\nAllowOverride FileInfo\n</Directory>\n<Directory ROOT/*/o>\nHeader append X-O wild-host\n</Directory>\n\
            <Files *>\nHeader append X-O files-host\n</Files>\n<LocationMatch ^/o>\nHeader append X-O locmatch-host\n</LocationMatch>\n<Location ~ p/f$>\nHeader append X-O tilde\n</Location>\n<Location /*/p/f>\nHeader append X-O locwild\n</Location>\n\
            <Directory ROOT/www/o/p/f>\nHeader append X-O file-as-directory\n</Directory>\n</VirtualHost>\n",
        files: &[
            ("www/o/p/f", "x"),
            ("www/o/p/.htaccess", "Header append X-O ht\n<Files f>\nHeader append X-O files-ht\n</Files>\n"),
        ],
        asked: &[
            ("a.test", "GET", "/o/p/f", 200),
            ("a.test", "GET", "/o//p/./f", 200),
            ("a.test", "GET", "/op", 404),
            ("a.test", "GET", "/o/missing", 404),
            ("a.test", "GET", "/o/p/f/more", 404),
        ],
    },
    Case {
        name: "what .htaccess may",
        configuration: "<VirtualHost *:PORT>\nServerName a.test\n<Directory ROOT/www/none>\nAllowOverride None\n</Directory>\n\
            <Directory ROOT/www/info>\nAllowOverride FileInfo\n</Directory>\n<Directory ROOT/www/opt>\nAllowOverride Options=Indexes,FollowSymLinks\n</Directory>\n\
            <Directory ROOT/www/soft>\nAllowOverride FileInfo Nonfatal=Override\n</Directory>\n<Directory ROOT/www/list>\nAllowOverride None\nAllowOverrideList Redirect Header\n</Directory>\n\
            <Directory ROOT/www/unknown>\nAllowOverride All Nonfatal=Unknown\n</Directory>\n<Directory ROOT/www/all>\nAllowOverride All\n</Directory>\n<Directory ROOT/www/fine>\nAllowOverride All\n</Directory>\n</VirtualHost>\n",
        files: &[
            ("www/bare/.htaccess", "Options +Indexes\n"),
            ("www/none/.htaccess", "Nonsense\n"),
            ("www/none/index.html", "i"),
            ("www/info/.htaccess", "Header always set X-I 1\nOptions Indexes\n"),
            ("www/opt/.htaccess", "Options +Indexes\n"),
            ("www/opt/more/.htaccess", "Options +ExecCGI\n"),
            ("www/soft/.htaccess", "Header set X-I 1\nOptions Indexes\n"),
            ("www/list/.htaccess", "Header set X-I 1\nRedirect /list/r /index.txt\n"),
            ("www/list/sub/.htaccess", "Options Indexes\n"),
            ("www/unknown/.htaccess", "NoSuchThing 1\nOptions Indexes\n"),
            ("www/all/.htaccess", "NoSuchThing 1\n"),
            (
                "www/fine/in/.htaccess",
                "<IfModule no_module>\nNoSuchThing\n</IfModule>\n<IfModule mod_headers.c>\nHeader set X-I ${APACHE}\n</IfModule>\nErrorDocument 403 nothing\nDirectoryIndex x f\n",
            ),
            ("www/fine/bad/.htaccess", "<Directory />\n</Directory>\n"),
            ("www/fine/open/.htaccess", "<Files f>\n"),
            ("www/fine/inc/.htaccess", "Include ROOT/www/index.txt\n"),
            ("www/list/f", "f"),
        ],
        asked: &[
            ("a.test", "GET", "/bare/", 500),
            ("a.test", "GET", "/none/", 200),
            ("a.test", "GET", "/info/", 500),
            ("a.test", "GET", "/opt/", 200),
            ("a.test", "GET", "/opt/more/", 500),
            ("a.test", "GET", "/soft/", 403),
            ("a.test", "GET", "/list/f", 200),
            ("a.test", "GET", "/list/r", 302),
            ("a.test", "GET", "/list/sub/", 500),
            ("a.test", "GET", "/unknown/", 200),
            ("a.test", "GET", "/all/", 500),
            ("a.test", "GET", "/fine/in/", 403),
            ("a.test", "GET", "/fine/bad/", 500),
            ("a.test", "GET", "/fine/open/", 500),
            ("a.test", "GET", "/fine/inc/", 500),
        ],
    },
    Case {
        name: "from URL to file",
        configuration: "Alias /a ROOT/main\nRedirect 410 /both\n<Directory ROOT/main>\nRequire all granted\nHeader set X-Alias main\n</Directory>\n<Directory ROOT/own>\nRequire all granted\nHeader set X-Alias own\n</Directory>\n\
            <VirtualHost *:PORT>\nServerName a.test\nAlias /a/deep ROOT/own\nAliasMatch ^/m/(.*)\\.x$ ROOT/own/$1\nRedirect /both http://elsewhere.test/\nUserDir ROOT/home/*/web\nUserDir disabled eve\n\
            <Directory ROOT/home>\nRequire all granted\n</Directory>\nRedirectMatch 301 ^/num/([0-9]+)$ /n/$1\nRedirect permanent /perm /to\n\
            <Location /loc>\nRedirect 303 http://elsewhere.test/loc\n</Location>\n<Location /nothing>\nRedirect 404\n</Location>\n</VirtualHost>\n",
        files: &[
            ("main/f", "main"),
            ("own/f", "own"),
            ("main/deep/f", "x"),
            ("home/joe/web/f", "joe"),
            ("home/eve/web/f", "eve"),
        ],
        asked: &[
            ("a.test", "GET", "/a/f", 200),
            ("a.test", "GET", "/a/deep/f", 200),
            ("a.test", "GET", "/ab", 404),
            ("a.test", "GET", "/m/f.x", 200),
            ("a.test", "GET", "/both/x", 302),
            ("a.test", "GET", "/~joe/f", 200),
            ("a.test", "GET", "/~eve/f", 404),
            ("a.test", "GET", "/num/12", 301),
            ("a.test", "GET", "/perm/x", 301),
            ("a.test", "GET", "/loc/x", 303),
            ("a.test", "GET", "/nothing/x", 404),
        ],
    },
    Case {
        name: "pages of errors",
        configuration: "Header always set X-Al 1\nHeader set X-Su 1\nErrorDocument 404 /e404\n<VirtualHost *:PORT>\nServerName a.test\n<Location /e404>\nHeader set X-Page 1\n</Location>\n\
            <Location /text>\nErrorDocument 404 \"gone\"\n</Location>\n<Location /url>\nErrorDocument 404 http://elsewhere.test/\n</Location>\n<Location /default>\nErrorDocument 404 default\n</Location>\n\
            <Location /refused>\nRequire all denied\nErrorDocument 403 /e404\n</Location>\n<Location /badpage>\nErrorDocument 404 /nowhere\n</Location>\n</VirtualHost>\n",
        files: &[("www/e404", "not here")],
        asked: &[
            ("a.test", "GET", "/missing", 404),
            ("a.test", "GET", "/text/x", 404),
            ("a.test", "GET", "/url/x", 302),
            ("a.test", "GET", "/default/x", 404),
            ("a.test", "GET", "/refused/x", 403),
            ("a.test", "GET", "/badpage/x", 404),
        ],
    },
    Case {
        name: "indexes",
        configuration: "<VirtualHost *:PORT>\nServerName a.test\nDirectoryIndex first\n<Directory ROOT/www/i>\nOptions Indexes\nDirectoryIndex a b\nDirectoryIndex c\n</Directory>\n<Directory ROOT/www/i/off>\nDirectoryIndex disabled\n</Directory>\n\
            <Files b>\nRequire all denied\n</Files>\n<Files c>\nHeader set X-C 1\n</Files>\n<Directory ROOT/www/noslash>\nDirectorySlash Off\nOptions Indexes\n</Directory>\n</VirtualHost>\n",
        files: &[
            ("www/first", "f"),
            ("www/i/c", "c"),
            ("www/i/off/a", "a"),
            ("www/i/none/x", "x"),
            ("www/noslash/x", "x"),
        ],
        asked: &[
            ("a.test", "GET", "/", 200),
            ("a.test", "GET", "/i/", 200),
            ("a.test", "GET", "/i/off/", 200),
            ("a.test", "GET", "/i/none/", 403),
            ("a.test", "GET", "/noslash", 200),
        ],
    },
    Case {
        name: "without AllowOverride and without sections",
        configuration: "<VirtualHost *:PORT>\nServerName a.test\nDocumentRoot ROOT/bare\n<Directory ROOT/bare>\nRequire all granted\n</Directory>\n</VirtualHost>\n",
        files: &[("bare/.htaccess", "Options None\nNonsense\n"), ("bare/f", "f")],
        asked: &[("a.test", "GET", "/f", 500)],
    },
    Case {
        name: "what goes on to others",
        configuration: "ProxyPass /p/own !\nProxyPass /p http://127.0.0.1:1/\n<Proxy http://127.0.0.1:1/*>\nRequire all denied\n</Proxy>\n\
            <Proxy *>\nAuthMerging Or\nRequire method HEAD\n</Proxy>\n<VirtualHost *:PORT>\nServerName a.test\nProxyPass /p !\n\
            <Location /within>\nProxyPass http://127.0.0.1:1/w\n</Location>\n<Location /within/never>\nProxyPass !\n</Location>\n\
            <Location /p/shut>\nRequire all denied\nHeader always set X-S 1\n</Location>\n</VirtualHost>\n",
        files: &[("www/p/own", "own"), ("www/within/never", "never")],
        asked: &[
            ("a.test", "GET", "/p/own", 200),
            ("a.test", "POST", "/p/x", 403),
            ("a.test", "GET", "/p/shut", 403),
            ("a.test", "POST", "/within/x", 403),
            ("a.test", "GET", "/within/never", 200),
        ],
    },
    Case {
        name: "patterns of directories go by their slashes",
        configuration: "<VirtualHost *:PORT>\nServerName a.test\n<Directory ~ \"ROOT/www/(d|e)\">\nHeader append X-O deep\n</Directory>\n\
            <DirectoryMatch \"ROOT/www.*d\">\nHeader append X-O shallow\n</DirectoryMatch>\n<Directory ROOT/www/d>\nHeader append X-O plain\n</Directory>\n</VirtualHost>\n",
        files: &[("www/d/f", "")],
        asked: &[("a.test", "GET", "/d/f", 200)],
    },
    Case {
        name: "a login that nobody can make",
        configuration: "<VirtualHost *:PORT>\nServerName a.test\n<Location /type>\nAuthType Basic\nAuthName x\n</Location>\n\
            <Location /login>\nRequire valid-user\n</Location>\n<Location /both>\nAuthType Basic\nAuthName x\nAuthUserFile none\nRequire valid-user\n</Location>\n\
            <Location /merged>\nAuthType Basic\nAuthName x\nRequire valid-user\n</Location>\n<Location /merged/off>\nAuthMerging Off\n</Location>\n</VirtualHost>\n",
        files: &[("www/type", "")],
        asked: &[
            ("a.test", "GET", "/type", 200),
            ("a.test", "GET", "/login", 500),
            ("a.test", "GET", "/both", 401),
            ("a.test", "GET", "/merged/x", 401),
            ("a.test", "GET", "/merged/off", 500),
        ],
    },
    Case {
        name: "a refused line drops what its module inherited",
        configuration: "<VirtualHost *:PORT>\nServerName a.test\n<Directory ROOT/www/d>\nAllowOverride FileInfo Nonfatal=Override\nDeny from all\n</Directory>\n</VirtualHost>\n",
        files: &[("www/d/f", ""), ("www/d/e/.htaccess", "Allow from 10.0.0.1\n"), ("www/d/e/f", "")],
        asked: &[("a.test", "GET", "/d/f", 403), ("a.test", "GET", "/d/e/f", 200)],
    },
    Case {
        name: "a refused page and the page that says so",
        configuration: "Header set X-Su 1\n<VirtualHost *:PORT>\nServerName a.test\n<Directory ROOT/www/shut>\nRequire all denied\nErrorDocument 403 /shut/page\n</Directory>\n\
            <Files other>\nHeader set X-Other 1\n</Files>\nRewriteEngine On\nRewriteRule ^/gone - [G]\nErrorDocument 404 /gone\n</VirtualHost>\n",
        files: &[("www/shut/page", "page"), ("www/shut/x", "x"), ("www/shut/other", "x")],
        asked: &[
            ("a.test", "GET", "/shut/x", 403),
            ("a.test", "GET", "/shut/page", 403),
            ("a.test", "GET", "/shut/other", 403),
            ("a.test", "GET", "/missing", 410),
        ],
    },
];
