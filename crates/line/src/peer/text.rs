//! Text messages of one call: what waits for the channel, and what a stranger may send.

use std::collections::VecDeque;

use str0m::channel::{ChannelData, ChannelId};
use str0m::Rtc;

use crate::limit::Limit;
use crate::seam::config::{CHANNEL, MAX_UNSENT_TEXT, MESSAGES_PER_S, MESSAGE_BURST};

pub struct Texts {
    channel: Option<ChannelId>,
    unsent: VecDeque<String>,
    unsent_bytes: usize,
    max_bytes: usize,
    limit: Limit,
}

impl Texts {
    pub fn new(now: f64, max_bytes: usize) -> Self {
        Texts {
            channel: None,
            unsent: VecDeque::new(),
            unsent_bytes: 0,
            max_bytes,
            limit: Limit::new(now, MESSAGES_PER_S, MESSAGE_BURST),
        }
    }

    /// The far end may open several channels; ours is the one with our name, or else the first.
    pub fn opened(&mut self, id: ChannelId, label: &str) {
        if self.channel.is_none() || label == CHANNEL {
            self.channel = Some(id);
        }
    }

    /// True if that was our channel.
    pub fn closed(&mut self, id: ChannelId) -> bool {
        let ours = self.channel == Some(id);
        if ours {
            self.channel = None;
        }
        ours
    }

    /// Keeps a message until the channel takes it. The error is a reason to end the call.
    pub fn queue(&mut self, text: String) -> Result<(), String> {
        if self.unsent_bytes + text.len() > MAX_UNSENT_TEXT {
            return Err(format!(
                "more than {MAX_UNSENT_TEXT} bytes of messages wait for the far end"
            ));
        }
        self.unsent_bytes += text.len();
        self.unsent.push_back(text);
        Ok(())
    }

    /// Hands one message to the channel, if then at most `room` bytes are under way; true if it
    /// took one (drain, then ask again).
    pub fn write_one(&mut self, rtc: &mut Rtc, room: usize) -> Result<bool, String> {
        let Some(text) = self.unsent.front() else {
            return Ok(false);
        };
        let Some(mut channel) = self.channel.and_then(|id| rtc.channel(id)) else {
            return Ok(false);
        };
        if channel.buffered_amount().saturating_add(text.len()) > room {
            return Ok(false);
        }
        match channel.write(false, text.as_bytes()) {
            Ok(true) => {
                self.unsent_bytes -= text.len();
                self.unsent.pop_front();
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(error) => Err(format!(
                "a message of {} bytes could not be sent: {error}",
                text.len()
            )),
        }
    }

    /// Something to write and a channel to write it to.
    pub fn waiting(&self) -> bool {
        self.channel.is_some() && !self.unsent.is_empty()
    }

    /// One message came. `None`: not for us. The error is a reason to end the call.
    pub fn receive(&mut self, now: f64, data: ChannelData) -> Result<Option<String>, String> {
        if !self.limit.allows(now) {
            return Err(format!(
                "more than {MESSAGES_PER_S} messages a second on the data channel"
            ));
        }
        self.limit.spend();
        if data.data.len() > self.max_bytes {
            return Err(format!(
                "a message of {} bytes on the data channel; at most {} are read",
                data.data.len(),
                self.max_bytes
            ));
        }
        if data.binary || self.channel != Some(data.id) {
            return Ok(None);
        }
        match String::from_utf8(data.data) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err("a text message on the data channel is not UTF-8".to_owned()),
        }
    }
}
