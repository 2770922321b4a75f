//! An answer read off a connection that is kept.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

/// What came over the wire.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }
}

/// None where the server hangs up before its end.
pub fn read(stream: &mut BufReader<TcpStream>, method: &str) -> Option<Reply> {
    let mut line = || {
        let mut text = String::new();
        (stream.read_line(&mut text).ok()? > 0).then(|| text.trim_end().to_owned())
    };
    let status = line()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(": ").or_else(|| line.split_once(':')) else { break };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut reply = Reply { status, headers, body: String::new() };
    if method != "HEAD" && !matches!(status, 204 | 304) {
        reply.body = body(stream, &reply)?;
    }
    Some(reply)
}

fn body(stream: &mut BufReader<TcpStream>, reply: &Reply) -> Option<String> {
    let mut bytes = Vec::new();
    if reply.all("Transfer-Encoding") == ["chunked"] {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).ok()?;
            bytes.extend_from_slice(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    } else {
        bytes = vec![0; reply.all("Content-Length").first()?.parse().ok()?];
        stream.read_exact(&mut bytes).ok()?;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
