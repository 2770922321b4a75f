//! Where lines come from while a configuration is read: a file, or a macro in use, which gives way to its user.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::formats::apache::evaluate::effective::Said;
use crate::formats::apache::evaluate::macros::Macro;
use crate::formats::apache::lines::Line;
use crate::model::Spot;

/// One line with both of its places.
#[derive(Clone, Debug)]
pub struct ReadLine {
    pub text: String,
    pub file: Arc<Path>,
    pub line: u32,
    pub said: Said,
}

impl ReadLine {
    pub fn spot(&self) -> Spot {
        Spot { file: self.file.to_path_buf(), line: self.line }
    }
}

/// A file being read, with the macros in use within it.
pub struct OpenFile {
    pub path: PathBuf,
    /// The Include that names it; none for the first file.
    pub asked_at: Option<Spot>,
    /// How many sections were open when it was included; its own must close above that.
    pub floor: usize,
    /// Includes above this one.
    pub depth: u32,
    /// None until its first line is wanted.
    pub file: Option<FileInput>,
    pub macros: Vec<MacroInput>,
}

pub struct FileInput {
    pub path: Arc<Path>,
    pub said: Arc<str>,
    pub lines: Arc<Vec<Line>>,
    /// Its last line has no newline.
    pub unended: bool,
    pub next: usize,
}

pub struct MacroInput {
    pub definition: Arc<Macro>,
    pub arguments: Vec<String>,
    pub said: Arc<str>,
    pub next: usize,
}

impl OpenFile {
    /// The next line, of the innermost macro first. `lost`: httpd drops it, a last line without a newline right after
    /// a macro (seen with 2.4.71; mod_macro forwards the end of the file in its place).
    pub fn next(&mut self) -> Option<(ReadLine, bool)> {
        let after_macro = !self.macros.is_empty();
        while let Some(input) = self.macros.last_mut() {
            if let Some(line) = input.next() {
                return Some((line, false));
            }
            self.macros.pop();
        }
        let file = self.file.as_mut()?;
        let line = file.next()?;
        let lost = after_macro && file.unended && file.next == file.lines.len() && line.line == line.said.line;
        Some((line, lost))
    }
}

impl FileInput {
    fn next(&mut self) -> Option<ReadLine> {
        let line = self.lines.get(self.next)?;
        self.next += 1;
        let said = Said { source: Arc::clone(&self.said), line: line.last };
        Some(ReadLine { text: line.text.clone(), file: Arc::clone(&self.path), line: line.first, said })
    }
}

impl MacroInput {
    fn next(&mut self) -> Option<ReadLine> {
        let line = self.definition.body.get(self.next)?;
        self.next += 1;
        let number = u32::try_from(self.next).unwrap_or(u32::MAX);
        Some(ReadLine {
            text: self.definition.fill(&line.text, &self.arguments),
            file: Arc::clone(&line.file),
            line: line.line,
            said: Said { source: Arc::clone(&self.said), line: number },
        })
    }
}
