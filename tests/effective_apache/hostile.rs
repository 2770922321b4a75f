//! Bad and huge configurations: an answer or a doubt in time, never a panic.

use std::time::{Duration, Instant};

use peelhouse::effective::apache::{Asked, Sites, judged};
use proptest::prelude::*;

use crate::settings::Texts;

/// Built without optimisation and beside other tests; a release is ten times as quick.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_thousand_sites_are_assessed_in_no_time() {
    let mut text =
        String::from("DocumentRoot /srv\n<Directory />\nAllowOverride None\nRequire all denied\n</Directory>\n");
    for number in 0..1000 {
        text.push_str(&format!(
            "<VirtualHost *:80>\nServerName h{number}\nDocumentRoot /srv/{number}\n<Directory /srv/{number}>\nRequire all granted\nOptions Indexes\n\
             </Directory>\n<LocationMatch \"/\\.(?!well-known)\">\nRequire all denied\n</LocationMatch>\nHeader always set X-Frame-Options DENY\n</VirtualHost>\n"
        ));
    }
    let texts = Texts::new(&[("/etc/apache2/apache2.conf", &text), ("/srv/1/f", "")]);
    let evaluation = texts.evaluation();
    let began = Instant::now();
    let sites = Sites::of(&evaluation);
    for number in 0..1000 {
        let site = sites.answering("192.0.2.1".parse().unwrap(), 80, &format!("h{number}"));
        let effective = site.ask(&Asked::get("/f"), &texts);
        for judged in judged::all() {
            effective.setting(judged.names[0]);
        }
        assert_eq!(effective.headers().lines.len(), 1);
    }
    println!("1000 sites with every judged setting: {:?}", began.elapsed());
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[test]
fn a_hundred_thousand_virtual_hosts_are_one_index() {
    let mut text = String::from("DocumentRoot /srv\n");
    for number in 0..100_000 {
        text.push_str(&format!("<VirtualHost *:80>\nServerName h{number}\nServerAlias *.h{number}\n</VirtualHost>\n"));
    }
    let texts = Texts::new(&[("/etc/apache2/apache2.conf", &text)]);
    let evaluation = texts.evaluation();
    assert_eq!(evaluation.problems.len(), 0);
    let began = Instant::now();
    let sites = Sites::of(&evaluation);
    assert_eq!(sites.len(), 100_000);
    let local = "192.0.2.1".parse().unwrap();
    for (name, line) in [("h99999", 399_998), ("x.h0", 2), ("nobody", 2)] {
        let site = sites.answering(local, 80, name);
        assert_eq!(site.at_line().unwrap().line, line, "{name}");
        site.answer(&Asked::get("/"), &texts);
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

/// Whatever may stand in a configuration, broken or not.
fn pieces() -> impl Strategy<Value = String> {
    let words = vec![
        "<VirtualHost *:80>",
        "<VirtualHost bad:address:>",
        "</VirtualHost>",
        "<Directory /srv>",
        "<Directory>",
        "<Directory ~ (>",
        "<DirectoryMatch [>",
        "</Directory>",
        "<Location ~>",
        "<Location \"/*[\">",
        "</Location>",
        "<Files \"?[\">",
        "</Files>",
        "<If \"%{\">",
        "<If \"(((\">",
        "<Else>",
        "<ElseIf>",
        "</If>",
        "<Limit>",
        "<LimitExcept GET>",
        "</Limit>",
        "<RequireAll>",
        "<RequireNone>",
        "</RequireAll>",
        "Require",
        "Require not",
        "Require ip 1/99",
        "AuthMerging",
        "Options",
        "Options + -",
        "Options -+All",
        "AllowOverride",
        "AllowOverride Options=",
        "AllowOverrideList",
        "Header",
        "Header always",
        "Header edit X ( y",
        "Header append X %{a}e env=!b",
        "Header set X-A é early",
        "ErrorDocument",
        "ErrorDocument 404 /",
        "Redirect",
        "Redirect 999 /",
        "RedirectMatch ( $9",
        "RedirectMatch ^(.*)$ /$1$9&",
        "Alias / /",
        "Alias",
        "AliasMatch",
        "RewriteEngine On",
        "RewriteRule ( - [F",
        "RewriteRule ^ / [R=x,L]",
        "RewriteCond",
        "UserDir",
        "UserDir *",
        "DocumentRoot",
        "DocumentRoot /srv",
        "DocumentRoot relative/é",
        "ServerName",
        "ServerName http://:80",
        "ServerAlias *",
        "AccessFileName",
        "ProxyPass",
        "ProxyPass / !",
        "ProxyPass /p http://x/",
        "<Proxy *>",
        "</Proxy>",
        "SetHandler",
        "AddHandler x",
        "DirectoryIndex",
        "Order",
        "Allow from 1.",
        "Satisfy any",
        "php_value a",
        "LimitRequestBody",
        "\u{feff}",
        "\\",
    ];
    prop::collection::vec(prop::sample::select(words), 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_answered(main in pieces(), htaccess in pieces(), path in "[/.a-z~é%*]{0,12}", host in "[a-z.*]{0,4}") {
        let texts = Texts::new(&[
            ("/etc/apache2/apache2.conf", &format!("DocumentRoot /srv\n<Directory /srv>\nAllowOverride All\n</Directory>\n{main}")),
            ("/srv/.htaccess", &htaccess),
            ("/srv/a", ""),
        ]);
        let evaluation = texts.evaluation();
        let sites = Sites::of(&evaluation);
        let site = sites.answering("192.0.2.1".parse().unwrap(), 80, &host);
        for method in ["GET", "TRACE", "é"] {
            for path in [path.as_str(), "/a", "/", "/~a/b"] {
                let asked = Asked { method: method.into(), client: Some("192.0.2.9".parse().unwrap()), ..Asked::get(path) };
                site.answer(&asked, &texts);
                let effective = site.ask(&asked, &texts);
                judged::all().iter().for_each(|judged| drop(effective.setting(judged.names[0])));
                effective.access();
            }
        }
    }
}
