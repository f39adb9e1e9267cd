//! What str0m tells of a session.

use std::time::Duration;

use str0m::bwe::BweKind;
use str0m::{Event as RtcEvent, IceConnectionState};

use super::{Out, Peer, REPORT_S};
use crate::repair::again::Note;
use crate::repair::backlog;
use crate::seam::batch::Happening;

impl Peer {
    pub(super) fn on_event(&mut self, now: f64, event: RtcEvent, out: &mut Out) {
        match event {
            RtcEvent::Connected => {
                self.connected = true;
                self.checks.clear();
                self.consent.on_given(now);
                self.report_at = now + REPORT_S;
                self.link.take(now, self.ear.stats(), now);
                self.tell(Happening::Connected, out);
            }
            RtcEvent::RtpPacket(packet) => {
                let Some((mid, types)) = self.audio else {
                    return;
                };
                self.authentic = true;
                let ssrc = packet.header.ssrc;
                let mut direct = self.rtc.direct_api();
                let stream = direct.stream_rx(&ssrc);
                let Some(stream) = stream.filter(|stream| stream.mid() == mid) else {
                    // Frames of a camera are received and dropped.
                    return;
                };
                // str0m asks for nothing again where it knows of no RTX; a browser needs none.
                stream.suppress_nack(!self.nack);
                let note = Note::of(&packet);
                self.heard_from(now, *ssrc, &packet, note.ahead, out);
                self.ear.push(now, &packet, note.ahead, types);
                if let Some(missing) = note.missing {
                    self.mouth.asked(now, self.rtt_s, missing);
                }
            }
            RtcEvent::ChannelOpen(id, label) if label == backlog::CHANNEL => {
                self.resend.opened(id, &mut self.ear);
            }
            RtcEvent::ChannelOpen(id, label) => self.texts.opened(id, &label),
            RtcEvent::ChannelClose(id) if self.resend.owns(id) => self.resend.closed(),
            RtcEvent::ChannelClose(id) => self.channel_lost |= self.texts.closed(id),
            RtcEvent::ChannelData(data) if self.resend.owns(data.id) => {
                let kept = self.mouth.kept();
                let taken = self.resend.receive(now, &data.data, &mut self.ear, kept);
                if let Err(reason) = taken {
                    self.end(format!("error: {reason}"));
                }
            }
            RtcEvent::ChannelData(data) => match self.texts.receive(now, data) {
                Ok(Some(text)) if self.ended.is_none() => self.tell(Happening::Text(text), out),
                Ok(_) => {}
                Err(reason) => self.end(format!("error: {reason}")),
            },
            RtcEvent::PeerStats(stats) => {
                if let Some(pair) = stats.selected_candidate_pair {
                    self.consent.on_answers(now, pair.responses_received);
                    if let Some(rtt) = pair.current_round_trip_time {
                        self.on_round_trip(rtt);
                    }
                }
                if let Some(loss) = stats.egress_loss_fraction {
                    self.link.on_transport_loss(now, f64::from(loss));
                }
            }
            RtcEvent::MediaEgressStats(stats) => {
                // RTCP's time is cut to 1/65536 s of the day, which no two simulations share.
                if let (Some(rtt), false) = (stats.rtt, self.simulated) {
                    self.on_round_trip(rtt);
                }
                if let Some(loss) = stats.loss {
                    self.link.on_reported_loss(now, f64::from(loss));
                }
            }
            RtcEvent::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                self.link.on_estimate_down(estimate.as_f64());
            }
            RtcEvent::IceConnectionStateChange(state) => match state {
                IceConnectionState::Disconnected => self.consent.on_disconnected(),
                IceConnectionState::Connected | IceConnectionState::Completed => {
                    self.consent.on_given(now);
                }
                IceConnectionState::New | IceConnectionState::Checking => {}
            },
            RtcEvent::Closed => self.end("hangup".to_owned()),
            _ => {}
        }
    }

    fn on_round_trip(&mut self, rtt: Duration) {
        self.rtt_s = rtt.as_secs_f64();
        self.link.on_rtt(self.rtt_s);
    }
}
