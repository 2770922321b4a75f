//! Prints combined log lines of an ordinary shop with attackers among its visitors, the same in every run.
//! `cargo run --release --example traffic -- 1000000 > access.log`

use std::io::{BufWriter, Write};

use peelhouse::demo::traffic;

fn main() -> std::io::Result<()> {
    let lines = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    traffic::write(&mut out, lines)?;
    out.flush()
}
