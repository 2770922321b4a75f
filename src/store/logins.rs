//! Logins that succeeded, by address: who must not be locked out.

use std::net::IpAddr;

use rusqlite::types::Type;
use rusqlite::{Connection, Result, Row, params};

use super::{Reading, StoreError};
use crate::model::Millis;

/// Somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSeen {
    pub address: IpAddr,
    pub user: String,
    /// `sshd`, `sudo`, `apache-basic`, …
    pub service: String,
    pub at: Millis,
    /// True where it gives administration of this host.
    pub admin: bool,
}

impl Reading {
    /// Logins with administration since, newest first.
    pub fn admin_logins(&self, since: Millis) -> std::result::Result<Vec<LoginSeen>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached(
                "SELECT address, user, service, at, admin FROM logins WHERE at >= ?1 AND admin ORDER BY at DESC",
            )?;
            find.query_map([since.0], login)?.collect()
        })
    }

    /// All logins from an address, newest first.
    pub fn logins_of(&self, address: IpAddr, at_most: u32) -> std::result::Result<Vec<LoginSeen>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached(
                "SELECT address, user, service, at, admin FROM logins WHERE address = ?1 ORDER BY at DESC LIMIT ?2",
            )?;
            find.query_map(params![address.to_string(), at_most], login)?.collect()
        })
    }
}

pub(super) fn record(db: &Connection, login: &LoginSeen) -> Result<()> {
    let mut put = db.prepare_cached("INSERT OR IGNORE INTO logins VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let LoginSeen { address, user, service, at, admin } = login;
    put.execute(params![address.to_string(), user, service, at.0, admin])?;
    Ok(())
}

fn login(row: &Row<'_>) -> Result<LoginSeen> {
    let address = row.get_ref(0)?.as_str()?.parse().map_err(|cause: std::net::AddrParseError| {
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, cause.into())
    })?;
    let (user, service) = (row.get(1)?, row.get(2)?);
    Ok(LoginSeen { address, user, service, at: Millis(row.get(3)?), admin: row.get(4)? })
}
