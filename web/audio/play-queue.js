// What is to be played, in which reply it belongs, and how much of it was played: the playback
// worklet's core, without the worklet, so that it can be tested.

/** Seconds of fade when the queue is emptied: a cut in a vowel clicks. */
const FADE_S = 0.01;

/** A queue of speech for one output. */
export class PlayQueue {
  /** @param {number} rate of the samples, Hz */
  constructor(rate) {
    this.rate = rate;
    /** @type {{ item: string, samples: Float32Array }[]} */
    this.chunks = [];
    /** Samples of the first chunk already played. */
    this.offset = 0;
    /** Samples played of the item that plays now, or played last. */
    this.played = 0;
    /** @type {string | null} */
    this.item = null;
    /** Samples of fade left, or -1 if not fading. */
    this.fade = -1;
  }

  /** @returns {boolean} nothing is left to play */
  get empty() {
    return this.chunks.length === 0;
  }

  /** @returns {number} milliseconds of the current item that were played */
  get playedMs() {
    return (this.played / this.rate) * 1000;
  }

  /**
   * @param {string} item
   * @param {Float32Array} samples
   */
  push(item, samples) {
    // New speech after a stop: the old is not wanted even as a fade.
    if (this.fade >= 0) this.drop();
    if (samples.length > 0) this.chunks.push({ item, samples });
  }

  /** Stop what plays within 10 ms and forget the rest. */
  clear() {
    if (!this.empty && this.fade < 0) this.fade = Math.round(FADE_S * this.rate);
  }

  /**
   * Fill `output` and move on; silence where nothing is queued.
   * @param {Float32Array} output
   */
  pull(output) {
    let at = 0;
    while (at < output.length && this.chunks.length > 0) {
      const { item, samples } = this.chunks[0];
      if (item !== this.item) {
        this.item = item;
        this.played = 0;
      }
      let count = Math.min(output.length - at, samples.length - this.offset);
      if (this.fade >= 0) count = Math.min(count, this.fade);
      output.set(samples.subarray(this.offset, this.offset + count), at);
      if (this.fade >= 0) this.#fadeOut(output.subarray(at, at + count));
      at += count;
      this.offset += count;
      this.played += count;
      if (this.fade === 0) this.drop();
      else if (this.offset >= samples.length) {
        this.chunks.shift();
        this.offset = 0;
      }
    }
    output.fill(0, at);
    // The queue may run dry in the middle of a fade.
    if (this.empty) this.fade = -1;
  }

  /** Forget everything queued at once. */
  drop() {
    this.chunks = [];
    this.offset = 0;
    this.fade = -1;
  }

  /** @param {Float32Array} part */
  #fadeOut(part) {
    const total = Math.round(FADE_S * this.rate);
    for (let i = 0; i < part.length; i += 1) part[i] *= (this.fade - i) / total;
    this.fade -= part.length;
  }
}
