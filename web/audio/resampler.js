// Streaming sample-rate conversion by windowed sinc, for the WebSocket call: the wire has 24 kHz,
// the sound card what it likes, and not every browser converts between the two by itself.

/** Zero crossings of the sinc on each side: 8 keep speech clean at small cost. */
const CROSSINGS = 8;
/** Positions between two samples for which the filter is tabulated. */
const PHASES = 128;

/** Converts one stream; keeps the samples the filter still needs between calls. */
export class Resampler {
  /**
   * @param {number} from rate of what comes in, Hz
   * @param {number} to rate of what goes out, Hz
   */
  constructor(from, to) {
    /** Samples of input per sample of output. */
    this.step = from / to;
    // Going down, the filter must also cut what the lower rate cannot carry.
    const cutoff = Math.min(1, to / from) * 0.95;
    this.half = Math.ceil(CROSSINGS / cutoff);
    this.taps = 2 * this.half;
    this.table = table(cutoff, this.half);
    /** @type {Float32Array} */
    this.held = new Float32Array(this.half);
    /** Position of the next output sample in `held`. */
    this.position = this.half;
  }

  /** Forget the past, as at the start of a stream. */
  reset() {
    this.held = new Float32Array(this.half);
    this.position = this.half;
  }

  /**
   * @param {Float32Array} input
   * @returns {Float32Array} what can be said so far; the filter holds back `half` samples
   */
  process(input) {
    const { half, taps, step, table } = this;
    const data = new Float32Array(this.held.length + input.length);
    data.set(this.held);
    data.set(input, this.held.length);
    const last = data.length - half - 1;
    const count = Math.max(0, Math.floor((last - this.position) / step) + 1);
    const output = new Float32Array(count);
    let position = this.position;
    for (let n = 0; n < count; n += 1) {
      const whole = Math.floor(position);
      const row = Math.floor((position - whole) * PHASES) * taps;
      const first = whole - half + 1;
      let sum = 0;
      for (let k = 0; k < taps; k += 1) sum += data[first + k] * table[row + k];
      output[n] = sum;
      position += step;
    }
    const drop = Math.max(0, Math.min(Math.floor(position) - half, data.length));
    this.held = data.slice(drop);
    this.position = position - drop;
    return output;
  }
}

/**
 * Filter taps, one row of `2 * half` for every phase, each row with sum one.
 * @param {number} cutoff fraction of the input's Nyquist frequency
 * @param {number} half taps on each side
 * @returns {Float32Array}
 */
function table(cutoff, half) {
  const taps = 2 * half;
  const rows = new Float32Array(PHASES * taps);
  for (let phase = 0; phase < PHASES; phase += 1) {
    let sum = 0;
    for (let k = 0; k < taps; k += 1) {
      const x = k - half + 1 - phase / PHASES;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / half);
      const angle = Math.PI * cutoff * x;
      rows[phase * taps + k] = (angle === 0 ? 1 : Math.sin(angle) / angle) * window;
      sum += rows[phase * taps + k];
    }
    for (let k = 0; k < taps; k += 1) rows[phase * taps + k] /= sum;
  }
  return rows;
}
