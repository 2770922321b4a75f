//! Counts per day: lines read, hits, bans.

use rusqlite::{Connection, Result, params};

use super::{Reading, StoreError};
use crate::model::Millis;

const DAY: i64 = 86_400_000;

/// So many more on the day of `at` (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    pub at: Millis,
    /// `lines`, `hits`, `bans`, …
    pub name: String,
    /// The log, rule or action counted; may be empty.
    pub label: String,
    pub more: u64,
}

/// What one day came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Midnight, UTC.
    pub day: Millis,
    pub name: String,
    pub label: String,
    pub count: u64,
}

impl Reading {
    /// From the day of `since` on, by day, name and label.
    pub fn counts(&self, since: Millis) -> std::result::Result<Vec<Counts>, StoreError> {
        self.ask(|db| {
            let mut find =
                db.prepare_cached("SELECT day, name, label, count FROM counters WHERE day >= ?1 ORDER BY 1, 2, 3")?;
            let rows = find.query_map([since.0.div_euclid(DAY)], |row| {
                Ok(Counts {
                    day: Millis(row.get::<_, i64>(0)?.saturating_mul(DAY)),
                    name: row.get(1)?,
                    label: row.get(2)?,
                    count: row.get::<_, i64>(3)?.cast_unsigned(),
                })
            })?;
            rows.collect()
        })
    }
}

pub(super) fn record(db: &Connection, counter: &Counter) -> Result<()> {
    let mut put = db.prepare_cached(
        "INSERT INTO counters VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (day, name, label) DO UPDATE SET count = count + ?4",
    )?;
    let Counter { at, name, label, more } = counter;
    put.execute(params![at.0.div_euclid(DAY), name, label, i64::try_from(*more).unwrap_or(i64::MAX)])?;
    Ok(())
}
