//! One hello, one answer.

use crate::formats::tls::Version;
use crate::formats::tls::client_hello::{ClientHello, Extension};
use crate::formats::tls::record::{self, Messages, Record, Records};
use crate::formats::tls::server::{self, Alert, ServerHello};
use crate::probe::catalogue;
use crate::probe::tls::random;
use crate::probe::wire::{Failure, Peer, Wire};

/// What is offered to the server; the rest of the hello is what every client sends.
#[derive(Clone, Debug)]
pub struct Offer {
    pub version: Version,
    pub suites: Vec<u16>,
    pub groups: Vec<u16>,
    pub signatures: Vec<u16>,
    /// DEFLATE as well as none.
    pub compression: bool,
    pub extra: Vec<Extension>,
    /// No extensions: SSLv3, and servers that stumble over them.
    pub bare: bool,
}

impl Offer {
    pub fn new(version: Version, suites: Vec<u16>) -> Self {
        let modern = version == Version::Tls13;
        // A server of TLS 1.3 may refuse a hello with groups that TLS 1.3 does not have.
        let fits = |group: &&catalogue::Group| if modern { group.modern } else { group.old };
        let groups = catalogue::groups().iter().filter(fits);
        Self {
            version,
            suites,
            groups: groups.map(|group| group.code).collect(),
            signatures: catalogue::signatures().iter().map(|(code, _)| *code).collect(),
            compression: false,
            extra: Vec::new(),
            bare: version == Version::Ssl3,
        }
    }

    pub fn with(mut self, extra: impl IntoIterator<Item = Extension>) -> Self {
        self.extra.extend(extra);
        self
    }

    /// The hello for a server of this name.
    pub fn hello(&self, name: Option<&str>) -> ClientHello {
        let modern = self.version == Version::Tls13;
        ClientHello {
            version: self.version.min(Version::Tls12).code(),
            record_version: self.version.min(Version::Tls10).code(),
            random: random(),
            session: if modern { random::<32>().to_vec() } else { Vec::new() },
            suites: self.suites.clone(),
            compression: if self.compression { vec![1, 0] } else { vec![0] },
            extensions: if self.bare { Vec::new() } else { self.extensions(name) },
        }
    }

    fn extensions(&self, name: Option<&str>) -> Vec<Extension> {
        let mut all: Vec<Extension> = name.map(|name| Extension::ServerName(name.to_owned())).into_iter().collect();
        all.extend([
            Extension::RenegotiationInfo,
            Extension::ExtendedMasterSecret,
            Extension::Groups(self.groups.clone()),
        ]);
        all.push(Extension::PointFormats);
        if self.version >= Version::Tls12 {
            all.push(Extension::SignatureAlgorithms(self.signatures.clone()));
        }
        if self.version == Version::Tls13 {
            all.extend([Extension::Versions(vec![self.version.code()]), Extension::EmptyKeyShare]);
        }
        all.extend(self.extra.iter().cloned());
        all
    }
}

/// How far an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The server's hello.
    Hello,
    /// All that comes before the client's turn, up to TLS 1.2.
    Flight,
}

/// What a server said before it was the client's turn.
#[derive(Clone, Debug)]
pub struct Flight {
    pub hello: ServerHello,
    pub chain: Vec<Vec<u8>>,
    /// The body of its key exchange message.
    pub exchange: Option<Vec<u8>>,
    pub stapled: Option<Vec<u8>>,
}

/// The answer to a hello.
#[derive(Clone, Debug)]
pub enum Answer {
    Took(Box<Flight>),
    Alert(Alert),
    /// Nothing that says yes or no; `Failure::is_no` where it hung up.
    Failed(Failure),
}

impl Answer {
    /// The hello, if it is of the version that was offered.
    pub fn of(&self, version: Version) -> Option<&Flight> {
        match self {
            Self::Took(flight) if flight.hello.version() == Some(version) => Some(flight),
            _ => None,
        }
    }

