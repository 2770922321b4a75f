//! `peelhouse man`: one page with every verb in it.

use clap::Command;
use clap_mangen::Man;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Options of every verb; they are told once, at the top.
const GLOBAL: [&str; 5] = ["json", "state", "config", "color", "help"];

pub fn run(mut command: Command, out: &mut Output) -> Result<Exit, CliError> {
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    verbs(&command, "PEELHOUSE", &mut page)?;
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    out.page(&page)?;
    Ok(Exit::Done)
}

/// A section for each verb, and for the verbs under it.
fn verbs(command: &Command, above: &str, page: &mut Vec<u8>) -> Result<(), CliError> {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        let name = format!("{above} {}", verb.get_name().to_uppercase());
        page.extend_from_slice(format!(".SH \"{name}\"\n").as_bytes());
        let own = verb.clone().mut_args(|arg| match GLOBAL.contains(&arg.get_id().as_str()) {
            true => arg.hide(true),
            false => arg,
        });
        let man = Man::new(own);
        for render in [Man::render_synopsis_section, Man::render_description_section, Man::render_options_section] {
            let mut section = Vec::new();
            render(&man, &mut section)?;
            page.extend(nested(&section));
        }
        verbs(verb, &name, page)?;
    }
    Ok(())
}

/// A section of a verb is a subsection of the page.
fn nested(section: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(section).replace(".SH ", ".SS ").into_bytes()
}
