//! The first look at every datagram.

use crate::mutate::Mutator;
use visavis_line::stun;

/// A binding request with attributes before and after its name.
fn request() -> Vec<u8> {
    let mut packet = vec![0, 1, 0, 60, 0x21, 0x12, 0xa4, 0x42];
    packet.extend([9; 12]);
    packet.extend([0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
    packet.extend([0, 6, 0, 9]);
    packet.extend(b"ours:them\0\0\0");
    packet.extend([0, 0x24, 0, 4, 1, 2, 3, 4, 0, 8, 0, 20]);
    packet.extend([5; 20]);
    packet
}

pub fn run(seed: u64, packets: u64) {
    let mut response = request();
    response[0] = 1;
    let seeds = [request(), response];
    let mut mutator = Mutator::new(seed);
    let mut packet = Vec::with_capacity(2048);
    let mut named = 0u64;
    for _ in 0..packets {
        mutator.mutate(&seeds, &mut packet);
        named += u64::from(stun::request_name(&packet).is_some());
        if stun::is_success(&packet) {
            assert_eq!(stun::request_name(&packet), None);
        }
    }
    // The mutations are not so wild that nothing of it is understood.
    assert!(named > packets / 20 && named < packets);
}
