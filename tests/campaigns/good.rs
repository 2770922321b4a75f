//! People, machines and offices that mean no harm.

use crate::grammar::{Finds, From, Kind, Order};
use crate::products;

pub const BROWSER: &str = "Mozilla/5.0 ({Windows NT 10.0; Win64; x64|X11; Linux x86_64|Macintosh; Intel Mac OS X 10_15_7}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/14{1|2|3|4|5}.0.0.0 Safari/537.36";
const PHONE: &str = "Mozilla/5.0 (Linux; Android {13|14|15|16}; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/14{2|3|4}.0.0.0 Mobile Safari/537.36";

pub const PERSON: Kind = Kind {
    name: "",
    hostile: false,
    held: false,
    clients: 6,
    from: From::Apart,
    agent: BROWSER,
    within: 24,
    pace: (3_000, 90_000),
    length: (5, 40),
    order: Order::Mixed,
    moves: "",
    finds: Finds::Stop,
};

pub fn kinds() -> Vec<Kind> {
    [people(), work(), file_keepers(), products::kinds(), machines(), programs(), texts()]
        .into_iter()
        .flatten()
        .collect()
}

fn people() -> Vec<Kind> {
    vec![
        Kind { name: "shoppers", clients: 30, moves: SHOPPER, ..PERSON },
        Kind { name: "readers in other languages", clients: 8, moves: LANGUAGES, ..PERSON },
        Kind {
            name: "office behind one address",
            clients: 1,
            agent: "~{x} Mozilla/5.0 (Windows NT 10.0) Firefox/14{1|2|3}.0",
            pace: (200, 8_000),
            length: (600, 600),
            moves: OFFICE,
            ..PERSON
        },
        Kind {
            name: "carrier's address",
            clients: 2,
            agent: "~Mozilla/5.0 (Linux; Android {10|11|12|13|14|15}; {@}-{#}) Chrome/14{1|2|3|4}.0 Mobile",
            pace: (400, 20_000),
            length: (300, 300),
            moves: SHOPPER,
            held: true,
            ..PERSON
        },
        Kind {
            name: "password mistyped",
            clients: 5,
            order: Order::Straight,
            length: (7, 7),
            pace: (4_000, 15_000),
            moves: MISTYPED,
            ..PERSON
        },
        Kind {
            name: "password forgotten",
            clients: 3,
            order: Order::Straight,
            length: (12, 12),
            pace: (9_000, 40_000),
            moves: FORGOTTEN,
            held: true,
            ..PERSON
        },
        Kind { name: "old bookmarks", clients: 5, moves: BOOKMARKS, length: (6, 14), ..PERSON },
        Kind {
            name: "mobile application",
            clients: 8,
            agent: "ShopApp/5.{1|2|3} (Android {13|14|15}; okhttp/4.12.0)",
            moves: APPLICATION,
            pace: (500, 20_000),
            length: (20, 90),
            ..PERSON
        },
    ]
}

fn work() -> Vec<Kind> {
    vec![
        Kind {
            name: "wordpress administrator",
            clients: 2,
            order: Order::Straight,
            length: (60, 120),
            pace: (1_000, 9_000),
            moves: ADMINISTRATOR,
            ..PERSON
        },
        Kind {
            name: "developer, broken deployment",
            clients: 2,
            order: Order::Straight,
            length: (300, 300),
            pace: (30, 400),
            moves: BROKEN_RELEASE,
            ..PERSON
        },
        Kind {
            name: "visitors of a broken deployment",
            clients: 12,
            moves: BROKEN_RELEASE,
            length: (20, 60),
            pace: (50, 900),
            held: true,
            ..PERSON
        },
    ]
}

