//! Starts programs that change the machine: never through a shell.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
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

/// Starts this very program again for another verb, with descriptors of ours as its standard input and output and
/// nothing of our environment.
pub fn start_self(verb: &str, input: OwnedFd, output: Option<OwnedFd>) -> io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("peelhouse").arg(verb).env_clear().current_dir("/");
    command.stdin(input).stdout(output.map_or_else(Stdio::null, Stdio::from)).stderr(Stdio::piped()).spawn()
}

/// Asks a program that we started to end (SIGTERM), and waits for it.
pub fn stop(child: &mut Child) -> io::Result<()> {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
    }
    child.wait().map(drop)
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin");
    command.env("LC_ALL", "C");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_and_hears_a_program_in_the_c_locale() {
        let output = feed("cat", &[], b"words").unwrap();
        assert!(output.status.success());
        assert_eq!(output.stdout, b"words");
        let environment = run("env", &[]).unwrap();
        assert!(String::from_utf8_lossy(&environment.stdout).lines().any(|line| line == "LC_ALL=C"));
    }

    #[test]
    fn a_program_that_closes_its_input_early_is_heard_all_the_same() {
        let output = feed("false", &[], &vec![b'x'; 1 << 20]).unwrap();
        assert!(!output.status.success());
    }

    #[test]
    fn a_missing_program_is_an_error() {
        assert_eq!(run("peelhouse-no-such-program", &[]).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
