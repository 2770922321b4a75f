//! Folders of rules as people have them: every document is loaded, or refused with its place and reason.

use peelhouse::detect::rules::{RuleSet, RuleText};

use super::complaints;

/// A rule with this logsource and a keyword.
fn about(logsource: &str) -> String {
    format!(
        "title: t\nlogsource:\n    {logsource}\ndetection:\n    keywords:\n        - evil\n    condition: keywords\n"
    )
}

#[test]
fn logsources_of_web_servers_and_of_linux_are_read_and_no_others() {
    for read in [
        "category: webserver",
        "{category: webserver, product: apache}",
        "category: proxy",
        "service: apache",
        "{product: nginx}",
        "{product: nginx, service: access}",
        "{category: application, product: tomcat}",
        "{product: modsecurity}",
        "{product: linux}",
        "{product: linux, service: sshd}",
        "{product: linux, service: sudo}",
        "{product: linux, service: auth}",
        "{product: linux, service: syslog}",
        "{product: linux, service: auditd}",
        "{product: linux, service: cron}",
        "{category: application, product: django}",
        "{product: linux, category: process_creation}",
        "{product: linux, category: file_event}",
        "{product: linux, category: network_connection}",
    ] {
        assert_eq!(complaints(&about(read)), [""; 0], "{read}");
    }
    for other in [
        "{product: windows, category: process_creation}",
        "{product: windows, service: security}",
        "category: dns",
        "{product: aws, service: cloudtrail}",
    ] {
        let told = complaints(&about(other));
        assert!(told.len() == 1 && told[0].starts_with("t.yml:3: logsource category"), "{other}: {told:?}");
    }
}

#[test]
fn nothing_is_dropped_in_silence() {
    let good = about("category: webserver");
    let global = "action: global\ntitle: g\nlevel: high\n---\nlogsource: {category: webserver}\ndetection: {k: [a], condition: k}\n---\naction: reset\n";
    let files = [
        ("good.yml", good.clone()),
        (
            "two.yml",
            format!(
                "---\n{}---\n{}---\n",
                good.replace("title: t", "title: t\nid: 1"),
                good.replace("title: t", "title: t\nid: 2")
            ),
        ),
        ("broken.yml", format!("{}---\ntitle: 'open\n", good.replace("title: t", "title: t\nid: 3"))),
        ("twice.yml", good.replace("title: t", "title: t\nid: 1")),
        ("global.yml", global.to_owned()),
        ("list.yml", "- a\n- b\n".to_owned()),
        ("no-title.yml", good.replace("title: t\n", "")),
        ("taxonomy.yml", good.replace("title: t", "title: t\ntaxonomy: ecs")),
        ("empty.yml", String::new()),
        ("comment.yml", "# nothing\n".to_owned()),
    ];
    let texts: Vec<RuleText> = files.iter().map(|(file, text)| RuleText { file, text }).collect();
    let (set, errors) = RuleSet::load(&texts);
    assert_eq!(set.rules().len(), 4);
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let begins = [
        "broken.yml:10: not YAML",
        "twice.yml:1: rule `1` exists already",
        "global.yml:1: `action: global` is Sigma's old way",
        "global.yml:5: `action: global`",
        "global.yml:8: `action: global`",
        "list.yml:1: `a document` must be a map",
        "no-title.yml:1: `title` is missing",
        "taxonomy.yml:1: `ecs` is no taxonomy",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(begin), "{told} is not {begin}");
    }
}

#[test]
fn field_names_of_published_rules_are_known() {
    let fields = [
        "cs-uri",
        "cs-uri-query",
        "cs-uri-stem",
        "c-uri",
        "c-uri-query",
        "c-uri-stem",
        "cs-method",
        "c-useragent",
        "cs-user-agent",
        "cs-referer",
        "cs-referrer",
        "cs-host",
        "cs-username",
        "cs-version",
        "sc-status",
        "sc-bytes",
        "c-ip",
    ];
    for field in fields {
        let text =
            format!("title: t\nlogsource: {{category: proxy}}\ndetection: {{s: {{{field}: '1'}}, condition: s}}\n");
        assert_eq!(complaints(&text), [""; 0], "{field}");
    }
}