fn file_keepers() -> Vec<Kind> {
    vec![
        Kind { name: "uploaders", clients: 3, order: Order::Straight, moves: UPLOADER, length: (20, 60), ..PERSON },
        Kind {
            name: "webdav client",
            clients: 2,
            agent: "Microsoft-WebDAV-MiniRedir/10.0.19045",
            order: Order::Straight,
            pace: (100, 4_000),
            length: (100, 200),
            moves: WEBDAV,
            ..PERSON
        },
        Kind {
            name: "calendar on a phone",
            clients: 3,
            agent: "iOS/18.5 (22F76) dataaccessd/1.0",
            order: Order::Straight,
            pace: (1_000, 900_000),
            length: (40, 60),
            moves: CALENDAR,
            held: true,
            ..PERSON
        },
        Kind {
            name: "git over http",
            clients: 4,
            agent: "git/2.4{3|5|7}.0",
            order: Order::Straight,
            pace: (300, 60_000),
            length: (30, 60),
            moves: GIT,
            ..PERSON
        },
        Kind {
            name: "single page application",
            clients: 4,
            moves: SINGLE_PAGE,
            length: (20, 60),
            held: true,
            ..PERSON
        },
    ]
}

fn machines() -> Vec<Kind> {
    vec![
        Kind {
            name: "search engine's crawler",
            clients: 2,
            from: From::Google,
            agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            pace: (2_000, 30_000),
            length: (300, 500),
            moves: CRAWLER,
            ..PERSON
        },
        Kind {
            name: "other crawlers",
            clients: 3,
            agent: "Mozilla/5.0 (compatible; {SeznamBot/4.0|Applebot/0.1|YandexBot/3.0})",
            pace: (4_000, 60_000),
            length: (100, 300),
            moves: CRAWLER,
            held: true,
            ..PERSON
        },
        Kind {
            name: "link checker",
            clients: 2,
            agent: "LinkChecker/10.{1|2|4} (+https://linkchecker.github.io/)",
            pace: (200, 2_000),
            length: (120, 250),
            moves: LINKS,
            ..PERSON
        },
        Kind {
            name: "monitoring",
            clients: 3,
            agent: "{UptimeRobot/2.0|Pingdom.com_bot_version_1.4|StatusCake}",
            order: Order::Straight,
            pace: (60_000, 60_000),
            length: (300, 300),
            moves: "GET / 200\nHEAD /health 200\nGET /healthz 200\nGET /api/status 200",
            ..PERSON
        },
        Kind {
            name: "health checks that fail",
            clients: 1,
            agent: "kube-probe/1.31",
            order: Order::Straight,
            pace: (10_000, 10_000),
            length: (200, 200),
            moves: "GET /readyz 503\nGET /livez 200",
            ..PERSON
        },
    ]
}

fn programs() -> Vec<Kind> {
    vec![
        Kind {
            name: "feed readers",
            clients: 6,
            agent: "{Feedly/1.0|NetNewsWire|FreshRSS/1.24|Tiny Tiny RSS/23}",
            pace: (600_000, 1_800_000),
            length: (20, 40),
            moves: "GET /feed/ 304\nGET /feed/ 200\nGET /comments/feed/ 304\nGET /favicon.ico 404\nGET /news/atom.xml 301",
            ..PERSON
        },
        Kind {
            name: "api clients",
            clients: 4,
            agent: "{python-requests/2.32.3|Go-http-client/2.0|axios/1.7.7|curl/8.9.1}",
            pace: (200, 5_000),
            length: (100, 300),
            moves: API,
            ..PERSON
        },
        Kind {
            name: "package mirror",
            clients: 2,
            agent: "{Debian APT-HTTP/1.3 (2.9.8)|Apache-Maven/3.9.9|pip/24.2}",
            pace: (20, 800),
            length: (80, 200),
            moves: PACKAGES,
            held: true,
            ..PERSON
        },
        Kind {
            name: "partner's import that asks too much",
            clients: 1,
            agent: "PartnerSync/3",
            pace: (100, 500),
            length: (500, 500),
            moves: IMPORT,
            held: true,
            ..PERSON
        },
    ]
}

fn texts() -> Vec<Kind> {
    vec![
        Kind { name: "searches for commands and queries", clients: 6, moves: SEARCHES, length: (8, 20), ..PERSON },
        Kind { name: "security training", clients: 3, moves: TRAINING, length: (15, 40), ..PERSON },
        Kind {
            name: "vulnerability database",
            clients: 6,
            moves: VULNERABILITIES,
            length: (10, 40),
            held: true,
            ..PERSON
        },
        Kind { name: "addresses in parameters", clients: 5, agent: PHONE, moves: PARAMETERS, ..PERSON },
    ]
}

