// Turns what the microphone gives into 24 kHz PCM16 in packets of 20 ms.

import { floatToPcm16 } from "./pcm.js";
import { Resampler } from "./resampler.js";

const WIRE_RATE = 24_000;
const PACKET = 480;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, WIRE_RATE);
    this.packet = new Float32Array(PACKET);
    this.filled = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const channel = inputs[0][0];
    // A source that was just unplugged gives no channel: there is nothing to send then.
    if (!channel) return true;
    let samples = this.resampler.process(channel);
    while (samples.length > 0) {
      const count = Math.min(samples.length, PACKET - this.filled);
      this.packet.set(samples.subarray(0, count), this.filled);
      this.filled += count;
      samples = samples.subarray(count);
      if (this.filled === PACKET) {
        const pcm = floatToPcm16(this.packet);
        this.port.postMessage(pcm, [pcm.buffer]);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("visavis-capture", Capture);
