//! Broken, endless and huge configurations: bounded, and never a panic.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use peelhouse::effective::nginx::{Access, Nginx, Request, Served};
use peelhouse::formats::Files;
use peelhouse::formats::nginx::{Build, Config, evaluate};
use proptest::prelude::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// One file, and an empty directory everywhere.
struct Only(Vec<u8>);

impl Files for Only {
    fn read(&self, _: &Path) -> Result<Vec<u8>, String> {
        Ok(self.0.clone())
    }

    fn list(&self, _: &Path) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.extension().is_none()
    }
}

fn read(text: &str) -> (Config, Only) {
    let files = Only(text.as_bytes().to_vec());
    (evaluate(&files, Path::new("/n.conf")), files)
}

fn outcomes(text: &str, target: &str) -> Vec<(Option<u16>, Served, usize)> {
    let (config, files) = read(text);
    let build = Build::default();
    let nginx = Nginx::new(&config, &build, &files);
    let answer = nginx.ask(&Request::get(HERE, 80, "a", target));
    answer.outcomes.into_iter().map(|outcome| (outcome.status, outcome.served, outcome.assumed.len())).collect()
}

#[test]
fn circles_end_where_nginx_ends_them() {
    for circle in [
        "location / { rewrite . /x last; }",
        "error_page 404 /x.html; recursive_error_pages on;",
        "location / { try_files /none.x @a; } location @a { rewrite . /y last; }",
        "location / { try_files /none.x /again; }",
        "location / { error_page 403 @a; recursive_error_pages on; return 403; } \
         location @a { error_page 403 @a; recursive_error_pages on; return 403; }",
    ] {
        let found = outcomes(&format!("http {{ server {{ {circle} }} }}"), "/f.x");
        assert_eq!(found.len(), 1, "{circle}");
        assert!(matches!(found[0], (Some(500 | 404 | 403), Served::Error, 0)), "{circle}: {found:?}");
    }
}

#[test]
fn what_is_not_known_is_assumed_both_ways_and_bounded() {
    let found = outcomes("http { server { if ($http_user_agent ~ bot) { return 403; } return 204; } }", "/");
    assert_eq!(
        found.iter().map(|(status, _, assumed)| (*status, *assumed)).collect::<Vec<_>>(),
        [(Some(204), 1), (Some(403), 1)]
    );
    let tests: String = (0..40).map(|n| format!("if ($http_x{n}) {{ set $a {n}; }} ")).collect();
    let (config, files) = read(&format!("http {{ server {{ {tests} return 204; }} }}"));
    let build = Build::default();
    let nginx = Nginx::new(&config, &build, &files);
    let answer = nginx.ask(&Request::get(HERE, 80, "a", "/"));
    assert!(!answer.complete && answer.only().is_none() && answer.outcomes.len() < 100);
    assert_eq!(answer.access(), Access::Depends);
}

#[test]
fn a_pattern_that_cannot_be_run_is_not_guessed() {
    let found = outcomes("http { server { location ~ (?R) { return 200; } location / { return 403; } } }", "/");
    assert!(matches!(found.as_slice(), [(None, Served::Untold(_), 0)]), "{found:?}");
    let held_off = outcomes("http { server { location ~ (?R) { return 200; } location ^~ / { return 403; } } }", "/");
    assert!(matches!(held_off.as_slice(), [(Some(403), Served::Error, 0)]), "{held_off:?}");
}

/// Time on the processor, which other work on the machine does not lengthen.
fn busy() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).unwrap())
}

#[test]
fn a_thousand_sites_are_told_well_under_two_seconds() {
    let site = |n: usize| {
        format!(
            "server {{ listen 80; server_name s{n}.test *.s{n}.test ~^w{n}\\.; add_header X-A {n}; location / {{ root /srv/{n}; }} \
             location ~ \\.php$ {{ fastcgi_pass unix:/s; }} location ^~ /static/ {{ expires max; }} location ~ /\\.(?!well-known) {{ deny all; }} }}\n"
        )
    };
    let text = format!("http {{ {} }}", (0..1_000).map(site).collect::<String>());
    let (config, files) = read(&text);
    let build = Build::default();
    let begin = busy();
    let nginx = Nginx::new(&config, &build, &files);
    for n in 0..1_000 {
        let host = format!("x.s{n}.test");
        for target in ["/", "/a.php", "/static/a.css", "/.git/config"] {
            let answer = nginx.ask(&Request::get(HERE, 80, &host, target));
            let outcome = answer.only().expect("nothing unknown decides");
            assert_eq!(outcome.site, n);
            outcome.headers(200);
        }
    }
    let took = busy() - begin;
    println!("1,000 sites, 4,000 questions: {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_hundred_thousand_blocks_are_survived() {
    let servers: String =
        (0..100_000).map(|n| format!("server {{ server_name n{n}; location /{n} {{ deny all; }} }}\n")).collect();
    let (config, files) = read(&format!("http {{ {servers} }}"));
    let build = Build::default();
    let begin = Instant::now();
    let nginx = Nginx::new(&config, &build, &files);
    let answer = nginx.ask(&Request::get(HERE, 80, "n99999", "/99999"));
    assert_eq!(answer.only().map(|outcome| (outcome.site, outcome.status)), Some((99_999, Some(403))));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    let ports = "listen 1-65535; ".repeat(3);
    let greedy = format!("http {{ {} }}", format!("server {{ {ports} }}\n").repeat(2_000));
    let (config, files) = read(&greedy);
    assert!(Nginx::new(&config, &build, &files).sites().len() < 1_000);
}

proptest! {
    #[test]
    fn any_configuration_is_survived(
        text in "(http ?\\{|server ?\\{|location (/|~ \\.p|= /a|@n|\\^~ /a) \\{|if \\((\\$a|-f /x|\\$uri ~ b|\\$x = )\\) \\{|limit_except GET \\{|\\}\
                 |listen [0-9:*-]{0,9};|add_header[ $a-z]{0,9};|add_header_inherit (off|merge|on);|rewrite [.^a(]{0,3} [/$1a?]{0,4}( last| break)?;\
                 |return( [0-9]{0,3})?( [$a-z/]{0,4})?;|try_files[ $a-z/=@]{0,12};|error_page[ 0-9=@/n]{0,12};|alias[ /a$1]{0,4};|index[ /a$]{0,4};\
                 |set \\$a[ $ab]{0,4};|map \\$a \\$b \\{|map \\$b \\$a \\{|expires[ 0-9a-z-]{0,5};|deny( all)?;|[;{} ]){0,40}",
        target in "[/a.?%2~#]{0,8}",
    ) {
        let (config, files) = read(&text);
        let build = Build::default();
        let nginx = Nginx::new(&config, &build, &files);
        let answer = nginx.ask(&Request::get(HERE, 80, "a", &target));
        for outcome in &answer.outcomes {
            outcome.headers(404);
            outcome.setting("ssl_protocols");
        }
        for site in 0..nginx.sites().len() {
            nginx.scopes(site);
        }
    }
}
