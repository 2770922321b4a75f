//! The traps, one by one: what is expected, what a client sees, and what the engine says are the same.

use std::fs;
use std::process::{Command, Stdio};

use peelhouse::effective::nginx::{Access, Nginx, Request};
use peelhouse::effective::{Effect, Setting};
use peelhouse::formats::nginx::Build;
use peelhouse::host::Host;

use crate::lab::{Client, Lab, difference, nginx_is_here, start};

/// Name, server block, what is asked, the status, and the `X-` headers in order.
type Row = (&'static str, &'static str, &'static str, u16, &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        "an-inner-add-header-drops-the-outer",
        "add_header X-A out; location / { add_header X-B in; }",
        "/",
        200,
        &["X-B: in"],
    ),
    ("no-inner-add-header-keeps-the-outer", "add_header X-A out; location / { expires 1h; }", "/", 200, &["X-A: out"]),
    ("without-always-not-on-an-error", "add_header X-A one; add_header X-B two always;", "/none", 404, &["X-B: two"]),
    ("http-level-headers-of-the-lab-are-dropped-too", "add_header X-B own;", "/", 200, &["X-B: own"]),
    (
        "an-empty-value-is-not-sent",
        "add_header X-A $none_such; add_header X-B b; set $none_such '';",
        "/",
        200,
        &["X-B: b"],
    ),
    (
        "a-header-twice-in-one-level-is-sent-twice",
        "add_header X-A 1; add_header X-A 2;",
        "/",
        200,
        &["X-A: 1", "X-A: 2"],
    ),
    (
        "an-if-drops-the-headers-around-it",
        "location / { add_header X-A out; if ($uri ~ x) { add_header X-B in; } }",
        "/x.php",
        200,
        &["X-B: in"],
    ),
    (
        "the-last-if-that-holds-wins",
        "location / { if ($uri) { add_header X-A 1; } if ($uri) { add_header X-B 2; } }",
        "/x.php",
        200,
        &["X-B: 2"],
    ),
    ("an-if-forgets-try-files", "location / { try_files /none =410; if ($uri ~ x) { set $a 1; } }", "/x.php", 200, &[]),
    (
        "a-pattern-beats-a-prefix-with-a-password",
        "location /a/ { auth_basic A; auth_basic_user_file /x; } location ~ \\.php$ { }",
        "/a/b.php",
        200,
        &[],
    ),
    (
        "unless-the-prefix-holds-patterns-off",
        "location ^~ /a/ { auth_basic A; auth_basic_user_file /x; } location ~ \\.php$ { }",
        "/a/b.php",
        401,
        &[],
    ),
    (
        "a-nested-pattern-does-not-let-it-through",
        "location /a/ { deny all; location ~ \\.php$ { } } location ~ \\.php$ { }",
        "/a/b.php",
        403,
        &[],
    ),
    (
        "a-nested-hold-off-does-not-reach-the-outer-level",
        "location /a/ { location ^~ /a/b { deny all; } } location ~ \\.php$ { }",
        "/a/b.php",
        200,
        &[],
    ),
    ("a-password-without-a-file-asks-nobody", "location / { auth_basic A; }", "/", 200, &[]),
    ("inner-rules-replace-the-outer-deny", "deny all; location / { allow 127.0.0.1; }", "/", 200, &[]),
    ("a-return-is-not-stopped-by-deny", "location / { deny all; return 200 open; }", "/", 200, &[]),
    (
        "an-index-file-is-answered-by-another-location",
        "location = /b/ { deny all; } location ~ \\.php$ { add_header X-A php; } index index.php;",
        "/b/",
        403,
        &[],
    ),
    ("the-rules-of-the-index-file-hold", "index index.php; location ~ \\.php$ { deny all; }", "/b/", 403, &[]),
    (
        "try-files-serves-from-its-own-location",
        "location / { try_files $uri /b/index.php; } location ~ \\.php$ { add_header X-A php; }",
        "/none",
        200,
        &["X-A: php"],
    ),
    (
        "a-found-file-stays-in-its-location",
        "location / { try_files /x.php =404; add_header X-A root; } location ~ \\.php$ { add_header X-A php; }",
        "/none",
        200,
        &["X-A: root"],
    ),
    (
        "a-rewrite-to-a-pattern",
        "location / { rewrite ^/none$ /x.php last; } location ~ \\.php$ { add_header X-A php; }",
        "/none",
        200,
        &["X-A: php"],
    ),
    (
        "break-stays",
        "location / { rewrite ^/none$ /x.php break; } location ~ \\.php$ { add_header X-A php; }",
        "/none",
        200,
        &[],
    ),
    (
        "an-error-page-brings-its-own-headers",
        "add_header X-A s always; error_page 404 /err.html; location = /err.html { add_header X-B e always; }",
        "/none",
        404,
        &["X-B: e"],
    ),
    ("an-error-page-hides-the-status", "error_page 404 =200 /err.html;", "/none", 200, &[]),
    (
        "limit-except-leaves-the-return-out",
        "location / { limit_except GET { deny all; } return 200 r; }",
        "POST /",
        403,
        &[],
    ),
    ("dots-and-escapes-are-undone-first", "location ^~ /.git/ { deny all; }", "/a/..%2f%2egit/config", 403, &[]),
    ("and-slashes-merged", "location ^~ /.git/ { deny all; }", "//.git//config", 403, &[]),
    (
        "unless-told-not-to-by-the-default-server",
        "merge_slashes off; location ^~ /.git/ { deny all; }",
        "//.git/config",
        403,
        &[],
    ),
    ("letters-keep-their-case", "location /A { deny all; }", "/a/b.php", 200, &[]),
    (
        "an-alias-without-its-slash-leaves-the-directory",
        "location /e { alias WWW/alias/; }",
        "/e../.git/config",
        200,
        &[],
    ),
    ("internal-is-hidden", "location /a/ { internal; }", "/a/b.php", 404, &[]),
    ("internal-reaches-nested-locations", "location /a/ { internal; location ~ \\.php$ { } }", "/a/b.php", 404, &[]),
    ("satisfy-any", "location / { satisfy any; deny all; auth_basic A; auth_basic_user_file /x; }", "/", 401, &[]),
    ("a-listing", "location /empty/ { autoindex on; }", "/empty/", 200, &[]),
    ("no-listing", "autoindex on; location /empty/ { autoindex off; }", "/empty/", 403, &[]),
    ("a-directory-without-its-slash-is-elsewhere", "add_header X-A s;", "/a", 301, &["X-A: s"]),
    ("a-pass-redirects-to-its-slash", "location /p/ { proxy_pass http://127.0.0.1:1; }", "/p", 301, &[]),
    (
        "trace-is-refused",
        "add_header X-A s always; location / { add_header X-B l always; }",
        "TRACE /",
        405,
        &["X-A: s"],
    ),
];

