//! An import as tables for people.

use crate::cli::error::CliError;
use crate::cli::import::fail2ban::{FilterRow, Import, JailRow};
use crate::cli::output::{Output, Tone};

pub(super) fn all(import: &Import, out: &mut Output) -> Result<(), CliError> {
    filters(&import.filters, out)?;
    jails(&import.jails, out)?;
    for problem in &import.problems {
        out.toned(Tone::Warn, problem)?;
    }
    written(import, out)
}

fn filters(filters: &[FilterRow], out: &mut Output) -> Result<(), CliError> {
    let supported = filters.iter().filter(|filter| filter.supported).count();
    let plain = filters.iter().filter(|filter| filter.supported && filter.forgeable.is_none()).count();
    out.toned(Tone::Strong, &format!("filters: {supported} of {} work here", filters.len()))?;
    let odd = filters.iter().filter(|filter| filter.forgeable.is_some() || filter.reason.is_some());
    let rows: Vec<Vec<String>> = odd.map(filter_row).collect();
    out.table(&["filter", "works", "what to know"], &rows, "there are no filters")?;
    out.line(&format!("nothing is to be said of the other {plain}"))?;
    Ok(out.line("")?)
}

fn filter_row(filter: &FilterRow) -> Vec<String> {
    let warning = filter.forgeries.first().map(|forgery| {
        format!(
            "a client can have another address banned: failregex {} takes {} from {}, as in `{}`",
            forgery.pattern, forgery.taken, forgery.field, forgery.line
        )
    });
    let works = if filter.supported { "yes" } else { "no" };
    let said = filter.reason.clone().or(warning).unwrap_or_default();
    vec![filter.name.clone(), works.to_owned(), said]
}

fn jails(jails: &[JailRow], out: &mut Output) -> Result<(), CliError> {
    let (on, off): (Vec<&JailRow>, Vec<&JailRow>) = jails.iter().partition(|jail| jail.enabled);
    out.toned(Tone::Strong, &format!("jails: {} enabled, {} not", on.len(), off.len()))?;
    let rows: Vec<Vec<String>> = on.iter().map(|jail| jail_row(jail)).collect();
    out.table(&["jail", "filter", "bans at", "for", "reads"], &rows, "no jail is enabled")?;
    for problem in jails.iter().filter(|jail| jail.enabled).flat_map(|jail| &jail.problems) {
        out.toned(Tone::Warn, problem)?;
    }
    Ok(out.line("")?)
}

fn jail_row(jail: &JailRow) -> Vec<String> {
    let reads = jail.reason.clone().unwrap_or_else(|| jail.logpath.join(", "));
    let growing = if jail.growth.increment { ", growing" } else { "" };
    let ban = if jail.bantime < 0 { "ever".to_owned() } else { format!("{} s{growing}", jail.bantime) };
    let limit = format!("{} in {} s", jail.maxretry, jail.findtime);
    vec![jail.name.clone(), jail.filter.clone(), limit, ban, reads]
}

fn written(import: &Import, out: &mut Output) -> Result<(), CliError> {
    let path = import.path.display();
    if import.written {
        return Ok(out.line(&format!("written to {path}; delete it to undo; the guard reads it when it starts"))?);
    }
    out.toned(Tone::Strong, &format!("with --write this would be written to {path}:"))?;
    for line in import.text.lines() {
        out.toned(Tone::Dim, line)?;
    }
    Ok(())
}
