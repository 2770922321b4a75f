//! Any lines to any format of a log whose kind is known: the first byte picks the format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peelhouse::formats::logs::{LineFormat, Parser};
use peelhouse::model::{LogKind, Millis};

fuzz_target!(|data: &[u8]| {
    let Some((pick, text)) = data.split_first() else { return };
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let format = match pick % 12 {
        0 => LineFormat::for_kind(LogKind::Access),
        1 => LineFormat::ApacheError,
        2 => LineFormat::NginxError,
        3 => LineFormat::ModsecurityAudit,
        4 => LineFormat::PhpFpm,
        5 => LineFormat::Auth,
        6 => LineFormat::JsonLines,
        7 => LineFormat::W3c,
        8 => LineFormat::JournalExport,
        9 => LineFormat::Application,
        10 => LineFormat::Mixed,
        _ => match LineFormat::recognise(&lines) {
            Some(format) => format,
            None => return,
        },
    };
    let mut parser = Parser::new(format);
    parser.near(Millis::from_secs(1_795_374_000));
    for line in lines {
        let _ = parser.parse(line);
    }
});
