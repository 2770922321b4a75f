//! An application: the context files laid over one another, and its web.xml over Tomcat's.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::effective::Setting;
use crate::effective::tomcat::defaults::default;
use crate::effective::tomcat::part::{Part, setting, word};
use crate::effective::tomcat::server::Tomcat;
use crate::effective::tomcat::web::{Web, WebXml};

/// One application of a host.
#[derive(Debug)]
pub struct Context {
    /// `/shop`; empty for the root.
    pub path: String,
    pub doc_base: PathBuf,
    /// conf/context.xml, the host's own defaults, then the one of the application: attributes of the later ones win. A
    /// `Context` of server.xml stands first, and loses.
    pub parts: Vec<Part>,
    /// conf/<engine>/<host>/web.xml.default
    pub(super) host_web: Option<PathBuf>,
    pub(super) web: OnceCell<Web>,
}

impl Context {
    /// An attribute of the context.
    pub fn setting(&self, tomcat: &Tomcat<'_>, attribute: &str) -> Setting {
        setting(&self.parts, attribute, &tomcat.known)
    }

    /// The same as a word, with the default; empty where there is neither.
    pub fn word(&self, tomcat: &Tomcat<'_>, attribute: &str) -> String {
        let or_default = || default("Context", attribute, tomcat.version).unwrap_or_default();
        word(&self.setting(tomcat, attribute)).unwrap_or_else(or_default).to_owned()
    }

    /// An attribute of an element inside, as of `Resources` or `CookieProcessor`.
    pub fn inner(&self, tomcat: &Tomcat<'_>, element: &str, attribute: &str) -> Setting {
        let parts: Vec<Part> = self.parts.iter().flat_map(|part| part.inner(element)).collect();
        setting(&parts, attribute, &tomcat.known)
    }

    /// The web.xml files of the application, read when first asked.
    pub fn web(&self, tomcat: &Tomcat<'_>) -> &Web {
        self.web.get_or_init(|| {
            let read = |path: PathBuf| tomcat.document(&path).map(|part| WebXml::of(&part, &tomcat.known));
            let defaults = match self.host_web.clone().and_then(read) {
                Some(upper) => Rc::new(tomcat.default_web.overlaid(&upper)),
                None => tomcat.default_web.clone(),
            };
            let own = read(self.doc_base.join("WEB-INF/web.xml")).map(|web| Rc::new(WebXml { is_own: true, ..web }));
            let jars = tomcat.files.list(&self.doc_base.join("WEB-INF/lib")).unwrap_or_default();
            Web {
                layers: std::iter::once(defaults).chain(own).collect(),
                has_jars: jars.iter().any(|name| name.ends_with(".jar")),
            }
        })
    }
}
