//! Any declared pattern, and any lines to it: the first byte picks the syntax, the first line is the pattern.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peelhouse::formats::logs::{LineFormat, Parser};
use peelhouse::model::{DeclaredFormat, FormatSyntax};

fuzz_target!(|data: &[u8]| {
    let Some((pick, text)) = data.split_first() else { return };
    let syntax = match pick % 5 {
        0 => FormatSyntax::Apache,
        1 => FormatSyntax::Nginx,
        2 => FormatSyntax::NginxJson,
        3 => FormatSyntax::NginxNone,
        _ => FormatSyntax::Valve,
    };
    let mut lines = text.split(|byte| *byte == b'\n');
    let pattern = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let Ok(format) = LineFormat::compile(&DeclaredFormat { syntax, name: String::new(), pattern }) else { return };
    let mut parser = Parser::new(format);
    for line in lines {
        let _ = parser.parse(line);
    }
});