    /// Why there is no yes or no.
    pub fn unclear(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) if !failure.is_no() => Some(failure),
            _ => None,
        }
    }

    pub fn says(&self) -> String {
        match self {
            Self::Took(flight) => flight
                .hello
                .version()
                .map_or_else(|| "an unknown version".to_owned(), |version| version.name().to_owned()),
            Self::Alert(alert) => alert.name(),
            Self::Failed(failure) => failure.to_string(),
        }
    }
}

/// Who asks whom.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    pub peer: &'a Peer,
    pub name: Option<&'a str>,
}

impl Asker<'_> {
    pub fn ask(&self, offer: &Offer, depth: Depth) -> Answer {
        self.raw(&offer.hello(self.name), depth)
    }

    pub fn raw(&self, hello: &ClientHello, depth: Depth) -> Answer {
        match self.start(hello, depth) {
            Ok((answer, ..)) => answer,
            Err(failure) => Answer::Failed(failure),
        }
    }

    /// Asks and keeps the connection, for what comes after the server's turn.
    pub fn start(&self, hello: &ClientHello, depth: Depth) -> Result<(Answer, Wire<'_>, Reader), Failure> {
        let mut wire = self.peer.connect()?;
        wire.send(&hello.bytes())?;
        let mut reader = Reader::default();
        let answer = reader.flight(&mut wire, depth)?;
        Ok((answer, wire, reader))
    }
}

/// Reads the server's side of a handshake.
#[derive(Debug, Default)]
pub struct Reader {
    records: Records,
    messages: Messages,
}

impl Reader {
    /// The next record.
    pub fn record(&mut self, wire: &mut Wire<'_>) -> Result<Record, Failure> {
        loop {
            if let Some(record) = self.records.next_record().map_err(|wrong| Failure::NotTls(wrong.0))? {
                return Ok(record);
            }
            self.records.push(&wire.receive()?);
        }
    }

    fn flight(&mut self, wire: &mut Wire<'_>, depth: Depth) -> Result<Answer, Failure> {
        let mut flight: Option<Flight> = None;
        loop {
            let record = self.record(wire)?;
            match (record.kind, Alert::parse(&record.body)) {
                // A warning, such as unrecognized_name: the handshake goes on.
                (record::ALERT, Some(alert)) if !alert.fatal && alert.code != 0 => {}
                (record::ALERT, Some(alert)) => return Ok(Answer::Alert(alert)),
                (record::HANDSHAKE, _) => self.messages.push(&record.body),
                (record::CHANGE_CIPHER_SPEC, _) => {}
                (kind, _) => return Err(Failure::NotTls(format!("a record of type {kind} where a hello was due"))),
            }
            while let Some(message) = self.messages.next_message().map_err(|wrong| Failure::NotTls(wrong.0))? {
                if message.kind == server::SERVER_HELLO {
                    let hello = ServerHello::parse(&message.body).map_err(|wrong| Failure::NotTls(wrong.0))?;
                    let over = depth == Depth::Hello || hello.version() == Some(Version::Tls13);
                    let begun = Flight { hello, chain: Vec::new(), exchange: None, stapled: None };
                    if over {
                        return Ok(Answer::Took(Box::new(begun)));
                    }
                    flight = Some(begun);
                    continue;
                }
                let Some(begun) = &mut flight else {
                    return Err(Failure::NotTls(format!("a message of type {} where a hello was due", message.kind)));
                };
                match message.kind {
                    server::CERTIFICATE => {
                        begun.chain = server::certificates(&message.body).map_err(|wrong| Failure::NotTls(wrong.0))?
                    }
                    server::CERTIFICATE_STATUS => begun.stapled = server::status(&message.body),
                    server::SERVER_KEY_EXCHANGE => begun.exchange = Some(message.body),
                    server::SERVER_HELLO_DONE => return Ok(Answer::Took(Box::new(begun.clone()))),
                    _ => {}
                }
            }
        }
    }
}
