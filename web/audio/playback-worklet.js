// Plays queued 24 kHz speech and reports, from the output's own clock, how much was played.

import { PlayQueue } from "./play-queue.js";
import { Resampler } from "./resampler.js";

const WIRE_RATE = 24_000;
/** Seconds between two reports while something plays. */
const REPORT_S = 0.06;

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = new PlayQueue(sampleRate);
    this.resampler = new Resampler(WIRE_RATE, sampleRate);
    this.sinceReport = 0;
    this.playing = false;
    this.port.onmessage = ({ data }) => this.onMessage(data);
  }

  /** @param {{ item: string, samples: Float32Array } | { clear: true }} message */
  onMessage(message) {
    if ("clear" in message) {
      this.queue.clear();
      this.resampler.reset();
    } else {
      this.queue.push(message.item, this.resampler.process(message.samples));
    }
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const output = outputs[0][0];
    const was = this.playing;
    const item = this.queue.item;
    this.queue.pull(output);
    this.playing = !this.queue.empty;
    this.sinceReport += output.length;
    const due = this.playing && this.sinceReport >= REPORT_S * sampleRate;
    if (due || was !== this.playing || this.queue.item !== item) {
      this.sinceReport = 0;
      const { item: now, playedMs } = this.queue;
      this.port.postMessage({ item: now, audioMs: playedMs, playing: this.playing });
    }
    return true;
  }
}

registerProcessor("visavis-playback", Playback);
