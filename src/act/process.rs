//! Starts programs that change the machine: never through a shell.

use std::io::{self, Write as _};
use std::process::{Child, Command, Output, Stdio};

/// Runs a program to its end with bytes on its standard input; its environment is `PATH` and the C locale alone.
pub fn feed(program: &str, arguments: &[&str], input: &[u8]) -> io::Result<Output> {
    let mut command = command(program, arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input));
    let output = child.wait_with_output()?;
    // A program that refuses its input early closes it: then its own words tell more than our broken pipe.
    match written {
        Err(cause) if output.status.success() => Err(cause),
        _ => Ok(output),
    }
}

/// Runs a program to its end with nothing on its standard input.
pub fn run(program: &str, arguments: &[&str]) -> io::Result<Output> {
    command(program, arguments).stdin(Stdio::null()).output()
}

/// Starts a program that runs beside us, with its standard output as a pipe.
pub fn start(program: &str, arguments: &[&str]) -> io::Result<Child> {
    command(program, arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin");
    command.env("LC_ALL", "C");
    command
}
