//! Programs that do honest work and look hostile in a log.

use peelhouse::model::LogKind;

use crate::benign::{ME, browse, many, script};
use crate::pipeline::{Case, Entry};
use crate::traffic::{BROWSERS, Dice, GOOGLEBOT, Hit, START, sorted};

fn join(parts: Vec<Vec<Hit>>) -> Vec<Hit> {
    sorted(parts.into_iter().flatten().collect())
}

fn each(agents: &[&str], build: impl Fn(&str, &str) -> Vec<Hit>) -> Vec<Hit> {
    sorted(agents.iter().zip(30..).flat_map(|(agent, n)| build(&format!("192.0.2.{n}"), agent)).collect())
}

pub fn cases() -> Vec<Case> {
    let mut all = vec![
        Case::new("nextcloud sync client", nextcloud()),
        Case::new("webdav: challenge before each", webdav_challenged()),
        Case::new("webdav: finder and explorer", webdav_finder()),
        Case::new("chat client polling", chat()),
        Case::new("api clients by their agents", api_clients()),
        Case::new("bare and empty user agents", bare_agents()),
        Case::new("uptime monitors", uptime()),
        Case::new("feed readers", feeds()),
        Case::new("podcast app", podcast()),
        Case::new("link checker", link_checker()),
        Case::new("googlebot, 30 dead links", crawler("66.249.66.7", GOOGLEBOT, 30)),
        Case::new("googlebot, only dead links", dead_links("66.249.66.8", GOOGLEBOT, 30)),
        Case::new("ai crawler, 30 dead links", crawler("192.0.2.60", GPTBOT, 30)),
        Case::new("ai crawler, only dead links", dead_links("192.0.2.61", GPTBOT, 30)).limit_allowed(),
        Case::new("monitoring with a wrong password", wrong_password_script()).limit_allowed(),
        Case::new("backup job, password ran out", backup_job()).limit_allowed(),
        Case::new("browser speaks tls to the plain port", tls_on_plain()),
        Case::new("certificate renewal", acme()),
        Case::new("wordpress app by xml-rpc", many(0, 400, ME, "wp-android/25.0", 45, "POST /xmlrpc.php 200")),
        Case::new("container registry client", registry()),
        Case::new("package mirror client", mirror()),
        Case::of("sshd: two mistakes, then in", ssh_person("anna", "", 2)),
        Case::of("sshd: three mistakes in user, then in", ssh_person("ana", "invalid user ", 3)),
        Case::of("sshd: gives up after three", ssh_gives_up()),
        Case::of("sshd: many keys, then password", ssh_keys()),
    ];
    let mut load = Case::new(
        "load test, allow-listed",
        many(0, 4, "192.0.2.90", "k6/0.50.0 (https://k6.io/)", 5000, "GET /page/{} 200"),
    );
    load.policy.allowed = allow("192.0.2.90/32");
    all.push(load);
    all
}

const GPTBOT: &str =
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)";

fn allow(net: &str) -> Vec<peelhouse::respond::policy::Allowed> {
    let text = format!("[[allow]]\nnets = [\"{net}\"]\nreason = \"load test\"\nowner = \"ops\"");
    toml::from_str::<peelhouse::respond::Policy>(&text).unwrap().allowed
}