const SHOPPER: &str = "GET / 200+
GET /product/{@}-{#} 200+ https://shop.example/
GET /product/{@}-{#} 200+ https://www.google.com/
GET /category/{@}?page={1|2|3}&sort={price|name}&order=desc 200+ https://shop.example/
GET /search?q={@}+{@}+and+{@} 200+ https://shop.example/
GET /search?q=men%27s+{@} 200+
GET /img/{@}-{#}.webp 200 https://shop.example/product/{@}
GET /img/gone-{#}.webp 404 https://shop.example/
POST /cart/add 302 https://shop.example/
GET /cart 200+ https://shop.example/
GET /favicon.ico 404
GET /apple-touch-icon-precomposed.png 404";
const LANGUAGES: &str = "GET /{de|fr|ja|cs|pt}/ 200+
GET /ja/%E5%95%86%E5%93%81/{#} 200+ https://shop.example/ja/
GET /de/stra%C3%9Fen-und-wege/{@} 200+ https://shop.example/de/
GET /cs/hledat?q=%C5%BElu%C5%A5ou%C4%8Dk%C3%BD+k%C5%AF%C5%88 200+ https://shop.example/cs/
GET /fr/l%27heure-d%27%C3%A9t%C3%A9 200+ https://shop.example/fr/
GET /i18n/{de|fr|ja|cs|pt}/messages.json 404 https://shop.example/";
const OFFICE: &str = "GET / 200+
GET /news/{#} 200+ https://shop.example/
GET /intranet/{@} 200+ https://shop.example/
GET /intranet/{@}/{#} 200+ https://shop.example/intranet/
POST /wp-login.php 302 https://shop.example/wp-login.php
POST /wp-login.php 302 https://shop.example/wp-login.php
GET /wp-login.php 200+
GET /docs/{@}-{#}.pdf 200 https://shop.example/intranet/
GET /docs/{@}-{#}.pdf 304 https://shop.example/intranet/
GET /intranet/moved/{#} 404 https://shop.example/intranet/
GET /wpad.dat 404
GET /search?q={@}+report 200+ https://shop.example/";
const MISTYPED: &str = "GET /wp-login.php 200+
POST /wp-login.php 200 https://shop.example/wp-login.php
POST /wp-login.php 200 https://shop.example/wp-login.php
POST /wp-login.php 200 https://shop.example/wp-login.php
POST /wp-login.php 302 https://shop.example/wp-login.php
GET /wp-admin/ 200+ https://shop.example/wp-login.php
GET /wp-admin/edit.php 200+ https://shop.example/wp-admin/";
const FORGOTTEN: &str = "GET /account/login 200+
POST /account/login 401 https://shop.example/account/login
POST /account/login 401 https://shop.example/account/login
GET /account/forgotten 200+ https://shop.example/account/login
POST /account/forgotten 302 https://shop.example/account/forgotten
GET /account/reset?token={x}{x} 200+
POST /account/reset?token={x}{x} 302
POST /account/login 401 https://shop.example/account/login
POST /account/login 302 https://shop.example/account/login
GET /account 200+ https://shop.example/account/login
GET /account/orders 200+ https://shop.example/account
GET /account/orders/{#} 200+ https://shop.example/account/orders";
const BOOKMARKS: &str = "GET / 200+
GET /2014/{#}/{@}.html 404
GET /product/{@}-{#} 200+ https://shop.example/
GET /category/{@} 200+ https://shop.example/
GET /about 200+ https://shop.example/";
const APPLICATION: &str = "GET /api/v2/home 200
GET /api/v2/products/{#} 200
GET /api/v2/products/{#}/reviews?limit=20&offset={#} 200
GET /api/v2/products/{#}/pictures/{x} 404
POST /api/v2/events 204
POST /api/v2/token/refresh 200
GET /api/v2/me 401
POST /api/v2/cart 201
GET /api/v2/config?build={#} 304";
const ADMINISTRATOR: &str = "GET /wp-login.php 200+
POST /wp-login.php 302 https://shop.example/wp-login.php
GET /wp-admin/ 200+ https://shop.example/wp-login.php
GET /wp-admin/load-scripts.php?c=1&load%5Bchunk_0%5D=jquery-core,wp-hooks&ver=6.8 200 https://shop.example/wp-admin/
GET /wp-admin/post.php?post={#}&action=edit 200+ https://shop.example/wp-admin/
POST /wp-admin/admin-ajax.php 200 https://shop.example/wp-admin/
GET /wp-json/wp/v2/users/me?context=edit 200 https://shop.example/wp-admin/
GET /wp-json/wp/v2/posts/{#}?context=edit 200 https://shop.example/wp-admin/
POST /wp-json/wp/v2/posts/{#}/autosaves 200 https://shop.example/wp-admin/
GET /wp-admin/plugins.php 200+ https://shop.example/wp-admin/
POST /wp-admin/async-upload.php 200 https://shop.example/wp-admin/media-new.php
GET /wp-admin/update.php?action=upgrade-plugin&plugin=contact-form-7%2Fwp-contact-form-7.php 200 https://shop.example/wp-admin/plugins.php
GET /wp-admin/theme-editor.php?file=functions.php&theme=twentytwentyfive 200+ https://shop.example/wp-admin/
GET /wp-content/uploads/2026/03/{@}-{#}-150x150.jpg 404 https://shop.example/wp-admin/upload.php
GET /?p={#}&preview=true 200+ https://shop.example/wp-admin/post.php
GET /wp-admin/admin.php?page=wc-admin&path=%2Fanalytics%2Foverview 200+ https://shop.example/wp-admin/";
const BROKEN_RELEASE: &str = "GET / 200+
GET /assets/index-{x}.js 404 https://shop.example/
GET /assets/vendor-{x}.css 404 https://shop.example/
GET /assets/chunk-{x}.js 404 https://shop.example/
GET /assets/lazy-{x}.js.map 404 https://shop.example/
GET /api/v3/{@}/{#} 404 https://shop.example/
GET /locales/{de|en}/{@}.json 404 https://shop.example/
GET /dashboard/{@} 200+ https://shop.example/";
const UPLOADER: &str = "GET /upload 200+
POST /upload/chunk?id={x}&part={#} 200 https://shop.example/upload
PUT /files/{x}/{@}.tar.gz 201 https://shop.example/upload
POST /api/files/{#}/complete 200 https://shop.example/upload
GET /files/{x}/{@}.zip 200 https://shop.example/upload
POST /upload/chunk?id={x}&part={#} 413 https://shop.example/upload";
const WEBDAV: &str = "OPTIONS /dav/ 200
PROPFIND /dav/ 207
PROPFIND /dav/{@} 207
PROPFIND /dav/{@}/desktop.ini 404
PROPFIND /dav/{@}/{@}-{#}.docx 404
LOCK /dav/{@}/{@}.docx 200
PUT /dav/{@}/{@}-{#}.docx 201
UNLOCK /dav/{@}/{@}.docx 204
GET /dav/{@}/{@}.docx 200";
const CALENDAR: &str = "PROPFIND /.well-known/caldav 401
PROPFIND /caldav/anna/ 207
REPORT /caldav/anna/home/ 207
PROPFIND /caldav/anna/inbox/ 404
PUT /caldav/anna/home/{x}.ics 201
OPTIONS /caldav/anna/ 200";
const GIT: &str = "GET /team/{@}.git/info/refs?service=git-upload-pack 401
GET /team/{@}.git/info/refs?service=git-upload-pack 200
POST /team/{@}.git/git-upload-pack 200
GET /team/{@}.git/info/refs?service=git-receive-pack 401
GET /team/{@}.git/info/refs?service=git-receive-pack 200
POST /team/{@}.git/git-receive-pack 200";
const SINGLE_PAGE: &str = "GET / 200+
GET /app/{@}/{#} 404 https://shop.example/
GET /api/session 401 https://shop.example/
GET /api/{@}/{#} 200 https://shop.example/
GET /api/{@}?filter%5Bname%5D={@}&sort=-created 200 https://shop.example/
POST /api/graphql 200 https://shop.example/
GET /app/{@}?tab={1|2} 200 https://shop.example/";
const CRAWLER: &str = "GET /robots.txt 200
GET /product/{@}-{#} 200
GET /category/{@}?page={#} 200
GET /news/{#} 200
GET /product/{@}-{#} 200
GET /category/{@}?page={#} 200
GET /news/{#} 304
GET /news/{#} 301
GET /product/{@}-{#} 200
GET /old/{@}/{#}.html 404";
const LINKS: &str = "GET /docs/{@}/{#} 200 https://shop.example/docs/
HEAD /docs/{@}/{#} 200 https://shop.example/docs/
GET /docs/{@}-{#}.html 404 https://shop.example/docs/
HEAD /product/{@}-{#} 200 https://shop.example/docs/
GET /news/{#} 200 https://shop.example/docs/";
const API: &str = "GET /api/v1/orders?since=2026-03-0{1|2|3}T00:00:00Z 200
GET /api/v1/orders/{#} 200
GET /api/v1/stock/{x} 404
PATCH /api/v1/stock/{#} 200
POST /api/v1/orders 201
POST /api/v1/orders 422
DELETE /api/v1/holds/{#} 204
GET /api/v1/search?query=name:{@}%20AND%20price:%5B10%20TO%2020%5D 200";
const PACKAGES: &str = "GET /debian/pool/main/{a|b|c}/{@}/{@}_{#}_amd64.deb 200
GET /debian/dists/stable/InRelease 304
GET /maven2/org/{@}/{@}/{#}/{@}-{#}.pom 404
GET /maven2/org/{@}/{@}/{#}/{@}-{#}.pom.sha1 404
GET /maven2/org/{@}/{@}/{#}/{@}-{#}.jar 200
GET /simple/{@}/ 200";
const IMPORT: &str = "GET /api/v1/export/products?page={i} 200
GET /api/v1/export/products?page={i} 200
GET /api/v1/export/pictures/{x} 404";
const SEARCHES: &str = "GET / 200+
GET /search?q=select+name+from+menu 200+ https://shop.example/
GET /search?q=how+to+drop+table+legs 200+ https://shop.example/
GET /search?q=cat+%2Fetc%2Fhosts+explained 200+ https://shop.example/
GET /search?q=what+does+sudo+rm+-rf+do 200+ https://shop.example/
GET /search?q=O%27Reilly+%22union+rules%22 200+ https://shop.example/
GET /search?q=%3Cbutton%3E+styling+%26+css 200+ https://shop.example/
GET /search?q=wp-login.php+too+many+attempts 200+ https://shop.example/
GET /search?q=1%3D1+training+gym 200+ https://shop.example/";
const TRAINING: &str = "GET /courses/web-security/ 200+
GET /courses/web-security/lesson-{#} 200+ https://shop.example/courses/web-security/
GET /courses/web-security/sql-injection-union-select 200+ https://shop.example/courses/web-security/
GET /courses/web-security/lesson?topic=cross-site+scripting+%3Cscript%3E 200+ https://shop.example/courses/web-security/
GET /courses/web-security/quiz?answer=%27+OR+1%3D1 200+ https://shop.example/courses/web-security/lesson-4
GET /courses/files/passwd-explained.html 200+ https://shop.example/courses/web-security/";
const VULNERABILITIES: &str = "GET /cve/CVE-20{19|20|21|22|23|24}-{#}{#} 200+ https://www.google.com/
GET /cve/CVE-2021-44228-log4shell-jndi-ldap 200+ https://shop.example/cve/
GET /advisories/citrix-path-traversal-vpns-smb.conf 200+ https://shop.example/cve/
GET /advisories/wordpress/wp-file-manager-connector-minimal-php 200+ https://shop.example/cve/
GET /cve/search?product=confluence&text=setupadministrator.action 200+ https://shop.example/cve/
GET /cve/search?text=..%2F..%2Fetc%2Fpasswd 200+ https://shop.example/cve/";
const PARAMETERS: &str = "GET / 200+
GET /login?next=%2Faccount%2Forders 200+ https://shop.example/
GET /oauth/authorize?client_id={x}&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state={x} 302 https://shop.example/
GET /share?url=https%3A%2F%2Fshop.example%2Fproduct%2F{@}&text={@}%20%26%20{@} 200+ https://shop.example/
GET /img/resize?src=https%3A%2F%2Fcdn.example%2F{@}.jpg&w=300 200 https://shop.example/
GET /out?to=https%3A%2F%2Fpartner.example%2F%3Fid%3D{#} 302 https://shop.example/";
