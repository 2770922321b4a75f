//! Columns that hold words of the model: JSON in, JSON out, so that `sqlite3` and `jq` can read them.

use rusqlite::Result;
use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{AlertId, Subject};

pub(super) fn text<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))
}

/// `column` is only for the message.
pub(super) fn value<T: DeserializeOwned>(column: usize, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|cause| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, cause.into()))
}

/// Nearly every subject is a client: a million of them are read at a start.
pub(super) fn subject(column: usize, text: &str) -> Result<Subject> {
    let client = text.strip_prefix("{\"client\":\"").and_then(|rest| rest.strip_suffix("\"}"));
    match client.and_then(|address| address.parse().ok()) {
        Some(address) => Ok(Subject::Client(address)),
        None => value(column, text),
    }
}

/// A list, mostly of one or none.
pub(super) fn alerts(column: usize, text: &str) -> Result<Vec<AlertId>> {
    let one = text.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]"));
    match one.and_then(|hex| u64::from_str_radix(hex, 16).ok()) {
        Some(id) => Ok(vec![AlertId(id)]),
        None => value(column, text),
    }
}
