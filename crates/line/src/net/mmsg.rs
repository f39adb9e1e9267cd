//! Many datagrams a system call: recvmmsg(2) and sendmmsg(2) over buffers that are made once.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::RawFd;

use str0m::net::Transmit;

use crate::clock::{monotonic, realtime};

/// Datagrams of one system call at most.
pub const BATCH: usize = 64;
/// Largest datagram read; str0m's are smaller, and longer ones are nothing of ours.
const MAX_DATAGRAM: usize = 2048;
/// A datagram cannot have waited longer than this for us to read it; a stamp that says so comes
/// from a clock that was set.
const MAX_WAIT_S: f64 = 0.5;

/// Control data of one datagram: 128 bytes, aligned as the system wants it.
type Control = [u64; 16];

/// Room for `BATCH` messages. The headers point into the other vectors, anew for each call.
struct Messages {
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    parts: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

// SAFETY: the pointers lead into vectors that move along with them and are owned by nobody else.
unsafe impl Send for Messages {}

impl Messages {
    fn new() -> Self {
        // SAFETY: all-zero structures of these kinds are valid.
        unsafe {
            Messages {
                names: vec![mem::zeroed(); BATCH],
                controls: vec![[0; 16]; BATCH],
                parts: vec![mem::zeroed(); BATCH],
                headers: vec![mem::zeroed(); BATCH],
            }
        }
    }

    /// Points header `i` at its name and at `part`; returns it.
    fn aim(&mut self, i: usize, part: libc::iovec) -> &mut libc::msghdr {
        self.parts[i] = part;
        let header = &mut self.headers[i].msg_hdr;
        header.msg_name = (&raw mut self.names[i]).cast();
        header.msg_iov = &raw mut self.parts[i];
        header.msg_iovlen = 1;
        header
    }
}

/// One datagram that came.
pub struct Arrival<'a> {
    /// Which of our addresses it was sent to, if the socket is bound to all of them.
    pub local: Option<IpAddr>,
    pub source: SocketAddr,
    /// When the system got it, seconds of the monotonic clock.
    pub at: f64,
    pub contents: &'a [u8],
}

/// Reads datagrams.
pub struct Reader {
    messages: Messages,
    contents: Vec<u8>,
    /// Realtime clock minus monotonic clock at the last read, and the latter.
    ahead: f64,
    now: f64,
}

impl Reader {
    pub fn new() -> Self {
        Reader {
            messages: Messages::new(),
            contents: vec![0; BATCH * MAX_DATAGRAM],
            ahead: 0.0,
            now: 0.0,
        }
    }

    /// Reads what waits, up to [`BATCH`] datagrams; how many there are.
    pub fn read(&mut self, fd: RawFd) -> usize {
        let messages = &mut self.messages;
        let rooms = self.contents.chunks_exact_mut(MAX_DATAGRAM);
        for (i, room) in rooms.enumerate() {
            let control = &raw mut messages.controls[i];
            let part = libc::iovec {
                iov_base: room.as_mut_ptr().cast(),
                iov_len: room.len(),
            };
            let header = messages.aim(i, part);
            header.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_control = control.cast();
            header.msg_controllen = mem::size_of::<Control>() as _;
            header.msg_flags = 0;
        }
        // SAFETY: each header describes buffers that we own and nobody else reads meanwhile.
        let n = unsafe {
            libc::recvmmsg(
                fd,
                messages.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        self.now = monotonic();
        self.ahead = realtime() - self.now;
        usize::try_from(n).unwrap_or(0)
    }

    /// The datagram of this index of the last read. `None`: it is longer than any of ours, or
    /// comes from no internet address.
    pub fn get(&self, index: usize) -> Option<Arrival<'_>> {
        let message = self.messages.headers.get(index)?;
        if message.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let start = index * MAX_DATAGRAM;
        let (local, stamp) = control_of(&message.msg_hdr);
        let waited = stamp.map_or(0.0, |stamp| self.ahead + self.now - stamp);
        let waited = if (0.0..MAX_WAIT_S).contains(&waited) {
            waited
        } else {
            0.0
        };
        Some(Arrival {
            local,
            source: address_of(&self.messages.names[index])?,
            at: self.now - waited,
            contents: &self.contents[start..start + message.msg_len as usize],
        })
    }
}

/// The address it was sent to and the system's stamp (realtime, seconds), where they are told.
fn control_of(header: &libc::msghdr) -> (Option<IpAddr>, Option<f64>) {
    let (mut local, mut stamp) = (None, None);
    // SAFETY: CMSG_* walk the control data that the system has written.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while !control.is_null() {
            match ((*control).cmsg_level, (*control).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info: libc::in_pktinfo =
                        std::ptr::read_unaligned(libc::CMSG_DATA(control).cast());
                    local = Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into());
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let at: libc::timespec =
                        std::ptr::read_unaligned(libc::CMSG_DATA(control).cast());
                    stamp = Some(at.tv_sec as f64 + at.tv_nsec as f64 * 1e-9);
                }
                _ => {}
            }
            control = libc::CMSG_NXTHDR(header, control);
        }
    }
    (local, stamp)
}