#[test]
fn the_matrix() {
    if !nginx_is_here() {
        return;
    }
    let lab = start(|dir, port| {
        let servers = ROWS.iter().map(|(name, block, ..)| {
            let block = block.replace("WWW", &format!("{dir}/www"));
            format!("server {{ listen 127.0.0.1:{port}; server_name {name};\n{block} }}\n")
        });
        format!("root {dir}/www; map $uri $none {{ default ''; }}\n{}", servers.collect::<String>())
    });
    let (config, build, files) = (lab.read(), lab.build(), Host::live());
    let nginx = Nginx::new(&config, &build, &files);
    for (name, _, asked, status, headers) in ROWS {
        let (method, target) = asked.split_once(' ').unwrap_or(("GET", asked));
        let reply = Client::default().ask(lab.port, name, method, target).unwrap();
        let seen: Vec<String> =
            reply.headers.iter().filter(|(name, _)| name.starts_with("X-")).map(|(n, v)| format!("{n}: {v}")).collect();
        assert_eq!(
            (reply.status, seen.iter().map(String::as_str).collect::<Vec<_>>()),
            (*status, headers.to_vec()),
            "{name}"
        );
        let request = lab.request(name, method, target);
        assert_eq!(difference(&nginx, &request, Some(&reply)), None, "{name}");
    }
}

