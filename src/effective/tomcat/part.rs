//! An element of a file, and what elements laid over one another say of an attribute.

use std::path::Path;
use std::rc::Rc;

use crate::effective::{Effect, Setting, Step};
use crate::formats::tomcat::{Element, Properties};
use crate::model::Spot;

/// An element, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub element: Element,
    pub file: Rc<Path>,
}

impl Part {
    pub fn at(&self) -> Spot {
        self.spot(&self.element)
    }

    /// The place of an element inside.
    pub(super) fn spot(&self, inner: &Element) -> Spot {
        Spot { file: self.file.to_path_buf(), line: inner.line }
    }

    /// Its children of one name.
    pub(super) fn inner(&self, name: &str) -> Vec<Part> {
        self.element.named(name).map(|element| Part { element: element.clone(), file: self.file.clone() }).collect()
    }

    /// The last part of its `className`, as of `org.apache.catalina.valves.RemoteAddrValve`.
    pub(super) fn class(&self) -> &str {
        self.element.attribute("className").and_then(|name| name.rsplit('.').next()).unwrap_or_default()
    }

    /// An attribute, its `${…}` put in.
    pub(super) fn attribute(&self, name: &str, known: &Properties) -> Option<String> {
        self.element.attribute(name).map(|value| known.expand(value))
    }
}

/// An attribute of elements laid over one another, the outermost first: the innermost that has it decides.
pub(super) fn setting<'p>(parts: impl IntoIterator<Item = &'p Part>, name: &str, known: &Properties) -> Setting {
    let mut values = parts.into_iter().filter_map(|part| {
        let value = part.attribute(name, known)?;
        Some((part.at(), format!("<{} {name}=\"{value}\">", part.element.name), value))
    });
    layered(&mut values)
}

/// Values with their places, the outermost first.
pub(super) fn layered(values: &mut dyn Iterator<Item = (Spot, String, String)>) -> Setting {
    let mut setting = Setting::default();
    for (at, text, value) in values {
        let effect = if setting.chain.is_empty() { Effect::Adds } else { Effect::Replaces };
        if let Some(step) = setting.chain.last_mut() {
            step.effect = Effect::Replaced;
        }
        setting.chain.push(Step { at, text, effect });
        setting.values = vec![vec![value]];
    }
    setting
}

/// The one word of a setting.
pub(super) fn word(setting: &Setting) -> Option<&str> {
    setting.values.first()?.first().map(String::as_str)
}