fn nextcloud() -> Vec<Hit> {
    let agent = "Mozilla/5.0 (Linux) mirall/3.15.3 (Nextcloud, debian-6.12)";
    let dav = "/remote.php/dav/files/anna";
    join(vec![
        script(
            0,
            200,
            ME,
            agent,
            "",
            "GET /status.php 200\nPROPFIND /remote.php/dav/files/anna/ 401\nPROPFIND /remote.php/dav/files/anna/ 207\nGET /ocs/v2.php/apps/user_status/api/v1/user_status 404\nGET /ocs/v1.php/cloud/capabilities?format=json 401",
        ),
        many(2000, 60, ME, agent, 60, &format!("PROPFIND {dav}/dir{{}} 404")),
        many(2030, 60, ME, agent, 200, &format!("PUT {dav}/new{{}}.docx 201")),
        many(2040, 60, ME, agent, 60, &format!("MKCOL {dav}/new{{}} 405")),
        many(2050, 70, ME, agent, 40, &format!("DELETE {dav}/gone{{}}.odt 404")),
        many(2060, 70, ME, agent, 60, &format!("HEAD {dav}/maybe{{}} 404")),
        many(9000, 80, ME, agent, 120, "PUT /remote.php/dav/uploads/anna/4711/{} 201"),
        many(9100, 300, ME, agent, 20, "MKCOL /remote.php/dav/uploads/anna/{} 201"),
        many(9200, 300, ME, agent, 20, "MOVE /remote.php/dav/uploads/anna/{}/.file 201"),
        many(12_000, 50, ME, BROWSERS[0], 80, "GET /index.php/core/preview?fileId={}&x=64&y=64 404"),
        many(12_010, 100, ME, BROWSERS[0], 40, "GET /index.php/avatar/user{}/64 404"),
        many(60_000, 30_000, ME, agent, 500, "GET /ocs/v2.php/apps/notifications/api/v2/notifications?n={} 304"),
        many(61_000, 30_000, ME, agent, 500, "PROPFIND /remote.php/dav/files/anna/ 207"),
        many(
            14_000,
            100,
            ME,
            "iOS/17.5 (21F79) dataaccessd/1.0",
            30,
            "PROPFIND /remote.php/dav/principals/users/anna/{} 401",
        ),
    ])
}

fn webdav_challenged() -> Vec<Hit> {
    let agent = "davfs2/1.7.0 neon/0.33.0";
    let pair: String = (0..150)
        .map(|n| format!("PROPFIND /dav/d{n} 401\nPROPFIND /dav/d{n} 207\nPUT /dav/f{n} 401\nPUT /dav/f{n} 201\n"))
        .collect();
    script(0, 120, ME, agent, "", &pair)
}

fn webdav_finder() -> Vec<Hit> {
    let finder: String = (0..12)
        .map(|n| {
            let dir = format!("/dav/dir{n}");
            [
                "._.",
                ".DS_Store",
                "._dir",
                ".hidden",
                ".Spotlight-V100",
                ".metadata_never_index",
                "Contents",
                "Desktop.ini",
            ]
            .iter()
            .map(|file| format!("PROPFIND {dir}/{file} 404\n"))
            .collect::<String>()
        })
        .collect();
    let explorer: String = (0..12)
        .map(|n| format!("OPTIONS /dav/x{n} 200\nPROPFIND /dav/x{n} 207\nPROPFIND /dav/x{n}/desktop.ini 404\nPROPFIND /dav/x{n}/Thumbs.db 404\nGET /dav/x{n}/desktop.ini 404\nGET /dav/x{n}/folder.jpg 404\nPROPFIND /dav/x{n}/AutoRun.inf 404\n"))
        .collect();
    join(vec![
        script(0, 40, ME, "WebDAVFS/3.0.0 (03008000) Darwin/23.5.0 (arm64)", "", &finder),
        script(0, 60, "192.0.2.22", "Microsoft-WebDAV-MiniRedir/10.0.19045", "", &explorer),
    ])
}

fn chat() -> Vec<Hit> {
    let agent =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Mattermost/5.9.0 Chrome/126.0 Electron/31.0 Safari/537.36";
    join(vec![
        many(0, 1500, ME, agent, 2000, "GET /api/v4/channels/{}/posts?since=1 200"),
        many(10, 20, ME, agent, 60, "GET /api/v4/users/u{}/image?_=0 404"),
        many(700, 60_000, ME, agent, 50, "GET /api/v4/users/me 401"),
        many(800, 45_000, ME, agent, 60, "GET /api/v4/posts/{}/thread 403"),
        many(900, 5000, ME, agent, 60, "POST /api/v4/users/status/ids 401"),
        many(950, 5000, ME, agent, 60, "GET /api/v1/sockjs/{}/info 404"),
    ])
}

const CLIENTS: [&str; 12] = [
    "curl/8.5.0",
    "python-requests/2.32.3",
    "Go-http-client/1.1",
    "Go-http-client/2.0",
    "Java/17.0.11",
    "okhttp/4.12.0",
    "axios/1.7.2",
    "node-fetch",
    "fasthttp",
    "aiohttp/3.9",
    "Wget/1.21.4",
    "Guzzle/7",
];

fn api_clients() -> Vec<Hit> {
    each(&CLIENTS, |ip, agent| {
        join(vec![
            many(0, 3000, ip, agent, 60, "GET /api/v1/orders/{} 200"),
            many(500, 20_000, ip, agent, 8, "GET /api/v1/orders/9{} 404"),
            many(900, 40_000, ip, agent, 4, "POST /api/v1/orders 201"),
        ])
    })
}

