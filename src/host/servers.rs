//! The web servers of the host, found by themselves.

use std::collections::HashSet;

use crate::host::{Configured, Host, nginx, running_apache, tomcat};
use crate::model::Server;

impl Host {
    /// Every web server that runs or is installed, with what its configuration declares.
    pub fn servers(&self) -> Vec<Server> {
        self.configured().into_iter().map(|known| known.server).collect()
    }

    /// The same, with the configurations themselves.
    pub fn configured(&self) -> Vec<Configured> {
        let processes = self.processes();
        let mut servers = running_apache::discover(self, &processes);
        servers.extend(nginx::discover(self, &processes));
        servers.extend(tomcat::discover(self, &processes));
        for known in &mut servers {
            say_once(&mut known.server.problems);
        }
        servers
    }
}

fn say_once(problems: &mut Vec<String>) {
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
}
