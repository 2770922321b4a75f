//! What a real nginx says over HTTP: careless, then careful.

use std::path::Path;

use serde_json::{Value, json};

use crate::server::{KEYS, Server, free_port, has, look, probe, start_on};

/// An nginx on two ports of its own, plain and TLS, with `settings` in the TLS server.
fn nginx(dir: &Path, settings: &str) -> (Server, u16) {
    let (port, plain) = (free_port(), free_port());
    let (root, key, certificate) = (dir.join("www"), KEYS.path("rsa.key"), KEYS.path("rsa.pem"));
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("index.html"), "<html><script src=\"/own.js\"></script></html>").unwrap();
    let (dir, root) = (dir.display(), root.display());
    let config = format!(
        "daemon off; master_process off; user root; pid {dir}/pid; error_log {dir}/error.log; events {{}}
         http {{ access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
           uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
           server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
             ssl_protocols TLSv1.2 TLSv1.3; root {root}; {settings} }}
           server {{ listen 127.0.0.1:{plain}; location = / {{ return 302 /in; }} location /in {{ return 301 https://localhost:{port}/; }} }} }}"
    );
    let file = format!("{dir}/nginx.conf");
    std::fs::write(&file, config).unwrap();
    (start_on(port, &["nginx", "-c", &file, "-e", &format!("{dir}/error.log")], &[]), plain)
}

fn ids(report: &Value) -> Vec<&str> {
    report["header_score"]["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[test]
fn a_careless_server_names_itself_and_serves_its_history() {
    if !has("nginx") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (server, plain) =
        nginx(dir.path(), "add_header Set-Cookie 'PHPSESSID=1; path=/'; add_header X-Powered-By PHP/5.6.1;");
    std::fs::create_dir(dir.path().join("www/.git")).unwrap();
    std::fs::write(dir.path().join("www/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
    std::fs::write(dir.path().join("www/.env"), "<html>not settings</html>").unwrap();
    let report = look(&server);
    assert_eq!(report["status"], 200);
    let paths: Vec<&Value> = report["exposed"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["/.git/HEAD"]);
    let identity = report["identity"].as_array().unwrap();
    let server_header = identity.iter().find(|one| one["place"] == "server").unwrap();
    assert!(server_header["says"].as_str().unwrap().starts_with("nginx/1.") && server_header["version"] == true);
    assert!(server_header["on"].as_array().unwrap().len() >= 3, "{server_header}");
    assert!(identity.iter().any(|one| one["place"] == "page"), "{identity:?}");
    assert!(identity.iter().any(|one| one["says"] == "PHP/5.6.1"));
    let lost = ids(&report);
    for id in [
        "session-cookie-without-secure",
        "session-cookie-without-httponly",
        "csp-missing",
        "framing-allowed",
        "hsts-missing",
    ] {
        assert!(lost.contains(&id), "{id}: {lost:?}");
    }
    assert_eq!(report["trace"], false);
    let plain = probe(&format!("http://localhost:{plain}/"));
    let steps: Vec<&str> = plain["redirects"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    assert!(steps.len() == 2 && steps[0].ends_with("/in"), "{steps:?}");
    assert_eq!(steps[1], format!("https://localhost:{}/", server.port));
    assert_eq!((&plain["redirects_to_https"], &plain["grade"]), (&json!(true), &Value::Null));
}

#[test]
fn a_careful_server_has_all_headers_and_answers_everything_with_one_page() {
    if !has("nginx") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let headers = "server_tokens off; add_header Strict-Transport-Security max-age=31536000 always; \
        add_header Content-Security-Policy \"default-src 'none'; frame-ancestors 'none'\" always; \
        add_header X-Content-Type-Options nosniff always; add_header Referrer-Policy no-referrer always; \
        location / { try_files $uri /index.html; }";
    let report = look(&nginx(dir.path(), headers).0);
    assert_eq!(report["exposed"], json!([]));
    assert_eq!(ids(&report), ["csp-default-none", "referrer-policy"]);
    assert_eq!(report["header_score"]["letter"], "A+");
    assert_eq!(report["grade"]["if_trusted"], "A+");
    let versions = report["identity"].as_array().unwrap().iter().filter(|one| one["version"] == true).count();
    assert_eq!(versions, 0, "{}", report["identity"]);
}
