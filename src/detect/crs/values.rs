//! The values of one request that rules look at, and what transformations make of them; each made once.

use crate::detect::crs::pipeline::{Node, Pipelines};
use crate::detect::crs::target::{OF_ARGUMENTS, OF_TARGET, Source, Sources};
use crate::detect::crs::transform::{Signs, Transform, decode_path};
use crate::detect::rules::decode::unescape;
use crate::model::event::{Event, Request};

/// Bytes of a target that are looked at, as for all rules.
const MOST_TARGET: usize = 8192;
/// Bytes of a header that are looked at.
const MOST_HEADER: usize = 4096;
/// Arguments told apart; what follows is the last one's.
const MOST_ARGUMENTS: usize = 64;

/// Buffers, kept from request to request.
#[derive(Debug, Default)]
pub struct Buffers {
    pool: Vec<u8>,
    values: Vec<Value>,
    /// By value and node.
    texts: Vec<Option<Text>>,
}

#[derive(Clone, Copy, Debug)]
struct Value {
    source: Source,
    name: Span,
    text: Span,
    /// Bytes of the target, before it was decoded.
    origin: Span,
}

type Span = (u32, u32);

#[derive(Clone, Copy, Debug)]
struct Text {
    at: Span,
    signs: Signs,
}

/// The values of the current request.
#[derive(Debug)]
pub struct Values<'b> {
    buffers: &'b mut Buffers,
    pipelines: &'b Pipelines,
}

impl<'b> Values<'b> {
    /// What stands in these parts of the request; nothing is transformed yet.
    pub fn of(
        request: &Request<'_>,
        event: &Event<'_>,
        wanted: Sources,
        buffers: &'b mut Buffers,
        pipelines: &'b Pipelines,
    ) -> Self {
        let mut values = Self::empty(buffers, pipelines);
        let cut = request.target.get(..MOST_TARGET).unwrap_or(request.target);
        let target = values.put(cut, request.escaped);
        if wanted & Source::Raw.bit() != 0 {
            values.add(Source::Raw, target, (0, target.1 - target.0));
        }
        if wanted & (OF_TARGET & !Source::Raw.bit()) != 0 {
            values.split_target(target, wanted);
        }
        for (source, text) in [
            (Source::Agent, request.user_agent),
            (Source::Referer, request.referer),
            (Source::Host, request.host),
            (Source::Method, request.method),
            (Source::Protocol, request.protocol),
        ] {
            if wanted & source.bit() != 0 {
                values.header(source, text, request.escaped);
            }
        }
        if wanted & Source::Line.bit() != 0 {
            values.line(request, target);
        }
        if wanted & Source::Client.bit() != 0
            && let Some(client) = event.client
        {
            values.header(Source::Client, client.ip.to_string().as_bytes(), false);
        }
        values
    }

    /// Those that were taken last.
    pub fn again(buffers: &'b mut Buffers, pipelines: &'b Pipelines) -> Self {
        Self { buffers, pipelines }
    }

    /// Only one header.
    pub fn of_header(
        source: Source,
        text: &[u8],
        escaped: bool,
        buffers: &'b mut Buffers,
        with: &'b Pipelines,
    ) -> Self {
        let mut values = Self::empty(buffers, with);
        values.header(source, text, escaped);
        values
    }

    /// Only method and protocol, and of a request line what is not the target.
    pub fn of_request_words(request: &Request<'_>, buffers: &'b mut Buffers, with: &'b Pipelines) -> Self {
        let mut values = Self::empty(buffers, with);
        values.header(Source::Method, request.method, request.escaped);
        values.header(Source::Protocol, request.protocol, request.escaped);
        values.header(Source::Line, request.method, request.escaped);
        values.header(Source::Line, request.protocol, request.escaped);
        values
    }

    fn empty(buffers: &'b mut Buffers, pipelines: &'b Pipelines) -> Self {
        buffers.pool.clear();
        buffers.values.clear();
        buffers.texts.clear();
        Self { buffers, pipelines }
    }

    pub fn len(&self) -> usize {
        self.buffers.values.len()
    }

    /// What a value is, and the name of an argument.
    pub fn about(&self, at: usize) -> Option<(Source, &[u8])> {
        let value = self.buffers.values.get(at)?;
        Some((value.source, self.buffers.slice(value.name)))
    }

    /// Where a value stands in the target: bytes from..to before any decoding.
    pub fn origin(&self, at: usize) -> Option<(u32, u32)> {
        self.buffers.values.get(at).map(|value| value.origin)
    }

    pub fn count(&self, source: Source) -> usize {
        self.buffers.values.iter().filter(|value| value.source == source).count()
    }

    /// A value as a node's transformations leave it.
    pub fn text(&mut self, at: usize, node: Node) -> &[u8] {
        let text = self.at(at, node);
        self.buffers.slice(text.at)
    }

    /// Where the text stands that a value has at a node: two nodes with one place have one text.
    pub fn place(&mut self, at: usize, node: Node) -> (u32, u32) {
        self.at(at, node).at
    }

    pub fn run(&self, node: Node, text: &[u8]) -> Vec<u8> {
        self.pipelines.run(node, text)
    }

