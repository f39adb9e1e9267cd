//! ICE in mid-call: new credentials and candidates, as the `application/trickle-ice-sdpfrag` of
//! WHIP (RFC 8840 section 9, RFC 9725 section 4.3) or as the whole SDP offer that a browser makes
//! after `restartIce()`. Only ICE may change: everything else stays as it was agreed.

use crate::connect::sdp;
use crate::seam::config::{MAX_CANDIDATES, MAX_SDP_BYTES};
use crate::seam::error::LineError;

/// What a far end says about its ICE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    pub ufrag: String,
    pub password: String,
    /// Whole lines, `a=candidate:…`.
    pub candidates: Vec<String>,
    /// It came as an SDP offer, and is answered with one.
    pub whole: bool,
}

impl Fragment {
    /// Reads a fragment, or an offer that agrees with `agreed`, the offer of the call.
    pub fn read(text: &str, agreed: &str, ipv6: bool) -> Result<Fragment, LineError> {
        let whole = text.trim_start().starts_with("v=0");
        let what = if whole { "SDP offer" } else { "ICE fragment" };
        let vetted;
        let text = if whole {
            vetted = sdp::vet(text, "offer", ipv6)?;
            if media(&vetted).ne(media(agreed)) {
                return Err(LineError::invalid_sdp(
                    "the SDP offer has other media than the call; only ICE can change in mid-call",
                ));
            }
            &vetted
        } else if text.len() > MAX_SDP_BYTES {
            return Err(LineError::invalid_sdp(format!(
                "the ICE fragment has {} bytes; at most {MAX_SDP_BYTES} are read",
                text.len()
            )));
        } else {
            text
        };
        let first = |name: &str| {
            let value = text
                .lines()
                .find_map(|line| line.trim_end().strip_prefix(name));
            value.map(str::to_owned)
        };
        let (Some(ufrag), Some(password)) = (first("a=ice-ufrag:"), first("a=ice-pwd:")) else {
            return Err(LineError::invalid_sdp(format!(
                "the {what} has no ICE credentials (`a=ice-ufrag` and `a=ice-pwd`)"
            )));
        };
        // RFC 8839 section 5.4.
        if !ice_chars(&ufrag, 4) || !ice_chars(&password, 22) {
            return Err(LineError::invalid_sdp(format!(
                "the ICE credentials of the {what} are not of 4 to 256 and 22 to 256 letters, \
                 digits, `+` and `/`"
            )));
        }
        let usable = text
            .lines()
            .map(str::trim_end)
            .filter(|line| line.starts_with("a=candidate:") && sdp::usable(line, ipv6));
        Ok(Fragment {
            ufrag,
            password,
            candidates: usable.take(MAX_CANDIDATES).map(str::to_owned).collect(),
            whole,
        })
    }

    /// The call's offer with this ICE instead of its own.
    pub fn spliced(&self, agreed: &str) -> String {
        let mut out = String::with_capacity(agreed.len() + 256);
        let mut line = |text: &str| {
            out.push_str(text);
            out.push_str("\r\n");
        };
        let mut told = false;
        for old in agreed.lines() {
            if old.starts_with("a=ice-ufrag:") {
                line(&format!("a=ice-ufrag:{}", self.ufrag));
                if !told {
                    self.candidates.iter().for_each(|candidate| line(candidate));
                    told = true;
                }
            } else if old.starts_with("a=ice-pwd:") {
                line(&format!("a=ice-pwd:{}", self.password));
            } else if !old.starts_with("a=candidate:") && old != "a=end-of-candidates" {
                line(old);
            }
        }
        out
    }
}