/// Line behind the first, text and effect of a step.
type Said = (u32, String, Effect);

fn of(lab: &Lab, nginx: &Nginx<'_>, request: &Request<'_>, name: &str) -> (Vec<Vec<String>>, Vec<Said>) {
    let answer = nginx.ask(request);
    let Setting { values, chain } = answer.only().unwrap().setting(name);
    assert!(chain.iter().all(|step| step.at.file == lab.dir.path().join("nginx.conf")));
    let base = chain.iter().map(|step| step.at.line).min().unwrap_or_default();
    (values, chain.into_iter().map(|step| (step.at.line - base, step.text, step.effect)).collect())
}

#[test]
fn a_value_names_the_lines_that_made_it() {
    if !nginx_is_here() {
        return;
    }
    let lab = start(|_, port| {
        format!(
            "add_header X-A http;\nclient_max_body_size 2m;\nserver {{ listen 127.0.0.1:{port}; server_name a;\n\
             client_max_body_size 3m; location / {{\nadd_header X-B 1; add_header X-C 2 always;\nclient_max_body_size 4m; return 204; }} }}"
        )
    });
    let (config, build, files) = (lab.read(), lab.build(), Host::live());
    let nginx = Nginx::new(&config, &build, &files);
    let request = lab.request("a", "GET", "/");
    let (values, chain) = of(&lab, &nginx, &request, "add_header");
    assert_eq!(values, [vec!["X-B", "1"], vec!["X-C", "2", "always"]]);
    let expected = [
        (0, "add_header X-A http", Effect::Replaced),
        (4, "add_header X-B 1", Effect::Replaces),
        (4, "add_header X-C 2 always", Effect::Adds),
    ];
    assert_eq!(chain, expected.map(|(line, text, effect)| (line, text.to_owned(), effect)));
    let (values, chain) = of(&lab, &nginx, &request, "client_max_body_size");
    assert_eq!(values, [vec!["4m"]]);
    assert_eq!(
        chain.iter().map(|step| step.2.clone()).collect::<Vec<_>>(),
        [Effect::Replaced, Effect::Replaced, Effect::Replaces]
    );
    let asked = nginx.ask(&request);
    let outcome = asked.only().unwrap();
    assert_eq!((outcome.setting("autoindex"), outcome.scope.default("autoindex")), (Setting::default(), Some("off")));
    assert_eq!(nginx.scopes(0)[1].word("client_max_body_size"), "4m");
}

#[test]
fn an_address_that_is_not_known_makes_it_depend() {
    let text = "http { server { error_page 403 =200 /e; location /a { deny all; } location /r { return 444; } location /b { allow 10.0.0.0/8; deny all; } location /c { auth_basic A; auth_basic_user_file x; } } }";
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("nginx.conf"), text).unwrap();
    let config = peelhouse::formats::nginx::evaluate(&Host::live(), &dir.path().join("nginx.conf"));
    let (build, files) = (Build::default(), Host::live());
    let nginx = Nginx::new(&config, &build, &files);
    for (target, client, access) in [
        ("/a", None, Access::Denied),
        ("/b", None, Access::Depends),
        ("/b", Some("10.1.1.1"), Access::Allowed),
        ("/b", Some("::ffff:10.1.1.1"), Access::Allowed),
        ("/b", Some("192.0.2.1"), Access::Denied),
        ("/c", None, Access::Login),
        ("/d", None, Access::Allowed),
        ("/r", None, Access::Denied),
    ] {
        let client = client.map(|client| client.parse().unwrap());
        let request = Request { client, ..Request::get("192.0.2.80".parse().unwrap(), 80, "x", target) };
        assert_eq!(nginx.ask(&request).access(), access, "{target} {client:?}");
    }
}

