//! Versions of installed packages (dpkg; empty on hosts that keep them elsewhere).

use std::path::Path;

use crate::formats::Files;
use crate::host::Host;

impl Host {
    /// The upstream part of an installed Debian package's version: `1.22.1` of `1:1.22.1-9+deb12u11`; empty without it.
    pub fn package_version(&self, package: &str) -> String {
        package_version(self, package)
    }
}

/// The same, of whatever files are handed over.
pub fn package_version(files: &dyn Files, package: &str) -> String {
    let status = files.read(Path::new("/var/lib/dpkg/status")).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let version = status.split("\n\n").find_map(|paragraph| installed_version(paragraph, package));
    version.map(upstream).unwrap_or_default().to_owned()
}

fn installed_version<'a>(paragraph: &'a str, package: &str) -> Option<&'a str> {
    let field = |name: &str| paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let installed = field("Package")? == package && field("Status")?.ends_with(" installed");
    if installed { field("Version") } else { None }
}

fn upstream(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.rsplit_once('-').map_or(version, |(upstream, _)| upstream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_packages_have_a_version() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(scratch.path().join("var/lib/dpkg")).unwrap();
        let status = "Package: apache2\nStatus: install ok installed\nVersion: 2.4.71-1~deb12u1\n\n\
            Package: nginx\nStatus: deinstall ok config-files\nVersion: 1.22.1-9\n\n\
            Package: php\nStatus: install ok installed\nVersion: 2:8.2+93\n";
        std::fs::write(scratch.path().join("var/lib/dpkg/status"), status).unwrap();
        let host = Host::recorded(scratch.path());
        assert_eq!(host.package_version("apache2"), "2.4.71");
        assert_eq!(host.package_version("php"), "8.2+93");
        assert_eq!(host.package_version("nginx"), "");
        assert_eq!(Host::recorded("/nonexistent").package_version("php"), "");
    }
}
