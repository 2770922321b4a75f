//! `--format NAME`: what the lines of a log look like, where nothing is to be recognised.

use crate::cli::error::CliError;
use crate::formats::logs::LineFormat;
use crate::guard::replay::Form;
use crate::model::near::nearest;
use crate::model::{DeclaredFormat, FormatSyntax, LogKind};

const KNOWN: [(&str, &str); 3] = [
    ("common", "%h %l %u %t \"%r\" %>s %b"),
    ("combined", "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""),
    ("vhost_combined", "%v:%p %h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""),
];

/// A known name, the name of a kind of log, or a pattern in the language of Apache or (with `$`) nginx.
pub fn form(text: &str) -> Result<Form, CliError> {
    if let Ok(kind) = serde_json::from_value::<LogKind>(text.into())
        && kind != LogKind::Access
    {
        return Ok(Form::Kind(kind));
    }
    let known = KNOWN.iter().find(|(name, _)| *name == text);
    if known.is_none() && !text.contains(['%', '$']) {
        let near = nearest(text, KNOWN.iter().map(|(name, _)| *name)).map(str::to_owned);
        return Err(CliError::UnknownFormat { name: text.to_owned(), near });
    }
    let syntax = if known.is_none() && text.contains('$') { FormatSyntax::Nginx } else { FormatSyntax::Apache };
    let (name, pattern) = known.copied().unwrap_or(("", text));
    let declared = DeclaredFormat { syntax, name: name.to_owned(), pattern: pattern.to_owned() };
    LineFormat::compile(&declared)?;
    Ok(Form::Pattern(declared))
}
