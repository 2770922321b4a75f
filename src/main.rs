//! Parse, run, exit code.

fn main() -> std::process::ExitCode {
    peelhouse::cli::run()
}
