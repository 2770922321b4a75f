//! What a verb says: tables for people, one JSON object a line for programs. Every text is cleaned on its way out, so no
//! log line can drive a terminal.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;
use serde_json::ser::Formatter;

/// Columns of a table where no terminal says otherwise.
const WIDTH: u16 = 100;
/// What is left to the last column before the others are wrapped too.
const LAST_COLUMN: usize = 24;
/// The headings underlined, nothing else drawn.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Where a verb writes.
pub struct Output {
    json: bool,
    terminal: bool,
    to: BufWriter<Box<dyn Write + Send>>,
}

/// How a text is meant; colour where the terminal has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Strong,
    Dim,
    Warn,
    Bad,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Warn => "\x1b[33m",
            Self::Bad => "\x1b[31m",
        }
    }
}

impl Output {
    /// To standard output; colours as `choice` says, `Auto` meaning only on a terminal.
    pub fn stdout(json: bool, choice: ColorChoice) -> Self {
        let terminal = io::stdout().is_terminal();
        let to: Box<dyn Write + Send> = Box::new(AutoStream::new(io::stdout(), choice));
        Self { json, terminal, to: BufWriter::new(to) }
    }

    /// To standard error, for the one line that says what went wrong.
    pub fn stderr(choice: ColorChoice) -> Self {
        let terminal = io::stderr().is_terminal();
        let to: Box<dyn Write + Send> = Box::new(AutoStream::new(io::stderr(), choice));
        Self { json: false, terminal, to: BufWriter::new(to) }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// One JSON object on a line of its own.
    pub fn object(&mut self, object: &impl Serialize) -> io::Result<()> {
        object.serialize(&mut serde_json::Serializer::with_formatter(&mut self.to, Tame))?;
        self.end()
    }

    /// One line for people.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.toned(Tone::Plain, text)
    }

    /// One line for people, coloured.
    pub fn toned(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        let text = clean(text);
        match tone {
            Tone::Plain => self.to.write_all(text.as_bytes())?,
            _ => write!(self.to, "{}{text}\x1b[0m", tone.code())?,
        }
        self.end()
    }

    /// Text of ours as it is, line ends kept: pages, scripts, the manual.
    pub fn page(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes)?;
        self.to.flush()
    }

    /// Foreign bytes as they are, for a file that is printed back: no colour handling stands between, which drops some.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.flush()?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// A table no wider than the terminal; says `empty` where there are no rows.
    pub fn table(&mut self, headings: &[&str], rows: &[Vec<String>], empty: &str) -> io::Result<()> {
        if rows.is_empty() {
            return self.line(empty);
        }
        let width = if self.terminal { Table::new().width().unwrap_or(WIDTH).max(40) } else { WIDTH };
        for line in self::table(headings, rows, width).lines() {
            writeln!(self.to, "{}", line.trim_end())?;
        }
        self.to.flush()
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        self.to.write_all(b"\n")?;
        if self.terminal { self.to.flush() } else { Ok(()) }
    }
}

/// Two spaces between columns; the last one wraps, and the others only where they leave it no room.
fn table(headings: &[&str], rows: &[Vec<String>], width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.force_no_tty().set_header(headings);
    for row in rows {
        table.add_row(row.iter().map(|cell| Cell::new(clean(cell))));
    }
    let last = table.column_count().saturating_sub(1);
    let widths: Vec<usize> = table.column_max_content_widths().into_iter().map(usize::from).collect();
    let others: usize = widths.iter().take(last).map(|width| width + 2).sum();
    let fits = others + LAST_COLUMN.min(widths.last().copied().unwrap_or(0)) <= usize::from(width);
    for (at, column) in table.column_iter_mut().enumerate() {
        // The second space is the rule's junction.
        column.set_padding((0, if at == last { 0 } else { 1 }));
        if fits && at < last {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table
}

/// A text that cannot drive a terminal: control and direction-changing characters are written as `\u{…}`.
pub fn clean(text: &str) -> String {
    if !text.chars().any(is_hostile) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hostile(c) { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    clean
}

/// JSON lets most hostile characters stand as they are; here they become `\u…`, which reads back as the same text.
struct Tame;

impl Formatter for Tame {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, hostile)) = rest.char_indices().find(|(_, c)| is_hostile(*c)) {
            let (before, after) = rest.split_at(at);
            to.write_all(before.as_bytes())?;
            write!(to, "\\u{:04x}", u32::from(hostile))?;
            rest = after.get(hostile.len_utf8()..).unwrap_or_default();
        }
        to.write_all(rest.as_bytes())
    }
}

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_wraps_its_last_column_alone() {
        let row = |who: &str, why: &str| vec![who.to_owned(), "ban".to_owned(), why.to_owned()];
        let rows = [row("203.0.113.7", &"word ".repeat(20)), row("2001:db8:1234:5678::/64", "short")];
        let lines: Vec<String> = table(&["who", "action", "why"], &rows, 60).lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 60), "{lines:#?}");
        assert!(lines[1].starts_with("───"));
        assert!(lines[2].starts_with("203.0.113.7              ban     word word"), "{lines:#?}");
        assert!(lines[3].starts_with("                                 word"), "{lines:#?}");
        assert!(lines.last().unwrap().starts_with("2001:db8:1234:5678::/64  ban     short"));
    }

    #[test]
    fn escape_sequences_and_direction_marks_lose_their_power() {
        assert_eq!(clean("a\x1b[2J\r\nb\u{202e}c\u{9b}"), "a\\u{1b}[2J\\r\\nb\\u{202e}c\\u{9b}");
        assert_eq!(clean("plain ünïcode"), "plain ünïcode");
    }
}
