// How loud something is: for the meter, the orb, and tests that must prove sound was there.

/**
 * @typedef {object} Level
 * @property {number} rms RMS of the last ~21 ms, 0…1
 * @property {number} max highest RMS since the last time it was asked for
 */

const POLL_MS = 20;

/** Measures one node of an audio graph every 20 ms, also while the page is hidden. */
export class LevelMeter {
  /**
   * @param {AudioContext} context
   * @param {AudioNode} source
   */
  constructor(context, source) {
    this.source = source;
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 1024;
    source.connect(this.analyser);
    this.buffer = new Float32Array(this.analyser.fftSize);
    this.rms = 0;
    this.peak = 0;
    this.timer = setInterval(() => this.#poll(), POLL_MS);
  }

  #poll() {
    this.analyser.getFloatTimeDomainData(this.buffer);
    this.rms = rms(this.buffer);
    this.peak = Math.max(this.peak, this.rms);
  }

  /**
   * The level now, and the highest since the last call of this method.
   * @returns {Level}
   */
  take() {
    const level = { rms: this.rms, max: this.peak };
    this.peak = this.rms;
    return level;
  }

  close() {
    clearInterval(this.timer);
    this.source.disconnect(this.analyser);
  }
}

/**
 * @param {Float32Array} samples
 * @returns {number}
 */
export function rms(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/**
 * A level as an ear hears it: 0 at -54 dB and below, 1 at -6 dB and above.
 * @param {number} value RMS
 * @returns {number}
 */
export function loudness(value) {
  if (value <= 0) return 0;
  return Math.max(0, Math.min(1, (20 * Math.log10(value) + 54) / 48));
}
