//! A decision in words.

use std::net::IpAddr;

use crate::model::Action;
use crate::respond::span::Span;

/// "11 of 10 missing paths in 100 s; banned for 20m, offence 2; note".
pub(super) fn why(sentence: &str, action: Action, span: Span, offence: u32, note: &str) -> String {
    let done = match action {
        Action::Tell => String::new(),
        Action::Limit => format!("limited for {span}, offence {offence}"),
        Action::Ban => format!("banned for {span}, offence {offence}"),
    };
    let parts = [sentence, &done, note];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// What the owner has to do before such a client can be stopped.
pub(super) fn include_the_map(proxy: IpAddr) -> String {
    format!(
        "not stopped: it came through the proxy {proxy}, and the site does not deny by our map; include \
         /etc/peelhouse/nginx/peelhouse-deny.conf inside http and peelhouse-deny-site.conf inside server (nginx), or \
         /etc/peelhouse/apache2/peelhouse-deny.conf in the main server and peelhouse-deny-site.conf inside VirtualHost \
         (Apache), then reload the web server and peelhouse"
    )
}
