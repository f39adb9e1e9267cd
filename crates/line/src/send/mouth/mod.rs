//! Speech on its way out: what is queued, ducked and cut, the packets made of it (`frames`), and how
//! much of it the person has probably heard.

mod frames;

use crate::opus::OpusError;
use crate::random::Random;
use crate::repair::again::Missing;
use crate::repair::backlog::kept::Kept;
use crate::seam::batch::Happening;
use crate::seam::config::Config;
use crate::seam::plan::SendPlan;
use crate::send::packets::Packets;
use crate::send::played::Played;
use crate::send::protection::Protection;
use crate::send::speaker::{Progress, QueueFull, Speaker};
use frames::{Gathered, MAX_FRAMES};

pub use frames::Send;

pub struct Mouth {
    speaker: Speaker,
    packets: Packets,
    play_rate: u32,
    frame: usize,
    pcm: Vec<i16>,
    gathered: Gathered,
    /// What is said is made ahead of time, not by a microphone.
    made: bool,
    /// The talk began before its tick, and stays a frame ahead of it.
    leading: bool,
    /// When the last tick was, seconds.
    ticked_at: f64,
    /// Packets that may be sent before their time now.
    credit: f32,
    rtt_s: f64,
    /// How much later than the first frame of the last packet its last one is heard, seconds.
    span_s: f64,
    played: Played,
}

impl Mouth {
    pub fn new(config: &Config, random: &mut Random) -> Result<Self, OpusError> {
        let mut speaker = Speaker::new(config.play_rate, config.max_queue_s);
        speaker.start_rtp(random.next_u64() & 0xffff_ffff);
        let frame = config.play_rate as usize / 50;
        Ok(Mouth {
            speaker,
            packets: Packets::new(config.play_rate, random)?,
            play_rate: config.play_rate,
            frame,
            pcm: vec![0; MAX_FRAMES * frame],
            gathered: Gathered::default(),
            made: !config.playout,
            leading: false,
            ticked_at: 0.0,
            credit: 0.0,
            rtt_s: 0.0,
            span_s: 0.0,
            played: Played::default(),
        })
    }

    pub fn play(&mut self, reply: i64, pcm: &[i16]) -> Result<(), QueueFull> {
        self.speaker.play(reply, pcm)
    }

    pub fn finish(&mut self, reply: i64) {
        self.speaker.finish(reply);
    }

    pub fn duck(&mut self, gain: f64, ramp_s: f64) {
        self.change(|speaker| speaker.duck(gain as f32, ramp_s));
    }

    pub fn flush(&mut self, fade_s: f64) {
        self.change(|speaker| speaker.flush(fade_s));
    }

    /// Change what is queued. Frames that become void by it are not to be part of a packet.
    fn change(&mut self, change: impl FnOnce(&mut Speaker)) {
        let early = self.speaker.ahead();
        change(&mut self.speaker);
        let void = early - self.speaker.ahead();
        let kept = self.gathered.frames.saturating_sub(void);
        if kept == 0 {
            self.gathered = Gathered::default();
        }
        self.gathered.frames = kept;
    }

    pub fn set_plan(&mut self, plan: &SendPlan) -> Result<(), OpusError> {
        self.packets.set_plan(plan)
    }

    /// Samples queued whose turn has not come.
    pub fn queued(&self) -> usize {
        (self.speaker.queued_s() * f64::from(self.play_rate)).round() as usize
    }

    pub fn encodes(&self) -> u64 {
        self.packets.encodes()
    }

    /// The copies and repairs that were sent.
    pub fn protection(&self) -> &Protection {
        &self.packets.protection
    }

    /// From now on what is said is kept, for a far end that may ask for it after an outage.
    pub fn keep(&mut self) {
        self.packets.kept = Some(Box::default());
    }

    /// What is kept, if it is.
    pub fn kept(&mut self) -> Option<&mut Kept> {
        self.packets.kept.as_deref_mut()
    }

    /// The far end lacks these packets of ours; a round trip takes so many seconds.
    pub fn asked(&mut self, now: f64, rtt_s: f64, missing: Missing) {
        self.packets.asked(now, rtt_s, missing);
    }

    /// What the person has probably heard by now.
    pub fn progress(&mut self, now: f64) -> Vec<Happening> {
        // What waits to be a packet has not left; of a long packet the end is heard later.
        while self.gathered.frames <= self.speaker.ahead() {
            let Some(progress) = self.speaker.pop_progress() else {
                break;
            };
            self.played.sent(now + self.span_s, self.rtt_s, progress);
        }
        self.played.estimate(now)
    }

    /// The far end reports that it has played up to this RTP timestamp.
    pub fn heard(&mut self, now: f64, rtp: u32) -> Option<Happening> {
        let (reply, samples, done) = self.speaker.heard(rtp)?;
        let progress = Progress {
            reply,
            samples,
            done,
        };
        self.played.reported(now, progress)
    }
}
