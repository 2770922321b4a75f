//! mod_macro: what a definition holds, and how arguments are put into its lines.

use crate::formats::apache::evaluate::input::ReadLine;
use crate::formats::apache::words;

/// As httpd's `MAX_STRING_LEN`: a line that arguments make longer stays as it was written.
const LONGEST: usize = 8192;

/// `<Macro name parameters…>` with its lines, comments left out as mod_macro does.
#[derive(Debug)]
pub struct Macro {
    /// In lower case.
    pub name: String,
    pub parameters: Vec<String>,
    /// `defined on line 3 of "/etc/…"`, as httpd says it.
    pub location: String,
    pub body: Vec<ReadLine>,
}

impl Macro {
    /// A definition without its lines, from what follows `<Macro`, or why httpd refuses it.
    pub fn new(head: &str, location: String) -> Result<Self, String> {
        let (name, rest) = words::first(head);
        if name.is_empty() {
            return Err("this macro has no name".into());
        }
        if head.len() > LONGEST {
            return Err(format!("the head of this macro is longer than {LONGEST} bytes"));
        }
        let mut parameters = words::all(rest);
        let flags = parameters.iter().take_while(|word| word.starts_with('/')).count();
        parameters.drain(..flags);
        let name = name.to_ascii_lowercase();
        match parameters
            .iter()
            .enumerate()
            .find(|(at, one)| one.is_empty() || parameters.iter().take(*at).any(|other| other == *one))
        {
            Some((_, parameter)) => Err(format!("macro '{name}': parameter '{parameter}' is empty or named twice")),
            None => Ok(Self { name, parameters, location, body: Vec::new() }),
        }
    }

    /// A line with the arguments in place of the parameters: the first found in the line, the longest where several
    /// begin there. What comes in is not looked at again; an `@parameter` comes in quoted.
    pub fn fill(&self, line: &str, arguments: &[String]) -> String {
        let mut filled = String::with_capacity(line.len());
        let mut rest = line;
        while let Some((at, parameter, argument)) = self.next_parameter(rest, arguments) {
            let (before, after) = rest.split_at(at);
            filled.push_str(before);
            if parameter.starts_with('@') {
                push_quoted(&mut filled, argument);
            } else {
                filled.push_str(argument);
            }
            rest = after.get(parameter.len()..).unwrap_or_default();
            if filled.len() + rest.len() >= LONGEST {
                return line.to_owned();
            }
        }
        filled.push_str(rest);
        filled
    }

    fn next_parameter<'a>(&'a self, text: &str, arguments: &'a [String]) -> Option<(usize, &'a str, &'a str)> {
        let pairs = self.parameters.iter().zip(arguments);
        let found = pairs.filter_map(|(parameter, argument)| {
            text.find(parameter.as_str()).map(|at| (at, parameter.as_str(), argument.as_str()))
        });
        found.min_by_key(|(at, parameter, _)| (*at, std::cmp::Reverse(parameter.len())))
    }
}

fn push_quoted(filled: &mut String, argument: &str) {
    filled.push('"');
    for character in argument.chars() {
        if matches!(character, '"' | '\\') {
            filled.push('\\');
        }
        filled.push(character);
    }
    filled.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_arguments_in() {
        let made = Macro::new(" Vhost /IgnoreEmptyArgs $n $name @q %p", String::new()).unwrap();
        assert_eq!(made.name, "vhost");
        let arguments: Vec<String> = ["1", "two", "a\"b", "$n"].map(String::from).into();
        assert_eq!(made.fill("$name/$n @q x%p", &arguments), "two/1 \"a\\\"b\" x$n");
    }

    #[test]
    fn refuses_what_mod_macro_refuses() {
        assert!(Macro::new("m $a $a", String::new()).is_err());
        assert!(Macro::new("m ''", String::new()).is_err());
        assert!(Macro::new(" ", String::new()).is_err());
    }
}
