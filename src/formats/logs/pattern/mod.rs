//! Log patterns as servers declare them, compiled to fields and the literals between them.

mod apache;
mod nginx;
mod piece;
mod reader;
mod valve;

use crate::formats::logs::FormatError;
use crate::formats::logs::pattern::piece::{Field, Piece, Shape, Stamp};
use crate::formats::logs::sheet::Text;
use crate::model::{DeclaredFormat, FormatSyntax};

pub use crate::formats::logs::pattern::reader::PatternReader;

/// How the server writes the bytes of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// `\"`, `\xHH`: a bare quote is the server's own.
    Always,
    /// The same, in the escapes of JSON.
    Json,
    /// `\"`, `\u00HH` since Tomcat 8.5.12; raw before.
    Perhaps,
    /// Raw.
    Never,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub name: String,
    pub escapes: Escapes,
    /// What a line begins with.
    head: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Pattern {
    pub fn compile(declared: &DeclaredFormat) -> Result<Self, FormatError> {
        let mut draft = Draft::default();
        let escapes = match declared.syntax {
            FormatSyntax::Apache => apache::draft(&declared.pattern, &mut draft).map(|()| Escapes::Always),
            FormatSyntax::Nginx => nginx::draft(&declared.pattern, &mut draft).map(|()| Escapes::Always),
            FormatSyntax::NginxJson => nginx::draft(&declared.pattern, &mut draft).map(|()| Escapes::Json),
            FormatSyntax::NginxNone => nginx::draft(&declared.pattern, &mut draft).map(|()| Escapes::Never),
            FormatSyntax::Valve => valve::draft(&declared.pattern, &mut draft).map(|()| Escapes::Perhaps),
        }?;
        draft.join_touching()?;
        draft.settle();
        let pattern = Self { name: declared.name.clone(), escapes, head: draft.head, pieces: draft.pieces };
        if pattern.tells_requests() { Ok(pattern) } else { Err(FormatError::Empty { name: pattern.name }) }
    }

    /// The quick way's name for this pattern, where it is one of those: pieces as letters, literals as they stand.
    pub fn skeleton(&self) -> Vec<u8> {
        let mut skeleton = self.head.clone();
        for piece in &self.pieces {
            let letter = match &piece.field {
                Field::Client => b'C',
                Field::Text(Text::User) => b'U',
                Field::Text(Text::Host) => b'V',
                Field::Text(Text::Request) => b'R',
                Field::Text(Text::Referer) => b'F',
                Field::Text(Text::UserAgent) => b'A',
                Field::Header(name) if &**name == "x-forwarded-for" => b'X',
                Field::Stamp(Stamp::Clf) => b'T',
                Field::Status => b'S',
                Field::Bytes => b'B',
                Field::Other if piece.shape == Shape::Free => b'I',
                Field::Other if piece.shape == Shape::Integer => b'N',
                _ => b'?',
            };
            skeleton.push(letter);
            skeleton.extend_from_slice(piece.after());
        }
        skeleton
    }

    fn tells_requests(&self) -> bool {
        use Text::{Request, Target};
        self.pieces.iter().any(|piece| matches!(piece.field, Field::Client | Field::Text(Request | Target)))
    }
}

/// A pattern while it is read from its declaration.
#[derive(Debug, Default)]
struct Draft {
    head: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Draft {
    fn literal(&mut self, bytes: &[u8]) {
        match self.pieces.last_mut() {
            Some(piece) => piece.extend_after(bytes),
            None => self.head.extend_from_slice(bytes),
        }
    }

    fn field(&mut self, field: Field, shape: Shape, rank: u8) {
        self.pieces.push(Piece::new(field, shape, rank));
    }

    /// Path and query without anything between are one target; other free neighbours cannot be told apart.
    fn join_touching(&mut self) -> Result<(), FormatError> {
        let mut nth = 0;
        while nth + 1 < self.pieces.len() {
            let [first, second, ..] = &self.pieces[nth..] else { break };
            let touching = first.after().is_empty() && matches!(first.shape, Shape::Word | Shape::Free);
            if !touching {
                nth += 1;
                continue;
            }
            let after = second.after().to_vec();
            match (&first.field, &second.field) {
                (Field::Text(Text::Target), Field::Text(Text::Query)) => {}
                (_, Field::Text(Text::Target)) if first.shape == Shape::Word => {
                    self.pieces[nth].shape = Shape::Authority;
                    nth += 1;
                    continue;
                }
                (Field::Other | Field::Text(Text::Query), Field::Other | Field::Text(Text::Query)) => {
                    let query = matches!(first.field, Field::Text(_)) || matches!(second.field, Field::Text(_));
                    self.pieces[nth].field = if query { Field::Text(Text::Query) } else { Field::Other };
                }
                _ => return Err(FormatError::Touching { nth: nth + 1 }),
            }
            self.pieces[nth].shape = Shape::Free;
            self.pieces[nth].set_after(&after);
            self.pieces.remove(nth + 1);
        }
        Ok(())
    }

    /// Of fields that tell the same, the best is kept; a peer alone is the client.
    fn settle(&mut self) {
        if !self.pieces.iter().any(|piece| piece.field == Field::Client) {
            self.pieces
                .iter_mut()
                .filter(|piece| piece.field == Field::Peer)
                .for_each(|piece| piece.field = Field::Client);
        }
        for nth in 0..self.pieces.len() {
            let (kind, rank) = (kind(&self.pieces[nth].field), self.pieces[nth].rank);
            let beaten = self.pieces.iter().enumerate().any(|(other, piece)| {
                other != nth && kind == self::kind(&piece.field) && (piece.rank, nth) > (rank, other)
            });
            if beaten && kind != 0 {
                self.pieces[nth].field = Field::Other;
            }
        }
    }
}

/// Fields of one kind exclude each other; 0 for those that do not.
fn kind(field: &Field) -> u8 {
    match field {
        Field::Client => 1,
        Field::Peer => 2,
        Field::Status => 3,
        Field::Bytes => 4,
        Field::Duration(_) => 5,
        Field::Stamp(Stamp::Clf | Stamp::Iso | Stamp::Epoch(_)) => 6,
        Field::Stamp(Stamp::Fraction(_)) => 7,
        Field::Text(text) => 8 + *text as u8,
        Field::Stamp(Stamp::Strftime(_)) | Field::Header(_) | Field::Other => 0,
    }
}
