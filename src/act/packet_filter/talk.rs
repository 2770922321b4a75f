//! The netlink conversation: transactions and questions.
//!
//! nf_tables answers while the request is being sent, so every answer is in our queue when `send` returns: the socket
//! never blocks, and a missing confirmation is an error and not a wait.

use std::io;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_netfilter::nftables::NfTablesMessage;
use netlink_packet_netfilter::none::ControlMessage;
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage, NetfilterMessageInner, NetfilterProtoFamily};
use netlink_sys::{Socket, SocketAddr, protocols};

use super::FilterError;

/// Subsystem number that a batch names in its header (NFNL_SUBSYS_NFTABLES).
const NFTABLES: u16 = 10;
const BUFFER: usize = 16 << 20;
/// Bytes of struct nlmsghdr and struct nfgenmsg, which change with every answer.
const HEADERS: usize = 20;

pub(super) struct Talk {
    socket: Socket,
    sequence: u32,
    /// Elements one transaction may hold: fewer where the kernel refused us a large send buffer.
    pub(super) per_transaction: usize,
}

/// Messages that take effect together or not at all.
pub(super) struct Transaction {
    bytes: Vec<u8>,
    first: u32,
    next: u32,
}

/// What the kernel said to one message.
struct Answer {
    sequence: u32,
    code: i32,
}

impl Talk {
    pub(super) fn open() -> Result<Self, FilterError> {
        let mut socket = Socket::new(protocols::NETLINK_NETFILTER).map_err(FilterError::Socket)?;
        socket.bind_auto().map_err(FilterError::Socket)?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(FilterError::Socket)?;
        socket.set_non_blocking(true).map_err(FilterError::Socket)?;
        // An error would otherwise carry the whole refused message back.
        socket.set_cap_ack(true).map_err(FilterError::Socket)?;
        let send = rustix::net::sockopt::set_socket_send_buffer_size_force(&socket, BUFFER).is_ok();
        let receive = rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER).is_ok();
        Ok(Self { socket, sequence: 1, per_transaction: if send && receive { 20_000 } else { 2_000 } })
    }

    pub(super) fn begin(&self) -> Transaction {
        let mut transaction = Transaction { bytes: Vec::new(), first: self.sequence, next: self.sequence };
        transaction.push(ControlMessage::BatchBegin, NetfilterProtoFamily::Unspec, 0);
        transaction
    }

    /// Confirmed as a whole; on an error, nothing has changed.
    pub(super) fn commit(&mut self, mut transaction: Transaction) -> Result<(), io::Error> {
        let (first, last) = (transaction.first, transaction.next);
        transaction.push(ControlMessage::BatchEnd, NetfilterProtoFamily::Unspec, 0);
        self.sequence = transaction.next;
        self.send(&transaction.bytes)?;
        let mut confirmed = 0;
        let mut refused = None;
        while let Some(bytes) = self.receive()? {
            for answer in answers(&bytes).filter(|answer| (first..=last).contains(&answer.sequence)) {
                match answer.code {
                    0 => confirmed += 1,
                    code => refused = refused.or(Some(code)),
                }
            }
        }
        let sent = last.wrapping_sub(first).wrapping_sub(1);
        match refused {
            Some(code) => Err(io::Error::from_raw_os_error(-code)),
            None if confirmed == sent => Ok(()),
            None => Err(io::Error::other(format!("the kernel confirmed {confirmed} of {sent} messages"))),
        }
    }

    /// One question; its answers, or the kernel's error number.
    pub(super) fn ask(&mut self, question: NfTablesMessage) -> io::Result<Vec<NfTablesMessage>> {
        let mut answers = Vec::new();
        self.question(question, NLM_F_ACK, |packet| {
            answers.extend(parsed(packet)?);
            Ok(())
        })?;
        Ok(answers)
    }

    /// One question about many; each answer is handed over as it comes.
    pub(super) fn dump(&mut self, question: NfTablesMessage, mut each: impl FnMut(NfTablesMessage)) -> io::Result<()> {
        self.question(question, NLM_F_DUMP, |packet| {
            parsed(packet)?.into_iter().for_each(&mut each);
            Ok(())
        })
    }

    /// The bare attributes of the answers, for comparing them only.
    pub(super) fn raw(&mut self, question: NfTablesMessage, dump: bool, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        self.question(question, if dump { NLM_F_DUMP } else { NLM_F_ACK }, |packet| {
            each(packet.get(HEADERS..).unwrap_or_default());
            Ok(())
        })
    }

    fn question(
        &mut self,
        question: NfTablesMessage,
        flags: u16,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let sequence = self.sequence;
        let mut bytes = Vec::new();
        emit(&mut bytes, question, NetfilterProtoFamily::Inet, 0, sequence, flags);
        self.sequence = self.sequence.wrapping_add(1);
        self.send(&bytes)?;
        let mut refused = None;
        while let Some(bytes) = self.receive()? {
            for packet in packets(&bytes).filter(|packet| NetlinkBuffer::new(packet).sequence_number() == sequence) {
                match NetlinkBuffer::new(packet).message_type() {
                    NLMSG_ERROR => refused = refused.or(code(packet)),
                    NLMSG_DONE => {}
                    _ => each(packet)?,
                }
            }
        }
        refused.filter(|code| *code != 0).map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(-code)))
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let sent = self.socket.send(bytes, 0)?;
        if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// None where nothing is left in the queue.
    fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        match self.socket.recv_from_full() {
            Ok((bytes, _)) => Ok(Some(bytes)),
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}

