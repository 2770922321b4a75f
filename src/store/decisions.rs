//! Decisions: those in force, their ends, and the history of a subject.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::words::{alerts, subject, text, value};
use super::{Reading, Store, StoreError};
use crate::model::{Decision, DecisionId, Millis, Subject};

/// A decision as history has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    pub id: DecisionId,
    pub decision: Decision,
    /// None where it runs, or ran out by itself.
    pub ended: Option<Ended>,
}

/// Undone before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub at: Millis,
    pub why: String,
    pub by: String,
}

const COLUMNS: &str =
    "id, subject, action, point, at, until, offence, why, rules, alerts, ended_at, ended_why, ended_by";

impl Reading {
    /// Those in force at `now`, oldest first; a million in under two seconds.
    pub fn active(&self, now: Millis) -> std::result::Result<Vec<(DecisionId, Decision)>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM decisions WHERE ended_at IS NULL AND (until IS NULL OR until > ?1) ORDER BY id"
            ))?;
            find.query_map([now.0], |row| Ok((DecisionId(row.get(0)?), decision(row)?)))?.collect()
        })
    }

    pub fn decision(&self, id: DecisionId) -> std::result::Result<Option<Past>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached(&format!("SELECT {COLUMNS} FROM decisions WHERE id = ?1"))?;
            find.query_row([id.0], past).optional()
        })
    }

    /// Newest first.
    pub fn decisions_of(&self, subject: &Subject, at_most: u32) -> std::result::Result<Vec<Past>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM decisions WHERE subject = ?1 ORDER BY id DESC LIMIT ?2"
            ))?;
            find.query_map(params![text(subject)?, at_most], past)?.collect()
        })
    }

    /// Newest first, those before `before` only: give the last one's id to turn the page.
    pub fn decisions_before(
        &self,
        before: Option<DecisionId>,
        at_most: u32,
    ) -> std::result::Result<Vec<Past>, StoreError> {
        self.ask(|db| {
            let mut find =
                db.prepare_cached(&format!("SELECT {COLUMNS} FROM decisions WHERE id < ?1 ORDER BY id DESC LIMIT ?2"))?;
            find.query_map(params![before.map_or(i64::MAX, |id| id.0), at_most], past)?.collect()
        })
    }

    /// How often the subject was limited or banned since; what a person undid does not count.
    pub fn offences(&self, subject: &Subject, since: Millis) -> std::result::Result<u32, StoreError> {
        self.ask(|db| {
            let mut count = db.prepare_cached(
                "SELECT count(*) FROM decisions
                 WHERE subject = ?1 AND at >= ?2 AND action <> '\"tell\"' AND ended_at IS NULL",
            )?;
            count.query_row(params![text(subject)?, since.0], |row| row.get(0))
        })
    }
}

impl Store {
    /// False where there is no such decision, or it had ended already.
    pub fn end(&mut self, id: DecisionId, at: Millis, why: &str, by: &str) -> std::result::Result<bool, StoreError> {
        self.change(|db| {
            let mut put = db.prepare_cached(
                "UPDATE decisions SET ended_at = ?2, ended_why = ?3, ended_by = ?4
                 WHERE id = ?1 AND ended_at IS NULL AND (until IS NULL OR until > ?2)",
            )?;
            Ok(put.execute(params![id.0, at.0, why, by])? == 1)
        })
    }
}

pub(super) fn record(db: &Connection, decision: &Decision) -> Result<DecisionId> {
    let mut put = db.prepare_cached(
        "INSERT INTO decisions (subject, action, point, at, until, offence, why, rules, alerts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let id = put.insert(params![
        text(&decision.subject)?,
        text(&decision.action)?,
        text(&decision.point)?,
        decision.at.0,
        decision.until.map(|until| until.0),
        decision.offence,
        decision.why,
        text(&decision.rules)?,
        text(&decision.alerts)?,
    ])?;
    Ok(DecisionId(id))
}

fn past(row: &Row<'_>) -> Result<Past> {
    let ended = match row.get::<_, Option<i64>>(10)? {
        Some(at) => Some(Ended { at: Millis(at), why: row.get(11)?, by: row.get(12)? }),
        None => None,
    };
    Ok(Past { id: DecisionId(row.get(0)?), decision: decision(row)?, ended })
}

fn decision(row: &Row<'_>) -> Result<Decision> {
    fn word<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
        value(column, row.get_ref(column)?.as_str()?)
    }
    Ok(Decision {
        subject: subject(1, row.get_ref(1)?.as_str()?)?,
        action: word(row, 2)?,
        point: word(row, 3)?,
        at: Millis(row.get(4)?),
        until: row.get::<_, Option<i64>>(5)?.map(Millis),
        offence: row.get(6)?,
        why: row.get(7)?,
        rules: word(row, 8)?,
        alerts: alerts(9, row.get_ref(9)?.as_str()?)?,
    })
}
