//! php-fpm's own log, and the log PHP writes where `error_log` names a file.

use memchr::memmem::find;

use crate::formats::logs::clock::Clock;
use crate::formats::logs::cursor::Cursor;
use crate::formats::logs::errors::{between, level, note, record};
use crate::formats::logs::{Line, Unparsed, request};
use crate::model::NoteLevel;

/// `[22-Nov-2026 18:00:00] WARNING: [pool www] child 5, script '/srv/a.php' (request: "GET /a.php") …`; further lines of
/// a stack trace hold nothing.
pub fn read<'a>(line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
    if !line.starts_with(b"[") {
        return Ok(Line::Nothing);
    }
    let mut cursor = Cursor::new(line);
    cursor.skip(b"[", "a stamp in square brackets")?;
    let stamp = clock.php(cursor.until(b']', "a stamp in square brackets")?);
    let stamp = stamp.ok_or(Unparsed { at: 1, expected: "a stamp like 22-Nov-2026 18:00:00" })?;
    cursor.skip(b" ", "a space after the stamp")?;
    let text = cursor.rest();
    let (level, message) = leveled(text);
    Ok(record(Some(stamp), None, note("php-fpm", level, message, target(message))))
}

/// `WARNING: …` of php-fpm, `PHP Fatal error:  …` of PHP.
fn leveled(text: &[u8]) -> (NoteLevel, &[u8]) {
    let Some(colon) = find(text, b": ") else { return (NoteLevel::Notice, text) };
    let name = &text[..colon];
    match level(name.strip_prefix(b"PHP ").unwrap_or(name)) {
        Some(known) if name.starts_with(b"PHP ") => (known, text),
        Some(known) => (known, &text[colon + 2..]),
        None if name.starts_with(b"PHP ") => (NoteLevel::Error, text),
        None => (NoteLevel::Notice, text),
    }
}

fn target(message: &[u8]) -> &[u8] {
    let (_, path, _) = request::split(between(message, b"(request: \"", b"\")"));
    if path.is_empty() { between(message, b"script '", b"'") } else { path }
}
