//! Client limits: how much of a server one client may hold, and for how long.

mod apache;
mod nginx;
mod quantity;

use crate::assess::sites::{Notes, each_site};
use crate::host::{Holds, Web};
use crate::measure::{Grade, Has, Without};
use crate::model::{Assessed, Proof, ServerKind, Severity};

crate::measure! {
    /// # Client limits
    ///
    /// One client that sends slowly, much or often can take a server away from all others.
    ///
    /// ## What it looks at
    /// For every site, what really holds for its pages. Apache: `RequestReadTimeout` and whether mod_reqtimeout is loaded,
    /// `Timeout`, `KeepAlive` and `KeepAliveTimeout`, `LimitRequestBody`, `LimitRequestLine`, `LimitRequestFields`,
    /// `LimitRequestFieldSize`, and whether mod_qos or mod_evasive counts clients. nginx: `client_header_timeout`,
    /// `client_body_timeout`, `send_timeout`, `keepalive_timeout`, `limit_conn` and `limit_req` and whether they are only
    /// rehearsed, `client_max_body_size`, `large_client_header_buffers`. A limit so small that it refuses ordinary visitors
    /// is told just as one that is missing.
    ///
    /// ## Why it matters
    /// A server has so many workers, and a client that sends one byte a minute holds one for as long as it is let.
    /// Passwords are guessed and pages copied as fast as the server answers where nobody counts.
    ///
    /// ## Example
    /// Before: no mod_reqtimeout, and `Timeout 300`: a few hundred half-sent requests stop the site.
    ///
    /// After: `RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500`, which lets slow uploads go on as long as
    /// they move.
    ///
    /// ## What hardening changes
    /// Nothing yet: changes to the configuration of a server cannot be planned.
    ///
    /// ## What the watcher sees
    /// Nothing yet: what limits refused stands in the logs, but no rule reads it.
    ///
    /// ## Whom it affects
    /// People behind one address (a campus, a mobile network, a proxy) count as one client. Small limits of size refuse
    /// logins by single sign-on, whose URLs and cookies are long, and uploads.
    ///
    /// ## Limits
    /// It judges the page `/` of each site: a limit for a login page alone is not seen. Nothing is computed from the site's
    /// own traffic yet, so only values that no site can want are told. Limits of a proxy or packet filter in front are not
    /// seen, nor modules that are built into httpd rather than loaded.
    ///
    /// ## References
    /// - mod_reqtimeout: <https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html>
    /// - Apache, limits: <https://httpd.apache.org/docs/2.4/mod/core.html#limitrequestbody>
    /// - nginx, `limit_req`: <https://nginx.org/en/docs/http/ngx_http_limit_req_module.html>
    id: "client-limits",
    priority: 50,
    difficulty: Grade::Medium,
    effectiveness: Grade::Medium,
    impact: Grade::Medium,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("no rule yet reads what a server's own limits refused"),
}

fn check(web: &Web<'_>) -> Vec<Assessed> {
    each_site(web, &[ServerKind::Apache, ServerKind::Nginx], "/", |door, holds, notes| match holds {
        Holds::Apache(_) => apache::judge(door, holds, notes),
        _ => nginx::judge(door, holds, notes),
    })
}

/// A number with the bounds within which nobody is harmed; what lies outside of them, in words.
struct Bounds {
    least: u64,
    too_little: &'static str,
    most: u64,
    too_much: &'static str,
}

impl Bounds {
    fn judge(&self, shown: &str, value: u64, proof: Vec<Proof>, notes: &mut Notes) {
        let said = match value {
            value if value < self.least => self.too_little,
            value if value > self.most => self.too_much,
            _ => return notes.fine(proof),
        };
        let fix = "set it between what ordinary visitors need and what one client may take";
        notes.found(Severity::Low, format!("{shown}: {said}"), proof, fix);
    }
}
