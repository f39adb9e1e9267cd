//! What we demand of an SDP before str0m sees it, with an answer a person can use.
//!
//! str0m's parser says little about what is wrong, and a stranger writes these lines: size, number
//! of media and number of candidates are limited here. Candidates we could never use (mDNS names,
//! TCP, the wrong IP version) are taken out; the far end is then found by its own checks.

use std::net::IpAddr;

use crate::seam::config::{MAX_CANDIDATES, MAX_MEDIA_LINES, MAX_SDP_BYTES};
use crate::seam::error::LineError;

/// Returns the SDP to give to str0m. `what` is "offer" or "answer", for the sentence.
pub fn vet(sdp: &str, what: &str, ipv6: bool) -> Result<String, LineError> {
    if sdp.len() > MAX_SDP_BYTES {
        return Err(LineError::invalid_sdp(format!(
            "the SDP {what} has {} bytes; at most {MAX_SDP_BYTES} are read",
            sdp.len()
        )));
    }
    if sdp.trim().is_empty() {
        return Err(LineError::invalid_sdp(format!("the SDP {what} is empty")));
    }
    let mut out = String::with_capacity(sdp.len() + 64);
    let mut sections: Vec<Section> = vec![Section::default()];
    let mut candidates = 0;
    for (i, line) in sdp.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        let bytes = line.as_bytes();
        if bytes.len() < 2 || !bytes[0].is_ascii_lowercase() || bytes[1] != b'=' {
            return Err(LineError::invalid_sdp(format!(
                "line {} of the SDP {what} is not of the form `x=value`",
                i + 1
            )));
        }
        if out.is_empty() && line != "v=0" {
            return Err(LineError::invalid_sdp(format!(
                "the SDP {what} does not begin with `v=0`"
            )));
        }
        if line.starts_with("a=candidate:") {
            if !usable(line, ipv6) || candidates == MAX_CANDIDATES {
                continue;
            }
            candidates += 1;
        }
        if let Some(media) = line.strip_prefix("m=") {
            sections.push(Section::new(media));
            if sections.len() > MAX_MEDIA_LINES + 1 {
                return Err(LineError::invalid_sdp(format!(
                    "the SDP {what} has more than {MAX_MEDIA_LINES} media lines"
                )));
            }
        } else if let Some(attribute) = line.strip_prefix("a=") {
            if let Some(section) = sections.last_mut() {
                section.read(attribute);
            }
        }
        let video = sections.last().is_some_and(|s| s.kind == "video");
        out.push_str(if video { one_way(line) } else { line });
        out.push_str("\r\n");
    }
    check(&sections, what)?;
    Ok(out)
}

/// One media line with what we ask of it; the first stands for the session's own lines.
#[derive(Default)]
struct Section {
    kind: String,
    port: String,
    protocol: String,
    opus: bool,
    direction: Option<&'static str>,
    ufrag: bool,
    password: bool,
    fingerprint: bool,
}

impl Section {
    fn new(media: &str) -> Self {
        let mut words = media.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        Section {
            kind: word(),
            port: word(),
            protocol: word(),
            ..Section::default()
        }
    }

    fn read(&mut self, attribute: &str) {
        for direction in ["sendrecv", "sendonly", "recvonly", "inactive"] {
            if attribute == direction {
                self.direction = Some(direction);
            }
        }
        if let Some(map) = attribute.strip_prefix("rtpmap:") {
            let codec = map.split(' ').nth(1).unwrap_or_default();
            self.opus |= codec.eq_ignore_ascii_case("opus/48000/2");
        }
        self.ufrag |= attribute.starts_with("ice-ufrag:");
        self.password |= attribute.starts_with("ice-pwd:");
        self.fingerprint |= attribute.starts_with("fingerprint:");
    }
}

fn check(sections: &[Section], what: &str) -> Result<(), LineError> {
    let session = &sections[0];
    let refuse = |message: String| Err(LineError::invalid_sdp(message));
    let Some(audio) = sections
        .iter()
        .skip(1)
        .find(|s| s.kind == "audio" && s.port != "0")
    else {
        return refuse(format!(
            "the SDP {what} has no audio: an `m=audio` line with Opus is needed"
        ));
    };
    if !audio.protocol.contains("TLS/RTP/SAVP") {
        return refuse(format!(
            "the audio of the SDP {what} uses `{}`; `UDP/TLS/RTP/SAVPF` is needed",
            audio.protocol
        ));
    }
    if !audio.opus {
        return refuse(format!(
            "the audio of the SDP {what} does not list Opus (`a=rtpmap:… opus/48000/2`)"
        ));
    }
    let direction = audio.direction.or(session.direction).unwrap_or("sendrecv");
    if direction != "sendrecv" {
        return refuse(format!(
            "the audio of the SDP {what} is `{direction}`; a conversation needs `sendrecv`"
        ));
    }
    let anywhere = |has: fn(&Section) -> bool| sections.iter().any(has);
    if !anywhere(|s| s.ufrag) || !anywhere(|s| s.password) {
        return refuse(format!(
            "the SDP {what} has no ICE credentials (`a=ice-ufrag` and `a=ice-pwd`)"
        ));
    }
    if !anywhere(|s| s.fingerprint) {
        return refuse(format!(
            "the SDP {what} has no DTLS certificate fingerprint (`a=fingerprint`)"
        ));
    }
    Ok(())
}

/// We send no pictures, so of a camera's line we only take what comes.
fn one_way(line: &str) -> &str {
    match line {
        "a=sendrecv" => "a=sendonly",
        "a=recvonly" => "a=inactive",
        other => other,
    }
}

