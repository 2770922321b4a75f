//! Behind a trusted proxy the right client is limited; the proxy and its other clients are not.

use peelhouse::demo::visitors::WORDLIST;

use crate::stage::{Kind, STATE, Stage, on, until, write};

const PROXY: &str = "198.51.100.1";
const ATTACKER: &str = "203.0.113.50";
const NEIGHBOUR: &str = "203.0.113.51";

#[test]
fn nginx_stops_the_client_behind_its_proxy() {
    let site = "set_real_ip_from 198.51.100.1; real_ip_header X-Forwarded-For;";
    on(Kind::Nginx, "", site, |stage| {
        stage.start_guard();
        snippet("nginx/peelhouse-deny.conf", "/etc/nginx/conf.d/peelhouse-deny.conf", "");
        snippet("nginx/peelhouse-deny-site.conf", "/etc/nginx/lab-extra.conf", site);
        attacker_behind_proxy(stage);
    });
}

#[test]
fn apache_stops_the_client_behind_its_proxy() {
    let site = "RemoteIPHeader X-Forwarded-For\nRemoteIPTrustedProxy 198.51.100.1\n";
    on(Kind::Apache, "", site, |stage| {
        stage.start_guard();
        snippet("apache2/peelhouse-deny.conf", "/etc/apache2/conf-enabled/peelhouse-deny.conf", "");
        snippet("apache2/peelhouse-deny-site.conf", "/etc/apache2/lab-extra.conf", site);
        attacker_behind_proxy(stage);
    });
}

/// Puts a shipped snippet where the owner would, reading the map of this stage, after `before`.
fn snippet(shipped: &str, to: &str, before: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("etc").join(shipped);
    let text = std::fs::read_to_string(path).unwrap().replace("/var/lib/peelhouse", STATE);
    write(to, &format!("{before}\n{text}"));
}

#[test]
fn a_forged_header_from_a_stranger_bans_the_stranger() {
    let site = "set_real_ip_from 198.51.100.1; real_ip_header X-Forwarded-For;";
    on(Kind::Nginx, "", site, |stage| {
        stage.start_guard();
        let mut stranger = stage.visitor("203.0.113.60", "curl/8.0");
        stranger.extra = format!("X-Forwarded-For: {NEIGHBOUR}\r\n");
        stage.as_visitor(&stranger, |stranger| stranger.get_all(WORDLIST));
        stage.guard().wait_for_decision("203.0.113.60", "ban");
        assert!(stage.ask(&["why", NEIGHBOUR]).is_empty(), "nothing may be held against the forged address");
    });
}

/// The guard made its map before the server was told to read it, and learns by a reload that it is read.
fn attacker_behind_proxy(stage: &mut Stage) {
    stage.reload_server();
    stage.reload_guard();
    let through = |stage: &Stage, client: &str| {
        let mut visitor = stage.visitor(PROXY, "Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0");
        visitor.extra = format!("X-Forwarded-For: {client}\r\n");
        visitor
    };
    let attacker = through(stage, ATTACKER);
    let neighbour = through(stage, NEIGHBOUR);
    stage.as_visitor(&attacker, |attacker| attacker.get_all(WORDLIST));
    let decision = stage.guard().wait_for("a decision on the client behind the proxy", |said| {
        said["event"] == "decision" && said["subject"]["client"] == ATTACKER && said["action"] != "tell"
    });
    assert_eq!(decision["point"], "web-server", "{decision}");
    until("the server refuses the client", || {
        stage.as_visitor(&attacker, |attacker| attacker.get("/").unwrap()) != 200
    });
    assert_eq!(stage.as_visitor(&neighbour, |neighbour| neighbour.get("/").unwrap()), 200);
    assert!(stage.ask(&["why", PROXY]).is_empty(), "nothing may be held against the proxy");
    stage.kill_keeper();
    stage.start_guard();
    assert_ne!(stage.as_visitor(&attacker, |attacker| attacker.get("/").unwrap()), 200, "a restart frees nobody");
    stage.ask(&["unban", ATTACKER]);
    until("the unbanned is served again", || stage.as_visitor(&attacker, |attacker| attacker.get("/").unwrap()) == 200);
}
