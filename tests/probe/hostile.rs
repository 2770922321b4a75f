//! Servers that mean ill: each ends in clear words and in bounded time.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use peelhouse::host::{Host, clock};
use peelhouse::probe;
use peelhouse::probe::report::Look;
use peelhouse::probe::tls::trust::Judge;
use peelhouse::probe::wire::Limits;

/// Answers every connection with `answer`, until the test is over.
fn hostile(answer: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut hello = [0; 512];
                let mut stream = stream;
                let _ = stream.read(&mut hello);
                answer(stream);
            });
        }
    });
    port
}

/// Why it could not be looked at.
fn cause(answer: fn(TcpStream)) -> String {
    let target = format!("127.0.0.1:{}", hostile(answer)).parse().unwrap();
    let limits = Limits { answer: Duration::from_secs(1), target: Duration::from_secs(8), ..Limits::default() };
    let begin = Instant::now();
    let report = probe::look(&target, &limits, &Judge::of(&Host::live(), clock::now()));
    assert!(begin.elapsed() < Duration::from_secs(20), "took {:?}", begin.elapsed());
    assert!(report.vulnerabilities.is_empty() && report.grade.is_none(), "{report:?}");
    match report.look {
        Look::CouldNotLook { cause } => cause,
        Look::Seen => panic!("seen: {report:?}"),
    }
}

#[test]
fn plain_http_on_the_port() {
    let said = cause(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    assert!(said.contains("not TLS, it begins with \"HTTP/1.1.400"), "{said}");
}

#[test]
fn garbage() {
    let said = cause(|mut stream| {
        let _ = stream.write_all(&[0xee; 4096]);
    });
    assert!(said.contains("not TLS"), "{said}");
}

#[test]
fn silence() {
    let said = cause(|stream| {
        thread::sleep(Duration::from_secs(5));
        drop(stream);
    });
    assert_eq!(said, "no whole answer within 1 s");
}

#[test]
fn a_slow_drip_of_one_record() {
    let said = cause(|mut stream| {
        let _ = stream.write_all(&[22, 3, 3, 0x40, 0]);
        while stream.write_all(&[2]).is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    assert_eq!(said, "no whole answer within 1 s");
}

#[test]
fn endless_records() {
    let said = cause(|mut stream| {
        // Warnings that a client passes over.
        while stream.write_all(&[21, 3, 3, 0, 2, 1, 112].repeat(1000)).is_ok() {}
    });
    assert!(said.starts_with("more than 524288 bytes") || said.starts_with("no whole answer"), "{said}");
}

#[test]
fn an_endless_message() {
    let said = cause(|mut stream| {
        let _ = stream.write_all(&[22, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff]);
        thread::sleep(Duration::from_secs(2));
    });
    assert!(said.contains("a handshake message of 16777215 bytes"), "{said}");
}

#[test]
fn hanging_up_is_no_tls_and_nobody_there_is_told() {
    assert_eq!(cause(drop), "it takes no version of TLS that is known here");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let limits = Limits::default();
    let report = probe::look(&free.to_string().parse().unwrap(), &limits, &Judge::of(&Host::live(), clock::now()));
    assert!(matches!(&report.look, Look::CouldNotLook { cause } if cause.contains("Connection refused")), "{report:?}");
}

/// A real server behind something that lets a few connections through and then hangs up.
#[test]
fn a_limit_on_connections_is_not_taken_for_good() {
    if !crate::server::has("openssl") {
        return;
    }
    let server = crate::system::openssl(&["-tls1_2"], &[]);
    let port = crate::server::passing(server.port, 16, |_| true);
    let limits = Limits { answer: Duration::from_secs(2), target: Duration::from_secs(20), ..Limits::default() };
    let report =
        probe::look(&format!("localhost:{port}").parse().unwrap(), &limits, &Judge::of(&Host::live(), clock::now()));
    assert!(report.problems.iter().any(|why| why.starts_with("it stopped answering")), "{:?}", report.problems);
    let rc4 = report.vulnerabilities.iter().find(|weak| weak.id == "rc4").unwrap();
    assert_eq!(rc4.verdict, peelhouse::probe::weak::Verdict::CouldNotLook);
}
