//! `log_format` of nginx, <https://nginx.org/en/docs/http/ngx_http_log_module.html>: any variable between literals.

use crate::formats::logs::FormatError;
use crate::formats::logs::pattern::Draft;
use crate::formats::logs::pattern::apache::header;
use crate::formats::logs::pattern::piece::{Field, Shape, Stamp};
use crate::formats::logs::sheet::Text;

pub fn draft(pattern: &str, draft: &mut Draft) -> Result<(), FormatError> {
    let mut rest = pattern;
    while let Some(dollar) = rest.find('$') {
        draft.literal(&rest.as_bytes()[..dollar]);
        let variable = &rest[dollar + 1..];
        let (name, after) =
            name(variable).ok_or_else(|| FormatError::Unfinished { directive: rest[dollar..].into() })?;
        let (field, shape, rank) = field(name);
        draft.field(field, shape, rank);
        rest = after;
    }
    draft.literal(rest.as_bytes());
    Ok(())
}

/// `name` or `{name}`, and what follows.
fn name(text: &str) -> Option<(&str, &str)> {
    if let Some(braced) = text.strip_prefix('{') {
        return braced.split_once('}');
    }
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn field(name: &str) -> (Field, Shape, u8) {
    match name {
        "remote_addr" => (Field::Client, Shape::Address, 2),
        "realip_remote_addr" => (Field::Peer, Shape::Address, 2),
        "remote_user" => (Field::Text(Text::User), Shape::Free, 1),
        "time_local" => (Field::Stamp(Stamp::Clf), Shape::Clf, 1),
        "time_iso8601" => (Field::Stamp(Stamp::Iso), Shape::Iso, 2),
        "msec" => (Field::Stamp(Stamp::Epoch(1)), Shape::Number, 3),
        "request" => (Field::Text(Text::Request), Shape::Free, 1),
        "request_method" => (Field::Text(Text::Method), Shape::Word, 1),
        "request_uri" => (Field::Text(Text::Target), Shape::Free, 2),
        "uri" | "document_uri" => (Field::Text(Text::Target), Shape::Free, 1),
        "args" | "query_string" => (Field::Text(Text::Query), Shape::Free, 1),
        "is_args" => (Field::Text(Text::Query), Shape::Free, 0),
        "server_protocol" => (Field::Text(Text::Protocol), Shape::Word, 1),
        "status" => (Field::Status, Shape::Integer, 1),
        "body_bytes_sent" => (Field::Bytes, Shape::Integer, 2),
        "bytes_sent" => (Field::Bytes, Shape::Integer, 1),
        "gzip_ratio" => (Field::Other, Shape::Number, 0),
        "request_time" => (Field::Duration(1_000_000), Shape::Number, 1),
        "host" => (Field::Text(Text::Host), Shape::Word, 2),
        "server_name" => (Field::Text(Text::Host), Shape::Word, 1),
        "proxy_add_x_forwarded_for" => (Field::Header("x-forwarded-for".into()), Shape::Free, 1),
        _ => other(name),
    }
}

fn other(name: &str) -> (Field, Shape, u8) {
    match name {
        "connection"
        | "connection_requests"
        | "pid"
        | "request_length"
        | "server_port"
        | "remote_port"
        | "realip_remote_port"
        | "proxy_protocol_port" => (Field::Other, Shape::Integer, 0),
        "server_addr" => (Field::Other, Shape::Address, 0),
        "scheme" | "https" | "pipe" | "hostname" | "request_id" | "ssl_protocol" | "ssl_cipher" | "nginx_version" => {
            (Field::Other, Shape::Word, 0)
        }
        _ => match name.strip_prefix("http_") {
            Some(header_name) => (header(&header_name.replace('_', "-")), Shape::Free, 3),
            None => (Field::Other, Shape::Free, 0),
        },
    }
}
