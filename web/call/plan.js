// The server felt the network change (`visavis.plan`, docs/line.md): of how our voice is sent a
// browser can change the bitrate in mid-call. Copies (RED) and in-band FEC were negotiated, and
// libwebrtc has no deep redundancy: the rest of a plan is for clients of our own line.

/** What the server may ask for, bits a second (src/visavis/settings/plan.py). */
const LEAST = 6_000;
const MOST = 128_000;

/**
 * @param {unknown} plan of the event
 * @returns {number | null} bits a second for speech; null if it asks for none that can be sent
 */
export function bitrateOf(plan) {
  const bitrate = /** @type {{ bitrate?: unknown } | null} */ (plan)?.bitrate;
  if (typeof bitrate !== "number" || !Number.isInteger(bitrate)) return null;
  return bitrate >= LEAST && bitrate <= MOST ? bitrate : null;
}

/** Does with one sender what the server's plans ask for, one after the other. */
export class PlanFollower {
  /** @param {Pick<RTCRtpSender, "getParameters" | "setParameters">} sender */
  constructor(sender) {
    this.sender = sender;
    this.last = Promise.resolve();
  }

  /**
   * @param {unknown} plan
   * @returns {Promise<void>} when it is in force, or cannot be
   */
  follow(plan) {
    const bitrate = bitrateOf(plan);
    if (bitrate === null) {
      console.warn("a plan that cannot be followed:", plan);
      return this.last;
    }
    this.last = this.last.then(() => this.#set(bitrate));
    return this.last;
  }

  /** @param {number} bitrate */
  async #set(bitrate) {
    const parameters = this.sender.getParameters();
    const encoding = parameters.encodings[0];
    if (!encoding || encoding.maxBitrate === bitrate) return;
    encoding.maxBitrate = bitrate;
    try {
      await this.sender.setParameters(parameters);
    } catch (error) {
      // A call that is ending, or a browser that does not let us: it sends on as before.
      console.info("the bitrate stays:", error);
    }
  }
}
