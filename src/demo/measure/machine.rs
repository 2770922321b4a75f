//! Which machine the figures are of: a figure without it says nothing.

use std::fmt;
use std::path::Path;
use std::thread::available_parallelism;

use serde::Serialize;

use crate::host::Host;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    pub cores: usize,
    pub model: String,
    pub kernel: String,
}

impl Machine {
    pub fn this() -> Self {
        let text = Host::live().read_file(Path::new("/proc/cpuinfo")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
        let model = model.map_or("a processor without a name", |(_, model)| model.trim()).to_owned();
        Self { cores: available_parallelism().map_or(1, usize::from), model, kernel }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cores, {}, {}", self.cores, self.model, self.kernel)
    }
}
