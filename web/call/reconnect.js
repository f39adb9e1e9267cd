// When to call again after a call was lost: soon at first, then less and less often.

/** Seconds before each attempt. */
const DELAYS_S = [1, 2, 4, 8, 15, 15];

/** Attempts before the person is asked. */
export const ATTEMPTS = DELAYS_S.length;

/**
 * @param {number} attempt from 1
 * @returns {number | null} seconds to wait before it; null if it is time to give up
 */
export function delayBefore(attempt) {
  return DELAYS_S[attempt - 1] ?? null;
}

/** Counts the seconds to the next attempt, out loud. */
export class Countdown {
  /**
   * @param {number} seconds
   * @param {(left: number) => void} onTick called at once and then every second
   * @param {() => void} onZero
   */
  constructor(seconds, onTick, onZero) {
    this.left = seconds;
    this.onTick = onTick;
    this.onZero = onZero;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.#step();
  }

  #step() {
    if (this.left <= 0) return this.finish();
    this.onTick(this.left);
    this.timer = setTimeout(() => {
      this.left -= 1;
      this.#step();
    }, 1000);
  }

  /** Do not wait any longer. */
  finish() {
    this.cancel();
    this.onZero();
  }

  cancel() {
    clearTimeout(this.timer);
  }
}
