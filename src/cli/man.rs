//! `peelhouse man`: one page with every verb in it.

use clap::Command;
use clap_mangen::Man;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

pub fn run(mut command: Command, out: &mut Output) -> Result<Exit, CliError> {
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        page.extend_from_slice(format!(".SH \"PEELHOUSE {}\"\n", verb.get_name().to_uppercase()).as_bytes());
        let man = Man::new(verb.clone());
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    out.page(&page)?;
    Ok(Exit::Done)
}
