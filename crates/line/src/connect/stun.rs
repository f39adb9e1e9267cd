//! As much of STUN (RFC 8489) as it takes to know which call a request is for.

const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const USERNAME: u16 = 0x0006;

/// Is this STUN and none of what shares its port (RFC 7983)?
pub fn is_stun(packet: &[u8]) -> bool {
    packet.len() >= 20 && packet[0] < 4 && packet[4..8] == MAGIC
}

/// The SSRC of what looks like RTP and not like RTCP (RFC 7983 and RFC 5761).
pub fn media_source(packet: &[u8]) -> Option<u32> {
    let rtp = packet.len() >= 12
        && (128..192).contains(&packet[0])
        && !(64..96).contains(&(packet[1] & 0x7f));
    rtp.then(|| u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]))
}

/// The sender's SSRC of what looks like RTCP, which it has in clear also when it is encrypted.
pub fn report_source(packet: &[u8]) -> Option<u32> {
    let rtcp = packet.len() >= 8
        && (128..192).contains(&packet[0])
        && (64..96).contains(&(packet[1] & 0x7f));
    rtcp.then(|| u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]))
}

/// Is this a binding request?
pub fn is_request(packet: &[u8]) -> bool {
    is_stun(packet) && packet[..2] == BINDING_REQUEST
}

/// Is this a binding success response?
pub fn is_success(packet: &[u8]) -> bool {
    is_stun(packet) && packet[..2] == BINDING_SUCCESS
}

/// The receiver's user fragment in a binding request; `None` for anything else.
pub fn request_name(packet: &[u8]) -> Option<&str> {
    if !is_request(packet) {
        return None;
    }
    let mut rest = &packet[20..];
    while rest.len() >= 4 {
        let kind = u16::from_be_bytes([rest[0], rest[1]]);
        let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        let value = rest.get(4..4 + length)?;
        if kind == USERNAME {
            let name = std::str::from_utf8(value).ok()?;
            return name.split(':').next();
        }
        rest = rest.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(username: &str) -> Vec<u8> {
        let mut packet = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        packet.extend([7; 12]);
        packet.extend([0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
        packet.extend([0, 6, 0, username.len() as u8]);
        packet.extend(username.as_bytes());
        packet.extend(vec![0; username.len().next_multiple_of(4) - username.len()]);
        packet
    }

    #[test]
    fn a_request_names_its_receiver() {
        assert_eq!(request_name(&request("ours:theirs")), Some("ours"));
        assert_eq!(request_name(&request("alone")), Some("alone"));
    }

    #[test]
    fn nothing_else_does() {
        let mut response = request("ours:theirs");
        response[0] = 1;
        assert_eq!(request_name(&response), None);
        assert!(is_success(&response));
        assert!(!is_success(&request("ours:theirs")));
    }

    #[test]
    fn media_names_its_source_and_nothing_else_does() {
        let rtp = [128, 111, 0, 1, 0, 0, 0, 2, 0xde, 0xad, 0xbe, 0xef, 9];
        assert_eq!(media_source(&rtp), Some(0xdead_beef));
        assert_eq!(media_source(&rtp[..11]), None);
        let rtcp = [128, 200, 0, 1, 0, 0, 0, 2, 0xde, 0xad, 0xbe, 0xef];
        assert_eq!(media_source(&rtcp), None);
        assert_eq!(media_source(&request("ours:theirs")), None);
        assert_eq!(report_source(&rtcp), Some(2));
        assert_eq!(report_source(&rtcp[..7]), None);
        assert_eq!(report_source(&rtp), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut packet = request("ours:theirs");
            packet.truncate(20);
            packet.extend(&bytes);
            let _ = request_name(&packet);
            let _ = request_name(&bytes);
        }

        #[test]
        fn a_cut_request_has_no_wrong_name(n in 0usize..44) {
            let whole = request("ours:theirs");
            let name = request_name(&whole[..n.min(whole.len())]);
            prop_assert!(name.is_none() || name == Some("ours"));
        }
    }
}
