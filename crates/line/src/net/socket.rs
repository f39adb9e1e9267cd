//! UDP sockets that never block, and know at which of our addresses a datagram came in.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use str0m::net::Transmit;

use crate::net::mmsg::{Arrival, Reader, Writer};

/// Asked of the system: 20 ms of a thousand calls must fit, however late we are.
const BUFFER_BYTES: libc::c_int = 4 * 1024 * 1024;

pub struct Socket {
    socket: UdpSocket,
    port: u16,
    /// The address bound, or `None` for all of them.
    address: Option<IpAddr>,
}

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
        set_option(fd, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        if host.is_unspecified() {
            set_option(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
        }
        Ok(Socket {
            port: socket.local_addr()?.port(),
            address: (!host.is_unspecified()).then_some(host),
            socket,
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

    /// Reads up to [`crate::net::mmsg::BATCH`] datagrams into `reader`; how many there are.
    pub fn read(&self, reader: &mut Reader) -> usize {
        reader.read(self.fd())
    }

    /// Our address that a datagram was sent to.
    pub fn local(&self, arrival: &Arrival<'_>) -> SocketAddr {
        let told = self.address.or(arrival.local);
        SocketAddr::new(told.unwrap_or(Ipv4Addr::LOCALHOST.into()), self.port)
    }

    /// Sends datagrams, each from its own source address. What the system does not take is lost,
    /// as on any network; how many it took.
    pub fn write(&self, writer: &mut Writer, packets: &[Transmit]) -> usize {
        writer.write(self.fd(), self.address.is_none(), packets)
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
    use std::net::Ipv6Addr;

    use str0m::net::Protocol;

    use super::*;
    use crate::clock::monotonic;
    use crate::net::mmsg::BATCH;
    use crate::net::poller::wait;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    struct Got {
        local: SocketAddr,
        source: SocketAddr,
        at: f64,
        contents: Vec<u8>,
    }

    /// Waits until something has come and reads it all.
    fn wait_for(socket: &Socket) -> Vec<Got> {
        assert_eq!(wait([socket.fd()], 1.0), [true]);
        let mut reader = Reader::new();
        let n = socket.read(&mut reader);
        (0..n)
            .filter_map(|i| reader.get(i))
            .map(|arrival| Got {
                local: socket.local(&arrival),
                source: arrival.source,
                at: arrival.at,
                contents: arrival.contents.to_vec(),
            })
            .collect()
    }

    fn packet(source: IpAddr, destination: SocketAddr, contents: &[u8]) -> Transmit {
        Transmit {
            proto: Protocol::Udp,
            source: SocketAddr::new(source, 0),
            destination,
            contents: contents.to_vec().into(),
        }
    }

    #[test]
    fn a_socket_on_all_addresses_knows_which_was_meant_and_answers_from_it() {
        let any = Socket::bind(ANY, (0, 0)).unwrap();
        let one = Socket::bind(HOME, (0, 0)).unwrap();
        let meant: IpAddr = [127, 0, 0, 5].into();
        let mut writer = Writer::new();
        let there = packet(HOME, SocketAddr::new(meant, any.port()), b"there");
        assert_eq!(one.write(&mut writer, &[there]), 1);
        let got = &wait_for(&any)[0];
        assert_eq!(got.local, SocketAddr::new(meant, any.port()));
        assert_eq!(got.source, SocketAddr::new(HOME, one.port()));
        assert_eq!(got.contents, b"there");
        assert_eq!(
            any.write(&mut writer, &[packet(meant, got.source, b"back")]),
            1
        );
        let got = &wait_for(&one)[0];
        assert_eq!(got.source, SocketAddr::new(meant, any.port()));
        assert_eq!(got.contents, b"back");
        assert!(any
            .addresses()
            .unwrap()
            .contains(&SocketAddr::new(HOME, any.port())));
    }

    #[test]
    fn many_datagrams_keep_their_order_and_one_that_cannot_go_loses_no_other() {
        let to = Socket::bind(HOME, (0, 0)).unwrap();
        let from = Socket::bind(HOME, (0, 0)).unwrap();
        let there = SocketAddr::new(HOME, to.port());
        let mut packets: Vec<_> = (0..BATCH as u8 + 10)
            .map(|i| packet(HOME, there, &[i, i]))
            .collect();
        // No IPv4 socket sends to an IPv6 address.
        packets.insert(3, packet(HOME, "[::1]:9".parse().unwrap(), b"lost"));
        let before = monotonic();
        assert_eq!(from.write(&mut Writer::new(), &packets), BATCH + 10);
        let mut got = wait_for(&to);
        assert_eq!(got.len(), BATCH);
        got.extend(wait_for(&to));
        let numbers: Vec<u8> = got.iter().map(|got| got.contents[0]).collect();
        assert_eq!(numbers, (0..BATCH as u8 + 10).collect::<Vec<_>>());
        let after = monotonic();
        assert!(got
            .iter()
            .all(|got| (before - 0.001..=after).contains(&got.at)));
    }

    #[test]
    fn what_is_too_long_for_us_is_passed_over() {
        let to = Socket::bind(HOME, (0, 0)).unwrap();
        let from = Socket::bind(HOME, (0, 0)).unwrap();
        let there = SocketAddr::new(HOME, to.port());
        let packets = [
            packet(HOME, there, &[1; 3000]),
            packet(HOME, there, &[2; 2048]),
        ];
        assert_eq!(from.write(&mut Writer::new(), &packets), 2);
        let got = wait_for(&to);
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].contents, [2; 2048]);
    }

    #[test]
    fn ipv6_works_too() {
        let home = IpAddr::V6(Ipv6Addr::LOCALHOST);
        let (Ok(to), Ok(from)) = (Socket::bind(home, (0, 0)), Socket::bind(home, (0, 0))) else {
            return; // a machine without IPv6
        };
        let there = SocketAddr::new(home, to.port());
        from.write(&mut Writer::new(), &[packet(home, there, b"six")]);
        let got = &wait_for(&to)[0];
        assert_eq!((got.local, got.source.port()), (there, from.port()));
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
