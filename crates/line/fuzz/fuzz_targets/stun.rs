#![no_main]

libfuzzer_sys::fuzz_target!(|packet: &[u8]| {
    let _ = visavis_line::stun::request_name(packet);
    let _ = visavis_line::stun::is_success(packet);
});
