//! What can go wrong between us and nf_tables, and what to do about it.

use std::io;

#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    #[error("cannot open a netlink socket to nf_tables: {0}; it needs a Linux kernel with CONFIG_NF_TABLES")]
    Socket(#[source] io::Error),
    #[error("may not change the packet filter: run as root or with CAP_NET_ADMIN")]
    NotPermitted,
    #[error("cannot run the nft command: {0}; install the package nftables")]
    Command(#[source] io::Error),
    #[error("nft refused table inet {table}: {said}")]
    Refused { table: String, said: String },
    #[error("table name {0:?} must be 1 to 32 letters, digits, - and _")]
    Name(String),
    /// Somebody else deleted the table or a set of it: call `ensure`, then restore.
    #[error("table inet {0} or one of its sets is gone from the packet filter")]
    Gone(String),
    #[error("set {set} is full: the kernel takes no further element")]
    Full { set: &'static str },
    #[error("the kernel refused a change of set {set}: {cause}")]
    Elements { set: &'static str, cause: io::Error },
    #[error("talking to nf_tables failed: {0}")]
    Talk(#[source] io::Error),
}
