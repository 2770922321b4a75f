//! The effective configuration as `apache2 -t -D DUMP_CONFIG` prints it (mod_info).

use std::fmt::Write as _;

use crate::formats::apache::evaluate::effective::Effective;

/// The text, byte for byte as mod_info writes it.
pub fn dump(directives: &[Effective]) -> String {
    let mut printer = Printer { text: String::new(), source: None };
    printer.all(directives, 0);
    printer.text
}

struct Printer<'a> {
    text: String,
    source: Option<&'a str>,
}

impl<'a> Printer<'a> {
    fn all(&mut self, directives: &'a [Effective], depth: usize) {
        for directive in directives {
            self.place(directive, depth, true);
            match directive.children() {
                // mod_info takes an empty section for a directive and never closes it.
                [] if directive.children.is_some() => self.line(depth, &["<", &directive.name, " ", &directive.text]),
                [] => self.line(depth, &[&directive.name, " ", &directive.text]),
                children => {
                    self.line(depth, &["<", &directive.name, " ", &directive.text]);
                    self.all(children, depth + 1);
                    self.place(directive, depth, false);
                    self.line(depth, &["</", &directive.name, ">"]);
                }
            }
        }
    }

    fn place(&mut self, directive: &'a Effective, depth: usize, number: bool) {
        if self.source != Some(&directive.said.source) {
            self.source = Some(&directive.said.source);
            self.line(0, &["# In file: ", &directive.said.source]);
        }
        if number {
            // Writing into a String cannot fail.
            let _ = writeln!(self.text, "{:indent$}#{:4}:", "", directive.said.line, indent = depth * 2);
        }
    }

    fn line(&mut self, depth: usize, parts: &[&str]) {
        self.text.extend(std::iter::repeat_n("  ", depth));
        self.text.extend(parts.iter().copied());
        self.text.push('\n');
    }
}
