//! What is wrong with an SDP is said, and nothing of it is kept.

use std::panic::{catch_unwind, AssertUnwindSafe};

use visavis_line::config::Config;

use crate::pipe::{stepped, CLIENT, LONG, SERVER};

/// An offer as Chromium writes it, with a camera and a data channel.
const CHROMIUM: &str = include_str!("chromium_offer.sdp");

#[test]
fn an_offer_of_a_browser_with_a_camera_is_answered() {
    let mut server = stepped(1, SERVER, Config::default());
    let (_, answer) = server.accept(CHROMIUM, LONG).unwrap();
    assert!(answer.contains("opus/48000/2"), "{answer}");
    assert!(answer.contains("useinbandfec=1"), "{answer}");
    assert!(answer.contains("abs-capture-time"), "{answer}");
    assert!(answer.contains("transport-wide-cc"), "{answer}");
    assert!(answer.contains("a=max-message-size:262144"), "{answer}");
    assert!(answer.contains("10.0.0.2 6000 typ host"), "{answer}");
    assert_eq!(answer.matches("\nm=").count(), 3);
    let video = &answer[answer.find("\nm=video 9 ").expect("the camera's line")..];
    assert!(video.contains("a=recvonly"), "{answer}");
}

#[test]
fn a_browser_that_offers_red_gets_it_first() {
    let mut server = stepped(1, SERVER, Config::default());
    let (_, answer) = server.accept(CHROMIUM, LONG).unwrap();
    // Chromium sends RED only if the answer names it before Opus.
    assert!(
        answer.contains("m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n"),
        "{answer}"
    );
    assert!(answer.contains("a=rtpmap:63 red/48000/2"), "{answer}");
    assert!(answer.contains("a=fmtp:63 111/111"), "{answer}");
}

#[test]
fn a_browser_that_resends_audio_is_asked_to() {
    let mut server = stepped(1, SERVER, Config::default());
    let (_, answer) = server.accept(CHROMIUM, LONG).unwrap();
    assert!(!answer.contains("a=rtcp-fb:111 nack"), "{answer}");
    let offer = CHROMIUM.replace(
        "a=rtcp-fb:111 transport-cc\n",
        "a=rtcp-fb:111 transport-cc\na=rtcp-fb:111 nack\n",
    );
    let (_, answer) = server.accept(&offer, LONG).unwrap();
    assert!(answer.contains("a=rtcp-fb:111 nack"), "{answer}");
}

#[test]
fn an_offer_without_candidates_is_answered() {
    let mut server = stepped(1, SERVER, Config::default());
    let bare: Vec<&str> = CHROMIUM
        .lines()
        .filter(|line| !line.starts_with("a=candidate"))
        .collect();
    server.accept(&(bare.join("\r\n") + "\r\n"), LONG).unwrap();
}

#[test]
fn an_offer_cut_anywhere_is_refused_or_answered_but_never_a_panic() {
    let mut client = stepped(2, CLIENT, Config::default());
    let (_, ours) = client.offer(LONG).unwrap();
    for offer in [CHROMIUM, &ours] {
        let mut server = stepped(3, SERVER, Config::default());
        for length in 0..offer.len() {
            let cut = &offer[..length];
            let told = catch_unwind(AssertUnwindSafe(|| server.accept(cut, LONG)));
            match told.expect("no panic") {
                Ok((call, _)) => server.calls.close(0.0, call, "local"),
                Err(error) => {
                    assert_eq!(error.code, "invalid_sdp");
                    assert!(error.message.len() > 20, "{}", error.message);
                    assert!(!error.message.contains("broke an assumption"), "{cut}");
                }
            }
        }
        assert!(server.calls.is_empty());
    }
}

#[test]
fn an_offer_with_a_line_missing_or_doubled_is_never_a_panic() {
    let lines: Vec<&str> = CHROMIUM.lines().collect();
    let mut server = stepped(4, SERVER, Config::default());
    for i in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(i);
        let mut twice = lines.clone();
        twice.insert(i, lines[i]);
        for offer in [without, twice] {
            let offer = offer.join("\r\n") + "\r\n";
            match server.accept(&offer, LONG) {
                Ok((call, _)) => server.calls.close(0.0, call, "local"),
                Err(error) => assert_eq!(error.code, "invalid_sdp"),
            }
        }
    }
    assert!(server.calls.is_empty());
}