fn bare_agents() -> Vec<Hit> {
    each(
        &[
            "",
            "Mozilla/5.0",
            "Mozilla",
            "-",
            "Mozilla/4.0",
            "Mozilla/5.0 (compatible)",
            "test",
            "PostmanRuntime/7.39",
            "Hydra/2.1 (podcast app)",
            "Medusa/1.0.2",
        ],
        |ip, agent| many(0, 2500, ip, agent, 40, "GET /article/{} 200"),
    )
}

fn uptime() -> Vec<Hit> {
    each(
        &[
            "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
            "check_http/v2.3 (monitoring-plugins 2.3)",
            "Pingdom.com_bot_version_1.4",
            "Uptime-Kuma/1.23",
            "kube-probe/1.30",
        ],
        |ip, agent| {
            join(vec![
                many(0, 60_000, ip, agent, 700, "HEAD / 200"),
                many(5, 60_000, ip, agent, 700, "GET /health/deep 404"),
                many(9, 600_000, ip, agent, 100, "GET /server-status?auto 403"),
            ])
        },
    )
}

fn feeds() -> Vec<Hit> {
    each(
        &[
            "Tiny Tiny RSS/24.04 (https://tt-rss.org/)",
            "FreshRSS/1.24 (Linux; https://freshrss.org)",
            "NetNewsWire (RSS Reader)",
        ],
        |ip, agent| {
            join(vec![
                many(0, 900_000, ip, agent, 96, "GET /feed/ 304"),
                many(4, 900_000, ip, agent, 96, "GET /comments/feed/ 404"),
                many(9, 400, ip, agent, 9, "GET /feed{}.xml 404"),
            ])
        },
    )
}

fn podcast() -> Vec<Hit> {
    many(
        0,
        300,
        ME,
        "AppleCoreMedia/1.0.0.21F79 (iPhone; U; CPU OS 17_5 like Mac OS X; de_de)",
        300,
        "GET /episodes/e{}.mp3 206",
    )
}

fn link_checker() -> Vec<Hit> {
    let agent = "LinkChecker/10.2 (+https://linkchecker.github.io/linkchecker/)";
    let text: String = (0..900).map(|n| format!("GET /doc/{n} {}\n", if n % 18 == 11 { 404 } else { 200 })).collect();
    let bare: String = (0..900).map(|n| format!("HEAD /man/{n} {}\n", if n % 20 == 11 { 404 } else { 200 })).collect();
    join(vec![
        script(0, 60, ME, agent, "https://www.example.org/doc/", &text),
        script(0, 90, "192.0.2.23", "Mozilla/5.0 (compatible; muffet/2)", "", &bare),
    ])
}

fn crawler(ip: &str, agent: &str, dead: i64) -> Vec<Hit> {
    join(vec![
        many(0, 0, ip, agent, 1, "GET /robots.txt 200"),
        many(1000, 25_000, ip, agent, 500, "GET /page/{} 200"),
        many(5000, 12_500_000 / dead, ip, agent, dead, "GET /gone/{}.html 404"),
        many(9000, 700_000, ip, agent, 15, "GET /search?q=%27{}+or+that%27&sort=a+desc 200"),
    ])
}

fn dead_links(ip: &str, agent: &str, dead: i64) -> Vec<Hit> {
    join(vec![
        many(0, 3_600_000, ip, agent, 4, "GET /robots.txt 200"),
        many(5000, 420_000, ip, agent, dead, "GET /gone/{}.html 404"),
    ])
}

fn wrong_password_script() -> Vec<Hit> {
    let mut hits = many(0, 300_000, ME, "check_http/v2.3 (monitoring-plugins 2.3)", 288, "GET /metrics/node 401");
    hits.iter_mut().for_each(|hit| hit.user = "monitor".to_owned());
    hits
}

fn backup_job() -> Vec<Hit> {
    let mut good = many(0, 500, ME, "restic/0.16", 200, "POST /backup/data/{} 200");
    good.extend((1..10).flat_map(|run| many(run * 3_600_000, 1200, ME, "restic/0.16", 10, "GET /backup/config 401")));
    good.iter_mut().for_each(|hit| hit.user = "backup".to_owned());
    good
}

