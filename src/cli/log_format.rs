//! `--format NAME`: what the lines of a log look like, where nothing is to be recognised.

use crate::cli::error::CliError;
use crate::formats::logs::LineFormat;
use crate::model::{DeclaredFormat, FormatSyntax};

/// A known name, or a pattern in the language of Apache or (with `$`) nginx.
pub fn declared(text: &str) -> Result<DeclaredFormat, CliError> {
    const KNOWN: [(&str, &str); 3] = [
        ("common", "%h %l %u %t \"%r\" %>s %b"),
        ("combined", "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""),
        ("vhost_combined", "%v:%p %h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""),
    ];
    let known = KNOWN.iter().find(|(name, _)| *name == text);
    let syntax = if known.is_none() && text.contains('$') { FormatSyntax::Nginx } else { FormatSyntax::Apache };
    let (name, pattern) = known.copied().unwrap_or(("", text));
    let declared = DeclaredFormat { syntax, name: name.to_owned(), pattern: pattern.to_owned() };
    LineFormat::compile(&declared)?;
    Ok(declared)
}
