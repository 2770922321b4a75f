//! Where plain http leads. Only the target itself is asked: a redirect to another host is told and not followed.

use crate::probe::http::Web;
use crate::probe::http::client::Client;
use crate::probe::target::Target;
use crate::probe::tls::ask::Asker;
use crate::probe::wire::Peer;

const HTTPS: u16 = 443;
const HTTP: u16 = 80;
const MOST_STEPS: usize = 5;

/// Fills in the chain. A target over TLS on a port of its own has no port 80 that belongs to it.
pub fn look(client: Client<'_>, web: &mut Web) {
    let target = client.target;
    if target.tls && target.port != HTTPS {
        return;
    }
    let plain = if target.tls { Target { port: HTTP, tls: false, ..target.clone() } } else { target.clone() };
    let mut address = client.asker.peer.address;
    address.set_port(plain.port);
    let peer = Peer::new(address, client.asker.peer.limits.clone());
    let asker = Asker { peer: &peer, name: target.name() };
    follow(Client { target: &plain, asker, patience: client.patience }, web);
}

fn follow(client: Client<'_>, web: &mut Web) {
    let mut path = "/".to_owned();
    for _ in 0..MOST_STEPS {
        let Ok(reply) = client.get(&path) else { return };
        web.redirects_to_https = Some(false);
        let Some(to) = reply.header("location").filter(|_| (300..400).contains(&reply.status)) else { return };
        web.redirects.push(to.to_owned());
        if to.to_ascii_lowercase().starts_with("https://") {
            web.redirects_to_https = Some(true);
            return;
        }
        match onwards(client.target, to) {
            Some(next) => path = next,
            None => return,
        }
    }
}

/// The path on the same target, `None` where it leads elsewhere or could not be sent.
fn onwards(here: &Target, to: &str) -> Option<String> {
    let fine = |path: &str| path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if to.starts_with('/') && !to.starts_with("//") {
        return fine(to).then(|| to.to_owned());
    }
    let target: Target = to.parse().ok().filter(|target| target == here)?;
    let rest = to.splitn(4, '/').nth(3).unwrap_or_default();
    let path = format!("/{rest}");
    (!target.tls && fine(&path)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_target_is_followed() {
        let here: Target = "http://h".parse().unwrap();
        assert_eq!(onwards(&here, "/a").as_deref(), Some("/a"));
        assert_eq!(onwards(&here, "http://h/a/b").as_deref(), Some("/a/b"));
        assert_eq!(onwards(&here, "http://other/a"), None);
        assert_eq!(onwards(&here, "//other/a"), None);
        assert_eq!(onwards(&here, "/a\r\nX: y"), None);
    }
}