/// Does the far end resend audio that it is told was lost (`a=rtcp-fb:… nack`, RFC 4585)? A
/// browser does so on the stream itself, without RTX.
pub fn resends_audio(sdp: &str) -> bool {
    audio_lines(sdp).any(|line| {
        let feedback = line.strip_prefix("a=rtcp-fb:");
        feedback.is_some_and(|feedback| feedback.trim_end().ends_with(" nack"))
    })
}

/// What an SDP says of audio, line by line, `m=` included.
pub fn audio_lines(sdp: &str) -> impl Iterator<Item = &str> {
    let mut audio = false;
    sdp.lines().filter(move |line| {
        if line.starts_with("m=") {
            audio = line.starts_with("m=audio ");
        }
        audio
    })
}

/// The names (`a=mid`) of the audio lines of an SDP, in order.
pub fn audio_names(sdp: &str) -> Vec<&str> {
    let names = audio_lines(sdp).filter_map(|line| line.strip_prefix("a=mid:"));
    names.map(str::trim_end).collect()
}

/// Can a check be sent to this candidate?
pub fn usable(line: &str, ipv6: bool) -> bool {
    // a=candidate:foundation component protocol priority address port typ kind …
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    if words.len() < 8 || words[1] != "1" || !words[2].eq_ignore_ascii_case("udp") {
        return false;
    }
    match words[4].parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => words[5].parse::<u16>().is_ok_and(|port| port != 0),
        Ok(IpAddr::V6(_)) => ipv6 && words[5].parse::<u16>().is_ok_and(|port| port != 0),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> String {
        [
            "v=0",
            "o=- 1 2 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            "c=IN IP4 0.0.0.0",
            "a=ice-ufrag:abcd",
            "a=ice-pwd:0123456789012345678901",
            "a=fingerprint:sha-256 00:11",
            "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host",
            "a=candidate:2 1 udp 1 1b3c.local 5000 typ host",
            "a=candidate:3 1 tcp 1 10.0.0.1 9 typ host tcptype active",
            "a=candidate:4 1 udp 1 fe80::1 5000 typ host",
            "a=mid:0",
            "a=sendrecv",
            "a=rtpmap:111 opus/48000/2",
        ]
        .join("\r\n")
    }

    fn refusal(sdp: &str) -> String {
        let error = vet(sdp, "offer", false).unwrap_err();
        assert_eq!(error.code, "invalid_sdp");
        error.message
    }

    #[test]
    fn only_usable_candidates_stay() {
        let kept = vet(&offer(), "offer", false).unwrap();
        assert_eq!(kept.matches("a=candidate").count(), 1);
        let kept = vet(&offer(), "offer", true).unwrap();
        assert_eq!(kept.matches("a=candidate").count(), 2);
    }

    #[test]
    fn every_fault_has_its_sentence() {
        let offer = offer();
        assert!(refusal("").contains("empty"));
        assert!(refusal("{\"sdp\": 1}").contains("line 1"));
        assert!(refusal("o=- 1 2 IN IP4 1.1.1.1").contains("v=0"));
        assert!(refusal(&offer.replace("m=audio", "m=video")).contains("no audio"));
        assert!(refusal(&offer.replace("audio 9", "audio 0")).contains("no audio"));
        assert!(refusal(&offer.replace("opus", "PCMU")).contains("Opus"));
        for direction in ["sendonly", "recvonly", "inactive"] {
            let message = refusal(&offer.replace("sendrecv", direction));
            assert!(message.contains(direction), "{message}");
        }
        assert!(refusal(&offer.replace("ice-pwd", "x-pwd")).contains("ICE"));
        assert!(refusal(&offer.replace("fingerprint", "finger")).contains("fingerprint"));
        assert!(refusal(&offer.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")).contains("RTP/AVP"));
        assert!(refusal(&"v=0\r\n".repeat(30_000)).contains("bytes"));
        let many = offer.clone() + &"\r\nm=video 0 UDP/TLS/RTP/SAVPF 96".repeat(20);
        assert!(refusal(&many).contains("media lines"));
    }

    #[test]
    fn pictures_go_one_way() {
        let sdp = offer() + "\r\nm=video 9 X\r\na=mid:v\r\na=sendrecv";
        let vetted = vet(&sdp, "offer", false).unwrap();
        assert!(vetted.ends_with("a=mid:v\r\na=sendonly\r\n"), "{vetted}");
        assert_eq!(vetted.matches("a=sendrecv").count(), 1);
    }

    #[test]
    fn audio_lines_have_names() {
        let sdp = offer() + "\r\nm=video 9 X\r\na=mid:v\r\nm=audio 9 X\r\na=mid:b";
        assert_eq!(audio_names(&sdp), ["0", "b"]);
    }

    #[test]
    fn nack_is_seen_on_audio_only() {
        let nack = |line: &str| resends_audio(&(offer() + "\r\n" + line));
        assert!(nack("a=rtcp-fb:111 nack"));
        assert!(nack("a=rtcp-fb:* nack\r\nm=video 9 X"));
        assert!(!nack("a=rtcp-fb:111 nack pli"));
        assert!(!nack("a=rtcp-fb:111 transport-cc"));
        assert!(!nack("m=video 9 X\r\na=rtcp-fb:96 nack"));
    }

    #[test]
    fn a_flood_of_candidates_is_cut() {
        let flood = "\r\na=candidate:1 1 udp 1 10.0.0.1 5000 typ host".repeat(500);
        let kept = vet(&(offer() + &flood), "offer", false).unwrap();
        assert_eq!(kept.matches("a=candidate").count(), MAX_CANDIDATES);
    }
}