/// An answer's ICE as a fragment.
pub fn of_answer(answer: &str) -> String {
    const KEPT: [&str; 5] = [
        "a=group:",
        "a=mid:",
        "a=ice-ufrag:",
        "a=ice-pwd:",
        "a=candidate:",
    ];
    let mut out = String::new();
    let mut sections = 0;
    for line in answer.lines() {
        sections += usize::from(line.starts_with("m="));
        if sections > 1 {
            break;
        }
        if line.starts_with("m=") || KEPT.iter().any(|kept| line.starts_with(kept)) {
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
    out + "a=end-of-candidates\r\n"
}

fn ice_chars(word: &str, least: usize) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    (least..=256).contains(&word.len()) && word.bytes().all(fits)
}

/// The kinds and names of an offer's media, in order.
fn media(offer: &str) -> impl Iterator<Item = &str> {
    let told = offer.lines().filter_map(|line| {
        let kind = line.strip_prefix("m=").and_then(|m| m.split(' ').next());
        kind.or_else(|| line.strip_prefix("a=mid:"))
    });
    told.map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AGREED: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 00:11\r\n\
        a=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\na=mid:0\r\na=sendrecv\r\n\
        a=rtpmap:111 opus/48000/2\r\n";
    const FRAGMENT: &str = "a=ice-options:trickle\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
        a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
        a=candidate:1 1 udp 7 10.0.0.9 7000 typ host\r\n\
        a=candidate:2 1 tcp 7 10.0.0.9 9 typ host tcptype active\r\na=end-of-candidates\r\n";

    fn refusal(text: &str) -> String {
        let error = Fragment::read(text, AGREED, false).unwrap_err();
        assert_eq!(error.code, "invalid_sdp");
        error.message
    }

    #[test]
    fn a_fragment_replaces_the_ice_of_the_offer_and_nothing_else() {
        let read = Fragment::read(FRAGMENT, AGREED, false).unwrap();
        assert!(!read.whole);
        assert_eq!(read.candidates.len(), 1);
        let spliced = read.spliced(AGREED);
        let expected = AGREED
            .replace(
                "ufrag:abcd",
                "ufrag:EsAw\r\na=candidate:1 1 udp 7 10.0.0.9 7000 typ host",
            )
            .replace("0123456789012345678901", "P2uYro0UCOQ4zxjKXaWCBui1")
            .replace("a=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\n", "");
        assert_eq!(spliced, expected);
    }

    #[test]
    fn an_offer_does_the_same() {
        let offer = AGREED.replace("abcd", "efgh");
        let read = Fragment::read(&offer, AGREED, false).unwrap();
        assert!(read.whole);
        assert_eq!(read.ufrag, "efgh");
        assert_eq!(
            read.candidates,
            ["a=candidate:1 1 udp 1 10.0.0.1 5000 typ host"]
        );
    }

    #[test]
    fn what_cannot_be_used_has_its_sentence() {
        assert!(refusal("").contains("credentials"));
        assert!(refusal("a=ice-ufrag:abcd").contains("credentials"));
        assert!(refusal(&FRAGMENT.replace("EsAw", "a b\u{e9}c")).contains("letters"));
        assert!(refusal(&FRAGMENT.replace("P2uYro0UCOQ4zxjKXaWCBui1", "short")).contains("22"));
        assert!(refusal(&AGREED.replace("a=mid:0", "a=mid:1")).contains("other media"));
        assert!(refusal(&(AGREED.to_owned() + "m=video 9 X 1\r\n")).contains("other media"));
        assert!(refusal(&"a=x\r\n".repeat(30_000)).contains("bytes"));
    }

    #[test]
    fn an_answer_as_a_fragment() {
        let answer = AGREED.to_owned() + "m=application 9 X 1\r\na=mid:1\r\na=ice-ufrag:abcd\r\n";
        assert_eq!(
            of_answer(&answer),
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\n\
             a=ice-pwd:0123456789012345678901\r\n\
             a=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\na=mid:0\r\na=end-of-candidates\r\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,300}", at in 0usize..300) {
            let _ = Fragment::read(&text, AGREED, false);
            let mut broken = FRAGMENT.to_owned();
            if broken.is_char_boundary(at) && at < broken.len() {
                broken.insert_str(at, &text);
            }
            if let Ok(read) = Fragment::read(&broken, AGREED, true) {
                prop_assert!(read.candidates.len() <= MAX_CANDIDATES);
                prop_assert!(!read.spliced(AGREED).contains("10.0.0.1 5000"));
            }
        }
    }
}