fn tls_on_plain() -> Vec<Hit> {
    (0..20)
        .map(|n| {
            let mut hit =
                Hit::new(START + n * 3000, ME, format!("\\x16\\x03\\x01\\x02{n}\\x01\\xfc\\x03\\x03\\xab"), 400)
                    .agent("");
            hit.method = "";
            hit
        })
        .collect()
}

fn acme() -> Vec<Hit> {
    let agent = "Mozilla/5.0 (compatible; Let's Encrypt validation server; +https://www.letsencrypt.org)";
    many(0, 500, ME, agent, 30, "GET /.well-known/acme-challenge/tok-{} 404")
}

fn registry() -> Vec<Hit> {
    let text: String = (0..40).map(|n| format!("GET /v2/ 401\nGET /token?service=r&scope=repository:a{n}:pull 200\nHEAD /v2/a{n}/manifests/latest 404\nHEAD /v2/a{n}/blobs/sha256:{n:064x} 404\nPOST /v2/a{n}/blobs/uploads/ 202\nPUT /v2/a{n}/manifests/latest 201\n")).collect();
    script(0, 150, ME, "docker/26.1.0 go/go1.22 git-commit/c8af8eb kernel/6.8 os/linux arch/amd64", "", &text)
}

fn mirror() -> Vec<Hit> {
    join(vec![
        browse(0, ME, 1),
        many(0, 150, ME, "Debian APT-HTTP/1.3 (2.9.5)", 200, "GET /debian/pool/main/a/pkg_{}.deb 200"),
        many(10, 150, ME, "Debian APT-HTTP/1.3 (2.9.5)", 25, "GET /debian/dists/sid/main/i18n/Translation-{} 404"),
        many(
            20,
            150,
            "192.0.2.24",
            "Apache-Maven/3.9.6 (Java 17; Linux 6.8)",
            60,
            "GET /maven/org/x/a{}/1.0/a{}-1.0.pom 200",
        ),
        many(
            30,
            150,
            "192.0.2.24",
            "Apache-Maven/3.9.6 (Java 17; Linux 6.8)",
            60,
            "GET /maven/com/y/b{}/2.0/b{}-2.0.jar 404",
        ),
    ])
}

/// A line of sshd, `at` ms after the start.
pub fn sshd(at: i64, pid: i64, message: &str) -> Entry {
    let stamp = jiff::Timestamp::from_millisecond(START + at).unwrap().strftime("%b %d %H:%M:%S");
    Entry { at: START + at, text: format!("{stamp} host sshd[{pid}]: {message}"), kind: LogKind::Auth }
}

/// One connection on which `tries` passwords fail, with all that sshd says of it.
pub fn ssh_failing(at: i64, ip: &str, known: &str, user: &str, tries: i64) -> Vec<Entry> {
    let (pid, port) = (4000 + at / 1000, 40_000 + at / 997 % 20_000);
    let mut lines = Vec::new();
    if !known.is_empty() {
        lines.push(sshd(at, pid, &format!("Invalid user {user} from {ip} port {port}")));
    }
    for n in 0..tries {
        lines.push(sshd(
            at + 2000 + n * 3000,
            pid,
            &format!("Failed password for {known}{user} from {ip} port {port} ssh2"),
        ));
    }
    let who = if known.is_empty() { "authenticating user" } else { "invalid user" };
    lines.push(sshd(
        at + 2500 + tries * 3000,
        pid,
        &format!("Connection closed by {who} {user} {ip} port {port} [preauth]"),
    ));
    lines
}

fn accepted(at: i64) -> Entry {
    sshd(at, 5000, &format!("Accepted password for anna from {ME} port 50000 ssh2"))
}

fn ssh_person(user: &str, known: &str, mistakes: i64) -> Vec<Entry> {
    let mut lines = ssh_failing(0, ME, known, user, mistakes);
    lines.push(accepted(20_000));
    lines
}

fn ssh_gives_up() -> Vec<Entry> {
    ssh_failing(0, ME, "invalid user ", "ana", 3)
}

/// Keys that are refused, one connection each, then the right password.
fn ssh_keys() -> Vec<Entry> {
    let mut dice = Dice::new(1);
    let mut lines: Vec<Entry> =
        (0..3).flat_map(|n| ssh_failing(n * 9000, ME, "", "anna", dice.below(1) as i64)).collect();
    lines.push(accepted(40_000));
    lines
}
