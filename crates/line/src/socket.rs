//! UDP sockets that never block, and know at which of our addresses a datagram came in.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

/// Largest datagram read; str0m's are smaller, and longer ones are nothing of ours.
const MAX_DATAGRAM: usize = 2048;
/// Asked of the system: 20 ms of a thousand calls must fit, however late we are.
const BUFFER_BYTES: libc::c_int = 4 * 1024 * 1024;

pub struct Socket {
    socket: UdpSocket,
    port: u16,
    /// The address bound, or `None` for all of them.
    address: Option<IpAddr>,
    buffer: Vec<u8>,
}

/// Control data of one datagram, aligned as the system wants it.
#[repr(align(8))]
struct Control([u8; 64]);

impl Socket {
    /// Binds the first free port of `ports` (inclusive; (0, 0) lets the system choose).
    pub fn bind(host: IpAddr, ports: (u16, u16)) -> io::Result<Socket> {
        let mut last = None;
        for port in ports.0..=ports.1 {
            match UdpSocket::bind((host, port)) {
                Ok(socket) => return Socket::set_up(socket, host),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            let message = format!("the port range {} to {} is empty", ports.0, ports.1);
            io::Error::new(io::ErrorKind::InvalidInput, message)
        }))
    }

    fn set_up(socket: UdpSocket, host: IpAddr) -> io::Result<Socket> {
        socket.set_nonblocking(true)?;
        let fd = socket.as_raw_fd();
        set_option(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, BUFFER_BYTES)?;
        set_option(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, BUFFER_BYTES)?;
        if host.is_unspecified() {
            set_option(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
        }
        Ok(Socket {
            port: socket.local_addr()?.port(),
            address: (!host.is_unspecified()).then_some(host),
            socket,
            buffer: vec![0; MAX_DATAGRAM],
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// The addresses at which this socket can be reached from this machine's networks.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let hosts = match self.address {
            Some(address) => vec![address],
            None => interfaces()?,
        };
        Ok(hosts
            .into_iter()
            .map(|host| SocketAddr::new(host, self.port))
            .collect())
    }

    /// Reads one datagram: our address, the sender's, the contents. `None`: nothing waits.
    pub fn receive(&mut self) -> Option<(SocketAddr, SocketAddr, &[u8])> {
        match self.address {
            Some(address) => {
                let (n, source) = self.socket.recv_from(&mut self.buffer).ok()?;
                let local = SocketAddr::new(address, self.port);
                Some((local, source, &self.buffer[..n]))
            }
            None => self.receive_from_any(),
        }
    }

    /// The same for a socket bound to all IPv4 addresses: which one was it sent to?
    fn receive_from_any(&mut self) -> Option<(SocketAddr, SocketAddr, &[u8])> {
        let mut name: libc::sockaddr_in = unsafe { mem::zeroed() };
        let mut control = Control([0; 64]);
        let mut part = libc::iovec {
            iov_base: self.buffer.as_mut_ptr().cast(),
            iov_len: self.buffer.len(),
        };
        // SAFETY: an all-zero msghdr is valid; every pointer set below outlives the call.
        let mut message: libc::msghdr = unsafe { mem::zeroed() };
        message.msg_name = (&raw mut name).cast();
        message.msg_namelen = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = control.0.len() as _;
        // SAFETY: `message` describes buffers that we own.
        let n = unsafe { libc::recvmsg(self.fd(), &mut message, 0) };
        if n < 0 {
            return None;
        }
        let mut local = Ipv4Addr::LOCALHOST;
        // SAFETY: CMSG_* walk the control data that the system has just written.
        unsafe {
            let mut header = libc::CMSG_FIRSTHDR(&message);
            while !header.is_null() {
                if (*header).cmsg_level == libc::IPPROTO_IP
                    && (*header).cmsg_type == libc::IP_PKTINFO
                {
                    let info: libc::in_pktinfo =
                        std::ptr::read_unaligned(libc::CMSG_DATA(header).cast());
                    local = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
                }
                header = libc::CMSG_NXTHDR(&message, header);
            }
        }
        let from = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
        let source = SocketAddr::new(from.into(), u16::from_be(name.sin_port));
        let local = SocketAddr::new(local.into(), self.port);
        Some((local, source, &self.buffer[..n as usize]))
    }

    /// Sends one datagram from our address `source`. What the system does not take is lost, as
    /// on any network; false then.
    pub fn send(&self, source: IpAddr, destination: SocketAddr, contents: &[u8]) -> bool {
        if self.address.is_some() || !source.is_ipv4() {
            return self.socket.send_to(contents, destination).is_ok();
        }
        let (IpAddr::V4(source), SocketAddr::V4(to)) = (source, destination) else {
            return false;
        };
        // SAFETY: all-zero structures of these kinds are valid; every pointer outlives the call.
        unsafe {
            let mut name: libc::sockaddr_in = mem::zeroed();
            name.sin_family = libc::AF_INET as libc::sa_family_t;
            name.sin_port = to.port().to_be();
            name.sin_addr.s_addr = u32::from(*to.ip()).to_be();
            let mut control = Control([0; 64]);
            let mut part = libc::iovec {
                iov_base: contents.as_ptr().cast_mut().cast(),
                iov_len: contents.len(),
            };
            let mut message: libc::msghdr = mem::zeroed();
            message.msg_name = (&raw mut name).cast();
            message.msg_namelen = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
            message.msg_iov = &mut part;
            message.msg_iovlen = 1;
            message.msg_control = control.0.as_mut_ptr().cast();
            let bytes = mem::size_of::<libc::in_pktinfo>() as libc::c_uint;
            message.msg_controllen = libc::CMSG_SPACE(bytes) as _;
            let header = libc::CMSG_FIRSTHDR(&message);
            (*header).cmsg_level = libc::IPPROTO_IP;
            (*header).cmsg_type = libc::IP_PKTINFO;
            (*header).cmsg_len = libc::CMSG_LEN(bytes) as _;
            let mut info: libc::in_pktinfo = mem::zeroed();
            info.ipi_spec_dst.s_addr = u32::from(source).to_be();
            std::ptr::write_unaligned(libc::CMSG_DATA(header).cast(), info);
            libc::sendmsg(self.fd(), &message, 0) >= 0
        }
    }
}

fn set_option(
    fd: RawFd,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let size = mem::size_of_val(&value) as libc::socklen_t;
    // SAFETY: the pointer and the size describe `value`.
    let done = unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// IPv4 addresses of this machine's interfaces that are up, loopback last.
fn interfaces() -> io::Result<Vec<IpAddr>> {
    let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: the list is read before it is freed, and freed once.
    unsafe {
        if libc::getifaddrs(&mut list) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut found: Vec<IpAddr> = Vec::new();
        let mut entry = list;
        while !entry.is_null() {
            let up = (*entry).ifa_flags & libc::IFF_UP as libc::c_uint != 0;
            let address = (*entry).ifa_addr;
            if up && !address.is_null() && i32::from((*address).sa_family) == libc::AF_INET {
                let address: libc::sockaddr_in = std::ptr::read_unaligned(address.cast());
                found.push(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into());
            }
            entry = (*entry).ifa_next;
        }
        libc::freeifaddrs(list);
        found.sort_by_key(IpAddr::is_loopback);
        found.dedup();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    fn wait_for(socket: &mut Socket) -> (SocketAddr, SocketAddr, Vec<u8>) {
        let mut poll = libc::pollfd {
            fd: socket.fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one valid pollfd.
        assert_eq!(unsafe { libc::poll(&mut poll, 1, 2000) }, 1);
        let (local, source, contents) = socket.receive().expect("a datagram");
        (local, source, contents.to_vec())
    }

    #[test]
    fn a_socket_on_all_addresses_knows_which_was_meant_and_answers_from_it() {
        let mut any = Socket::bind(ANY, (0, 0)).unwrap();
        let mut one = Socket::bind(HOME, (0, 0)).unwrap();
        let meant: IpAddr = [127, 0, 0, 5].into();
        assert!(one.send(HOME, SocketAddr::new(meant, any.port()), b"there"));
        let (local, source, contents) = wait_for(&mut any);
        assert_eq!(local, SocketAddr::new(meant, any.port()));
        assert_eq!(source, SocketAddr::new(HOME, one.port()));
        assert_eq!(contents, b"there");
        assert!(any.send(meant, source, b"back"));
        let (_, source, contents) = wait_for(&mut one);
        assert_eq!(source, SocketAddr::new(meant, any.port()));
        assert_eq!(contents, b"back");
        assert!(any
            .addresses()
            .unwrap()
            .contains(&SocketAddr::new(HOME, any.port())));
    }

    #[test]
    fn a_taken_port_is_passed_over_until_none_is_left() {
        let first = Socket::bind(HOME, (0, 0)).unwrap();
        let port = first.port();
        let error = Socket::bind(HOME, (port, port)).err().expect("port in use");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        if let Ok(next) = Socket::bind(HOME, (port, port.saturating_add(20))) {
            assert!(next.port() > port);
        }
        let error = Socket::bind(HOME, (9, 8)).err().expect("empty range");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