impl Transaction {
    /// `flags` beside those of every request: NLM_F_CREATE, NLM_F_EXCL.
    pub(super) fn change(&mut self, message: NfTablesMessage, flags: u16) {
        self.push(message, NetfilterProtoFamily::Inet, NLM_F_ACK | flags);
    }

    fn push(&mut self, inner: impl Into<NetfilterMessageInner>, family: NetfilterProtoFamily, flags: u16) {
        let resource = if family == NetfilterProtoFamily::Unspec { NFTABLES } else { 0 };
        emit(&mut self.bytes, inner, family, resource, self.next, flags);
        self.next = self.next.wrapping_add(1);
    }
}

fn emit(
    bytes: &mut Vec<u8>,
    inner: impl Into<NetfilterMessageInner>,
    family: NetfilterProtoFamily,
    resource: u16,
    sequence: u32,
    flags: u16,
) {
    let header = NetfilterHeader::new(family, 0, resource);
    let mut message = NetlinkMessage::from(NetfilterMessage::new(header, inner));
    message.header.flags = NLM_F_REQUEST | flags;
    message.header.sequence_number = sequence;
    message.finalize();
    let at = bytes.len();
    bytes.resize(at + message.buffer_len(), 0);
    if let Some(room) = bytes.get_mut(at..) {
        message.serialize(room);
    }
}

/// The packets of one datagram.
fn packets(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::try_from(NetlinkBuffer::new_checked(rest).ok()?.length()).ok()?;
        let packet = rest.get(..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(packet)
    })
}

fn answers(bytes: &[u8]) -> impl Iterator<Item = Answer> {
    packets(bytes).filter(|packet| NetlinkBuffer::new(packet).message_type() == NLMSG_ERROR).filter_map(|packet| {
        Some(Answer { sequence: NetlinkBuffer::new(packet).sequence_number(), code: code(packet)? })
    })
}

/// The number of an error message; 0 is a confirmation (netlink(7), struct nlmsgerr).
fn code(packet: &[u8]) -> Option<i32> {
    Some(i32::from_ne_bytes(packet.get(16..20)?.try_into().ok()?))
}

fn parsed(packet: &[u8]) -> io::Result<Option<NfTablesMessage>> {
    let message = NetlinkMessage::<NetfilterMessage>::deserialize(packet)
        .map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause.to_string()))?;
    Ok(match message.payload {
        NetlinkPayload::InnerMessage(NetfilterMessage { inner: NetfilterMessageInner::NfTables(inner), .. }) => {
            Some(inner)
        }
        _ => None,
    })
}