fn address_of(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let at: *const libc::sockaddr_storage = name;
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the storage is large and aligned enough, and holds this kind.
            let name: &libc::sockaddr_in = unsafe { &*at.cast() };
            let ip = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
            Some(SocketAddr::new(ip.into(), u16::from_be(name.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let name: &libc::sockaddr_in6 = unsafe { &*at.cast() };
            let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
            let port = u16::from_be(name.sin6_port);
            Some(SocketAddrV6::new(ip, port, 0, name.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// Sends datagrams.
pub struct Writer {
    messages: Messages,
}

impl Writer {
    pub fn new() -> Self {
        Writer {
            messages: Messages::new(),
        }
    }

    /// Sends all packets, each from its source address where the socket is bound to `all` of
    /// them. What the system does not take is lost, as on any network; how many it took.
    pub fn write(&mut self, fd: RawFd, all: bool, packets: &[Transmit]) -> usize {
        packets
            .chunks(BATCH)
            .map(|chunk| self.write_chunk(fd, all, chunk))
            .sum()
    }

    fn write_chunk(&mut self, fd: RawFd, all: bool, packets: &[Transmit]) -> usize {
        for (i, packet) in packets.iter().enumerate() {
            self.address(i, packet, all);
        }
        let (mut at, mut taken) = (0, 0);
        while at < packets.len() {
            let headers = &mut self.messages.headers[at..packets.len()];
            // SAFETY: each header describes live buffers; the contents are only read.
            let n = unsafe {
                libc::sendmmsg(fd, headers.as_mut_ptr(), headers.len() as libc::c_uint, 0)
            };
            // An error is the first packet's own: the others may still go.
            let n = usize::try_from(n).unwrap_or(0);
            taken += n;
            at += n.max(1);
        }
        taken
    }

    fn address(&mut self, i: usize, packet: &Transmit, all: bool) {
        let messages = &mut self.messages;
        let length = name_of(packet.destination, &mut messages.names[i]);
        let control = &raw mut messages.controls[i];
        let part = libc::iovec {
            iov_base: packet.contents.as_ptr().cast_mut().cast(),
            iov_len: packet.contents.len(),
        };
        let header = messages.aim(i, part);
        header.msg_namelen = length;
        header.msg_control = std::ptr::null_mut();
        header.msg_controllen = 0;
        if let (true, IpAddr::V4(source)) = (all, packet.source.ip()) {
            header.msg_control = control.cast();
            // SAFETY: the control buffer holds one in_pktinfo with its header.
            unsafe {
                let bytes = mem::size_of::<libc::in_pktinfo>() as libc::c_uint;
                header.msg_controllen = libc::CMSG_SPACE(bytes) as _;
                let control = libc::CMSG_FIRSTHDR(header);
                (*control).cmsg_level = libc::IPPROTO_IP;
                (*control).cmsg_type = libc::IP_PKTINFO;
                (*control).cmsg_len = libc::CMSG_LEN(bytes) as _;
                let mut info: libc::in_pktinfo = mem::zeroed();
                info.ipi_spec_dst.s_addr = u32::from(source).to_be();
                std::ptr::write_unaligned(libc::CMSG_DATA(control).cast(), info);
            }
        }
    }
}

/// Writes an address as the system wants it; its length.
fn name_of(address: SocketAddr, name: &mut libc::sockaddr_storage) -> libc::socklen_t {
    let at: *mut libc::sockaddr_storage = name;
    match address {
        SocketAddr::V4(address) => {
            // SAFETY: the storage is large and aligned enough; all-zero is valid.
            let name: &mut libc::sockaddr_in = unsafe { &mut *at.cast() };
            name.sin_family = libc::AF_INET as libc::sa_family_t;
            name.sin_port = address.port().to_be();
            name.sin_addr.s_addr = u32::from(*address.ip()).to_be();
            mem::size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
        SocketAddr::V6(address) => {
            // SAFETY: as above.
            let name: &mut libc::sockaddr_in6 = unsafe { &mut *at.cast() };
            name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            name.sin6_port = address.port().to_be();
            name.sin6_flowinfo = 0;
            name.sin6_addr.s6_addr = address.ip().octets();
            name.sin6_scope_id = address.scope_id();
            mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t
        }
    }
}
