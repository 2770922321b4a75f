//! Records (RFC 8446 §5.1) and the handshake messages in them (§4), cut out of what arrives piece by piece.

use crate::formats::tls::NotTls;

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;
pub const HEARTBEAT: u8 = 24;

/// 2^14 and what compression and encryption may add (RFC 5246 §6.2.3).
const LONGEST_RECORD: usize = (1 << 14) + 2048;
/// A chain of many certificates is a tenth of it.
const LONGEST_MESSAGE: usize = 1 << 18;

/// One record as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub kind: u8,
    pub version: u16,
    pub body: Vec<u8>,
}

impl Record {
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind];
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(u16::try_from(self.body.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(&self.body);
        bytes
    }
}

/// Cuts a stream into records.
#[derive(Clone, Debug, Default)]
pub struct Records(Vec<u8>);

impl Records {
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// The next whole record, `None` until it is there.
    pub fn next_record(&mut self) -> Result<Option<Record>, NotTls> {
        let Some((head, _)) = self.0.split_first_chunk::<5>() else {
            return if self.0.first().is_none_or(|kind| known(*kind)) { Ok(None) } else { Err(self.foreign()) };
        };
        let [kind, major, minor, high, low] = *head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if !known(kind) || major != 3 {
            return Err(self.foreign());
        }
        if length > LONGEST_RECORD {
            return Err(NotTls(format!("a record of {length} bytes, more than TLS knows")));
        }
        if self.0.len() < 5 + length {
            return Ok(None);
        }
        let rest = self.0.split_off(5 + length);
        let whole = std::mem::replace(&mut self.0, rest);
        let body = whole.get(5..).unwrap_or_default().to_vec();
        Ok(Some(Record { kind, version: u16::from_be_bytes([major, minor]), body }))
    }

    fn foreign(&self) -> NotTls {
        let shown: String =
            self.0.iter().take(24).map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        NotTls(format!("the answer is not TLS, it begins with \"{shown}\""))
    }
}

fn known(kind: u8) -> bool {
    (CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(&kind)
}

/// One handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub kind: u8,
    pub body: Vec<u8>,
}

/// Joins the bodies of handshake records into messages.
#[derive(Clone, Debug, Default)]
pub struct Messages(Vec<u8>);

impl Messages {
    pub fn push(&mut self, body: &[u8]) {
        self.0.extend(body);
    }

    /// The next whole message, `None` until it is there.
    pub fn next_message(&mut self) -> Result<Option<Message>, NotTls> {
        let Some((&[kind, high, middle, low], _)) = self.0.split_first_chunk::<4>() else { return Ok(None) };
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if length > LONGEST_MESSAGE {
            return Err(NotTls(format!("a handshake message of {length} bytes, more than any server needs")));
        }
        if self.0.len() < 4 + length {
            return Ok(None);
        }
        let rest = self.0.split_off(4 + length);
        let whole = std::mem::replace(&mut self.0, rest);
        Ok(Some(Message { kind, body: whole.get(4..).unwrap_or_default().to_vec() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_messages_come_out_however_they_are_cut() {
        let record = Record { kind: HANDSHAKE, version: 0x0303, body: vec![14, 0, 0, 2, 7] };
        let next = Record { body: vec![8, 14, 0, 0, 0], ..record.clone() };
        let stream = [record.bytes(), next.bytes()].concat();
        let (mut records, mut messages, mut found) = (Records::default(), Messages::default(), Vec::new());
        for byte in &stream {
            records.push(&[*byte]);
            while let Some(record) = records.next_record().unwrap() {
                messages.push(&record.body);
                while let Some(message) = messages.next_message().unwrap() {
                    found.push(message);
                }
            }
        }
        assert_eq!(found, [Message { kind: 14, body: vec![7, 8] }, Message { kind: 14, body: Vec::new() }]);
    }

    #[test]
    fn what_is_not_tls_is_said_with_its_beginning() {
        let mut records = Records::default();
        records.push(b"HTTP/1.1 400 Bad Request\r\n");
        assert_eq!(
            records.next_record().unwrap_err().to_string(),
            "the answer is not TLS, it begins with \"HTTP/1.1.400.Bad.Request\""
        );
        records = Records::default();
        records.push(&[HANDSHAKE, 3, 3, 0xff, 0xff]);
        assert!(records.next_record().is_err());
    }
}
