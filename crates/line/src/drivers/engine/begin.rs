//! How calls begin on the media thread: each with the socket and the addresses it is to have.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::AtomicI64;
use std::sync::Arc;

use super::queued::Queued;
use super::thread::Driver;
use crate::net::socket::Socket;
use crate::seam::error::LineError;

impl Driver {
    fn begin(&mut self, call: i64) {
        let backlog = Arc::<AtomicI64>::default();
        self.shared.backlog().insert(call, backlog.clone());
        self.queued.insert(call, Queued::new(backlog));
    }

    pub fn accept(
        &mut self,
        now: f64,
        offer: &str,
        max_call_s: f64,
    ) -> Result<(i64, String), LineError> {
        let locals = self.sockets.locals().map_err(no_address)?;
        let made = self
            .calls
            .accept(now, &locals, &self.publics, max_call_s, offer)?;
        self.begin(made.0);
        Ok(made)
    }

    pub fn offer(&mut self, now: f64, max_call_s: f64) -> Result<(i64, String), LineError> {
        // A socket for each: on one path there can be one DTLS session only.
        let socket = Socket::bind(self.place.host, self.place.ports).map_err(|error| {
            LineError::new(
                "busy",
                format!("no UDP port is free for one more call: {error}"),
            )
        })?;
        let locals = socket.addresses().map_err(no_address)?;
        let made = self.calls.offer(now, &locals, &self.publics, max_call_s)?;
        self.begin(made.0);
        if let Err(error) = self.sockets.open(Some(made.0), socket) {
            self.calls.close(now, made.0, "local");
            return Err(LineError::internal(format!(
                "a socket cannot be watched: {error}"
            )));
        }
        Ok(made)
    }

    /// Begins ICE of a call of ours anew, from a socket more.
    pub fn restart_offer(
        &mut self,
        now: f64,
        call: i64,
        host: Option<IpAddr>,
    ) -> Result<String, LineError> {
        let host = host.unwrap_or(self.place.host);
        let socket = Socket::bind(host, self.place.ports).map_err(|error| {
            LineError::new("busy", format!("no UDP port is free on {host}: {error}"))
        })?;
        let locals = socket.addresses().map_err(no_address)?;
        let offer = self.calls.restart_offer(now, call, &locals)?;
        self.sockets
            .open(Some(call), socket)
            .map_err(|error| LineError::internal(format!("a socket cannot be watched: {error}")))?;
        // Those for which the call has no candidate any more are closed.
        let kept = self.calls.ports(call);
        self.sockets.close_others_of(call, &kept);
        Ok(offer)
    }
}

fn no_address(error: io::Error) -> LineError {
    LineError::internal(format!("this machine's addresses cannot be read: {error}"))
}
