//! Signals as messages: stop (TERM, INT) and reload (HUP).

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Stop,
    Reload,
}

/// From now on these signals come out of the channel instead of ending the process.
pub fn channel() -> io::Result<Receiver<Told>> {
    let (send, told) = bounded(16);
    forward(&[SIGTERM, SIGINT], Told::Stop, &send)?;
    forward(&[SIGHUP], Told::Reload, &send)?;
    Ok(told)
}

fn forward(signals: &[i32], told: Told, to: &Sender<Told>) -> io::Result<()> {
    let (mut read, write) = UnixStream::pair()?;
    for signal in signals {
        pipe::register(*signal, write.try_clone()?)?;
    }
    let to = to.clone();
    thread::spawn(move || {
        let mut byte = [0];
        while read.read_exact(&mut byte).is_ok() {
            // A full channel holds enough of the same.
            let _ = to.try_send(told);
        }
    });
    Ok(())
}
