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

/// A figure of a row: its name in JSON, the table's heading, and the factor and decimals there.
type Column = (&'static str, &'static str, f64, usize, fn(&Row) -> f64);

const COLUMNS: [Column; 11] = [
    ("concealed", "guessed %", 100.0, 2, |r| r.ours.concealed),
    ("missing", "nothing %", 100.0, 2, |r| r.ours.missing),
    ("recovered", "rebuilt %", 100.0, 2, |r| r.ours.recovered),
    ("delay_mean_ms", "delay ms mean", 1.0, 0, |r| {
        r.ours.mean_delay * 1e3
    }),
    ("delay_p95_ms", "p95", 1.0, 0, |r| r.ours.p95_delay * 1e3),
    ("target_ms", "target ms", 1.0, 0, |r| {
        r.ours.mean_target * 1e3
    }),
    ("excess_s", "too long above target s", 1.0, 2, |r| {
        r.ours.longest_excess
    }),
    ("freeze_ms", "longest freeze ms", 1.0, 0, |r| {
        r.ours.longest_freeze * 1e3
    }),
    ("stretched", "stretched", 1.0, 0, |r| {
        r.ours.stretched as f64
    }),
    ("neteq_late", "NetEq policy: late %", 100.0, 2, |r| {
        r.neteq.late
    }),
    ("neteq_target_ms", "its target ms", 1.0, 0, |r| {
        r.neteq.target * 1e3
    }),
];

fn table(rows: &[Row]) {
    let headings: Vec<&str> = COLUMNS.iter().map(|column| column.1).collect();
    println!("| network | redundancy | {} |", headings.join(" | "));
    println!("|{}", "---|".repeat(2 + COLUMNS.len()));
    for row in rows {
        let shown = COLUMNS
            .iter()
            .map(|(_, _, factor, decimals, figure)| format!("{:.decimals$}", factor * figure(row)));
        let shown: Vec<String> = shown.collect();
        println!(
            "| {} | {} | {} |",
            row.network,
            row.copies,
            shown.join(" | ")
        );
    }
}

fn json(rows: &[Row]) {
    let figures = |row: &Row| -> String {
        let rounded = |figure: fn(&Row) -> f64| (figure(row) * 1e5).round() / 1e5;
        let figures = COLUMNS.iter();
        figures
            .map(|(name, _, _, _, figure)| format!(", \"{name}\": {}", rounded(*figure)))
            .collect()
    };
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let (network, copies) = (&row.network, row.copies);
            let figures = figures(row);
            format!("{{\"network\": \"{network}\", \"redundancy\": \"{copies}\"{figures}}}")
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
