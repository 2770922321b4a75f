//! Alerts with their evidence; the same id twice is one alert.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::words::{text, value};
use super::{Reading, StoreError};
use crate::model::{Alert, AlertId, Millis, Subject};

impl Reading {
    pub fn alert(&self, id: AlertId) -> std::result::Result<Option<Alert>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached("SELECT body FROM alerts WHERE id = ?1")?;
            find.query_row([id.0.cast_signed()], alert).optional()
        })
    }

    /// Whether it was recorded before: the lines behind it were read again after a crash.
    pub fn knows(&self, id: AlertId) -> std::result::Result<bool, StoreError> {
        self.ask(|db| db.prepare_cached("SELECT 1 FROM alerts WHERE id = ?1")?.exists([id.0.cast_signed()]))
    }

    /// Newest first.
    pub fn alerts_of(&self, subject: &Subject, at_most: u32) -> std::result::Result<Vec<Alert>, StoreError> {
        self.ask(|db| {
            let mut find =
                db.prepare_cached("SELECT body FROM alerts WHERE subject = ?1 ORDER BY at DESC, id LIMIT ?2")?;
            find.query_map(params![text(subject)?, at_most], alert)?.collect()
        })
    }

    /// Newest first, those before `before` only: give the last one's `last` to turn the page.
    pub fn alerts_before(&self, before: Option<Millis>, at_most: u32) -> std::result::Result<Vec<Alert>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached("SELECT body FROM alerts WHERE at < ?1 ORDER BY at DESC, id LIMIT ?2")?;
            find.query_map(params![before.map_or(i64::MAX, |at| at.0), at_most], alert)?.collect()
        })
    }
}

/// False where it was known already.
pub(super) fn record(db: &Connection, alert: &Alert) -> Result<bool> {
    let mut put = db.prepare_cached("INSERT OR IGNORE INTO alerts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let added = put.execute(params![
        alert.id.0.cast_signed(),
        alert.last.0,
        text(&alert.subject)?,
        text(&alert.class)?,
        text(&alert.severity)?,
        alert.detector,
        alert.site,
        text(alert)?,
    ])?;
    Ok(added == 1)
}

fn alert(row: &Row<'_>) -> Result<Alert> {
    value(0, row.get_ref(0)?.as_str()?)
}
