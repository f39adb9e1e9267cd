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
    /// Cuts of the speaker that the far end was told of.
    cuts: u64,
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
            packets: Packets::new(config.play_rate, !config.playout, random)?,
            play_rate: config.play_rate,
            frame,
            pcm: vec![0; MAX_FRAMES * frame],
            gathered: Gathered::default(),
            made: !config.playout,
            leading: false,
            ticked_at: 0.0,
            credit: 0.0,
            cuts: 0,
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
        let early = self.speaker.ahead();
        self.speaker.duck(gain as f32, ramp_s);
        self.drop_early(early);
    }

    pub fn flush(&mut self, fade_s: f64) {
        let early = self.speaker.ahead();
        self.speaker.flush(fade_s);
        self.drop_early(early);
    }

    /// Of `early` frames, those that became void are not to be part of a packet.
    fn drop_early(&mut self, early: usize) {
        let kept = self
            .gathered
            .frames
            .saturating_sub(early - self.speaker.ahead());
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

    /// What was said, for a far end that may ask for it after an outage; `None` for one that
    /// may not.
    pub fn kept(&mut self) -> &mut Option<Box<Kept>> {
        &mut self.packets.kept
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
