//! What the words of an expression stand for.

use crate::effective::apache::expr::{Known, Piece, Word};

impl Word {
    /// None where a part of it cannot be told.
    pub(super) fn text(&self, known: &Known) -> Option<String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Variable(name) => text.push_str(&variable(name, known)?),
                Piece::Unknown => return None,
            }
        }
        Some(text)
    }
}

fn variable(name: &str, known: &Known) -> Option<String> {
    match name {
        "REQUEST_URI" => Some(known.uri.clone()),
        "REQUEST_METHOD" => Some(known.method.clone()),
        "REQUEST_FILENAME" | "SCRIPT_FILENAME" => known.file.clone(),
        "HTTP_HOST" | "HTTP:Host" => known.host.clone(),
        "SERVER_NAME" => known.server_name.clone(),
        "DOCUMENT_ROOT" => known.document_root.clone(),
        "SERVER_PORT" => known.port.map(|port| port.to_string()),
        "HTTPS" => known.tls.map(|tls| if tls { "on" } else { "off" }.to_owned()),
        "REQUEST_SCHEME" => known.tls.map(|tls| if tls { "https" } else { "http" }.to_owned()),
        "IS_SUBREQ" => Some(known.within.to_string()),
        "REMOTE_ADDR" => known.client.map(|client| client.to_string()),
        _ => None,
    }
}