#[test]
fn the_default_server_decides_the_protocols() {
    if !nginx_is_here() || Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        return println!("skipped: no nginx or no openssl");
    }
    let lab = start(|dir, port| {
        certificate(dir);
        let tls = format!("ssl_certificate {dir}/c.pem; ssl_certificate_key {dir}/k.pem;");
        format!(
            "{tls} server {{ listen 127.0.0.1:{port} ssl; server_name a.test; ssl_protocols TLSv1.3; ssl_ciphers AES128-SHA; return 204; }}\n\
             server {{ listen 127.0.0.1:{port} ssl; server_name b.test; ssl_protocols TLSv1.2; return 204; }}\n\
             server {{ listen 127.0.0.2:{port} ssl; server_name c.test; ssl_protocols TLSv1.3; ssl_protocols TLSv1.2;\n\
             ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256; return 204; }}\n\
             server {{ listen 127.0.0.2:{port} ssl; server_name d.test; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384; return 204; }}"
        )
    });
    let (config, build, files) = (lab.read(), lab.build(), Host::live());
    let nginx = Nginx::new(&config, &build, &files);
    for (address, name, expected) in [
        ("127.0.0.1", "a.test", &["TLSv1.3"][..]),
        ("127.0.0.1", "b.test", &["TLSv1.3"]),
        ("127.0.0.2", "c.test", &["TLSv1.3", "TLSv1.2"]),
        ("127.0.0.2", "d.test", &["TLSv1.3", "TLSv1.2"]),
    ] {
        let request = Request { address: address.parse().unwrap(), sni: Some(name), ..lab.request(name, "GET", "/") };
        let setting = nginx.ask(&request).only().unwrap().setting("ssl_protocols");
        assert_eq!(setting.values, [expected], "{name}");
        for (flag, protocol) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let shaken = handshake(address, lab.port, name, flag).is_some();
            assert_eq!(shaken, expected.contains(&protocol), "{name} {protocol}");
        }
    }
    // Suites follow SNI, other than the protocols.
    let request =
        Request { address: "127.0.0.2".parse().unwrap(), sni: Some("d.test"), ..lab.request("d.test", "GET", "/") };
    let suite = nginx.ask(&request).only().unwrap().setting("ssl_ciphers").values;
    assert_eq!(suite, [["ECDHE-RSA-AES256-GCM-SHA384"]]);
    assert_eq!(handshake("127.0.0.2", lab.port, "d.test", "-tls1_2").as_deref(), Some("ECDHE-RSA-AES256-GCM-SHA384"));
    later_versions_follow_sni(&lab);
}

fn later_versions_follow_sni(lab: &Lab) {
    let (config, files) = (lab.read(), Host::live());
    let build = Build { version: "1.29.2".to_owned(), ..lab.build() };
    let nginx = Nginx::new(&config, &build, &files);
    let request = Request { sni: Some("b.test"), ..lab.request("b.test", "GET", "/") };
    assert_eq!(nginx.ask(&request).only().unwrap().setting("ssl_protocols").values, [["TLSv1.2"]]);
}

/// The suite agreed on; none where the handshake fails.
fn handshake(address: &str, port: u16, name: &str, flag: &str) -> Option<String> {
    let out = Command::new("openssl")
        .args(["s_client", "-connect", &format!("{address}:{port}"), "-servername", name, flag])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let suite = text.lines().find_map(|line| line.trim().strip_prefix("New, "))?.split("Cipher is ").nth(1)?.to_owned();
    (suite != "(NONE)").then_some(suite)
}

fn certificate(dir: &str) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a.test"])
        .args(["-keyout", &format!("{dir}/k.pem"), "-out", &format!("{dir}/c.pem")])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
}
