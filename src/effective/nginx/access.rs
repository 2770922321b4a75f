//! Who may come in: `allow` and `deny`, passwords, and what another program is asked (ngx_http_access_module,
//! ngx_http_auth_basic_module, `satisfy`).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::effective::nginx::Line;
use crate::effective::nginx::walk::{Next, Walk};

/// What somebody without a password meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Allowed,
    Denied,
    /// A password is asked for.
    Login,
    /// The client's address decides, or another program, or it cannot be told.
    Depends,
}

/// Directives of modules that ask elsewhere; their `off` is `off`.
const ASK_ELSEWHERE: [&str; 6] =
    ["auth_request", "auth_jwt", "auth_pam", "auth_ldap", "access_by_lua_file", "access_by_lua_block"];

/// What one module says.
enum Said {
    Nothing,
    Yes,
    No(u16),
}

impl Walk<'_, '_> {
    /// The access phase; the next is the content phase.
    pub(super) fn check_access(&mut self) -> Next {
        let any = self.scope().word("satisfy") == "any";
        let checks: [fn(&mut Self) -> Said; 3] = [Self::by_address, Self::by_password, Self::elsewhere];
        let mut refused = None;
        for check in checks {
            match check(self) {
                Said::Nothing => {}
                Said::Yes if any => {
                    self.admit();
                    return Next::Content;
                }
                Said::Yes => {}
                Said::No(status) if !any => return self.refuse(status),
                // A 401 stands, so that a browser asks for the password.
                Said::No(status) => refused = Some(refused.filter(|earlier| *earlier == 401).unwrap_or(status)),
            }
        }
        match refused {
            Some(status) => self.refuse(status),
            None => {
                self.admit();
                Next::Content
            }
        }
    }

    /// Whoever was refused before now only sees the error page.
    fn admit(&mut self) {
        self.access.get_or_insert(Access::Allowed);
    }

    fn refuse(&mut self, status: u16) -> Next {
        self.access = Some(if status == 401 { Access::Login } else { Access::Denied });
        Next::Error(status)
    }

    fn by_address(&mut self) -> Said {
        let scope = self.scope();
        let (allow, deny) = (scope.lines("allow"), scope.lines("deny"));
        let mut rules: Vec<&Line> = allow.into_iter().chain(deny).collect();
        let order = scope.levels.iter().rev().find(|level| level.iter().any(|line| is_rule(line)));
        rules.sort_by_key(|rule| {
            order.and_then(|level| level.iter().position(|line| std::ptr::eq(*line, *rule))).unwrap_or_default()
        });
        for rule in rules {
            let fits = match fits(rule.first(), self.request.client) {
                Some(fits) => fits,
                None => self.decide(&rule.at, &format!("the client is {}", rule.first())),
            };
            if fits {
                return if rule.name == "allow" { Said::Yes } else { Said::No(403) };
            }
        }
        Said::Nothing
    }

    fn by_password(&mut self) -> Said {
        let scope = self.scope();
        let realm = scope.lines("auth_basic");
        // Without a file of passwords nginx asks for none.
        let (Some(realm), [_, ..]) = (realm.first(), scope.lines("auth_basic_user_file").as_slice()) else {
            return Said::Nothing;
        };
        let asks = match self.expand(realm.first()) {
            Some(value) => value != "off",
            None => self.decide(&realm.at, &format!("{} is not off", realm.first())),
        };
        if asks { Said::No(401) } else { Said::Nothing }
    }

    fn elsewhere(&mut self) -> Said {
        for name in ASK_ELSEWHERE {
            let lines = self.scope().lines(name);
            if let Some(line) = lines.first().filter(|line| line.first() != "off") {
                let admits = self.decide(&line.at, &format!("{name} lets it in"));
                return if admits { Said::Yes } else { Said::No(403) };
            }
        }
        Said::Nothing
    }
}

fn is_rule(line: &Line) -> bool {
    matches!(line.name.as_str(), "allow" | "deny")
}

/// Whether a rule is about a client; none where the client is not known.
fn fits(rule: &str, client: Option<IpAddr>) -> Option<bool> {
    if rule == "all" {
        return Some(true);
    }
    let client = client?;
    let network = rule.parse::<IpNet>().ok().or_else(|| rule.parse::<IpAddr>().ok().map(IpNet::from));
    let mapped = match client {
        IpAddr::V6(address) => address.to_ipv4_mapped().map(IpAddr::V4),
        IpAddr::V4(_) => None,
    };
    Some(network.is_some_and(|network| network.contains(&mapped.unwrap_or(client))))
}
