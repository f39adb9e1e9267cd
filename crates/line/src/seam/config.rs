//! What one engine or simulation is told once.

#[derive(Debug, Clone)]
pub struct Config {
    /// Samples a second of received audio.
    pub receive_rate: u32,
    /// Samples a second of played audio.
    pub play_rate: u32,
    /// True: adaptive playout (a client); false: ingest (a server).
    pub playout: bool,
    pub max_calls: usize,
    pub max_message_bytes: usize,
    /// No packet for so long: the far end has vanished.
    pub silence_timeout_s: f64,
    /// Longest queued speech of one call.
    pub max_queue_s: f64,
    /// Calls that are offered keep what they send, so that an outage loses nothing.
    pub keep_sent: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            receive_rate: 16_000,
            play_rate: 24_000,
            playout: false,
            max_calls: 1000,
            max_message_bytes: 262_144,
            silence_timeout_s: 30.0,
            max_queue_s: 60.0,
            keep_sent: true,
        }
    }
}

/// A handshake that has not finished after so long has failed.
pub const CONNECT_TIMEOUT_S: f64 = 15.0;
/// An offer of ours that nobody has answered after so long is void.
pub const ANSWER_TIMEOUT_S: f64 = 60.0;
/// Authentic packets of media a second of one call, and how many in one burst: speech of 10 ms
/// packets and a camera beside it, and what a queue on the way held back for some seconds. What
/// is beyond is dropped unread.
pub const MEDIA_PER_S: f64 = 500.0;
pub const MEDIA_BURST: f64 = 1000.0;
/// ICE checks that are answered: some twenty a second of each of a few paths while a call connects.
pub const CHECKS_PER_S: f64 = 500.0;
pub const CHECK_BURST: f64 = 2000.0;
/// Reports (RTCP): feedback every 50 ms, and one for every packet that is missed.
pub const REPORTS_PER_S: f64 = 250.0;
pub const REPORT_BURST: f64 = 1000.0;
/// Records of DTLS: pictures of megabytes come in them. And datagrams of its handshake, of which
/// an impatient far end sends each several times.
pub const RECORDS_PER_S: f64 = 2000.0;
pub const RECORD_BURST: f64 = 8000.0;
pub const HANDSHAKE_PER_S: f64 = 100.0;
pub const HANDSHAKE_BURST: f64 = 500.0;
/// Text messages a second a far end may send, and how many in one burst.
pub const MESSAGES_PER_S: f64 = 200.0;
pub const MESSAGE_BURST: f64 = 400.0;
/// Bytes of text one call keeps while the far end is slow or the channel not open yet.
pub const MAX_UNSENT_TEXT: usize = 4 * 1024 * 1024;
/// Bytes of an SDP, lines of media and candidates a stranger may send.
pub const MAX_SDP_BYTES: usize = 64 * 1024;
pub const MAX_MEDIA_LINES: usize = 16;
pub const MAX_CANDIDATES: usize = 24;
/// Name of the data channel.
pub const CHANNEL: &str = "oai-events";
