//! The exit codes, in one table; `--help` and the manual print it.

use std::process::ExitCode;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// The answer is "no": an address nobody decided about, a board with something to do.
    Remark,
    /// clap's own code for a command line it cannot read.
    Usage,
    CouldNotRead,
    NotPermitted,
    Busy,
    Refused,
}

const TABLE: [(Exit, u8, &str); 7] = [
    (Exit::Done, 0, "done"),
    (Exit::Remark, 1, "the answer is no, or there is something to do: nothing known, measures not in place"),
    (Exit::Usage, 2, "the command line or the configuration is wrong"),
    (Exit::CouldNotRead, 3, "something could not be read: a log, the state, this machine"),
    (Exit::NotPermitted, 4, "not permitted: run as root"),
    (Exit::Busy, 5, "another guard holds the state directory"),
    (Exit::Refused, 6, "the machine or the guard refused what was asked"),
];

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        let code = TABLE.iter().find(|(row, ..)| *row == exit).map_or(2, |(_, code, _)| *code);
        Self::from(code)
    }
}

/// The table as text.
pub fn table() -> String {
    let rows: Vec<String> = TABLE.iter().map(|(_, code, means)| format!("  {code}  {means}")).collect();
    format!("Exit codes:\n{}", rows.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_stands_once_in_the_table() {
        let exits =
            [Exit::Done, Exit::Remark, Exit::Usage, Exit::CouldNotRead, Exit::NotPermitted, Exit::Busy, Exit::Refused];
        for exit in exits {
            assert_eq!(TABLE.iter().filter(|(row, ..)| *row == exit).count(), 1, "{exit:?}");
        }
        let mut codes: Vec<u8> = TABLE.iter().map(|row| row.1).collect();
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
    }
}
