//! How the command line asks a running guard for something: one JSON line there, one back, over a socket of root's.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::fs::Mode;
use serde::{Deserialize, Serialize};

use crate::guard::orders::Order;
use crate::guard::state;

/// Bytes of an order.
const MAX_ORDER: u64 = 64 * 1024;
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// An order, and where its answer goes.
pub struct Ask {
    pub order: Order,
    /// `root` or `uid 1000`: who asked.
    pub by: String,
    answer: Sender<Answer>,
}

/// What became of an order, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    Done(String),
    Refused(String),
}

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("cannot listen for orders on {path}: {cause}")]
    Listen { path: String, cause: io::Error },
    #[error("the guard does not answer: {0}")]
    Silent(#[from] io::Error),
    #[error("the guard's socket belongs to another user; ask as root")]
    NotPermitted,
    #[error("the guard's answer cannot be understood: {0}")]
    Nonsense(#[from] serde_json::Error),
}

impl Ask {
    pub fn answer(self, answer: Answer) {
        // Whoever asked may have gone: nobody is left to tell.
        let _ = self.answer.send(answer);
    }
}

/// Listens from now on; what is asked comes out of the channel. The caller holds the lock of the state directory, so a
/// socket that is there is a dead guard's.
pub fn listen(dir: &Path) -> Result<Receiver<Ask>, ControlError> {
    let path = state::socket(dir);
    let failed = |cause: io::Error| ControlError::Listen { path: path.display().to_string(), cause };
    match rustix::fs::unlink(&path) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => {}
        Err(cause) => return Err(failed(cause.into())),
    }
    let listener = UnixListener::bind(&path).map_err(failed)?;
    rustix::fs::chmod(&path, Mode::RUSR | Mode::WUSR).map_err(|cause| failed(cause.into()))?;
    let (asks, asked) = bounded(16);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // One after another: orders are rare, and each stream has its time limit.
            let _ = serve(&stream, &asks);
        }
    });
    Ok(asked)
}

fn serve(stream: &UnixStream, asks: &Sender<Ask>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let peer = rustix::net::sockopt::socket_peercred(stream)?.uid;
    if !peer.is_root() && peer != rustix::process::geteuid() {
        return reply(stream, &Answer::Refused("only root may give orders".to_owned()));
    }
    let mut line = String::new();
    BufReader::new(stream.take(MAX_ORDER)).read_line(&mut line)?;
    let order = match serde_json::from_str(&line) {
        Ok(order) => order,
        Err(cause) => return reply(stream, &Answer::Refused(format!("no order: {cause}"))),
    };
    let (answer, answered) = bounded(1);
    let by = if peer.is_root() { "root".to_owned() } else { format!("uid {}", peer.as_raw()) };
    if asks.send_timeout(Ask { order, by, answer }, PATIENCE).is_err() {
        return reply(stream, &Answer::Refused("the guard is stopping".to_owned()));
    }
    let gone = |_| Answer::Refused("the guard did not answer in time; look with `peelhouse bans`".to_owned());
    reply(stream, &answered.recv_timeout(PATIENCE).unwrap_or_else(gone))
}

fn reply(mut stream: &UnixStream, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Asks the guard of a state directory; none where no guard listens there.
pub fn ask(dir: &Path, order: &Order) -> Result<Option<Answer>, ControlError> {
    let mut stream = match UnixStream::connect(state::socket(dir)) {
        Ok(stream) => stream,
        Err(cause) => match cause.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => return Ok(None),
            io::ErrorKind::PermissionDenied => return Err(ControlError::NotPermitted),
            _ => return Err(cause.into()),
        },
    };
    stream.set_read_timeout(Some(PATIENCE * 2))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(MAX_ORDER)).read_line(&mut answer)?;
    Ok(Some(serde_json::from_str(&answer)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_goes_in_and_its_answer_comes_out() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(ask(dir.path(), &Order::Status).unwrap(), None);
        let asks = listen(dir.path()).unwrap();
        let served = thread::spawn(move || {
            let ask = asks.recv().unwrap();
            assert_eq!(ask.order, Order::Status);
            ask.answer(Answer::Done("well".to_owned()));
        });
        assert_eq!(ask(dir.path(), &Order::Status).unwrap(), Some(Answer::Done("well".to_owned())));
        served.join().unwrap();
    }

    #[test]
    fn nonsense_is_refused_and_the_next_order_served() {
        let dir = tempfile::tempdir().unwrap();
        let _asks = listen(dir.path()).unwrap();
        let mut stream = UnixStream::connect(state::socket(dir.path())).unwrap();
        stream.write_all(b"\xff\x00 nonsense\n").unwrap();
        let mut answer = String::new();
        let _ = BufReader::new(&stream).read_line(&mut answer);
        let mut stream = UnixStream::connect(state::socket(dir.path())).unwrap();
        stream.write_all(b"{\"explode\":{}}\n").unwrap();
        answer.clear();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        assert!(answer.contains("refused"), "{answer}");
    }
}
