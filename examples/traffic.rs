//! Prints combined log lines of an ordinary shop with attackers among its visitors, the same in every run; with
//! `unique` lines of which nothing repeats, with `attack` nothing but attacks.
//! `cargo run --release --example traffic -- 1000000 > access.log`

use std::io::{BufWriter, Error, Write};

use peelhouse::demo::traffic::{self, Mix};

fn main() -> std::io::Result<()> {
    let lines = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let mix = match std::env::args().nth(2).as_deref() {
        None | Some("ordinary") => Mix::Ordinary,
        Some("unique") => Mix::Unique,
        Some("attack") => Mix::Attack,
        Some(other) => return Err(Error::other(format!("{other} is no mix; ordinary, unique or attack"))),
    };
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    traffic::write_mix(&mut out, lines, mix)?;
    out.flush()
}
