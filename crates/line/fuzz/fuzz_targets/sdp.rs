#![no_main]

libfuzzer_sys::fuzz_target!(|sdp: &str| {
    let _ = visavis_line::sdp::vet(sdp, "offer", true);
    let _ = visavis_line::sdp::audio_names(sdp);
});
