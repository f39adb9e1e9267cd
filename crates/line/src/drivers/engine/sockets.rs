//! The sockets of an engine: the main one is for all calls that come in; the others belong to one
//! call of ours each, because on one path there can be one DTLS session only.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;

use str0m::net::Transmit;

use crate::net::mmsg::{Arrival, Reader, Writer};
use crate::net::poller::Poller;
use crate::net::socket::Socket;

/// See the module.
pub struct Sockets {
    /// By port; whose they are.
    sockets: HashMap<u16, (Option<i64>, Socket)>,
    main: u16,
    poller: Poller,
    reader: Reader,
    writer: Writer,
}

impl Sockets {
    pub fn new(main: Socket) -> io::Result<Self> {
        let mut sockets = Sockets {
            sockets: HashMap::new(),
            main: main.port(),
            poller: Poller::new()?,
            reader: Reader::new(),
            writer: Writer::new(),
        };
        sockets.open(None, main)?;
        Ok(sockets)
    }

    /// Watches one more socket.
    pub fn open(&mut self, owner: Option<i64>, socket: Socket) -> io::Result<()> {
        let port = socket.port();
        self.poller.add(socket.fd(), port.into())?;
        self.sockets.insert(port, (owner, socket));
        Ok(())
    }

    /// Closes those of calls that are over.
    pub fn close_all_of(&mut self, over: &[i64]) {
        self.sockets
            .retain(|_, (owner, _)| owner.is_none_or(|owner| !over.contains(&owner)));
    }

    /// Closes those of a call that are not at `ports`.
    pub fn close_others_of(&mut self, call: i64, ports: &[u16]) {
        self.sockets
            .retain(|port, (owner, _)| *owner != Some(call) || ports.contains(port));
    }

    /// Readable while one of them is.
    pub fn fd(&self) -> RawFd {
        self.poller.fd()
    }

    /// The main one's.
    pub fn port(&self) -> u16 {
        self.main
    }

    /// Addresses of the main one.
    pub fn locals(&self) -> io::Result<Vec<SocketAddr>> {
        match self.sockets.get(&self.main) {
            Some((_, socket)) => socket.addresses(),
            None => Ok(Vec::new()),
        }
    }

    /// Reads once from each that can be read: `take` gets our address and what came to it. False
    /// if nothing did.
    pub fn read(&mut self, mut take: impl FnMut(SocketAddr, Arrival<'_>)) -> bool {
        let mut more = false;
        for key in self.poller.ready() {
            let Some((_, socket)) = self.sockets.get(&(key as u16)) else {
                continue;
            };
            let n = socket.read(&mut self.reader);
            more |= n > 0;
            for arrival in (0..n).filter_map(|i| self.reader.get(i)) {
                take(socket.local(&arrival), arrival);
            }
        }
        more
    }

    /// Sends packets, each from the socket of its source, and takes them.
    pub fn send(&mut self, packets: &mut Vec<Transmit>) {
        let mut rest = &packets[..];
        while let Some(first) = rest.first() {
            let port = first.source.port();
            let alike = rest.iter().take_while(|p| p.source.port() == port).count();
            if let Some((_, socket)) = self.sockets.get(&port) {
                socket.write(&mut self.writer, &rest[..alike]);
            }
            rest = &rest[alike..];
        }
        packets.clear();
    }
}
