//! The client's receive buffer over many networks, against NetEq's delay policy: a bench.
//!
//! `cargo run --release -p visavis-line --example receive_buffer -- [--json] [--quick]
//! [--wav FILE] [--traces DIR]`. The speech is a recording (24 kHz mono WAV, or the built-in
//! speech-like signal); DIR holds rtpdump files of 20 ms packets (`*.rtp`). Ends with one JSON line.

#[path = "../../tests/common/mod.rs"]
mod common;
mod neteq;

use common::listen::{listen, Figures};
use common::network::{named, rtpdump, Arrival};
use visavis_line::plan::SendPlan;
use visavis_line::playout::PlayoutOptions;

/// What redundancy, the packets sent, and the distances of their copies.
type Variant<'a> = (&'static str, &'a [Vec<u8>], &'a [usize]);

struct Row {
    network: String,
    copies: &'static str,
    ours: Figures,
    neteq: neteq::Policy,
}

/// Mean of four phases between the sender's clock and the listener's.
fn measure(sent: &[Vec<u8>], arrivals: &[Arrival], copies: &[usize]) -> Figures {
    let phases = [0.0005, 0.0055, 0.0105, 0.0155];
    let mut mean = Figures::default();
    for phase in phases {
        let options = PlayoutOptions::default();
        let f = listen(sent, arrivals, copies, phase, options).figures(arrivals);
        let n = phases.len() as f64;
        mean.concealed += f.concealed / n;
        mean.missing += f.missing / n;
        mean.recovered += f.recovered / n;
        mean.mean_delay += f.mean_delay / n;
        mean.p95_delay += f.p95_delay / n;
        mean.mean_target += f.mean_target / n;
        mean.longest_excess = mean.longest_excess.max(f.longest_excess);
        mean.longest_freeze = mean.longest_freeze.max(f.longest_freeze);
        mean.stretched += f.stretched / phases.len();
    }
    mean
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| arguments.iter().any(|a| a == name);
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let pcm = value("--wav").map_or_else(
        || common::speech(common::listen::RATE, 8.0),
        |path| wav(&std::fs::read(path).expect("the recording can be read")),
    );
    let packets = if flag("--quick") { 1000 } else { 6000 };
    let plain = |fec: bool| SendPlan {
        expected_loss: if fec { 0.2 } else { 0.0 },
        fec,
        ..SendPlan::default()
    };
    let with_fec = common::packets(&pcm, common::listen::RATE, &plain(true));
    let without = common::packets(&pcm, common::listen::RATE, &plain(false));
    let mut networks: Vec<(String, Vec<Arrival>)> = named(packets)
        .into_iter()
        .map(|(name, arrivals)| (name.to_owned(), arrivals))
        .collect();
    if let Some(folder) = value("--traces") {
        networks.extend(traces(&folder));
    }
    let mut rows = Vec::new();
    for (network, arrivals) in &networks {
        let mut variants: Vec<Variant> = vec![("FEC", &with_fec, &[])];
        if network.contains("loss") {
            variants.push(("RED 1", &without, &[1]));
            variants.push(("RED 4 10", &without, &[10, 4]));
        }
        for (copies, sent, distances) in variants {
            rows.push(Row {
                network: network.clone(),
                copies,
                ours: measure(sent, arrivals, distances),
                neteq: neteq::policy(arrivals),
            });
        }
    }
    if !flag("--json") {
        table(&rows);
    }
    json(&rows);
}

fn table(rows: &[Row]) {
    println!("| network | redundancy | guessed % | nothing % | rebuilt % | delay ms mean / p95 | target ms | too long above target s | longest freeze ms | stretched | NetEq policy: late % | its target ms |");
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for Row {
        network,
        copies,
        ours,
        neteq,
    } in rows
    {
        println!(
            "| {network} | {copies} | {:.2} | {:.2} | {:.2} | {:.0} / {:.0} | {:.0} | {:.2} | {:.0} | {} | {:.2} | {:.0} |",
            ours.concealed * 100.0,
            ours.missing * 100.0,
            ours.recovered * 100.0,
            ours.mean_delay * 1e3,
            ours.p95_delay * 1e3,
            ours.mean_target * 1e3,
            ours.longest_excess,
            ours.longest_freeze * 1e3,
            ours.stretched,
            neteq.late * 100.0,
            neteq.target * 1e3,
        );
    }
}

fn json(rows: &[Row]) {
    let rows: Vec<String> = rows
        .iter()
        .map(|Row { network, copies, ours, neteq }| {
            format!(
                "{{\"network\": \"{network}\", \"redundancy\": \"{copies}\", \"concealed\": {:.5}, \"missing\": {:.5}, \"delay_mean_ms\": {:.1}, \"delay_p95_ms\": {:.1}, \"target_ms\": {:.1}, \"excess_s\": {:.2}, \"freeze_ms\": {:.0}, \"stretched\": {}, \"neteq_late\": {:.5}, \"neteq_target_ms\": {:.1}}}",
                ours.concealed,
                ours.missing,
                ours.mean_delay * 1e3,
                ours.p95_delay * 1e3,
                ours.mean_target * 1e3,
                ours.longest_excess,
                ours.longest_freeze * 1e3,
                ours.stretched,
                neteq.late,
                neteq.target * 1e3,
            )
        })
        .collect();
    println!(
        "{{\"bench\": \"receive_buffer\", \"n\": {}, \"rows\": [{}]}}",
        rows.len(),
        rows.join(", ")
    );
}

fn traces(folder: &str) -> Vec<(String, Vec<Arrival>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of traces can be read")
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "rtp"))
        .collect();
    files.sort();
    let name = |path: &std::path::Path| {
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    files
        .iter()
        .filter_map(|path| Some((name(path), rtpdump(&std::fs::read(path).ok()?)?.0)))
        .collect()
}

/// Samples of a 16-bit mono WAV file of 24 kHz.
fn wav(bytes: &[u8]) -> Vec<i16> {
    let data = bytes
        .windows(4)
        .position(|w| w == b"data")
        .expect("a WAV file")
        + 8;
    let rate = u32::from_le_bytes([bytes[24], bytes[25], bytes[26], bytes[27]]);
    assert_eq!(
        (rate, bytes[22], bytes[34]),
        (common::listen::RATE, 1, 16),
        "24 kHz, mono, 16 bit"
    );
    bytes[data..]
        .chunks_exact(2)
        .map(|b| i16::from_le_bytes([b[0], b[1]]))
        .collect()
}
