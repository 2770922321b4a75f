//! What a server says over HTTP: headers, who it says it is, methods, where plain http leads, files that should not be
//! there. Over TLS by rustls; a server too old for that is said to be.

mod client;
mod exposed;
mod identity;
mod redirects;
mod score;

pub use client::Reply;
pub use exposed::Exposed;
pub use identity::Identity;
pub use score::Score;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::probe::target::Target;
use crate::probe::tls::ask::Asker;
use client::Client;

/// A server that does not understand a request may wait for its end.
const ODD: Duration = Duration::from_secs(2);

/// Everything HTTP shows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Web {
    /// Of `GET /`.
    pub status: Option<u16>,
    /// As sent for `GET /`, names in lower case; a name that comes twice has its values in their order.
    pub headers: BTreeMap<String, Vec<String>>,
    pub header_score: Option<Score>,
    /// Products and versions, and on what they were said.
    pub identity: Vec<Identity>,
    /// Of `Allow` where it answers OPTIONS.
    pub methods: Vec<String>,
    /// TRACE gives back what it was sent.
    pub trace: Option<bool>,
    /// Where plain http leads, step by step.
    pub redirects: Vec<String>,
    /// `None` where plain http is not there or not asked.
    pub redirects_to_https: Option<bool>,
    pub exposed: Vec<Exposed>,
    /// Why there is nothing, or not all.
    #[serde(skip)]
    pub problem: Option<String>,
}

impl Web {
    /// The span of Strict-Transport-Security in seconds.
    pub fn hsts(&self) -> Option<u64> {
        score::hsts(&self.headers)
    }
}

/// Asks in the order in which a person would: the page, a missing one, broken requests, methods, files.
pub fn look(target: &Target, asker: Asker<'_>) -> Web {
    let client = Client { target, asker, patience: asker.peer.limits.answer };
    let page = match client.get("/") {
        Ok(page) => page,
        Err(why) => return Web { problem: Some(why), ..Web::default() },
    };
    let missing = client.get(&client.nowhere()).ok();
    let mut web = Web { status: Some(page.status), headers: page.headers.clone(), ..Web::default() };
    let odd = Client { patience: ODD.min(client.patience), ..client };
    thread::scope(|scope| {
        let identity = scope.spawn(|| identity::look(odd, &page, missing.as_ref()));
        let methods = scope.spawn(|| methods(odd));
        let exposed = scope.spawn(|| exposed::look(client, missing.as_ref()));
        redirects::look(client, &mut web);
        web.identity = identity.join().unwrap_or_default();
        (web.methods, web.trace) = methods.join().unwrap_or_default();
        match exposed.join() {
            Ok(Ok(found)) => web.exposed = found,
            Ok(Err(why)) => web.problem = Some(why),
            Err(_) => web.problem = Some("looking for files broke off".to_owned()),
        }
    });
    web.header_score = Some(score::score(&page, target.tls, web.redirects_to_https));
    web
}

fn methods(client: Client<'_>) -> (Vec<String>, Option<bool>) {
    let allowed =
        client.request("OPTIONS", "/", &[]).ok().map(|reply| reply.header("allow").unwrap_or_default().to_owned());
    let methods = allowed
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let mark = "peelhouse-trace";
    let traced = client.request("TRACE", "/", &[("X-Probe", mark)]).ok();
    (methods, traced.map(|reply| reply.status == 200 && reply.text().contains(mark)))
}
