//! Inheritance between http, server and location: a deeper level replaces what it declares, and takes the rest.

use crate::formats::nginx::evaluate::Setting;

/// The declarations in force at one level.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) access_logs: Vec<&'a Setting>,
    pub(super) error_logs: Vec<&'a Setting>,
    pub(super) trusted: Vec<&'a Setting>,
    pub(super) real_ip_header: Option<&'a Setting>,
    pub(super) root: Option<&'a Setting>,
}

impl<'a> Scope<'a> {
    /// What holds inside a block of this scope.
    pub(super) fn enter(&self, block: &'a [Setting]) -> Self {
        let own = |name: &str| -> Vec<&'a Setting> { block.iter().filter(|setting| setting.name == name).collect() };
        let or = |own: Vec<&'a Setting>, outer: &[&'a Setting]| if own.is_empty() { outer.to_vec() } else { own };
        Self {
            access_logs: or(own("access_log"), &self.access_logs),
            error_logs: or(own("error_log"), &self.error_logs),
            trusted: or(own("set_real_ip_from"), &self.trusted),
            real_ip_header: own("real_ip_header").pop().or(self.real_ip_header),
            root: own("root").pop().or(self.root),
        }
    }

    /// True where a block declares anything of this itself.
    pub(super) fn changes_logs(block: &[Setting]) -> bool {
        block.iter().any(|setting| {
            matches!(setting.name.as_str(), "access_log" | "error_log" | "set_real_ip_from" | "real_ip_header")
        })
    }
}
