//! The allow-list entries people add while the guard runs.

use ipnet::IpNet;
use rusqlite::types::Type;
use rusqlite::{Result, Row, params};

use super::{Reading, Store, StoreError};
use crate::model::Millis;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AllowedId(pub i64);

/// A prefix that is never limited or banned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub net: IpNet,
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    pub at: Millis,
    /// None: until removed.
    pub until: Option<Millis>,
}

impl Reading {
    /// Those in force at `now`, oldest first.
    pub fn allowed(&self, now: Millis) -> std::result::Result<Vec<(AllowedId, Allowed)>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached(
                "SELECT id, net, reason, owner, at, until FROM allowed WHERE until IS NULL OR until > ?1 ORDER BY id",
            )?;
            find.query_map([now.0], allowed)?.collect()
        })
    }
}

impl Store {
    /// The same prefix again replaces reason, owner and end.
    pub fn allow(&mut self, entry: &Allowed) -> std::result::Result<AllowedId, StoreError> {
        let net = entry.net.trunc().to_string();
        self.change(|db| {
            db.query_row(
                "INSERT INTO allowed (net, reason, owner, at, until) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (net) DO UPDATE SET reason = ?2, owner = ?3, at = ?4, until = ?5 RETURNING id",
                params![net, entry.reason, entry.owner, entry.at.0, entry.until.map(|until| until.0)],
                |row| Ok(AllowedId(row.get(0)?)),
            )
        })
    }

    /// False where it was not on the list.
    pub fn disallow(&mut self, net: IpNet) -> std::result::Result<bool, StoreError> {
        self.change(|db| Ok(db.execute("DELETE FROM allowed WHERE net = ?1", [net.trunc().to_string()])? == 1))
    }
}

fn allowed(row: &Row<'_>) -> Result<(AllowedId, Allowed)> {
    let net = row.get_ref(1)?.as_str()?.parse().map_err(|cause: ipnet::AddrParseError| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, cause.into())
    })?;
    let until = row.get::<_, Option<i64>>(5)?.map(Millis);
    let entry = Allowed { net, reason: row.get(2)?, owner: row.get(3)?, at: Millis(row.get(4)?), until };
    Ok((AllowedId(row.get(0)?), entry))
}
