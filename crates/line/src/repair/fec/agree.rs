//! How two of our own ends agree on repairs: an attribute of the audio in offer and answer. Who
//! does not know it leaves it out of the answer (RFC 8866, 5.13), and is sent none.

use crate::connect::sdp::audio_lines;

const ATTRIBUTE: &str = "a=x-visavis-fec:1";

/// Does whoever wrote this SDP take repairs?
pub fn takes_repairs(sdp: &str) -> bool {
    audio_lines(sdp).any(|line| line.trim_end() == ATTRIBUTE)
}

/// The SDP, saying of its first audio that we take repairs.
pub fn taking_repairs(sdp: &str) -> String {
    let mut out = String::with_capacity(sdp.len() + ATTRIBUTE.len() + 2);
    let (mut audio, mut told) = (false, false);
    for line in sdp.lines() {
        out.push_str(line);
        out.push_str("\r\n");
        if line.starts_with("m=") {
            audio = line.starts_with("m=audio ");
        }
        if audio && !told && line.starts_with("a=mid:") {
            out.push_str(ATTRIBUTE);
            out.push_str("\r\n");
            told = true;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\nm=video 9 X\r\na=mid:v\r\nm=audio 9 X\r\na=mid:0\r\na=sendrecv\r\n";

    #[test]
    fn it_is_said_of_the_audio_and_read_there() {
        assert!(!takes_repairs(SDP));
        let said = taking_repairs(SDP);
        assert!(takes_repairs(&said));
        assert_eq!(
            said,
            SDP.replace("a=mid:0\r\n", &format!("a=mid:0\r\n{ATTRIBUTE}\r\n"))
        );
    }

    #[test]
    fn elsewhere_and_of_another_version_it_means_nothing() {
        assert!(!takes_repairs(&SDP.replace("a=mid:v", ATTRIBUTE)));
        assert!(!takes_repairs(
            &taking_repairs(SDP).replace("fec:1", "fec:2")
        ));
    }
}