    fn at(&mut self, at: usize, node: Node) -> Text {
        let width = self.pipelines.len();
        let slot = at * width + usize::from(node);
        if self.buffers.texts.is_empty() {
            self.buffers.texts.resize(self.buffers.values.len() * width, None);
        }
        if let Some(Some(text)) = self.buffers.texts.get(slot) {
            return *text;
        }
        let text = match self.pipelines.step(node) {
            None => self.buffers.seen(self.buffers.values.get(at).map_or((0, 0), |value| value.text)),
            Some((before, transform)) => {
                let text = self.at(at, before);
                self.buffers.transformed(text, transform)
            }
        };
        if let Some(known) = self.buffers.texts.get_mut(slot) {
            *known = Some(text);
        }
        text
    }

    fn put(&mut self, text: &[u8], escaped: bool) -> Span {
        self.buffers.write(|pool| {
            if escaped && memchr::memchr(b'\\', text).is_some() {
                unescape(text, pool);
            } else {
                pool.extend_from_slice(text);
            }
        })
    }

    fn add(&mut self, source: Source, text: Span, origin: Span) {
        self.buffers.values.push(Value { source, name: (0, 0), text, origin });
    }

    fn header(&mut self, source: Source, text: &[u8], escaped: bool) {
        if !text.is_empty() {
            let text = self.put(text.get(..MOST_HEADER).unwrap_or(text), escaped);
            self.add(source, text, (0, 0));
        }
    }

    fn line(&mut self, request: &Request<'_>, target: Span) {
        let line = self.buffers.write(|pool| {
            if !request.method.is_empty() {
                pool.extend_from_slice(request.method);
                pool.push(b' ');
            }
            pool.extend_from_within(target.0 as usize..target.1 as usize);
            if !request.protocol.is_empty() {
                pool.push(b' ');
                pool.extend_from_slice(request.protocol);
            }
        });
        self.add(Source::Line, line, (0, target.1 - target.0));
    }

    fn split_target(&mut self, target: Span, wanted: Sources) {
        let text = self.buffers.slice(target);
        let whole = number(text.len());
        let path = number(memchr::memchr(b'?', text).unwrap_or(text.len()));
        let (uri, end) = self.decode_path(target, path);
        let text = self.buffers.slice((uri.0, end));
        let base = uri.0 + number(memchr::memrchr2(b'/', b'\\', text).map_or(0, |at| at + 1));
        let query = (target.0 + path + 1, target.1);
        for (source, text, origin) in [
            (Source::Uri, uri, (0, whole)),
            (Source::Path, (uri.0, end), (0, path)),
            (Source::Base, (base, end), (0, path)),
            (Source::Query, query, (path + 1, whole)),
        ] {
            if wanted & source.bit() != 0 && text.0 < text.1 {
                self.add(source, text, origin);
            }
        }
        if wanted & OF_ARGUMENTS != 0 {
            self.arguments(query, path + 1);
        }
    }

    /// The target with its path decoded, and where the path ends.
    fn decode_path(&mut self, target: Span, path: u32) -> (Span, u32) {
        let end = target.0 + path;
        let encoded = self.buffers.slice((target.0, end));
        if memchr::memchr(b'%', encoded).is_none() {
            return (target, end);
        }
        let encoded = encoded.to_vec();
        let decoded = self.buffers.write(|pool| decode_path(&encoded, pool));
        let query = self.buffers.write(|pool| pool.extend_from_within(end as usize..target.1 as usize));
        ((decoded.0, query.1), decoded.1)
    }

    /// As ModSecurity's `parse_arguments`: names and values decoded once; a name without `=` has an empty value.
    fn arguments(&mut self, query: Span, offset: u32) {
        let mut from = query.0;
        for count in 1..=MOST_ARGUMENTS {
            if from >= query.1 {
                return;
            }
            let rest = self.buffers.slice((from, query.1));
            let end = memchr::memchr(b'&', rest).filter(|_| count < MOST_ARGUMENTS).unwrap_or(rest.len());
            let equals = rest.get(..end).and_then(|one| memchr::memchr(b'=', one)).unwrap_or(end);
            let (end, equals) = (from + number(end), from + number(equals));
            let origin = (offset + from - query.0, offset + end - query.0);
            let name = self.decode((from, equals));
            let value = self.decode(((equals + 1).min(end), end));
            self.buffers.values.push(Value { source: Source::Arg, name, text: value, origin });
            self.buffers.values.push(Value { source: Source::ArgName, name, text: name, origin });
            from = end + 1;
        }
    }

    fn decode(&mut self, span: Span) -> Span {
        let text = self.buffers.slice(span);
        if memchr::memchr2(b'%', b'+', text).is_none() {
            return span;
        }
        let text = text.to_vec();
        self.buffers.write(|pool| Transform::UrlDecode.apply(&text, pool))
    }
}

impl Buffers {
    fn slice(&self, span: Span) -> &[u8] {
        self.pool.get(span.0 as usize..span.1 as usize).unwrap_or_default()
    }

    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let from = number(self.pool.len());
        write(&mut self.pool);
        (from, number(self.pool.len()))
    }

    fn seen(&self, at: Span) -> Text {
        Text { at, signs: Signs::of(self.slice(at)) }
    }

    /// The text a step makes; the same place where it changes nothing.
    fn transformed(&mut self, text: Text, transform: Transform) -> Text {
        if !transform.changes(text.signs) {
            return text;
        }
        let before = self.slice(text.at).to_vec();
        let at = self.write(|pool| transform.apply(&before, pool));
        if self.slice(at) == before {
            self.pool.truncate(at.0 as usize);
            return text;
        }
        self.seen(at)
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
