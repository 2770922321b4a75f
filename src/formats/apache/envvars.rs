//! The environment a distribution starts httpd with: Debian's `envvars`, Red Hat's `sysconfig/httpd`. Both are shell;
//! what is read of it are plain assignments outside any `if`.

use std::collections::BTreeMap;

use crate::formats::apache::words;

/// Variable → value.
pub type Environment = BTreeMap<String, String>;

/// Reads the assignments of such a file on top of those already there. `$NAME` and `${NAME}` are replaced, an unset one
/// by nothing.
pub fn read(source: &[u8], environment: &mut Environment) {
    let text = String::from_utf8_lossy(source);
    let mut depth = 0_u32;
    for line in text.lines().map(str::trim) {
        match line.split([' ', ';', '\t']).next() {
            Some("if" | "case" | "for" | "while") => depth = depth.saturating_add(1),
            Some("fi" | "esac" | "done") => depth = depth.saturating_sub(1),
            _ if depth == 0 => assign(line, environment),
            _ => {}
        }
    }
}

/// The names given with `-D` in an argument line.
pub fn defines(arguments: &str) -> Vec<String> {
    let words = words::all(arguments);
    let mut names = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("-D") {
            Some("") => names.extend(words.next().cloned()),
            Some(name) => names.push(name.to_owned()),
            None => {}
        }
    }
    names
}

fn assign(line: &str, environment: &mut Environment) {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let Some((name, value)) = line.split_once('=') else { return };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return;
    }
    let literal = value.starts_with('\'');
    let (word, _) = words::first(value);
    let word = if literal { word } else { expand(&word, environment) };
    environment.insert(name.to_owned(), word);
}

fn expand(text: &str, environment: &Environment) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, next) = braced.unwrap_or_else(|| {
            let end = after.bytes().position(|byte| !byte.is_ascii_alphanumeric() && byte != b'_');
            after.split_at(end.unwrap_or(after.len()))
        });
        expanded.push_str(environment.get(name).map_or("", String::as_str));
        rest = next;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_debians_assignments() {
        let mut environment = Environment::from([("SUFFIX".into(), "-two".into())]);
        let file = b"unset HOME\nif [ x ] ; then\n\tSUFFIX=no\nelse\n\tSUFFIX=\nfi\nexport APACHE_RUN_USER=www-data\n\
            export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\n#export A=b\nexport LANG\nX='${SUFFIX}'\nY=\"${SUFFIX}!$Z\"\n";
        read(file, &mut environment);
        let got: Vec<_> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            got,
            [
                "APACHE_LOG_DIR=/var/log/apache2-two",
                "APACHE_RUN_USER=www-data",
                "SUFFIX=-two",
                "X=${SUFFIX}",
                "Y=-two!"
            ]
        );
    }

    #[test]
    fn finds_defines_among_arguments() {
        assert_eq!(defines("-DSSL -k start -D PHP -f x"), ["SSL", "PHP"]);
    }
}
