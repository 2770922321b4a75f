//! What a line of an access log said, field by field, and the record it makes.

use std::net::IpAddr;

use crate::formats::logs::text::{dash_is_nothing, unescape_json};
use crate::formats::logs::{Line, Record, request};
use crate::model::{Millis, Request, What};

/// The text fields of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// The whole request line.
    Request,
    Method,
    Target,
    /// With or without its `?`.
    Query,
    Protocol,
    Referer,
    UserAgent,
    Host,
    User,
    Forwarded,
}

const TEXTS: usize = 10;

/// The fields of one line.
#[derive(Clone, Debug, Default)]
pub struct Sheet<'a> {
    pub stamp: Option<Millis>,
    pub client: Option<IpAddr>,
    pub peer: Option<IpAddr>,
    pub status: u16,
    pub bytes: Option<u64>,
    pub micros: Option<u64>,
    pub escaped: bool,
    texts: [&'a [u8]; TEXTS],
}

impl<'a> Sheet<'a> {
    pub fn set(&mut self, text: Text, field: &'a [u8]) {
        self.texts[text as usize] = dash_is_nothing(field);
    }

    pub fn get(&self, text: Text) -> &'a [u8] {
        self.texts[text as usize]
    }

    /// The record; `scratch` holds what does not stand in the line as one piece.
    pub fn record(mut self, scratch: &'a mut Vec<u8>) -> Line<'a> {
        if !self.get(Text::Request).is_empty() {
            let (method, target, protocol) = request::split(self.get(Text::Request));
            self.texts[Text::Method as usize] = method;
            self.texts[Text::Target as usize] = target;
            self.texts[Text::Protocol as usize] = protocol;
        } else if !self.get(Text::Query).is_empty() {
            self.join_query(scratch);
        }
        self.finish()
    }

    /// The same, with the escapes of JSON undone first.
    pub fn unescaped_record(mut self, scratch: &'a mut Vec<u8>, joined: &'a mut Vec<u8>) -> Line<'a> {
        scratch.clear();
        let mut ranges = [const { None }; TEXTS];
        for (range, text) in ranges.iter_mut().zip(self.texts) {
            if memchr::memchr(b'\\', text).is_some() {
                let start = scratch.len();
                unescape_json(text, scratch);
                *range = Some(start..scratch.len());
            }
        }
        let scratch: &'a [u8] = scratch;
        for (text, range) in self.texts.iter_mut().zip(ranges) {
            if let Some(clear) = range.and_then(|range| scratch.get(range)) {
                *text = clear;
            }
        }
        self.record(joined)
    }

    /// Unless the target has it already.
    fn join_query(&mut self, scratch: &'a mut Vec<u8>) {
        let query = self.get(Text::Query);
        let query = query.strip_prefix(b"?").unwrap_or(query);
        if self.get(Text::Target).strip_suffix(query).is_some_and(|path| path.ends_with(b"?")) {
            return;
        }
        scratch.clear();
        scratch.extend_from_slice(self.get(Text::Target));
        scratch.push(b'?');
        scratch.extend_from_slice(query);
        self.texts[Text::Target as usize] = scratch;
    }

    fn finish(self) -> Line<'a> {
        let request = Request {
            method: self.get(Text::Method),
            target: self.get(Text::Target),
            protocol: self.get(Text::Protocol),
            status: self.status,
            bytes: self.bytes,
            micros: self.micros,
            referer: self.get(Text::Referer),
            user_agent: self.get(Text::UserAgent),
            host: self.get(Text::Host),
            user: self.get(Text::User),
            escaped: self.escaped,
        };
        Line::Record(Record {
            stamp: self.stamp,
            client: self.client,
            peer: self.peer,
            forwarded: self.get(Text::Forwarded),
            what: What::Request(request),
        })
    }
}
