//! What the guard takes while nothing happens, from proc(5).

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::demo::measure::MeasureError;
use crate::demo::measure::figure::Figure;
use crate::demo::measure::guarded::Guarded;
use crate::formats::Files;
use crate::host::{Host, clock};

/// The last lines' checkpoint is taken by then.
const SETTLE: Duration = Duration::from_secs(6);

/// Processor time over `span` and memory at its end.
pub(super) fn idle(guarded: &Guarded, span: Duration) -> Result<Vec<Figure>, MeasureError> {
    let [keeper, reader] = guarded.processes();
    thread::sleep(SETTLE);
    let (before, start) = (busy(keeper)? + busy(reader)?, clock::monotonic());
    thread::sleep(span);
    let busy = (busy(keeper)? + busy(reader)?).saturating_sub(before);
    let percent = busy.as_secs_f64() / clock::monotonic().saturating_duration_since(start).as_secs_f64() * 100.0;
    let (keeper, reader) = (memory(keeper, "VmRSS:")?, memory(reader, "VmRSS:")?);
    let seconds = span.as_secs();
    Ok(vec![
        Figure::new("idle.cpu", format!("guard idle, of one core over {seconds} s"), percent, "%").below(0.1),
        Figure::new("idle.keeper.rss", "guard idle, memory of the keeper", keeper, "MB"),
        Figure::new("idle.reader.rss", "guard idle, memory of the reader", reader, "MB"),
        Figure::new("idle.rss", "guard idle, memory of both", keeper + reader, "MB").below(40.0),
    ])
}

/// Time on a processor, of all threads: the first field of `schedstat`, nanoseconds, where `stat` counts hundredths.
fn busy(pid: u32) -> Result<Duration, MeasureError> {
    let host = Host::live();
    let tasks = PathBuf::from(format!("/proc/{pid}/task"));
    let names = host.list(&tasks).map_err(|cause| MeasureError::CannotLook { path: tasks.clone(), cause })?;
    let mut all = Duration::ZERO;
    for name in names {
        // A thread may have ended since it was listed.
        let Ok(text) = text(&host, &tasks.join(name).join("schedstat")) else { continue };
        let nanos = text.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or_default();
        all += Duration::from_nanos(nanos);
    }
    Ok(all)
}

/// A line of `status` (`VmRSS:`, `VmHWM:`), in megabytes of 10^6 bytes.
pub(super) fn memory(pid: u32, field: &str) -> Result<f64, MeasureError> {
    let text = text(&Host::live(), &PathBuf::from(format!("/proc/{pid}/status")))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
    Ok(kib.unwrap_or_default() * 1024.0 / 1e6)
}

fn text(host: &Host, path: &Path) -> Result<String, MeasureError> {
    let bytes = host.read(path).map_err(|cause| MeasureError::CannotLook { path: path.to_owned(), cause })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_taken_time_and_memory() {
        let me = std::process::id();
        assert!(memory(me, "VmRSS:").unwrap() > 0.5);
        assert!(memory(me, "VmHWM:").unwrap() >= memory(me, "VmRSS:").unwrap() * 0.5);
        assert!(busy(me).unwrap() > Duration::ZERO);
    }
}
