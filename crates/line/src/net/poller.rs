//! One descriptor that stands for many sockets: epoll(7), so that waiting costs the same with one
//! socket and with a thousand.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Ready sockets told at once; the others are told the next time.
const READY: usize = 64;

pub struct Poller {
    epoll: OwnedFd,
    ready: Vec<libc::epoll_event>,
}

impl Poller {
    pub fn new() -> io::Result<Poller> {
        // SAFETY: epoll_create1 takes no pointer; a non-negative result is a descriptor we own.
        unsafe {
            let fd = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Poller {
                epoll: OwnedFd::from_raw_fd(fd),
                ready: vec![libc::epoll_event { events: 0, u64: 0 }; READY],
            })
        }
    }

    /// Watches a socket until it is closed; `key` tells it from the others.
    pub fn add(&self, fd: RawFd, key: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: key,
        };
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: `event` is valid for the call, which copies it.
        match unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &mut event) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Readable while some watched socket is.
    pub fn fd(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }

    /// Keys of the sockets that can be read now.
    pub fn ready(&mut self) -> impl Iterator<Item = u64> + '_ {
        let room = self.ready.len() as libc::c_int;
        // SAFETY: pointer and length describe `ready`.
        let n = unsafe { libc::epoll_wait(self.fd(), self.ready.as_mut_ptr(), room, 0) };
        let n = usize::try_from(n).unwrap_or(0);
        self.ready[..n].iter().map(|event| event.u64)
    }
}

/// Waits until one of the descriptors is readable, at most `seconds`. Which of them are.
pub fn wait<const N: usize>(fds: [RawFd; N], seconds: f64) -> [bool; N] {
    let mut polled = fds.map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    let seconds = seconds.clamp(0.0, 1.0);
    let timeout = libc::timespec {
        tv_sec: seconds as _,
        tv_nsec: (seconds.fract() * 1e9) as _,
    };
    // SAFETY: pointer and length describe `polled`; an interruption only wakes us early.
    let n = unsafe {
        libc::ppoll(
            polled.as_mut_ptr(),
            N as libc::nfds_t,
            &timeout,
            std::ptr::null(),
        )
    };
    polled.map(|fd| n > 0 && fd.revents != 0)
}
